//! Sorted sets of both encodings, and across the border between them, against a sorted vector.

use super::*;
use crate::engine::random::Random;
use crate::storage::HashSeed;
use std::cmp::Ordering;

type Model = Vec<(Vec<u8>, f64)>;

fn order(a: &(Vec<u8>, f64), b: &(Vec<u8>, f64)) -> Ordering {
    flat::order(a.1, &a.0, b.1, &b.0)
}

fn name(random: &mut Random, names: u64) -> Vec<u8> {
    let number = random.below(names);
    match number % 5 {
        0 => vec![b'a' + (number % 26) as u8; number as usize % 40],
        1 => vec![0, number as u8],
        _ => format!("n{number}").into_bytes(),
    }
}

fn score(random: &mut Random) -> f64 {
    const ODD: [f64; 8] = [f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e300, 0.1, -7.0, 1_700_000_000_123.0];
    match random.below(3) {
        0 => ODD[random.below(8) as usize],
        1 => random.below(4) as f64,
        _ => random.below(2_000_000) as f64 - 1000.0,
    }
}

/// All that a view tells must be what the model tells.
fn compare(view: View, model: &Model, random: &mut Random) {
    assert_eq!(view.len(), model.len());
    assert!(view.iter().eq(model.iter().map(|(name, score)| (name.as_slice(), *score))));
    for (rank, (name, score)) in model.iter().enumerate() {
        assert_eq!((view.rank(name), view.score(name)), (Some((rank, *score)), Some(*score)));
        assert_eq!(view.get(rank), Some((name.as_slice(), *score)));
    }
    assert_eq!((view.rank(b"absent"), view.score(b"absent"), view.get(model.len())), (None, None, None));
    let place = (name(random, 300), score(random));
    let before = model.iter().filter(|member| order(member, &place) == Ordering::Less).count();
    let equal = usize::from(model.iter().any(|member| order(member, &place) == Ordering::Equal));
    let places = [Side::Before, Side::After].map(|side| view.place(place.1, &place.0, side));
    assert_eq!(places, [before, before + equal]);
    let (start, end) = (random.below(model.len() as u64 + 1) as usize, random.below(model.len() as u64 + 1) as usize);
    for is_reverse in [false, true] {
        let mut seen = Vec::new();
        view.walk(start.min(end)..start.max(end), is_reverse, |name, score| seen.push((name.to_vec(), score)));
        let mut expected = model[start.min(end)..start.max(end)].to_vec();
        if is_reverse {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
    let range = ScoreRange {
        min: score(random),
        max: score(random),
        min_exclusive: random.below(2) == 0,
        max_exclusive: random.below(2) == 0,
    };
    let inside = |score: f64| range.reaches(score) && range.admits(score);
    let expected: Vec<usize> = (0..model.len()).filter(|rank| inside(model[*rank].1)).collect();
    assert!(view.score_ranks(&range).eq(expected.iter().copied()), "{range:?} {model:?}");
}

/// Names are in order only where all scores are equal.
fn compare_names(view: View, model: &Model, random: &mut Random) {
    let (low, high) = (name(random, 300), name(random, 300));
    let bound = |name, kind| match kind {
        0 => LexBound::Least,
        1 => LexBound::Greatest,
        2 => LexBound::Exclusive(name),
        _ => LexBound::Inclusive(name),
    };
    let range = LexRange { min: bound(&low, random.below(8)), max: bound(&high, random.below(8)) };
    let inside = |name: &[u8]| range.reaches(name) && range.admits(name);
    let expected: Vec<usize> = (0..model.len()).filter(|rank| inside(&model[*rank].0)).collect();
    for is_reverse in [false, true] {
        let ranks = view.lex_ranks(&range, is_reverse);
        assert!(ranks.clone().eq(expected.iter().copied()) || (ranks.is_empty() && expected.is_empty()), "{range:?}");
    }
}

#[test]
fn both_encodings_behave_like_a_sorted_vector() {
    let seed = HashSeed::new(5).expect("memory");
    for round in 0..30 {
        let mut random = Random::new(round);
        let is_even = round % 3 == 0;
        let rules = Rules::for_building(&seed);
        let (mut bytes, mut zset) = (Vec::new(), ZSet::new(seed.clone()));
        flat::build([], &mut bytes).unwrap();
        let mut model = Model::new();
        for step in 0..600 {
            let name = name(&mut random, 300);
            let score = if is_even { 7.0 } else { score(&mut random) };
            let at = model.iter().position(|(other, _)| *other == name);
            if random.below(3) > 0 {
                let decide = |old: Option<f64>| if step % 7 == 0 { old.map(|_| score) } else { Some(score) };
                let change = match (at, decide(at.map(|at| model[at].1))) {
                    (Some(at), Some(new)) if model[at].1.to_bits() != new.to_bits() => {
                        model[at].1 = new;
                        Change::Updated
                    }
                    (None, Some(new)) => {
                        model.push((name.clone(), new));
                        Change::Added
                    }
                    _ => Change::None,
                };
                match update_flat(&mut bytes, &name, &rules, decide).unwrap() {
                    FlatChange::Done(done) => assert_eq!(done, change),
                    FlatChange::Outgrown(outgrown) => {
                        assert_eq!((model.len(), outgrown, change), (129, score, Change::Added));
                        model.pop();
                        continue;
                    }
                }
                assert_eq!(update_large(&mut zset, &name, decide), Ok(change));
            } else if random.below(10) == 0 {
                let start = random.below(model.len() as u64 + 1) as usize;
                let end = (start + random.below(9) as usize).min(model.len());
                assert_eq!(flat::remove_ranks(&mut bytes, start..end), end - start);
                zset.remove_ranks(start..end);
                model.drain(start..end);
            } else {
                assert_eq!(flat::remove(&mut bytes, &name), at.is_some());
                assert_eq!(zset.remove(&name), at.map(|at| model.remove(at).1));
            }
            model.sort_by(order);
            if step % 20 == 0 {
                for view in [View::Flat(&bytes), View::Large(&zset)] {
                    compare(view, &model, &mut random);
                    if is_even {
                        compare_names(view, &model, &mut random);
                    }
                }
            }
        }
    }
}

#[test]
fn a_built_set_is_flat_exactly_when_the_rules_allow_it() {
    let seed = HashSeed::new(6).expect("memory");
    for (count, longest) in [(0, 0), (1, 1), (128, 64), (129, 8), (128, 65), (600, 70)] {
        let mut built = OwnedZSet::new().unwrap();
        for number in (0..count).rev() {
            assert!(built.add(format!("{number:0longest$}").as_bytes(), number as f64, &seed).unwrap());
        }
        assert!(count == 0 || !built.add(format!("{:0longest$}", 0).as_bytes(), 5.0, &seed).unwrap());
        for (entries_max, value_max) in [(128, 64), (0, 64), (128, 0), (10_000, 10_000)] {
            let rules = Rules { entries_max, value_max, drops_sign_of_zero: true, seed: &seed };
            built = built.fit(&rules).unwrap();
            let is_flat = matches!(built, OwnedZSet::Flat(_));
            assert_eq!(is_flat, count <= entries_max && (count == 0 || longest <= value_max), "{count} {longest}");
            assert_eq!(built.view().len(), count);
            assert!(built.view().iter().map(|(_, score)| score).eq((0..count).map(|number| number as f64)));
        }
    }
}

#[test]
fn sets_are_put_together_like_in_a_model() {
    use algebra::{Aggregate, Source, Weighted};
    let seed = HashSeed::new(7).expect("memory");
    for round in 0..60 {
        let mut random = Random::new(round);
        let mut inputs = Vec::new();
        for _ in 0..1 + random.below(3) {
            let mut built = OwnedZSet::new().unwrap();
            for _ in 0..random.below(if round % 5 == 0 { 400 } else { 20 }) {
                built.add(&name(&mut random, 60), score(&mut random), &seed).unwrap();
            }
            inputs.push((built, [1.0, -2.0, 0.5, f64::INFINITY][random.below(4) as usize]));
        }
        // Equal sizes keep their order.
        inputs.sort_by_key(|(input, _)| input.view().len());
        let sources: Vec<Weighted> = inputs.iter().map(|(built, w)| (Source::ZSet(built.view()), *w)).collect();
        let aggregate = [Aggregate::Sum, Aggregate::Min, Aggregate::Max][random.below(3) as usize];
        let number = |score: f64| if score.is_nan() { 0.0 } else { score };
        // Only a union takes each product that is not a number for 0; an intersection only the first.
        let put_together = |is_union: bool| {
            let mut sums: Vec<(Vec<u8>, f64, usize)> = Vec::new();
            for (input, weight) in &inputs {
                for (name, score) in input.view().iter() {
                    let product = score * weight;
                    match sums.iter_mut().find(|(other, ..)| other == name) {
                        None => sums.push((name.to_vec(), number(product), 1)),
                        Some((_, sum, inputs)) => {
                            let product = if is_union { number(product) } else { product };
                            *sum = match aggregate {
                                Aggregate::Sum => number(*sum + product),
                                Aggregate::Min => sum.min(product),
                                Aggregate::Max => sum.max(product),
                            };
                            *inputs += 1;
                        }
                    }
                }
            }
            let wanted = if is_union { 1 } else { inputs.len() };
            let found = sums.into_iter().filter(|(.., inputs)| *inputs >= wanted);
            found.map(|(name, score, _)| (name, score)).collect::<Model>()
        };
        let (union, common) = (put_together(true), put_together(false));
        let (first, others) = inputs.split_first().unwrap();
        let alone = |name: &[u8]| others.iter().all(|(other, _)| other.view().score(name).is_none());
        let difference: Model =
            first.0.view().iter().filter(|(name, _)| alone(name)).map(|(name, score)| (name.to_vec(), score)).collect();
        let check = |result: OwnedZSet, model: &Model| {
            assert_eq!(result.view().len(), model.len());
            for (name, score) in model {
                assert_eq!(result.view().score(name), Some(*score), "round {round}");
            }
        };
        check(algebra::unite(&mut sources.clone(), aggregate, &seed).unwrap(), &union);
        check(algebra::subtract(&sources, &seed).unwrap(), &difference);
        let len = algebra::intersection_len(&mut sources.clone(), usize::MAX);
        assert_eq!(len, common.len());
        assert_eq!(algebra::intersection_len(&mut sources.clone(), 3), common.len().min(3));
        check(algebra::intersect(&mut sources.clone(), aggregate, &seed).unwrap(), &common);
    }
}
