//! Editing a small set in place, whichever flat block it is.
//!
//! An intset becomes packed when a text joins it or when it may not be called an intset any more; a set that does not
//! fit into a flat block is [`Added::Outgrown`], and the caller makes it a [`Set`](super::Set).

use super::intset::Intset;
use super::packed::{self, Inserted, Packed};
use super::{Encoding, INTSET_MAX, Member, Rules, SetRef, intset};
use crate::storage::{Bytes, NoMemory, try_copy};

/// The flat encoding of no members.
pub const EMPTY: &[u8] = intset::EMPTY;

/// What became of a member to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    New,
    Known,
    /// It is new and does not fit: nothing has changed.
    Outgrown,
}

/// What OBJECT ENCODING says.
pub fn encoding(flat: &[u8]) -> Encoding {
    match flat.first() {
        Some(&packed::LISTPACK) => Encoding::Listpack,
        Some(&packed::HASHTABLE) => Encoding::Hashtable,
        _ => Encoding::Intset,
    }
}

fn packed_tag(encoding: Encoding) -> u8 {
    if encoding == Encoding::Listpack { packed::LISTPACK } else { packed::HASHTABLE }
}

/// Adds a member.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn add(flat: &mut impl Bytes, member: Member, rules: &Rules) -> Result<Added, NoMemory> {
    match Intset::read(flat.bytes()) {
        None => add_packed(flat, member, rules),
        Some(set) => {
            if let Member::Int(int) = member {
                if set.len() < INTSET_MAX.min(rules.intset_entries_max) {
                    return intset::insert(flat, int).map(|is_new| if is_new { Added::New } else { Added::Known });
                }
                if set.contains(int) {
                    return Ok(Added::Known);
                }
            }
            leave_intset(flat, member, rules)
        }
    }
}

fn add_packed(flat: &mut impl Bytes, member: Member, rules: &Rules) -> Result<Added, NoMemory> {
    Ok(match packed::insert(flat, member)? {
        Inserted::Known => Added::Known,
        Inserted::Full => Added::Outgrown,
        Inserted::New => {
            if flat.bytes().first() == Some(&packed::LISTPACK) {
                let len = len(flat.bytes());
                let encoding = Encoding::Listpack.after_adding(member, len, rules);
                packed::set_tag(flat, packed_tag(encoding));
            }
            Added::New
        }
    })
}

/// Adds a new member that makes an intset something else.
#[cold]
fn leave_intset(flat: &mut impl Bytes, member: Member, rules: &Rules) -> Result<Added, NoMemory> {
    let Some(set) = Intset::read(flat.bytes()) else { return Ok(Added::Outgrown) };
    let encoding = Encoding::Intset.after_adding(member, set.len() + 1, rules);
    if encoding == Encoding::Intset || set.len() >= packed::COUNT_MAX {
        return Ok(Added::Outgrown);
    }
    let mut changed = try_copy(&packed::empty(packed_tag(encoding)))?;
    for member in set.iter().map(Member::Int).chain([member]) {
        if packed::insert(&mut changed, member)? != Inserted::New {
            return Ok(Added::Outgrown);
        }
    }
    let len = flat.bytes().len();
    flat.splice(0..len, changed.len())?.copy_from_slice(&changed);
    Ok(Added::New)
}

/// Removes a member; whether it was there.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn remove(flat: &mut impl Bytes, member: Member) -> Result<bool, NoMemory> {
    match (flat.bytes().first(), member) {
        (Some(&tag), Member::Int(int)) if intset::is_tag(tag) => intset::remove(flat, int),
        (Some(&tag), _) if packed::is_tag(tag) => packed::remove(flat, member),
        _ => Ok(false),
    }
}

/// Takes a random member out, all equally likely; `leave` gets it before it goes.
///
/// # Errors
/// If memory is short; then nothing has changed, but `leave` was called.
pub fn pop<R>(
    flat: &mut impl Bytes,
    mut random: impl FnMut() -> u64,
    leave: impl FnOnce(Member) -> R,
) -> Result<Option<R>, NoMemory> {
    let index = ((u128::from(random()) * len(flat.bytes()) as u128) >> 64) as usize;
    let Some(member) = SetRef::of_flat(flat.bytes()).and_then(|set| set.get(index)) else { return Ok(None) };
    let result = leave(member);
    if Intset::read(flat.bytes()).is_some() {
        intset::remove_at(flat, index)?;
    } else {
        packed::remove_at(flat, index)?;
    }
    Ok(Some(result))
}

/// How many members there are.
#[inline]
pub fn len(flat: &[u8]) -> usize {
    Packed::read(flat).map(Packed::len).or_else(|| Intset::read(flat).map(Intset::len)).unwrap_or(0)
}
