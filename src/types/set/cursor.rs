//! Cursor of a scan over a large set: numbers first, then texts, in one number below 2^53.
//!
//! Why below 2^53: clients keep cursors in an `int64`, some in a double, and a rounded cursor would skip members.
//!
//! ```text
//!  numbers: | group of the next number | 1 |        texts: | place in the order of the hash | 1 0 |
//! ```
//!
//! A group is what the numbers have in common when only their [`DIGITS`] most significant bits are kept, as in a floating
//! point number: up to 2^46 each number is a group of its own, beyond that its members are visited together. Groups are
//! numbered in the order of the numbers, so a cursor needs no state and survives every change of the set. 0 is the start.

use crate::storage::POSITION_BITS;

/// Bits of a number that its group distinguishes.
const DIGITS: u32 = 46;
/// Groups of the numbers from 0 on; below 0 there are as many.
const GROUPS: u64 = (i64::BITS as u64 - DIGITS as u64) << DIGITS;
const POSITION_SHIFT: u32 = u64::BITS - POSITION_BITS;

const _: () = assert!(GROUPS * 2 < 1 << 52 && POSITION_BITS < 50);

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanCursor {
    /// At this number, then through all texts.
    Ints(i64),
    /// At this place in the order of the hash.
    Texts(u64),
}

impl ScanCursor {
    /// What a client has sent, which may be any number.
    pub(super) fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Ints(i64::MIN),
            _ if number & 1 == 1 => Self::Ints(first_of(number >> 1)),
            _ => Self::Texts((number >> 2) << POSITION_SHIFT),
        }
    }

    /// The number that a client is given, never 0.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Ints(int) => group_of(int) << 1 | 1,
            Self::Texts(position) => position >> POSITION_SHIFT << 2 | 2,
        }
    }
}

/// The group of a number.
pub(super) fn group_of(int: i64) -> u64 {
    let is_negative = int < 0;
    let magnitude = if is_negative { !int } else { int }.cast_unsigned();
    let shift = (u64::BITS - magnitude.leading_zeros()).saturating_sub(DIGITS);
    let group = (u64::from(shift) << DIGITS) + (magnitude >> shift);
    if is_negative { GROUPS - 1 - group } else { GROUPS + group }
}

/// The smallest number of a group; of one beyond all, the greatest number.
fn first_of(group: u64) -> i64 {
    let magnitude = |group: u64, extra: u64| {
        let shift = u32::try_from(group >> DIGITS).unwrap_or(u32::MAX);
        let digits = (group & ((1 << DIGITS) - 1)) + extra;
        let most = i64::MAX.cast_unsigned();
        if shift >= i64::BITS - DIGITS { most } else { (digits << shift).saturating_sub(extra).min(most) }
    };
    match group.checked_sub(GROUPS) {
        Some(group) => magnitude(group, 0).cast_signed(),
        // The least number of a group below 0 is the one of the greatest magnitude.
        None => !magnitude(GROUPS - 1 - group, 1).cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interesting() -> Vec<i64> {
        let powers = (0..63).flat_map(|bit| [(1_i64 << bit) - 1, 1 << bit, (1 << bit) + 1, 3 << bit.min(60)]);
        let mut ints: Vec<i64> = powers.flat_map(|int| [int, -int, !int]).chain([0, i64::MIN, i64::MAX]).collect();
        ints.sort_unstable();
        ints.dedup();
        ints
    }

    #[test]
    fn groups_are_in_the_order_of_the_numbers() {
        for pair in interesting().windows(2) {
            assert!(group_of(pair[0]) <= group_of(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn a_cursor_leads_back_to_the_beginning_of_its_group() {
        for int in interesting() {
            let number = ScanCursor::Ints(int).number();
            assert!(number != 0 && number < 1 << 53, "{int}: {number}");
            let ScanCursor::Ints(first) = ScanCursor::from_number(number) else { panic!("{int}") };
            assert!(first <= int && group_of(first) == group_of(int), "{int} is not after {first}");
            assert!(first == i64::MIN || group_of(first - 1) < group_of(int), "{first} is not the first");
            assert!(first == int || int.unsigned_abs() > 1 << DIGITS, "{int} shares its group");
        }
    }

    #[test]
    fn a_place_among_the_texts_comes_back() {
        for position in [0, 1 << POSITION_SHIFT, u64::MAX << POSITION_SHIFT] {
            let number = ScanCursor::Texts(position).number();
            assert!(number != 0 && number < 1 << 53);
            assert_eq!(ScanCursor::from_number(number), ScanCursor::Texts(position));
        }
    }

    #[test]
    fn any_number_is_a_cursor() {
        for number in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, u64::MAX << bit, (1 << bit) | 1]) {
            ScanCursor::from_number(number).number();
        }
    }
}
