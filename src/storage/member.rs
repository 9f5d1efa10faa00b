//! Member: a member of a large sorted set, its score and its name in one allocation.
//!
//! ```text
//!  the word (also the slot of the table)      63      45            0
//!                                             | tag 19 | address >> 3 |
//!  the block  0        8       9
//!             | score  | len   | name ...            len: one byte, or 255 and four more
//! ```
//!
//! Why: a member is reached in two ways, by its name through the hash table and by its score through the tree. Both
//! point at this one block: the table's slot owns it ([`Member`]), the tree's slot is an address ([`MemberRef`], six
//! bytes). A member of 20 bytes takes 32.
//!
//! Invariants: the word's address is a live block from `memory`, whose request is `request(name offset + name length)`
//! as its length field gives them; score, length and name are initialised, and only `&mut Member` writes.

use super::bucket::Item;
use super::hash::TAG_BITS;
use super::memory::{BLOCK_ALIGN, NoMemory, allocate, prefetch, release, request, size_class};
use super::value::same_bytes;
use std::num::NonZeroU64;
use std::ptr::{self, NonNull};
use std::slice;

const ADDRESS_BITS: u32 = u64::BITS - TAG_BITS;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;
const ALIGN_SHIFT: u32 = BLOCK_ALIGN.ilog2();

/// Where the length is.
const LEN_AT: usize = 8;
/// Where a short name is.
const NAME_AT: usize = LEN_AT + 1;
/// Where a long name is: behind four more bytes of length.
const LONG_NAME_AT: usize = NAME_AT + 4;
/// The length byte of a name of this length or more.
const LONG: u8 = u8::MAX;

const _: () = assert!(size_of::<Option<Member>>() == 8 && size_of::<MemberRef>() == 6);

/// An owned member.
#[derive(Debug)]
#[repr(transparent)]
pub struct Member(NonZeroU64);

/// The address of a member that somebody else owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberRef([u16; 3]);

/// Where the name is, if it is this long.
const fn name_at(len: usize) -> usize {
    if len < LONG as usize { NAME_AT } else { LONG_NAME_AT }
}

impl Member {
    /// # Errors
    /// If memory is short, or the name longer than 4 GiB.
    pub fn new(tag: u32, name: &[u8], score: f64) -> Result<Self, NoMemory> {
        let wide_len = u32::try_from(name.len()).map_err(|_| NoMemory)?;
        let at = name_at(name.len());
        let size = request(at + name.len());
        let block = allocate(size)?;
        // SAFETY: the block is 8-aligned and has room for score, length and name; it is new, so the name cannot
        // overlap it.
        unsafe {
            block.cast::<f64>().write(score);
            if at == NAME_AT {
                block.add(LEN_AT).write(wide_len as u8);
            } else {
                block.add(LEN_AT).write(LONG);
                block.add(NAME_AT).cast::<u32>().write_unaligned(wide_len);
            }
            ptr::copy_nonoverlapping(name.as_ptr(), block.as_ptr().add(at), name.len());
        }
        let address = block.as_ptr().expose_provenance() as u64 >> ALIGN_SHIFT;
        debug_assert!(tag >> TAG_BITS == 0);
        match NonZeroU64::new(u64::from(tag) << ADDRESS_BITS | address) {
            Some(word) if address <= ADDRESS_MASK => Ok(Self(word)),
            _ => {
                // SAFETY: allocated above with this request, and nothing refers to it.
                unsafe { release(block, size) };
                Err(NoMemory)
            }
        }
    }

    #[inline(always)]
    fn block(&self) -> *mut u8 {
        block_at(self.0.get() & ADDRESS_MASK)
    }

    #[inline]
    pub fn score(&self) -> f64 {
        // SAFETY: the block begins with the score (invariants).
        unsafe { score_in(self.block()) }
    }

    #[inline]
    pub fn set_score(&mut self, score: f64) {
        // SAFETY: the block begins with the score (invariants), and &mut self is exclusive.
        unsafe { self.block().cast::<f64>().write(score) };
    }

    #[inline]
    pub fn name(&self) -> &[u8] {
        // SAFETY: a live block (invariants), borrowed with self.
        unsafe { name_in(self.block()) }
    }

    /// What the block takes in the allocator.
    #[inline]
    pub fn memory(&self) -> usize {
        size_class(self.request())
    }

    #[inline]
    fn request(&self) -> usize {
        let len = self.name().len();
        request(name_at(len) + len)
    }

    /// Its address, for an owner that keeps track of it.
    #[inline]
    pub fn address(&self) -> MemberRef {
        let address = self.0.get() & ADDRESS_MASK;
        MemberRef([address as u16, (address >> 16) as u16, (address >> 32) as u16])
    }
}

// SAFETY: transparent over NonZeroU64; tag and prefetch compute from the word alone.
unsafe impl Item for Member {
    #[inline(always)]
    fn tag(&self) -> u32 {
        (self.0.get() >> ADDRESS_BITS) as u32
    }

    #[inline(always)]
    fn has_key(&self, key: &[u8]) -> bool {
        same_bytes(self.name(), key)
    }

    #[inline(always)]
    fn prefetch(&self) {
        prefetch(self.block());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // SAFETY: the block is owned by self, this is its request (invariants), and self ends here.
        unsafe { release(NonNull::new_unchecked(self.block()), self.request()) };
    }
}

impl MemberRef {
    #[inline(always)]
    fn block(self) -> *mut u8 {
        let [low, middle, high] = self.0.map(u64::from);
        block_at(low | middle << 16 | high << 32)
    }

    /// # Safety
    /// The member is still there.
    #[inline]
    pub unsafe fn score(self) -> f64 {
        // SAFETY: a live block by this function's contract.
        unsafe { score_in(self.block()) }
    }

    /// # Safety
    /// The member is there for as long as the name is used, and nobody changes it.
    #[inline]
    pub unsafe fn name<'a>(self) -> &'a [u8] {
        // SAFETY: a live block by this function's contract.
        unsafe { name_in(self.block()) }
    }

    /// Starts loading the member.
    #[inline(always)]
    pub fn prefetch(self) {
        prefetch(self.block());
    }
}

#[inline(always)]
fn block_at(address: u64) -> *mut u8 {
    ptr::with_exposed_provenance_mut((address << ALIGN_SHIFT) as usize)
}

/// # Safety
/// `block` is the block of a live member.
#[inline(always)]
unsafe fn score_in(block: *mut u8) -> f64 {
    // SAFETY: by this function's contract, the first eight bytes are an aligned and initialised score.
    unsafe { block.cast::<f64>().read() }
}

/// # Safety
/// `block` is the block of a member that lives as long as the name is used.
#[inline(always)]
unsafe fn name_in<'a>(block: *mut u8) -> &'a [u8] {
    // SAFETY: by this function's contract and the invariants, the length byte, the long length if there is one, and
    // that many bytes behind it are initialised.
    unsafe {
        let short = *block.add(LEN_AT);
        let (at, len) = if short == LONG {
            (LONG_NAME_AT, block.add(NAME_AT).cast::<u32>().read_unaligned() as usize)
        } else {
            (NAME_AT, usize::from(short))
        };
        slice::from_raw_parts(block.add(at), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_all_lengths_keep_score_and_name() {
        for len in [0, 1, 7, 8, 20, 254, 255, 256, 70_000] {
            let name: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut member = Member::new(0x7_FFFF, &name, -1.5).unwrap();
            assert_eq!((member.tag(), member.score(), member.name()), (0x7_FFFF, -1.5, &name[..]));
            member.set_score(f64::INFINITY);
            let address = member.address();
            // SAFETY: the member lives to the end of this turn, and nobody changes it.
            let (score, seen) = unsafe { (address.score(), address.name()) };
            assert_eq!((score, seen), (f64::INFINITY, &name[..]));
            assert!(member.has_key(&name) && !member.has_key(b"other"));
        }
        let twenty = Member::new(1, &[b'x'; 20], 1.0).unwrap();
        assert_eq!(twenty.memory(), 32);
    }
}
