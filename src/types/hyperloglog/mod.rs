//! HyperLogLog: how many different elements were added, to about 0.8 %, in 12 KB or less. Byte for byte Redis's.
//!
//! The hash of an element chooses one of 16,384 registers with its low 14 bits; the register remembers the longest run
//! of zeros, plus one, with which any of its elements went on. Many registers with long runs mean many elements.
//!
//! Clients see the representation, because it is a string that GET, SET and DUMP carry around:
//!
//! ```text
//!  0      4     5      8          16
//!  | HYLL | encoding | unused x3 | cached count, u64 LE | registers ... |
//!         0 dense, 1 sparse        top bit: not valid
//! ```
//!
//! | file | what |
//! |---|---|
//! | `hash` | element to register and run |
//! | `dense` | registers of 6 bits each |
//! | `sparse` | runs of equal registers, while most are zero |
//! | `registers` | registers of a byte each: unions |
//! | `estimate` | histogram of the registers to count |
//! | `self_test` | PFSELFTEST |
//!
//! Sparse becomes dense when it would exceed a configured length or a run above 32, and never goes back.
//!
//! Cost: adding is O(1) dense and O(length) sparse; counting takes some 10 µs unless the count is cached; a union with
//! a dense one as much. Strings come from clients, so every byte is doubted: what cannot be is [`Error::Corrupt`].

mod dense;
mod estimate;
mod hash;
mod registers;
mod self_test;
mod sparse;
#[cfg(test)]
mod tests;

pub use registers::Registers;
pub use self_test::{Failure, SelfTest};
pub use sparse::Run;

use crate::storage::NoMemory;
use estimate::Histogram;
use hash::Place;
use sparse::{Change, Cursor};

/// How many registers there are.
pub const REGISTERS: usize = 1 << hash::INDEX_BITS;

/// The header, before the registers.
pub const HEADER_BYTES: usize = 16;
const MAGIC: &[u8; 4] = b"HYLL";
const ENCODING_AT: usize = 4;
const CACHE_AT: usize = 8;
/// In the last byte of the cached count: it is out of date.
const STALE: u8 = 0x80;

/// Length of a dense one.
pub const DENSE_BYTES: usize = HEADER_BYTES + dense::BYTES;

/// An empty one: a header with a valid count of 0, and all registers in one run.
pub const EMPTY: [u8; HEADER_BYTES + 2] = *b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff";

/// How the registers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Dense,
    Sparse,
}

/// Why a HyperLogLog cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The header is right, but the registers are not.
    Corrupt,
    NoMemory,
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// The string that holds a HyperLogLog, wherever it is kept.
pub trait Text {
    fn bytes(&mut self) -> &mut [u8];

    /// Changes the length; new bytes are zero.
    ///
    /// # Errors
    /// If memory is short; nothing has changed then.
    fn resize(&mut self, len: usize) -> Result<(), NoMemory>;
}

impl Text for Vec<u8> {
    fn bytes(&mut self) -> &mut [u8] {
        self
    }

    fn resize(&mut self, len: usize) -> Result<(), NoMemory> {
        self.try_reserve(len.saturating_sub(self.len()))?;
        Vec::resize(self, len, 0);
        Ok(())
    }
}

/// The encoding, if these bytes begin as a HyperLogLog does and have the length of one.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return None;
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == DENSE_BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// Encoding and registers.
fn parts(bytes: &[u8]) -> Result<(Encoding, &[u8]), Error> {
    let encoding = encoding(bytes).ok_or(Error::Corrupt)?;
    Ok((encoding, &bytes[HEADER_BYTES..]))
}

/// The count, if it was computed and the registers have not changed since.
pub fn cached_count(bytes: &[u8]) -> Option<u64> {
    let count = u64::from_le_bytes(*bytes.get(CACHE_AT..)?.first_chunk()?);
    (count >> 56 & u64::from(STALE) == 0).then_some(count)
}

/// Remembers a count.
pub fn cache_count(bytes: &mut [u8], count: u64) {
    if let Some(cache) = bytes.get_mut(CACHE_AT..HEADER_BYTES) {
        cache.copy_from_slice(&count.to_le_bytes());
    }
}

/// Marks the remembered count as out of date.
pub fn invalidate(bytes: &mut [u8]) {
    if let Some(byte) = bytes.get_mut(HEADER_BYTES - 1) {
        *byte |= STALE;
    }
}

/// How many different elements were added, computed anew.
///
/// # Errors
/// Corrupt.
pub fn count(bytes: &[u8]) -> Result<u64, Error> {
    let mut histogram = Histogram::default();
    match parts(bytes)? {
        (Encoding::Dense, registers) => dense::for_each_group(registers, |group| histogram.add(group)),
        (Encoding::Sparse, runs) => {
            let mut registers = 0;
            for run in sparse::opcodes(runs) {
                histogram.add_run(run.value, run.registers);
                registers += run.registers;
            }
            if registers != REGISTERS {
                return Err(Error::Corrupt);
            }
        }
    }
    Ok(histogram.estimate())
}

/// Adds an element; whether that changed a register.
///
/// # Errors
/// Corrupt, or memory is short.
pub fn add(text: &mut impl Text, element: &[u8], sparse_bytes_max: usize) -> Result<bool, Error> {
    raise(text, hash::place(element), sparse_bytes_max, &mut Cursor::default())
}

/// Raises all registers that are lower than those of a union. The result is dense if it has to be or was before.
///
/// # Errors
/// Corrupt, or memory is short; some registers may have been raised then.
pub fn merge(text: &mut impl Text, union: &Registers, sparse_bytes_max: usize) -> Result<(), Error> {
    let mut cursor = Cursor::default();
    for (index, &run) in union.as_array().iter().enumerate().filter(|(_, run)| **run != 0) {
        let bytes = text.bytes();
        if parts(bytes)?.0 == Encoding::Dense {
            dense::unite(&mut bytes[HEADER_BYTES..], union.as_array());
            invalidate(bytes);
            break;
        }
        raise(text, Place { index, run }, sparse_bytes_max, &mut cursor)?;
    }
    Ok(())
}

/// Raises one register; whether it was lower. Successive calls for growing indexes may share a cursor.
fn raise(text: &mut impl Text, place: Place, sparse_bytes_max: usize, cursor: &mut Cursor) -> Result<bool, Error> {
    let bytes = text.bytes();
    let (encoding, runs) = parts(bytes)?;
    if encoding == Encoding::Dense {
        return Ok(raise_dense(bytes, place));
    }
    let len = bytes.len();
    match sparse::find_change(runs, place, cursor).ok_or(Error::Corrupt)? {
        Change::None => return Ok(false),
        Change::Splice(splice) if splice.growth() <= 0 || splice.len_after(len) <= sparse_bytes_max => {
            if splice.growth() > 0 {
                text.resize(splice.len_after(len))?;
            }
            let bytes = text.bytes();
            let runs_len = sparse::apply(&mut bytes[HEADER_BYTES..], len - HEADER_BYTES, &splice, cursor);
            invalidate(bytes);
            if HEADER_BYTES + runs_len < bytes.len() {
                text.resize(HEADER_BYTES + runs_len)?;
            }
            return Ok(true);
        }
        Change::Splice(_) | Change::Promote => {}
    }
    make_dense(text)?;
    Ok(raise_dense(text.bytes(), place))
}

fn raise_dense(bytes: &mut [u8], place: Place) -> bool {
    let raised = dense::raise(&mut bytes[HEADER_BYTES..], place);
    if raised {
        invalidate(bytes);
    }
    raised
}

/// Makes it dense; whether it was not.
///
/// # Errors
/// Corrupt, or memory is short; nothing has changed then.
pub fn make_dense(text: &mut impl Text) -> Result<bool, Error> {
    let (encoding, runs) = parts(text.bytes())?;
    if encoding == Encoding::Dense {
        return Ok(false);
    }
    let mut registers = Registers::default();
    registers.unite_runs(runs)?;
    text.resize(DENSE_BYTES)?;
    let bytes = text.bytes();
    bytes[ENCODING_AT] = 0;
    dense::write(&mut bytes[HEADER_BYTES..], registers.as_array());
    Ok(true)
}

/// The runs of a sparse one: value (0 for runs of zeros) and how many registers.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> {
    sparse::opcodes(bytes.get(HEADER_BYTES..).unwrap_or_default())
}
