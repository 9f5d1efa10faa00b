//! Buffer: a growable byte string behind a thin pointer, for values too long to embed in their entry.
//!
//! What: one allocation `{len, capacity, bytes}`; the owner keeps 8 bytes. A `Vec<u8>` would need 24 bytes in
//! the entry or a second pointer to follow.
//!
//! ```text
//!  0         8          16
//!  | len u64 | cap u64  | bytes: len initialised, then capacity - len spare ... |
//! ```
//!
//! Invariants: `len <= capacity`; `HEADER + capacity` is the block's request; the first `len` bytes are
//! initialised. Cost: 16 bytes and one more cache miss per value. Growth through [`Buffer::resize`] is greedy
//! (double below 1 MiB, then 1 MiB more, as in Redis' sds), so n appends copy O(n) bytes.

use super::memory::{NoMemory, allocate, reallocate, release, request, size_class};
use std::mem::{ManuallyDrop, size_of};
use std::ptr::{NonNull, copy_nonoverlapping, write_bytes};
use std::slice;

const HEADER: usize = 16;
/// Below this length a growing buffer doubles, above it gets this much more.
const GREED_MAX: usize = 1024 * 1024;

#[repr(C)]
struct Head {
    len: usize,
    capacity: usize,
}

const _: () = assert!(size_of::<Head>() == HEADER);
const _: () = assert!(size_of::<Option<Buffer>>() == 8);

/// An owned byte string; 8 bytes.
#[derive(Debug)]
#[repr(transparent)]
pub struct Buffer(NonNull<u8>);

// SAFETY: a buffer owns its block exclusively; the bytes have no thread affinity.
unsafe impl Send for Buffer {}
// SAFETY: through a shared reference a buffer can only be read.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// An empty buffer with room for `capacity` bytes.
    fn with_capacity(capacity: usize) -> Result<Self, NoMemory> {
        let request = request(HEADER.saturating_add(capacity));
        let block = allocate(request)?;
        // SAFETY: the block is at least HEADER bytes long and 8-aligned.
        unsafe { block.cast::<Head>().write(Head { len: 0, capacity: request - HEADER }) };
        Ok(Self(block))
    }

    /// A copy of `bytes` without spare room beyond the rounding.
    pub fn copy_of(bytes: &[u8]) -> Result<Self, NoMemory> {
        let mut buffer = Self::with_capacity(bytes.len())?;
        buffer.fill(bytes);
        Ok(buffer)
    }

    /// A copy of `bytes` extended with zeros to `len`, with spare room for growth.
    pub fn grown_from(bytes: &[u8], len: usize, growth: Growth) -> Result<Self, NoMemory> {
        debug_assert!(bytes.len() <= len);
        let mut buffer = Self::with_capacity(growth.capacity(len)).or_else(|_| Self::with_capacity(len))?;
        buffer.fill(bytes);
        buffer.resize(len, growth)?;
        Ok(buffer)
    }

    #[inline]
    fn head(&self) -> &Head {
        // SAFETY: the block starts with an initialised Head (invariant) that only &mut self changes.
        unsafe { self.0.cast::<Head>().as_ref() }
    }

    #[inline]
    fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.head().capacity);
        // SAFETY: the block starts with a Head, and &mut self makes this the only access.
        unsafe { self.0.cast::<Head>().as_mut().len = len };
    }

    /// Replaces the content; the capacity suffices.
    fn fill(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.head().capacity);
        // SAFETY: the room after the header is `capacity` bytes, checked above; `bytes` cannot overlap it
        // because &mut self is exclusive.
        unsafe { copy_nonoverlapping(bytes.as_ptr(), self.0.as_ptr().add(HEADER), bytes.len()) };
        self.set_len(bytes.len());
    }

    /// Replaces the content in place if it fits and leaves at most half of the room unused.
    pub fn overwrite(&mut self, bytes: &[u8]) -> bool {
        let capacity = self.head().capacity;
        let fits = bytes.len() <= capacity && bytes.len() >= capacity / 2;
        if fits {
            self.fill(bytes);
        }
        fits
    }

    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes after the header are initialised (invariant).
        unsafe { slice::from_raw_parts(self.0.as_ptr().add(HEADER), self.head().len) }
    }

    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and &mut self is exclusive.
        unsafe { slice::from_raw_parts_mut(self.0.as_ptr().add(HEADER), self.head().len) }
    }

    /// Sets the length; new bytes are zero. Unchanged on failure.
    pub fn resize(&mut self, len: usize, growth: Growth) -> Result<(), NoMemory> {
        let old = self.head().len;
        if len > self.head().capacity {
            self.set_capacity(growth.capacity(len)).or_else(|_| self.set_capacity(len))?;
        }
        if len > old {
            // SAFETY: the room after the header is at least `len` bytes; `old..len` lies inside it.
            unsafe { write_bytes(self.0.as_ptr().add(HEADER + old), 0, len - old) };
        }
        self.set_len(len);
        Ok(())
    }

    fn set_capacity(&mut self, capacity: usize) -> Result<(), NoMemory> {
        let new = request(HEADER.saturating_add(capacity));
        // SAFETY: self owns the block, whose request is HEADER + capacity (invariant).
        self.0 = unsafe { reallocate(self.0, HEADER + self.head().capacity, new)? };
        // SAFETY: the moved block still starts with its Head; &mut self is exclusive.
        unsafe { self.0.cast::<Head>().as_mut().capacity = new - HEADER };
        Ok(())
    }

    /// What the buffer takes in the allocator.
    #[inline]
    pub fn memory(&self) -> usize {
        size_class(HEADER + self.head().capacity)
    }

    /// Gives up ownership; undone by [`Buffer::from_raw`].
    #[inline]
    pub fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    /// `raw` came from [`Buffer::into_raw`], and at most one owner results from it.
    #[inline]
    pub unsafe fn from_raw(raw: NonNull<u8>) -> Self {
        Self(raw)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: self owns the block, whose request is HEADER + capacity (invariant), and is gone after this.
        unsafe { release(self.0, HEADER + self.head().capacity) };
    }
}

/// How much room a growing buffer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Twice the length, from 1 MiB on that much more.
    Greedy,
    /// The length, rounded as the allocator does.
    Exact,
}

impl Growth {
    fn capacity(self, len: usize) -> usize {
        match self {
            Self::Greedy => len.saturating_add(len.min(GREED_MAX)),
            Self::Exact => size_class(request(len.saturating_add(HEADER))) - HEADER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_zeros_and_keeps_its_content() {
        let mut buffer = Buffer::copy_of(b"hello").unwrap();
        for len in [5, 6, 100, 5000, 3_000_000, 3] {
            let kept = buffer.as_slice().len().min(len);
            let before = buffer.as_slice()[..kept].to_vec();
            buffer.resize(len, Growth::Greedy).unwrap();
            assert_eq!(&buffer.as_slice()[..kept], before);
            assert!(buffer.as_slice()[kept..].iter().all(|&byte| byte == 0));
        }
        assert_eq!(buffer.as_slice(), b"hel");
    }

    #[test]
    fn overwrites_only_what_fits_well() {
        let mut buffer = Buffer::copy_of(&[7; 1000]).unwrap();
        assert!(buffer.overwrite(&[8; 700]));
        assert_eq!(buffer.as_slice(), [8; 700]);
        assert!(!buffer.overwrite(&[9; 100]));
        assert!(!buffer.overwrite(&[9; 2000]));
        assert_eq!(buffer.as_slice(), [8; 700]);
    }

    #[test]
    fn refuses_the_impossible_and_stays_as_it_was() {
        let mut buffer = Buffer::copy_of(b"abc").unwrap();
        assert_eq!(buffer.resize(usize::MAX - 5, Growth::Greedy), Err(NoMemory));
        assert_eq!(buffer.resize(isize::MAX as usize, Growth::Exact), Err(NoMemory));
        assert_eq!(buffer.as_slice(), b"abc");
    }
}
