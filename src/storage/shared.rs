//! Shared: a value that several own, as with `Arc`, made only if there is memory for it.
//!
//! Why: `Arc::new` ends the process when memory is refused, and std has no other way to make one. Here the value and the
//! number of its owners are in a box that [`try_box`] makes. There are no weak owners.
//!
//! Whoever needs it as something more general (`dyn Trait`) has it [widened](Shared::widen).

use super::memory::{NoMemory, try_box};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::process::abort;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// More owners than memory has room for; beyond that their number could overflow, as in `Arc`.
const OWNERS_MAX: usize = isize::MAX as usize;

struct Inner<T: ?Sized> {
    owners: AtomicUsize,
    value: T,
}

/// A value and the number of its owners, to be freed through whatever reference there is to it.
#[repr(transparent)]
pub struct Counted<T: ?Sized>(UnsafeCell<Inner<T>>);

/// See the module's comment.
pub struct Shared<T: ?Sized> {
    counted: NonNull<Counted<T>>,
    owns: PhantomData<Inner<T>>,
}

// SAFETY: as for `Arc`: each owner can be in another thread, look at the value there, and be the one who drops it.
unsafe impl<T: ?Sized + Send + Sync> Send for Shared<T> {}
// SAFETY: as above; a shared reference to an owner can be cloned into one.
unsafe impl<T: ?Sized + Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A value with one owner.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(value: T) -> Result<Self, NoMemory> {
        let counted = try_box(Counted(UnsafeCell::new(Inner { owners: AtomicUsize::new(1), value })))?;
        Ok(Self { counted: NonNull::from(Box::leak(counted)), owns: PhantomData })
    }

    /// The same value as something more general: `shared.widen(|counted| counted)`, where the compiler knows what it is to
    /// become.
    pub fn widen<U: ?Sized>(self, widen: fn(&Counted<T>) -> &Counted<U>) -> Shared<U> {
        // SAFETY: the value lives as long as it has an owner, which `self` is.
        let widened = NonNull::from(widen(unsafe { self.counted.as_ref() }));
        assert!(std::ptr::addr_eq(widened.as_ptr(), self.counted.as_ptr()), "the same value");
        // Its owner is what is returned.
        std::mem::forget(self);
        Shared { counted: widened, owns: PhantomData }
    }
}

impl<T: ?Sized> Shared<T> {
    fn inner(&self) -> &Inner<T> {
        // SAFETY: the value lives as long as it has an owner, and nobody has a mutable reference to any of it.
        unsafe { &*self.counted.as_ref().0.get() }
    }

    /// Whether both own the same value.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.counted.as_ptr(), other.counted.as_ptr())
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        if self.inner().owners.fetch_add(1, Ordering::Relaxed) > OWNERS_MAX {
            abort();
        }
        Self { counted: self.counted, owns: PhantomData }
    }
}

impl<T: ?Sized> Drop for Shared<T> {
    fn drop(&mut self) {
        if self.inner().owners.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: it came from a box of this type, or of what it was before it was widened, and this was the last owner. A
            // reference to an UnsafeCell may be written through, and what it refers to freed.
            drop(unsafe { Box::from_raw(self.counted.as_ptr()) });
        }
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::any::Any;
    use std::sync::Arc;

    #[test]
    fn the_last_owner_drops_the_value() {
        let witness = Arc::new(());
        let first = Shared::new(Arc::clone(&witness)).expect("memory");
        let second = first.clone();
        assert!(first.is_same(&second));
        drop(first);
        assert_eq!(Arc::strong_count(&second), 2);
        std::thread::spawn(move || drop(second)).join().expect("no panic");
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn what_is_widened_is_the_same_value() {
        let witness = Arc::new(7);
        let narrow = Shared::new(Arc::clone(&witness)).expect("memory");
        let wide: Shared<dyn Any + Send + Sync> = narrow.clone().widen(|counted| counted);
        drop(narrow);
        assert_eq!(wide.downcast_ref::<Arc<i32>>().map(|value| **value), Some(7));
        drop(wide);
        assert_eq!(Arc::strong_count(&witness), 1);
    }
}
