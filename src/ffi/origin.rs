//! The process that made a handle, told from a child that fork has made of it.
//!
//! A child has a copy of every handle, and none of the threads behind it. To end a handle there as usual would wait for
//! threads that do not exist, take locks that nobody will release, and deregister descriptors from a poll that the child
//! shares with its parent. So a handle is given up in a child: what it holds stays as it is until the child execs, which
//! closes all descriptors of the library, or exits.
//!
//! Cost: one system call for each handle that is made or ended.

/// The process that made a handle.
#[derive(Clone, Copy)]
pub struct Origin(u32);

impl Origin {
    /// This process.
    pub fn here() -> Self {
        Self(std::process::id())
    }

    /// Ends a handle that was made there; gives it up in any other process.
    pub fn end<T>(self, handle: T) {
        if self.0 == std::process::id() {
            drop(handle);
        } else {
            std::mem::forget(handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn a_handle_of_another_process_is_given_up() {
        let counted = Rc::new(());
        Origin::here().end(Box::new(Rc::clone(&counted)));
        assert_eq!(Rc::strong_count(&counted), 1);
        Origin(0).end(Box::new(Rc::clone(&counted)));
        assert_eq!(Rc::strong_count(&counted), 2);
    }
}
