//! Inline requests: one line of words, for people with a terminal and for health checks.
//!
//! A line ends with `\n`; one `\r` before it belongs to the end. Words are separated by space and may be
//! quoted: `"..."` knows `\xHH \n \r \t \b \a` and a backslash before any other character, `'...'` knows only
//! `\'`. A quote may open inside a word but must close at its end. These are the rules of Redis's
//! `sdssplitargs`, including its asymmetry: vertical tab and form feed separate only before a word
//! and behind a closing quote.
//!
//! A line without quotes, which is nearly all there are, is split into spans of the input. One
//! with quotes is unescaped as a whole into the parser's side buffer and its spans refer to that buffer.
//!
//! Cost: two `memchr` passes and one over the words; a quoted line copies at most 64 KiB.

use memchr::memchr2;

use super::request::LINE_BYTES_MAX;
use super::step::{ProtocolError, Span, Step};

/// Side buffers that have grown beyond this are not kept for the next quoted line.
const UNESCAPED_BYTES_KEPT: usize = 4096;

/// Takes one line off the front of `input`.
pub(super) fn next(input: &[u8], spans: &mut Vec<Span>, unescaped: &mut Vec<u8>) -> Step {
    let searched = &input[..input.len().min(LINE_BYTES_MAX + 1)];
    // A NUL byte hides the rest of the line, as it does from C's strchr.
    let newline = match memchr2(b'\n', 0, searched) {
        Some(at) if searched[at] == b'\n' => at,
        _ if input.len() > LINE_BYTES_MAX => {
            return Step::Error { error: ProtocolError::InlineTooLong };
        }
        _ => {
            return Step::NeedMore { want: input.len() + 1 };
        }
    };
    let end = newline + 1;
    let line = &searched[..newline];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // Between two words is a space, or of quoted ones a quote.
    if spans.try_reserve(line.len() / 2 + 1).is_err() {
        return Step::Error { error: ProtocolError::NoMemory };
    }
    if memchr2(b'"', b'\'', line).is_none() {
        split_plain(line, spans);
        return Step::Request { end };
    }
    if unescaped.capacity() > UNESCAPED_BYTES_KEPT {
        *unescaped = Vec::new();
    }
    unescaped.clear();
    if unescaped.try_reserve(line.len()).is_err() {
        return Step::Error { error: ProtocolError::NoMemory };
    }
    let before = spans.len();
    match split_quoted(line, spans, unescaped) {
        Some(()) => Step::Unescaped { end },
        None => {
            spans.truncate(before);
            Step::Error { error: ProtocolError::UnbalancedQuotes }
        }
    }
}

/// C's `isspace`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What ends a word that is not quoted.
fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn split_plain(line: &[u8], spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < line.len() {
        if is_space(line[at]) {
            at += 1;
            continue;
        }
        let rest = &line[at..];
        let len = rest.iter().position(|&byte| ends_word(byte)).unwrap_or(rest.len());
        spans.push(Span::new(at, len));
        at += len;
    }
}

/// As [`split_plain`] with quotes; None when one is not closed, or closed inside a word.
fn split_quoted(line: &[u8], spans: &mut Vec<Span>, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = line;
    while let Some((&first, tail)) = rest.split_first() {
        if is_space(first) {
            rest = tail;
            continue;
        }
        let start = out.len();
        rest = word(rest, out)?;
        spans.push(Span::new(start, out.len() - start));
    }
    Some(())
}

/// Appends one word and returns what follows it.
fn word<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    while let Some((&first, tail)) = rest.split_first() {
        rest = match first {
            b'"' => return closed(double_quoted(tail, out)?),
            b'\'' => return closed(single_quoted(tail, out)?),
            byte if ends_word(byte) => break,
            byte => {
                out.push(byte);
                tail
            }
        };
    }
    Some(rest)
}

/// A closing quote must be followed by space or the end of the line.
fn closed(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|&byte| is_space(byte)).then_some(rest)
}

/// Appends what stands before the closing `"` and returns what follows it.
fn double_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'"', tail @ ..] => return Some(tail),
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                tail
            }
            [b'\\', escaped, tail @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    &other => other,
                });
                tail
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                tail
            }
        };
    }
}

/// Appends what stands before the closing `'` and returns what follows it.
fn single_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'\'', tail @ ..] => return Some(tail),
            [b'\\', b'\'', tail @ ..] => {
                out.push(b'\'');
                tail
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                tail
            }
        };
    }
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
