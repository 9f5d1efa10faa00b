//! Integers as text in their one canonical form: what Redis's `string2ll` takes, stores as an integer, and gives back as
//! the same text. Everything that turns text into an integer asks here.

/// Longest text of an `i64`: `-9223372036854775808`.
pub const INTEGER_TEXT_BYTES_MAX: usize = 20;
/// So many digits cannot overflow.
const SAFE_DIGITS: usize = 18;

/// Reads an integer: `0`, or an optional `-` and digits that do not begin with 0, within the range of `i64`. No `+`, no
/// space, no `-0`.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    // Most texts are no numbers, and length and first byte say so.
    match text {
        [b'0'..=b'9' | b'-', ..] if text.len() <= INTEGER_TEXT_BYTES_MAX => read(text),
        _ => None,
    }
}

fn read(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text {
        [b'0'] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let (safe, rest) = digits.split_at(digits.len().min(SAFE_DIGITS));
    let mut magnitude = 0u64;
    for byte in safe {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    if is_negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_texts_are_integers() {
        for int in [0, 1, -1, 10, -10, 32767, 1 << 53, i64::MAX - 1, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(parse_i64(int.to_string().as_bytes()), Some(int));
        }
        let texts =
            ["", "-", "+", "-0", "+1", "01", "-01", "00", " 1", "1 ", "1.0", "1e3", "0x10", "1\0", "１", "a", "--1"];
        let too_large = ["9223372036854775808", "-9223372036854775809", "9999999999999999999", "99999999999999999999"];
        for text in texts.into_iter().chain(too_large).chain(["-9999999999999999999", "100000000000000000000000000000"])
        {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn agrees_with_the_standard_library() {
        let mut state = 1u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let int = (state.cast_signed()) >> (state % 64);
            let mut text = int.to_string().into_bytes();
            assert_eq!(parse_i64(&text), Some(int));
            // With one byte changed it is another integer in canonical form, or none.
            let at = (state >> 32) as usize % text.len();
            text[at] = b"0123456789-+ a"[(state >> 40) as usize % 14];
            let expected = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<i64>().ok());
            assert_eq!(parse_i64(&text), expected.filter(|int| int.to_string().as_bytes() == text));
        }
    }
}
