//! What PFSELFTEST checks on the machine it runs on: that registers keep what is written, that both encodings tell the
//! same count, and that the count is as accurate as theory says.
//!
//! It takes a fraction of a second, so it goes step by step and its caller may do other things in between.

use super::hash::{self, Place};
use super::{DENSE_BYTES, EMPTY, Encoding, Error, HEADER_BYTES, REGISTERS, add, count, dense, encoding, raise_dense};
use crate::storage::{NoMemory, try_copy};

/// Elements added in all; the count is looked at whenever their number is a power of ten.
const ELEMENTS: u64 = 1_000_000;
/// Elements added per step.
const STEP: u64 = 2_000;
/// Rounds of the test of the registers.
const ROUNDS: usize = 4;
/// Errors up to so many times the standard error are chance.
const ERRORS_MAX: f64 = 6.0;

/// What was found to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Register {
        index: usize,
        expected: u8,
        found: u8,
    },
    SparseNotUsed,
    Disagreement,
    Inaccurate {
        elements: u64,
        error: u64,
    },
    /// It could not go on.
    NoMemory,
}

/// A test in progress.
pub struct SelfTest {
    dense: Vec<u8>,
    sparse: Vec<u8>,
    sparse_bytes_max: usize,
    seed: u64,
    added: u64,
    checkpoint: u64,
}

impl SelfTest {
    /// A test with elements that depend on a seed.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(seed: u64, sparse_bytes_max: usize) -> Result<Self, NoMemory> {
        let mut dense = Vec::new();
        dense.try_reserve_exact(DENSE_BYTES)?;
        dense.extend_from_slice(&EMPTY[..HEADER_BYTES]);
        dense[super::ENCODING_AT] = 0;
        dense.resize(DENSE_BYTES, 0);
        Ok(Self { dense, sparse: try_copy(&EMPTY)?, sparse_bytes_max, seed, added: 0, checkpoint: 1 })
    }

    /// Does a part of the test; whether it is complete.
    ///
    /// # Errors
    /// The first failure.
    pub fn step(&mut self) -> Result<bool, Failure> {
        if self.added == 0 {
            (0..ROUNDS).try_for_each(|round| check_registers(self.seed ^ round as u64))?;
        }
        for _ in 0..STEP.min(ELEMENTS - self.added) {
            self.added += 1;
            let element = (self.added ^ self.seed).to_le_bytes();
            raise_dense(&mut self.dense, hash::place(&element));
            add(&mut self.sparse, &element, self.sparse_bytes_max).map_err(|error| match error {
                Error::NoMemory => Failure::NoMemory,
                Error::Corrupt => Failure::Disagreement,
            })?;
            if self.added == self.checkpoint {
                self.check()?;
                self.checkpoint *= 10;
            }
        }
        Ok(self.added == ELEMENTS)
    }

    fn check(&self) -> Result<(), Failure> {
        let elements = self.added;
        if elements < self.sparse_bytes_max as u64 / 2 && encoding(&self.sparse) != Some(Encoding::Sparse) {
            return Err(Failure::SparseNotUsed);
        }
        let (Ok(found), Ok(other)) = (count(&self.dense), count(&self.sparse)) else {
            return Err(Failure::Disagreement);
        };
        if found != other {
            return Err(Failure::Disagreement);
        }
        let standard_error = 1.04 / (REGISTERS as f64).sqrt();
        let error = elements.abs_diff(found);
        // With ten elements two of them share a register now and then, which is a large error of a small number.
        let error_max = if elements == 10 { 1 } else { (standard_error * ERRORS_MAX * elements as f64).ceil() as u64 };
        if error > error_max { Err(Failure::Inaccurate { elements, error }) } else { Ok(()) }
    }
}

/// Writes all dense registers in both ways and reads them back.
fn check_registers(seed: u64) -> Result<(), Failure> {
    let mut state = seed;
    let mut registers = [0; REGISTERS];
    for register in &mut registers {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *register = (state >> 58) as u8;
    }
    let mut at_once = [0; dense::BYTES];
    dense::write(&mut at_once, &registers);
    let mut one_by_one = [0; dense::BYTES];
    for (index, &run) in registers.iter().enumerate() {
        dense::raise(&mut one_by_one, Place { index, run });
    }
    for packed in [&at_once, &one_by_one] {
        let (mut index, mut wrong) = (0, None);
        dense::for_each_group(packed, |group| {
            for found in group {
                let expected = registers.get(index).copied().unwrap_or_default();
                if found != expected {
                    wrong = wrong.or(Some(Failure::Register { index, expected, found }));
                }
                index += 1;
            }
        });
        if let Some(failure) = wrong {
            return Err(failure);
        }
    }
    Ok(())
}
