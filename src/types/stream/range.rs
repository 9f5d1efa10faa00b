//! Ranges of a log, in either direction. Deleted entries are left out.

use super::block::Block;
use super::entry::{Entries, Entry};
use super::id::Id;
use super::index::Place;
use super::log::Log;
use std::collections::VecDeque;

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
    /// Where in the block entries are that are still to come, oldest first.
    found: VecDeque<(u32, Id)>,
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

impl<'a> RangeRev<'a> {
    pub(super) fn new(log: &'a Log, start: Id, end: Id) -> Self {
        let next = if start > end { None } else { log.index().find(end) };
        Self { log, next, walk: Walk::Outside, found: VecDeque::new(), start, end }
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
        let live = block.entries().filter(|entry| !entry.is_deleted);
        for entry in live.skip_while(|entry| entry.id < start).take_while(|entry| entry.id <= end) {
            if self.found.len() == FOUND_MAX {
                self.found.pop_front();
                has_older = true;
            }
            self.found.push_back((entry.at(), entry.id));
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
                Walk::Found(block, has_older) => match self.found.pop_back() {
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
