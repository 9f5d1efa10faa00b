//! Words of a configuration line, with Redis's quoting: the same rules as for inline commands.

use crate::storage::{NoMemory, Text, try_push};

/// Splits a line into words. `"…"` knows the escapes `\n \r \t \b \a \xHH` and `\` before anything else, `'…'` only
/// `\'`. `None` if a quote is left open or touches the next word.
///
/// # Errors
/// If memory is short.
pub fn split_words(line: &[u8]) -> Result<Option<Vec<Vec<u8>>>, NoMemory> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Ok(Some(words));
        }
        let mut word = Text::new();
        let Some(after) = take_word(rest, &mut word) else { return Ok(None) };
        rest = after;
        try_push(&mut words, word.finish()?)?;
    }
}

/// Appends the first word of `rest` and gives what follows it.
fn take_word<'a>(mut rest: &'a [u8], word: &mut Text) -> Option<&'a [u8]> {
    while let [byte, after @ ..] = rest {
        match byte {
            b'"' => return end_of_word(take_double_quoted(after, word)?),
            b'\'' => return end_of_word(take_single_quoted(after, word)?),
            byte if byte.is_ascii_whitespace() || *byte == 0 => return Some(after),
            byte => word.push(&[*byte]),
        }
        rest = after;
    }
    Some(rest)
}

/// After a closing quote there must be a blank or nothing.
fn end_of_word(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(u8::is_ascii_whitespace).then_some(rest)
}

fn take_double_quoted<'a>(mut rest: &'a [u8], word: &mut Text) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                word.push(&[hex_digit(*high) << 4 | hex_digit(*low)]);
                after
            }
            [b'\\', escaped, after @ ..] => {
                word.push(&[match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                }]);
                after
            }
            [byte, after @ ..] => {
                word.push(&[*byte]);
                after
            }
            [] => return None,
        };
    }
}

fn take_single_quoted<'a>(mut rest: &'a [u8], word: &mut Text) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [b'\'', after @ ..] => return Some(after),
            [b'\\', b'\'', after @ ..] => {
                word.push(b"'");
                after
            }
            [byte, after @ ..] => {
                word.push(&[*byte]);
                after
            }
            [] => return None,
        };
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// `bytes` in double quotes, such that [`split_words`] gives them back.
///
/// # Errors
/// If memory is short.
pub fn quote(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut out = Vec::new();
    out.try_reserve_exact(quoted_len(bytes))?;
    quote_into(bytes, &mut out);
    Ok(out)
}

/// [`quote`] behind what `out` holds already, as `sdscatrepr` of Redis writes it.
pub fn quote_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            7 => out.extend(b"\\a"),
            8 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out.push(b'"');
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// How many bytes [`quote_into`] writes.
pub fn quoted_len(bytes: &[u8]) -> usize {
    let escaped = |byte: &u8| match byte {
        b'\\' | b'"' | b'\n' | b'\r' | b'\t' | 7 | 8 => 2,
        b' '..=b'~' => 1,
        _ => 4,
    };
    2 + bytes.iter().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        Some(
            split_words(line.as_bytes())
                .expect("memory")?
                .iter()
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect(),
        )
    }

    #[test]
    fn splits_like_redis() {
        assert_eq!(words("  a  b\tc "), Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(
            words(r#"x "a b" 'c\'d' "\x41\n\q""#),
            Some(vec!["x".into(), "a b".into(), "c'd".into(), "A\nq".into()])
        );
        assert_eq!(words(r#"a"b c" d"#), Some(vec!["ab c".into(), "d".into()]));
        assert_eq!(words(r#""""#), Some(vec![String::new()]));
        assert_eq!(words(""), Some(vec![]));
        assert_eq!(words(r#""a"b"#), None);
        assert_eq!(words(r#""a"#), None);
        assert_eq!(words("'a"), None);
        assert_eq!(words(r#""a\"#), None);
    }

    #[test]
    fn quoting_round_trips_every_byte() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(split_words(&quote(&all).expect("memory")), Ok(Some(vec![all])));
    }
}
