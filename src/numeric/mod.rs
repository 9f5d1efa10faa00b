//! Numbers as Redis has them and Rust does not: integers in their canonical form, and sums in C's `long double`, as
//! INCRBYFLOAT, HINCRBYFLOAT and INCREX reply them.
//!
//! Cost: a few nanoseconds for an integer, about half a microsecond for a sum; nothing allocates.

mod increase;
mod integer;

pub use increase::{Increase, IncreaseError, Increased};
pub use integer::{INTEGER_TEXT_BYTES_MAX, parse_i64};

use std::ffi::{c_char, c_int};

/// Room for the longest sum: `%.17Lf` of the largest number has 4,933 digits before the point.
const TEXT_BYTES_MAX: usize = 5 * 1024;

/// Why there is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumError {
    /// One of the texts is not a number that Redis accepts.
    NotAFloat,
    /// The sum is NaN or infinite.
    NotFinite,
    /// The system refused a locale.
    NoMemory,
}

/// The text of a sum.
pub struct SumText {
    bytes: [u8; TEXT_BYTES_MAX],
    len: usize,
}

impl SumText {
    fn new() -> Self {
        Self { bytes: [0; TEXT_BYTES_MAX], len: 0 }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The sum of two numbers given as text, with 17 decimals at most.
///
/// # Errors
/// See [`SumError`].
pub fn add(a: &[u8], b: &[u8]) -> Result<SumText, SumError> {
    let mut sum = SumText::new();
    match sum_into(a, b, &mut sum.bytes) {
        NOT_A_FLOAT => Err(SumError::NotAFloat),
        NOT_FINITE => Err(SumError::NotFinite),
        status => {
            sum.len = usize::try_from(status).map_err(|_| SumError::NoMemory)?;
            Ok(sum)
        }
    }
}

const NOT_A_FLOAT: c_int = -1;
const NOT_FINITE: c_int = -2;

/// Writes the sum to the beginning of `out` and returns its length or a negative status.
#[allow(unsafe_code, reason = "the sum is computed in C, see long_double.c")]
fn sum_into(a: &[u8], b: &[u8], out: &mut [u8]) -> c_int {
    unsafe extern "C" {
        fn rs_internal_long_double_add(
            a: *const c_char,
            a_len: usize,
            b: *const c_char,
            b_len: usize,
            out: *mut c_char,
            out_size: usize,
        ) -> c_int;
    }
    // SAFETY: each pointer comes with the length of its slice; the function reads `a` and `b` and writes at most
    // `out_size` bytes to `out`, keeps no pointer, and touches no state but the locale of this thread, which it
    // puts back.
    unsafe {
        rs_internal_long_double_add(
            a.as_ptr().cast(),
            a.len(),
            b.as_ptr().cast(),
            b.len(),
            out.as_mut_ptr().cast(),
            out.len(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Result<String, SumError> {
        add(a.as_bytes(), b.as_bytes()).map(|sum| String::from_utf8(sum.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn prints_like_redis() {
        for (a, b, expected) in [
            ("0", "0", "0"),
            ("-0", "0", "0"),
            ("-1", "1", "0"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("100", "0", "100"),
            ("3", "-0.000000000000000001", "3"),
            ("0x10", "0x1p-1", "16.5"),
            ("+1", ".5", "1.5"),
            ("-0.000000000000000001", "0", "0"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Ok(expected), "{a} + {b}");
        }
    }

    #[test]
    fn refuses_what_redis_refuses() {
        for text in ["", " 1", "1 ", "1,5", "nan", "1e99999", "1e-99999", "0x", "--1", "1\0", "abc"] {
            assert_eq!(sum(text, "1"), Err(SumError::NotAFloat), "{text:?}");
            assert_eq!(sum("1", text), Err(SumError::NotAFloat), "{text:?}");
        }
        assert_eq!(sum(&"1".repeat(TEXT_BYTES_MAX), "1"), Err(SumError::NotAFloat));
        assert_eq!(sum("inf", "1"), Err(SumError::NotFinite));
        assert_eq!(sum("inf", "-inf"), Err(SumError::NotFinite));
    }

    #[test]
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    fn has_64_bits_of_mantissa() {
        assert_eq!(sum("9223372036854775807", "0").as_deref(), Ok("9223372036854775807"));
        assert_eq!(sum("18446744073709551615", "0").as_deref(), Ok("18446744073709551615"));
        let largest = sum("1e4932", "0").unwrap();
        assert_eq!(largest.len(), 4933);
        assert_eq!(sum("1e4932", "1.1e4932"), Err(SumError::NotFinite));
    }

    /// A host that has chosen a locale with a decimal comma sees no difference, nor do we.
    #[test]
    #[allow(unsafe_code, reason = "there is no safe way to choose a locale")]
    fn does_not_depend_on_the_locale() {
        for name in [c"de_DE.UTF-8", c"fr_FR.UTF-8"] {
            // SAFETY: a locale object of our own, used by this thread only and put back before it is freed.
            unsafe {
                let locale = libc::newlocale(libc::LC_ALL_MASK, name.as_ptr(), std::ptr::null_mut());
                if locale.is_null() {
                    continue;
                }
                let before = libc::uselocale(locale);
                let result = sum("1.5", "0.25");
                let after = libc::uselocale(before);
                libc::freelocale(locale);
                assert_eq!(result.as_deref(), Ok("1.75"));
                assert_eq!(after, locale);
            }
        }
    }
}
