//! The incremental RESP2/RESP3 reader.
//!
//! It is fed bytes as they arrive, in pieces of any size, and hands out complete replies. Its state is
//! a stack of unfinished aggregates, so a reply that arrives in a thousand pieces is still parsed once:
//! no byte is looked at again except the start of one unfinished line.
//!
//! Invariants: `consumed <= buffer.len()`; every frame on the stack still misses at least one element.
//! After an error the reader must not be used again: the stream has lost its framing.

use std::fmt;

use crate::reply::Reply;

/// Deepest nesting accepted. Formatting and dropping a reply recurse once per level; real replies
/// stay below ten.
const DEPTH_MAX: usize = 128;

/// Elements reserved up front for an aggregate, whatever length the server announced: a false header
/// must not cost memory.
const RESERVE_ELEMENTS_MAX: usize = 1024;

/// The server sent something that is not RESP.
#[derive(Debug, PartialEq)]
pub struct ProtocolError(pub String);

impl fmt::Display for ProtocolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn protocol_error<T>(text: &str) -> Result<T, ProtocolError> {
    Err(ProtocolError(text.to_owned()))
}

#[derive(Clone, Copy)]
enum AggregateKind {
    Array,
    Set,
    Map,
    Push,
    /// Parsed and dropped: the value that follows is the reply.
    Attribute,
}

/// An aggregate whose elements are still arriving.
struct Frame {
    kind: AggregateKind,
    missing: u64,
    elements: Vec<Reply>,
}

impl Frame {
    /// The finished reply; nothing for an attribute.
    fn finish(self) -> Option<Reply> {
        match self.kind {
            AggregateKind::Array => Some(Reply::Array(self.elements)),
            AggregateKind::Set => Some(Reply::Set(self.elements)),
            AggregateKind::Push => Some(Reply::Push(self.elements)),
            AggregateKind::Attribute => None,
            AggregateKind::Map => {
                let mut pairs = Vec::with_capacity(self.elements.len() / 2);
                let mut elements = self.elements.into_iter();
                while let (Some(key), Some(value)) = (elements.next(), elements.next()) {
                    pairs.push((key, value));
                }
                Some(Reply::Map(pairs))
            }
        }
    }
}

/// What one item of the stream turned out to be.
enum Item {
    Value(Reply),
    Open(Frame),
}

/// The incremental reader.
#[derive(Default)]
pub struct Reader {
    buffer: Vec<u8>,
    consumed: usize,
    /// How far past `consumed` an unfinished line was already searched for its end.
    searched: usize,
    /// Length and kind of a bulk whose header was read and whose body is not complete.
    pending_bulk: Option<(usize, bool)>,
    stack: Vec<Frame>,
}

impl Reader {
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.consumed == self.buffer.len() {
            self.buffer.clear();
            self.consumed = 0;
        } else if self.consumed >= 64 * 1024 && self.consumed >= self.buffer.len() / 2 {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete reply, or nothing until more bytes are fed.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ProtocolError> {
        while let Some(item) = self.next_item()? {
            let mut value = match item {
                Item::Value(value) => Some(value),
                Item::Open(frame) if frame.missing == 0 => frame.finish(),
                Item::Open(frame) => {
                    if self.stack.len() >= DEPTH_MAX {
                        return protocol_error("Replies nested too deeply");
                    }
                    self.stack.push(frame);
                    continue;
                }
            };
            while let Some(element) = value.take() {
                let Some(frame) = self.stack.last_mut() else {
                    return Ok(Some(element));
                };
                frame.elements.push(element);
                frame.missing -= 1;
                if frame.missing == 0 {
                    value = self.stack.pop().and_then(Frame::finish);
                }
            }
        }
        Ok(None)
    }

    fn next_item(&mut self) -> Result<Option<Item>, ProtocolError> {
        if let Some((length, verbatim)) = self.pending_bulk {
            return self.bulk_body(length, verbatim);
        }
        let Some((kind, line)) = self.line()? else {
            return Ok(None);
        };
        let value = match kind {
            b'+' => Reply::Status(simple_text(line)?),
            b'-' => Reply::Error(simple_text(line)?),
            b':' => match parse_integer(&line) {
                Some(value) => Reply::Integer(value),
                None => return protocol_error("Bad integer value"),
            },
            b',' => Reply::Double(double_text(&line)?),
            b'(' => Reply::BigNumber(big_number_text(&line)?),
            b'_' if line.is_empty() => Reply::Nil,
            b'_' => return protocol_error("Bad nil value"),
            b'#' => match line.as_slice() {
                b"t" | b"T" => Reply::Bool(true),
                b"f" | b"F" => Reply::Bool(false),
                _ => return protocol_error("Bad bool value"),
            },
            b'$' | b'=' => {
                let Some(length) = parse_integer(&line) else {
                    return protocol_error("Bad bulk string length");
                };
                if length == -1 {
                    return Ok(Some(Item::Value(Reply::Nil)));
                }
                let Ok(length) = usize::try_from(length) else {
                    return protocol_error("Bulk string length out of range");
                };
                self.pending_bulk = Some((length, kind == b'='));
                return self.bulk_body(length, kind == b'=');
            }
            b'*' => return open(AggregateKind::Array, &line).map(Some),
            b'~' => return open(AggregateKind::Set, &line).map(Some),
            b'%' => return open(AggregateKind::Map, &line).map(Some),
            b'>' => return open(AggregateKind::Push, &line).map(Some),
            b'|' => return open(AggregateKind::Attribute, &line).map(Some),
            _ => return protocol_error("Unknown reply type"),
        };
        Ok(Some(Item::Value(value)))
    }

    /// Takes one line off the buffer: its type byte and the rest without CR LF.
    fn line(&mut self) -> Result<Option<(u8, Vec<u8>)>, ProtocolError> {
        let unread = &self.buffer[self.consumed..];
        let Some(&kind) = unread.first() else {
            return Ok(None);
        };
        if !b"+-:,(_#$=*~%>|".contains(&kind) {
            let shown = crate::escape::quoted(&[kind]);
            let shown = String::from_utf8_lossy(&shown);
            return protocol_error(&format!("Protocol error, got {shown} as reply type byte"));
        }
        let end = unread[self.searched..].windows(2).position(|pair| pair == b"\r\n");
        let Some(end) = end.map(|offset| offset + self.searched) else {
            self.searched = unread.len().saturating_sub(1);
            return Ok(None);
        };
        let line = unread[1..end].to_vec();
        self.consumed += end + 2;
        self.searched = 0;
        Ok(Some((kind, line)))
    }

    fn bulk_body(&mut self, length: usize, verbatim: bool) -> Result<Option<Item>, ProtocolError> {
        let unread = &self.buffer[self.consumed..];
        if unread.len() < 2 || unread.len() - 2 < length {
            return Ok(None);
        }
        let body = &unread[..length];
        let value = if verbatim {
            if length < 4 || body[3] != b':' {
                return protocol_error("Verbatim string 4 bytes of content type are missing or incorrectly encoded.");
            }
            Reply::Verbatim(body[4..].to_vec())
        } else {
            Reply::Bulk(body.to_vec())
        };
        self.consumed += length + 2;
        self.pending_bulk = None;
        Ok(Some(Item::Value(value)))
    }
}

fn open(kind: AggregateKind, line: &[u8]) -> Result<Item, ProtocolError> {
    let Some(length) = parse_integer(line) else {
        return protocol_error("Bad multi-bulk length");
    };
    if length == -1 {
        return Ok(Item::Value(Reply::Nil));
    }
    let Ok(length) = u64::try_from(length) else {
        return protocol_error("Multi-bulk length out of range");
    };
    let per_entry = match kind {
        AggregateKind::Map | AggregateKind::Attribute => 2,
        AggregateKind::Array | AggregateKind::Set | AggregateKind::Push => 1,
    };
    let Some(missing) = length.checked_mul(per_entry) else {
        return protocol_error("Multi-bulk length out of range");
    };
    let reserve = usize::try_from(missing).map_or(RESERVE_ELEMENTS_MAX, |count| count.min(RESERVE_ELEMENTS_MAX));
    Ok(Item::Open(Frame { kind, missing, elements: Vec::with_capacity(reserve) }))
}

/// Digits with an optional minus sign and nothing else: no plus sign, no blanks.
fn parse_integer(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn simple_text(line: Vec<u8>) -> Result<Vec<u8>, ProtocolError> {
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return protocol_error("Bad simple string value");
    }
    Ok(line)
}

fn double_text(line: &[u8]) -> Result<String, ProtocolError> {
    let text = String::from_utf8_lossy(line).into_owned();
    let infinite = matches!(text.to_ascii_lowercase().as_str(), "inf" | "-inf");
    let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
    if infinite || finite { Ok(text) } else { protocol_error("Bad double value") }
}

fn big_number_text(line: &[u8]) -> Result<String, ProtocolError> {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return protocol_error("Bad bignum value");
    }
    Ok(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reply of the bytes, fed in pieces that end at the given offsets.
    fn read_in_pieces(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Reply>, ProtocolError> {
        let mut reader = Reader::default();
        let mut replies = Vec::new();
        let mut start = 0;
        for &cut in cuts.iter().chain(std::iter::once(&bytes.len())) {
            reader.feed(&bytes[start..cut]);
            start = cut;
            while let Some(reply) = reader.next_reply()? {
                replies.push(reply);
            }
        }
        Ok(replies)
    }

    const STREAM: &[u8] = b"+OK\r\n-ERR no\r\n:-12\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.50\r\n(123\r\n\
        =7\r\ntxt:abc\r\n*2\r\n*0\r\n%1\r\n+k\r\n~1\r\n:1\r\n|1\r\n+a\r\n+b\r\n:7\r\n>2\r\n+x\r\n$0\r\n\r\n";

    fn expected() -> Vec<Reply> {
        vec![
            Reply::Status(b"OK".to_vec()),
            Reply::Error(b"ERR no".to_vec()),
            Reply::Integer(-12),
            Reply::Bulk(b"a\r\n".to_vec()),
            Reply::Nil,
            Reply::Nil,
            Reply::Nil,
            Reply::Bool(true),
            Reply::Double("1.50".into()),
            Reply::BigNumber("123".into()),
            Reply::Verbatim(b"abc".to_vec()),
            Reply::Array(vec![
                Reply::Array(vec![]),
                Reply::Map(vec![(Reply::Status(b"k".to_vec()), Reply::Set(vec![Reply::Integer(1)]))]),
            ]),
            Reply::Integer(7),
            Reply::Push(vec![Reply::Status(b"x".to_vec()), Reply::Bulk(vec![])]),
        ]
    }

    #[test]
    fn any_two_cuts_give_the_same_replies() {
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                assert_eq!(read_in_pieces(STREAM, &[first, second]), Ok(expected()));
            }
        }
    }

    #[test]
    fn byte_by_byte() {
        let cuts: Vec<usize> = (0..STREAM.len()).collect();
        assert_eq!(read_in_pieces(STREAM, &cuts), Ok(expected()));
    }

    #[test]
    fn malformed_streams_are_refused() {
        for (bytes, text) in [
            (&b"x\r\n"[..], "Protocol error, got \"x\" as reply type byte"),
            (b"\x01\r\n", "Protocol error, got \"\\x01\" as reply type byte"),
            (b":12a\r\n", "Bad integer value"),
            (b":+5\r\n", "Bad integer value"),
            (b":\r\n", "Bad integer value"),
            (b"$-2\r\n", "Bulk string length out of range"),
            (b"*-2\r\n", "Multi-bulk length out of range"),
            (b",nan\r\n", "Bad double value"),
            (b",\r\n", "Bad double value"),
            (b"#x\r\n", "Bad bool value"),
            (b"(1x\r\n", "Bad bignum value"),
            (b"+a\nb\r\n", "Bad simple string value"),
            (b"=3\r\nabc\r\n", "Verbatim string 4 bytes of content type are missing or incorrectly encoded."),
        ] {
            let found = read_in_pieces(bytes, &[]);
            assert_eq!(found, Err(ProtocolError(text.into())), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let bytes = b"*1\r\n".repeat(DEPTH_MAX + 1);
        assert_eq!(read_in_pieces(&bytes, &[]), protocol_error("Replies nested too deeply"));
    }

    #[test]
    fn a_huge_announced_length_only_waits() {
        assert_eq!(read_in_pieces(b"$9223372036854775807\r\nabc", &[]), Ok(vec![]));
        assert_eq!(read_in_pieces(b"%9223372036854775807\r\n", &[]), Ok(vec![]));
    }
}
