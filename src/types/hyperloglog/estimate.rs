//! From registers to a count, by the estimator of Otmar Ertl ("New cardinality estimation algorithms for HyperLogLog
//! sketches", 2017), which needs only how often each value occurs and no tables for small counts.
//!
//! The order of the floating-point operations is Redis's, so that both reply the same count.

use super::REGISTERS;
use super::hash::RUN_BITS;

/// Values that a register of six bits can have; a proper one has none above [`RUN_BITS`] + 1.
const VALUES: usize = 64;
/// The limit of the estimator's constant: 0.5 / ln 2.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// How often each value occurs among the registers. In four parts, because many registers in a row have the same
/// value, and counting them in one place would wait for that place each time.
#[derive(Clone)]
pub struct Histogram([[u32; VALUES]; 4]);

impl Default for Histogram {
    fn default() -> Self {
        Self([[0; VALUES]; 4])
    }
}

impl Histogram {
    /// Counts four registers.
    #[inline]
    pub fn add(&mut self, registers: [u8; 4]) {
        for (part, register) in self.0.iter_mut().zip(registers) {
            part[usize::from(register) % VALUES] += 1;
        }
    }

    /// Counts a run of registers with the same value.
    pub fn add_run(&mut self, value: u8, registers: usize) {
        let count = &mut self.0[0][usize::from(value) % VALUES];
        *count = count.saturating_add(registers as u32);
    }

    fn of(&self, value: usize) -> f64 {
        self.0.iter().map(|part| f64::from(part[value])).sum()
    }

    /// The number of different elements that such registers tell of.
    pub fn estimate(&self) -> u64 {
        let m = REGISTERS as f64;
        let run_max = RUN_BITS as usize;
        let mut z = m * tau((m - self.of(run_max + 1)) / m);
        for value in (1..=run_max).rev() {
            z += self.of(value);
            z *= 0.5;
        }
        z += m * sigma(self.of(0) / m);
        let count = (ALPHA * m * m / z).round();
        // All registers above the possible make it infinite, which C turns into this integer.
        if count.is_finite() { count as u64 } else { 1 << 63 }
    }
}

/// The part of the registers that are still zero.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// The part of the registers that have reached the largest value.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}
