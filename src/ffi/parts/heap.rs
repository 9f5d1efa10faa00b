//! The binary min-heap in an array of the host, whose items know where they are.
//!
//! What: the item at `i` is not greater than those at `2i + 1` and `2i + 2`. Each item points to a number of its owner that is
//! kept at the item's position, so the owner finds its item without a search: a deadline can be changed or removed in
//! O(log n).

use super::super::cast;
use super::super::guard::bare;
use super::super::status::{Failure, RS_ERR_ARGUMENT, RS_ERR_PANIC, RS_OK, fail, rs_status};
use std::mem::offset_of;

/// An item of a heap: `val` is what it is ordered by, the least first; `ref`, unless it is NULL, points to where its position
/// is kept. The array is the host's, to be grown and freed by it, and belongs to one thread at a time.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct rs_heap_item {
    pub val: u64,
    pub r#ref: *mut usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<rs_heap_item>() == 16 && offset_of!(rs_heap_item, r#ref) == 8);

/// Position of the left child: 2 * `pos` + 1.
#[unsafe(no_mangle)]
pub extern "C" fn rs_heap_left(pos: usize) -> usize {
    pos.wrapping_mul(2).wrapping_add(1)
}

/// Position of the right child: 2 * `pos` + 2.
#[unsafe(no_mangle)]
pub extern "C" fn rs_heap_right(pos: usize) -> usize {
    pos.wrapping_mul(2).wrapping_add(2)
}

/// Position of the parent: (`pos` + 1) / 2 - 1; the root has none.
#[unsafe(no_mangle)]
pub extern "C" fn rs_heap_parent(pos: usize) -> usize {
    (pos.wrapping_add(1) / 2).wrapping_sub(1)
}

/// Puts an item in a place and notes it.
///
/// # Safety
/// There is such a place, and the item's `ref` is NULL or points to a live number.
#[inline]
unsafe fn put(heap: *mut rs_heap_item, pos: usize, item: rs_heap_item) {
    // SAFETY: the caller's promise.
    unsafe {
        heap.add(pos).write(item);
        if !item.r#ref.is_null() {
            item.r#ref.write(pos);
        }
    }
}

/// Moves an item up or down to where it belongs.
///
/// # Safety
/// There are `len` items, more than `pos`; every `ref` is NULL or points to a live number.
unsafe fn place(heap: *mut rs_heap_item, mut pos: usize, len: usize) {
    // SAFETY: the caller's promise; parents come before their children, and a child is looked at below `len` only.
    unsafe {
        let item = *heap.add(pos);
        while pos > 0 {
            let above = rs_heap_parent(pos);
            let parent = *heap.add(above);
            if parent.val <= item.val {
                break;
            }
            put(heap, pos, parent);
            pos = above;
        }
        loop {
            let mut below = rs_heap_left(pos);
            if below >= len {
                break;
            }
            let right = rs_heap_right(pos);
            if right < len && (*heap.add(right)).val < (*heap.add(below)).val {
                below = right;
            }
            let child = *heap.add(below);
            if child.val >= item.val {
                break;
            }
            put(heap, pos, child);
            pos = below;
        }
        put(heap, pos, item);
    }
}

/// Restores the order of a heap of `len` items after the item at `pos` was added or has got another `val`. Items are moved in
/// the array, and what their `ref` points to is set; that of this item also if it stays where it is.
///
/// To add an item, put it behind the last one and call this with its position. To remove one, put the last one in its
/// place and call this for it, unless it was the last.
///
/// Returns `RS_OK`; `RS_ERR_ARGUMENT` if `heap` is NULL or there is no item at `pos`, then nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_heap_update(heap: *mut rs_heap_item, pos: usize, len: usize) -> rs_status {
    bare(RS_ERR_PANIC, || {
        // SAFETY: by the rules of the header; the items are looked at after this only.
        if let Err(Failure(status)) = unsafe { cast::array(heap.cast_const(), len) } {
            return status;
        }
        if pos >= len {
            let Failure(status) = fail(RS_ERR_ARGUMENT, format_args!("there is no item at this position"));
            return status;
        }
        // SAFETY: by the rules of the header.
        unsafe { place(heap, pos, len) };
        RS_OK
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;

    /// Items, and where each owner believes its item to be.
    struct Heap {
        items: Vec<rs_heap_item>,
        positions: Box<[usize; 64]>,
    }

    impl Heap {
        fn update(&mut self, pos: usize) {
            // SAFETY: the positions live as long as the items.
            assert_eq!(unsafe { rs_heap_update(self.items.as_mut_ptr(), pos, self.items.len()) }, RS_OK);
        }

        fn set(&mut self, owner: usize, val: u64) {
            let at = self.positions[owner];
            if at == usize::MAX {
                self.items.push(rs_heap_item { val, r#ref: &raw mut self.positions[owner] });
                self.update(self.items.len() - 1);
            } else {
                self.items[at].val = val;
                self.update(at);
            }
        }

        fn remove(&mut self, owner: usize) {
            let at = std::mem::replace(&mut self.positions[owner], usize::MAX);
            self.items.swap_remove(at);
            if at < self.items.len() {
                self.update(at);
            }
        }
    }

    #[test]
    fn the_least_is_first_and_owners_know_their_items() {
        let mut rng = Rng::from_env();
        let mut heap = Heap { items: Vec::new(), positions: Box::new([usize::MAX; 64]) };
        let mut model = [None; 64];
        for step in 0..20_000 {
            let owner = rng.below(64) as usize;
            if model[owner].is_some() && rng.below(3) == 0 {
                heap.remove(owner);
                model[owner] = None;
            } else {
                let val = if rng.below(10) == 0 { u64::MAX } else { rng.below(50) };
                heap.set(owner, val);
                model[owner] = Some(val);
            }
            assert_eq!(heap.items.first().map(|item| item.val), model.iter().copied().flatten().min(), "step {step}");
            for (owner, val) in model.iter().enumerate() {
                let at = heap.positions[owner];
                assert_eq!(heap.items.get(at).map(|item| item.val), *val, "step {step}");
            }
            for pos in 1..heap.items.len() {
                assert!(heap.items[rs_heap_parent(pos)].val <= heap.items[pos].val, "step {step}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let mut item = rs_heap_item { val: 1, r#ref: std::ptr::null_mut() };
        // SAFETY: one item.
        unsafe {
            assert_eq!(rs_heap_update(std::ptr::null_mut(), 0, 1), RS_ERR_ARGUMENT);
            assert_eq!(rs_heap_update(std::ptr::null_mut(), 0, 0), RS_ERR_ARGUMENT);
            assert_eq!(rs_heap_update(&raw mut item, 1, 1), RS_ERR_ARGUMENT);
            assert_eq!(rs_heap_update(&raw mut item, 0, usize::MAX), RS_ERR_ARGUMENT);
            assert_eq!(rs_heap_update(&raw mut item, 0, 1), RS_OK);
        }
        assert_eq!((rs_heap_left(1), rs_heap_right(1), rs_heap_parent(3), rs_heap_parent(4)), (3, 4, 1, 1));
    }
}
