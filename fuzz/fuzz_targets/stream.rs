//! Logs of streams against a [`BTreeMap`], with blocks of few entries and few bytes.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::types::stream::{AppendError, Entry, Id, Limits, Log, Trim, TrimTo, Value};
use std::collections::BTreeMap;

/// Each step is followed by a look at everything.
const STEPS_MAX: usize = 300;

type Model = BTreeMap<Id, Vec<Vec<u8>>>;

fn text(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => random.next().cast_signed().to_string().into_bytes(),
        1 => vec![b'l'; random.below(5000)],
        2 => vec![b's'; random.below(100)],
        3 => format!("-{}", random.below(65_536)).into_bytes(),
        _ => format!("f{}", random.below(3)).into_bytes(),
    }
}

fn owned(entry: &Entry<'_>) -> (Id, Vec<Vec<u8>>) {
    let text = |value: Value<'_>| match value {
        Value::Int(int) => int.to_string().into_bytes(),
        Value::Text(text) => text.to_vec(),
    };
    (entry.id, entry.pairs().flat_map(|(field, value)| [text(field), text(value)]).collect())
}

fn known(random: &mut Random, model: &Model) -> Id {
    let id = model.keys().nth(random.below(model.len().max(1))).copied().unwrap_or(Id::new(5, 5));
    match random.below(4) {
        0 => id.next().unwrap_or(Id::MAX),
        1 => id.previous().unwrap_or(Id::MIN),
        _ => id,
    }
}

fn check(log: &Log, model: &Model, random: &mut Random) {
    assert_eq!(log.len(), model.len() as u64);
    assert_eq!(log.top(), model.last_key_value().map(|(id, _)| *id));
    assert_eq!(log.first_id(), model.first_key_value().map_or(Id::MIN, |(id, _)| *id));
    let (start, end) = (known(random, model), known(random, model));
    let inside = || model.iter().filter(|(id, _)| (start..=end).contains(id)).map(|(id, pairs)| (*id, pairs.clone()));
    assert!(log.range(start, end).map(|entry| owned(&entry)).eq(inside()));
    assert!(log.range_rev(start, end).map(|entry| owned(&entry)).eq(inside().rev()));
    assert_eq!(log.get(start).map(|entry| owned(&entry).1).as_ref(), model.get(&start));
}

fn trim(log: &mut Log, model: &mut Model, random: &mut Random) {
    let to = match random.below(2) {
        0 => TrimTo::Len(random.below(model.len() + 2) as u64),
        _ => TrimTo::Id(known(random, model)),
    };
    let whole_blocks = random.below(2) == 0;
    let before = model.len() as u64;
    let (removed, gone) = log.trim(Trim { to, whole_blocks, limit: 0 });
    assert!(gone.len() <= removed);
    for _ in 0..removed {
        model.pop_first();
    }
    match to {
        TrimTo::Len(len) if whole_blocks => assert!(removed == 0 || before - removed >= len),
        TrimTo::Len(len) => assert_eq!(before - removed, len.min(before)),
        TrimTo::Id(id) if !whole_blocks => assert!(model.keys().all(|kept| *kept >= id)),
        TrimTo::Id(_) => {}
    }
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let limits = Limits { bytes: [4096, 100, 1, 60_000][random.below(4)], entries: [100, 1, 3, 7][random.below(4)] };
    let (mut log, mut model) = (Log::default(), Model::new());
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            return;
        }
        match random.below(8) {
            0..=3 => {
                let pairs: Vec<Vec<u8>> = (0..2 * (1 + random.below(4))).map(|_| text(&mut random)).collect();
                let pairs_of: Vec<&[u8]> = pairs.iter().map(Vec::as_slice).collect();
                for _ in 0..1 + random.below(8) {
                    let last = log.last_id();
                    let step = random.below(256) as u64;
                    let id = if step < 128 {
                        Id::new(last.ms, last.seq.wrapping_add(step))
                    } else {
                        Id::new(last.ms + step, step)
                    };
                    let is_above = id > last;
                    let result = log.append(id, &pairs_of, limits);
                    assert_eq!(result, if is_above { Ok(()) } else { Err(AppendError::NotAbove) });
                    if is_above {
                        model.insert(id, pairs.clone());
                    }
                }
            }
            4 | 5 => {
                let id = known(&mut random, &model);
                assert_eq!(log.delete(id), model.remove(&id).is_some());
            }
            6 => trim(&mut log, &mut model, &mut random),
            _ => {
                let copy = log.duplicate().expect("memory");
                assert_eq!(copy.counters(), log.counters());
                log = copy;
            }
        }
        check(&log, &model, &mut random);
    }
});
