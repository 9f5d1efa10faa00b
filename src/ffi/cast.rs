//! Every cast from a pointer of the host to a reference, in one file.
//!
//! Each checks what can be checked: NULL, alignment, a length that no object can have. What cannot be checked, that
//! the pointer is what the function asks for, alive, and not used elsewhere at the same time, are the rules at the
//! top of the header; each exported function names them once as its safety argument.

use super::register::{self, Ended};
use super::status::{Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_NO_MEMORY, fail};
use crate::storage::try_box;
use std::ffi::{CStr, c_char, c_void};

/// No object is longer: no system gives a process more addresses. A negative length in the host's code becomes one that is
/// refused here, before anything is read.
const OBJECT_BYTES_MAX: usize = isize::MAX as usize >> if size_of::<usize>() == 8 { 7 } else { 0 };

/// Why a pointer was refused.
#[cold]
fn refuse(text: &str) -> Failure {
    fail(RS_ERR_ARGUMENT, format_args!("{text}"))
}

#[inline]
fn check<T>(pointer: *const T) -> Outcome<()> {
    if pointer.is_null() {
        return Err(refuse("a pointer is NULL"));
    }
    if !pointer.is_aligned() {
        return Err(refuse("a pointer is misaligned"));
    }
    Ok(())
}

/// A pointer of the host that stays one, for structures whose memory the host may look at meanwhile.
#[inline]
pub fn raw<T>(pointer: *mut T) -> Outcome<*mut T> {
    check(pointer)?;
    Ok(pointer)
}

/// A handle that may be in use elsewhere at the same time.
///
/// # Safety
/// A pointer that is not NULL points to a live `T` that nobody changes during `'a`, except inside cells.
#[inline]
pub unsafe fn shared<'a, T: 'static>(pointer: *const T) -> Outcome<&'a T> {
    check(pointer)?;
    register::admit(pointer)?;
    // SAFETY: not NULL and aligned as just checked, the rest is the caller's promise.
    Ok(unsafe { &*pointer })
}

/// A handle that is used here only.
///
/// # Safety
/// A pointer that is not NULL points to a live `T` that nobody else uses during `'a`.
#[inline]
pub unsafe fn exclusive<'a, T: 'static>(pointer: *mut T) -> Outcome<&'a mut T> {
    check(pointer)?;
    register::admit(pointer.cast_const())?;
    // SAFETY: not NULL and aligned as just checked, the rest is the caller's promise.
    Ok(unsafe { &mut *pointer })
}

/// Takes a handle back from the host to end it; `None` for NULL, and for what cannot be a handle.
///
/// # Safety
/// A pointer that is not NULL came from [`give`] and is used by nobody, now or later.
pub unsafe fn take<T: 'static>(pointer: *mut T) -> Option<Ended<T>> {
    if pointer.is_null() || check(pointer).is_err() || register::admit(pointer.cast_const()).is_err() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { register::ended(pointer) })
}

/// [`give`], unless there is no memory for the handle.
pub fn try_give<T: 'static>(handle: T) -> Outcome<*mut T> {
    let boxed = try_box(handle).map_err(|_| fail(RS_ERR_NO_MEMORY, format_args!("no memory for a handle")))?;
    register::opened(&raw const *boxed)?;
    Ok(Box::into_raw(boxed))
}

/// `len` elements at `pointer`, which is ignored if `len` is 0.
///
/// # Safety
/// A pointer that is not NULL points to `len` initialised elements that nobody changes during `'a`.
#[inline]
pub unsafe fn array<'a, T>(pointer: *const T, len: usize) -> Outcome<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    if len > OBJECT_BYTES_MAX / size_of::<T>() {
        return Err(refuse("a length is larger than any object"));
    }
    // SAFETY: not NULL, aligned and not too long as just checked, the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// `len` bytes at `pointer`, which is ignored if `len` is 0.
///
/// # Safety
/// As for [`array`].
#[inline]
pub unsafe fn bytes<'a>(pointer: *const c_void, len: usize) -> Outcome<&'a [u8]> {
    // SAFETY: the caller's promise; bytes have no alignment.
    unsafe { array(pointer.cast(), len) }
}

/// [`bytes`] that are to become a key, a value or an argument, which `bytes_max` limits.
///
/// # Safety
/// As for [`array`].
#[inline]
pub unsafe fn bytes_within<'a>(pointer: *const c_void, len: usize, bytes_max: usize) -> Outcome<&'a [u8]> {
    within(len, bytes_max)?;
    // SAFETY: the caller's promise.
    unsafe { bytes(pointer, len) }
}

/// Refuses a key, a value or an argument that is too long.
#[inline]
pub fn within(len: usize, bytes_max: usize) -> Outcome<()> {
    if len <= bytes_max { Ok(()) } else { Err(refuse("a length is larger than proto-max-bulk-len")) }
}

/// A terminated string.
///
/// # Safety
/// A pointer that is not NULL points to a terminated string that nobody changes during `'a`.
#[inline]
pub unsafe fn text<'a>(pointer: *const c_char) -> Outcome<&'a [u8]> {
    check(pointer)?;
    // SAFETY: not NULL as just checked, the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// A place for one output, written only on success; it need not be initialised.
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// A pointer that is not NULL points to writable memory for a `T` that nobody else uses until the call ends.
    #[inline]
    pub unsafe fn new(pointer: *mut T) -> Outcome<Self> {
        check(pointer)?;
        Ok(Self(pointer))
    }

    /// [`Out::new`], and none for NULL.
    ///
    /// # Safety
    /// As for [`Out::new`].
    #[inline]
    pub unsafe fn new_optional(pointer: *mut T) -> Outcome<Option<Self>> {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { Self::new(pointer) }.map(Some)
    }

    #[inline]
    pub fn set(self, value: T) {
        // SAFETY: the promise made to `new`, which has checked for NULL and alignment.
        unsafe { self.0.write(value) }
    }
}

/// The buffer that a value is copied to.
pub struct Buffer {
    start: *mut u8,
    capacity: usize,
}

impl Buffer {
    /// # Safety
    /// A pointer that is not NULL points to `capacity` writable bytes that nobody else uses until the call ends.
    #[inline]
    pub unsafe fn new(pointer: *mut c_void, capacity: usize) -> Outcome<Self> {
        if capacity > 0 {
            check(pointer.cast::<u8>())?;
        }
        Ok(Self { start: pointer.cast(), capacity })
    }

    /// Copies `bytes` if there is room for them.
    #[inline]
    pub fn fill(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.capacity;
        if fits && !bytes.is_empty() {
            // SAFETY: the promise made to `new`; the value is in an entry, where the host has no pointer into.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, bytes.len()) };
        }
        fits
    }

    /// Copies `bytes` behind those that were appended before, if there is room for them.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let fits = self.fill(bytes);
        if fits {
            self.start = self.start.wrapping_add(bytes.len());
            self.capacity -= bytes.len();
        }
        fits
    }
}

/// A pointer of the host that is only ever handed back to it.
#[derive(Clone, Copy)]
pub struct UserData(pub *mut c_void);

impl Default for UserData {
    fn default() -> Self {
        Self(std::ptr::null_mut())
    }
}

// SAFETY: the library never looks behind the pointer; the header says from which threads it is handed back.
unsafe impl Send for UserData {}
// SAFETY: as for Send.
unsafe impl Sync for UserData {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null;

    #[test]
    fn impossible_pointers_are_refused() {
        let words = [1u64, 2];
        let odd = words.as_ptr().cast::<u8>().wrapping_add(1).cast::<u64>();
        // SAFETY: what is refused is not looked at; the rest is a live array.
        unsafe {
            assert!(shared(null::<u64>()).is_err() && shared(odd).is_err());
            assert_eq!(shared(words.as_ptr()), Ok(&1));
            assert_eq!(array(null::<u64>(), 0), Ok(&[][..]));
            assert_eq!(array(odd, 0), Ok(&[][..]));
            assert!(array(null::<u64>(), 1).is_err() && array(odd, 1).is_err());
            assert!(array(words.as_ptr(), usize::MAX).is_err());
            assert_eq!(array(words.as_ptr(), 2), Ok(&words[..]));
            assert!(text(null()).is_err() && Out::new(std::ptr::null_mut::<i32>()).is_err());
            assert!(Buffer::new(std::ptr::null_mut(), 1).is_err());
            assert!(Buffer::new(std::ptr::null_mut(), 0).is_ok_and(|mut buffer| buffer.fill(b"")));
            let mut room = [0_u8; 3];
            let mut buffer = Buffer::new(room.as_mut_ptr().cast(), 3).unwrap_or_else(|_| unreachable!());
            assert!(buffer.append(b"ab") && !buffer.append(b"cd") && buffer.append(b"c") && buffer.append(b""));
            assert_eq!(&room, b"abc");
        }
    }
}
