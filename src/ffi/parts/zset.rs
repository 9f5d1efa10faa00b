//! The sorted set: a hash map by name and an AVL tree by score, over the same nodes.
//!
//! What: `rs_znode` is one allocation that holds a node of each, the score and the name. The order is by score, then by the
//! bytes of the name, then by its length.
//!
//! Why not the `Ranking` that large sorted sets of the store are: programs of the original project look into these nodes
//! and walk from one to the next, so the layout is given. It is an AVL tree with its cost of a miss per level.
//!
//! Invariants: the nodes of the tree are those of the map; `hcode` is that of the name; a node's score changes only
//! outside of the tree. No score is NaN, because nothing could be found in a tree with one.
//!
//! Cost: a search has a way down that no branch predictor knows, so it takes it without branches, and asks for both children
//! before it has compared: half of that is in vain, and still it is faster than to guess, above all where nodes are not in
//! the caches. An insertion counts itself into its ancestors on the way down, which it reads anyway, and goes up again only as
//! far as heights change. The hash of the original has a multiplication per byte, each waiting for the one before; here
//! eight bytes are multiplied side by side.

use super::super::cast::{self, raw};
use super::super::guard::bare;
use super::super::status::{Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_PANIC, fail};
use super::avl::{self, rs_avl_node};
use super::hm::{self, no_memory, rs_hmap, rs_hnode};
use crate::hooks::is_refused;
use crate::storage::prefetch;
use std::cmp::Ordering;
use std::ffi::{c_char, c_int};
use std::mem::offset_of;
use std::ptr::null_mut;

/// A sorted set: members with scores, found by name, by score and by rank; all zero when it is empty. Read only, except by
/// the functions here. It belongs to one thread at a time, for look-ups too.
#[repr(C)]
pub struct rs_zset {
    /// The members in order, as the `tree` of each.
    pub root: *mut rs_avl_node,
    /// The members by name, as the `hmap` of each.
    pub hmap: rs_hmap,
}

/// A member of a sorted set; its name, of `len` bytes, follows in memory (see `rs_znode_name`). It is made and freed by
/// the functions here, in one block of `malloc`, and read only.
#[repr(C)]
pub struct rs_znode {
    pub tree: rs_avl_node,
    pub hmap: rs_hnode,
    pub score: f64,
    /// Length of the name.
    pub len: usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<rs_zset>() == 64 && offset_of!(rs_zset, hmap) == 8);
    assert!(size_of::<rs_znode>() == 64 && offset_of!(rs_znode, hmap) == 32);
    assert!(offset_of!(rs_znode, score) == 48 && offset_of!(rs_znode, len) == 56);
};

/// The hash of the original project: for each byte, h = (h + byte) * PRIME.
const HASH_START: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;
/// The powers of PRIME that a byte and seven bytes behind it make of it, first byte first.
const POWERS: [u32; 8] = {
    let mut powers = [PRIME; 8];
    let mut at = 7;
    while at > 0 {
        powers[at - 1] = powers[at].wrapping_mul(PRIME);
        at -= 1;
    }
    powers
};

#[inline]
fn hash(name: &[u8]) -> u64 {
    let (eights, rest) = name.as_chunks::<8>();
    let mut hash = HASH_START;
    for bytes in eights {
        let products = bytes.iter().zip(POWERS).map(|(&byte, power)| u32::from(byte).wrapping_mul(power));
        hash = products.fold(hash.wrapping_mul(POWERS[0]), u32::wrapping_add);
    }
    for &byte in rest {
        hash = hash.wrapping_add(u32::from(byte)).wrapping_mul(PRIME);
    }
    u64::from(hash)
}

/// The member whose node of the tree this is.
///
/// # Safety
/// It is one.
#[inline]
unsafe fn of_tree(node: *mut rs_avl_node) -> *mut rs_znode {
    const { assert!(offset_of!(rs_znode, tree) == 0) };
    node.cast()
}

/// The member whose node of the map this is.
///
/// # Safety
/// It is one.
#[inline]
unsafe fn of_map(node: *mut rs_hnode) -> *mut rs_znode {
    // SAFETY: the caller's promise.
    unsafe { node.byte_sub(offset_of!(rs_znode, hmap)).cast() }
}

/// # Safety
/// The member is live for `'a`.
#[inline]
unsafe fn name_of<'a>(node: *const rs_znode) -> &'a [u8] {
    // SAFETY: the name lies behind the member, in the same allocation: see `allocate`.
    unsafe { std::slice::from_raw_parts(node.add(1).cast(), (*node).len) }
}

/// A member that is in no set yet. From the C allocator, as the slots of the map are.
fn allocate(name: &[u8], hcode: u64, score: f64) -> Outcome<*mut rs_znode> {
    let bytes =
        size_of::<rs_znode>().checked_add(name.len()).filter(|&bytes| !is_refused(bytes)).ok_or_else(no_memory)?;
    // SAFETY: any size will do.
    let node = unsafe { libc::malloc(bytes) }.cast::<rs_znode>();
    if node.is_null() {
        return Err(no_memory());
    }
    let leaf = rs_avl_node { parent: null_mut(), left: null_mut(), right: null_mut(), height: 1, cnt: 1 };
    let hmap = rs_hnode { next: null_mut(), hcode };
    // SAFETY: the block has room for the member and its name, and malloc aligns for anything.
    unsafe {
        node.write(rs_znode { tree: leaf, hmap, score, len: name.len() });
        node.add(1).cast::<u8>().copy_from_nonoverlapping(name.as_ptr(), name.len());
    }
    Ok(node)
}

/// A place in the order.
#[derive(Clone, Copy)]
struct Key<'n> {
    score: f64,
    name: &'n [u8],
}

impl Key<'_> {
    /// Where a member is from here.
    ///
    /// # Safety
    /// The node is that of a live member.
    #[inline]
    unsafe fn order_of(&self, node: *mut rs_avl_node) -> Ordering {
        // SAFETY: the caller's promise.
        unsafe {
            let member = of_tree(node);
            if (*member).score == self.score {
                name_of(member).cmp(self.name)
            } else if (*member).score < self.score {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

/// Asks for both children of a node before it is known which is next.
///
/// # Safety
/// The node is that of a live member.
#[inline(always)]
unsafe fn prefetch_children(node: *mut rs_avl_node) {
    // SAFETY: the caller's promise; an address that is only prefetched need not be one.
    unsafe {
        for child in [(*node).left, (*node).right] {
            prefetch(child.cast());
            prefetch(child.wrapping_byte_add(offset_of!(rs_znode, score)).cast());
        }
    }
}

/// Puts a member in its place in the tree.
///
/// # Safety
/// The set is live, its score is no NaN, and the member is in its map, but not in its tree.
unsafe fn link(zset: *mut rs_zset, member: *mut rs_znode) {
    // SAFETY: the caller's promise.
    unsafe {
        let key = Key { score: (*member).score, name: name_of(member) };
        let root = &raw mut (*zset).root;
        let (mut parent, mut link) = (null_mut::<rs_avl_node>(), root);
        while !(*link).is_null() {
            parent = *link;
            prefetch_children(parent);
            (*parent).cnt = (*parent).cnt.wrapping_add(1);
            let is_before = key.order_of(parent) == Ordering::Greater;
            link = if is_before { &raw mut (*parent).left } else { &raw mut (*parent).right };
        }
        avl::attach(root, parent, link, &raw mut (*member).tree);
    }
}

/// # Safety
/// The set is live.
#[inline]
unsafe fn find(zset: *mut rs_zset, name: &[u8], hcode: u64) -> *mut rs_znode {
    // SAFETY: the caller's promise; the nodes of the map are those of live members.
    unsafe {
        if (*zset).root.is_null() {
            return null_mut();
        }
        let found = hm::lookup(&raw mut (*zset).hmap, hcode, |node| name_of(of_map(node)) == name);
        if found.is_null() { null_mut() } else { of_map(found) }
    }
}

/// True if the member is new.
///
/// # Safety
/// The set is live.
unsafe fn insert(zset: *mut rs_zset, name: &[u8], score: f64) -> Outcome<bool> {
    let hcode = hash(name);
    // SAFETY: the caller's promise; a member that was found is in the tree until it is taken out here.
    unsafe {
        let member = find(zset, name, hcode);
        if member.is_null() {
            hm::reserve(&raw mut (*zset).hmap)?;
            let member = allocate(name, hcode, score)?;
            hm::insert(&raw mut (*zset).hmap, &raw mut (*member).hmap);
            link(zset, member);
            return Ok(true);
        }
        if (*member).score != score {
            (*zset).root = avl::detach(&raw mut (*member).tree);
            (*member).score = score;
            link(zset, member);
        }
        Ok(false)
    }
}

/// The first member that is not before the key, or NULL.
///
/// # Safety
/// The set is live.
unsafe fn first_from(zset: *const rs_zset, key: Key) -> *mut rs_znode {
    // SAFETY: the caller's promise.
    unsafe {
        let (mut node, mut found) = ((*zset).root, null_mut());
        while !node.is_null() {
            prefetch_children(node);
            if key.order_of(node) == Ordering::Less {
                node = (*node).right;
            } else {
                found = of_tree(node);
                node = (*node).left;
            }
        }
        found
    }
}

/// The last member that is not behind the key, or NULL.
///
/// # Safety
/// The set is live.
unsafe fn last_to(zset: *const rs_zset, key: Key) -> *mut rs_znode {
    // SAFETY: the caller's promise.
    unsafe {
        let (mut node, mut found) = ((*zset).root, null_mut());
        while !node.is_null() {
            prefetch_children(node);
            if key.order_of(node) == Ordering::Greater {
                node = (*node).left;
            } else {
                found = of_tree(node);
                node = (*node).right;
            }
        }
        found
    }
}

/// How many members come before the key, the one that equals it included if told so.
///
/// # Safety
/// The set is live.
unsafe fn count_before(zset: *const rs_zset, key: Key, with_equal: bool) -> i64 {
    // SAFETY: the caller's promise; `rs_avl_cnt` takes NULL.
    unsafe {
        let (mut node, mut count) = ((*zset).root, 0_i64);
        while !node.is_null() {
            prefetch_children(node);
            let order = key.order_of(node);
            if order == Ordering::Less || (with_equal && order == Ordering::Equal) {
                count = count.wrapping_add(i64::from(avl::rs_avl_cnt((*node).left))).wrapping_add(1);
                node = (*node).right;
            } else {
                node = (*node).left;
            }
        }
        count
    }
}

/// Frees all members.
///
/// # Safety
/// The set is live.
unsafe fn clear(zset: *mut rs_zset) {
    // SAFETY: the caller's promise; a member is freed when both its subtrees are gone, and then never looked at again.
    unsafe {
        hm::clear(&raw mut (*zset).hmap);
        let mut node = std::ptr::replace(&raw mut (*zset).root, null_mut());
        while !node.is_null() {
            if !(*node).left.is_null() {
                node = std::ptr::replace(&raw mut (*node).left, null_mut());
            } else if !(*node).right.is_null() {
                node = std::ptr::replace(&raw mut (*node).right, null_mut());
            } else {
                let parent = (*node).parent;
                libc::free(of_tree(node).cast());
                node = parent;
            }
        }
    }
}

/// A key of the host.
///
/// # Safety
/// The name is `len` bytes that nobody changes during `'n`.
unsafe fn key<'n>(score: f64, name: *const c_char, len: usize) -> Outcome<Key<'n>> {
    if score.is_nan() {
        return Err(fail(RS_ERR_ARGUMENT, format_args!("a score is not a number")));
    }
    // SAFETY: the caller's promise.
    Ok(Key { score, name: unsafe { cast::bytes(name.cast(), len)? } })
}

/// Adds a member, or changes its score if there is one of this name.
///
/// Returns 1 if the member is new; 0 if there was one; else a negative `rs_status`, and nothing has changed:
/// `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is NULL or the score is not a number. So the result is true for what
/// is new, but test for negative ones first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_insert(zset: *mut rs_zset, name: *const c_char, len: usize, score: f64) -> c_int {
    bare(RS_ERR_PANIC, || {
        // SAFETY: by the rules of the header.
        let outcome = unsafe { raw(zset).and_then(|zset| insert(zset, key(score, name, len)?.name, score)) };
        outcome.map_or_else(|Failure(status)| status, c_int::from)
    })
}

/// Finds a member by name.
///
/// Returns NULL if there is none or a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_lookup(zset: *mut rs_zset, name: *const c_char, len: usize) -> *mut rs_znode {
    bare(null_mut(), || {
        // SAFETY: by the rules of the header.
        unsafe {
            let (Ok(zset), Ok(name)) = (raw(zset), cast::bytes(name.cast(), len)) else { return null_mut() };
            find(zset, name, hash(name))
        }
    })
}

/// Removes a member and frees it. NULL is a no-op, and so is a member of another set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_delete(zset: *mut rs_zset, node: *mut rs_znode) {
    bare((), || {
        let (Ok(zset), Ok(node)) = (raw(zset), raw(node)) else { return };
        // SAFETY: by the rules of the header; what is in the map of the set is in its tree.
        unsafe {
            let own = &raw mut (*node).hmap;
            if !hm::remove(&raw mut (*zset).hmap, (*own).hcode, |other| other == own).is_null() {
                (*zset).root = avl::detach(&raw mut (*node).tree);
                libc::free(node.cast());
            }
        }
    })
}

/// The first member that is not before this score and name. There need not be such a member; an empty name is before
/// all others of its score.
///
/// Returns NULL if all members are before it, a pointer is NULL or the score is not a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_seekge(
    zset: *mut rs_zset,
    score: f64,
    name: *const c_char,
    len: usize,
) -> *mut rs_znode {
    bare(null_mut(), || {
        // SAFETY: by the rules of the header.
        unsafe {
            let (Ok(zset), Ok(key)) = (raw(zset), key(score, name, len)) else { return null_mut() };
            first_from(zset, key)
        }
    })
}

/// The last member that is not behind this score and name.
///
/// Returns NULL if all members are behind it, a pointer is NULL or the score is not a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_seekle(
    zset: *mut rs_zset,
    score: f64,
    name: *const c_char,
    len: usize,
) -> *mut rs_znode {
    bare(null_mut(), || {
        // SAFETY: by the rules of the header.
        unsafe {
            let (Ok(zset), Ok(key)) = (raw(zset), key(score, name, len)) else { return null_mut() };
            last_to(zset, key)
        }
    })
}

/// How many members are between two places, those that equal one included: what is found from `rs_zset_seekge` of the lower one
/// to `rs_zset_seekle` of the higher one.
///
/// Returns 0 also if the places are the wrong way round, a pointer is NULL or a score is not a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_count(
    zset: *mut rs_zset,
    lo_score: f64,
    lo_name: *const c_char,
    lo_len: usize,
    hi_score: f64,
    hi_name: *const c_char,
    hi_len: usize,
) -> i64 {
    bare(0, || {
        // SAFETY: by the rules of the header.
        unsafe {
            let (Ok(zset), Ok(low), Ok(high)) =
                (raw(zset), key(lo_score, lo_name, lo_len), key(hi_score, hi_name, hi_len))
            else {
                return 0;
            };
            count_before(zset, high, true).wrapping_sub(count_before(zset, low, false)).max(0)
        }
    })
}

/// Frees all members and makes the set all zero. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zset_clear(zset: *mut rs_zset) {
    bare((), || {
        if let Ok(zset) = raw(zset) {
            // SAFETY: by the rules of the header.
            unsafe { clear(zset) };
        }
    })
}

/// The member `offset` ranks behind this one, before it if negative.
///
/// Returns NULL if there is none, and for NULL, so a walk ends by itself:
///
///     for (rs_znode *it = rs_zset_seekge(&zset, 1.5, "", 0); it != NULL; it = rs_znode_offset(it, 1))
///         printf("%.*s\n", (int)it->len, rs_znode_name(it));
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_znode_offset(node: *mut rs_znode, offset: i64) -> *mut rs_znode {
    bare(null_mut(), || {
        if node.is_null() {
            return null_mut();
        }
        // SAFETY: by the rules of the header; what is in the tree of a member is a member.
        raw(node).map_or(null_mut(), |node| unsafe { of_tree(avl::offset(&raw mut (*node).tree, offset)) })
    })
}

/// The name of a member: `len` bytes, not terminated; NULL for NULL. Valid as long as the member.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_znode_name(node: *const rs_znode) -> *const c_char {
    // SAFETY: by the rules of the header; the name lies behind the member.
    raw(node.cast_mut()).map_or(std::ptr::null(), |node| unsafe { node.add(1).cast() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;

    struct Set(rs_zset);

    impl Set {
        fn new() -> Self {
            // SAFETY: zeros are an empty set.
            Self(unsafe { std::mem::zeroed() })
        }

        fn insert(&mut self, name: &[u8], score: f64) -> c_int {
            // SAFETY: the name is alive, here and below.
            unsafe { rs_zset_insert(&raw mut self.0, name.as_ptr().cast(), name.len(), score) }
        }

        fn lookup(&mut self, name: &[u8]) -> *mut rs_znode {
            // SAFETY: as above.
            unsafe { rs_zset_lookup(&raw mut self.0, name.as_ptr().cast(), name.len()) }
        }

        fn seekge(&mut self, score: f64, name: &[u8]) -> *mut rs_znode {
            // SAFETY: as above.
            unsafe { rs_zset_seekge(&raw mut self.0, score, name.as_ptr().cast(), name.len()) }
        }

        fn seekle(&mut self, score: f64, name: &[u8]) -> *mut rs_znode {
            // SAFETY: as above.
            unsafe { rs_zset_seekle(&raw mut self.0, score, name.as_ptr().cast(), name.len()) }
        }

        fn count(&mut self, low: (f64, &[u8]), high: (f64, &[u8])) -> i64 {
            let (lo, hi) = (low.1, high.1);
            // SAFETY: as above.
            unsafe {
                let (lo_name, hi_name) = (lo.as_ptr().cast(), hi.as_ptr().cast());
                rs_zset_count(&raw mut self.0, low.0, lo_name, lo.len(), high.0, hi_name, hi.len())
            }
        }
    }

    impl Drop for Set {
        fn drop(&mut self) {
            // SAFETY: the set is alive.
            unsafe { rs_zset_clear(&raw mut self.0) };
        }
    }

    fn show<'a>(member: *mut rs_znode) -> Option<(f64, &'a [u8])> {
        // SAFETY: NULL or a live member; tests look at the name while it is one.
        (!member.is_null()).then(|| unsafe { ((*member).score, name_of(member)) })
    }

    #[test]
    fn the_hash_is_that_of_the_original() {
        let text: Vec<u8> = (0..100_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for len in 0..text.len() {
            let expected =
                text[..len].iter().fold(0x811c_9dc5_u32, |h, &byte| (h.wrapping_add(byte.into())).wrapping_mul(PRIME));
            assert_eq!(hash(&text[..len]), u64::from(expected));
        }
    }

    #[test]
    fn behaves_like_a_sorted_vector() {
        let mut rng = Rng::from_env();
        let (mut set, mut model) = (Set::new(), Vec::<(f64, Vec<u8>)>::new());
        let order = |a: &(f64, Vec<u8>), b: &(f64, Vec<u8>)| a.0.partial_cmp(&b.0).unwrap().then_with(|| a.1.cmp(&b.1));
        for step in 0..6_000 {
            let name = vec![b'a' + rng.below(5) as u8; rng.below(60) as usize];
            let score = [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1.0, f64::INFINITY][rng.below(6) as usize];
            let at = model.iter().position(|(_, other)| *other == name);
            assert_eq!(show(set.lookup(&name)).map(|(_, name)| name.to_vec()), at.map(|_| name.clone()));
            match at {
                Some(at) if rng.below(3) == 0 => {
                    let member = set.lookup(&name);
                    // SAFETY: just found.
                    unsafe { rs_zset_delete(&raw mut set.0, member) };
                    model.remove(at);
                }
                at => {
                    assert_eq!(set.insert(&name, score), c_int::from(at.is_none()));
                    match at {
                        // 0 and -0 are the same score, and the first one stays.
                        Some(at) if model[at].0 == score => {}
                        Some(at) => model[at].0 = score,
                        None => model.push((score, name.clone())),
                    }
                }
            }
            model.sort_by(order);
            let (low, high) = ((score, name.as_slice()), (1.0, &b"bbb"[..]));
            let first = model.partition_point(|member| order(member, &(score, name.clone())).is_lt());
            let end = model.partition_point(|member| order(member, &(1.0, b"bbb".to_vec())).is_le());
            let expected = |at: Option<usize>| at.and_then(|at| model.get(at)).map(|(score, name)| (*score, &name[..]));
            assert_eq!(show(set.seekge(low.0, low.1)), expected(Some(first)));
            assert_eq!(show(set.seekle(high.0, high.1)), expected(end.checked_sub(1)));
            assert_eq!(set.count(low, high), (end as i64 - first as i64).max(0), "step {step}");
            if step % 50 == 0 {
                let mut member = set.seekge(f64::NEG_INFINITY, b"");
                for (rank, (score, name)) in model.iter().enumerate() {
                    assert_eq!(show(member), Some((*score, &name[..])));
                    // SAFETY: just shown.
                    unsafe {
                        assert_eq!(avl::rs_avl_rank(&raw mut (*member).tree), rank as i64);
                        assert!(rs_znode_offset(member, -1 - rank as i64).is_null());
                        member = rs_znode_offset(member, 1);
                    }
                }
                assert!(member.is_null());
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        static CONSTANT: [usize; 8] = [0; 8];
        let constant = CONSTANT.as_ptr().cast_mut().cast::<rs_zset>();
        let (mut set, mut other) = (Set::new(), Set::new());
        assert_eq!(set.insert(b"x", f64::NAN), RS_ERR_ARGUMENT);
        assert_eq!(set.insert(b"x", 1.0), 1);
        assert_eq!(other.insert(b"x", 1.0), 1);
        assert!(set.seekge(f64::NAN, b"").is_null() && set.seekle(f64::NAN, b"").is_null());
        assert_eq!(set.count((f64::NAN, b""), (1.0, b"x")), 0);
        // SAFETY: a set of zeros, which is not inserted into; the rest is NULL, or alive.
        unsafe {
            assert!(rs_zset_lookup(constant, null_mut(), 0).is_null());
            assert!(rs_zset_seekge(constant, 1.0, null_mut(), 0).is_null());
            assert_eq!(rs_zset_insert(&raw mut set.0, null_mut(), 1, 1.0), RS_ERR_ARGUMENT);
            assert_eq!(rs_zset_insert(null_mut(), null_mut(), 0, 1.0), RS_ERR_ARGUMENT);
            assert_eq!(rs_zset_insert(&raw mut set.0, null_mut(), 0, 1.0), 1);
            rs_zset_delete(&raw mut set.0, null_mut());
            rs_zset_delete(&raw mut set.0, other.lookup(b"x"));
            assert_eq!(show(other.lookup(b"x")), Some((1.0, &b"x"[..])));
            assert!(rs_znode_offset(null_mut(), 1).is_null() && rs_znode_name(null_mut()).is_null());
            rs_zset_clear(null_mut());
        }
    }
}
