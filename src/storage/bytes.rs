//! Bytes: a byte string that is edited in place, whoever owns it: what flat encodings are written to.

use super::memory::NoMemory;
use smallvec::SmallVec;
use std::ops::Range;

/// An owned byte string of changing length.
pub trait Bytes {
    fn bytes(&self) -> &[u8];

    fn bytes_mut(&mut self) -> &mut [u8];

    /// Cuts off the end, or appends zeros.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    fn set_len(&mut self, len: usize) -> Result<(), NoMemory>;

    /// Makes `range` `len` bytes long, moves what follows, and returns those bytes, whose content is arbitrary.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    ///
    /// # Panics
    /// If the range is not inside the string.
    fn splice(&mut self, range: Range<usize>, len: usize) -> Result<&mut [u8], NoMemory> {
        let old_len = self.bytes().len();
        assert!(range.start <= range.end && range.end <= old_len, "the range is inside the string");
        let new_len = (old_len - range.len()).checked_add(len).ok_or(NoMemory)?;
        if new_len > old_len {
            self.set_len(new_len)?;
        }
        self.bytes_mut().copy_within(range.end..old_len, range.start + len);
        if new_len < old_len {
            self.set_len(new_len)?;
        }
        Ok(&mut self.bytes_mut()[range.start..range.start + len])
    }
}

impl Bytes for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn set_len(&mut self, len: usize) -> Result<(), NoMemory> {
        self.try_reserve(len.saturating_sub(self.len()))?;
        self.resize(len, 0);
        Ok(())
    }
}

impl<const N: usize> Bytes for SmallVec<[u8; N]> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn set_len(&mut self, len: usize) -> Result<(), NoMemory> {
        self.try_reserve(len.saturating_sub(self.len())).map_err(|_| NoMemory)?;
        self.resize(len, 0);
        Ok(())
    }
}

impl<B: Bytes> Bytes for &mut B {
    #[inline]
    fn bytes(&self) -> &[u8] {
        (**self).bytes()
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        (**self).bytes_mut()
    }

    #[inline]
    fn set_len(&mut self, len: usize) -> Result<(), NoMemory> {
        (**self).set_len(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_like_a_vector() {
        for (range, new) in [(0..0, "ab"), (2..5, ""), (2..5, "xy"), (2..5, "wxyz"), (6..6, "end"), (0..6, "")] {
            let mut bytes = b"012345".to_vec();
            let mut model = bytes.clone();
            Bytes::splice(&mut bytes, range.clone(), new.len()).unwrap().copy_from_slice(new.as_bytes());
            model.splice(range, new.bytes());
            assert_eq!(bytes, model);
        }
    }
}
