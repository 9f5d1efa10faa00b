//! Block: up to [`BLOCK_MAX`] neighbouring numbers of an [`Ints`](super::Ints), as distances from a common base.
//!
//! ```text
//!  base i64 ◄── u16 u16 u16 ...    the number is base + distance; the distances ascend
//! ```
//!
//! Why: neighbours are close to each other, so most blocks need 2 bytes a number whatever its size. When a number
//! comes that is out of reach the base moves, and if that does not help the distances become wider; the base
//! moves as far as it can towards where the number came from, so that a run of such numbers moves it once.

use crate::storage::{NoMemory, shrink, size_class};

/// Most numbers of a block: adding one moves at most 4 KiB, 1 KiB if they are near each other.
pub const BLOCK_MAX: usize = 512;

/// See the module's comment.
#[derive(Debug)]
pub struct Block {
    base: i64,
    distances: Distances,
}

#[derive(Debug)]
enum Distances {
    Narrow(Vec<u16>),
    Medium(Vec<u32>),
    Wide(Vec<u64>),
}

/// Runs the same code on distances of every width.
macro_rules! with {
    ($distances:expr, $vec:ident => $code:expr) => {
        match $distances {
            Distances::Narrow($vec) => $code,
            Distances::Medium($vec) => $code,
            Distances::Wide($vec) => $code,
        }
    };
}

/// A distance: an unsigned number of some width.
trait Distance: Copy + Ord {
    const MAX: u64;
    fn cut(distance: u64) -> Self;
    fn full(self) -> u64;
}

macro_rules! distance {
    ($($type:ty)*) => {$(
        impl Distance for $type {
            const MAX: u64 = <$type>::MAX as u64;

            #[inline(always)]
            fn cut(distance: u64) -> Self {
                distance as $type
            }

            #[inline(always)]
            fn full(self) -> u64 {
                self as u64
            }
        }
    )*};
}

distance! { u16 u32 u64 }

impl Distances {
    /// Room for distances up to `max`.
    fn with_capacity(max: u64, len: usize) -> Result<Self, NoMemory> {
        Ok(if max <= u16::MAX.into() {
            Self::Narrow(roomy(len)?)
        } else if max <= u32::MAX.into() {
            Self::Medium(roomy(len)?)
        } else {
            Self::Wide(roomy(len)?)
        })
    }

    /// The largest distance that fits.
    #[inline]
    fn max(&self) -> u64 {
        fn of<D: Distance>(_: &[D]) -> u64 {
            D::MAX
        }
        with!(self, vec => of(vec))
    }
}

/// A vector with room for `len`, and for as many more as the allocator rounds up to.
fn roomy<D>(len: usize) -> Result<Vec<D>, NoMemory> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(rounded::<D>(len))?;
    Ok(vec)
}

/// How many fit into what the allocator hands out for `len`.
#[inline]
fn rounded<D>(len: usize) -> usize {
    size_class((len * size_of::<D>()).max(16)) / size_of::<D>()
}

/// How far `int` is above `base`.
#[inline(always)]
fn above(base: i64, int: i64) -> u64 {
    int.wrapping_sub(base) as u64
}

impl Block {
    /// A block of ascending numbers.
    ///
    /// # Errors
    /// If memory is short.
    pub fn of(numbers: &[i64]) -> Result<Self, NoMemory> {
        let (base, last) = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
        Self::spread(base, above(base, last), numbers.len(), numbers.iter().copied())
    }

    /// A block of `len` ascending numbers which are up to `max` above a base.
    fn spread(base: i64, max: u64, len: usize, numbers: impl Iterator<Item = i64>) -> Result<Self, NoMemory> {
        fn fill<D: Distance>(vec: &mut Vec<D>, base: i64, numbers: impl Iterator<Item = i64>) {
            vec.extend(numbers.map(|int| D::cut(above(base, int))));
        }
        let mut distances = Distances::with_capacity(max, len)?;
        with!(&mut distances, vec => fill(vec, base, numbers));
        Ok(Self { base, distances })
    }

    #[inline]
    pub fn len(&self) -> usize {
        with!(&self.distances, vec => vec.len())
    }

    /// Bytes on the heap, as the allocator rounds them.
    #[inline]
    pub fn memory(&self) -> usize {
        fn of<D>(vec: &Vec<D>) -> usize {
            size_class(vec.capacity() * size_of::<D>())
        }
        with!(&self.distances, vec => of(vec))
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<i64> {
        let distance = with!(&self.distances, vec => vec.get(index).map(|distance| distance.full()))?;
        Some(self.base.wrapping_add_unsigned(distance))
    }

    pub fn first(&self) -> Option<i64> {
        self.get(0)
    }

    pub fn last(&self) -> Option<i64> {
        self.get(self.len().wrapping_sub(1))
    }

    /// All numbers, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// Where a number is, or where it belongs.
    #[inline]
    pub fn find(&self, int: i64) -> Result<usize, usize> {
        self.find_from(0, int)
    }

    /// [`Block::find`] among the numbers from `start` on.
    #[inline]
    pub fn find_from(&self, start: usize, int: i64) -> Result<usize, usize> {
        fn search<D: Distance>(distances: &[D], start: usize, distance: u64) -> Result<usize, usize> {
            if distance > D::MAX {
                return Err(distances.len());
            }
            let distance = D::cut(distance);
            let rest = distances.get(start..).unwrap_or_default();
            // Sequential callers ask for the next one.
            if rest.first().is_some_and(|first| *first >= distance) {
                return if rest.first() == Some(&distance) { Ok(start) } else { Err(start) };
            }
            rest.binary_search(&distance).map(|at| at + start).map_err(|at| at + start)
        }
        if int < self.base {
            return Err(start);
        }
        with!(&self.distances, vec => search(vec, start, above(self.base, int)))
    }

    /// Adds a number where [`Block::find`] says that it belongs.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn insert(&mut self, index: usize, int: i64) -> Result<(), NoMemory> {
        fn put<D: Distance>(vec: &mut Vec<D>, index: usize, distance: u64) -> Result<(), NoMemory> {
            if vec.len() == vec.capacity() {
                vec.try_reserve_exact(rounded::<D>(vec.len() + 1) - vec.len())?;
            }
            vec.insert(index, D::cut(distance));
            Ok(())
        }
        if int < self.base || above(self.base, int) > self.distances.max() {
            self.reach(int)?;
        }
        let distance = above(self.base, int);
        with!(&mut self.distances, vec => put(vec, index, distance))
    }

    /// Moves the base, or widens the distances, so that `int` is in reach.
    #[cold]
    fn reach(&mut self, int: i64) -> Result<(), NoMemory> {
        fn shift<D: Distance>(vec: &mut [D], by: i64) {
            vec.iter_mut().for_each(|distance| *distance = D::cut(distance.full().wrapping_add_signed(by)));
        }
        let lowest = self.first().unwrap_or(int).min(int);
        let highest = self.last().unwrap_or(int).max(int);
        let span = above(lowest, highest);
        let is_in_reach = span <= self.distances.max();
        let max = if is_in_reach { self.distances.max() } else { widest(span) };
        // The room that is left goes to the side on which the set grows.
        let base = if int == lowest { highest.saturating_sub_unsigned(max) } else { lowest };
        if is_in_reach {
            let by = self.base.wrapping_sub(base);
            with!(&mut self.distances, vec => shift(vec, by));
            self.base = base;
        } else {
            *self = Self::spread(base, max, self.len() + 1, self.iter())?;
        }
        Ok(())
    }

    /// Removes the `index`-th number.
    #[inline]
    pub fn remove(&mut self, index: usize) {
        fn take<D>(vec: &mut Vec<D>, index: usize) {
            if index < vec.len() {
                vec.remove(index);
            }
            if rounded::<D>(vec.len()) < vec.capacity() / 2 {
                shrink(vec, rounded::<D>(vec.len()));
            }
        }
        with!(&mut self.distances, vec => take(vec, index));
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Self::spread(self.base, self.distances.max(), self.len(), self.iter())
    }
}

/// The largest distance of the width that `span` needs.
fn widest(span: u64) -> u64 {
    if span <= u16::MAX.into() {
        u16::MAX.into()
    } else if span <= u32::MAX.into() {
        u32::MAX.into()
    } else {
        u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn reaches_everything_and_stays_narrow_while_it_can() {
        let mut block = Block::of(&[1000]).unwrap();
        let mut model = BTreeSet::from([1000]);
        let mut add = |block: &mut Block, int: i64| {
            if let Err(at) = block.find(int) {
                block.insert(at, int).unwrap();
                model.insert(int);
            }
            assert!(block.iter().eq(model.iter().copied()), "{int}");
            assert!(model.iter().enumerate().all(|(at, int)| block.find(*int) == Ok(at)));
        };
        (0..100).for_each(|step| add(&mut block, 999 - step));
        (0..100).for_each(|step| add(&mut block, 60_000 + step));
        assert!(matches!(block.distances, Distances::Narrow(_)));
        add(&mut block, 1 << 30);
        add(&mut block, -(1 << 30));
        assert!(matches!(block.distances, Distances::Medium(_)));
        for int in [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 0, -1] {
            add(&mut block, int);
        }
        assert!(matches!(block.distances, Distances::Wide(_)));
        assert_eq!((block.first(), block.last()), (Some(i64::MIN), Some(i64::MAX)));
        let copy = block.duplicate().unwrap();
        assert!(copy.iter().eq(block.iter()));
    }

    #[test]
    fn ends_of_the_range_can_be_bases() {
        for int in [i64::MIN, i64::MIN + 5, -1, 0, i64::MAX - 5, i64::MAX] {
            let mut block = Block::of(&[int]).unwrap();
            for other in [int.saturating_sub(40_000), int.saturating_add(20_000), int.saturating_sub(2)] {
                if let Err(at) = block.find(other) {
                    block.insert(at, other).unwrap();
                }
                assert!(block.find(other).is_ok() && block.find(int).is_ok());
                assert!(block.iter().is_sorted());
            }
            assert!(matches!(block.distances, Distances::Narrow(_)));
        }
    }

    #[test]
    fn gives_memory_back() {
        let numbers: Vec<i64> = (0..BLOCK_MAX as i64).collect();
        let mut block = Block::of(&numbers).unwrap();
        let full = block.memory();
        assert_eq!(full, 2 * BLOCK_MAX);
        (0..BLOCK_MAX - 20).for_each(|_| block.remove(3));
        assert!(block.len() == 20 && block.memory() <= full / 8);
    }
}
