use super::*;
use std::collections::BTreeSet;

/// A generator of test numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// Checks all that the module's comment promises.
fn check(ints: &Ints, model: &BTreeSet<i64>) {
    assert!(ints.iter().eq(model.iter().copied()));
    assert_eq!(ints.len(), model.len());
    let mut bounds = Vec::new();
    let mut heap = ints.root_memory();
    let mut small = 0;
    for (number, node) in ints.nodes.iter().enumerate() {
        heap += node.memory();
        assert_eq!(node.lower.len(), node.blocks.len());
        assert!((1..=NODE_MAX).contains(&node.len()));
        if number != 0 && number + 1 != ints.nodes.len() {
            assert!(node.len() >= NODE_MIN);
        }
        for (lower, block) in node.lower.iter().zip(&node.blocks) {
            heap += block.memory();
            bounds.push(*lower);
            assert!((1..=BLOCK_MAX).contains(&block.len()) && block.first() >= Some(*lower));
            small += usize::from(block.len() < BLOCK_MIN);
        }
    }
    assert!(bounds.is_sorted() && bounds.first().is_none_or(|first| *first == i64::MIN));
    assert!(ints.iter().zip(model).all(|(a, b)| a == *b));
    assert!(small <= 2, "{small} small blocks");
    assert_eq!(ints.memory(), heap);
}

/// Inserts and removes at random, first mostly inserting, then mostly removing, down to nothing.
fn churn(seed: u64, peak: usize, draw: impl Fn(u64) -> i64) {
    let mut numbers = Numbers(seed);
    let (mut ints, mut model) = (Ints::default(), BTreeSet::new());
    for phase in 0..3 {
        let target = [peak, peak / 8, 0][phase];
        let insert_percent = [80, 15, 0][phase];
        let mut steps = 0;
        while if phase == 0 { model.len() < target } else { model.len() > target } && steps < 20 * peak {
            steps += 1;
            let int = draw(numbers.next());
            if numbers.next() % 100 < insert_percent {
                assert_eq!(ints.insert(int), Ok(model.insert(int)), "seed {seed}");
            } else {
                let near = model.range(int..).next().copied().or_else(|| model.last().copied()).unwrap_or(int);
                assert_eq!(ints.remove(near), model.remove(&near), "seed {seed}");
                assert!(!ints.contains(near));
            }
            if steps % (peak / 3) == 0 {
                check(&ints, &model);
            }
        }
        check(&ints, &model);
        let copy = ints.duplicate().unwrap();
        check(&copy, &model);
        for _ in 0..200 {
            let from = draw(numbers.next());
            assert!(ints.iter_from(from).take(700).eq(model.range(from..).copied().take(700)));
            assert_eq!(ints.contains(from), model.contains(&from));
        }
        let mut cursor = Cursor::new(&ints);
        let mut asked: BTreeSet<i64> = (0..500).map(|_| draw(numbers.next())).collect();
        asked.extend(model.iter().step_by(97));
        assert!(asked.iter().all(|int| cursor.contains(*int) == model.contains(int)));
    }
    assert_eq!((ints.memory(), ints.random(|| 0)), (0, None));
}

#[test]
fn is_a_set_of_close_numbers() {
    churn(1, 30_000, |bits| (bits % 60_000) as i64);
    churn(2, 3_000, |bits| (bits % 6_000) as i64 - 3_000);
}

#[test]
fn is_a_set_of_distant_numbers() {
    churn(3, 20_000, |bits| bits as i64);
    churn(4, 20_000, |bits| (bits % 1_000_000_000) as i64);
    let ends = |bits: u64| {
        if bits & 1 == 0 { i64::MIN.wrapping_add((bits >> 50) as i64) } else { i64::MAX - (bits >> 50) as i64 }
    };
    churn(5, 10_000, ends);
}

#[test]
fn many_nodes_split_balance_and_merge() {
    let (mut ints, mut model) = (Ints::default(), BTreeSet::new());
    // In a scattered order, so that nodes are split in their middle.
    let count = 400_000u64;
    for step in 0..count {
        let int = (step * 170_141 % count) as i64;
        assert_eq!(ints.insert(int), Ok(true));
        model.insert(int);
    }
    assert!(ints.nodes.len() > 3);
    check(&ints, &model);
    // Removing one range after the other shrinks nodes beside full ones.
    for (start, end) in [(100_000, 180_000), (0, 90_000), (300_000, 400_000), (181_000, 299_000), (0, 400_000)] {
        for int in start..end {
            assert_eq!(ints.remove(int), model.remove(&int));
        }
        check(&ints, &model);
    }
    assert_eq!(ints.memory(), 0);
}

#[test]
fn growth_at_the_ends_fills_blocks_and_nodes() {
    for descending in [false, true] {
        let mut ints = Ints::default();
        let count = 300_000;
        for step in 0..count {
            assert_eq!(ints.insert(if descending { -step } else { step }), Ok(true));
        }
        check(&ints, &(if descending { 1 - count..1 } else { 0..count }).collect());
        let per_number = ints.memory() as f64 / count as f64;
        assert!(per_number < if descending { 2.4 } else { 2.3 }, "{per_number} bytes a number");
    }
}

#[test]
fn memory_a_number_is_as_documented() {
    for (mask, bytes_max) in [(0x3F_FFFF, 2.9), (0xFFFF_FFFF, 5.2), (u64::MAX, 10.2)] {
        let mut numbers = Numbers(7);
        let mut ints = Ints::default();
        for _ in 0..300_000 {
            ints.insert((numbers.next() & mask) as i64).unwrap();
        }
        let per_number = ints.memory() as f64 / ints.len() as f64;
        assert!(per_number < bytes_max, "{mask:x}: {per_number} bytes a number");
    }
}

#[test]
fn random_numbers_are_equally_likely() {
    let mut numbers = Numbers(11);
    for count in [1, 3, 500, 1_000, 3_000, 200_000i64] {
        let mut ints = Ints::default();
        (0..count).for_each(|step| assert_eq!(ints.insert(step * 7919 % count), Ok(true)));
        // Thin out, so that blocks differ in size.
        (0..count / 3).filter(|int| int % 3 != 0).for_each(|int| assert!(ints.remove(int)));
        let groups = (ints.len()).min(50);
        let all: Vec<i64> = ints.iter().collect();
        let mut seen = vec![0usize; groups];
        let draws = groups * 2_000;
        for _ in 0..draws {
            let int = ints.random(|| numbers.next()).unwrap();
            seen[all.binary_search(&int).unwrap() * groups / all.len()] += 1;
        }
        let sizes = |group: usize| (0..all.len()).filter(|at| at * groups / all.len() == group).count();
        let chi: f64 = (0..groups)
            .map(|group| {
                let expected = draws as f64 * sizes(group) as f64 / all.len() as f64;
                (seen[group] as f64 - expected).powi(2) / expected
            })
            .sum();
        let freedom = (groups - 1) as f64;
        assert!(chi <= freedom + 5.0 * (2.0 * freedom).sqrt(), "{count} numbers: chi square {chi}");
    }
}
