//! Entry: a name, its value, its eviction and expiry bits in one allocation, owned by one 8-byte word. The name is a key
//! of the keyspace, a field of a hash, or a member of a set.
//!
//! ```text
//!  the word (also the slot of the table)      63      45            0
//!                                             | tag 19 | address >> 3 |
//!  the block  0        8          ..16       ..20
//!             | header | links    | wide len | key ... | value ... |
//!               8        0, 4, 8    0 or 4     0..2^32   8: Int, 8: pointer of Boxed or Object, 0..=EMBEDDED_MAX: Embedded
//! ```
//!
//! Why: a lookup costs two dependent cache misses, bucket and block; a 16-byte key with a 32-byte value
//! requests 56 bytes. The word carries the key's hash bits, so the table never reads a block to move it.
//!
//! Invariants (the safety comments below refer to them):
//! 1. The word's address is a live block from `memory`, whose request is `request(payload)`, where payload is
//!    the sum of the parts as the header, and the wide length if present, give them.
//! 2. All payload bytes are initialised; a `Boxed` value's 8 bytes are a buffer owned by this entry, an `Object`'s are
//!    a `Box<O>` owned by this entry.
//! 3. Only `&mut self` writes, except [`Handle::seat`], whose creator vouches for it, and [`Entry::touch`].
//!
//! All operations that allocate return [`NoMemory`] and leave the entry as it was, except that
//! [`Entry::resize`] may leave an integer as its text. Where deadlines are is in `link`.

mod link;
mod outside;

use super::bucket::Item;
use super::buffer::{Buffer, Growth};
use super::hash::TAG_BITS;
use super::header::{EMBEDDED_MAX, Flag, Form, Header};
use super::memory::{BLOCK_ALIGN, NoMemory, allocate, prefetch, reallocate, release, request, size_class};
use super::value::{Kind, NewValue, StringRef, ValueRef, format_int, same_bytes};
use crate::keyspace::try_box;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, size_of};
use std::num::NonZeroU64;
use std::ptr::{self, NonNull};
use std::slice;

pub use link::{Handle, INNER, OWN};
pub use outside::{Nothing, Object, Outside};

const ADDRESS_BITS: u32 = u64::BITS - TAG_BITS;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;
const ALIGN_SHIFT: u32 = BLOCK_ALIGN.ilog2();

const _: () = assert!(size_of::<Option<Entry<Nothing>>>() == 8);
const _: () = assert!(size_of::<usize>() == 8, "64-bit targets only");

/// An owned entry, whose large values are of type `O`.
#[derive(Debug)]
#[repr(transparent)]
pub struct Entry<O: Object>(NonZeroU64, PhantomData<(Box<O>, Cell<()>)>);

impl<O: Object> Entry<O> {
    /// Builds an entry without deadline.
    pub fn new(tag: u32, key: &[u8], value: NewValue<'_>) -> Result<Self, NoMemory> {
        let (kind, bytes) = match value {
            NewValue::Int(int) => return Self::build(tag, key, Kind::String, Form::Int, &int.to_ne_bytes()),
            NewValue::Str(bytes) => (Kind::String, bytes),
            NewValue::Flat(kind, bytes) => (kind, bytes),
        };
        if bytes.len() <= EMBEDDED_MAX {
            return Self::build(tag, key, kind, Form::Embedded, bytes);
        }
        Self::with_outside(tag, key, kind, Outside::Buffer(Buffer::copy_of(bytes)?)).map_err(|(error, _)| error)
    }

    /// Another entry with this one's key and value, without deadline and with access bits 0.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let (value, is_raw) = match self.value() {
            ValueRef::String(StringRef::Int(int)) => (NewValue::Int(int), true),
            ValueRef::String(StringRef::Str(bytes)) => (NewValue::Str(bytes), self.is_raw()),
            ValueRef::Flat(kind, bytes) => (NewValue::Flat(kind, bytes), false),
            ValueRef::Object(kind, object) => {
                let copy = Outside::Object(try_box(object.duplicate()?)?);
                return Self::with_outside(self.tag(), self.key(), kind, copy).map_err(|(error, _)| error);
            }
        };
        let mut copy = Self::new(self.tag(), self.key(), value)?;
        copy.set_header(copy.header().with(Flag::Raw, is_raw));
        Ok(copy)
    }

    /// Builds an entry that owns `value`; on failure that is given back.
    pub fn with_outside(tag: u32, key: &[u8], kind: Kind, value: Outside<O>) -> Result<Self, (NoMemory, Outside<O>)> {
        let form = value.form();
        let address = value.into_address();
        Self::build(tag, key, kind, form, &address.to_ne_bytes()).map_err(|error| {
            // SAFETY: `address` came from into_address just above and no entry took it over.
            let value = unsafe { Outside::from_address(form, address) };
            (error, value.expect("the form of a value outside"))
        })
    }

    fn build(tag: u32, key: &[u8], kind: Kind, form: Form, value: &[u8]) -> Result<Self, NoMemory> {
        let wide_len = u32::try_from(key.len()).map_err(|_| NoMemory)?;
        let header = Header::new(key.len(), kind, form, if form == Form::Embedded { value.len() } else { 0 });
        let key_offset = header.key_offset();
        let size = request(key_offset.saturating_add(key.len()).saturating_add(value.len()));
        let block = allocate(size)?;
        // SAFETY: the block has room for header, wide length, key and value, by the sum above; it is new, so
        // the sources cannot overlap it.
        unsafe {
            block.cast::<Header>().write(header);
            if header.has(Flag::WideKey) {
                block.add(header.wide_offset()).cast::<u32>().write_unaligned(wide_len);
            }
            let at = block.as_ptr().add(key_offset);
            ptr::copy_nonoverlapping(key.as_ptr(), at, key.len());
            ptr::copy_nonoverlapping(value.as_ptr(), at.add(key.len()), value.len());
        }
        Self::pack(tag, block).ok_or_else(|| {
            // SAFETY: the block was allocated above with this request and nothing refers to it.
            unsafe { release(block, size) };
            NoMemory
        })
    }

    /// The word of a block; `None` if the address does not fit, which no 48-bit address space produces.
    fn pack(tag: u32, block: NonNull<u8>) -> Option<Self> {
        let address = block.as_ptr().expose_provenance() as u64;
        debug_assert!(tag >> TAG_BITS == 0 && address.is_multiple_of(BLOCK_ALIGN as u64));
        if address >> ALIGN_SHIFT > ADDRESS_MASK {
            return None;
        }
        NonZeroU64::new(u64::from(tag) << ADDRESS_BITS | address >> ALIGN_SHIFT).map(|word| Self(word, PhantomData))
    }

    #[inline(always)]
    fn block(&self) -> *mut u8 {
        block_of(self.0)
    }

    #[inline(always)]
    fn header(&self) -> Header {
        // SAFETY: invariants 1 and 2: a live, 8-aligned block that starts with its header.
        unsafe { self.block().cast::<Header>().read() }
    }

    #[inline]
    fn set_header(&mut self, header: Header) {
        // SAFETY: invariant 1; &mut self is exclusive. Callers keep header and block in agreement.
        unsafe { self.block().cast::<Header>().write(header) }
    }

    /// The hash bits that came with the key.
    #[inline(always)]
    pub fn tag(&self) -> u32 {
        (self.0.get() >> ADDRESS_BITS) as u32
    }

    #[inline]
    fn key_len(&self, header: Header) -> usize {
        if header.has(Flag::WideKey) {
            // SAFETY: invariants 1 and 2: a wide key's length is at this offset.
            unsafe { self.block().add(header.wide_offset()).cast::<u32>().read_unaligned() as usize }
        } else {
            header.narrow_key_len()
        }
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        let header = self.header();
        // SAFETY: invariants 1 and 2: that many initialised bytes at that offset, borrowed with self.
        unsafe { slice::from_raw_parts(self.block().add(header.key_offset()), self.key_len(header)) }
    }

    /// [`Item::has_key`] of keys that are wide, or behind links.
    #[inline(never)]
    fn has_other_key(&self, key: &[u8]) -> bool {
        same_bytes(self.key(), key)
    }

    /// Where the value is.
    #[inline]
    fn value_at(&self, header: Header) -> *mut u8 {
        // SAFETY: invariant 1: the value starts inside the block, or at its end if it is empty.
        unsafe { self.block().add(self.value_offset(header)) }
    }

    /// What the value is.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.header().kind()
    }

    #[inline(always)]
    pub fn value(&self) -> ValueRef<'_, O> {
        let header = self.header();
        if header.form() != Form::Embedded {
            return self.other_value(header);
        }
        // SAFETY: invariant 2: that many initialised bytes, borrowed with self.
        let bytes = unsafe { slice::from_raw_parts(self.value_at(header), header.embedded_len()) };
        match header.kind() {
            Kind::String => ValueRef::String(StringRef::Str(bytes)),
            kind => ValueRef::Flat(kind, bytes),
        }
    }

    /// A string that is stored as an integer.
    #[inline]
    pub fn int(&self) -> Option<i64> {
        let header = self.header();
        // SAFETY: invariant 2: an Int's 8 bytes are initialised.
        (header.form() == Form::Int).then(|| unsafe { self.value_at(header).cast::<i64>().read_unaligned() })
    }

    /// [`Entry::value`], if it is not embedded.
    #[inline(never)]
    fn other_value(&self, header: Header) -> ValueRef<'_, O> {
        let at = self.value_at(header);
        let bytes = match header.form() {
            // SAFETY: invariant 2: an Int's 8 bytes are initialised.
            Form::Int => return ValueRef::String(StringRef::Int(unsafe { at.cast::<i64>().read_unaligned() })),
            Form::Embedded | Form::Boxed => match self.outside().as_deref() {
                // SAFETY: invariant 2: the buffer and its bytes, in a block of their own, live as long as self,
                // which stays borrowed for the slice's life.
                Some(Outside::Buffer(buffer)) => unsafe {
                    let bytes = buffer.as_slice();
                    slice::from_raw_parts(bytes.as_ptr(), bytes.len())
                },
                _ => unreachable!("the form is that of a buffer"),
            },
            // SAFETY: invariant 2: the object lives as long as self, which stays borrowed.
            Form::Object => return ValueRef::Object(header.kind(), unsafe { &*self.object_at(at) }),
        };
        match header.kind() {
            Kind::String => ValueRef::String(StringRef::Str(bytes)),
            kind => ValueRef::Flat(kind, bytes),
        }
    }

    /// The value outside the block, to look at or to change in place (its address may not change).
    #[inline]
    fn outside(&self) -> Option<ManuallyDrop<Outside<O>>> {
        let header = self.header();
        let form = header.form();
        if !matches!(form, Form::Boxed | Form::Object) {
            return None;
        }
        // SAFETY: by invariant 2 the 8 bytes are the address of a live value of this form; ManuallyDrop leaves the
        // entry the only owner.
        let outside = unsafe { Outside::from_address(form, self.value_at(header).cast::<usize>().read_unaligned()) };
        outside.map(ManuallyDrop::new)
    }

    /// The structure that holds the value, if it is one.
    #[inline]
    pub fn object_mut(&mut self) -> Option<&mut O> {
        let header = self.header();
        // SAFETY: invariant 2: the object is owned by self, which stays mutably borrowed.
        (header.form() == Form::Object).then(|| unsafe { &mut *self.object_at(self.value_at(header)) })
    }

    /// # Safety
    /// `at` holds the value of an `Object` entry.
    #[inline]
    unsafe fn object_at(&self, at: *mut u8) -> *mut O {
        // SAFETY: by this function's contract the 8 bytes are an address.
        ptr::with_exposed_provenance_mut(unsafe { at.cast::<usize>().read_unaligned() })
    }

    /// Bytes before the value.
    #[inline(always)]
    fn value_offset(&self, header: Header) -> usize {
        header.narrow_value_offset().unwrap_or_else(|| header.key_offset() + self.key_len(header))
    }

    #[inline]
    fn request(&self, header: Header) -> usize {
        request(self.value_offset(header) + header.value_size())
    }

    /// Resizes the block from the request of the present header to `size`.
    fn reallocate(&mut self, old: usize, size: usize) -> Result<(), NoMemory> {
        if old == size {
            return Ok(());
        }
        // SAFETY: the block is owned by self and `old` is its request (invariant 1, callers).
        let block = unsafe { reallocate(NonNull::new_unchecked(self.block()), old, size)? };
        match Self::pack(self.tag(), block) {
            Some(moved) => {
                self.0 = moved.0;
                std::mem::forget(moved);
                Ok(())
            }
            // The old block is gone and the new one cannot be named: no 48-bit address space gets here.
            None => unreachable!("allocator returned an address above 48 bits"),
        }
    }

    /// Replaces the value if that takes no allocation; the key keeps its deadline and access bits.
    #[inline]
    pub fn overwrite(&mut self, value: NewValue<'_>) -> bool {
        let header = self.header();
        let int;
        if header.kind() != Kind::String {
            return false;
        }
        let bytes = match (header.form(), value) {
            (Form::Int, NewValue::Int(value)) => {
                int = value.to_ne_bytes();
                &int[..]
            }
            (Form::Embedded, NewValue::Str(bytes)) if bytes.len() == header.embedded_len() => bytes,
            _ => return false,
        };
        // SAFETY: invariant 1: the value has exactly this many bytes; `bytes` does not overlap the block, as
        // &mut self is exclusive.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.value_at(header), bytes.len()) };
        if header.has(Flag::Raw) {
            self.set_header(header.with(Flag::Raw, false));
        }
        true
    }

    /// Replaces the value; the entry may move. Returns what the old value was in, if it was outside the block and is not
    /// used again.
    pub fn set_value(&mut self, value: NewValue<'_>) -> Result<Option<Outside<O>>, NoMemory> {
        let (kind, bytes) = match value {
            NewValue::Int(int) => return self.put(Kind::String, Form::Int, &int.to_ne_bytes()),
            NewValue::Str(bytes) => (Kind::String, bytes),
            NewValue::Flat(kind, bytes) => (kind, bytes),
        };
        if bytes.len() <= EMBEDDED_MAX {
            return self.put(kind, Form::Embedded, bytes);
        }
        if let Some(Outside::Buffer(buffer)) = self.outside().as_deref_mut()
            && buffer.overwrite(bytes)
        {
            self.set_header(self.header().with_value(kind, Form::Boxed, 0));
            return Ok(None);
        }
        self.set_outside(kind, Outside::Buffer(Buffer::copy_of(bytes)?))
    }

    /// Replaces the value by one outside the block; otherwise as [`Entry::set_value`].
    pub fn set_outside(&mut self, kind: Kind, value: Outside<O>) -> Result<Option<Outside<O>>, NoMemory> {
        let form = value.form();
        let address = value.into_address();
        self.put(kind, form, &address.to_ne_bytes()).inspect_err(|_| {
            // SAFETY: `address` came from into_address just above and the entry did not take it over.
            drop(unsafe { Outside::<O>::from_address(form, address) });
        })
    }

    /// Replaces the value by `bytes` in the given form.
    fn put(&mut self, kind: Kind, form: Form, bytes: &[u8]) -> Result<Option<Outside<O>>, NoMemory> {
        let header = self.header();
        let old = self.outside();
        let offset = self.value_offset(header);
        self.reallocate(self.request(header), request(offset + bytes.len()))?;
        self.set_header(header.with_value(kind, form, if form == Form::Embedded { bytes.len() } else { 0 }));
        // SAFETY: the block now has room for `offset + bytes.len()`; `bytes` does not overlap it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.block().add(offset), bytes.len()) };
        Ok(old.map(ManuallyDrop::into_inner))
    }

    /// Sets the length of a string or of a flat encoding, turning an integer into text; new bytes are zero. The entry
    /// may move.
    ///
    /// # Panics
    /// If the value is an object.
    pub fn resize(&mut self, len: usize) -> Result<&mut [u8], NoMemory> {
        if let ValueRef::String(StringRef::Int(int)) = self.value() {
            let mut text = [0; 20];
            self.put(Kind::String, Form::Embedded, format_int(int, &mut text))?;
        }
        let header = self.header();
        // A string that grows is expected to grow on, unless it begins with a length (SETBIT, BITOP); a flat encoding
        // has a limit.
        let has_begun = self.bytes().is_some_and(|bytes| !bytes.is_empty());
        let growth = if header.kind() == Kind::String && has_begun { Growth::Greedy } else { Growth::Exact };
        if header.form() == Form::Boxed {
            self.resize_buffer(header, len, growth)?;
        } else if len > EMBEDDED_MAX {
            let grown = Buffer::grown_from(self.bytes().expect("not an object"), len, growth)?;
            self.set_outside(header.kind(), Outside::Buffer(grown))?;
        } else {
            assert_eq!(header.form(), Form::Embedded, "objects have no length");
            let (old, offset) = (header.embedded_len(), self.value_offset(header));
            self.reallocate(self.request(header), request(offset + len))?;
            self.set_header(header.with_value(header.kind(), Form::Embedded, len));
            // SAFETY: the block has room for `offset + len` bytes; the range is empty if the string shrinks.
            unsafe { ptr::write_bytes(self.block().add(offset + old.min(len)), 0, len - old.min(len)) };
        }
        Ok(self.bytes_mut().expect("neither integer nor object"))
    }

    fn resize_buffer(&mut self, header: Header, len: usize, growth: Growth) -> Result<(), NoMemory> {
        let Some(Outside::Buffer(mut buffer)) = self.outside().map(ManuallyDrop::into_inner) else {
            unreachable!("the form is checked by the caller")
        };
        let resized = buffer.resize(len, growth);
        let address = buffer.into_raw().as_ptr().expose_provenance();
        // SAFETY: the value's 8 bytes are there; the buffer is live, at its old or its new address.
        unsafe { self.value_at(header).cast::<usize>().write_unaligned(address) };
        resized
    }

    /// The bytes of a string or of a flat encoding; `None` for an integer and for an object.
    #[inline]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self.value() {
            ValueRef::String(StringRef::Str(bytes)) | ValueRef::Flat(_, bytes) => Some(bytes),
            ValueRef::String(StringRef::Int(_)) | ValueRef::Object(..) => None,
        }
    }

    /// [`Entry::bytes`] to change in place, after which a string counts as raw.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        let header = self.header();
        let len = self.bytes()?.len();
        self.set_header(header.with(Flag::Raw, header.kind() == Kind::String));
        let at = match self.outside().as_deref_mut() {
            Some(Outside::Buffer(buffer)) => buffer.as_mut_slice().as_mut_ptr(),
            _ => self.value_at(header),
        };
        // SAFETY: invariant 2: `len` initialised bytes at `at`, in the entry's or its buffer's block; the
        // slice borrows self mutably.
        Some(unsafe { slice::from_raw_parts_mut(at, len) })
    }

    /// The entry for another key with this one's value and bits, without deadlines, with room for the entry's own and
    /// for the one inside its value if asked for. A buffer changes hands without copying. On failure nothing has changed.
    pub fn rekey(mut self, tag: u32, key: &[u8], own: bool, inner: bool) -> Result<Self, (NoMemory, Self)> {
        let header = self.header();
        let lacks_link = (own && !header.has(Flag::Link)) || (inner && !header.has(Flag::InnerLink));
        if self.has_key(key) && !lacks_link {
            self.set_tag(tag);
            return Ok(self);
        }
        // SAFETY: invariant 2: that many initialised bytes at the value's place.
        let value = unsafe { slice::from_raw_parts(self.value_at(header), header.value_size()) };
        let built = Self::build(tag, key, header.kind(), header.form(), value).map(ManuallyDrop::new);
        let linked = built.and_then(|mut entry| {
            let bits = entry.header().with_access(header.access()).with(Flag::Raw, header.has(Flag::Raw));
            entry.set_header(bits);
            // Two entries have the buffer now: on failure the new one gives up its block only.
            let links = match (own, inner) {
                (false, false) => Ok(()),
                (true, false) => entry.ensure_link::<OWN>(),
                (_, true) => entry.ensure_link::<INNER>(),
            };
            links.inspect_err(|_| entry.release_block())?;
            Ok(entry)
        });
        match linked {
            Ok(entry) => {
                ManuallyDrop::new(self).release_block();
                Ok(ManuallyDrop::into_inner(entry))
            }
            Err(error) => Err((error, self)),
        }
    }

    fn set_tag(&mut self, tag: u32) {
        debug_assert!(tag >> TAG_BITS == 0);
        let address = self.0.get() & ADDRESS_MASK;
        self.0 = NonZeroU64::new(u64::from(tag) << ADDRESS_BITS | address).expect("an address is not 0");
    }

    /// Frees the block, but not a buffer; self must not be used or dropped afterwards.
    fn release_block(&mut self) {
        // SAFETY: the block is owned by self and this is its request (invariant 1). Callers forget self.
        unsafe { release(NonNull::new_unchecked(self.block()), self.request(self.header())) };
    }

    /// The string was changed in place.
    pub fn is_raw(&self) -> bool {
        self.header().has(Flag::Raw)
    }

    /// The eviction bits.
    #[inline]
    pub fn access(&self) -> u32 {
        self.header().access()
    }

    /// [`Entry::set_access`] for readers: an entry is used by one thread at a time (it is not `Sync`), and nothing borrows
    /// its header.
    #[inline]
    pub fn touch(&self, access: u32) {
        let header = self.header();
        if header.access() != access {
            // SAFETY: invariant 1; and by the above nobody else reads or writes the header now.
            unsafe { self.block().cast::<Header>().write(header.with_access(access)) };
        }
    }

    #[inline]
    pub fn set_access(&mut self, access: u32) {
        self.set_header(self.header().with_access(access));
    }

    /// What entry and value take in the allocator.
    #[inline]
    pub fn memory(&self) -> usize {
        size_class(self.request(self.header())) + self.outside_memory()
    }

    /// What a value outside the block takes in the allocator; 0 without one.
    #[inline]
    fn outside_memory(&self) -> usize {
        self.outside().map_or(0, |outside| outside.memory())
    }
}

// SAFETY: transparent over NonZeroU64 (and a PhantomData); tag and prefetch compute from the word alone.
unsafe impl<O: Object> Item for Entry<O> {
    #[inline(always)]
    fn tag(&self) -> u32 {
        Entry::tag(self)
    }

    #[inline(always)]
    fn has_key(&self, key: &[u8]) -> bool {
        if !self.header().is_followed_by_key_of(key.len()) {
            return self.has_other_key(key);
        }
        // SAFETY: invariants 1 and 2: that many initialised bytes behind the header, borrowed with self.
        same_bytes(unsafe { slice::from_raw_parts(self.block().add(size_of::<Header>()), key.len()) }, key)
    }

    /// The first two cache lines of the block.
    #[inline(always)]
    fn prefetch(&self) {
        prefetch(self.block());
        prefetch(self.block().wrapping_add(64));
    }
}

impl<O: Object> Drop for Entry<O> {
    fn drop(&mut self) {
        // The entry ends here, so that taking the value over leaves one owner.
        drop(self.outside().map(ManuallyDrop::into_inner));
        self.release_block();
    }
}

#[inline(always)]
fn block_of(word: NonZeroU64) -> *mut u8 {
    ptr::with_exposed_provenance_mut(((word.get() & ADDRESS_MASK) << ALIGN_SHIFT) as usize)
}
