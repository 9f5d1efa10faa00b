//! Values outside the block of their entry, and the contract of structures that can be one.

use super::super::buffer::Buffer;
use super::super::dict::Garbage;
use super::super::header::Form;
use super::super::memory::NoMemory;
use std::convert::Infallible;
use std::ptr::{self, NonNull};

/// What entries keep large values in.
pub trait Object: Sized + Send {
    /// Bytes on the heap, its own included, as the allocator rounds them; takes constant time.
    fn memory(&self) -> usize;
    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    fn duplicate(&self) -> Result<Self, NoMemory>;

    /// Whether changes have left something that is expensive to free.
    #[inline]
    fn has_garbage(&self) -> bool {
        false
    }

    /// What changes have left, to be dropped where nobody waits.
    fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        Vec::new()
    }
}

/// The [`Object`] of entries that hold only strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing(Infallible);

impl Object for Nothing {
    fn memory(&self) -> usize {
        match self.0 {}
    }

    fn duplicate(&self) -> Result<Self, NoMemory> {
        match self.0 {}
    }
}

/// A value outside the block of its entry.
#[derive(Debug)]
pub enum Outside<O> {
    Buffer(Buffer),
    Object(Box<O>),
}

impl<O: Object> Outside<O> {
    /// What dropping it gives back.
    pub fn memory(&self) -> usize {
        match self {
            Self::Buffer(buffer) => buffer.memory(),
            Self::Object(object) => object.memory(),
        }
    }

    /// Its address; undone by [`Outside::from_address`].
    pub(super) fn into_address(self) -> usize {
        match self {
            Self::Buffer(buffer) => buffer.into_raw().as_ptr().expose_provenance(),
            Self::Object(object) => Box::into_raw(object).expose_provenance(),
        }
    }

    pub(super) fn form(&self) -> Form {
        match self {
            Self::Buffer(_) => Form::Boxed,
            Self::Object(_) => Form::Object,
        }
    }

    /// # Safety
    /// `address` came from [`Outside::into_address`] of a value of this form, and at most one owner results from it.
    #[inline]
    pub(super) unsafe fn from_address(form: Form, address: usize) -> Option<Self> {
        match form {
            Form::Int | Form::Embedded => None,
            // SAFETY: by this function's contract.
            Form::Boxed => Some(Self::Buffer(unsafe {
                Buffer::from_raw(NonNull::new_unchecked(ptr::with_exposed_provenance_mut(address)))
            })),
            // SAFETY: by this function's contract.
            Form::Object => Some(Self::Object(unsafe { Box::from_raw(ptr::with_exposed_provenance_mut(address)) })),
        }
    }
}
