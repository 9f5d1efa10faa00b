//! Pages: the nodes of a tree. A leaf holds slots, a branch the pages below it with the first slot and the number of slots
//! of each.
//!
//! Pages grow and shrink as a family: the pages under one branch. A full page first gives to a neighbour; only when
//! both neighbours are nearly full, three pages become four. So pages that are filled at random are 75 to 100 % full,
//! about 85 % on average, instead of the 69 % of a tree that splits every full page in two.

use super::run::Run;
use super::{FANOUT, Head, LEAF_SLOTS, Probe};
use crate::storage::memory::{NoMemory, size_class};
use crate::storage::pace::Step;
use smallvec::SmallVec;
use std::ops::{Deref, DerefMut, Range};

/// An owned page. (A box that can be asked for without aborting the process when memory is short.)
#[derive(Debug)]
pub struct Owned<P>(Box<[P; 1]>);

impl<P> Owned<P> {
    pub fn new(page: P) -> Result<Self, NoMemory> {
        let mut single = Vec::new();
        single.try_reserve_exact(1)?;
        single.push(page);
        Box::<[P; 1]>::try_from(single).map(Self).map_err(|_| NoMemory)
    }

    pub fn into_inner(self) -> P {
        let [page] = *self.0;
        page
    }
}

impl<P> Deref for Owned<P> {
    type Target = P;

    #[inline(always)]
    fn deref(&self) -> &P {
        &self.0[0]
    }
}

impl<P> DerefMut for Owned<P> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut P {
        &mut self.0[0]
    }
}

/// Pages side by side under one branch.
pub type Pages<P> = SmallVec<[Owned<P>; FANOUT]>;

#[derive(Debug)]
pub struct Leaf<S> {
    pub run: Run<S, LEAF_SLOTS>,
}

impl<S: Copy + Default> Default for Leaf<S> {
    fn default() -> Self {
        Self { run: Run::default() }
    }
}

#[derive(Debug)]
pub struct Branch<S> {
    /// The first slot below each page.
    pub run: Run<S, FANOUT>,
    /// How many slots there are below each page.
    pub counts: [u32; FANOUT],
    pub below: Below<S>,
    pub _step: Step,
}

#[derive(Debug)]
pub enum Below<S> {
    Leaves(Pages<Leaf<S>>),
    Branches(Pages<Branch<S>>),
}

/// How many pages a tree has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    pub leaves: usize,
    pub branches: usize,
}

impl Census {
    pub fn memory<S>(self) -> usize {
        self.leaves * size_class(size_of::<Leaf<S>>()) + self.branches * size_class(size_of::<Branch<S>>())
    }
}

/// What leaves and branches have in common.
pub trait Page<S>: Sized {
    const CAPACITY: usize;

    /// An empty page of the same kind.
    fn sibling(&self) -> Self;
    /// Slots of a leaf, pages below a branch.
    fn fill(&self) -> usize;
    /// Slots below.
    fn count(&self) -> u32;
    /// The first slot below; the page is not empty.
    fn first(&self) -> S;
    /// Moves the last `count` items to the beginning of the page behind this one.
    fn give(&mut self, next: &mut Self, count: usize);
    /// Moves the first `count` items of the page behind this one to the end of this one.
    fn take(&mut self, next: &mut Self, count: usize);
    fn refine(&mut self, heads: &impl Fn(S) -> Head);
    /// Counts this kind of page.
    fn tally(census: &mut Census) -> &mut usize;
    /// Removes a range of slots, some but not all; each goes to `sink`.
    fn cut(&mut self, range: Range<usize>, heads: &impl Fn(S) -> Head, census: &mut Census, sink: &mut impl FnMut(S));
    /// Gives all slots below to `sink`, and takes all pages below out of the census; the page itself is not counted.
    fn drain(self, census: &mut Census, sink: &mut impl FnMut(S));

    fn is_full(&self) -> bool {
        self.fill() == Self::CAPACITY
    }
}

impl<S: Copy + Default> Page<S> for Leaf<S> {
    const CAPACITY: usize = LEAF_SLOTS;

    fn sibling(&self) -> Self {
        Self::default()
    }

    #[inline]
    fn fill(&self) -> usize {
        self.run.len()
    }

    fn count(&self) -> u32 {
        self.run.len() as u32
    }

    fn first(&self) -> S {
        self.run.slots()[0]
    }

    fn give(&mut self, next: &mut Self, count: usize) {
        self.run.give(&mut next.run, count);
    }

    fn take(&mut self, next: &mut Self, count: usize) {
        self.run.take(&mut next.run, count);
    }

    fn refine(&mut self, heads: &impl Fn(S) -> Head) {
        self.run.refine(heads);
    }

    fn tally(census: &mut Census) -> &mut usize {
        &mut census.leaves
    }

    fn cut(&mut self, range: Range<usize>, _: &impl Fn(S) -> Head, _: &mut Census, sink: &mut impl FnMut(S)) {
        let cut: SmallVec<[S; LEAF_SLOTS]> = SmallVec::from_slice(&self.run.slots()[range.clone()]);
        self.run.remove_range(range);
        cut.into_iter().for_each(sink);
    }

    fn drain(self, _: &mut Census, sink: &mut impl FnMut(S)) {
        self.run.slots().iter().copied().for_each(sink);
    }
}

impl<S: Copy + Default> Page<S> for Branch<S> {
    const CAPACITY: usize = FANOUT;

    fn sibling(&self) -> Self {
        match self.below {
            Below::Leaves(_) => Self::over(Below::Leaves(Pages::new())),
            Below::Branches(_) => Self::over(Below::Branches(Pages::new())),
        }
    }

    #[inline]
    fn fill(&self) -> usize {
        self.run.len()
    }

    fn count(&self) -> u32 {
        self.counts[..self.fill()].iter().sum()
    }

    fn first(&self) -> S {
        self.run.slots()[0]
    }

    fn give(&mut self, next: &mut Self, count: usize) {
        let (len, next_len) = (self.fill(), next.fill());
        next.counts.copy_within(..next_len, count);
        next.counts[..count].copy_from_slice(&self.counts[len - count..len]);
        match (&mut self.below, &mut next.below) {
            (Below::Leaves(pages), Below::Leaves(more)) => more.insert_many(0, pages.drain(len - count..)),
            (Below::Branches(pages), Below::Branches(more)) => more.insert_many(0, pages.drain(len - count..)),
            _ => unreachable!("pages side by side are on the same level"),
        }
        self.run.give(&mut next.run, count);
    }

    fn take(&mut self, next: &mut Self, count: usize) {
        let (len, next_len) = (self.fill(), next.fill());
        self.counts[len..len + count].copy_from_slice(&next.counts[..count]);
        next.counts.copy_within(count..next_len, 0);
        match (&mut self.below, &mut next.below) {
            (Below::Leaves(pages), Below::Leaves(more)) => pages.extend(more.drain(..count)),
            (Below::Branches(pages), Below::Branches(more)) => pages.extend(more.drain(..count)),
            _ => unreachable!("pages side by side are on the same level"),
        }
        self.run.take(&mut next.run, count);
    }

    fn refine(&mut self, heads: &impl Fn(S) -> Head) {
        self.run.refine(heads);
    }

    fn tally(census: &mut Census) -> &mut usize {
        &mut census.branches
    }

    fn cut(&mut self, range: Range<usize>, heads: &impl Fn(S) -> Head, census: &mut Census, sink: &mut impl FnMut(S)) {
        let Self { run, counts, below, .. } = self;
        match below {
            Below::Leaves(pages) => Family { run, counts, pages }.cut(range, heads, census, sink),
            Below::Branches(pages) => Family { run, counts, pages }.cut(range, heads, census, sink),
        }
    }

    fn drain(self, census: &mut Census, sink: &mut impl FnMut(S)) {
        match self.below {
            Below::Leaves(pages) => drain_all(pages, census, sink),
            Below::Branches(pages) => drain_all(pages, census, sink),
        }
    }
}

fn drain_all<S, P: Page<S>>(pages: Pages<P>, census: &mut Census, sink: &mut impl FnMut(S)) {
    *P::tally(census) -= pages.len();
    for page in pages {
        page.into_inner().drain(census, sink);
    }
}

impl<S: Copy + Default> Branch<S> {
    /// A branch that does not know its pages yet.
    pub fn over(below: Below<S>) -> Self {
        Self { run: Run::default(), counts: [0; FANOUT], below, _step: Step }
    }

    /// The page to look for the probe in: the last one that does not begin after it, or the first.
    #[inline]
    pub fn page_of(&self, probe: &impl Probe<S>) -> usize {
        self.run.upper_bound(probe).saturating_sub(1)
    }

    /// The page that holds the slot of this rank, and the rank in it.
    #[inline]
    pub fn page_at(&self, rank: usize) -> (usize, usize) {
        let (mut at, mut rest) = (0, rank);
        let last = self.fill().saturating_sub(1);
        while at < last && rest >= self.counts[at] as usize {
            rest -= self.counts[at] as usize;
            at += 1;
        }
        (at, rest)
    }

    /// Slots below the pages before page `at`.
    #[inline]
    pub fn count_before(&self, at: usize) -> usize {
        self.counts[..at].iter().map(|count| *count as usize).sum()
    }
}

impl<S: Copy + Default> Family<'_, S, Leaf<S>> {
    /// Puts a leaf with one slot before leaf `at`; there is room for a page.
    pub fn open(&mut self, at: usize, slot: S, head: &Head, census: &mut Census) -> Result<(), NoMemory> {
        let mut leaf = Leaf::default();
        leaf.run.insert(0, slot, head);
        self.pages.insert(at, Owned::new(leaf)?);
        self.register(at, slot, head);
        census.leaves += 1;
        Ok(())
    }
}

/// The pages below one branch and what the branch knows of them, for changes that concern several.
pub struct Family<'b, S, P> {
    pub run: &'b mut Run<S, FANOUT>,
    pub counts: &'b mut [u32; FANOUT],
    pub pages: &'b mut Pages<P>,
}

impl<S: Copy + Default, P: Page<S>> Family<'_, S, P> {
    /// Whether page `at` is there and takes a slot without trouble.
    pub fn has_room(&self, at: usize) -> bool {
        self.pages.get(at).is_some_and(|page| page.fill() + P::CAPACITY / 8 <= P::CAPACITY)
    }

    /// Makes room in page `at`, which is full: a neighbour takes some, or the pages around it become one more, for which
    /// the branch has room. On failure nothing has changed.
    pub fn make_room(&mut self, at: usize, heads: &impl Fn(S) -> Head, census: &mut Census) -> Result<(), NoMemory> {
        let neighbours = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
        let roomy = neighbours
            .filter_map(|index| Some((self.pages.get(index)?.fill(), index)))
            .min()
            .filter(|(fill, _)| fill + P::CAPACITY / 8 <= P::CAPACITY);
        if let Some((fill, index)) = roomy {
            self.shift(at.min(index), (P::CAPACITY - fill).div_ceil(2), index > at);
            self.renew(at.min(index)..at.max(index) + 1, heads);
            return Ok(());
        }
        let window = at.saturating_sub(1)..(at + 2).min(self.pages.len());
        let added = Owned::new(self.pages[at].sibling())?;
        self.pages.insert(window.end, added);
        *P::tally(census) += 1;
        let all = window.start..window.end + 1;
        let share = self.pages[all.clone()].iter().map(|page| page.fill()).sum::<usize>() / all.len();
        for index in (window.start..window.end).rev() {
            let missing = share.saturating_sub(self.pages[index + 1].fill());
            self.shift(index, missing, true);
        }
        // The branch learns of the new page, and then of what is in all of them.
        let slot = self.pages[window.end].first();
        self.register(window.end, slot, &heads(slot));
        self.renew(all, heads);
        Ok(())
    }

    /// Makes an item for page `at`, which is new.
    fn register(&mut self, at: usize, first: S, head: &Head) {
        let len = self.run.len();
        self.counts.copy_within(at..len, at + 1);
        self.counts[at] = self.pages[at].count();
        self.run.insert(at, first, head);
    }

    /// Moves `count` items over the border between page `left` and the next, forward or back.
    fn shift(&mut self, left: usize, count: usize, is_forward: bool) {
        if let Ok([page, next]) = self.pages.get_disjoint_mut([left, left + 1]) {
            if is_forward {
                page.give(next, count);
            } else {
                page.take(next, count);
            }
        }
    }

    /// Brings the branch up to date with pages whose content has moved.
    fn renew(&mut self, range: Range<usize>, heads: &impl Fn(S) -> Head) {
        for at in range {
            let page = &mut self.pages[at];
            page.refine(heads);
            self.counts[at] = page.count();
            let first = page.first();
            self.run.set(at, first, &heads(first));
        }
        self.run.refine(heads);
    }

    /// Page `at` has lost a slot, perhaps its first.
    pub fn lose_one(&mut self, at: usize, is_first: bool, heads: &impl Fn(S) -> Head, census: &mut Census) {
        self.counts[at] -= 1;
        if is_first || self.pages[at].fill() < P::CAPACITY / 2 {
            self.mend(at, heads, census);
        }
    }

    /// After a removal from page `at`: it may be empty, begin with another slot, or be so empty that it and a neighbour
    /// become one.
    fn mend(&mut self, at: usize, heads: &impl Fn(S) -> Head, census: &mut Census) {
        let Some(page) = self.pages.get(at) else { return };
        let fill = page.fill();
        if fill == 0 {
            self.remove(at..at + 1);
            *P::tally(census) -= 1;
            return;
        }
        let first = page.first();
        self.run.set(at, first, &heads(first));
        if fill >= P::CAPACITY / 2 {
            return;
        }
        let neighbours = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
        let small = neighbours.filter_map(|index| Some((self.pages.get(index)?.fill(), index))).min();
        if let Some((other, index)) = small.filter(|(other, _)| fill + other <= P::CAPACITY * 3 / 4) {
            let left = at.min(index);
            self.shift(left, if left == at { other } else { fill }, false);
            self.counts[left] += self.counts[left + 1];
            self.remove(left + 1..left + 2);
            *P::tally(census) -= 1;
        }
    }

    fn remove(&mut self, range: Range<usize>) {
        let len = self.run.len();
        self.counts.copy_within(range.end..len, range.start);
        self.run.remove_range(range.clone());
        self.pages.drain(range);
    }

    /// See [`Page::cut`].
    fn cut(&mut self, range: Range<usize>, heads: &impl Fn(S) -> Head, census: &mut Census, sink: &mut impl FnMut(S)) {
        let mut whole: Option<Range<usize>> = None;
        let mut start = 0;
        for at in 0..self.pages.len() {
            let end = start + self.counts[at] as usize;
            let cut = range.start.max(start)..range.end.min(end);
            if cut == (start..end) {
                whole = Some(whole.map_or(at, |whole| whole.start)..at + 1);
            } else if !cut.is_empty() {
                self.counts[at] -= cut.len() as u32;
                self.pages[at].cut(cut.start - start..cut.end - start, heads, census, sink);
            }
            start = end;
        }
        // The pages at the borders of the cut, which only lost some of their slots, are next to each other now.
        let border = match whole {
            Some(whole) => {
                let (first, len) = (whole.start, self.run.len());
                let pages: Pages<P> = self.pages.drain(whole.clone()).collect();
                self.counts.copy_within(whole.end..len, whole.start);
                self.run.remove_range(whole);
                drain_all(pages, census, sink);
                first
            }
            None => self.page_behind(range.start),
        };
        self.mend(border, heads, census);
        if let Some(before) = border.checked_sub(1) {
            self.mend(before, heads, census);
        }
    }

    /// The first page that holds a slot of at least this rank.
    fn page_behind(&self, rank: usize) -> usize {
        let mut before = 0;
        let counts = self.counts[..self.pages.len()].iter();
        counts
            .take_while(|count| {
                before += **count as usize;
                before <= rank
            })
            .count()
    }
}
