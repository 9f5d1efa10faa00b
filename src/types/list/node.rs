//! Node: a run of elements in a buffer of its own, with room to grow at either end.
//!
//! ```text
//!  buffer   | room | element | element | ... | element | room |
//!                  start                               end
//! ```
//!
//! Why room in front: pushing to the left costs the same as pushing to the right, nothing moves. An edit in the middle moves
//! the shorter side. When the room is used up the buffer grows by a quarter, which amortises the copying, but not past a
//! power of two, since those are the limits of nodes: a full one wastes nothing.
//!
//! The first element decides on the densest [`Layout`]. The first one that is different makes the node tagged, which takes one
//! pass through its bytes, once; so a node becomes until it is empty.
//!
//! A node that is rarely looked at can be compressed ([`Node::pack`]). Then `end` is still what it was, beyond the end of the
//! buffer: nobody takes the one for the other, and what does not look into the elements needs not know.
//!
//! Invariants of a plain node: `start <= end <= buffer.len()`, the bytes between are `count` whole elements of its layout, the
//! others are zero or leftover. Of a packed one: `start` is 0, `end > buffer.len()`, and the buffer is `end` bytes, compressed.
//! The buffer is always initialised in full, so no step needs unsafe code.

use super::element::{self, encoded_len};
use super::run::{self, Elements, Run};
use super::{Fill, Layout, Side};
use crate::storage::lzf::{Compressor, decompress};
use crate::storage::{NoMemory, StringRef, size_class};
use std::ops::Range;

/// Buffers are not made smaller than this by growing, nor shrunk below it.
const CAPACITY_MIN: usize = 256;
/// The most bytes of a node: positions are 32 bits wide.
const BYTES_MAX: usize = u32::MAX as usize;

/// Less is never compressed, and what is compressed saves this much, as in Redis.
const PACKED_MIN: usize = 48;
const SAVED_MIN: usize = 8;
/// Positions that the compressor remembers are 2 to the power of this: about half as many as bytes in a node.
const COMPRESSOR_BITS: u32 = 12;

/// A run of elements.
#[derive(Debug, Default)]
pub struct Node {
    buffer: Box<[u8]>,
    start: u32,
    end: u32,
    count: u32,
    /// Of the elements; arbitrary if there are none.
    layout: Layout,
    /// It was not worth compressing when that was last tried, and has not changed since.
    resists: bool,
}

const _: () = assert!(size_of::<Node>() == 32);

impl Node {
    /// A node of the `count` elements of a run, with little room.
    ///
    /// # Errors
    /// If memory is short.
    pub fn of_run(run: Run<'_>, count: usize) -> Result<Self, NoMemory> {
        if run.layout != Layout::TAGGED {
            return Self::copy_of(run, count);
        }
        let mut node = Self::default();
        node.make_room(false, run.bytes.len())?;
        for element in Elements::new(run) {
            node.push(Side::Right, element)?;
        }
        Ok(node)
    }

    /// A node of the same bytes, without room.
    fn copy_of(run: Run<'_>, count: usize) -> Result<Self, NoMemory> {
        let end = u32::try_from(run.bytes.len()).map_err(|_| NoMemory)?;
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(run.bytes.len())?;
        buffer.extend_from_slice(run.bytes);
        let buffer = buffer.into_boxed_slice();
        Ok(Self { buffer, start: 0, end, count: count as u32, layout: run.layout, resists: false })
    }

    /// The elements, if the node is plain.
    ///
    /// # Panics
    /// If it is packed.
    #[inline]
    pub fn run(&self) -> Run<'_> {
        Run { bytes: &self.buffer[self.start as usize..self.end as usize], layout: self.layout }
    }

    /// Where element `index` begins among the bytes; their end for as many as there are.
    #[inline]
    fn offset(&self, index: usize) -> usize {
        self.run().offset(self.count(), index)
    }

    /// Bytes of the elements, not compressed.
    #[inline]
    pub fn bytes(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Number of elements.
    #[inline]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What the buffer takes in the allocator.
    #[inline]
    pub fn memory(&self) -> usize {
        if self.buffer.is_empty() { 0 } else { size_class(self.buffer.len()) }
    }

    /// Bytes of the elements if they were tagged.
    #[inline]
    pub fn tagged_bytes(&self) -> usize {
        match self.layout.tagged_stride() {
            0 => self.bytes(),
            stride => self.count() * stride,
        }
    }

    /// Whether one more element may be added.
    #[inline]
    pub fn has_room(&self, fill: Fill, element: StringRef<'_>) -> bool {
        let bytes = if self.layout.suits(element) {
            self.bytes() + self.layout.len_of(element)
        } else {
            self.tagged_bytes() + encoded_len(element)
        };
        fill.allows(bytes, self.count() + 1)
    }

    /// Whether another element may be in the place of element `index`.
    pub fn has_room_instead(&self, fill: Fill, index: usize, element: StringRef<'_>) -> bool {
        let (bytes, layout) = if self.layout.suits(element) {
            (self.bytes(), self.layout)
        } else {
            (self.tagged_bytes(), Layout::TAGGED)
        };
        let old = match self.layout.tagged_stride() {
            stride @ 1.. if layout == Layout::TAGGED => stride,
            _ => self.run().place(self.count(), index).len(),
        };
        fill.allows(bytes - old + layout.len_of(element), self.count())
    }

    /// Bytes of the elements of this node and of another one in one node.
    pub fn bytes_with(&self, other: &Self) -> usize {
        if self.layout == other.layout {
            self.bytes() + other.bytes()
        } else {
            self.tagged_bytes() + other.tagged_bytes()
        }
    }

    /// Adds an element at an end.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn push(&mut self, side: Side, element: StringRef<'_>) -> Result<(), NoMemory> {
        self.admit(element)?;
        let at = match side {
            Side::Left => 0,
            Side::Right => self.bytes(),
        };
        self.put(at, element)
    }

    /// Adds an element before element `index`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, index: usize, element: StringRef<'_>) -> Result<(), NoMemory> {
        self.admit(element)?;
        self.put(self.offset(index), element)
    }

    /// Sees to it that the layout suits one more element.
    #[inline]
    fn admit(&mut self, element: StringRef<'_>) -> Result<(), NoMemory> {
        if self.is_empty() {
            self.layout = Layout::of(element);
        } else if !self.layout.suits(element) {
            return self.tag(encoded_len(element));
        }
        Ok(())
    }

    /// Adds an element that the layout suits.
    #[inline]
    fn put(&mut self, at: usize, element: StringRef<'_>) -> Result<(), NoMemory> {
        let layout = self.layout;
        let room = self.splice(at..at, layout.len_of(element))?;
        layout.write(element, room);
        self.count += 1;
        Ok(())
    }

    /// Gives every element its tags, because one with `more` bytes is different.
    #[cold]
    fn tag(&mut self, more: usize) -> Result<(), NoMemory> {
        let needed = self.tagged_bytes().saturating_add(more);
        let capacity = grown_capacity(Some(needed).filter(|needed| *needed <= BYTES_MAX).ok_or(NoMemory)?);
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(capacity)?;
        buffer.resize(capacity, 0);
        let end = copy_tagged(self.run(), &mut buffer);
        self.buffer = buffer.into_boxed_slice();
        (self.start, self.end, self.layout) = (0, end as u32, Layout::TAGGED);
        Ok(())
    }

    /// Replaces element `index`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn replace(&mut self, index: usize, element: StringRef<'_>) -> Result<(), NoMemory> {
        if !self.layout.suits(element) {
            self.tag(encoded_len(element))?;
        }
        let (place, layout) = (self.run().place(self.count(), index), self.layout);
        let room = self.splice(place, layout.len_of(element))?;
        layout.write(element, room);
        Ok(())
    }

    /// Takes `count` elements off an end.
    #[inline]
    pub fn cut(&mut self, side: Side, count: usize) {
        debug_assert!(count <= self.count());
        match side {
            Side::Left => self.start += self.offset(count) as u32,
            Side::Right => self.end = self.start + self.offset(self.count() - count) as u32,
        }
        self.count -= count as u32;
        self.shrink();
    }

    /// A node of the elements from element `index` on.
    ///
    /// # Errors
    /// If memory is short.
    pub fn copy_from(&self, index: usize) -> Result<Self, NoMemory> {
        Self::of_run(self.run().part(self.offset(index)..self.bytes()), self.count() - index)
    }

    /// Takes out element `index`.
    pub fn remove(&mut self, index: usize) {
        let shrunk = self.splice(self.run().place(self.count(), index), 0).map(|_| ());
        debug_assert!(shrunk.is_ok(), "shrinking takes no memory");
        self.count -= 1;
        self.shrink();
    }

    /// Takes out elements equal to `wanted`, at most `most` as seen from `side`, which lie among the `among` last ones as seen
    /// from there. Returns how many.
    pub fn remove_equal(&mut self, side: Side, among: usize, wanted: StringRef<'_>, most: usize) -> usize {
        if !self.layout.suits(wanted) {
            return 0;
        }
        let border = match side {
            Side::Left => self.offset(self.count() - among),
            Side::Right => self.offset(among),
        };
        let (start, end) = (self.start as usize, self.end as usize);
        let searched = match side {
            Side::Left => start + border..end,
            Side::Right => start..start + border,
        };
        let bytes = &mut self.buffer[searched.clone()];
        let (removed, left) = run::remove_equal(bytes, self.layout, side, wanted, most);
        if removed > 0 {
            self.buffer.copy_within(searched.end..end, searched.start + left);
            self.end -= (searched.len() - left) as u32;
            self.count -= removed as u32;
            self.shrink();
        }
        removed
    }

    /// The buffer, to be freed elsewhere.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer.into_vec()
    }

    /// Adds the elements of a node that follows this one.
    ///
    /// # Errors
    /// If memory is short; then the elements are as they were.
    pub fn append(&mut self, next: &Self) -> Result<(), NoMemory> {
        if self.layout != next.layout && !self.is_empty() && self.layout != Layout::TAGGED {
            self.tag(next.tagged_bytes())?;
        }
        let end = self.bytes();
        if self.is_empty() || self.layout == next.layout {
            self.splice(end..end, next.bytes())?.copy_from_slice(next.run().bytes);
            self.layout = next.layout;
        } else {
            copy_tagged(next.run(), self.splice(end..end, next.tagged_bytes())?);
        }
        self.count += next.count;
        Ok(())
    }

    /// Gives back the room that a node in the middle of a list has no use for; if there is no memory to do so, it stays.
    pub fn seal(&mut self) {
        self.resists = false;
        let exact = size_class(self.bytes());
        if self.memory() > exact + exact / 16 {
            let _ = self.move_to(self.bytes(), 0);
        }
    }

    /// A copy without room, packed if this is.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let run = if self.is_packed() { Run { bytes: &self.buffer, layout: self.layout } } else { self.run() };
        Ok(Self { end: self.bytes() as u32, resists: self.resists, ..Self::copy_of(run, self.count())? })
    }

    /// The elements are compressed.
    #[inline]
    pub fn is_packed(&self) -> bool {
        self.buffer.len() < self.end as usize
    }

    /// Compresses the elements if that saves something and there is memory to do so.
    pub fn pack(&mut self) {
        if self.is_packed() || self.resists {
            return;
        }
        self.resists = true;
        if let Ok(Some(packed)) = self.packed() {
            self.end -= self.start;
            (self.buffer, self.start) = (packed, 0);
        }
    }

    fn packed(&self) -> Result<Option<Box<[u8]>>, NoMemory> {
        let run = self.run().bytes;
        if run.len() < PACKED_MIN {
            return Ok(None);
        }
        let mut output = Vec::new();
        let mut compressor = Compressor::<COMPRESSOR_BITS>::new()?;
        if !compressor.compress(run, run.len() - SAVED_MIN, &mut output)? {
            return Ok(None);
        }
        let mut exact = Vec::new();
        exact.try_reserve_exact(output.len())?;
        exact.extend_from_slice(&output);
        Ok(Some(exact.into_boxed_slice()))
    }

    /// Turns a packed node into a plain one, without room, which is about to change.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn unpack(&mut self) -> Result<(), NoMemory> {
        self.resists = false;
        if self.is_packed() {
            let mut buffer = Vec::new();
            decompress(&self.buffer, self.bytes(), &mut buffer).map_err(|_| NoMemory)?;
            self.buffer = buffer.into_boxed_slice();
        }
        Ok(())
    }

    /// The elements; those of a packed node are decompressed into `scratch`.
    ///
    /// # Errors
    /// If memory is short.
    #[inline]
    pub fn read<'n>(&'n self, scratch: &'n mut Vec<u8>) -> Result<Run<'n>, NoMemory> {
        if !self.is_packed() {
            return Ok(self.run());
        }
        scratch.clear();
        decompress(&self.buffer, self.bytes(), scratch).map_err(|_| NoMemory)?;
        Ok(Run { bytes: scratch, layout: self.layout })
    }

    /// Makes `range` `len` bytes long, and returns those bytes, whose content is arbitrary.
    fn splice(&mut self, range: Range<usize>, len: usize) -> Result<&mut [u8], NoMemory> {
        let (before, after) = (range.start, self.bytes() - range.end);
        let old = range.end - range.start;
        if len > old {
            self.make_room(before < after, len - old)?;
        }
        // There may be room on one side only; else the shorter side moves.
        let (start, end) = (self.start as usize, self.end as usize);
        let fits_left = start + old >= len;
        let fits_right = self.buffer.len() - end + old >= len;
        if fits_left && (before < after || !fits_right) {
            let moved = start + old - len;
            if moved != start {
                self.buffer.copy_within(start..start + before, moved);
                self.start = moved as u32;
            }
        } else {
            let to = start + before + len;
            if len != old {
                self.buffer.copy_within(end - after..end, to);
                self.end = (to + after) as u32;
            }
        }
        let at = self.start as usize + before;
        Ok(&mut self.buffer[at..at + len])
    }

    /// Sees to it that there are `more` bytes of room at one end, at the `left` one if that is wanted.
    #[inline]
    fn make_room(&mut self, left: bool, more: usize) -> Result<(), NoMemory> {
        let (start, behind) = (self.start as usize, self.buffer.len() - self.end as usize);
        if (if left { start } else { behind }) >= more {
            return Ok(());
        }
        self.grow(left, more)
    }

    #[cold]
    fn grow(&mut self, left: bool, more: usize) -> Result<(), NoMemory> {
        let (bytes, capacity) = (self.bytes(), self.buffer.len());
        let needed = bytes.checked_add(more).filter(|needed| *needed <= BYTES_MAX).ok_or(NoMemory)?;
        if needed + needed / 4 <= capacity {
            // Much room, but at the other end. Some of it stays there, for who pushes to both.
            let room = capacity - needed;
            let start = if left { more + room - room / 4 } else { room / 4 };
            self.buffer.copy_within(self.start as usize..self.end as usize, start);
            self.start = start as u32;
            self.end = (start + bytes) as u32;
            return Ok(());
        }
        let capacity = if self.is_empty() { needed } else { grown_capacity(needed) };
        let start = if left { capacity - bytes } else { 0 };
        self.move_to(capacity, start)
    }

    /// Moves the run to a new buffer.
    fn move_to(&mut self, capacity: usize, start: usize) -> Result<(), NoMemory> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(capacity)?;
        buffer.resize(start, 0);
        buffer.extend_from_slice(self.run().bytes);
        buffer.resize(capacity, 0);
        let bytes = self.bytes();
        self.buffer = buffer.into_boxed_slice();
        self.start = start as u32;
        self.end = (start + bytes) as u32;
        Ok(())
    }

    /// Gives back most of the room when it is more than three quarters of the buffer. A node that is empty is about to go as a
    /// whole, and whoever removes it decides who frees it.
    #[inline]
    fn shrink(&mut self) {
        if self.buffer.len() > CAPACITY_MIN && self.bytes() < self.buffer.len() / 4 && !self.is_empty() {
            self.shrink_now();
        }
    }

    #[cold]
    fn shrink_now(&mut self) {
        let capacity = (self.bytes() + self.bytes() / 2).max(CAPACITY_MIN);
        let start = (capacity - self.bytes()) / 2;
        // Without memory for the smaller buffer the larger one stays.
        let _ = self.move_to(capacity, start);
    }
}

/// Writes the elements of a run to the beginning of `out`, tagged, and returns how many bytes they are.
fn copy_tagged(run: Run<'_>, out: &mut [u8]) -> usize {
    let mut at = 0;
    for element in Elements::new(run) {
        at += element::write(element, &mut out[at..]);
    }
    at
}

/// How large a buffer is to be that has become too small for `needed` bytes.
fn grown_capacity(needed: usize) -> usize {
    let spacious = size_class((needed + needed / 4).max(CAPACITY_MIN));
    spacious.min(needed.next_power_of_two().max(CAPACITY_MIN)).min(BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn texts(node: &Node) -> Vec<Vec<u8>> {
        let text = |element| match element {
            StringRef::Str(text) => text.to_vec(),
            StringRef::Int(int) => int.to_string().into_bytes(),
        };
        Elements::new(node.run()).map(text).collect()
    }

    #[test]
    fn behaves_like_a_deque() {
        for seed in 1..=10u64 {
            let mut random = seed;
            let mut below = move |limit: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % limit
            };
            let mut node = Node::default();
            let mut model = VecDeque::<Vec<u8>>::new();
            for step in 0..3000 {
                let growing = step % 1000 < 600;
                let text = vec![b'a' + below(4) as u8; below(if step % 7 == 0 { 300 } else { 4 })];
                let element = StringRef::Str(&text);
                match below(if growing { 6 } else { 12 }) {
                    0 | 1 => {
                        node.push(Side::Left, element).unwrap();
                        model.push_front(text);
                    }
                    2 | 3 => {
                        node.push(Side::Right, element).unwrap();
                        model.push_back(text);
                    }
                    4 => {
                        let index = below(model.len() + 1);
                        node.insert(index, element).unwrap();
                        model.insert(index, text);
                    }
                    5 if !model.is_empty() => {
                        let index = below(model.len());
                        node.replace(index, element).unwrap();
                        model[index] = text;
                    }
                    6 | 7 if !model.is_empty() => {
                        let count = 1 + below(model.len().min(4));
                        let left = below(2) == 0;
                        node.cut(if left { Side::Left } else { Side::Right }, count);
                        let kept = if left { count..model.len() } else { 0..model.len() - count };
                        model = model.range(kept).cloned().collect();
                    }
                    8 | 9 if !model.is_empty() => {
                        let index = below(model.len());
                        node.remove(index);
                        model.remove(index);
                    }
                    10 => {
                        let among = below(model.len() + 1);
                        let from = model.len() - among;
                        let equal = model.iter().skip(from).filter(|kept| **kept == text).count();
                        let removed = node.remove_equal(Side::Left, among, element, 2);
                        assert_eq!(removed, equal.min(2));
                        for _ in 0..removed {
                            let at = model.iter().skip(from).position(|kept| *kept == text).unwrap();
                            model.remove(from + at);
                        }
                    }
                    11 => {
                        let index = below(model.len() + 1);
                        let right = node.copy_from(index).unwrap();
                        assert_eq!(right.count(), model.len() - index);
                        node.cut(Side::Right, right.count());
                        node.append(&right).unwrap();
                    }
                    _ => {}
                }
                assert_eq!(node.count(), model.len());
                if step % 10 == 0 {
                    assert_eq!(texts(&node), Vec::from(model.clone()), "seed {seed}, step {step}");
                }
                if step % 100 == 0 {
                    node.seal();
                }
            }
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let mut random = 1u32;
        let mut noise = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random.to_be_bytes()
        };
        let mut scratch = Vec::new();
        for count in [1, 2, 3, 10, 100, 400] {
            for is_noise in [false, true] {
                let mut node = Node::default();
                for _ in 0..count {
                    let text = if is_noise { noise() } else { *b"text" };
                    node.push(Side::Left, StringRef::Str(&text)).unwrap();
                }
                let (run, memory) = (node.run().bytes.to_vec(), node.memory());
                node.pack();
                assert_eq!(node.is_packed(), !is_noise && count > 10, "{count} {is_noise}");
                assert_eq!(node.is_packed(), node.memory() < memory / 2);
                assert_eq!((node.bytes(), node.count()), (run.len(), count));
                assert_eq!(node.read(&mut scratch).unwrap().bytes, run);
                let mut copy = node.duplicate().unwrap();
                assert_eq!((copy.is_packed(), copy.bytes(), copy.count()), (node.is_packed(), run.len(), count));
                copy.unpack().unwrap();
                node.unpack().unwrap();
                assert!(!node.is_packed() && node.run().bytes == run && copy.run() == node.run());
            }
        }
    }

    #[test]
    fn a_full_node_fits_its_buffer() {
        for side in [Side::Left, Side::Right] {
            let mut node = Node::default();
            let fill = Fill::from_settings(-2, 0);
            let element = StringRef::Str(b"sixteen bytes ..");
            while node.has_room(fill, element) {
                node.push(side, element).unwrap();
            }
            assert_eq!((node.count(), node.bytes(), node.memory()), (512, 8192, 8192));
        }
    }

    #[test]
    fn pushing_and_popping_at_opposite_ends_needs_no_more_room() {
        let mut node = Node::default();
        for _ in 0..100 {
            node.push(Side::Left, StringRef::Int(1_000_000)).unwrap();
        }
        for _ in 0..100_000 {
            node.push(Side::Left, StringRef::Int(1_000_000)).unwrap();
            node.cut(Side::Right, 1);
        }
        assert!(node.count() == 100 && node.memory() <= 1024, "{} bytes", node.memory());
    }
}
