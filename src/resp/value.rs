//! Replies read back: RESP2 and RESP3 bytes to tokens.
//!
//! Who needs this: the C API, which shows a reply as a tree; the transcoder for the original project's
//! dialect; `redisrs-cli`; the replication link. They want different results, so this file stops at tokens:
//! [`next_token`] takes one token off the front, an aggregate being its header only, and
//! [`ReplyScanner`] finds where a whole reply ends, in any number of pieces.
//!
//! Nothing recurses, so nesting cannot overflow the stack; the scanner keeps one counter per open
//! aggregate and refuses more than [`DEPTH_MAX`] of them, which protects consumers that do recurse.
//!
//! **Strictness.** Unlike a server, which must be as tolerant as Redis, a reader of replies accepts only
//! the canonical form: anything else means that the two sides have lost step.
//!
//! **Cost.** One `memchr` per line, no copies, no allocation: the scanner has room for the counters of all depths.

use memchr::memchr;

use super::number::{parse_f64, parse_i64};

/// Deepest nesting of aggregates in one reply. Lua, the deepest source there is, stops earlier.
pub const DEPTH_MAX: usize = 256;

/// Longest one-line reply: longer means that this is not RESP. Errors quote script texts, hence the size.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Most elements one header may announce, as in Redis's clients.
const ELEMENTS_MAX: i64 = u32::MAX as i64;

/// The bytes are not a RESP reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("malformed RESP reply")
    }
}

impl std::error::Error for Malformed {}

/// One scalar, or the header of an aggregate whose elements are the tokens that follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    Status(&'a [u8]),
    /// Without the marker; also RESP3's length-prefixed errors.
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    /// Either of RESP2's nulls, or RESP3's one.
    Null,
    Array(usize),
    /// A number of pairs.
    Map(usize),
    Set(usize),
    /// An out-of-band message: not the answer to a request.
    Push(usize),
    /// A number of pairs that annotate the value after them; they are not a value themselves.
    Attribute(usize),
    /// The value and the text it came in.
    Double(f64, &'a [u8]),
    Bool(bool),
    BigNumber(&'a [u8]),
    Verbatim {
        format: &'a [u8],
        text: &'a [u8],
    },
}

impl Token<'_> {
    /// How many values belong to this one.
    pub fn children(&self) -> usize {
        match *self {
            Self::Array(len) | Self::Set(len) | Self::Push(len) => len,
            Self::Map(pairs) | Self::Attribute(pairs) => pairs.saturating_mul(2),
            _ => 0,
        }
    }
}

/// Takes one token off the front: the token and its length in bytes, or None when bytes are lacking.
pub fn next_token(input: &[u8]) -> Result<Option<(Token<'_>, usize)>, Malformed> {
    let Some((&marker, rest)) = input.split_first() else {
        return Ok(None);
    };
    if !b"+-:$*%~>|,#(=!_".contains(&marker) {
        return Err(Malformed);
    }
    let Some(line) = line(rest)? else {
        return Ok(None);
    };
    let after = 1 + line.len() + 2;
    let token = match marker {
        b'+' => Token::Status(line),
        b'-' => Token::Error(line),
        b':' => Token::Integer(parse_i64(line).ok_or(Malformed)?),
        b'*' if line == b"-1" => Token::Null,
        b'*' => Token::Array(length(line)?),
        b'%' => Token::Map(length(line)?),
        b'~' => Token::Set(length(line)?),
        b'>' => Token::Push(length(line)?),
        b'|' => Token::Attribute(length(line)?),
        b',' => Token::Double(double(line)?, line),
        b'#' => Token::Bool(match line {
            b"t" => true,
            b"f" => false,
            _ => return Err(Malformed),
        }),
        b'(' => Token::BigNumber(big_number(line)?),
        b'_' if line.is_empty() => Token::Null,
        b'$' if line == b"-1" => Token::Null,
        b'$' | b'=' | b'!' => {
            let len = length(line)?;
            let body = input.get(after..).unwrap_or_default();
            let Some((data, tail)) = body.split_at_checked(len) else {
                return Ok(None);
            };
            match tail {
                [b'\r', b'\n', ..] => {}
                [] | [b'\r'] => return Ok(None),
                _ => return Err(Malformed),
            }
            return Ok(Some((with_data(marker, data)?, after + len + 2)));
        }
        _ => return Err(Malformed),
    };
    Ok(Some((token, after)))
}

/// The bytes up to the first CRLF.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let searched = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    match memchr(b'\r', searched) {
        Some(end) => match bytes.get(end + 1) {
            Some(b'\n') => Ok(Some(&bytes[..end])),
            Some(_) => Err(Malformed),
            None => Ok(None),
        },
        None if bytes.len() >= LINE_BYTES_MAX => Err(Malformed),
        None => Ok(None),
    }
}

/// The length in a header.
fn length(line: &[u8]) -> Result<usize, Malformed> {
    match parse_i64(line) {
        Some(len) if (0..=ELEMENTS_MAX).contains(&len) => Ok(len as usize),
        _ => Err(Malformed),
    }
}

/// A double's text; RESP3 also has NaN, which no command takes.
fn double(text: &[u8]) -> Result<f64, Malformed> {
    if matches!(text, b"nan" | b"-nan") {
        return Ok(f64::NAN);
    }
    parse_f64(text).ok_or(Malformed)
}

fn big_number(text: &[u8]) -> Result<&[u8], Malformed> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if valid { Ok(text) } else { Err(Malformed) }
}

/// A token of one of the three types that carry a length and data.
fn with_data(marker: u8, data: &[u8]) -> Result<Token<'_>, Malformed> {
    match (marker, data) {
        (b'$', data) => Ok(Token::Bulk(data)),
        (b'!', data) => Ok(Token::Error(data)),
        (_, [_, _, _, b':', text @ ..]) => Ok(Token::Verbatim { format: &data[..3], text }),
        _ => Err(Malformed),
    }
}

/// Finds the end of one reply that may arrive in pieces.
///
/// Every call gets the reply's bytes from its start; only what is new is looked at.
#[derive(Debug)]
pub struct ReplyScanner {
    /// Bytes of the reply that are accounted for.
    position: usize,
    /// Values still to come in the innermost open aggregate; outside all of them, the reply itself.
    missing: usize,
    /// The same for the aggregates around it, outermost first.
    outer: [usize; DEPTH_MAX],
    /// How many those are.
    depth: usize,
}

impl Default for ReplyScanner {
    fn default() -> Self {
        Self { position: 0, missing: 1, outer: [0; DEPTH_MAX], depth: 0 }
    }
}

impl ReplyScanner {
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets an unfinished reply.
    pub fn reset(&mut self) {
        self.position = 0;
        self.missing = 1;
        self.depth = 0;
    }

    /// The length of the reply at the front of `input`, or None while it is incomplete. After an answer
    /// or an error the scanner is ready for the next reply.
    #[inline]
    pub fn scan(&mut self, input: &[u8]) -> Result<Option<usize>, Malformed> {
        let outcome = self.advance(input);
        if !matches!(outcome, Ok(None)) {
            self.reset();
        }
        outcome
    }

    fn advance(&mut self, input: &[u8]) -> Result<Option<usize>, Malformed> {
        while self.missing > 0 {
            let rest = input.get(self.position..).unwrap_or_default();
            let Some((token, len)) = next_token(rest)? else {
                return Ok(None);
            };
            self.position += len;
            // An attribute comes before the value it belongs to and does not count as one.
            if !matches!(token, Token::Attribute(_)) {
                self.missing -= 1;
            }
            let children = token.children();
            if children > 0 {
                *self.outer.get_mut(self.depth).ok_or(Malformed)? = self.missing;
                self.depth += 1;
                self.missing = children;
            }
            while self.missing == 0 && self.depth > 0 {
                self.depth -= 1;
                self.missing = self.outer[self.depth];
            }
        }
        Ok(Some(self.position))
    }
}

/// The length of the one reply at the front of `input`, or None when bytes are lacking.
pub fn reply_len(input: &[u8]) -> Result<Option<usize>, Malformed> {
    ReplyScanner::new().scan(input)
}
