//! How bytes are shown: quoted with escapes, as JSON, and the numbers C programs would print.

/// A byte string between double quotes, with everything unprintable escaped, as Redis shows it.
pub fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
    out
}

/// A JSON string. Bytes above ASCII pass through as they are: they are taken to be UTF-8.
pub fn json(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x00..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}

/// A JSON string whose content is the [`quoted`] form: pure ASCII, each backslash doubled.
pub fn json_of_quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    for byte in quoted(bytes) {
        if byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

/// A floating point number as C's `%g` prints it: six significant digits, no trailing zeros.
pub fn general_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        return trim_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim_zeros(mantissa), exponent.abs())
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// A number of bytes in the unit that fits it.
pub fn human_bytes(count: u64) -> String {
    const UNITS: [(u32, char); 4] = [(10, 'K'), (20, 'M'), (30, 'G'), (40, 'T')];
    let unit = UNITS.iter().rev().find(|(shift, _)| count >> shift > 0);
    match unit {
        Some((shift, letter)) => format!("{:.2}{letter}", as_float(count) / as_float(1 << shift)),
        None => format!("{count}B"),
    }
}

/// The nearest `f64`, for averages and percentages.
#[allow(clippy::cast_precision_loss)] // shown with two decimals
pub fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_escapes_what_redis_escapes() {
        assert_eq!(quoted(b"a\"\\\n\r\t\x07\x08\x0b\x00\x7f\x80 '/"), br#""a\"\\\n\r\t\a\b\x0b\x00\x7f\x80 '/""#);
    }

    #[test]
    fn json_strings() {
        assert_eq!(
            json(b"\"\\\x00\x07\x08\t\n\x0b\x0c\r\x1f\x7f\xc3\xa9/"),
            b"\"\\\"\\\\\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\xc3\xa9/\"".to_vec()
        );
        assert_eq!(json_of_quoted(b"a\n\xff"), br#""a\\n\\xff""#);
    }

    #[test]
    fn general_floats_match_printf() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.1, "1.1"),
            (-2.5, "-2.5"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (999_999.5, "1e+06"),
            (123_456.7, "123457"),
            (0.0001, "0.0001"),
            (0.000_012_34, "1.234e-05"),
            (1e300, "1e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(general_float(value), text);
        }
    }

    #[test]
    fn human_sizes() {
        assert_eq!(human_bytes(1023), "1023B");
        assert_eq!(human_bytes(1536), "1.50K");
        assert_eq!(human_bytes(1_835_008), "1.75M");
        assert_eq!(human_bytes(3 << 30), "3.00G");
    }
}
