//! The register of handles, in debug builds: whoever uses a handle that was ended is told so.
//!
//! What: the address of every handle that lives, with its type. A pointer that is given for a handle and is not in the
//! register is refused without being followed: `RS_ERR_CLOSED` if such a handle was ended lately, `RS_ERR_ARGUMENT` if
//! there never was one.
//!
//! Why that is sound: the memory of an ended handle is kept for a while, so no other handle can get its address. After
//! [`KEPT_MAX`] more have been ended it is given back; a pointer that is older than that is still refused, unless a
//! new handle of the same type has got the address.
//!
//! Release builds have none of this: all three functions are empty.

#[cfg(debug_assertions)]
pub use kept::{Ended, admit, ended, opened};

#[cfg(not(debug_assertions))]
mod nothing {
    use super::super::status::Outcome;

    #[inline(always)]
    pub fn opened<T>(_: *const T) -> Outcome<()> {
        Ok(())
    }

    #[inline(always)]
    pub fn admit<T>(_: *const T) -> Outcome<()> {
        Ok(())
    }

    /// A handle that is being ended.
    pub type Ended<T> = Box<T>;

    /// # Safety
    /// The pointer is a handle that is ended now.
    #[inline(always)]
    pub unsafe fn ended<T>(pointer: *mut T) -> Ended<T> {
        // SAFETY: the caller's promise.
        unsafe { Box::from_raw(pointer) }
    }
}
#[cfg(not(debug_assertions))]
pub use nothing::{Ended, admit, ended, opened};

#[cfg(debug_assertions)]
mod kept {
    use super::super::status::{Outcome, RS_ERR_ARGUMENT, RS_ERR_CLOSED, fail};
    use crate::storage::{NoMemory, try_push};
    use parking_lot::{Mutex, MutexGuard};
    use std::alloc::{Layout, dealloc};
    use std::any::TypeId;
    use std::collections::VecDeque;
    use std::ops::Deref;
    use std::ptr::NonNull;
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::Relaxed;

    /// Ended handles whose memory is kept.
    const KEPT_MAX: usize = 64;

    struct Register {
        /// By address, ascending.
        live: Vec<(usize, TypeId)>,
        /// Types of which there has been a handle. All others are structs of the host.
        types: Vec<TypeId>,
        ended: VecDeque<(usize, TypeId, Layout)>,
    }

    static REGISTER: Mutex<Register> =
        Mutex::new(Register { live: Vec::new(), types: Vec::new(), ended: VecDeque::new() });

    /// The process that made the first handle, 0 before there is one.
    static OWNER: AtomicU32 = AtomicU32::new(0);

    /// The register. A child of fork does without: its copy may be locked for ever, by a thread that is not there.
    fn register() -> Option<MutexGuard<'static, Register>> {
        let here = std::process::id();
        let owner = OWNER.compare_exchange(0, here, Relaxed, Relaxed).unwrap_or_else(|owner| owner);
        (owner == 0 || owner == here).then(|| REGISTER.lock())
    }

    impl Register {
        /// Where a handle is, or would be.
        fn place(&self, address: usize) -> Result<usize, usize> {
            self.live.binary_search_by_key(&address, |&(address, _)| address)
        }
    }

    /// Enters a new handle, if there is memory for it.
    pub fn opened<T: 'static>(pointer: *const T) -> Outcome<()> {
        let Some(mut register) = register() else { return Ok(()) };
        let (address, id) = (pointer.addr(), TypeId::of::<T>());
        register.live.try_reserve(1).map_err(NoMemory::from)?;
        if !register.types.contains(&id) {
            try_push(&mut register.types, id)?;
        }
        if let Err(place) = register.place(address) {
            register.live.insert(place, (address, id));
        }
        Ok(())
    }

    /// Refuses what is no living handle, if `T` is the type of one.
    pub fn admit<T: 'static>(pointer: *const T) -> Outcome<()> {
        let (address, id) = (pointer.addr(), TypeId::of::<T>());
        let Some(register) = register() else { return Ok(()) };
        let is_live = register.place(address).is_ok_and(|place| register.live[place].1 == id);
        if is_live || !register.types.contains(&id) {
            return Ok(());
        }
        let was_ended = register.ended.iter().any(|&(other, other_id, _)| (other, other_id) == (address, id));
        drop(register);
        Err(if was_ended {
            fail(RS_ERR_CLOSED, format_args!("this handle was ended"))
        } else {
            fail(RS_ERR_ARGUMENT, format_args!("this is no such handle"))
        })
    }

    /// A handle that is being ended. Its content is dropped with this, while its memory is kept.
    pub struct Ended<T: 'static> {
        handle: NonNull<T>,
    }

    /// Begins to end a handle. It leaves the register when this is over: until then a task of a pool that is being drained
    /// may use the pool.
    ///
    /// # Safety
    /// The pointer came from `Box::into_raw` and was admitted; only this call ends it.
    pub unsafe fn ended<T: 'static>(pointer: *mut T) -> Ended<T> {
        // SAFETY: what was admitted is the address of a box.
        Ended { handle: unsafe { NonNull::new_unchecked(pointer) } }
    }

    impl<T> Deref for Ended<T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: the content is dropped with `self`.
            unsafe { self.handle.as_ref() }
        }
    }

    impl<T> Drop for Ended<T> {
        fn drop(&mut self) {
            // SAFETY: a box's content, dropped here and nowhere else.
            unsafe { self.handle.drop_in_place() };
            let Some(mut register) = register() else { return };
            if let Ok(place) = register.place(self.handle.as_ptr().addr()) {
                register.live.remove(place);
            }
            let has_room = register.ended.try_reserve(1).is_ok();
            let ended = (self.handle.as_ptr().expose_provenance(), TypeId::of::<T>(), Layout::new::<T>());
            let oldest = if !has_room {
                Some(ended)
            } else {
                register.ended.push_back(ended);
                if register.ended.len() > KEPT_MAX { register.ended.pop_front() } else { None }
            };
            if let Some((address, _, layout)) = oldest {
                // SAFETY: a box of this layout, whose content was dropped before it was put in here, and only once.
                unsafe { dealloc(std::ptr::with_exposed_provenance_mut(address), layout) };
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::super::super::cast;
        use super::super::super::status::{Failure, RS_ERR_ARGUMENT, RS_ERR_CLOSED};

        #[test]
        fn what_was_ended_is_refused_however_many_others_follow() {
            struct Thing(u64);
            let code = |thing: *mut Thing| {
                // SAFETY: what is no living handle is not followed.
                unsafe { cast::shared(thing.cast_const()) }.map(|thing| thing.0).map_err(|Failure(status)| status)
            };
            let first = cast::try_give(Thing(1)).expect("memory");
            assert_eq!(code(first), Ok(1));
            // SAFETY: ended once; the second time it is refused.
            unsafe {
                assert!(cast::take(first).is_some_and(|thing| thing.0 == 1));
                assert!(cast::take(first).is_none());
            }
            for number in 0..super::KEPT_MAX as u64 - 1 {
                let other = cast::try_give(Thing(number)).expect("memory");
                assert_ne!(other, first, "its address is not given out");
                // SAFETY: ended once.
                drop(unsafe { cast::take(other) });
                assert_eq!(code(first), Err(RS_ERR_CLOSED));
            }
            let mut never = Thing(3);
            assert_eq!(code(&raw mut never), Err(RS_ERR_ARGUMENT));
        }
    }
}
