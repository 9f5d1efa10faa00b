//! Run: elements one after the other, as they lie in a flat encoding and in a node.
//!
//! A run has no header and no end mark: its owner knows its bytes and how many elements they are. It can be read from both
//! ends; the way to the n-th element is a walk from the nearer one.

use super::Side;
use super::element::{encoded_len, len_at, len_before, read, write};
use crate::storage::StringRef;

/// The elements of a run, from either end.
#[derive(Clone, Debug, Default)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Elements that fill these bytes.
    #[inline]
    pub fn new(run: &'a [u8]) -> Self {
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
        if self.0.is_empty() {
            return None;
        }
        let (element, len) = read(self.0);
        self.0 = &self.0[len..];
        Some(element)
    }
}

impl DoubleEndedIterator for Elements<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let (rest, last) = self.0.split_at(self.0.len() - len_before(self.0));
        self.0 = rest;
        Some(read(last).0)
    }
}

/// Where element `index` of the `count` elements of a run begins; the run's end for `count`.
#[inline]
pub fn offset(run: &[u8], count: usize, index: usize) -> usize {
    debug_assert!(index <= count);
    if index <= count / 2 {
        let mut at = 0;
        for _ in 0..index {
            at += len_at(&run[at..]);
        }
        at
    } else {
        let mut at = run.len();
        for _ in index..count {
            at -= len_before(&run[..at]);
        }
        at
    }
}

/// Fills `out` with elements pushed to `side` one after the other; they take all of it.
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
pub fn remove_equal(run: &mut [u8], side: Side, wanted: StringRef<'_>, most: usize) -> (usize, usize) {
    let mut removed = 0;
    match side {
        Side::Left => {
            let (mut at, mut kept) = (0, 0);
            while at < run.len() && removed < most {
                let (element, len) = read(&run[at..]);
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
                let start = at - len_before(&run[..at]);
                if read(&run[start..at]).0 == wanted {
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
        assert!(Elements::new(&run).eq(elements.iter().copied()));
        assert!(Elements::new(&run).rev().eq(elements.iter().rev().copied()));
        for index in 0..elements.len() {
            let at = offset(&run, elements.len(), index);
            assert_eq!(read(&run[at..]).0, elements[index]);
        }
        assert_eq!(offset(&run, 40, 40), run.len());
        let mut pushed_left = vec![0; run.len()];
        fill(&mut pushed_left, Side::Left, elements.iter().rev().copied());
        assert_eq!(pushed_left, run);
    }

    #[test]
    fn removes_equal_elements_from_either_end() {
        let letters = b"abacabadabacaba";
        for wanted in [b'a', b'b', b'c', b'd', b'e'] {
            for most in 0..10 {
                for side in [Side::Left, Side::Right] {
                    let elements: Vec<_> = letters.iter().map(std::slice::from_ref).map(StringRef::Str).collect();
                    let mut run = run_of(&elements);
                    let (removed, len) = remove_equal(&mut run, side, StringRef::Str(&[wanted]), most);
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
