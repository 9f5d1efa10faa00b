//! Bit strings against a vector of bits: counting, searching, combining, and integers of any width at any offset.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::types::bits::{self, BLOCK_BYTES, Combination, Combiner, FieldType, Outcome, Overflow};

const LONGEST: usize = 3000;
const COMBINATIONS: [Combination; 8] = [
    Combination::And,
    Combination::Or,
    Combination::Xor,
    Combination::Not,
    Combination::Diff,
    Combination::Diff1,
    Combination::AndOr,
    Combination::One,
];

/// Runs of equal bytes, and bytes that are like nothing.
fn choose(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(6) {
        match random.below(4) {
            0 => bytes.resize(bytes.len() + random.below(LONGEST / 6), 0),
            1 => bytes.resize(bytes.len() + random.below(LONGEST / 6), 0xFF),
            _ => bytes.push(random.below(256) as u8),
        }
    }
    bytes
}

fn bit(bytes: &[u8], at: u64) -> bool {
    usize::try_from(at / 8).ok().and_then(|byte| bytes.get(byte)).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
}

fn ask(bytes: &[u8], random: &mut Random) {
    let all = bytes.len() as u64 * 8;
    let mut offset = || match random.below(8) {
        0 => random.next(),
        _ => random.below(bytes.len() * 8 + 70) as u64,
    };
    let (start, end) = (offset(), offset());
    let range = start..end.min(all).max(start.min(all));
    assert_eq!(bits::count_ones_in(bytes, start..end), range.clone().filter(|at| bit(bytes, *at)).count() as u64);
    for on in [false, true] {
        assert_eq!(bits::first(bytes, start..end, on), range.clone().find(|at| bit(bytes, *at) == on));
    }
    assert_eq!(bits::get(bytes, start), bit(bytes, start));
}

/// Reads and writes a field bit by bit.
fn use_field(bytes: &mut Vec<u8>, random: &mut Random) {
    let width = 1 + random.below(64) as u32;
    let is_signed = width == 64 || random.below(2) == 0;
    let name = format!("{}{width}", if is_signed { 'i' } else { 'u' });
    let parse = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    let field = FieldType::parse(name.as_bytes(), parse).expect("a type");
    assert_eq!(field.bits(), width);
    let offset = random.below(bytes.len() * 8 + 70) as u64;
    let read = |bytes: &[u8]| {
        let raw = (0..u64::from(width)).fold(0_u64, |number, at| number << 1 | u64::from(bit(bytes, offset + at)));
        let unused = 64 - width;
        if is_signed { (raw << unused).cast_signed() >> unused } else { raw.cast_signed() }
    };
    let old = field.get(bytes, offset);
    assert_eq!(old, read(bytes));
    let (least, greatest) = match is_signed {
        true => (i128::from(i64::MIN >> (64 - width)), i128::from(i64::MAX >> (64 - width))),
        false => (0, (1_i128 << width) - 1),
    };
    let increment = random.next().cast_signed() >> random.below(64);
    let sum = i128::from(old) + i128::from(increment);
    let is_inside = (least..=greatest).contains(&sum);
    let saturated = sum.clamp(least, greatest) as i64;
    let expected = |value| if is_inside { Outcome::Fits(value) } else { Outcome::Overflows(value) };
    assert_eq!(field.increment(old, increment, Overflow::Saturate), expected(saturated));
    let (Outcome::Fits(new) | Outcome::Overflows(new)) = field.increment(old, increment, Overflow::Wrap);
    assert!((least..=greatest).contains(&i128::from(new)) && (i128::from(new) - sum) % (1_i128 << width) == 0);
    bytes.resize(bytes.len().max((offset + u64::from(width)).div_ceil(8) as usize), 0);
    let before = bytes.clone();
    field.set(bytes, offset, new);
    assert_eq!(read(bytes), new);
    let around = (0..bytes.len() as u64 * 8).filter(|at| !(offset..offset + u64::from(width)).contains(at));
    assert!(around.into_iter().all(|at| bit(bytes, at) == bit(&before, at)));
}

fn combine(random: &mut Random) {
    let how = COMBINATIONS[random.below(COMBINATIONS.len())];
    let count = if how == Combination::Not { 1 } else { 1 + random.below(5) };
    let sources: Vec<Vec<u8>> = (0..count).map(|_| choose(random)).collect();
    let len = sources.iter().map(Vec::len).max().unwrap_or(0).min(BLOCK_BYTES);
    let mut combiner = Combiner::new(how);
    combiner.begin(len, &sources[0]);
    sources[1..].iter().for_each(|source| combiner.add(source));
    let result = combiner.finish();
    assert_eq!(result.len(), len);
    for at in 0..len as u64 * 8 {
        let first = bit(&sources[0], at);
        let set = sources.iter().filter(|source| bit(source, at)).count();
        let others = set > usize::from(first);
        let expected = match how {
            Combination::And => set == count,
            Combination::Or => set > 0,
            Combination::Xor => set % 2 == 1,
            Combination::Not => !first,
            Combination::Diff => first && !others,
            Combination::Diff1 => !first && others,
            Combination::AndOr => first && others,
            Combination::One => set == 1,
        };
        assert_eq!(bit(result, at), expected, "{how:?}, bit {at}");
    }
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let mut bytes = choose(&mut random);
    while random.has_choices() && bytes.len() < LONGEST {
        match random.below(4) {
            0 => combine(&mut random),
            1 => {
                let (at, on) = (random.below(bytes.len() * 8 + 9) as u64, random.below(2) == 0);
                let was = bit(&bytes, at);
                assert_eq!(bits::set(&mut bytes, at, on), was);
                assert!(at >= bytes.len() as u64 * 8 || bit(&bytes, at) == on);
            }
            2 => use_field(&mut bytes, &mut random),
            _ => ask(&bytes, &mut random),
        }
    }
});
