//! Hashes, flat and large, with and without deadlines, against a [`BTreeMap`]; time goes on between the operations.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::keyspace::HashSeed;
use redisrs::types::hash::{Deadline, Editor, HashRef, Holder, Item, Limits, Opened, Owned, Text, flat, text_of};
use std::collections::BTreeMap;

/// Each step is followed by a look at everything.
const STEPS_MAX: usize = 300;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn choose(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => random.next().cast_signed().to_string().into_bytes(),
        1 => vec![b'l'; random.below(600)],
        2 => vec![random.below(256) as u8; random.below(4)],
        3 => format!("0{}", random.below(100)).into_bytes(),
        4 | 5 => random.below(40).to_string().into_bytes(),
        _ => format!("field:{}", random.below(256)).into_bytes(),
    }
}

fn text(bytes: &[u8]) -> Text<'_> {
    let int = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<i64>().ok());
    Text { bytes, int: int.filter(|int| int.to_string().as_bytes() == bytes) }
}

fn owned(item: Item<'_>) -> (Vec<u8>, (Vec<u8>, Option<i64>)) {
    let mut digits = [0; 20];
    let field = text_of(item.field, &mut digits).to_vec();
    (field, (text_of(item.value, &mut [0; 20]).to_vec(), item.deadline_ms))
}

fn check(hash: HashRef<'_>, model: &Model, now_ms: i64, random: &mut Random) {
    assert_eq!(hash.len(now_ms), model.len());
    assert_eq!(&hash.iter(now_ms).map(owned).collect::<Model>(), model);
    assert_eq!(hash.is_spent(now_ms), model.is_empty());
    let earliest_ms = model.values().filter_map(|(_, deadline_ms)| *deadline_ms).min();
    // What is due and not removed yet may be earlier.
    assert!(hash.next_deadline_ms() <= earliest_ms.unwrap_or(i64::MAX));
    if let HashRef::Large(hash) = hash {
        let (mut seen, mut cursor) = (Model::new(), Some(0));
        while let Some(at) = cursor {
            cursor = hash.scan(at, now_ms, |item| seen.extend([owned(item)]));
        }
        assert_eq!(&seen, model);
        let found = hash.random(now_ms, || random.next()).map(|item| owned(item).0);
        assert_eq!(found.is_some(), !model.is_empty());
        assert!(found.is_none_or(|field| model.contains_key(&field)));
    }
}

fn expire(hash: &mut Owned, now_ms: i64, fields_max: usize) {
    match hash.open() {
        Opened::Flat(bytes) => flat::expire(bytes, now_ms),
        Opened::Large(hash) => hash.expire(now_ms, fields_max),
    };
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let seed = HashSeed::new(7).expect("memory");
    let limits = Limits { entries: [128, 0, 3, 1000][random.below(4)], value_bytes: [64, 0, 500, 5][random.below(4)] };
    let (mut hash, mut model, mut now_ms) = (Owned::default(), Model::new(), 1000);
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            return;
        }
        let field = choose(&mut random);
        // A flat hash has nothing that is due when it is edited, as the keyspace sees to it.
        if matches!(hash, Owned::Flat(_)) {
            expire(&mut hash, now_ms, 0);
        }
        let mut editor = Editor::new(hash, &seed, limits, now_ms);
        match random.below(8) {
            0..=3 => {
                let (value, keeps) = (choose(&mut random), random.below(2) == 0);
                let old_ms = model.get(&field).and_then(|(_, deadline_ms)| *deadline_ms);
                let is_new =
                    editor.set(text(&field), text(&value), if keeps { Deadline::Keep } else { Deadline::Drop });
                assert_eq!(is_new, Ok(!model.contains_key(&field)));
                model.insert(field, (value, old_ms.filter(|_| keeps)));
            }
            4 => assert_eq!(editor.remove(text(&field)), model.remove(&field).is_some()),
            5 => {
                // A deadline of a field that is not there, or of one that is due, is not asked for.
                if let Some((_, slot)) = model.get_mut(&field) {
                    *slot = (random.below(4) > 0).then(|| now_ms + 1 + random.below(200) as i64);
                    editor.set_deadline(text(&field), *slot).expect("memory");
                }
            }
            6 => {
                now_ms += random.below(100) as i64;
                model.retain(|_, (_, deadline_ms)| deadline_ms.is_none_or(|deadline_ms| deadline_ms > now_ms));
            }
            _ => {
                let found = editor.get(text(&field)).map(|item| owned(item).1);
                assert_eq!(found.as_ref(), model.get(&field));
            }
        }
        hash = editor.into_holder();
        if random.below(4) == 0 {
            expire(&mut hash, now_ms, random.below(8));
        }
        check(hash.read(), &model, now_ms, &mut random);
    }
});
