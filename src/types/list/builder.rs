//! Building a whole list, as RESTORE and SORT STORE do.

use super::element::encoded_len;
use super::large::List;
use super::{Fill, Side, flat};
use crate::storage::{NoMemory, StringRef, try_copy};
use std::iter::once;

/// A list in the making.
#[derive(Debug)]
pub struct Builder {
    fill: Fill,
    built: Built,
}

/// A list that belongs to no key yet.
#[derive(Debug)]
pub enum Built {
    Flat(Vec<u8>),
    Large(List),
}

impl Builder {
    /// A list without elements, whose nodes obey `fill`.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(fill: Fill) -> Result<Self, NoMemory> {
        Ok(Self { fill, built: Built::Flat(try_copy(&flat::EMPTY)?) })
    }

    /// Adds an element at `side`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn push(&mut self, side: Side, element: StringRef<'_>) -> Result<(), NoMemory> {
        if let Built::Flat(bytes) = &mut self.built {
            let (count, len) = (flat::count(bytes), encoded_len(element));
            if flat::allows(self.fill, flat::run(bytes).len() + len, count + 1) {
                return flat::push(bytes, side, once(element), 1, len);
            }
            self.built = Built::Large(if count == 0 {
                List::new(self.fill)?
            } else {
                List::of_run(flat::run(bytes), count, self.fill)?
            });
        }
        match &mut self.built {
            Built::Large(list) => list.push(side, element, self.fill),
            Built::Flat(_) => Ok(()),
        }
    }

    /// The list; `None` if it has no elements.
    pub fn finish(self) -> Option<Built> {
        match self.built {
            Built::Flat(bytes) => (flat::count(&bytes) > 0).then_some(Built::Flat(bytes)),
            Built::Large(list) => (!list.is_empty()).then_some(Built::Large(list)),
        }
    }
}
