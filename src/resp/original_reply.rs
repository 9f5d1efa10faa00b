//! Replies of the original project: one RESP3 reply, as [`super::ReplyWriter`] wrote it, transcoded into
//! one frame of either of its formats.
//!
//! **Status** (`u32 len · u32 status · text`):
//!
//! | RESP3 | status | text |
//! |---|---|---|
//! | `+OK` | 0 | none |
//! | any other scalar | 0 | its text; a boolean is `0` or `1` |
//! | null | 2 | none |
//! | "unknown command", "wrong number of arguments" | 1 | none, as the original server answers them |
//! | any other error | 1 | its text |
//! | array, set, map | 0 | its scalars' texts in order, one per line; a null is an empty line |
//!
//! **Typed** (`u32 len · value`, a value being a tag byte and its data): null and a top-level `+OK` are
//! nil, integers and booleans integers, doubles doubles, errors a code and a text, aggregates arrays (of
//! twice as many elements for a map), everything else a string.
//!
//! A reply of more than [`FRAME_BYTES_MAX`] bytes becomes the error "too big".
//!
//! **What is not here.** The rules above hold for every command. Where the original's commands differ in
//! meaning from Redis's, the command layer provides for it before it writes RESP3: its `del` answers `+OK` in the
//! status format (Redis: a count), its `set` refuses a non-string and keeps the TTL, `pexpire` with a
//! negative time persists, `zadd` takes one pair, `zquery` exists, an empty request is an unknown command.
//! Sessions of this dialect write RESP3 so that doubles and nulls can still be told apart here.
//!
//! Cost: one pass over the tokens and one copy of the data; no recursion, no allocation beyond the output.

use super::number::IntegerText;
use super::original::{FRAME_BYTES_MAX, LENGTH_BYTES};
use super::value::{Malformed, Token, next_token, reply_len};

/// `original-replies`: which of the two formats a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Chapter 7 of the book, and the original project.
    #[default]
    Status,
    /// Chapter 9 and later.
    Typed,
}

/// Error codes of the typed format; their values are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ErrorCode {
    Unknown = 1,
    TooBig = 2,
    WrongType = 3,
    BadArgument = 4,
}

const STATUS_OK: u32 = 0;
const STATUS_ERROR: u32 = 1;
const STATUS_NO_SUCH_KEY: u32 = 2;

const TAG_NIL: u8 = 0;
const TAG_ERROR: u8 = 1;
const TAG_STRING: u8 = 2;
const TAG_INTEGER: u8 = 3;
const TAG_DOUBLE: u8 = 4;
const TAG_ARRAY: u8 = 5;

/// The text of [`ErrorCode::TooBig`], as in the book.
const TOO_BIG: &[u8] = b"response is too big.";

const UNKNOWN_COMMAND: &[u8] = b"ERR unknown command";
const WRONG_ARITY: &[u8] = b"ERR wrong number of arguments";

impl ErrorCode {
    /// The code for an error's RESP text.
    pub fn of(text: &[u8]) -> Self {
        // The original knows a command only with the right number of arguments.
        if text.starts_with(UNKNOWN_COMMAND) || text.starts_with(WRONG_ARITY) {
            Self::Unknown
        } else if text.starts_with(b"WRONGTYPE") {
            Self::WrongType
        } else {
            Self::BadArgument
        }
    }
}

/// Appends the reply at the front of `reply` to `out` as one frame, and returns the reply's length.
/// `out` is left as it was if `reply` is malformed or incomplete.
pub fn transcode(reply: &[u8], format: Format, out: &mut Vec<u8>) -> Result<usize, Malformed> {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    let body = out.len();
    let outcome = match format {
        Format::Status => status_body(reply, out),
        Format::Typed => typed_body(reply, out),
    };
    if outcome.is_err() {
        out.truncate(start);
        return outcome;
    }
    if out.len() - body > FRAME_BYTES_MAX {
        out.truncate(body);
        match format {
            Format::Status => {
                put_u32(out, STATUS_ERROR);
                out.extend_from_slice(TOO_BIG);
            }
            Format::Typed => put_error(out, ErrorCode::TooBig, TOO_BIG),
        }
    }
    let len = (out.len() - body) as u32;
    if let Some(field) = out.get_mut(start..body) {
        field.copy_from_slice(&len.to_le_bytes());
    }
    outcome
}

/// The tokens of one reply in order, without attributes.
struct Tokens<'a> {
    reply: &'a [u8],
    position: usize,
    /// Values still to come, at all levels together: flattening needs no more.
    missing: usize,
}

impl<'a> Tokens<'a> {
    fn new(reply: &'a [u8]) -> Self {
        Self { reply, position: 0, missing: 1 }
    }

    /// The next token, or None behind the last.
    fn next(&mut self) -> Result<Option<Token<'a>>, Malformed> {
        while self.missing > 0 {
            let (token, len) = next_token(self.rest())?.ok_or(Malformed)?;
            self.position += len;
            if let Token::Attribute(_) = token {
                for _ in 0..token.children() {
                    self.position += reply_len(self.rest())?.ok_or(Malformed)?;
                }
                continue;
            }
            self.missing = (self.missing - 1).checked_add(token.children()).ok_or(Malformed)?;
            return Ok(Some(token));
        }
        Ok(None)
    }

    fn rest(&self) -> &'a [u8] {
        self.reply.get(self.position..).unwrap_or_default()
    }
}

fn status_body(reply: &[u8], out: &mut Vec<u8>) -> Result<usize, Malformed> {
    let mut tokens = Tokens::new(reply);
    let first = tokens.next()?.ok_or(Malformed)?;
    put_u32(
        out,
        match first {
            Token::Null => STATUS_NO_SUCH_KEY,
            Token::Error(_) => STATUS_ERROR,
            _ => STATUS_OK,
        },
    );
    match first {
        Token::Status(b"OK") => {}
        Token::Error(text) if text.starts_with(UNKNOWN_COMMAND) || text.starts_with(WRONG_ARITY) => {}
        _ => put_text(out, &first),
    }
    let mut separate = false;
    while let Some(token) = tokens.next()? {
        if !is_scalar(&token) {
            continue;
        }
        if separate {
            out.push(b'\n');
        }
        separate = true;
        put_text(out, &token);
    }
    Ok(tokens.position)
}

fn typed_body(reply: &[u8], out: &mut Vec<u8>) -> Result<usize, Malformed> {
    let mut tokens = Tokens::new(reply);
    let first = tokens.next()?.ok_or(Malformed)?;
    match first {
        Token::Status(b"OK") => out.push(TAG_NIL),
        _ => put_value(out, &first),
    }
    while let Some(token) = tokens.next()? {
        put_value(out, &token);
    }
    Ok(tokens.position)
}

fn is_scalar(token: &Token) -> bool {
    !matches!(token, Token::Array(_) | Token::Map(_) | Token::Set(_) | Token::Push(_))
}

/// A scalar's text; nothing for null and for an aggregate's header.
fn put_text(out: &mut Vec<u8>, token: &Token) {
    match *token {
        Token::Status(text) | Token::Error(text) | Token::Bulk(text) => out.extend_from_slice(text),
        Token::BigNumber(text) | Token::Double(_, text) => out.extend_from_slice(text),
        Token::Verbatim { text, .. } => out.extend_from_slice(text),
        Token::Integer(value) => out.extend_from_slice(IntegerText::new().format(value)),
        Token::Bool(value) => out.push(if value { b'1' } else { b'0' }),
        _ => {}
    }
}

/// One typed value, or the header of an array.
fn put_value(out: &mut Vec<u8>, token: &Token) {
    match *token {
        Token::Null => out.push(TAG_NIL),
        Token::Error(text) => put_error(out, ErrorCode::of(text), text),
        Token::Integer(value) => put_integer(out, value),
        Token::Bool(value) => put_integer(out, i64::from(value)),
        Token::Double(value, _) => {
            out.push(TAG_DOUBLE);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Token::Status(text) | Token::Bulk(text) | Token::BigNumber(text) => put_string(out, text),
        Token::Verbatim { text, .. } => put_string(out, text),
        Token::Array(_) | Token::Map(_) | Token::Set(_) | Token::Push(_) | Token::Attribute(_) => {
            out.push(TAG_ARRAY);
            put_u32(out, token.children() as u32);
        }
    }
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_integer(out: &mut Vec<u8>, value: i64) {
    out.push(TAG_INTEGER);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A length above 32 bits is above the frame's limit too, and then replaced as a whole.
fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(TAG_STRING);
    put_u32(out, text.len() as u32);
    out.extend_from_slice(text);
}

fn put_error(out: &mut Vec<u8>, code: ErrorCode, text: &[u8]) {
    out.push(TAG_ERROR);
    put_u32(out, code as u32);
    put_u32(out, text.len() as u32);
    out.extend_from_slice(text);
}
