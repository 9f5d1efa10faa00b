//! Sorted sets, flat and large, against a sorted vector: members change, leave by name and by rank, and every kind of range
//! is asked for.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::keyspace::HashSeed;
use redisrs::types::Variant;
use redisrs::types::zset::algebra::{Aggregate, Source, intersect, subtract, unite};
use redisrs::types::zset::{Change, LexBound, LexRange, OwnedZSet, Rules, ScoreRange, View, ZSet, flat};
use std::collections::BTreeMap;

/// Each step is followed by a look at everything.
const STEPS_MAX: usize = 300;

type Model = Vec<(f64, Vec<u8>)>;

fn name(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => vec![b'l'; random.below(300)],
        1 => random.below(40).to_string().into_bytes(),
        _ => format!("member:{}", random.below(256)).into_bytes(),
    }
}

fn score(random: &mut Random) -> f64 {
    const ODD: [f64; 8] = [0.0, 1.0, -1.5, f64::INFINITY, f64::NEG_INFINITY, 1e17, f64::MIN_POSITIVE, 0.1];
    match random.below(4) {
        0 => ODD[random.below(8)],
        1 => random.below(256) as f64 - 128.0,
        2 => random.below(65_536) as f64 / 8.0,
        _ => Some(f64::from_bits(random.next())).filter(|score| !score.is_nan()).map_or(0.0, |score| score + 0.0),
    }
}

fn sort(model: &mut Model) {
    model.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
}

fn check(zset: View<'_>, model: &Model, random: &mut Random) {
    assert_eq!(zset.len(), model.len());
    assert!(zset.iter().eq(model.iter().map(|(score, name)| (name.as_slice(), *score))));
    if let Some(rank) = model.len().checked_sub(1).map(|last| random.below(last + 1)) {
        let (score, name) = &model[rank];
        assert_eq!(zset.rank(name), Some((rank, *score)));
        assert_eq!(zset.get(rank), Some((name.as_slice(), *score)));
        let mut walked = Vec::new();
        zset.walk(rank..model.len(), true, |name, score| walked.push((score, name.to_vec())));
        assert!(walked.iter().eq(model[rank..].iter().rev()));
    }
    let range = ScoreRange {
        min: score(random),
        max: score(random),
        min_exclusive: random.below(2) == 0,
        max_exclusive: random.below(2) == 0,
    };
    let inside = |score: f64| !range.is_empty() && range.reaches(score) && range.admits(score);
    let ranks = zset.score_ranks(&range);
    assert_eq!(ranks.len(), model.iter().filter(|(score, _)| inside(*score)).count());
    assert!(model[ranks].iter().all(|(score, _)| inside(*score)));
    let (low, high) = (name(random), name(random));
    let range = LexRange { min: LexBound::Inclusive(&low), max: LexBound::Exclusive(&high) };
    for is_reverse in [false, true] {
        let ranks = zset.lex_ranks(&range, is_reverse);
        assert!(ranks.end <= model.len());
        if model.iter().all(|(score, _)| *score == model[0].0) {
            let inside = |name: &[u8]| !range.is_empty() && range.reaches(name) && range.admits(name);
            assert_eq!(ranks.len(), model.iter().filter(|(_, name)| inside(name)).count());
        }
    }
}

fn remove(zset: &mut OwnedZSet, name: &[u8]) -> bool {
    match zset {
        OwnedZSet::Flat(bytes) => flat::remove(bytes, name),
        OwnedZSet::Large(object) => ZSet::from_object_mut(object).expect("a sorted set").remove(name).is_some(),
    }
}

fn remove_ranks(zset: &mut OwnedZSet, ranks: std::ops::Range<usize>) {
    match zset {
        OwnedZSet::Flat(bytes) => drop(flat::remove_ranks(bytes, ranks)),
        OwnedZSet::Large(object) => ZSet::from_object_mut(object).expect("a sorted set").remove_ranks(ranks),
    }
}

fn compare_two(zsets: &[OwnedZSet; 2], models: &[Model; 2], seed: &HashSeed) {
    let map = |model: &Model| model.iter().map(|(score, name)| (name.clone(), *score)).collect::<BTreeMap<_, _>>();
    let [a, b] = [map(&models[0]), map(&models[1])];
    let sources = || [(Source::ZSet(zsets[0].view()), 1.0), (Source::ZSet(zsets[1].view()), 1.0)];
    let found =
        |zset: OwnedZSet| zset.view().iter().map(|(name, score)| (name.to_vec(), score)).collect::<BTreeMap<_, _>>();
    let larger = |name: &Vec<u8>, score: f64| b.get(name).map_or(score, |other| score.max(*other));
    let mut expected = b.clone();
    expected.extend(a.iter().map(|(name, score)| (name.clone(), larger(name, *score))));
    assert_eq!(found(unite(&mut sources(), Aggregate::Max, seed).expect("memory")), expected);
    expected.retain(|name, _| a.contains_key(name) && b.contains_key(name));
    assert_eq!(found(intersect(&mut sources(), Aggregate::Max, seed).expect("memory")), expected);
    let mut expected = a.clone();
    expected.retain(|name, _| !b.contains_key(name));
    assert_eq!(found(subtract(&sources(), seed).expect("memory")), expected);
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let seed = HashSeed::new(7).expect("memory");
    let rules = Rules {
        entries_max: [128, 0, 3, 40][random.below(4)],
        value_max: [64, 0, 300, 5][random.below(4)],
        drops_sign_of_zero: true,
        seed: &seed,
    };
    let mut zsets = [OwnedZSet::new().expect("memory"), OwnedZSet::new().expect("memory")];
    let mut models = [Model::new(), Model::new()];
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            return;
        }
        let which = random.below(2);
        let (zset, model) = (&mut zsets[which], &mut models[which]);
        match random.below(8) {
            0..=4 => {
                for _ in 0..1 + random.below(16) {
                    let (name, score) = (name(&mut random), score(&mut random));
                    let at = model.iter().position(|(_, other)| *other == name);
                    let change = zset.update(&name, &rules, |_| Some(score)).expect("memory");
                    match at {
                        None => assert_eq!(change, Change::Added),
                        Some(at) if model[at].0 == score => assert_eq!(change, Change::None),
                        Some(_) => assert_eq!(change, Change::Updated),
                    }
                    match at {
                        None => model.push((score, name)),
                        Some(at) => model[at].0 = score,
                    }
                }
                sort(model);
            }
            5 => {
                let name = name(&mut random);
                let at = model.iter().position(|(_, other)| *other == name);
                assert_eq!(remove(zset, &name), at.is_some());
                at.map(|at| model.remove(at));
            }
            6 => {
                let start = random.below(model.len() + 1);
                let end = start + random.below(model.len() - start + 1);
                remove_ranks(zset, start..end);
                model.drain(start..end);
            }
            _ => compare_two(&zsets, &models, &seed),
        }
        check(zsets[which].view(), &models[which], &mut random);
    }
});
