//! What elements are compared by.

use super::super::CommandError;
use crate::resp::number::parse_f64;
use std::cmp::Ordering;
use std::ops::Range;

/// An element, as a range of the block of all texts, and its weight.
#[derive(Debug)]
pub struct Item {
    pub text: Range<usize>,
    pub weight: Weight,
}

/// What an element is ordered by.
#[derive(Debug)]
pub enum Weight {
    /// Nothing was found: less than any text, and as a number 0.
    None,
    Number(f64),
    Text(Range<usize>),
}

impl Weight {
    /// The number that a text is, as C's `strtod` reads it up to a NUL.
    ///
    /// # Errors
    /// If it is none.
    pub fn number(text: &[u8]) -> Result<Self, CommandError> {
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        if text.is_empty() {
            return Ok(Self::Number(0.0));
        }
        let space = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
        // `strtod` reports a decimal number that it had to round to a subnormal one, and then SORT takes it for none.
        let is_hexadecimal = text.iter().any(|byte| matches!(byte, b'x' | b'X'));
        let number = parse_f64(&text[space..]).filter(|number| is_hexadecimal || !number.is_subnormal());
        number.map(Self::Number).ok_or(CommandError::fixed("ERR One or more scores can't be converted into double"))
    }

    fn value(&self) -> f64 {
        if let Self::Number(number) = self { *number } else { 0.0 }
    }
}

/// How elements compare.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub alpha: bool,
    pub descending: bool,
    /// Elements are their own weights.
    pub by_itself: bool,
}

impl Order {
    /// Compares two elements, whose texts are in `texts`.
    pub fn compare(self, a: &Item, b: &Item, texts: &[u8]) -> Ordering {
        let text = |range: &Range<usize>| &texts[range.clone()];
        let ascending = if !self.alpha {
            // Equal numbers leave the order to the elements, so that it is always the same.
            let by_number = a.weight.value().partial_cmp(&b.weight.value()).unwrap_or(Ordering::Equal);
            by_number.then_with(|| text(&a.text).cmp(text(&b.text)))
        } else if self.by_itself {
            text(&a.text).cmp(text(&b.text))
        } else {
            match (&a.weight, &b.weight) {
                (Weight::Text(a), Weight::Text(b)) => text(a).cmp(text(b)),
                (Weight::Text(_), _) => Ordering::Greater,
                (_, Weight::Text(_)) => Ordering::Less,
                _ => Ordering::Equal,
            }
        };
        if self.descending { ascending.reverse() } else { ascending }
    }
}
