//! One element of a value: the flat encodings keep what is the text of an integer as that integer.

use crate::resp::number::{IntegerText, parse_f64, parse_i64};
use crate::storage::StringRef;

/// An element, borrowed from the payload. Two of them can be the same string in different clothes: [`Element::text`]
/// decides.
#[derive(Clone, Copy, Debug)]
pub enum Element<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> From<StringRef<'a>> for Element<'a> {
    fn from(string: StringRef<'a>) -> Self {
        match string {
            StringRef::Int(int) => Self::Int(int),
            StringRef::Str(bytes) => Self::Bytes(bytes),
        }
    }
}

impl<'a> Element<'a> {
    /// The same string as the integer whose text it is, if it is one: how values are stored.
    pub fn canonical(self) -> StringRef<'a> {
        match (self.int(), self) {
            (Some(int), _) | (None, Self::Int(int)) => StringRef::Int(int),
            (None, Self::Bytes(bytes)) => StringRef::Str(bytes),
        }
    }

    /// The bytes that a client sees; `digits` holds them if the element is an integer.
    pub fn text<'t>(&self, digits: &'t mut IntegerText) -> &'t [u8]
    where
        'a: 't,
    {
        match self {
            Self::Int(int) => digits.format(*int),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// How many bytes a client sees.
    pub fn text_len(&self) -> usize {
        self.text(&mut IntegerText::new()).len()
    }

    /// Whether both are the same string.
    pub fn is(&self, other: Element<'_>) -> bool {
        match (self, other) {
            (Self::Int(a), Element::Int(b)) => *a == b,
            (Self::Bytes(a), Element::Bytes(b)) => *a == b,
            (a, b) => a.int().is_some() && a.int() == b.int(),
        }
    }

    /// The integer whose text this is.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Bytes(bytes) => parse_i64(bytes),
        }
    }

    /// The score that this is: any double but NaN.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Bytes(bytes) => parse_f64(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_text_integer_and_score() {
        let mut digits = IntegerText::new();
        assert_eq!(Element::Int(-12).text(&mut digits), b"-12");
        assert_eq!(Element::Bytes(b"-12").text(&mut digits), b"-12");
        assert_eq!(Element::Bytes(b"-12").int(), Some(-12));
        assert_eq!(Element::Bytes(b"012").int(), None);
        assert_eq!((Element::Int(i64::MIN).text_len(), Element::Bytes(b"abc").text_len()), (20, 3));
        assert_eq!(Element::Bytes(b"12").canonical(), StringRef::Int(12));
        assert_eq!(Element::Bytes(b"012").canonical(), StringRef::Str(b"012"));
        assert!(Element::Int(12).is(Element::Bytes(b"12")) && Element::Bytes(b"12").is(Element::Int(12)));
        assert!(!Element::Int(12).is(Element::Bytes(b"012")) && !Element::Bytes(b"a").is(Element::Bytes(b"b")));
        assert_eq!(Element::Bytes(b"-inf").score(), Some(f64::NEG_INFINITY));
        assert_eq!(Element::Bytes(b"0.1").score(), Some(0.1));
        for text in ["nan", "", "1.5x", " 1"] {
            assert_eq!(Element::Bytes(text.as_bytes()).score(), None, "{text:?}");
        }
    }
}
