//! Run: up to N slots in the order of their keys, searched without looking at what the slots stand for.
//!
//! ```text
//!  keys    ..42 9A 11 07 | ..42 9A 11 52 | ..42 9A 80 00        all begin with `common`
//!             └ common ┘└──── mark: the four bytes behind it
//!  marks   11 07 .. ..   | 11 52 .. ..   | 80 00 .. ..          one u32 each, side by side
//! ```
//!
//! Why: a slot is an address, and to follow it is a cache miss. Neighbours in a large tree agree in the first bytes of
//! their keys, so four bytes behind those tell nearly all of them apart. A search compares the probe with `common`,
//! counts the smaller marks (a loop without branches or dependent loads), and looks at keys only where marks are equal.
//!
//! Invariants: the first `skip` bytes of every key are `common[..skip]` (keys are thought to go on with zeros for
//! ever), a mark is the big-endian number in the four bytes behind them, and slots are in ascending order of
//! their keys. Keys between two of a run begin with `common` too, so only an insertion at an end can shorten it, and a
//! shorter `common` is computed from what is in the run. A longer one has to be looked up: [`Run::refine`].

use super::{HEAD_BYTES, Head, Probe};
use std::cmp::Ordering;
use std::ops::Range;

const MARK_BYTES: usize = 4;
/// The longest `common`.
const SKIP_MAX: usize = HEAD_BYTES - MARK_BYTES;
/// A run whose first and last mark agree in this many bits would gain from a longer `common`.
const COARSE_BITS: u32 = 16;

/// See the module's comment.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Run<S, const N: usize> {
    len: u8,
    skip: u8,
    common: [u8; SKIP_MAX],
    marks: [u32; N],
    slots: [S; N],
}

/// The mark of a key behind its first `skip` bytes.
#[inline(always)]
fn mark(head: &Head, skip: usize) -> u32 {
    head.get(skip..skip + MARK_BYTES).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl<S: Copy + Default, const N: usize> Default for Run<S, N> {
    fn default() -> Self {
        const { assert!(N <= u8::MAX as usize) };
        Self { len: 0, skip: 0, common: [0; SKIP_MAX], marks: [0; N], slots: [S::default(); N] }
    }
}

impl<S: Copy, const N: usize> Run<S, N> {
    #[inline(always)]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline(always)]
    fn skip(&self) -> usize {
        usize::from(self.skip)
    }

    #[inline(always)]
    pub fn slots(&self) -> &[S] {
        &self.slots[..self.len()]
    }

    #[inline(always)]
    fn marks(&self) -> &[u32] {
        &self.marks[..self.len()]
    }

    /// The slots whose keys agree with the probe in all bytes that the run knows; all before are less, all behind
    /// greater.
    #[inline]
    fn candidates(&self, head: &Head) -> Range<usize> {
        let skip = self.skip();
        match head[..skip].cmp(&self.common[..skip]) {
            Ordering::Less => 0..0,
            Ordering::Greater => self.len()..self.len(),
            Ordering::Equal => {
                let (marks, mark) = (self.marks(), mark(head, skip));
                let start = marks.iter().filter(|other| **other < mark).count();
                let end = start + marks[start..].iter().take_while(|other| **other == mark).count();
                start..end
            }
        }
    }

    /// How many slots come before the probe.
    #[inline]
    pub fn lower_bound(&self, probe: &impl Probe<S>) -> usize {
        let candidates = self.candidates(probe.head());
        candidates.start + self.slots[candidates].partition_point(|slot| probe.order(*slot) == Ordering::Less)
    }

    /// How many slots do not come after the probe.
    #[inline]
    pub fn upper_bound(&self, probe: &impl Probe<S>) -> usize {
        let candidates = self.candidates(probe.head());
        candidates.start + self.slots[candidates].partition_point(|slot| probe.order(*slot) != Ordering::Greater)
    }

    /// How slot `at` compares with the probe.
    pub fn order(&self, at: usize, probe: &impl Probe<S>) -> Ordering {
        let (head, skip) = (probe.head(), self.skip());
        let known = self.common[..skip].cmp(&head[..skip]).then_with(|| self.marks[at].cmp(&mark(head, skip)));
        known.then_with(|| probe.order(self.slots[at]))
    }

    /// Shortens `common` so that it fits this key too.
    #[inline]
    fn admit(&mut self, head: &Head) {
        if self.len == 0 {
            self.skip = SKIP_MAX as u8;
            self.common.copy_from_slice(&head[..SKIP_MAX]);
            return;
        }
        let skip = self.skip();
        if head[..skip] != self.common[..skip] {
            self.shorten(shared(&head[..skip], &self.common[..skip]));
        }
    }

    /// Puts a slot at its place, which the caller has found.
    ///
    /// # Panics
    /// If the run is full.
    #[inline]
    pub fn insert(&mut self, at: usize, slot: S, head: &Head) {
        let len = self.len();
        assert!(len < N && at <= len, "the caller has made room");
        self.admit(head);
        self.marks.copy_within(at..len, at + 1);
        self.slots.copy_within(at..len, at + 1);
        self.len += 1;
        self.marks[at] = mark(head, self.skip());
        self.slots[at] = slot;
    }

    /// Replaces a slot by one that belongs in the same place.
    pub fn set(&mut self, at: usize, slot: S, head: &Head) {
        self.admit(head);
        self.marks[at] = mark(head, self.skip());
        self.slots[at] = slot;
    }

    pub fn remove(&mut self, at: usize) -> S {
        let slot = self.slots()[at];
        self.remove_range(at..at + 1);
        slot
    }

    pub fn remove_range(&mut self, range: Range<usize>) {
        let len = self.len();
        self.marks.copy_within(range.end..len, range.start);
        self.slots.copy_within(range.end..len, range.start);
        self.len -= range.len() as u8;
    }

    /// The mark that slot `at` would have if `common` were only `skip` bytes long.
    #[inline]
    fn mark_behind(&self, at: usize, skip: usize) -> u32 {
        let dropped = &self.common[skip..self.skip()];
        match dropped.first_chunk::<MARK_BYTES>() {
            Some(bytes) => u32::from_be_bytes(*bytes),
            None => {
                let known = dropped.iter().fold(0u64, |known, byte| known << 8 | u64::from(*byte));
                ((known << 32 | u64::from(self.marks[at])) >> (8 * dropped.len())) as u32
            }
        }
    }

    /// Cuts `common` to `skip` bytes.
    fn shorten(&mut self, skip: usize) {
        for at in 0..self.len() {
            self.marks[at] = self.mark_behind(at, skip);
        }
        self.skip = skip as u8;
    }

    /// Makes `common` as long as it can be, if that tells the slots apart much better.
    pub fn refine(&mut self, heads: &impl Fn(S) -> Head) {
        let (&[first, .., last], &[low, .., high]) = (self.slots(), self.marks()) else { return };
        if (low ^ high).leading_zeros() < COARSE_BITS {
            return;
        }
        let (first, last) = (heads(first), heads(last));
        let skip = shared(&first[..SKIP_MAX], &last[..SKIP_MAX]);
        if skip <= self.skip() {
            return;
        }
        self.skip = skip as u8;
        self.common[..skip].copy_from_slice(&first[..skip]);
        for at in 0..self.len() {
            self.marks[at] = mark(&heads(self.slots[at]), skip);
        }
    }

    /// Prepares for slots of another run: `common` becomes one that fits those too.
    fn open_to(&mut self, other: &Self) {
        if self.len == 0 {
            (self.skip, self.common) = (other.skip, other.common);
        }
        let both = shared(&self.common[..self.skip()], &other.common[..other.skip()]);
        if self.skip() > both {
            self.shorten(both);
        }
    }

    /// Copies slots of a run that this one has been opened to, and their marks.
    fn copy(&mut self, at: usize, other: &Self, range: Range<usize>) {
        let skip = self.skip();
        for (to, from) in (at..).zip(range) {
            self.marks[to] = other.mark_behind(from, skip);
            self.slots[to] = other.slots[from];
            self.len += 1;
        }
    }

    /// Moves the last `count` slots to the beginning of the run behind this one.
    pub fn give(&mut self, next: &mut Self, count: usize) {
        next.open_to(self);
        let (len, next_len) = (self.len(), next.len());
        next.marks.copy_within(..next_len, count);
        next.slots.copy_within(..next_len, count);
        next.copy(0, self, len - count..len);
        self.len -= count as u8;
    }

    /// Moves the first `count` slots of the run behind this one to the end of this one.
    pub fn take(&mut self, next: &mut Self, count: usize) {
        self.open_to(next);
        self.copy(self.len(), next, 0..count);
        next.remove_range(0..count);
    }
}

#[cfg(test)]
impl<S: Copy, const N: usize> Run<S, N> {
    /// Checks the invariants.
    pub fn check(&self, heads: &impl Fn(S) -> Head) {
        let skip = self.skip();
        for at in 0..self.len() {
            let head = heads(self.slots[at]);
            assert_eq!(head[..skip], self.common[..skip], "all keys begin with the common bytes");
            assert_eq!(mark(&head, skip), self.marks[at], "a mark is the bytes behind them");
        }
        assert!(self.marks().is_sorted());
    }
}
