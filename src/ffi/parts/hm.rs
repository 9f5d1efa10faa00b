//! The intrusive hash map: chains of the host's nodes, in a table that grows a little with every call.
//!
//! ```text
//!  rs_hmap ─ newer ─► slots ─► node ─► node        what is inserted goes here
//!          └ older ─► slots ─► node                empties from slot 0 on, at `migrate_pos`
//! ```
//!
//! What: a power of two of slots, each the head of a chain. When there are [`LOAD_MAX`] nodes per slot, a table of twice the
//! slots takes its place and the old one is kept beside it; every call moves up to [`MOVED_MAX`] nodes over until it is
//! empty. Look-ups search both.
//!
//! Invariants: `older.tab` is NULL or `newer.tab` is not; `older` has no node in a slot before `migrate_pos`. The older
//! table is empty long before the newer one is full: it holds at most half of what that takes, and an insertion moves 128
//! nodes, or passes 1024 empty slots.
//!
//! Slot arrays come from the C allocator, because programs of the original project may free what they find in a map. A
//! map of zeros is empty and owns nothing, and a look-up in it writes nothing: it may be a constant.

use super::super::cast::raw;
use super::super::guard::bare;
use super::super::status::{Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_NO_MEMORY, RS_ERR_PANIC, RS_OK, fail, rs_status};
use crate::hooks::is_refused;
use crate::storage::prefetch;
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::null_mut;

/// A node of a hash map, to be embedded in an object of the host: `hcode` is the hash of the object's key, set by the
/// host before the node is inserted or looked up; `next` is the map's.
#[repr(C)]
pub struct rs_hnode {
    pub next: *mut rs_hnode,
    pub hcode: u64,
}

/// One of the two tables of a hash map.
#[repr(C)]
pub struct rs_htab {
    /// `mask` + 1 chains, or NULL.
    pub tab: *mut *mut rs_hnode,
    /// Number of slots - 1.
    pub mask: usize,
    /// Nodes in this table.
    pub size: usize,
}

/// A hash map; all zero when it is empty. Read only, except by the functions here. It belongs to one thread at a time, for
/// look-ups too, because they move nodes while it grows.
///
///     struct user { rs_hnode node; const char *name; };
///     static rs_hmap users;
///     struct user ann = { { NULL, hash("ann") }, "ann" };
///     rs_hm_insert(&users, &ann.node);
#[repr(C)]
pub struct rs_hmap {
    pub newer: rs_htab,
    pub older: rs_htab,
    /// The first slot of `older` that may hold a node.
    pub migrate_pos: usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<rs_hnode>() == 16 && offset_of!(rs_hnode, hcode) == 8);
    assert!(size_of::<rs_htab>() == 24 && offset_of!(rs_htab, mask) == 8 && offset_of!(rs_htab, size) == 16);
    assert!(size_of::<rs_hmap>() == 56 && offset_of!(rs_hmap, older) == 24 && offset_of!(rs_hmap, migrate_pos) == 48);
};

/// Whether `node`, which is in the map, has the key of `key`, the node that was passed to the function called. Their hash
/// codes are equal. Must not change the map.
pub type rs_hnode_eq_fn = Option<unsafe extern "C" fn(node: *mut rs_hnode, key: *mut rs_hnode) -> bool>;

/// Receives a node of a map and the argument of `rs_hm_foreach`; returns false to stop. Must not change the map, but may free
/// the node if the map is cleared next.
pub type rs_hnode_fn = Option<unsafe extern "C" fn(node: *mut rs_hnode, arg: *mut c_void) -> bool>;

/// Slots of the first table.
const SLOTS_FIRST: usize = 4;
/// Nodes per slot at which a table is replaced by a larger one.
const LOAD_MAX: usize = 8;
/// Nodes that one call moves from the older table, which takes a few microseconds.
const MOVED_MAX: usize = 128;
/// Empty slots of the older table that one call passes over.
const PASSED_MAX: usize = 1024;
/// How many slots ahead nodes are fetched from memory while they are moved.
const AHEAD: usize = 8;

/// Finds a node: the address of the pointer to it, or NULL.
///
/// # Safety
/// The table is one of a live map.
#[inline]
unsafe fn find(
    table: *mut rs_htab,
    hcode: u64,
    mut is_wanted: impl FnMut(*mut rs_hnode) -> bool,
) -> *mut *mut rs_hnode {
    // SAFETY: a table that has slots has `mask` + 1 of them, each the head of a chain of live nodes that ends with NULL.
    unsafe {
        if (*table).tab.is_null() {
            return null_mut();
        }
        let mut link = (*table).tab.add(hcode as usize & (*table).mask);
        loop {
            let node = *link;
            if node.is_null() {
                return null_mut();
            }
            if (*node).hcode == hcode && is_wanted(node) {
                return link;
            }
            link = &raw mut (*node).next;
        }
    }
}

/// Puts a node at the head of its chain.
///
/// # Safety
/// The table is one of a live map and has slots; the node is live and in no map.
#[inline]
unsafe fn link(table: *mut rs_htab, node: *mut rs_hnode) {
    // SAFETY: `mask` + 1 slots, as in `find`.
    unsafe {
        let slot = (*table).tab.add((*node).hcode as usize & (*table).mask);
        (*node).next = *slot;
        *slot = node;
        (*table).size = (*table).size.wrapping_add(1);
    }
}

/// Takes a node out of its chain; `at` is the address of the pointer to it.
///
/// # Safety
/// `at` came from `find` in this table, and nothing has changed since.
#[inline]
unsafe fn unlink(table: *mut rs_htab, at: *mut *mut rs_hnode) -> *mut rs_hnode {
    // SAFETY: the caller's promise; the node was live when `find` looked at it.
    unsafe {
        let node = *at;
        *at = (*node).next;
        (*table).size = (*table).size.wrapping_sub(1);
        node
    }
}

/// A table of empty slots.
fn allocate(slots: usize) -> *mut *mut rs_hnode {
    if is_refused(slots.saturating_mul(size_of::<*mut rs_hnode>())) {
        return null_mut();
    }
    // SAFETY: any count and size will do; the memory is zeroed, which makes every slot NULL.
    unsafe { libc::calloc(slots, size_of::<*mut rs_hnode>()) }.cast()
}

/// Moves some nodes from the older table, if there is one.
///
/// # Safety
/// The map is live.
#[inline]
unsafe fn migrate(map: *mut rs_hmap) {
    // SAFETY: the caller's promise.
    unsafe {
        if !(*map).older.tab.is_null() {
            migrate_some(map);
        }
    }
}

/// # Safety
/// The map is live and has two tables.
#[cold]
unsafe fn migrate_some(map: *mut rs_hmap) {
    // SAFETY: while the older table has nodes there is one at `migrate_pos` or behind it (invariant), so that stays below
    // the number of slots; what is prefetched is only computed from a slot that exists.
    unsafe {
        let (newer, older) = (&raw mut (*map).newer, &raw mut (*map).older);
        let (mut moved, mut passed) = (0, 0);
        while (*older).size > 0 && moved < MOVED_MAX && passed < PASSED_MAX {
            let slot = (*older).tab.add((*map).migrate_pos);
            if !(*slot).is_null() {
                link(newer, unlink(older, slot));
                moved += 1;
                continue;
            }
            (*map).migrate_pos = (*map).migrate_pos.wrapping_add(1);
            passed += 1;
            let ahead = (*map).migrate_pos.wrapping_add(AHEAD);
            if ahead <= (*older).mask {
                prefetch((*(*older).tab.add(ahead)).cast());
            }
        }
        if (*older).size == 0 {
            libc::free((*older).tab.cast());
            older.write(EMPTY);
        }
    }
}

const EMPTY: rs_htab = rs_htab { tab: null_mut(), mask: 0, size: 0 };

/// Makes sure that there is a table to insert into.
///
/// # Safety
/// The map is live.
#[inline]
pub unsafe fn reserve(map: *mut rs_hmap) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*map).newer.tab.is_null() {
            let tab = allocate(SLOTS_FIRST);
            if tab.is_null() {
                return Err(no_memory());
            }
            (*map).newer = rs_htab { tab, mask: SLOTS_FIRST - 1, size: 0 };
        }
    }
    Ok(())
}

#[cold]
pub fn no_memory() -> Failure {
    fail(RS_ERR_NO_MEMORY, format_args!("no memory for the structure"))
}

/// Inserts a node. There may be others of the same key.
///
/// # Safety
/// The map is live and `reserve` was called; the node is live and in no map.
#[inline]
pub unsafe fn insert(map: *mut rs_hmap, node: *mut rs_hnode) {
    // SAFETY: the caller's promise.
    unsafe {
        link(&raw mut (*map).newer, node);
        if (*map).older.tab.is_null() {
            // LOAD_MAX times the slots, mask + 1.
            if (*map).newer.size / LOAD_MAX > (*map).newer.mask {
                grow(map);
            }
        }
        migrate(map);
    }
}

/// Begins to move to a larger table. If there is no memory for it the chains grow longer, and the next insertion tries
/// again.
///
/// # Safety
/// The map is live and has one table.
#[cold]
unsafe fn grow(map: *mut rs_hmap) {
    // SAFETY: the caller's promise.
    unsafe {
        let slots = (*map).newer.mask.wrapping_add(1).saturating_mul(2);
        let tab = allocate(slots);
        if !tab.is_null() {
            (*map).older = std::ptr::replace(&raw mut (*map).newer, rs_htab { tab, mask: slots - 1, size: 0 });
            (*map).migrate_pos = 0;
        }
    }
}

/// Finds a node, or NULL.
///
/// # Safety
/// The map and its nodes are live.
#[inline]
pub unsafe fn lookup(map: *mut rs_hmap, hcode: u64, mut is_wanted: impl FnMut(*mut rs_hnode) -> bool) -> *mut rs_hnode {
    // SAFETY: the caller's promise; what `find` returns points to a pointer to a node.
    unsafe {
        migrate(map);
        let mut at = find(&raw mut (*map).newer, hcode, &mut is_wanted);
        if at.is_null() {
            at = find(&raw mut (*map).older, hcode, &mut is_wanted);
        }
        if at.is_null() { null_mut() } else { *at }
    }
}

/// Takes a node out; NULL if there is none.
///
/// # Safety
/// The map and its nodes are live.
#[inline]
pub unsafe fn remove(map: *mut rs_hmap, hcode: u64, mut is_wanted: impl FnMut(*mut rs_hnode) -> bool) -> *mut rs_hnode {
    // SAFETY: the caller's promise.
    unsafe {
        migrate(map);
        for table in [&raw mut (*map).newer, &raw mut (*map).older] {
            let at = find(table, hcode, &mut is_wanted);
            if !at.is_null() {
                return unlink(table, at);
            }
        }
        null_mut()
    }
}

/// Frees the slots; the nodes are not looked at.
///
/// # Safety
/// The map is live.
pub unsafe fn clear(map: *mut rs_hmap) {
    // SAFETY: slot arrays came from `allocate`, or are NULL.
    unsafe {
        libc::free((*map).newer.tab.cast());
        libc::free((*map).older.tab.cast());
        map.write(rs_hmap { newer: EMPTY, older: EMPTY, migrate_pos: 0 });
    }
}

#[cold]
fn no_function() -> Failure {
    fail(RS_ERR_ARGUMENT, format_args!("the function is NULL"))
}

/// Finds the node whose key is that of `key`, a node of which only `hcode`, and what `eq` looks at, need be set. Calls `eq`
/// for nodes of the same hash code.
///
/// Returns the node, or NULL if there is none or a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_lookup(map: *mut rs_hmap, key: *mut rs_hnode, eq: rs_hnode_eq_fn) -> *mut rs_hnode {
    bare(null_mut(), || {
        let (Ok(map), Ok(key), Some(eq)) = (raw(map), raw(key), eq.ok_or_else(no_function).ok()) else {
            return null_mut();
        };
        // SAFETY: by the rules of the header; the host has given `eq` for nodes of this map and this key.
        unsafe { lookup(map, (*key).hcode, |node| eq(node, key)) }
    })
}

/// Inserts a node, whose `hcode` is set, without a look whether there is another of the same key. The node has to stay
/// where it is until it is deleted or the map cleared, and must not be in a map already.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`, only if the map had no slots yet; `RS_ERR_ARGUMENT` if a pointer is NULL. A failed call
/// changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_insert(map: *mut rs_hmap, node: *mut rs_hnode) -> rs_status {
    bare(RS_ERR_PANIC, || {
        let (map, node) = match (raw(map), raw(node)) {
            (Ok(map), Ok(node)) => (map, node),
            (Err(Failure(status)), _) | (_, Err(Failure(status))) => return status,
        };
        // SAFETY: by the rules of the header.
        unsafe {
            if let Err(Failure(status)) = reserve(map) {
                return status;
            }
            insert(map, node);
        }
        RS_OK
    })
}

/// Takes the node out of the map whose key is that of `key`, as `rs_hm_lookup` finds it.
///
/// Returns the node, which is the host's again to keep or to free; NULL if there is none or a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_delete(map: *mut rs_hmap, key: *mut rs_hnode, eq: rs_hnode_eq_fn) -> *mut rs_hnode {
    bare(null_mut(), || {
        let (Ok(map), Ok(key), Some(eq)) = (raw(map), raw(key), eq.ok_or_else(no_function).ok()) else {
            return null_mut();
        };
        // SAFETY: by the rules of the header; the host has given `eq` for nodes of this map and this key.
        unsafe { remove(map, (*key).hcode, |node| eq(node, key)) }
    })
}

/// Empties a map: frees its slots and makes it all zero. The nodes are the host's and not touched; they may be gone
/// already. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_clear(map: *mut rs_hmap) {
    bare((), || {
        if let Ok(map) = raw(map) {
            // SAFETY: by the rules of the header.
            unsafe { clear(map) };
        }
    })
}

/// How many nodes a map has; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_size(map: *const rs_hmap) -> usize {
    bare(0, || {
        // SAFETY: by the rules of the header.
        raw(map.cast_mut()).map_or(0, |map| unsafe { (*map).newer.size.wrapping_add((*map).older.size) })
    })
}

/// Calls `f` with every node, in no order, and with `arg`, until `f` returns false. No node is moved meanwhile, so a map that is
/// growing is seen whole. A NULL pointer to a map or function is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hm_foreach(map: *mut rs_hmap, f: rs_hnode_fn, arg: *mut c_void) {
    bare((), || {
        let (Ok(map), Some(f)) = (raw(map), f.ok_or_else(no_function).ok()) else { return };
        // SAFETY: by the rules of the header: tables are as in `find`, and `f` leaves the map alone. Its node may be gone
        // after the call, so what follows it is read before.
        unsafe {
            for table in [&raw const (*map).newer, &raw const (*map).older] {
                let slots = if (*table).tab.is_null() { 0 } else { (*table).mask.wrapping_add(1) };
                for slot in 0..slots {
                    let mut node = *(*table).tab.add(slot);
                    while !node.is_null() {
                        let next = (*node).next;
                        if !f(node, arg) {
                            return;
                        }
                        node = next;
                    }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;
    use std::collections::HashMap;

    #[repr(C)]
    struct Item {
        node: rs_hnode,
        key: u64,
    }

    impl Item {
        fn new(key: u64, hcode: u64) -> Self {
            Self { node: rs_hnode { next: null_mut(), hcode }, key }
        }

        fn node(&mut self) -> *mut rs_hnode {
            std::ptr::from_mut(self).cast()
        }
    }

    unsafe extern "C" fn same_key(a: *mut rs_hnode, b: *mut rs_hnode) -> bool {
        // SAFETY: every node in these tests is the first field of an item.
        unsafe { (*a.cast::<Item>()).key == (*b.cast::<Item>()).key }
    }

    unsafe extern "C" fn collect(node: *mut rs_hnode, keys: *mut c_void) -> bool {
        // SAFETY: as above, and the argument is a vector.
        unsafe {
            (*keys.cast::<Vec<u64>>()).push((*node.cast::<Item>()).key);
            (*keys.cast::<Vec<u64>>()).len() < 5_000
        }
    }

    unsafe extern "C" fn free(node: *mut rs_hnode, _: *mut c_void) -> bool {
        // SAFETY: the tests insert boxed items only.
        drop(unsafe { Box::from_raw(node.cast::<Item>()) });
        true
    }

    fn empty() -> rs_hmap {
        rs_hmap { newer: EMPTY, older: EMPTY, migrate_pos: 0 }
    }

    /// With many hash codes, few, and all in the same slot.
    #[test]
    fn behaves_like_a_map_and_never_moves_more_than_a_few_nodes() {
        for hash in [|key: u64| key.wrapping_mul(0x9e37_79b9_7f4a_7c15), |key| key % 3, |key| key << 40] {
            let mut rng = Rng::from_env();
            let (mut map, mut model) = (empty(), HashMap::new());
            let map = &raw mut map;
            let mut was_growing = false;
            for step in 0..20_000u64 {
                let key = rng.below(3_000);
                let mut probe = Item::new(key, hash(key));
                // SAFETY: items live until they are taken out, and are freed once.
                unsafe {
                    let before = (*map).older.size;
                    let found = rs_hm_lookup(map, probe.node(), Some(same_key));
                    assert!(before - (*map).older.size <= MOVED_MAX);
                    assert_eq!(found.is_null(), !model.contains_key(&key), "{step}");
                    if found.is_null() {
                        let item = Box::into_raw(Box::new(Item::new(key, hash(key))));
                        assert_eq!(rs_hm_insert(map, item.cast()), RS_OK);
                        model.insert(key, item);
                    } else if rng.below(3) == 0 {
                        let taken = rs_hm_delete(map, probe.node(), Some(same_key)).cast();
                        assert_eq!(model.remove(&key), Some(taken));
                        drop(Box::from_raw(taken));
                    }
                    assert_eq!(rs_hm_size(map), model.len());
                    if !(*map).older.tab.is_null() && !was_growing {
                        let mut keys: Vec<u64> = Vec::new();
                        rs_hm_foreach(map, Some(collect), (&raw mut keys).cast());
                        keys.sort_unstable();
                        let mut expected: Vec<u64> = model.keys().copied().collect();
                        expected.sort_unstable();
                        assert_eq!(keys, expected, "while growing");
                    }
                    was_growing = !(*map).older.tab.is_null();
                }
            }
            // SAFETY: as above; the nodes are freed while they are visited.
            unsafe {
                rs_hm_foreach(map, Some(free), null_mut());
                rs_hm_clear(map);
                assert!((*map).newer.tab.is_null() && rs_hm_size(map) == 0);
            }
        }
    }

    #[test]
    fn an_empty_map_is_not_written_to_and_nonsense_is_refused() {
        static CONSTANT: [usize; 7] = [0; 7];
        let constant = CONSTANT.as_ptr().cast_mut().cast::<rs_hmap>();
        let mut item = Item::new(1, 1);
        // SAFETY: a map of zeros, which is not inserted into.
        unsafe {
            assert!(rs_hm_lookup(constant, item.node(), Some(same_key)).is_null());
            assert!(rs_hm_delete(constant, item.node(), Some(same_key)).is_null());
            rs_hm_foreach(constant, Some(collect), null_mut());
            assert_eq!(rs_hm_size(constant), 0);

            let mut map = empty();
            assert_eq!(rs_hm_insert(null_mut(), item.node()), RS_ERR_ARGUMENT);
            assert_eq!(rs_hm_insert(&raw mut map, null_mut()), RS_ERR_ARGUMENT);
            assert!(rs_hm_lookup(&raw mut map, null_mut(), Some(same_key)).is_null());
            assert!(rs_hm_lookup(&raw mut map, item.node(), None).is_null());
            assert!(rs_hm_delete(null_mut(), item.node(), None).is_null());
            rs_hm_foreach(null_mut(), None, null_mut());
            rs_hm_clear(null_mut());
            assert_eq!(rs_hm_size(std::ptr::null()), 0);
        }
    }
}
