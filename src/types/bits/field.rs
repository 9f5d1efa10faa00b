//! Integers of 1 to 64 bits at any bit offset, as BITFIELD reads and writes them: most significant bit first.
//!
//! What does not fit into a field wraps around, stops at the nearest value that fits, or is refused.

use super::BYTE_BITS;

/// Signed and unsigned fields; an unsigned one has 63 bits at most, because replies are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    is_signed: bool,
    bits: u32,
}

/// What becomes of a value that a field cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    #[default]
    Wrap,
    Saturate,
    Fail,
}

/// A new value for a field, and whether it is the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Fits(i64),
    Overflows(i64),
}

/// Bytes that a field of 64 bits can touch.
const WINDOW_BYTES: usize = 9;

impl FieldType {
    /// Reads `i1` to `i64` or `u1` to `u63`; `number` reads the digits.
    pub fn parse(text: &[u8], number: impl FnOnce(&[u8]) -> Option<i64>) -> Option<Self> {
        let (&kind, digits) = text.split_first()?;
        let (is_signed, bits_max) = match kind {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return None,
        };
        let bits = u32::try_from(number(digits)?).ok().filter(|bits| (1..=bits_max).contains(bits))?;
        Some(Self { is_signed, bits })
    }

    /// Width.
    #[inline]
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// The field at bit `offset`; what lies beyond the end of `bytes` is zero.
    pub fn get(self, bytes: &[u8], offset: u64) -> i64 {
        let raw = (read_window(bytes, offset) >> self.shift(offset)) as u64;
        // The sign is in the highest bit of the field: bring it to the top and back.
        let unused = 64 - self.bits;
        if self.is_signed { (raw << unused) as i64 >> unused } else { (raw << unused >> unused) as i64 }
    }

    /// Writes the field at bit `offset`, which lies within `bytes`.
    pub fn set(self, bytes: &mut [u8], offset: u64, value: i64) {
        let mask = u128::from(u64::MAX >> (64 - self.bits)) << self.shift(offset);
        let bits = (value as u64 as u128) << self.shift(offset) & mask;
        let window = (read_window(bytes, offset) & !mask | bits).to_be_bytes();
        if let Some(target) = window_of(offset).and_then(|at| bytes.get_mut(at..)) {
            target.iter_mut().zip(&window[..WINDOW_BYTES]).for_each(|(byte, new)| *byte = *new);
        }
    }

    /// Bits to the right of the field in its window of 128.
    fn shift(self, offset: u64) -> u32 {
        u128::BITS - (offset % BYTE_BITS) as u32 - self.bits
    }

    /// The value to store in a field for `value`.
    pub fn fit(self, value: i64, overflow: Overflow) -> Outcome {
        self.increment(value, 0, overflow)
    }

    /// The value to store in a field that holds `value` and is to grow by `increment`.
    ///
    /// [`FieldType::fit`] asks with a `value` that the field may not hold. Redis then compares with differences that
    /// wrap around in 64 bits, so that an extremely negative value counts as too large; saturation shows it.
    pub fn increment(self, value: i64, increment: i64, overflow: Overflow) -> Outcome {
        let (min, max) = self.range();
        let sum = value.wrapping_add(increment);
        let (too_large, too_small) = if self.is_signed {
            let (room, depth) = (max.wrapping_sub(value), min.wrapping_sub(value));
            let narrow = self.bits != 64;
            (
                value > max || ((narrow || (value >= 0 && increment > 0)) && increment > room),
                value < min || ((narrow || (value < 0 && increment < 0)) && increment < depth),
            )
        } else {
            let value = value as u64;
            (
                value > max as u64 || (increment > 0 && increment > (max as u64).wrapping_sub(value) as i64),
                increment < 0 && increment < value.wrapping_neg() as i64,
            )
        };
        if !too_large && !too_small {
            return Outcome::Fits(sum);
        }
        Outcome::Overflows(match overflow {
            Overflow::Saturate if too_large => max,
            Overflow::Saturate => min,
            Overflow::Wrap | Overflow::Fail => self.wrap(sum),
        })
    }

    /// The lowest bits of a value, as the field shows them.
    fn wrap(self, value: i64) -> i64 {
        let unused = 64 - self.bits;
        if self.is_signed { value << unused >> unused } else { ((value as u64) << unused >> unused) as i64 }
    }

    fn range(self) -> (i64, i64) {
        if self.is_signed {
            let max = i64::MAX >> (64 - self.bits);
            (-max - 1, max)
        } else {
            (0, (u64::MAX >> (64 - self.bits)) as i64)
        }
    }
}

fn window_of(offset: u64) -> Option<usize> {
    usize::try_from(offset / BYTE_BITS).ok()
}

/// The bytes from the one that holds `offset` on, at the top of the word.
fn read_window(bytes: &[u8], offset: u64) -> u128 {
    let mut window = [0; size_of::<u128>()];
    let source = window_of(offset).and_then(|at| bytes.get(at..)).unwrap_or_default();
    window[..WINDOW_BYTES].iter_mut().zip(source).for_each(|(byte, new)| *byte = *new);
    u128::from_be_bytes(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_type() -> impl Iterator<Item = FieldType> {
        let signed = (1..=64).map(|bits| FieldType { is_signed: true, bits });
        signed.chain((1..=63).map(|bits| FieldType { is_signed: false, bits }))
    }

    fn parse(text: &str) -> Option<FieldType> {
        FieldType::parse(text.as_bytes(), |digits| std::str::from_utf8(digits).ok()?.parse().ok())
    }

    #[test]
    fn types_have_the_widths_of_redis() {
        assert_eq!(parse("i64"), Some(FieldType { is_signed: true, bits: 64 }));
        assert_eq!(parse("u63"), Some(FieldType { is_signed: false, bits: 63 }));
        for text in ["", "i", "u", "i0", "u0", "i65", "u64", "8", "I8", "x8", "i-1", "u9223372036854775807"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_changes() {
        for field in every_type() {
            for offset in 0..24 {
                for value in [0, 1, -1, i64::MAX, i64::MIN, 0x0123_4567_89AB_CDEF] {
                    for fill in [0x00, 0xFF] {
                        let mut bytes = [fill; 12];
                        let value = field.wrap(value);
                        field.set(&mut bytes, offset, value);
                        let context = format!("{field:?} at {offset}: {value}");
                        assert_eq!(field.get(&bytes, offset), value, "{context}");
                        for bit in (0..96).filter(|bit| !(offset..offset + u64::from(field.bits)).contains(bit)) {
                            assert_eq!(super::super::get(&bytes, bit), fill == 0xFF, "{context}, bit {bit}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn beyond_the_end_is_zero() {
        let u8 = FieldType { is_signed: false, bits: 8 };
        assert_eq!([0, 4, 8, 12, 1 << 40, u64::MAX].map(|offset| u8.get(&[0xFF], offset)), [255, 240, 0, 0, 0, 0]);
        u8.set(&mut [0], u64::MAX, 1);
    }

    /// With a value that the field holds, the sum decides.
    #[test]
    fn increments_overflow_where_the_wide_sum_leaves_the_range() {
        let numbers = [0, 1, -1, 2, 63, 64, 127, 128, -128, -129, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1];
        for field in every_type() {
            let (min, max) = field.range();
            for value in numbers.map(|value| field.wrap(value)) {
                for increment in numbers {
                    let sum = i128::from(value) + i128::from(increment);
                    let saturated = sum.clamp(min.into(), max.into()) as i64;
                    let context = format!("{field:?}: {value} + {increment}");
                    let fits = i128::from(saturated) == sum;
                    let expected = |value| if fits { Outcome::Fits(value) } else { Outcome::Overflows(value) };
                    let wrapped = field.wrap(sum as i64);
                    assert_eq!(field.increment(value, increment, Overflow::Saturate), expected(saturated), "{context}");
                    assert_eq!(field.increment(value, increment, Overflow::Wrap), expected(wrapped), "{context}");
                }
            }
        }
    }
}
