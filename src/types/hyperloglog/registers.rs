//! Registers of a byte each: what several HyperLogLogs are united in.

use super::estimate::Histogram;
use super::{Encoding, Error, REGISTERS, dense, parts, sparse};

/// All registers, at first zero: as if nothing had been added.
pub struct Registers([u8; REGISTERS]);

impl Default for Registers {
    fn default() -> Self {
        Self([0; REGISTERS])
    }
}

impl Registers {
    pub fn as_array(&self) -> &[u8; REGISTERS] {
        &self.0
    }

    /// Raises every register to that of another HyperLogLog.
    ///
    /// # Errors
    /// Corrupt; some registers may have been raised then.
    pub fn unite(&mut self, bytes: &[u8]) -> Result<Encoding, Error> {
        let (encoding, registers) = parts(bytes)?;
        match encoding {
            Encoding::Dense => {
                let mut groups = self.0.as_chunks_mut::<4>().0.iter_mut();
                dense::for_each_group(registers, |group| {
                    if let Some(target) = groups.next() {
                        target.iter_mut().zip(group).for_each(|(register, other)| *register = other.max(*register));
                    }
                });
            }
            Encoding::Sparse => self.unite_runs(registers)?,
        }
        Ok(encoding)
    }

    /// [`Registers::unite`] for the runs of a sparse one.
    pub fn unite_runs(&mut self, runs: &[u8]) -> Result<(), Error> {
        let mut index = 0_usize;
        for run in sparse::opcodes(runs) {
            let end = index + run.registers;
            let registers = self.0.get_mut(index..end).ok_or(Error::Corrupt)?;
            if run.value != 0 {
                registers.iter_mut().for_each(|register| *register = run.value.max(*register));
            }
            index = end;
        }
        if index == REGISTERS { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// How many different elements were added.
    pub fn count(&self) -> u64 {
        let mut histogram = Histogram::default();
        self.0.as_chunks::<4>().0.iter().for_each(|group| histogram.add(*group));
        histogram.estimate()
    }
}
