//! Sets of every encoding against a [`BTreeSet`], and what two of them have in common; then any bytes as a flat one, which is
//! read without a panic.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::keyspace::{HashSeed, Kind, ValueRef};
use redisrs::types::Variant;
use redisrs::types::set::{Member, OwnedSet, Rules, Set, SetRef, algebra, flat};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Each step is followed by a look at everything.
const STEPS_MAX: usize = 300;

type Model = BTreeSet<Vec<u8>>;

fn choose(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => random.next().cast_signed().to_string().into_bytes(),
        1 => (random.below(65_536) as i64 - 32_768).to_string().into_bytes(),
        2 => vec![b'l'; random.below(300)],
        3 => format!("member:{}", random.below(256)).into_bytes(),
        _ => random.below(256).to_string().into_bytes(),
    }
}

fn text(member: Member<'_>) -> Vec<u8> {
    member.text(&mut [0; 20]).to_vec()
}

fn check(set: SetRef<'_>, model: &Model, random: &mut Random) {
    assert_eq!(set.len(), model.len());
    assert_eq!(&set.iter().map(text).collect::<Model>(), model);
    assert_eq!(set.iter().count(), model.len());
    let found = set.random(|| random.next()).map(text);
    assert_eq!(found.is_some(), !model.is_empty());
    assert!(found.is_none_or(|member| model.contains(&member)));
    let (mut seen, mut cursor) = (Model::new(), 0);
    loop {
        cursor = set.scan(cursor, 1 + random.below(20), |member| seen.extend([text(member)]));
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(&seen, model);
}

fn pop(set: &mut OwnedSet, random: &mut Random) -> Option<Vec<u8>> {
    match set {
        OwnedSet::Flat(bytes) => flat::pop(bytes, || random.next(), text).expect("memory"),
        OwnedSet::Large(object) => Set::from_object_mut(object).expect("a set").pop(|| random.next(), text),
    }
}

fn compare_two(sets: &[OwnedSet; 2], models: &[Model; 2], rules: &Rules) {
    let [a, b] = [sets[0].view(), sets[1].view()];
    let mut common = Model::new();
    algebra::intersect(&mut [a, b], |member| {
        assert!(common.insert(text(member)));
        ControlFlow::Continue(())
    });
    assert_eq!(common, &models[0] & &models[1]);
    let all = |set: OwnedSet| set.view().iter().map(text).collect::<Model>();
    assert_eq!(all(algebra::unite(&[a, b], rules).expect("memory")), &models[0] | &models[1]);
    assert_eq!(all(algebra::subtract(a, &mut [b], rules).expect("memory")), &models[0] - &models[1]);
    assert_eq!(all(algebra::subtract_by_removing(b, &[a], rules).expect("memory")), &models[1] - &models[0]);
}

/// Whatever the bytes are.
fn read_any(bytes: &[u8], random: &mut Random) {
    let Some(set) = SetRef::of(ValueRef::Flat(Kind::Set, bytes)) else { return };
    let listed = set.iter().count();
    assert!(listed <= bytes.len() && set.len() <= bytes.len().max(256));
    let _ = (set.encoding(), set.contains(Member::Int(5)), set.contains(Member::Text(b"text")));
    let _ = set.random(|| random.next());
    set.scan(0, 10, |_| {});
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let seed = HashSeed::new(7).expect("memory");
    if random.below(8) == 0 {
        return read_any(data.get(1..).unwrap_or_default(), &mut random);
    }
    let rules = Rules {
        intset_entries_max: [512, 0, 3, 40][random.below(4)],
        listpack_entries_max: [0, 128, 3, 40][random.below(4)],
        listpack_value_max: [64, 0, 5, 200][random.below(4)],
        seed: &seed,
    };
    let (mut sets, mut models) = ([(); 2].map(|()| OwnedSet::new().expect("memory")), [Model::new(), Model::new()]);
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            return;
        }
        let which = random.below(2);
        let (set, model) = (&mut sets[which], &mut models[which]);
        match random.below(8) {
            0..=3 => {
                for _ in 0..1 + random.below(4) {
                    let member = choose(&mut random);
                    assert_eq!(set.add(Member::of(&member), &rules), Ok(model.insert(member)));
                }
            }
            4 => {
                let start = random.below(65_536) as i64;
                for int in start..start + random.below(256) as i64 {
                    let member = int.to_string().into_bytes();
                    assert_eq!(set.add(Member::of(&member), &rules), Ok(model.insert(member)));
                }
            }
            5 => {
                let member = choose(&mut random);
                assert_eq!(set.view().contains(Member::of(&member)), model.contains(&member));
                assert_eq!(set.remove(Member::of(&member)), Ok(model.remove(&member)));
            }
            6 => {
                let popped = pop(set, &mut random);
                assert_eq!(popped.is_some(), !model.is_empty());
                assert!(popped.is_none_or(|member| model.remove(&member)));
            }
            _ => compare_two(&sets, &models, &rules),
        }
        check(sets[which].view(), &models[which], &mut random);
    }
});
