//! Sets of every form against a `BTreeSet`.

use super::*;
use crate::storage::{HashSeed, NoMemory, Object as _};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A generator of test numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

const ODD: &[&str] = &["-0", "+1", "01", "1.0", " 1", "", "9223372036854775808", "-9223372036854775809", "1e3"];
const EDGES: &[i64] = &[i64::MIN, i64::MIN + 1, -32769, -32768, -1, 0, 1, 32767, 32768, i64::MAX - 1, i64::MAX];

/// What members a set is made of.
#[derive(Clone, Copy, Debug)]
enum Mix {
    Ints,
    Texts,
    Both,
    Long,
}

fn draw(numbers: &mut Numbers, mix: Mix, range: usize) -> String {
    match (mix, numbers.below(20)) {
        (Mix::Ints, 0) => EDGES[numbers.below(EDGES.len())].to_string(),
        (Mix::Both, 0) => ODD[numbers.below(ODD.len())].to_owned(),
        (Mix::Ints, _) | (Mix::Both, 1..10) => (numbers.below(range) as i64 - range as i64 / 2).to_string(),
        (Mix::Long, _) => "long".repeat(numbers.below(range)),
        _ => format!("m{}", numbers.below(range)),
    }
}

fn seed() -> HashSeed {
    HashSeed::new(42).expect("memory")
}

fn rules(seed: &HashSeed, intset: usize, listpack: usize) -> Rules<'_> {
    Rules { intset_entries_max: intset, listpack_entries_max: listpack, listpack_value_max: 64, seed }
}

/// The set, and what it should hold.
fn build<'s>(members: impl IntoIterator<Item = &'s String>, rules: &Rules) -> (OwnedSet, BTreeSet<String>) {
    let (mut set, mut model) = (OwnedSet::new().unwrap(), BTreeSet::new());
    for member in members {
        assert_eq!(set.add(Member::of(member.as_bytes()), rules), Ok(model.insert(member.clone())));
    }
    (set, model)
}

fn text(member: Member) -> String {
    String::from_utf8(member.text(&mut [0; 20]).to_vec()).unwrap()
}

fn check(set: &OwnedSet, model: &BTreeSet<String>) {
    let view = set.view();
    let members: Vec<String> = view.iter().map(text).collect();
    assert_eq!((view.len(), members.len()), (model.len(), model.len()));
    assert_eq!(members.iter().cloned().collect::<BTreeSet<_>>(), *model);
    assert!(model.iter().all(|member| view.contains(Member::of(member.as_bytes()))));
    if view.encoding() == Encoding::Intset {
        assert!(view.iter().is_sorted());
    }
}

#[test]
fn is_a_set_through_all_its_forms() {
    let seed = seed();
    let mut numbers = Numbers(1);
    for round in 0..60 {
        let mix = [Mix::Ints, Mix::Texts, Mix::Both, Mix::Long][round % 4];
        let intset = [512, 512, 0, 5, 127, 128, 129, 513, 5000][numbers.below(9)];
        let listpack = [0, 0, 128, 20, 300][numbers.below(5)];
        let rules = rules(&seed, intset, listpack);
        let range = [10, 200, 700, 3000][numbers.below(4)];
        let (mut set, mut model) = (OwnedSet::new().unwrap(), BTreeSet::new());
        let mut encoding = Encoding::Intset;
        for step in 0..range * 3 {
            let member = draw(&mut numbers, mix, range);
            let as_member = Member::of(member.as_bytes());
            if numbers.below(10) < 7 {
                assert_eq!(set.add(as_member, &rules), Ok(model.insert(member)), "round {round}, step {step}");
            } else {
                assert_eq!(set.remove(as_member), Ok(model.remove(&member)), "round {round}, step {step}");
            }
            assert!(set.view().encoding() >= encoding, "an encoding never goes back");
            encoding = set.view().encoding();
            if step % (range / 2) == 0 {
                check(&set, &model);
            }
        }
        check(&set, &model);
        for member in std::mem::take(&mut model) {
            assert_eq!(set.remove(Member::of(member.as_bytes())), Ok(true));
        }
        check(&set, &model);
    }
}

#[test]
fn names_follow_the_thresholds() {
    let seed = seed();
    let ints: Vec<String> = (0..600).map(|int| int.to_string()).collect();
    let encoding = |count: usize, other: &[&str], rules: &Rules| {
        let other: Vec<String> = other.iter().map(|member| (*member).to_owned()).collect();
        build(ints[..count].iter().chain(&other), rules).0.view().encoding()
    };
    let old = rules(&seed, 512, 0);
    assert_eq!([1, 512, 513].map(|count| encoding(count, &[], &old).name()), ["intset", "intset", "hashtable"]);
    assert_eq!([0, 1, 512].map(|count| encoding(count, &["a"], &old).name()), ["hashtable"; 3]);
    let none = rules(&seed, 0, 0);
    assert_eq!(encoding(1, &[], &none), Encoding::Hashtable);
    let new = rules(&seed, 512, 128);
    assert_eq!(
        [0, 1, 127, 128].map(|count| encoding(count, &["a"], &new).name()),
        ["listpack", "listpack", "listpack", "hashtable"]
    );
    let (short, long) = ("x".repeat(64), "x".repeat(65));
    assert_eq!([&short, &long].map(|text| encoding(1, &[text], &new).name()), ["listpack", "hashtable"]);
    let wide = rules(&seed, 10_000, 10_000);
    assert_eq!((encoding(600, &[], &wide), encoding(600, &["a"], &wide)), (Encoding::Intset, Encoding::Listpack));
}

#[test]
fn scans_return_everything_that_stays() {
    let seed = seed();
    let rules = rules(&seed, 512, 0);
    let mut numbers = Numbers(5);
    for (mix, range, count) in
        [(Mix::Ints, 5000, 10), (Mix::Both, 5000, 1), (Mix::Texts, 3000, 7), (Mix::Both, 60, 10), (Mix::Ints, 3000, 1)]
    {
        let members: Vec<String> = (0..range).map(|_| draw(&mut numbers, mix, range)).collect();
        let odd: Vec<String> =
            if matches!(mix, Mix::Ints) { EDGES.iter().map(i64::to_string).collect() } else { vec![] };
        let (mut set, model) = build(members.iter().chain(&odd), &rules);
        let staying: BTreeSet<String> =
            model.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, m)| m.clone()).collect();
        let mut leaving: Vec<&String> = model.difference(&staying).collect();
        let (mut cursor, mut seen, mut calls) = (0, BTreeSet::new(), 0);
        loop {
            let mut visited = 0;
            cursor = set.view().scan(cursor, count, |member| {
                visited += 1;
                seen.insert(text(member));
            });
            calls += 1;
            if cursor == 0 {
                break;
            }
            assert!(visited <= count + 16, "{visited} members at once");
            assert!(calls < 40 * range, "the scan does not end");
            if let Some(member) = leaving.pop() {
                set.remove(Member::of(member.as_bytes())).unwrap();
            }
            set.add(Member::of(draw(&mut numbers, mix, range * 2).as_bytes()), &rules).unwrap();
        }
        assert!(staying.is_subset(&seen), "{mix:?}: {:?}", staying.difference(&seen).collect::<Vec<_>>());
    }
}

#[test]
fn any_cursor_is_survived() {
    let seed = seed();
    let rules = rules(&seed, 512, 0);
    let mut numbers = Numbers(9);
    let members: Vec<String> = (0..2000).map(|_| draw(&mut numbers, Mix::Both, 3000)).collect();
    let (set, _) = build(&members, &rules);
    for cursor in (0..500).map(|_| numbers.next()).chain([1, 2, 3, u64::MAX, u64::MAX - 1, 1 << 63]) {
        set.view().scan(cursor, 10, |_| {});
        set.view().scan(cursor, usize::MAX, |_| {});
    }
}

#[test]
fn chance_is_fair() {
    let seed = seed();
    let rules = rules(&seed, 512, 0);
    let mut numbers = Numbers(3);
    for (mix, range) in [(Mix::Ints, 40), (Mix::Texts, 40), (Mix::Both, 900), (Mix::Ints, 3000), (Mix::Texts, 900)] {
        let members: Vec<String> = (0..range).map(|_| draw(&mut numbers, mix, range)).collect();
        let (mut set, model) = build(&members, &rules);
        let all: Vec<&String> = model.iter().collect();
        let groups = all.len().min(20);
        let mut seen = vec![0usize; groups];
        let draws = groups * 1500;
        for _ in 0..draws {
            let member = text(set.view().random(|| numbers.next()).unwrap());
            seen[all.binary_search(&&member).unwrap() * groups / all.len()] += 1;
        }
        for (group, seen) in seen.iter().enumerate() {
            let size = (0..all.len()).filter(|at| at * groups / all.len() == group).count();
            let expected = draws as f64 * size as f64 / all.len() as f64;
            assert!((*seen as f64 - expected).abs() < 5.5 * expected.sqrt(), "{mix:?}: {seen} instead of {expected}");
        }
        let mut left = model.clone();
        while !left.is_empty() {
            let popped = match &mut set {
                OwnedSet::Flat(flat) => flat::pop(flat, || numbers.next(), text).unwrap(),
                OwnedSet::Large(object) => {
                    <Set as crate::types::Variant>::from_object_mut(object).unwrap().pop(|| numbers.next(), text)
                }
            };
            assert!(left.remove(&popped.unwrap()));
        }
        assert!(set.is_empty() && set.view().random(|| numbers.next()).is_none());
    }
}

#[test]
fn many_are_popped_at_once_all_equally_likely() {
    let seed = seed();
    let rules = rules(&seed, 4, 4);
    let mut numbers = Numbers(5);
    for (mix, range) in [(Mix::Ints, 400), (Mix::Texts, 400), (Mix::Both, 400), (Mix::Texts, 4000)] {
        let members: Vec<String> = (0..range).map(|_| draw(&mut numbers, mix, range)).collect();
        let (_, model) = build(&members, &rules);
        let all: Vec<&String> = model.iter().collect();
        let mut popped = vec![0usize; all.len()];
        // Few are drawn one by one, many taken out in one walk.
        let counts = [1, all.len() / 20, all.len() / 5, all.len() / 2, all.len() - 1];
        let rounds = 40_000 / range;
        for count in counts {
            for _ in 0..rounds {
                let (set, _) = build(&members, &rules);
                let OwnedSet::Large(mut object) = set else { panic!("large") };
                let set = <Set as crate::types::Variant>::from_object_mut(&mut object).unwrap();
                let mut left = model.clone();
                set.pop_many(count, || numbers.next(), |member| assert!(left.remove(&text(member))));
                assert_eq!((left.len(), set.len()), (all.len() - count, all.len() - count));
                assert_eq!(set.iter().map(text).collect::<BTreeSet<_>>(), left);
                all.iter()
                    .zip(&mut popped)
                    .for_each(|(member, popped)| *popped += usize::from(!left.contains(*member)));
            }
        }
        let expected = (rounds * counts.iter().sum::<usize>()) as f64 / all.len() as f64;
        assert!(popped.iter().all(|popped| (*popped as f64 - expected).abs() < 6.0 * expected.sqrt()), "{mix:?}");
    }
}

#[test]
fn copies_and_memory() {
    let seed = seed();
    let rules = rules(&seed, 512, 0);
    let mut numbers = Numbers(8);
    let members: Vec<String> = (0..9000).map(|_| draw(&mut numbers, Mix::Both, 9000)).collect();
    let (set, model) = build(&members, &rules);
    let OwnedSet::Large(object) = set else { panic!("large") };
    let copy: OwnedSet = OwnedSet::Large(Box::new(object.duplicate().unwrap()));
    check(&copy, &model);
    let empty = crate::types::Object::Set(Set::new(Encoding::Hashtable, &seed)).memory();
    assert!(object.memory() > empty + 10 * model.len());
    let mut set: OwnedSet = OwnedSet::Large(object);
    for member in &model {
        assert_eq!(set.remove(Member::of(member.as_bytes())), Ok(true));
    }
    let OwnedSet::Large(object) = set else { panic!("still large") };
    assert_eq!(object.memory(), empty);
    check(&copy, &model);
}

#[test]
fn algebra_agrees_with_the_standard_library() {
    let seed = seed();
    let mut numbers = Numbers(6);
    for round in 0..150 {
        let rules = rules(&seed, [512, 3][round % 2], 0);
        let count = 1 + numbers.below(4);
        let sets: Vec<(OwnedSet, BTreeSet<String>)> = (0..count)
            .map(|_| {
                let mix = [Mix::Ints, Mix::Texts, Mix::Both, Mix::Ints][numbers.below(4)];
                let range = [5, 60, 400, 2000][numbers.below(4)];
                let members: Vec<String> = (0..range * 2).map(|_| draw(&mut numbers, mix, range)).collect();
                build(&members, &rules)
            })
            .collect();
        let views = || sets.iter().map(|(set, _)| set.view());
        let models = || sets.iter().map(|(_, model)| model.clone());

        let expected = models().reduce(|a, b| &a & &b).unwrap();
        let mut found = Vec::new();
        let visit = |member: Member| {
            found.push(text(member));
            ControlFlow::Continue(())
        };
        algebra::intersect(&mut views().collect::<Vec<_>>(), visit).unwrap();
        assert_eq!((found.len(), found.iter().cloned().collect::<BTreeSet<_>>()), (expected.len(), expected.clone()));
        let mut calls = 0;
        let visit = |_: Member| {
            calls += 1;
            if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        algebra::intersect(&mut views().collect::<Vec<_>>(), visit).unwrap();
        assert_eq!(calls, expected.len().min(2));

        check(
            &algebra::unite(&views().collect::<Vec<_>>(), &rules).unwrap(),
            &models().reduce(|a, b| &a | &b).unwrap(),
        );

        let expected = models().reduce(|a, b| &a - &b).unwrap();
        let first = views().next().unwrap();
        let mut others: Vec<SetRef> = views().skip(1).collect();
        check(&algebra::subtract(first, &mut others, &rules).unwrap(), &expected);
        check(&algebra::subtract_by_removing(first, &others, &rules).unwrap(), &expected);
        let mut found = BTreeSet::new();
        let visit = |member: Member| if found.insert(text(member)) { Ok(()) } else { Err(NoMemory) };
        assert_eq!(algebra::subtract_by_asking(first, &mut others, visit), Ok(()));
        assert_eq!(found, expected);
    }
}
