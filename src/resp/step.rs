//! What a request parser says: the words that both dialects' parsers and their callers share.
//!
//! A parser is asked for one step at a time and answers with a [`Step`]: a request, whose arguments are
//! [`Span`]s of the bytes it was given, or the number of bytes it waits for, or a [`ProtocolError`]
//! that ends the connection. Spans are eight bytes each, so that a window of requests parsed ahead
//! stays in the first-level cache; that is why a request is limited to 4 GiB.

use std::fmt;

use super::reply::{self, ReplyWriter};

/// Most bytes of one whole request: spans are 32 bits wide. Redis limits a request by
/// `client-query-buffer-limit`, 1 GB unless raised.
pub const REQUEST_BYTES_MAX: usize = u32::MAX as usize;

/// One argument: a range relative to the first byte of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

const _: () = assert!(size_of::<Span>() == 8);

impl Span {
    #[inline(always)]
    pub(super) fn new(start: usize, len: usize) -> Self {
        debug_assert!(start + len <= REQUEST_BYTES_MAX);
        Self { start: start as u32, len: len as u32 }
    }

    /// The argument's bytes in the request's bytes.
    ///
    /// # Panics
    /// If that is not where the span came from.
    #[inline(always)]
    pub fn of(self, request: &[u8]) -> &[u8] {
        self.at(0, request)
    }

    /// The argument's bytes, if the request begins at `start` of `bytes`.
    ///
    /// # Panics
    /// As [`Span::of`].
    #[inline(always)]
    pub fn at(self, start: usize, bytes: &[u8]) -> &[u8] {
        &bytes[start + self.start as usize..][..self.len as usize]
    }
}

/// What the session allows at the moment of parsing.
///
/// A caller that parses ahead of execution must not do so while the client is unauthenticated:
/// the request behind an AUTH is judged by what AUTH has done.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`.
    pub bulk_bytes_max: usize,
    /// False while the client must authenticate and has not; short requests only.
    pub authenticated: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bulk_bytes_max: 512 * 1024 * 1024, authenticated: true }
    }
}

/// The outcome of one call of [`RequestParser::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request of `end` bytes. No spans were appended if it has no arguments (an empty line, `*0`, `*-1`):
    /// Redis passes over it in silence.
    Request { end: usize },
    /// An inline request of `end` bytes with quoted arguments: its spans are relative to
    /// [`RequestParser::unescaped`], until the next call.
    Unescaped { end: usize },
    /// The request is incomplete. Call again with the same bytes and more behind them; fewer than
    /// `want` bytes in total cannot complete it.
    NeedMore { want: usize },
    /// The stream cannot be read any further: send the error, then close.
    Error { error: ProtocolError },
}

/// Why a byte stream is not a sequence of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    InlineTooLong,
    UnbalancedQuotes,
    CountTooLong,
    InvalidCount,
    UnauthenticatedCount,
    BulkHeaderTooLong,
    ExpectedBulk(u8),
    InvalidBulkLength,
    UnauthenticatedBulkLength,
    /// A malformed frame of the original project's protocol, which is never answered.
    Frame,
    /// Not the client's mistake: there is no memory for the places of so many arguments.
    NoMemory,
}

impl ProtocolError {
    /// The text behind "ERR Protocol error: ", empty for an error that gets no reply.
    pub fn text(self) -> &'static str {
        match self {
            Self::InlineTooLong => "too big inline request",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::CountTooLong => "too big mbulk count string",
            Self::InvalidCount => "invalid multibulk length",
            Self::UnauthenticatedCount => "unauthenticated multibulk length",
            Self::BulkHeaderTooLong => "too big bulk count string",
            Self::ExpectedBulk(_) => "expected '$', got ",
            Self::InvalidBulkLength => "invalid bulk length",
            Self::UnauthenticatedBulkLength => "unauthenticated bulk length",
            Self::Frame => "",
            Self::NoMemory => "OOM out of memory",
        }
    }

    /// Writes the last reply of the connection, if the dialect has one.
    pub fn write_reply(self, writer: &mut ReplyWriter) {
        const PREFIX: &[u8] = b"ERR Protocol error: ";
        match self {
            Self::Frame => {}
            Self::NoMemory => writer.error(self.text()),
            Self::ExpectedBulk(byte) => {
                writer.error_parts(&[PREFIX, self.text().as_bytes(), b"'", &[byte], b"'"]);
            }
            _ => writer.error_parts(&[PREFIX, self.text().as_bytes()]),
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame => f.write_str("malformed frame"),
            Self::NoMemory => f.write_str("out of memory"),
            Self::ExpectedBulk(byte) => {
                let shown = if reply::breaks_line(*byte) { ' ' } else { char::from(*byte) };
                write!(f, "-ERR Protocol error: {}'{shown}'", self.text())
            }
            _ => write!(f, "-ERR Protocol error: {}", self.text()),
        }
    }
}

impl std::error::Error for ProtocolError {}
