//! Shared: a value that several own, as with `Arc`, made only if there is memory for it.
//!
//! Why: `Arc::new` ends the process when memory is refused, and std has no other way to make one. Here the value and the
//! number of its owners are in a box that [`try_box`] makes. As with `Arc` there are weak owners, who keep the box but not the
//! value; all owners together count as one of them.
//!
//! Whoever needs it as something more general (`dyn Trait`) has it [widened](Shared::widen).

use super::memory::{NoMemory, try_box};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::process::abort;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More owners than memory has room for; beyond that their number could overflow, as in `Arc`.
const OWNERS_MAX: usize = isize::MAX as usize;

struct Inner<T: ?Sized> {
    owners: AtomicUsize,
    /// And one for all owners.
    weak_owners: AtomicUsize,
    /// Dropped with the last owner.
    value: ManuallyDrop<T>,
}

/// Counts one more.
fn increment(number: &AtomicUsize) {
    if number.fetch_add(1, Ordering::Relaxed) > OWNERS_MAX {
        abort();
    }
}

/// Counts one less; whether that was the last one. Then all that the others did has been done.
fn is_last(number: &AtomicUsize) -> bool {
    let is_last = number.fetch_sub(1, Ordering::Release) == 1;
    if is_last {
        // What a fence would do at no cost; but ThreadSanitizer does not know fences.
        number.load(Ordering::Acquire);
    }
    is_last
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
        // The box first: without it the value is dropped as usual.
        let empty = try_box(MaybeUninit::uninit())?;
        let (owners, weak_owners) = (AtomicUsize::new(1), AtomicUsize::new(1));
        let inner = Inner { owners, weak_owners, value: ManuallyDrop::new(value) };
        let counted = Box::write(empty, Counted(UnsafeCell::new(inner)));
        Ok(Self { counted: NonNull::from(Box::leak(counted)), owns: PhantomData })
    }

    /// A weak owner.
    pub fn downgrade(&self) -> Weak<T> {
        increment(&self.inner().weak_owners);
        Weak { counted: self.counted, owns: PhantomData }
    }

    /// Whether there was another owner at some moment of this call.
    pub fn has_others(&self) -> bool {
        self.inner().owners.load(Ordering::Relaxed) > 1
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
        increment(&self.inner().owners);
        Self { counted: self.counted, owns: PhantomData }
    }
}

impl<T: ?Sized> Drop for Shared<T> {
    fn drop(&mut self) {
        if is_last(&self.inner().owners) {
            let _box = Unowned(self.counted);
            // SAFETY: this was the last owner, and weak ones become none any more; the box is there until the end of this block,
            // since all owners together have been a weak one. A reference to an UnsafeCell may be written through.
            unsafe { ManuallyDrop::drop(&mut (*self.counted.as_ref().0.get()).value) };
        }
    }
}

/// A box whose value is gone, or will be when this is dropped, which gives up its place among the weak owners.
struct Unowned<T: ?Sized>(NonNull<Counted<T>>);

impl<T: ?Sized> Drop for Unowned<T> {
    fn drop(&mut self) {
        // SAFETY: the box is there, since this is one of its weak owners; only the number is looked at.
        let is_last = is_last(unsafe { &(*self.0.as_ref().0.get()).weak_owners });
        if is_last {
            // SAFETY: it came from a box of this type, or of what it was before it was widened, and nobody has it any more. Its value
            // is not dropped with it.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// Who can become an owner as long as there is one.
pub struct Weak<T> {
    counted: NonNull<Counted<T>>,
    owns: PhantomData<Inner<T>>,
}

// SAFETY: as for `Shared`, which it can become.
unsafe impl<T: Send + Sync> Send for Weak<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Weak<T> {}

impl<T> Weak<T> {
    /// An owner, if there is still one.
    pub fn upgrade(&self) -> Option<Shared<T>> {
        // SAFETY: the box is there, since this is one of its weak owners; only the number is looked at.
        let owners = unsafe { &(*self.counted.as_ref().0.get()).owners };
        let one_more = |owners: usize| match owners {
            0 => None,
            OWNERS_MAX.. => abort(),
            owners => Some(owners + 1),
        };
        owners.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).ok()?;
        Some(Shared { counted: self.counted, owns: PhantomData })
    }
}

impl<T> Drop for Weak<T> {
    fn drop(&mut self) {
        drop(Unowned(self.counted));
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
    fn weak_owners_keep_the_box_and_not_the_value() {
        let witness = Arc::new(());
        let value = Shared::new(Arc::clone(&witness)).expect("memory");
        let weak = [value.downgrade(), value.downgrade()];
        assert!(!value.has_others());
        let second = weak[0].upgrade().expect("an owner");
        assert!(value.has_others() && value.is_same(&second));
        drop((value, second));
        assert_eq!(Arc::strong_count(&witness), 1);
        assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
    }

    #[test]
    fn an_owner_comes_and_goes_in_many_threads() {
        for _ in 0..200 {
            let witness = Arc::new(());
            let value = Shared::new(Arc::clone(&witness)).expect("memory");
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    let weak = value.downgrade();
                    scope.spawn(move || while weak.upgrade().is_some() {});
                }
                drop(value);
            });
            assert_eq!(Arc::strong_count(&witness), 1);
        }
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
