//! Member: an element of a set as the structures see it: a number, or bytes that are not the text of one.
//!
//! Invariant: a text that is the canonical decimal of an `i64` is always a [`Member::Int`], wherever it is stored, so
//! two members are the same element if and only if they are equal.

use crate::numeric::{INTEGER_TEXT_BYTES_MAX, parse_i64};
use crate::storage::format_int;

/// See the module's comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member<'a> {
    Int(i64),
    Text(&'a [u8]),
}

impl<'a> Member<'a> {
    /// The member that a client calls `text`.
    #[inline]
    pub fn of(text: &'a [u8]) -> Self {
        parse_i64(text).map_or(Self::Text(text), Self::Int)
    }

    /// What a client calls it; `digits` holds that for a number.
    #[inline]
    pub fn text<'t>(self, digits: &'t mut [u8; INTEGER_TEXT_BYTES_MAX]) -> &'t [u8]
    where
        'a: 't,
    {
        match self {
            Self::Int(int) => format_int(int, digits),
            Self::Text(text) => text,
        }
    }

    /// Bytes of its text.
    pub fn text_len(self) -> usize {
        match self {
            Self::Int(int) => format_int(int, &mut [0; INTEGER_TEXT_BYTES_MAX]).len(),
            Self::Text(text) => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_texts_are_numbers() {
        for int in [0, 1, -1, 10, -10, 32767, 1 << 53, i64::MAX - 1, i64::MAX, i64::MIN, i64::MIN + 1] {
            let text = int.to_string();
            let member = Member::of(text.as_bytes());
            assert_eq!((member, member.text_len()), (Member::Int(int), text.len()));
            assert_eq!(member.text(&mut [0; 20]), text.as_bytes());
        }
        let texts = ["", "-", "+", "-0", "+1", "01", "-01", "00", " 1", "1 ", "1.0", "1e3", "0x10", "1\0", "１", "a"];
        let too_large = ["9223372036854775808", "-9223372036854775809", "9999999999999999999", "99999999999999999999"];
        for text in texts.into_iter().chain(too_large).chain(["100000000000000000000000000000000000000000"]) {
            assert_eq!(Member::of(text.as_bytes()), Member::Text(text.as_bytes()));
        }
    }
}
