//! Layout: what stands between the elements of a run.
//!
//! | layout | an element is |
//! |---|---|
//! | tagged | an [`element`], which says what it is and where it ends, from either side |
//! | texts | the bytes of a text; all are equally long |
//! | integers | the bytes of an integer without the number at its end; all are equally long |
//!
//! Why: elements of one list are mostly alike: identifiers, hashes, numbers of one magnitude. Where they are, what would be
//! said of each is said once, of the whole run: sixteen bytes take sixteen and not eighteen, and an index is a
//! multiplication. One element that is different makes the run tagged.

use super::element::{self, INT_MAX, encoded_int_len, encoded_len, encoded_text_len, int_len};
use crate::storage::StringRef;

/// What stands between the elements of a run: 0 if they are tagged, 1 to 9 for integers of so many bytes, above that nine
/// more than the bytes of each text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout(u16);

const INTS_MAX: u16 = INT_MAX as u16;

impl Layout {
    pub const TAGGED: Self = Self(0);

    /// The densest layout of an element.
    #[inline]
    pub fn of(element: StringRef<'_>) -> Self {
        match element {
            StringRef::Int(int) => Self(int_len(int) as u16),
            StringRef::Str(b"") => Self::TAGGED,
            StringRef::Str(text) => u16::try_from(text.len() + INT_MAX).map_or(Self::TAGGED, Self),
        }
    }

    /// Bytes of each element; 0 if they are tagged.
    #[inline]
    pub fn stride(self) -> usize {
        usize::from(if self.0 <= INTS_MAX { self.0 } else { self.0 - INTS_MAX })
    }

    /// Whether an element can be written like this.
    #[inline]
    pub fn suits(self, element: StringRef<'_>) -> bool {
        self == Self::TAGGED || self == Self::of(element)
    }

    /// Bytes that an element takes which it [`suits`](Self::suits).
    #[inline]
    pub fn len_of(self, element: StringRef<'_>) -> usize {
        match self.stride() {
            0 => encoded_len(element),
            stride => stride,
        }
    }

    /// Bytes that each element would take if it were tagged; 0 if it is.
    pub fn tagged_stride(self) -> usize {
        match self.0 {
            0 => 0,
            1..=INTS_MAX => encoded_int_len(self.stride()),
            _ => encoded_text_len(self.stride()),
        }
    }

    /// Writes an element to the beginning of `out`, which has room for it, and returns how many bytes that were.
    #[inline]
    pub fn write(self, element: StringRef<'_>, out: &mut [u8]) -> usize {
        match element {
            _ if self == Self::TAGGED => element::write(element, out),
            StringRef::Int(int) => element::write_int(int, out),
            StringRef::Str(text) => {
                out[..text.len()].copy_from_slice(text);
                text.len()
            }
        }
    }

    /// The element at the beginning of `bytes`, and how many bytes it takes.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn read(self, bytes: &[u8]) -> (StringRef<'_>, usize) {
        match self.0 {
            0 => element::read(bytes),
            1..=INTS_MAX => element::read_payload(bytes),
            _ => (StringRef::Str(&bytes[..self.stride()]), self.stride()),
        }
    }

    /// Bytes that the element at the beginning of `bytes` takes.
    #[inline]
    pub fn len_at(self, bytes: &[u8]) -> usize {
        match self.stride() {
            0 => element::len_at(bytes),
            stride => stride,
        }
    }

    /// Bytes that the element at the end of `bytes` takes.
    #[inline]
    pub fn len_before(self, bytes: &[u8]) -> usize {
        match self.stride() {
            0 => element::len_before(bytes),
            stride => stride,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(element: StringRef<'_>) -> usize {
        let layout = Layout::of(element);
        for layout in [layout, Layout::TAGGED] {
            assert!(layout.suits(element));
            let len = layout.len_of(element);
            let mut bytes = vec![0xaa; len + 3];
            assert_eq!(layout.write(element, &mut bytes), len, "{element:?}");
            assert_eq!(bytes[len..], [0xaa; 3]);
            assert_eq!(layout.read(&bytes), (element, len));
            assert_eq!((layout.len_at(&bytes), layout.len_before(&bytes[..len])), (len, len));
        }
        if layout != Layout::TAGGED {
            assert_eq!(layout.tagged_stride(), encoded_len(element));
        }
        layout.stride()
    }

    #[test]
    fn every_element_can_be_written_both_ways() {
        for bits in 0..63 {
            let power = 1i64 << bits;
            for int in [power - 1, power, power + 1, -power - 1, -power, -power + 1, i64::MIN, i64::MAX] {
                assert!((1..=INT_MAX).contains(&check(StringRef::Int(int))));
            }
        }
        let text = vec![b'x'; 70_000];
        for len in [1, 2, 8, 9, 10, 63, 64, 126, 127, 4095, 4096, 65_526] {
            assert_eq!(check(StringRef::Str(&text[..len])), len);
        }
        for len in [0, 65_527, 65_535, 65_536, 70_000] {
            assert_eq!(check(StringRef::Str(&text[..len])), 0);
        }
    }

    #[test]
    fn a_layout_suits_what_is_alike() {
        let text = Layout::of(StringRef::Str(b"abc"));
        assert!(text.suits(StringRef::Str(b"xyz")));
        assert!(!text.suits(StringRef::Str(b"ab")) && !text.suits(StringRef::Int(70_000)));
        let int = Layout::of(StringRef::Int(70_000));
        assert!(int.suits(StringRef::Int(-70_000)));
        assert!(!int.suits(StringRef::Int(7)) && !int.suits(StringRef::Str(b"abcd")));
    }
}
