//! Run: elements one after the other, as they lie in a flat encoding and in a node.
//!
//! A run has no header and no end mark: its owner knows its bytes, their [`Layout`], and how many elements they are. It can
//! be read from both ends; the way to the n-th element is a walk from the nearer one, or none where elements are alike.

use super::element::{encoded_len, write};
use super::{Layout, Side};
use crate::storage::StringRef;
use std::ops::Range;

/// The bytes of elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run<'a> {
    pub bytes: &'a [u8],
    pub layout: Layout,
}

impl<'a> Run<'a> {
    /// Elements of any kind.
    #[inline]
    pub fn tagged(bytes: &'a [u8]) -> Self {
        Self { bytes, layout: Layout::TAGGED }
    }

    /// Where element `index` of the `count` elements begins; the end for `count`.
    #[inline]
    pub fn offset(self, count: usize, index: usize) -> usize {
        debug_assert!(index <= count);
        let Self { bytes, layout } = self;
        if layout != Layout::TAGGED {
            index * layout.stride()
        } else if index <= count / 2 {
            let mut at = 0;
            for _ in 0..index {
                at += layout.len_at(&bytes[at..]);
            }
            at
        } else {
            let mut at = bytes.len();
            for _ in index..count {
                at -= layout.len_before(&bytes[..at]);
            }
            at
        }
    }

    /// Where element `index` of the `count` elements is, which exists.
    #[inline]
    pub fn place(self, count: usize, index: usize) -> Range<usize> {
        let start = self.offset(count, index);
        start..start + self.layout.len_at(&self.bytes[start..])
    }

    /// The elements in a part of the bytes.
    #[inline]
    pub fn part(self, range: Range<usize>) -> Self {
        Self { bytes: &self.bytes[range], ..self }
    }
}

/// The elements of a run, from either end.
#[derive(Clone, Debug, Default)]
pub struct Elements<'a>(Run<'a>);

impl<'a> Elements<'a> {
    #[inline]
    pub fn new(run: Run<'a>) -> Self {
        Self(run)
    }

    /// The next one as seen from `side`.
    #[inline]
    pub fn next_from(&mut self, side: Side) -> Option<StringRef<'a>> {
        match side {
            Side::Left => self.next(),
            Side::Right => self.next_back(),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = StringRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<StringRef<'a>> {
        let Run { bytes, layout } = self.0;
        if bytes.is_empty() {
            return None;
        }
        let (element, len) = layout.read(bytes);
        self.0.bytes = &bytes[len..];
        Some(element)
    }
}

impl DoubleEndedIterator for Elements<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let Run { bytes, layout } = self.0;
        if bytes.is_empty() {
            return None;
        }
        let (rest, last) = bytes.split_at(bytes.len() - layout.len_before(bytes));
        self.0.bytes = rest;
        Some(layout.read(last).0)
    }
}

/// Fills `out` with tagged elements pushed to `side` one after the other; they take all of it.
#[inline]
pub fn fill<'e>(out: &mut [u8], side: Side, elements: impl Iterator<Item = StringRef<'e>>) {
    let (mut start, mut end) = (0, out.len());
    for element in elements {
        match side {
            Side::Right => start += write(element, &mut out[start..]),
            Side::Left => {
                end -= encoded_len(element);
                write(element, &mut out[end..]);
            }
        }
    }
    debug_assert_eq!(start, if side == Side::Right { end } else { 0 });
}

/// Takes out the elements equal to `wanted`, at most `most` of them as seen from `side`, and closes the gaps. Returns how
/// many those were and how many bytes are left at the beginning of the run.
pub fn remove_equal(run: &mut [u8], layout: Layout, side: Side, wanted: StringRef<'_>, most: usize) -> (usize, usize) {
    let mut removed = 0;
    match side {
        Side::Left => {
            let (mut at, mut kept) = (0, 0);
            while at < run.len() && removed < most {
                let (element, len) = layout.read(&run[at..]);
                if element == wanted {
                    removed += 1;
                } else {
                    if removed > 0 {
                        run.copy_within(at..at + len, kept);
                    }
                    kept += len;
                }
                at += len;
            }
            if removed > 0 {
                run.copy_within(at.., kept);
            }
            (removed, run.len() - (at - kept))
        }
        Side::Right => {
            let (mut at, mut kept) = (run.len(), run.len());
            while at > 0 && removed < most {
                let start = at - layout.len_before(&run[..at]);
                if layout.read(&run[start..at]).0 == wanted {
                    removed += 1;
                } else {
                    kept -= at - start;
                    if removed > 0 {
                        run.copy_within(start..at, kept);
                    }
                }
                at = start;
            }
            if removed > 0 {
                run.copy_within(kept.., at);
            }
            (removed, run.len() - (kept - at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(elements: &[StringRef<'_>]) -> Vec<u8> {
        let mut run = vec![0; elements.iter().map(|element| encoded_len(*element)).sum()];
        fill(&mut run, Side::Right, elements.iter().copied());
        run
    }

    #[test]
    fn reads_from_both_ends_and_finds_every_offset() {
        let text = vec![b'x'; 5000];
        let elements: Vec<StringRef<'_>> = (0..40)
            .map(|i| if i % 3 == 0 { StringRef::Int(1 << i) } else { StringRef::Str(&text[..i * i * 3]) })
            .collect();
        let run = run_of(&elements);
        let tagged = Run::tagged(&run);
        assert!(Elements::new(tagged).eq(elements.iter().copied()));
        assert!(Elements::new(tagged).rev().eq(elements.iter().rev().copied()));
        for index in 0..elements.len() {
            let place = tagged.place(elements.len(), index);
            assert!(Elements::new(tagged.part(place)).eq([elements[index]]));
        }
        assert_eq!(tagged.offset(40, 40), run.len());
        let mut pushed_left = vec![0; run.len()];
        fill(&mut pushed_left, Side::Left, elements.iter().rev().copied());
        assert_eq!(pushed_left, run);
    }

    #[test]
    fn elements_that_are_alike_need_no_tags() {
        let texts = [b"abc", b"def", b"ghi", b"abc"].map(|text| StringRef::Str(text));
        let ints = [70_000, -70_000, 80_000, 70_000].map(StringRef::Int);
        for (elements, stride) in [(texts, 3), (ints, 4)] {
            let layout = Layout::of(elements[0]);
            let mut bytes = vec![0; 4 * stride];
            elements.iter().zip(bytes.chunks_mut(stride)).for_each(|(element, room)| {
                layout.write(*element, room);
            });
            let run = Run { bytes: &bytes, layout };
            assert!(Elements::new(run).eq(elements) && Elements::new(run).rev().eq(elements.into_iter().rev()));
            assert_eq!((run.place(4, 2), run.offset(4, 4)), (2 * stride..3 * stride, 4 * stride));
            for (side, left) in [(Side::Left, [1, 2, 3]), (Side::Right, [0, 1, 2])] {
                let mut bytes = bytes.clone();
                assert_eq!(remove_equal(&mut bytes, layout, side, elements[0], 1), (1, 3 * stride));
                let run = Run { bytes: &bytes[..3 * stride], layout };
                assert!(Elements::new(run).eq(left.map(|index| elements[index])));
            }
        }
    }

    #[test]
    fn removes_equal_elements_from_either_end() {
        let letters = b"abacabadabacaba";
        for wanted in [b'a', b'b', b'c', b'd', b'e'] {
            for most in 0..10 {
                for side in [Side::Left, Side::Right] {
                    let elements: Vec<_> = letters.iter().map(std::slice::from_ref).map(StringRef::Str).collect();
                    let mut run = run_of(&elements);
                    let (removed, len) = remove_equal(&mut run, Layout::TAGGED, side, StringRef::Str(&[wanted]), most);
                    let mut model = letters.to_vec();
                    for _ in 0..most {
                        let found = match side {
                            Side::Left => model.iter().position(|letter| *letter == wanted),
                            Side::Right => model.iter().rposition(|letter| *letter == wanted),
                        };
                        found.map(|at| model.remove(at));
                    }
                    assert_eq!(removed, letters.len() - model.len());
                    let elements: Vec<_> = model.iter().map(std::slice::from_ref).map(StringRef::Str).collect();
                    assert_eq!(run[..len], run_of(&elements));
                }
            }
        }
    }
}
