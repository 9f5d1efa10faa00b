//! Sorting much in slices: the elements have been copied under the lock, and from then on nobody has to wait. Weighing,
//! sorting and replying need only the copy, so they give way to others after every slice and hold no lock.
//!
//! That is so as long as no other key is looked at and nothing is stored. The reply is the one that there would be without
//! slices: it shows the value as it was when the command came.
//!
//! Sorting is a merge sort from short runs up, of positions in the list of items; equal elements stay in their order. Cost:
//! as sorting at once, and eight bytes per element.

use super::super::session::{Continuation, Slice};
use super::super::{CommandError, Ctx};
use super::order::{Item, Order, Weight};
use super::{GARBAGE_MIN, Texts};
use std::cmp::Ordering;
use std::mem::{swap, take};
use std::ops::Range;

/// From so many elements on it is worth it; fewer are sorted within a slice or two.
pub const ELEMENTS_MIN: usize = 4096;
/// How long a slice runs before others get their turn.
const SLICE_US: u64 = 200;
/// Elements between two looks at the clock.
const STEP: usize = 256;
/// Elements of a run that is sorted at once; half a slice or so.
const RUN: usize = 1024;

/// See the module's comment.
pub struct Sorting {
    texts: Texts,
    items: Vec<Item>,
    order: Order,
    /// Which of the sorted elements are replied.
    range: Range<usize>,
    /// How often each of them is.
    repeats: usize,
    /// Positions in `items`, and room for as many.
    sorted: Vec<u32>,
    room: Vec<u32>,
    phase: Phase,
}

/// What is to be done next.
enum Phase {
    Weigh { next: usize },
    SortRuns { next: usize },
    Merge(Merge),
    Reply { next: usize, has_begun: bool },
}

/// Where a pass that merges neighbouring runs of `width` is: at those of `left` and `right`, which begin where they
/// have not been merged yet.
struct Merge {
    width: usize,
    left: Range<usize>,
    right: Range<usize>,
}

impl Merge {
    /// The first two runs from `start` on.
    fn at(start: usize, width: usize, len: usize) -> Self {
        let middle = start.saturating_add(width).min(len);
        Self { width, left: start.min(len)..middle, right: middle..middle.saturating_add(width).min(len) }
    }
}

impl Sorting {
    /// Elements that have no weights yet, all of `texts`; `range` of them are replied when they are in order.
    ///
    /// # Errors
    /// If there are too many, or memory is short.
    pub fn new(
        texts: Texts,
        items: Vec<Item>,
        order: Order,
        range: Range<usize>,
        repeats: usize,
    ) -> Result<Self, CommandError> {
        let count = u32::try_from(items.len()).map_err(|_| CommandError::OUT_OF_MEMORY)?;
        let (mut sorted, mut room) = (Vec::new(), Vec::new());
        for positions in [&mut sorted, &mut room] {
            positions.try_reserve_exact(items.len()).map_err(|_| CommandError::NO_MEMORY)?;
        }
        sorted.extend(0..count);
        let end = range.end.min(items.len());
        let range = range.start.min(end)..end;
        Ok(Self { texts, items, order, range, repeats, sorted, room, phase: Phase::Weigh { next: 0 } })
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        self.order.compare(&self.items[a as usize], &self.items[b as usize], &self.texts.bytes)
    }

    /// Does some of the work, none of which writes a reply; whether all of it is done.
    fn step(&mut self) -> Result<bool, CommandError> {
        let len = self.items.len();
        match &mut self.phase {
            Phase::Weigh { next } => {
                let end = (*next + STEP).min(len);
                for item in &mut self.items[*next..end] {
                    item.weight = if self.order.alpha {
                        Weight::Text(item.text.clone())
                    } else {
                        Weight::number(self.texts.get(&item.text))?
                    };
                }
                *next = end;
                if end == len {
                    self.phase = Phase::SortRuns { next: 0 };
                }
            }
            Phase::SortRuns { next } => {
                let run = *next..(*next + RUN).min(len);
                *next = run.end;
                let mut positions = take(&mut self.sorted);
                positions[run.clone()].sort_unstable_by(|a, b| self.compare(*a, *b).then(a.cmp(b)));
                self.sorted = positions;
                if run.end == len {
                    self.phase = Phase::Merge(Merge::at(0, RUN, len));
                }
            }
            Phase::Merge(_) => self.merge(),
            Phase::Reply { .. } => return Ok(true),
        }
        Ok(false)
    }

    /// Merges some elements into `room`; at the end of a pass that is what is sorted.
    fn merge(&mut self) {
        let len = self.items.len();
        let Phase::Merge(Merge { width, mut left, mut right }) = take(&mut self.phase) else { return };
        for _ in 0..STEP {
            let (first, second) = (self.sorted.get(left.start).copied(), self.sorted.get(right.start).copied());
            let taken = match (first.filter(|_| !left.is_empty()), second.filter(|_| !right.is_empty())) {
                // The left one if they are equal, so that they stay in their order.
                (Some(a), Some(b)) if self.compare(b, a) == Ordering::Less => (b, &mut right),
                (Some(a), _) => (a, &mut left),
                (None, Some(b)) => (b, &mut right),
                (None, None) if right.end >= len => {
                    swap(&mut self.sorted, &mut self.room);
                    self.room.clear();
                    let is_sorted = width.saturating_mul(2) >= len;
                    self.phase = if is_sorted {
                        Phase::Reply { next: self.range.start, has_begun: false }
                    } else {
                        Phase::Merge(Merge::at(0, width * 2, len))
                    };
                    return;
                }
                (None, None) => {
                    Merge { left, right, .. } = Merge::at(right.end, width, len);
                    continue;
                }
            };
            let (position, from) = taken;
            self.room.push(position);
            from.start += 1;
        }
        self.phase = Phase::Merge(Merge { width, left, right });
    }

    /// Writes some of the reply; whether that was all.
    fn reply(&mut self, ctx: &mut Ctx) -> bool {
        let Phase::Reply { next, has_begun } = &mut self.phase else { return false };
        if !*has_begun {
            ctx.reply.array(self.range.len() * self.repeats);
            *has_begun = true;
        }
        let end = (*next + STEP).min(self.range.end);
        for position in &self.sorted[*next..end] {
            let text = self.texts.get(&self.items[*position as usize].text);
            (0..self.repeats).for_each(|_| ctx.reply.bulk(text));
        }
        *next = end;
        end == self.range.end
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Weigh { next: 0 }
    }
}

impl Continuation for Sorting {
    fn resume(&mut self, ctx: &mut Ctx) -> Result<Slice, CommandError> {
        let clock = &ctx.engine.clock;
        let started_us = clock.elapsed_us();
        while clock.elapsed_us() - started_us < SLICE_US {
            if self.step()? && self.reply(ctx) {
                if self.texts.bytes.len() >= GARBAGE_MIN {
                    ctx.engine.reclaimer.defer((take(&mut self.texts), take(&mut self.items)));
                }
                return Ok(Slice::Done);
            }
        }
        Ok(Slice::More)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;

    #[test]
    fn the_order_is_that_of_a_stable_sort() {
        let mut rng = Rng::seeded(11);
        for len in [0, 1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN, 3 * RUN + 7, 8 * RUN, 9 * RUN - 1] {
            for (alpha, descending) in [(false, false), (false, true), (true, false), (true, true)] {
                let (mut texts, mut items) = (Texts::default(), Vec::new());
                for _ in 0..len {
                    // Few different ones, and some that are equal as numbers only.
                    let text = format!("{}{}", ["", "0", "00"][rng.below(3) as usize], rng.below(500));
                    items.push(Item { text: texts.push(text.as_bytes()).unwrap(), weight: Weight::None });
                }
                let order = Order { alpha, descending, by_itself: true };
                let mut sorting = Sorting::new(texts, items, order, 0..len, 1).unwrap();
                while !sorting.step().unwrap() {}
                let mut expected: Vec<u32> = (0..len as u32).collect();
                expected.sort_by(|a, b| sorting.compare(*a, *b));
                assert_eq!(sorting.sorted, expected, "{len} elements");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let mut texts = Texts::default();
        let items = vec![Item { text: texts.push(b"x").unwrap(), weight: Weight::None }];
        let order = Order { alpha: false, descending: false, by_itself: true };
        assert!(Sorting::new(texts, items, order, 0..1, 1).unwrap().step().is_err());
    }
}
