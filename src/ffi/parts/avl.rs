//! The intrusive AVL tree, in which every node counts its subtree: found by rank and ranked in O(log n).
//!
//! What: the host walks down by its own order and links a leaf; [`rs_avl_fix`] repairs heights, counts and balance on the
//! way up. [`rs_avl_del`] takes a node out. Ranks follow from the counts.
//!
//! Invariants of a whole tree: `parent` mirrors `left` and `right`; `height` is 1 more than that of the higher child, and
//! those of two children differ by at most 1; `cnt` is 1 more than those of both children together.
//!
//! Cost: `rs_avl_fix` trusts nothing above the node and computes everything anew up to the root. What the library does
//! itself (a deletion, the insertions of `zset`) knows by how much the counts change, so it looks at the siblings of the
//! path, which are cache misses, only as far as heights change: two or three nodes on average.

use super::super::cast::raw;
use super::super::guard::bare;
use crate::storage::prefetch;
use std::mem::offset_of;
use std::ptr::null_mut;

/// A node of an AVL tree, to be embedded in an object of the host. `parent`, `left` and `right` are NULL where there is none;
/// the host sets them when it links a new leaf, else they are read only. A tree is known by its root and belongs to one
/// thread at a time while it is changed; `rs_avl_offset` and `rs_avl_rank` may run in several, as may walks of the host.
#[repr(C)]
pub struct rs_avl_node {
    pub parent: *mut rs_avl_node,
    pub left: *mut rs_avl_node,
    pub right: *mut rs_avl_node,
    /// Nodes on the longest way down, this one included.
    pub height: u32,
    /// Nodes of the subtree, this one included.
    pub cnt: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(
        size_of::<rs_avl_node>() == 32 && offset_of!(rs_avl_node, left) == 8 && offset_of!(rs_avl_node, right) == 16
    );
    assert!(offset_of!(rs_avl_node, height) == 24 && offset_of!(rs_avl_node, cnt) == 28);
};

// Throughout: a node is live, and so are the nodes that it points to, which is what the `unsafe` functions ask for.

/// # Safety
/// The node is live, or NULL.
#[inline]
unsafe fn height(node: *mut rs_avl_node) -> u32 {
    // SAFETY: the caller's promise.
    if node.is_null() { 0 } else { unsafe { (*node).height } }
}

/// # Safety
/// The node is live, or NULL.
#[inline]
unsafe fn count(node: *mut rs_avl_node) -> u32 {
    // SAFETY: the caller's promise.
    if node.is_null() { 0 } else { unsafe { (*node).cnt } }
}

/// Computes height and count from the children.
///
/// # Safety
/// The node is live, and its tree is whole below it.
#[inline]
unsafe fn update(node: *mut rs_avl_node) {
    // SAFETY: the caller's promise.
    unsafe {
        let (left, right) = ((*node).left, (*node).right);
        (*node).height = height(left).max(height(right)).wrapping_add(1);
        (*node).cnt = count(left).wrapping_add(count(right)).wrapping_add(1);
    }
}

/// Turns a node and its right child round; the child, which takes its place except in the parent.
///
/// # Safety
/// The node has a right child.
#[inline]
unsafe fn rotate_left(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        let top = (*node).right;
        let inner = (*top).left;
        (*node).right = inner;
        if !inner.is_null() {
            (*inner).parent = node;
        }
        (*top).parent = (*node).parent;
        (*top).left = node;
        (*node).parent = top;
        update(node);
        update(top);
        top
    }
}

/// The mirror image of [`rotate_left`].
///
/// # Safety
/// The node has a left child.
#[inline]
unsafe fn rotate_right(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        let top = (*node).left;
        let inner = (*top).right;
        (*node).left = inner;
        if !inner.is_null() {
            (*inner).parent = node;
        }
        (*top).parent = (*node).parent;
        (*top).right = node;
        (*node).parent = top;
        update(node);
        update(top);
        top
    }
}

/// Updates a node whose subtrees are whole and differ by at most 2 in height, and balances it. The top of the subtree
/// then; the pointer to it in the parent is the caller's business.
///
/// # Safety
/// The node is live, and its tree is whole below it.
#[inline]
unsafe fn balance(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise; a subtree that is higher by 2 than its sibling is not empty, and neither is the higher
    // half of it.
    unsafe {
        update(node);
        let (left, right) = (height((*node).left), height((*node).right));
        if left == right.wrapping_add(2) {
            let child = (*node).left;
            if height((*child).left) < height((*child).right) {
                (*node).left = rotate_left(child);
            }
            rotate_right(node)
        } else if right == left.wrapping_add(2) {
            let child = (*node).right;
            if height((*child).right) < height((*child).left) {
                (*node).right = rotate_right(child);
            }
            rotate_left(node)
        } else {
            node
        }
    }
}

/// The address of the pointer to a node: in its parent, or `root`.
///
/// # Safety
/// The node is live, and so is its parent if it has one.
#[inline]
unsafe fn link_of(root: *mut *mut rs_avl_node, node: *mut rs_avl_node) -> *mut *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        let parent = (*node).parent;
        if parent.is_null() {
            root
        } else if (*parent).left == node {
            &raw mut (*parent).left
        } else {
            &raw mut (*parent).right
        }
    }
}

/// Restores heights and balance from a node upwards, as far as they change. The counts are right already.
///
/// # Safety
/// The tree of this root is whole, but for the height and balance of the node and its ancestors.
unsafe fn settle(root: *mut *mut rs_avl_node, mut node: *mut rs_avl_node) {
    // SAFETY: the caller's promise; `balance` leaves the node, or its successor, in the same parent.
    unsafe {
        while !node.is_null() {
            let before = (*node).height;
            let link = link_of(root, node);
            let top = balance(node);
            *link = top;
            if (*top).height == before {
                return;
            }
            node = (*top).parent;
        }
    }
}

/// Links a leaf into an empty place of a tree; the ancestors count it already.
///
/// # Safety
/// `link` is a NULL pointer in `parent`, or `root` if that is NULL; the tree of this root is whole but for the leaf.
#[inline]
pub unsafe fn attach(
    root: *mut *mut rs_avl_node,
    parent: *mut rs_avl_node,
    link: *mut *mut rs_avl_node,
    leaf: *mut rs_avl_node,
) {
    // SAFETY: the caller's promise.
    unsafe {
        leaf.write(rs_avl_node { parent, left: null_mut(), right: null_mut(), height: 1, cnt: 1 });
        *link = leaf;
        settle(root, parent);
    }
}

/// Takes a node out of its tree; the root then.
///
/// # Safety
/// The node is live and its tree is whole.
pub unsafe fn detach(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise. The node that leaves its place, `gone`, has at most one child: it is the node itself or
    // the first one behind it.
    unsafe {
        let mut gone = node;
        if !(*node).left.is_null() && !(*node).right.is_null() {
            gone = (*node).right;
            while !(*gone).left.is_null() {
                gone = (*gone).left;
            }
        }
        let child = if (*gone).left.is_null() { (*gone).right } else { (*gone).left };
        let parent = (*gone).parent;
        let mut root = child;
        *link_of(&raw mut root, gone) = child;
        if !child.is_null() {
            (*child).parent = parent;
        }
        let mut above = parent;
        while !above.is_null() {
            (*above).cnt = (*above).cnt.wrapping_sub(1);
            root = above;
            above = (*above).parent;
        }
        settle(&raw mut root, parent);
        if gone != node {
            replace(&raw mut root, node, gone);
        }
        root
    }
}

/// Puts a node that is in no tree in the place of another.
///
/// # Safety
/// Both are live, and the tree of the old one is whole.
unsafe fn replace(root: *mut *mut rs_avl_node, old: *mut rs_avl_node, new: *mut rs_avl_node) {
    // SAFETY: the caller's promise.
    unsafe {
        *link_of(root, old) = new;
        new.write(old.read());
        for child in [(*new).left, (*new).right] {
            if !child.is_null() {
                (*child).parent = new;
            }
        }
    }
}

/// The next node in order, or NULL.
///
/// # Safety
/// The node is live and its tree is whole.
unsafe fn next(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        let mut node = node;
        if !(*node).right.is_null() {
            node = (*node).right;
            // A walk comes back to the right subtrees that it passes by.
            prefetch((*node).right.cast());
            while !(*node).left.is_null() {
                node = (*node).left;
                prefetch((*node).right.cast());
            }
            return node;
        }
        let mut parent = (*node).parent;
        while !parent.is_null() && (*parent).right == node {
            node = parent;
            parent = (*node).parent;
        }
        parent
    }
}

/// The mirror image of [`next`].
///
/// # Safety
/// The node is live and its tree is whole.
unsafe fn previous(node: *mut rs_avl_node) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        let mut node = node;
        if !(*node).left.is_null() {
            node = (*node).left;
            prefetch((*node).left.cast());
            while !(*node).right.is_null() {
                node = (*node).right;
                prefetch((*node).left.cast());
            }
            return node;
        }
        let mut parent = (*node).parent;
        while !parent.is_null() && (*parent).left == node {
            node = parent;
            parent = (*node).parent;
        }
        parent
    }
}

/// The node `offset` ranks further, or NULL.
///
/// # Safety
/// The node is live and its tree is whole.
pub unsafe fn offset(node: *mut rs_avl_node, offset: i64) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        match offset {
            0 => node,
            // A walk from node to node need not look at the counts beside its way.
            1 => next(node),
            -1 => previous(node),
            2.. => ahead(node, offset.cast_unsigned()),
            _ => back(node, offset.unsigned_abs()),
        }
    }
}

/// The node `ranks` further on, at least 1, or NULL. Up as far as it takes, which shows in the subtrees behind the way
/// only, then down.
///
/// # Safety
/// The node is live and its tree is whole.
unsafe fn ahead(mut node: *mut rs_avl_node, mut ranks: u64) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        loop {
            let behind = u64::from(count((*node).right));
            if ranks <= behind {
                return nth((*node).right, ranks.wrapping_sub(1));
            }
            ranks = ranks.wrapping_sub(behind).wrapping_sub(1);
            // The next one outside of this subtree.
            loop {
                let below = node;
                node = (*node).parent;
                if node.is_null() || (ranks == 0 && (*node).left == below) {
                    return node;
                }
                if (*node).left == below {
                    break;
                }
            }
        }
    }
}

/// The mirror image of [`ahead`].
///
/// # Safety
/// The node is live and its tree is whole.
unsafe fn back(mut node: *mut rs_avl_node, mut ranks: u64) -> *mut rs_avl_node {
    // SAFETY: the caller's promise.
    unsafe {
        loop {
            let before = u64::from(count((*node).left));
            if ranks <= before {
                return nth((*node).left, before.wrapping_sub(ranks));
            }
            ranks = ranks.wrapping_sub(before).wrapping_sub(1);
            loop {
                let below = node;
                node = (*node).parent;
                if node.is_null() || (ranks == 0 && (*node).right == below) {
                    return node;
                }
                if (*node).right == below {
                    break;
                }
            }
        }
    }
}

/// The node of this rank in a subtree.
///
/// # Safety
/// The node is live, its tree is whole, and the subtree has more nodes than `rank`.
unsafe fn nth(mut node: *mut rs_avl_node, mut rank: u64) -> *mut rs_avl_node {
    // SAFETY: the caller's promise: the side that has the rank is not empty.
    unsafe {
        loop {
            let (left, right) = ((*node).left, (*node).right);
            prefetch(right.cast());
            let before = u64::from(count(left));
            if rank < before {
                node = left;
            } else if rank == before {
                return node;
            } else {
                rank = rank.wrapping_sub(before).wrapping_sub(1);
                node = right;
            }
        }
    }
}

/// Makes a node a leaf without a parent, which is also a whole tree of one node. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_init(node: *mut rs_avl_node) {
    bare((), || {
        if let Ok(node) = raw(node) {
            // SAFETY: by the rules of the header.
            unsafe {
                node.write(rs_avl_node { parent: null_mut(), left: null_mut(), right: null_mut(), height: 1, cnt: 1 })
            };
        }
    })
}

/// The height of a subtree; 0 for NULL, which is an empty one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_height(node: *const rs_avl_node) -> u32 {
    // SAFETY: by the rules of the header.
    unsafe { height(node.cast_mut()) }
}

/// How many nodes a subtree has; 0 for NULL, which is an empty one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_cnt(node: *const rs_avl_node) -> u32 {
    // SAFETY: by the rules of the header.
    unsafe { count(node.cast_mut()) }
}

/// Restores heights, counts and balance from a node up to the root, after something was linked at it or below it.
///
///     rs_avl_node *parent = NULL, **link = &root;
///     while (*link != NULL) {
///         parent = *link;
///         link = is_less(node, parent) ? &parent->left : &parent->right;
///     }
///     rs_avl_init(node);
///     node->parent = parent;
///     *link = node;
///     root = rs_avl_fix(node);
///
/// Returns the root, which may be another one than before; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_fix(node: *mut rs_avl_node) -> *mut rs_avl_node {
    bare(null_mut(), || {
        let Ok(mut node) = raw(node) else { return null_mut() };
        // SAFETY: by the rules of the header; `balance` leaves the node, or its successor, in the same parent.
        unsafe {
            let mut root = null_mut();
            loop {
                let link = link_of(&raw mut root, node);
                let top = balance(node);
                *link = top;
                node = (*top).parent;
                if node.is_null() {
                    return top;
                }
            }
        }
    })
}

/// Takes a node out of its tree, O(log n). It is the host's again, and needs `rs_avl_init` before it is linked anew.
///
/// Returns the root of what is left, which may be another one than before; NULL if nothing is left, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_del(node: *mut rs_avl_node) -> *mut rs_avl_node {
    bare(null_mut(), || {
        // SAFETY: by the rules of the header.
        raw(node).map_or(null_mut(), |node| unsafe { detach(node) })
    })
}

/// The node that is `offset` ranks behind this one, before it if negative. O(log n), however far it is.
///
/// Returns NULL if there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_offset(node: *mut rs_avl_node, offset: i64) -> *mut rs_avl_node {
    bare(null_mut(), || {
        // SAFETY: by the rules of the header.
        raw(node).map_or(null_mut(), |node| unsafe { self::offset(node, offset) })
    })
}

/// How many nodes of the tree come before this one, O(log n); -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_avl_rank(node: *mut rs_avl_node) -> i64 {
    bare(-1, || {
        let Ok(mut node) = raw(node) else { return -1 };
        // SAFETY: by the rules of the header.
        unsafe {
            let mut rank = i64::from(count((*node).left));
            loop {
                let parent = (*node).parent;
                if parent.is_null() {
                    return rank;
                }
                if (*parent).right == node {
                    rank = rank.wrapping_add(i64::from(count((*parent).left))).wrapping_add(1);
                }
                node = parent;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;

    #[repr(C)]
    struct Item {
        node: rs_avl_node,
        key: u64,
    }

    struct Tree(*mut rs_avl_node);

    impl Tree {
        /// Inserts as the header says.
        fn add(&mut self, key: u64) {
            // SAFETY: items are the first field of boxes that live until they are taken out.
            unsafe {
                let (mut parent, mut link) = (null_mut::<rs_avl_node>(), &raw mut self.0);
                while !(*link).is_null() {
                    parent = *link;
                    let is_less = key < (*parent.cast::<Item>()).key;
                    link = if is_less { &raw mut (*parent).left } else { &raw mut (*parent).right };
                }
                let node = rs_avl_node { parent, left: null_mut(), right: null_mut(), height: 1, cnt: 1 };
                let node = Box::into_raw(Box::new(Item { node, key })).cast::<rs_avl_node>();
                *link = node;
                self.0 = rs_avl_fix(node);
            }
        }

        fn find(&self, key: u64) -> *mut rs_avl_node {
            // SAFETY: as above.
            unsafe {
                let mut node = self.0;
                while !node.is_null() && (*node.cast::<Item>()).key != key {
                    node = if key < (*node.cast::<Item>()).key { (*node).left } else { (*node).right };
                }
                node
            }
        }

        fn remove(&mut self, key: u64) {
            // SAFETY: as above.
            unsafe {
                let node = self.find(key);
                self.0 = rs_avl_del(node);
                drop(Box::from_raw(node.cast::<Item>()));
            }
        }

        /// The keys in order; panics if the tree is not whole.
        fn keys(&self) -> Vec<u64> {
            // SAFETY: as above.
            unsafe fn visit(node: *mut rs_avl_node, parent: *mut rs_avl_node, keys: &mut Vec<u64>) {
                if node.is_null() {
                    return;
                }
                // SAFETY: as above.
                unsafe {
                    let (left, right) = ((*node).left, (*node).right);
                    visit(left, node, keys);
                    keys.push((*node.cast::<Item>()).key);
                    visit(right, node, keys);
                    assert_eq!((*node).parent, parent);
                    assert_eq!((*node).cnt, 1 + count(left) + count(right));
                    assert_eq!((*node).height, 1 + height(left).max(height(right)));
                    assert!(height(left).abs_diff(height(right)) <= 1);
                }
            }
            let mut keys = Vec::new();
            // SAFETY: as above.
            unsafe { visit(self.0, null_mut(), &mut keys) };
            keys
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            while !self.0.is_null() {
                // SAFETY: as above.
                self.remove(unsafe { (*self.0.cast::<Item>()).key });
            }
        }
    }

    #[test]
    fn behaves_like_a_sorted_vector() {
        let mut rng = Rng::from_env();
        let (mut tree, mut model) = (Tree(null_mut()), Vec::new());
        for step in 0..4_000 {
            let key = rng.below(300);
            let at = model.partition_point(|&other| other < key);
            if model.get(at) == Some(&key) && rng.below(2) == 0 {
                tree.remove(key);
                model.remove(at);
            } else if model.len() < 500 {
                tree.add(key);
                model.insert(at, key);
            }
            assert_eq!(tree.keys(), model, "step {step}");
        }
    }

    #[test]
    fn every_place_of_small_trees() {
        for size in 0..40 {
            for place in 0..size {
                let mut tree = Tree(null_mut());
                (0..size).filter(|&key| key != place).for_each(|key| tree.add(key));
                tree.add(place);
                assert_eq!(tree.keys(), (0..size).collect::<Vec<_>>());
                tree.remove(place);
                assert_eq!(tree.keys(), (0..size).filter(|&key| key != place).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn offsets_and_ranks() {
        for size in [1, 2, 3, 10, 97] {
            let mut tree = Tree(null_mut());
            (0..size).for_each(|key| tree.add(key as u64));
            for from in 0..size {
                let node = tree.find(from as u64);
                // SAFETY: the node is in the tree.
                unsafe {
                    assert_eq!(rs_avl_rank(node), from);
                    for to in 0..size {
                        assert_eq!(rs_avl_offset(node, to - from), tree.find(to as u64));
                    }
                    for outside in [-1 - from, size - from, i64::MIN, i64::MAX] {
                        assert!(rs_avl_offset(node, outside).is_null());
                    }
                }
            }
        }
        // SAFETY: NULL is refused.
        unsafe {
            assert!(rs_avl_fix(null_mut()).is_null() && rs_avl_del(null_mut()).is_null());
            assert!(rs_avl_offset(null_mut(), 0).is_null());
            assert_eq!((rs_avl_rank(null_mut()), rs_avl_cnt(null_mut()), rs_avl_height(null_mut())), (-1, 0, 0));
        }
    }
}
