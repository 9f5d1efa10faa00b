//! Numbers as text, exactly as Redis reads and writes them.
//!
//! Redis accepts integers more strictly than any library function (`string2ll`: no `+`, no leading
//! zero, no space, no `-0`) and doubles through C's `strtod` (hexadecimal floats and `infinity` are
//! valid, surrounding space and overflow are not). It prints doubles with `%.17g`. Clients
//! and tests compare these texts byte for byte, so they are reproduced here, without libc: the
//! results do not depend on the host's locale. (One difference is known: glibc 2.36 rounds some hexadecimal
//! subnormals to the wrong neighbour; here they are right.)
//!
//! Cost: an integer is read or written in a few nanoseconds, an integral double is written as an
//! integer, any other double by the standard library's exact formatting (about 0.1 µs). Nothing
//! allocates beyond the caller's buffer.

pub use crate::numeric::{INTEGER_TEXT_BYTES_MAX, parse_i64};
use std::fmt::Write;

/// From this magnitude on `%.17g` switches to exponent notation.
const FIXED_NOTATION_BELOW: f64 = 1e17;

/// A stack buffer for the decimal text of one integer.
pub struct IntegerText(itoa::Buffer);

impl IntegerText {
    pub fn new() -> Self {
        Self(itoa::Buffer::new())
    }

    /// The text of `value`, valid until the buffer is used again.
    #[inline]
    pub fn format(&mut self, value: i64) -> &[u8] {
        self.0.format(value).as_bytes()
    }
}

impl Default for IntegerText {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads a double as Redis's `getDoubleFromObject`: the whole text must be what `strtod` takes in the
/// C locale, without leading space; NaN, overflow, and a nonzero number that rounds to zero are refused.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let value = read_f64(text)?;
    value.in_range.then_some(value.rounded)
}

/// Reads a double as C's `strtod` by itself does, which is how Redis reads the bounds of a range of scores: leading
/// space is skipped, what is too large is infinite, what is too small is 0 or subnormal, nothing at all is 0. The whole text, up to
/// a NUL, must be a number, and not NaN.
pub fn parse_f64_lenient(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let space = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    Some(read_f64(&text[space..])?.rounded)
}

/// A number as it was read.
struct Value {
    /// The nearest double: infinite if the number is too large, 0 if it is too small.
    rounded: f64,
    /// Neither of that.
    in_range: bool,
}

fn read_f64(text: &[u8]) -> Option<Value> {
    let (negative, body) = match text {
        [b'-', body @ ..] => (true, body),
        [b'+', body @ ..] => (false, body),
        body => (false, body),
    };
    let magnitude = match body {
        [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits)?,
        [b'0'..=b'9' | b'.', ..] => parse_decimal(body)?,
        word if word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"infinity") => {
            Value { rounded: f64::INFINITY, in_range: true }
        }
        _ => return None,
    };
    let rounded = if negative { -magnitude.rounded } else { magnitude.rounded };
    Some(Value { rounded, ..magnitude })
}

/// `digits[.digits][e[±]digits]`, no sign.
fn parse_decimal(text: &[u8]) -> Option<Value> {
    let mut digits = 0usize;
    let mut nonzero = false;
    let mut point = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                nonzero |= byte != b'0';
            }
            b'.' if !point => point = true,
            _ => break,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    match text.get(at..)? {
        [] => {}
        [b'e' | b'E', exponent @ ..] => {
            parse_exponent(exponent)?;
        }
        _ => return None,
    }
    // What is left is a subset of what the standard library takes, and it rounds correctly.
    let rounded: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let out_of_range = rounded.is_infinite() || (rounded == 0.0 && nonzero);
    Some(Value { rounded, in_range: !out_of_range })
}

/// `[±]digits` up to the end of the text, saturating: far beyond every double either way.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
    }
    // Keep room for adding the position of the point.
    value = value.min(i64::MAX / 4);
    Some(if negative { -value } else { value })
}

/// `hex[.hex][p[±]digits]` after the `0x`, rounded half to even like the decimal form.
fn parse_hexadecimal(text: &[u8]) -> Option<Value> {
    let mut mantissa = 0u64;
    let mut sticky = false; // a nonzero digit was dropped below the mantissa
    let mut exponent = 0i64;
    let mut digits = 0usize;
    let mut point = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = char::from(byte).to_digit(16) {
            digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if point { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if point { 0 } else { 4 };
            }
        } else {
            break;
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    match text.get(at..)? {
        [] => {}
        [b'p' | b'P', scale @ ..] => exponent += parse_exponent(scale)?,
        _ => return None,
    }
    if mantissa == 0 {
        return Some(Value { rounded: 0.0, in_range: true });
    }
    let rounded = compose(mantissa, sticky, exponent);
    Some(Value { rounded, in_range: rounded.is_finite() && rounded != 0.0 })
}

/// The double nearest to `mantissa × 2^exponent` (ties to even, `sticky` meaning "and a bit more"); infinity when
/// it overflows.
fn compose(mantissa: u64, sticky: bool, exponent: i64) -> f64 {
    let bits = 64 - i64::from(mantissa.leading_zeros());
    let leading = exponent.saturating_add(bits - 1); // exponent of the highest set bit
    if leading > 1023 {
        return f64::INFINITY;
    }
    // A subnormal keeps fewer bits, down to none when it lies under half of the smallest one.
    let kept = if leading >= -1022 { 53 } else { 53 - (-1022 - leading) };
    if kept < 0 {
        return 0.0;
    }
    let shift = bits - kept;
    let rounded = if shift <= 0 {
        mantissa << -shift
    } else {
        let wide = u128::from(mantissa);
        let quotient = (wide >> shift) as u64;
        let remainder = wide & ((1u128 << shift) - 1);
        let half = 1u128 << (shift - 1);
        let up = remainder > half || (remainder == half && (sticky || quotient & 1 == 1));
        quotient + u64::from(up)
    };
    // A carry out of the fraction lands in the exponent field, which is what it should do.
    let encoded = if leading >= -1022 { (((leading + 1023) as u64) << 52) + (rounded - (1 << 52)) } else { rounded };
    f64::from_bits(encoded)
}

/// Bytes that [`write_double_17g`] appends at most.
pub const DOUBLE_TEXT_MAX: usize = 32;

/// Appends `value` as C's `printf("%.17g")` prints it (NaN always as `nan`). Asks for no memory if there is room.
pub fn write_double_17g(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if value.abs() < FIXED_NOTATION_BELOW && value.trunc() == value {
        out.extend_from_slice(IntegerText::new().format(value as i64));
    } else {
        write_significant(value, out);
    }
}

/// A finite, nonzero double: 17 significant digits, trailing zeros dropped, exponent form
/// when the exponent is below -4 or above 16.
fn write_significant(value: f64, out: &mut Vec<u8>) {
    // One digit, a point, sixteen digits, `e`, sign and three digits of exponent.
    let mut text = StackText::<32>::default();
    if write!(text, "{:.16e}", value.abs()).is_err() {
        debug_assert!(false, "a double in exponent form has at most 23 characters");
        return;
    }
    let text = text.as_bytes();
    let mut digits = [b'0'; 17];
    let mut count = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'0'..=b'9' if count < digits.len() => {
                digits[count] = byte;
                count += 1;
            }
            b'e' => break,
            _ => {}
        }
    }
    let exponent = text.get(at..).and_then(parse_exponent).unwrap_or(0);
    let significant = digits.iter().rposition(|&digit| digit != b'0').map_or(1, |last| last + 1);
    let digits = &digits[..significant];

    if value < 0.0 {
        out.push(b'-');
    }
    if (-4..17).contains(&exponent) {
        if exponent < 0 {
            out.extend_from_slice(b"0.");
            out.extend((exponent..-1).map(|_| b'0'));
            out.extend_from_slice(digits);
        } else {
            let integral = exponent as usize + 1;
            if integral >= significant {
                out.extend_from_slice(digits);
                out.extend((significant..integral).map(|_| b'0'));
            } else {
                let (integer, fraction) = digits.split_at(integral);
                out.extend_from_slice(integer);
                out.push(b'.');
                out.extend_from_slice(fraction);
            }
        }
        return;
    }
    let (first, fraction) = digits.split_at(1);
    out.extend_from_slice(first);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    let magnitude = exponent.unsigned_abs();
    if magnitude < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(IntegerText::new().format(magnitude as i64));
}

/// A fixed buffer that `write!` can fill without allocating.
pub struct StackText<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for StackText<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> StackText<N> {
    /// What `format!` makes, which has room.
    pub fn of(pieces: std::fmt::Arguments<'_>) -> Self {
        let mut text = Self::default();
        let written = text.write_fmt(pieces);
        debug_assert!(written.is_ok(), "there is room for all of it");
        text
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<const N: usize> Write for StackText<N> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        let target = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        target.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
