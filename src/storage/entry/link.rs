//! Link: the word of an entry that says where its deadline is in the TTL heap, and the heap's way back.
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

/// Content of a link word without deadline.
const NO_SEAT: u32 = u32::MAX;
const LINK_OFFSET: usize = 8;
const LINK_SIZE: usize = 4;

impl<O: Object> Entry<O> {
    /// Makes room for a deadline; the entry may move.
    pub fn ensure_link(&mut self) -> Result<(), NoMemory> {
        let header = self.header();
        if header.has(Flag::Link) {
            return Ok(());
        }
        let payload = self.value_offset(header) + header.value_size();
        self.reallocate(request(payload), request(payload + LINK_SIZE))?;
        // SAFETY: the block now has room for LINK_SIZE more; everything after the header moves up by that.
        unsafe {
            let at = self.block().add(LINK_OFFSET);
            ptr::copy(at, at.add(LINK_SIZE), payload - LINK_OFFSET);
            at.cast::<u32>().write(NO_SEAT);
        }
        self.set_header(header.with(Flag::Link, true));
        Ok(())
    }

    /// The seat in the TTL heap; `None` if the key has no deadline.
    #[inline]
    pub fn seat(&self) -> Option<u32> {
        if !self.header().has(Flag::Link) {
            return None;
        }
        // SAFETY: invariants 1 and 2: the link word is there, 4-aligned as the block is 8-aligned.
        let seat = unsafe { self.block().add(LINK_OFFSET).cast::<u32>().read() };
        (seat != NO_SEAT).then_some(seat)
    }

    /// Records that the key has no deadline any more.
    pub fn clear_seat(&mut self) {
        if self.header().has(Flag::Link) {
            // SAFETY: as in `seat`; &mut self is exclusive.
            unsafe { self.block().add(LINK_OFFSET).cast::<u32>().write(NO_SEAT) };
        }
    }

    /// A second way to the entry, for the TTL heap.
    ///
    /// # Safety
    /// The entry has a link word. The handle is not used once the entry has moved or is freed, nor while a
    /// reference into the entry is live.
    pub unsafe fn handle(&self) -> Handle {
        Handle(self.0)
    }

    /// Whether the handle is this entry's.
    #[inline]
    pub fn is(&self, handle: &Handle) -> bool {
        self.0 == handle.0
    }
}

/// A non-owning word of an entry with a link word; see [`Entry::handle`].
#[derive(Debug)]
#[repr(transparent)]
pub struct Handle(NonZeroU64);

impl Handle {
    /// The hash bits of the entry.
    pub fn tag(&self) -> u32 {
        (self.0.get() >> ADDRESS_BITS) as u32
    }
}

impl Seated for Handle {
    #[inline]
    fn seat(&mut self, seat: u32) {
        // SAFETY: the creator of the handle vouches that the entry is live, has a link word and is not borrowed.
        unsafe { block_of(self.0).add(LINK_OFFSET).cast::<u32>().write(seat) };
    }
}
