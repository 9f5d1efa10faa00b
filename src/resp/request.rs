//! Requests: received bytes to argument spans, without copying.
//!
//! A client sends `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n` (multibulk) or one line of words (inline, see
//! `inline.rs`). [`RequestParser::next`] is given the bytes from the first byte of a request on and
//! answers with the spans of its arguments, or with how many bytes it lacks. Accepted input, refused input and
//! error texts are those of Redis 7.0.15, including its tolerance: the byte after `\r` and the two bytes
//! after an argument are skipped unseen, and a NUL byte hides the rest of a header line (C strings).
//!
//! **Pieces.** A request that is complete in the buffer is parsed in one pass. Of one that is not, the
//! parser keeps two numbers: where the next unread header starts and how many arguments are missing. More
//! bytes continue from there; when the last one is in, one more pass from the start collects the
//! spans. A million arguments arriving in small pieces therefore cost two passes, not a quadratic number,
//! and an idle connection's parser owns no memory at all.
//!
//! **Invariants.** The outcome depends on the bytes alone, never on how they were split. Spans are
//! appended only with [`Step::Request`] or [`Step::Unescaped`], lie inside the consumed part, ascend, and do
//! not overlap. Reserved memory is bounded by the bytes received, not by the announced counts.
//!
//! **Cost.** About 3 ns per argument for complete requests.

use memchr::memchr2;

use super::inline;
use super::number::parse_i64;
use super::step::{Limits, ProtocolError, REQUEST_BYTES_MAX, Span, Step};

/// Longest header line without its end, and longest inline request (`PROTO_INLINE_MAX_SIZE`).
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

/// Most arguments of one request, as in Redis 7 (older versions: 1024 * 1024).
pub const REQUEST_ARGUMENTS_MAX: i64 = i32::MAX as i64;

/// Most arguments before a client has authenticated.
const UNAUTHENTICATED_ARGUMENTS_MAX: i64 = 10;

/// Longest argument before a client has authenticated.
const UNAUTHENTICATED_BULK_BYTES_MAX: i64 = 16_384;

/// The shortest argument on the wire, `$0\r\n\r\n`: bounds how many can follow in so many bytes.
const ARGUMENT_BYTES_MIN: usize = 6;

/// The state of one connection's input between two reads.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// Where to continue in an unfinished multibulk request; all zero when there is none.
    resume: Cursor,
    /// The arguments of the last inline request that had quotes.
    unescaped: Vec<u8>,
}

const _: () = assert!(size_of::<RequestParser>() <= 40);

/// A place between two arguments of a multibulk request.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    /// Offset of the next argument's header.
    at: u32,
    /// Arguments from there on; 0 only when nothing has been read.
    missing: u32,
}

/// Why a pass over a request ended before the request did.
enum Stop {
    More { want: usize, resume: Cursor },
    Error(ProtocolError),
}

impl RequestParser {
    pub fn new() -> Self {
        Self::default()
    }

    /// True when the parser remembers nothing of an unfinished request: only the bytes count.
    pub fn is_idle(&self) -> bool {
        self.resume.missing == 0
    }

    /// Forgets an unfinished request and gives back its memory.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The bytes that the spans of the last [`Step::Unescaped`] refer to.
    pub fn unescaped(&self) -> &[u8] {
        &self.unescaped
    }

    /// Takes the next request off the front of `input`, which starts at the request's first byte.
    #[inline(always)]
    pub fn next(&mut self, input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Step {
        if self.resume.missing == 0
            && let Some(end) = whole(input, limits, spans)
        {
            return Step::Request { end };
        }
        self.next_closely(input, limits, spans)
    }

    /// [`RequestParser::next`] of everything else.
    #[inline(never)]
    fn next_closely(&mut self, input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Step {
        match input.first() {
            Some(b'*') => self.multibulk(input, limits, spans),
            Some(_) => inline::next(input, spans, &mut self.unescaped),
            None => Step::NeedMore { want: 1 },
        }
    }

    fn multibulk(&mut self, input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Step {
        let input = &input[..input.len().min(REQUEST_BYTES_MAX)];
        if self.resume.missing != 0 {
            return self.continued(input, limits, spans);
        }
        let before = spans.len();
        match collect(input, limits, spans) {
            Ok(end) => Step::Request { end },
            Err(stop) => {
                spans.truncate(before);
                self.stopped(stop)
            }
        }
    }

    /// A request of which an earlier call has seen a part.
    #[cold]
    fn continued(&mut self, input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Step {
        if let Err(stop) = arguments(input, limits, self.resume, |_| {}) {
            return self.stopped(stop);
        }
        self.resume = Cursor::default();
        // Everything was checked when it came in, under the limits of that moment.
        let checked = Limits { bulk_bytes_max: usize::MAX, authenticated: true };
        match collect(input, &checked, spans) {
            Ok(end) => Step::Request { end },
            Err(stop) => self.stopped(stop),
        }
    }

    #[cold]
    fn stopped(&mut self, stop: Stop) -> Step {
        match stop {
            // Nothing that long can ever be received whole.
            Stop::More { want, .. } if want > REQUEST_BYTES_MAX => {
                Step::Error { error: ProtocolError::InvalidBulkLength }
            }
            Stop::More { want, resume } => {
                self.resume = resume;
                Step::NeedMore { want }
            }
            Stop::Error(error) => Step::Error { error },
        }
    }
}

/// The length of a request of a few arguments with headers that nobody would refuse, all of which is there, and appends its
/// spans; `None` for any other, of which nothing is appended.
#[inline(never)]
fn whole(input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Option<usize> {
    let (count, mut at) = header_in_word(input, b'*')?;
    let before = spans.len();
    let is_long = count > UNAUTHENTICATED_ARGUMENTS_MAX as usize;
    if (is_long && !limits.authenticated) || spans.capacity() - before < count {
        return None;
    }
    let input = &input[..input.len().min(REQUEST_BYTES_MAX)];
    let unseen_max = unseen_max(limits).min(input.len());
    for _ in 0..count {
        let rest = input.get(at..).unwrap_or_default();
        let (len, body) = match header_in_word(rest, b'$') {
            Some((len, body)) => (len, body),
            None => longer_header(rest).map_or((usize::MAX, 0), |(len, body)| (len as usize, body as usize)),
        };
        if len > unseen_max || at + body + len + 2 > input.len() {
            spans.truncate(before);
            return None;
        }
        spans.push(Span::new(at + body, len));
        at += body + len + 2;
    }
    Some(at)
}

/// [`header_in_word`] of a length of up to six digits.
#[inline(never)]
fn longer_header(line: &[u8]) -> Option<(u32, u32)> {
    if line.first() != Some(&b'$') {
        return None;
    }
    short_header(line, 0).map(|(len, body)| (len as u32, body as u32))
}

/// Longest argument that needs no closer look.
#[inline(always)]
fn unseen_max(limits: &Limits) -> usize {
    if limits.authenticated {
        limits.bulk_bytes_max
    } else {
        limits.bulk_bytes_max.min(UNAUTHENTICATED_BULK_BYTES_MAX as usize)
    }
}

/// One pass over a request from its first byte: appends its spans and returns its length.
fn collect(input: &[u8], limits: &Limits, spans: &mut Vec<Span>) -> Result<usize, Stop> {
    let (count, at) = match short_header(input, 0) {
        // Only what nobody would refuse; everything else is looked at closely.
        Some((count, at)) if count as i64 <= UNAUTHENTICATED_ARGUMENTS_MAX => (count, at),
        _ => count_header(input, limits)?,
    };
    if count == 0 {
        return Ok(at);
    }
    if spans.capacity() - spans.len() < count && !grow(spans, count.min(input.len() / ARGUMENT_BYTES_MIN + 1)) {
        return Err(Stop::Error(ProtocolError::NoMemory));
    }
    let start = Cursor { at: at as u32, missing: count as u32 };
    arguments(input, limits, start, |span| spans.push(span))
}

/// False if memory is short.
#[cold]
fn grow(spans: &mut Vec<Span>, by: usize) -> bool {
    spans.try_reserve(by).is_ok()
}

/// Reads arguments from `cursor` to the end of the request, whose length it returns.
#[inline(always)]
fn arguments(input: &[u8], limits: &Limits, cursor: Cursor, mut each: impl FnMut(Span)) -> Result<usize, Stop> {
    let unseen_max = unseen_max(limits);
    let mut at = cursor.at as usize;
    let mut rest = input.get(at..).unwrap_or_default();
    let mut missing = cursor.missing;
    while missing > 0 {
        let (len, body) = match header_in_word(rest, b'$') {
            Some((len, body)) if len <= unseen_max => (len, body),
            _ => other_header(input, limits, Cursor { at: at as u32, missing }, unseen_max)?,
        };
        // Cannot overflow: `len` is at most i64::MAX, `at + body` at most u32::MAX.
        let end = body + len + 2;
        rest = match rest.get(end..) {
            Some(rest) => rest,
            None => {
                let resume = Cursor { at: at as u32, missing };
                return Err(Stop::More { want: at + end, resume });
            }
        };
        each(Span::new(at + body, len));
        at += end;
        missing -= 1;
    }
    Ok(at)
}

/// A length and where its argument starts behind `cursor`, for all that is not in one word.
#[inline(never)]
fn other_header(input: &[u8], limits: &Limits, cursor: Cursor, unseen_max: usize) -> Result<(usize, usize), Stop> {
    let at = cursor.at as usize;
    let (len, body) = match short_header(input, at) {
        Some((len, body)) if input.get(at) == Some(&b'$') && len <= unseen_max => (len, body),
        _ => bulk_header(input, limits, cursor)?,
    };
    Ok((len, body - at))
}

/// The number in the header that `line` begins with, and the offset behind its line, for what nearly all are: a marker, one
/// or two digits, CR and LF, compared all at once.
#[inline(always)]
fn header_in_word(line: &[u8], marker: u8) -> Option<(usize, usize)> {
    // Little-endian; a digit is a byte 0x30 to 0x39.
    const ONE: u64 = 0x0A0D_3000;
    const ONE_MASK: u64 = 0xFFFF_F0FF;
    const TWO: u64 = 0x0A_0D30_3000;
    const TWO_MASK: u64 = 0xFF_FFF0_F0FF;
    let word = u64::from_le_bytes(*line.first_chunk()?);
    let digit = |index: u32| (word >> (8 * index)) as usize & 0xF;
    if word & TWO_MASK == TWO | u64::from(marker) {
        let (tens, ones) = (digit(1), digit(2));
        return (tens.wrapping_sub(1) < 9 && ones <= 9).then_some((tens * 10 + ones, 5));
    }
    let is_one = word & ONE_MASK == ONE | u64::from(marker) && digit(1) <= 9;
    is_one.then(|| (digit(1), 4))
}

/// The number in a header of up to six digits and the offset behind its line; None for all that is not
/// plainly that: other characters, leading zeros, more digits, bytes not there yet.
#[inline(always)]
fn short_header(input: &[u8], at: usize) -> Option<(usize, usize)> {
    let line = input.get(at + 1..)?;
    let first = usize::from(line.first()?.wrapping_sub(b'0'));
    if first > 9 {
        return None;
    }
    // A length of two digits is followed by ten bytes at least, so eight are there to look at.
    if *line.get(1)? == b'\r' {
        return (line.len() > 2).then_some((first, at + 4));
    }
    if first == 0 {
        return None;
    }
    let bytes = line.first_chunk::<8>()?;
    let mut number = first;
    for (index, &byte) in bytes.iter().enumerate().take(7).skip(1) {
        let digit = usize::from(byte.wrapping_sub(b'0'));
        if digit <= 9 {
            number = number * 10 + digit;
        } else if byte == b'\r' {
            return Some((number, at + index + 3));
        } else {
            return None;
        }
    }
    None
}

/// The text between the marker at `at` and the end of its line, and the offset behind the line. `Ok(None)`
/// when the line is not complete, `Err` when it never will be.
fn long_header(input: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, ()> {
    let rest = input.get(at..).unwrap_or_default();
    let searched = &rest[..rest.len().min(LINE_BYTES_MAX + 1)];
    match memchr2(b'\r', 0, searched) {
        Some(end) if searched[end] == b'\r' => {
            let complete = rest.len() >= end + 2;
            Ok(complete.then(|| (rest.get(1..end).unwrap_or_default(), at + end + 2)))
        }
        _ if rest.len() > LINE_BYTES_MAX => Err(()),
        _ => Ok(None),
    }
}

/// `*count\r\n` in its general form; a count below zero counts as none.
#[cold]
fn count_header(input: &[u8], limits: &Limits) -> Result<(usize, usize), Stop> {
    let (text, next) = match long_header(input, 0) {
        Ok(Some(line)) => line,
        Ok(None) => {
            return Err(Stop::More { want: input.len() + 1, resume: Cursor::default() });
        }
        Err(()) => return Err(Stop::Error(ProtocolError::CountTooLong)),
    };
    match parse_i64(text) {
        Some(count) if count > REQUEST_ARGUMENTS_MAX => Err(Stop::Error(ProtocolError::InvalidCount)),
        Some(count) if count > UNAUTHENTICATED_ARGUMENTS_MAX && !limits.authenticated => {
            Err(Stop::Error(ProtocolError::UnauthenticatedCount))
        }
        Some(count) => Ok((usize::try_from(count).unwrap_or(0), next)),
        None => Err(Stop::Error(ProtocolError::InvalidCount)),
    }
}

/// `$length\r\n` in its general form.
#[cold]
fn bulk_header(input: &[u8], limits: &Limits, cursor: Cursor) -> Result<(usize, usize), Stop> {
    let at = cursor.at as usize;
    let (text, next) = match long_header(input, at) {
        Ok(Some(line)) => line,
        Ok(None) => {
            return Err(Stop::More { want: input.len() + 1, resume: cursor });
        }
        Err(()) => return Err(Stop::Error(ProtocolError::BulkHeaderTooLong)),
    };
    match input.get(at) {
        Some(b'$') => {}
        Some(&other) => return Err(Stop::Error(ProtocolError::ExpectedBulk(other))),
        None => {
            return Err(Stop::More { want: input.len() + 1, resume: cursor });
        }
    }
    let len = parse_i64(text).and_then(|len| usize::try_from(len).ok());
    match len {
        Some(len) if len > limits.bulk_bytes_max || len >= REQUEST_BYTES_MAX => {
            Err(Stop::Error(ProtocolError::InvalidBulkLength))
        }
        Some(len) if len as i64 > UNAUTHENTICATED_BULK_BYTES_MAX && !limits.authenticated => {
            Err(Stop::Error(ProtocolError::UnauthenticatedBulkLength))
        }
        Some(len) => Ok((len, next)),
        None => Err(Stop::Error(ProtocolError::InvalidBulkLength)),
    }
}
