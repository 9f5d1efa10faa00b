//! Link: the words of an entry that say where its deadlines are in their heaps, and the heaps' way back.
//!
//! There are two kinds of deadlines: that of the entry itself, in the TTL heap, and the earliest of those inside its value
//! (fields of a hash), in a heap of its own. An entry has as many link words as it needed so far: none, the first, or both.
//!
//! A link word, once there, stays until the entry goes: `NO_SEAT` says no deadline. So taking a deadline away
//! cannot fail, and a key that is SET with a TTL again and again is not moved. Entries that never had a
//! deadline do without the 4 bytes. Invariants are those of the parent module.

use super::super::header::Flag;
use super::super::memory::{NoMemory, request};
use super::super::ttl_heap::Seated;
use super::{ADDRESS_BITS, Entry, Object, block_of};
use std::num::NonZeroU64;
use std::ptr;

/// The link of the entry's own deadline.
pub const OWN: usize = 0;
/// The link of the earliest deadline inside the value.
pub const INNER: usize = 1;

/// Content of a link word without deadline.
const NO_SEAT: u32 = u32::MAX;
const LINK_SIZE: usize = 4;

/// Where a link word is.
const fn offset(link: usize) -> usize {
    8 + link * LINK_SIZE
}

/// What says that a link word is there.
const fn flag(link: usize) -> Flag {
    if link == OWN { Flag::Link } else { Flag::InnerLink }
}

impl<O: Object> Entry<O> {
    /// Makes room for a deadline; the entry may move.
    pub fn ensure_link<const LINK: usize>(&mut self) -> Result<(), NoMemory> {
        if LINK == INNER {
            self.ensure_link::<OWN>()?;
        }
        let header = self.header();
        if header.has(flag(LINK)) {
            return Ok(());
        }
        let payload = self.value_offset(header) + header.value_size();
        self.reallocate(request(payload), request(payload + LINK_SIZE))?;
        // SAFETY: the block now has room for LINK_SIZE more; everything after the header, and after the first link word
        // if this is the second, moves up by that.
        unsafe {
            let at = self.block().add(offset(LINK));
            ptr::copy(at, at.add(LINK_SIZE), payload - offset(LINK));
            at.cast::<u32>().write(NO_SEAT);
        }
        self.set_header(header.with(flag(LINK), true));
        Ok(())
    }

    /// The seat in the heap of a link; `None` if there is no such deadline.
    #[inline]
    pub fn seat<const LINK: usize>(&self) -> Option<u32> {
        if !self.header().has(flag(LINK)) {
            return None;
        }
        // SAFETY: invariants 1 and 2: the link word is there, 4-aligned as the block is 8-aligned.
        let seat = unsafe { self.block().add(offset(LINK)).cast::<u32>().read() };
        (seat != NO_SEAT).then_some(seat)
    }

    /// Records that there is no such deadline any more.
    pub fn clear_seat<const LINK: usize>(&mut self) {
        if self.header().has(flag(LINK)) {
            // SAFETY: as in `seat`; &mut self is exclusive.
            unsafe { self.block().add(offset(LINK)).cast::<u32>().write(NO_SEAT) };
        }
    }

    /// A second way to the entry, for the heap of a link.
    ///
    /// # Safety
    /// The entry has this link word. The handle is not used once the entry has moved or is freed, nor while a
    /// reference into the entry is live.
    pub unsafe fn handle<const LINK: usize>(&self) -> Handle<LINK> {
        Handle(self.0)
    }

    /// Whether the handle is this entry's.
    #[inline]
    pub fn is<const LINK: usize>(&self, handle: Handle<LINK>) -> bool {
        self.0 == handle.0
    }
}

/// A non-owning word of an entry with a link word; see [`Entry::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Handle<const LINK: usize>(NonZeroU64);

impl<const LINK: usize> Handle<LINK> {
    /// The hash bits of the entry.
    pub fn tag(self) -> u32 {
        (self.0.get() >> ADDRESS_BITS) as u32
    }
}

impl<const LINK: usize> Seated for Handle<LINK> {
    #[inline]
    fn seat(&mut self, seat: u32) {
        // SAFETY: the creator of the handle vouches that the entry is live, has this link word and is not borrowed.
        unsafe { block_of(self.0).add(offset(LINK)).cast::<u32>().write(seat) };
    }
}
