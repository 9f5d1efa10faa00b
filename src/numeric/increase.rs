//! Bounded sums in C's `long double`, as INCREX with BYFLOAT replies them.

use super::{SumText, TEXT_BYTES_MAX};
use std::ffi::{c_char, c_int};

/// An increment and the bounds of the sum, as text; without a bound the type is the limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Increase<'a> {
    pub by: &'a [u8],
    pub lower: Option<&'a [u8]>,
    pub upper: Option<&'a [u8]>,
    /// A sum beyond a bound becomes the bound, instead of not being done.
    pub saturates: bool,
}

/// The value after an [`Increase`], and by how much it grew.
pub struct Increased {
    pub value: SumText,
    pub applied: SumText,
    /// Whether it was done; `applied` is 0 if not.
    pub is_done: bool,
}

/// Why there is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncreaseError {
    IncrementNotAFloat,
    IncrementInfinite,
    LowerNotAFloat,
    UpperNotAFloat,
    BoundsCrossed,
    ValueNotAFloat,
    ValueInfinite,
    AppliedInfinite,
    NoMemory,
}

impl Increase<'_> {
    /// Looks at everything but the value.
    ///
    /// # Errors
    /// See [`IncreaseError`].
    pub fn check(&self) -> Result<(), IncreaseError> {
        self.of(b"0").map(|_| ()).or_else(|error| match error {
            // That depends on the value.
            IncreaseError::AppliedInfinite => Ok(()),
            error => Err(error),
        })
    }

    /// Applies it to a value.
    ///
    /// # Errors
    /// See [`IncreaseError`].
    pub fn of(&self, value: &[u8]) -> Result<Increased, IncreaseError> {
        let mut texts = Increased { value: SumText::new(), applied: SumText::new(), is_done: false };
        let status = self.increase_into(value, &mut texts);
        match status {
            DONE | NOT_DONE => {
                texts.is_done = status == DONE;
                Ok(texts)
            }
            -1 => Err(IncreaseError::IncrementNotAFloat),
            -2 => Err(IncreaseError::IncrementInfinite),
            -3 => Err(IncreaseError::LowerNotAFloat),
            -4 => Err(IncreaseError::UpperNotAFloat),
            -5 => Err(IncreaseError::BoundsCrossed),
            -6 => Err(IncreaseError::ValueNotAFloat),
            -7 => Err(IncreaseError::ValueInfinite),
            -8 => Err(IncreaseError::AppliedInfinite),
            _ => Err(IncreaseError::NoMemory),
        }
    }

    #[allow(unsafe_code, reason = "the sum is computed in C, see long_double.c")]
    fn increase_into(&self, value: &[u8], texts: &mut Increased) -> c_int {
        unsafe extern "C" {
            fn rs_internal_long_double_increase(
                texts: *const Text,
                saturates: c_int,
                value: *mut c_char,
                value_len: *mut usize,
                applied: *mut c_char,
                applied_len: *mut usize,
                out_size: usize,
            ) -> c_int;
        }
        let absent = Text { bytes: std::ptr::null(), len: 0 };
        let inputs = [
            Text::of(self.by),
            self.lower.map_or(absent, Text::of),
            self.upper.map_or(absent, Text::of),
            Text::of(value),
        ];
        // SAFETY: `inputs` are the four texts that the function reads, each with its length; the two outputs have
        // room for TEXT_BYTES_MAX bytes, and their lengths are written only together with them. It keeps no pointer,
        // and touches no state but the locale of this thread, which it puts back.
        unsafe {
            rs_internal_long_double_increase(
                inputs.as_ptr(),
                c_int::from(self.saturates),
                texts.value.bytes.as_mut_ptr().cast(),
                &mut texts.value.len,
                texts.applied.bytes.as_mut_ptr().cast(),
                &mut texts.applied.len,
                TEXT_BYTES_MAX,
            )
        }
    }
}

const DONE: c_int = 1;
const NOT_DONE: c_int = 0;

/// `struct text` of long_double.c.
#[derive(Clone, Copy)]
#[repr(C)]
struct Text {
    bytes: *const c_char,
    len: usize,
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn increase(value: &str, by: &str, bounds: (&str, &str), saturates: bool) -> Result<String, IncreaseError> {
        let bound = |text: &'static str| (!text.is_empty()).then_some(text.as_bytes());
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let by = leak(by).as_bytes();
        let increase = Increase { by, lower: bound(leak(bounds.0)), upper: bound(leak(bounds.1)), saturates };
        let Increased { value, applied, is_done } = increase.of(value.as_bytes())?;
        let text = |sum: &SumText| String::from_utf8_lossy(sum.as_bytes()).into_owned();
        Ok(format!("{} {} {is_done}", text(&value), text(&applied)))
    }

    #[test]
    fn stays_within_its_bounds() {
        let none = ("", "");
        for (value, by, bounds, saturates, expected) in [
            ("10.50", "0.1", none, false, "10.6 0.1 true"),
            ("10", "5.5", ("", "12.5"), false, "10 0 false"),
            ("10", "5.5", ("", "12.5"), true, "12.5 2.5 true"),
            ("10", "-6", ("8", ""), true, "8 -2 true"),
            ("50.5", "5.5", ("", "30"), true, "30 -20.5 true"),
            ("50", "-25", ("", "30"), false, "25 -25 true"),
            ("10", "1e4932", ("", "100"), true, "100 90 true"),
            ("10", "1", ("-inf", "inf"), false, "11 1 true"),
            ("10", "1", ("inf", "inf"), false, "10 0 false"),
        ] {
            assert_eq!(increase(value, by, bounds, saturates).as_deref(), Ok(expected), "{value} {by} {bounds:?}");
        }
    }

    #[test]
    fn says_which_text_is_wrong() {
        use IncreaseError::*;
        let none = ("", "");
        for (value, by, bounds, expected) in [
            ("1", "nan", none, IncrementNotAFloat),
            ("1", "1e99999", none, IncrementNotAFloat),
            ("1", "-inf", none, IncrementInfinite),
            ("1", "1", ("x", "y"), LowerNotAFloat),
            ("1", "1", ("1", "y"), UpperNotAFloat),
            ("1", "1", ("2", "1"), BoundsCrossed),
            ("1", "1", ("", "-inf"), BoundsCrossed),
            ("1", "1", ("inf", ""), BoundsCrossed),
            ("x", "1", none, ValueNotAFloat),
            ("-inf", "1", none, ValueInfinite),
            ("1", "1", ("inf", "inf"), AppliedInfinite),
        ] {
            assert_eq!(increase(value, by, bounds, true), Err(expected), "{value} {by} {bounds:?}");
        }
    }
}
