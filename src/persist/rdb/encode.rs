//! The bodies of lists, sets, hashes and sorted sets, as Redis 7.0 writes them.
//!
//! Whoever has a value calls the function of the encoding that Redis would have it in, with an iterator over the
//! elements in Redis's order, and finds their number right: it is written first. What is flat is built beside the
//! writer, since it is compressed as a whole.

use super::listpack::{self, Builder, entry_len};
use super::{Element, Writer, intset};
use crate::resp::number::{DOUBLE_TEXT_MAX, write_double_17g};
use crate::storage::NoMemory;

/// Nodes of a list are listpacks of up to this size by Redis's estimate, which `list-max-listpack-size -2` means.
const NODE_BYTES_MAX: usize = 8 * 1024;
/// What Redis adds to an element for its head and its length behind, at most.
const ENTRY_OVERHEAD: usize = 8;
/// Up to here an integral score in a listpack is an integer, and -0 is 0.
const INTEGER_SCORE_MAX: f64 = (i64::MAX / 2) as f64;
/// An element from this size on is a node of its own.
const PLAIN_BYTES_MIN: usize = 1 << 30;

const NODE_PLAIN: u64 = 1;
const NODE_LISTPACK: u64 = 2;

/// A list ([`super::type_id::LIST_QUICKLIST_2`]): a row of listpacks. `walk` shows what it is given all elements in order, each
/// time it is called.
///
/// # Errors
/// If memory is short, or the error of `walk`.
pub fn list(
    writer: &mut Writer,
    walk: impl Fn(&mut dyn FnMut(Element<'_>) -> Result<(), NoMemory>) -> Result<(), NoMemory>,
) -> Result<(), NoMemory> {
    let mut nodes = 0;
    let mut cut = Cut::default();
    walk(&mut |element| {
        nodes += u64::from(cut.begins_node(element));
        Ok(())
    })?;
    writer.length(nodes)?;
    let mut cut = Cut::default();
    let mut node = Builder::new();
    walk(&mut |element| {
        if cut.begins_node(element) && !node.is_empty() {
            writer.length(NODE_LISTPACK)?;
            writer.text(node.finish())?;
            node.clear();
        }
        match element {
            Element::Bytes(bytes) if cut.is_plain => {
                writer.length(NODE_PLAIN)?;
                writer.text(bytes)
            }
            element => node.push_element(element),
        }
    })?;
    if !node.is_empty() {
        writer.length(NODE_LISTPACK)?;
        writer.text(node.finish())?;
    }
    Ok(())
}

/// Where a list is cut into nodes.
#[derive(Default)]
struct Cut {
    /// Of the node so far; 0 if the next element begins one.
    bytes: usize,
    /// The element that was asked about is a node of its own.
    is_plain: bool,
}

impl Cut {
    /// Whether this next element begins a node.
    fn begins_node(&mut self, element: Element<'_>) -> bool {
        let text_len = element.text_len();
        self.is_plain = text_len >= PLAIN_BYTES_MIN;
        if self.is_plain {
            self.bytes = 0;
            return true;
        }
        let begins = self.bytes == 0 || self.bytes + text_len + ENTRY_OVERHEAD > NODE_BYTES_MAX;
        if begins {
            self.bytes = listpack::EMPTY_BYTES;
        }
        self.bytes += entry_len(element);
        begins
    }
}

/// A set of integers that ascend ([`super::type_id::SET_INTSET`]); there is at least one.
///
/// # Errors
/// If memory is short.
pub fn intset<I: Iterator<Item = i64>>(
    writer: &mut Writer,
    count: usize,
    integers: impl Fn() -> I,
) -> Result<(), NoMemory> {
    let mut bytes = Vec::new();
    intset::build(count, integers, &mut bytes)?;
    writer.text(&bytes)
}

/// A set ([`super::type_id::SET`]).
///
/// # Errors
/// If memory is short.
pub fn set<'e>(
    writer: &mut Writer,
    count: usize,
    mut members: impl Iterator<Item = Element<'e>>,
) -> Result<(), NoMemory> {
    writer.length(count as u64)?;
    members.try_for_each(|member| writer.element(member))
}

/// A small hash ([`super::type_id::HASH_LISTPACK`]).
///
/// # Errors
/// If memory is short.
pub fn hash_listpack<'e>(
    writer: &mut Writer,
    fields: impl Iterator<Item = (Element<'e>, Element<'e>)>,
) -> Result<(), NoMemory> {
    let mut listpack = Builder::new();
    for (field, value) in fields {
        listpack.push_element(field)?;
        listpack.push_element(value)?;
    }
    writer.text(listpack.finish())
}

/// A hash ([`super::type_id::HASH`]).
///
/// # Errors
/// If memory is short.
pub fn hash<'e>(
    writer: &mut Writer,
    count: usize,
    fields: impl Iterator<Item = (Element<'e>, Element<'e>)>,
) -> Result<(), NoMemory> {
    writer.length(count as u64)?;
    for (field, value) in fields {
        writer.element(field)?;
        writer.element(value)?;
    }
    Ok(())
}

/// A hash whose fields have deadlines ([`super::type_id::HASH_METADATA`]), the earliest of which is `earliest_ms`.
///
/// # Errors
/// If memory is short.
pub fn hash_with_deadlines<'e>(
    writer: &mut Writer,
    count: usize,
    earliest_ms: i64,
    fields: impl Iterator<Item = (Element<'e>, Element<'e>, Option<i64>)>,
) -> Result<(), NoMemory> {
    writer.time_ms(earliest_ms)?;
    writer.length(count as u64)?;
    for (field, value, deadline_ms) in fields {
        // 0 is for none.
        let since = deadline_ms.map_or(0, |deadline_ms| deadline_ms.saturating_sub(earliest_ms).saturating_add(1));
        writer.length(u64::try_from(since).unwrap_or(1))?;
        writer.element(field)?;
        writer.element(value)?;
    }
    Ok(())
}

/// A small sorted set ([`super::type_id::ZSET_LISTPACK`]), lowest score first.
///
/// # Errors
/// If memory is short.
pub fn zset_listpack<'e>(
    writer: &mut Writer,
    members: impl Iterator<Item = (Element<'e>, f64)>,
) -> Result<(), NoMemory> {
    let mut listpack = Builder::new();
    let mut text = Vec::new();
    text.try_reserve_exact(DOUBLE_TEXT_MAX)?;
    for (member, score) in members {
        listpack.push_element(member)?;
        if score == score.trunc() && score.abs() <= INTEGER_SCORE_MAX {
            listpack.push_int(score as i64)?;
            continue;
        }
        text.clear();
        write_double_17g(score, &mut text);
        listpack.push(&text)?;
    }
    writer.text(listpack.finish())
}

/// A sorted set ([`super::type_id::ZSET_2`]), highest score first: that is the order in which a skiplist is built
/// fastest.
///
/// # Errors
/// If memory is short.
pub fn zset<'e>(
    writer: &mut Writer,
    count: usize,
    members: impl Iterator<Item = (Element<'e>, f64)>,
) -> Result<(), NoMemory> {
    writer.length(count as u64)?;
    for (member, score) in members {
        writer.element(member)?;
        writer.double(score)?;
    }
    Ok(())
}
