//! Flat encoding of a short list: the number of its elements in one byte, then a run of them.
//!
//! It lies in the entry, so a list of ten short elements costs one allocation with its key. Pushing to the left moves the
//! bytes behind, which is why the limit is what an entry can hold; a longer list is a [`List`](super::List), which has room at
//! both ends.

use super::element::{self, encoded_len};
use super::run::{self, Run};
use super::{Fill, Layout, Side};
use crate::storage::{Bytes, NoMemory, StringRef};
use std::ops::Range;

/// Bytes of a flat encoding's run: with the count it is always small enough to be embedded in the entry.
const RUN_MAX: usize = 900;
/// Elements of a flat encoding: their number is one byte.
const COUNT_MAX: usize = u8::MAX as usize;

/// Whether a list of so many bytes and elements has a flat encoding.
#[inline]
pub fn allows(fill: Fill, run_bytes: usize, count: usize) -> bool {
    run_bytes <= RUN_MAX && count <= COUNT_MAX && fill.allows(run_bytes, count)
}

/// Bytes of a flat encoding.
pub const BYTES_MAX: usize = 1 + RUN_MAX;

/// The flat encoding of a list without elements, to begin with.
pub const EMPTY: [u8; 1] = [0];

/// Puts the flat encoding of `count` elements that take `bytes`, pushed to `side` one after the other, together in `room`, one
/// byte more than that at least. The caller has asked [`allows`].
#[inline]
pub fn build<'r, 'e>(
    room: &'r mut [u8],
    side: Side,
    elements: impl Iterator<Item = StringRef<'e>>,
    count: usize,
    bytes: usize,
) -> &'r [u8] {
    room[0] = count as u8;
    run::fill(&mut room[1..=bytes], side, elements);
    &room[..=bytes]
}

/// Number of elements.
#[inline]
pub fn count(flat: &[u8]) -> usize {
    flat.first().map_or(0, |count| usize::from(*count))
}

/// The elements.
#[inline]
pub fn run(flat: &[u8]) -> &[u8] {
    flat.get(1..).unwrap_or_default()
}

#[inline]
fn set_count(flat: &mut impl Bytes, count: usize) {
    if let Some(slot) = flat.bytes_mut().first_mut() {
        *slot = count as u8;
    }
}

/// Pushes `elements`, `more` of them that take `bytes`, to an end one after the other. The caller has asked [`allows`].
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn push<'e>(
    flat: &mut impl Bytes,
    side: Side,
    elements: impl Iterator<Item = StringRef<'e>>,
    more: usize,
    bytes: usize,
) -> Result<(), NoMemory> {
    let at = match side {
        Side::Left => 1,
        Side::Right => flat.bytes().len(),
    };
    run::fill(flat.splice(at..at, bytes)?, side, elements);
    let count = count(flat.bytes()) + more;
    set_count(flat, count);
    Ok(())
}

/// Where element `index` begins, or the end of the last one.
#[inline]
fn offset(flat: &[u8], index: usize) -> usize {
    1 + Run::tagged(run(flat)).offset(count(flat), index)
}

/// Where element `index` is, which exists.
fn place(flat: &[u8], index: usize) -> Range<usize> {
    let start = offset(flat, index);
    start..start + element::len_at(&flat[start..])
}

/// Drops `count` elements at an end; there are that many.
///
/// # Errors
/// If memory is short, which a smaller entry should not be.
pub fn cut(flat: &mut impl Bytes, side: Side, count: usize) -> Result<(), NoMemory> {
    let bytes = flat.bytes();
    let left = self::count(bytes) - count;
    let cut = match side {
        Side::Left => 1..offset(bytes, count),
        Side::Right => offset(bytes, left)..bytes.len(),
    };
    flat.splice(cut, 0)?;
    set_count(flat, left);
    Ok(())
}

/// The bytes of the run after element `index`, which exists, is replaced.
pub fn replaced_bytes(flat: &[u8], index: usize, element: StringRef<'_>) -> usize {
    run(flat).len() - place(flat, index).len() + encoded_len(element)
}

/// Replaces element `index`, which exists.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn set(flat: &mut impl Bytes, index: usize, element: StringRef<'_>) -> Result<(), NoMemory> {
    let place = place(flat.bytes(), index);
    element::write(element, flat.splice(place, encoded_len(element))?);
    Ok(())
}

/// Adds an element before element `index` or behind the last one.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn insert(flat: &mut impl Bytes, index: usize, element: StringRef<'_>) -> Result<(), NoMemory> {
    let at = offset(flat.bytes(), index);
    element::write(element, flat.splice(at..at, encoded_len(element))?);
    let count = count(flat.bytes()) + 1;
    set_count(flat, count);
    Ok(())
}

/// Drops elements equal to `wanted`, at most `most` as seen from `side`. Returns how many.
///
/// # Errors
/// If memory is short, which a smaller entry should not be.
pub fn remove_equal(flat: &mut impl Bytes, side: Side, wanted: StringRef<'_>, most: usize) -> Result<usize, NoMemory> {
    let (removed, left) = run::remove_equal(&mut flat.bytes_mut()[1..], Layout::TAGGED, side, wanted, most);
    if removed > 0 {
        let count = count(flat.bytes()) - removed;
        set_count(flat, count);
        flat.set_len(1 + left)?;
    }
    Ok(removed)
}
