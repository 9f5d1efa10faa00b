//! Splitting a typed line into arguments, and the lenient number parsing of the C library that
//! redis-cli's options are made of.

/// Splits a line as Redis does. Between double quotes `\xHH`, `\n` and friends are escapes; between
/// single quotes only `\'`. A closing quote must be followed by a blank or the end. Nothing when the
/// quotes do not balance.
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut arguments = Vec::new();
    let mut rest = line;
    loop {
        rest = skip_blanks(rest);
        // Like the C strings of the original, a line ends at its first NUL.
        if rest.first().is_none_or(|&byte| byte == 0) {
            return Some(arguments);
        }
        let (argument, after) = one_argument(rest)?;
        arguments.push(argument);
        rest = after;
    }
}

/// Unquotes a single argument, which must be exactly one.
pub fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut arguments = split(text)?;
    match arguments.len() {
        1 => arguments.pop(),
        _ => None,
    }
}

/// Drops the blanks at the front, as C's `isspace` knows them: the vertical tab is one.
fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|&&byte| is_space(byte)).count();
    &text[blanks..]
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn one_argument(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut argument = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [] | [0 | b' ' | b'\n' | b'\r' | b'\t', ..] => return Some((argument, rest)),
            [b'"', after @ ..] => return double_quoted(argument, after),
            [b'\'', after @ ..] => return single_quoted(argument, after),
            [byte, after @ ..] => {
                argument.push(*byte);
                rest = after;
            }
        }
    }
}

fn double_quoted(mut argument: Vec<u8>, mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                argument.push(hex_digit(*high) << 4 | hex_digit(*low));
                rest = after;
            }
            [b'\\', escaped, after @ ..] if *escaped != 0 => {
                argument.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest = after;
            }
            [b'"', after @ ..] => return closed(argument, after),
            [] | [0, ..] => return None,
            [byte, after @ ..] => {
                argument.push(*byte);
                rest = after;
            }
        }
    }
}

fn single_quoted(mut argument: Vec<u8>, mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [b'\\', b'\'', after @ ..] => {
                argument.push(b'\'');
                rest = after;
            }
            [b'\'', after @ ..] => return closed(argument, after),
            [] | [0, ..] => return None,
            [byte, after @ ..] => {
                argument.push(*byte);
                rest = after;
            }
        }
    }
}

/// A closing quote ends the argument; text glued to it is an error.
fn closed(argument: Vec<u8>, rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match rest.first() {
        Some(&byte) if byte != 0 && !is_space(byte) => None,
        _ => Some((argument, rest)),
    }
}

fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte - b'A' + 10,
    }
}

/// The integer a text begins with, 0 if none: C's `atoi`, saturating.
pub fn leading_integer(text: &[u8]) -> i64 {
    integer_prefix(text).0
}

/// The integer that is the whole text, saturating.
pub fn whole_integer(text: &[u8]) -> Option<i64> {
    let (value, length) = integer_prefix(text);
    (length > 0 && length == text.len()).then_some(value)
}

fn integer_prefix(text: &[u8]) -> (i64, usize) {
    let blanks = text.iter().take_while(|&&byte| is_space(byte)).count();
    let (negative, signs) = match text.get(blanks) {
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        _ => (false, 0),
    };
    let start = blanks + signs;
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (0, 0);
    }
    let value = text[start..start + digits].iter().fold(0i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        let value = value.saturating_mul(10);
        if negative { value.saturating_sub(digit) } else { value.saturating_add(digit) }
    });
    (value, start + digits)
}

/// The number a text begins with, 0 if none: C's `atof` for plain decimals.
pub fn leading_float(text: &[u8]) -> f64 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)).count();
    (0..=length).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split(line.as_bytes())?;
        Some(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    #[test]
    fn plain_words() {
        assert_eq!(words("").unwrap(), Vec::<String>::new());
        assert_eq!(words("  \t ").unwrap(), Vec::<String>::new());
        assert_eq!(words(" set  a\tb\r\n").unwrap(), ["set", "a", "b"]);
    }

    #[test]
    fn quotes() {
        assert_eq!(words(r#"set "a b" 'c d'"#).unwrap(), ["set", "a b", "c d"]);
        assert_eq!(words(r#""" ''"#).unwrap(), ["", ""]);
        assert_eq!(words(r"'it\'s\n'").unwrap(), [r"it's\n"]);
        assert_eq!(words(r#"a"b""#).unwrap(), ["ab"]);
        assert_eq!(split(br#""\x00\xfF\n\q\x4""#).unwrap(), [b"\x00\xff\nqx4"]);
    }

    #[test]
    fn unbalanced_quotes() {
        for line in ["\"a", "'a", "\"a\"b", "'a'b", "\"a\\", "\"a\\\""] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn unquote_wants_one_argument() {
        assert_eq!(unquote(br#""a\x00b""#).unwrap(), b"a\x00b");
        assert_eq!(unquote(b"a b"), None);
        assert_eq!(unquote(b""), None);
    }

    #[test]
    fn lenient_numbers() {
        assert_eq!(leading_integer(b"12abc"), 12);
        assert_eq!(leading_integer(b"-7"), -7);
        assert_eq!(leading_integer(b"abc"), 0);
        assert_eq!(leading_integer(b"99999999999999999999"), i64::MAX);
        assert_eq!(whole_integer(b"+3"), Some(3));
        assert_eq!(whole_integer(b"3x"), None);
        assert_eq!(whole_integer(b""), None);
        assert!((leading_float(b"0.25s") - 0.25).abs() < f64::EPSILON);
        assert!(leading_float(b"abc").abs() < f64::EPSILON);
        assert!((leading_float(b"1e-1") - 0.1).abs() < f64::EPSILON);
    }
}
