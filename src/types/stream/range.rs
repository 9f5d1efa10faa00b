//! Ranges of a log, in either direction. Deleted entries are left out.

use super::block::Block;
use super::entry::{Entries, Entry};
use super::id::Id;
use super::index::Place;
use super::log::Log;
use smallvec::SmallVec;

/// Entries of a range, oldest first.
#[derive(Debug)]
pub struct Range<'a> {
    log: &'a Log,
    /// The block after the one that `entries` is in.
    next: Option<Place>,
    entries: Option<Entries<'a>>,
    start: Id,
    end: Id,
}

impl<'a> Range<'a> {
    pub(super) fn new(log: &'a Log, start: Id, end: Id) -> Self {
        let index = log.index();
        let mut next = if start > end { None } else { index.find(start).or_else(|| index.first()) };
        if let Some(place) = next
            && index.get(place).is_some_and(|block| block.last() < start)
        {
            next = index.next(place);
        }
        Self { log, next, entries: None, start, end }
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let Some(entries) = &mut self.entries else {
                let place = self.next?;
                let index = self.log.index();
                self.entries = index.get(place).map(Block::entries);
                self.next = index.next(place);
                continue;
            };
            match entries.next() {
                Some(entry) if entry.is_deleted || entry.id < self.start => {}
                Some(entry) if entry.id > self.end => {
                    self.next = None;
                    self.entries = None;
                    return None;
                }
                Some(entry) => return Some(entry),
                None => self.entries = None,
            }
        }
    }
}

/// Entries of a range, newest first. A block can only be read forwards, so its entries are found first and then
/// walked back; its last entry is known without that.
#[derive(Debug)]
pub struct RangeRev<'a> {
    log: &'a Log,
    /// The block before the one that is being walked.
    next: Option<Place>,
    walk: Walk<'a>,
    found: Found,
    start: Id,
    end: Id,
}

/// How far the walk through a block has come.
#[derive(Clone, Copy, Debug)]
enum Walk<'a> {
    Outside,
    /// Its last entry is to come.
    AtLast(&'a Block),
    /// Those before it are to be found.
    Unread(&'a Block),
    /// Some are found; the flag tells whether older ones are still to be found.
    Found(&'a Block, bool),
}

/// Entries found at once: more than a block usually has.
const FOUND_MAX: usize = 1024;
/// Entries found at once where the system refuses the memory for more.
const FOUND_MIN: usize = 32;

/// Where in a block entries are that are still to come: a stack that has room for so many, and forgets the oldest
/// beyond that.
#[derive(Debug, Default)]
struct Found {
    entries: SmallVec<[(u32, Id); FOUND_MIN]>,
    /// Where the next one goes; the newest is before it.
    end: usize,
    len: usize,
}

impl Found {
    /// Makes room for as many, or as there is memory for; nothing must be there.
    fn reserve(&mut self, count: usize) {
        self.entries.clear();
        let count = count.clamp(1, FOUND_MAX);
        let room =
            if self.entries.try_reserve_exact(count).is_ok() { count } else { self.entries.capacity().min(count) };
        (self.end, self.len) = (0, 0);
        self.entries.resize(room, (0, Id::MIN));
    }

    /// Adds one; whether the oldest has been forgotten for it.
    fn push(&mut self, at: u32, id: Id) -> bool {
        let is_full = self.len == self.entries.len();
        if let Some(slot) = self.entries.get_mut(self.end) {
            *slot = (at, id);
        }
        self.end = if self.end + 1 == self.entries.len() { 0 } else { self.end + 1 };
        self.len += usize::from(!is_full);
        is_full
    }

    fn pop(&mut self) -> Option<(u32, Id)> {
        self.len = self.len.checked_sub(1)?;
        self.end = self.end.checked_sub(1).unwrap_or(self.entries.len() - 1);
        self.entries.get(self.end).copied()
    }
}

impl<'a> RangeRev<'a> {
    pub(super) fn new(log: &'a Log, start: Id, end: Id) -> Self {
        let next = if start > end { None } else { log.index().find(end) };
        Self { log, next, walk: Walk::Outside, found: Found::default(), start, end }
    }

    /// The next block, if it reaches into the range.
    fn enter(&mut self) -> Option<&'a Block> {
        let index = self.log.index();
        let place = self.next?;
        self.next = index.previous(place);
        index.get(place).filter(|block| block.last() >= self.start)
    }

    /// Finds the newest entries of a block that are in the range; whether there are older ones.
    fn find(&mut self, block: &'a Block) -> bool {
        let mut has_older = false;
        let (start, end) = (self.start, self.end);
        self.found.reserve(usize::try_from(block.live()).unwrap_or(usize::MAX));
        let live = block.entries().filter(|entry| !entry.is_deleted);
        for entry in live.skip_while(|entry| entry.id < start).take_while(|entry| entry.id <= end) {
            has_older |= self.found.push(entry.at(), entry.id);
        }
        has_older
    }
}

impl<'a> Iterator for RangeRev<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            match self.walk {
                Walk::Outside => self.walk = Walk::AtLast(self.enter()?),
                Walk::AtLast(block) => {
                    self.walk = Walk::Unread(block);
                    if block.last() <= self.end {
                        self.end = block.last().previous()?;
                        let last = block.last_entry().filter(|entry| !entry.is_deleted);
                        if last.is_some() {
                            return last;
                        }
                    }
                }
                Walk::Unread(block) => self.walk = Walk::Found(block, self.find(block)),
                Walk::Found(block, has_older) => match self.found.pop() {
                    Some((at, id)) => {
                        self.end = id.previous()?;
                        return block.entry_at(at, id);
                    }
                    None if has_older => self.walk = Walk::Unread(block),
                    None => self.walk = Walk::Outside,
                },
            }
        }
    }
}
