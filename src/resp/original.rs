//! Requests of the original project: length-prefixed strings, all integers little-endian.
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 4 | bytes of the frame after this field |
//! | 4 | 4 | number of strings |
//! | 8 | 4 + n | the first string: its length, its bytes |
//! | … | | the others |
//!
//! The strings must fill the frame exactly. A frame that is too large, announces too many strings or
//! does not add up ends the connection without an answer ([`ProtocolError::Frame`]).
//!
//! A frame tells its length up front, so an incomplete one needs no state: the answer is how many
//! bytes to wait for. Spans and steps are those of the RESP parser, with one difference for the caller: a
//! frame of no strings is a request that must be answered (as an unknown command); in RESP an empty request
//! is passed over.
//!
//! Cost: a few nanoseconds per string, no copies.

use super::step::{ProtocolError, Span, Step};

/// Largest frame, not counting its length field (`k_max_msg` of the book); also the largest reply.
pub const FRAME_BYTES_MAX: usize = 32 << 20;

/// Most strings in one frame (`k_max_args` of the book).
pub const FRAME_STRINGS_MAX: usize = 200_000;

/// Bytes of every length field.
pub(super) const LENGTH_BYTES: usize = 4;

/// Largest fourth byte of a frame: the top byte of a length within [`FRAME_BYTES_MAX`].
const FOURTH_BYTE_MAX: u8 = (FRAME_BYTES_MAX >> 24) as u8;

/// Whether a connection that begins with these bytes speaks this protocol. RESP and inline requests have a
/// printable character, CR, LF or tab there.
pub fn looks_original(first4: &[u8; 4]) -> bool {
    first4[3] <= FOURTH_BYTE_MAX
}

/// Takes the next request off the front of `input`, which starts at a frame's first byte.
///
/// Answers [`Step::Request`], [`Step::NeedMore`] with the exact length once that is known, or
/// [`Step::Error`] as soon as the frame is known to be malformed.
pub fn next_original_request(input: &[u8], spans: &mut Vec<Span>) -> Step {
    const REFUSED: Step = Step::Error { error: ProtocolError::Frame };
    let Some(frame_bytes) = length_at(input, 0) else {
        return Step::NeedMore { want: LENGTH_BYTES };
    };
    if !(LENGTH_BYTES..=FRAME_BYTES_MAX).contains(&frame_bytes) {
        return REFUSED;
    }
    let end = LENGTH_BYTES + frame_bytes;
    let strings = length_at(input, LENGTH_BYTES);
    if strings.is_some_and(|strings| strings > FRAME_STRINGS_MAX) {
        return REFUSED;
    }
    let (Some(strings), Some(frame)) = (strings, input.get(..end)) else {
        return Step::NeedMore { want: end };
    };
    let before = spans.len();
    match split(frame, strings, spans) {
        Some(()) => Step::Request { end },
        None => {
            spans.truncate(before);
            REFUSED
        }
    }
}

/// Appends the spans of a whole frame; None when its lengths do not add up, or there is no memory.
fn split(frame: &[u8], strings: usize, spans: &mut Vec<Span>) -> Option<()> {
    let mut at = 2 * LENGTH_BYTES;
    // Each string takes four bytes at least, so a false count cannot reserve much.
    spans.try_reserve(strings.min((frame.len() - at) / LENGTH_BYTES)).ok()?;
    for _ in 0..strings {
        let len = length_at(frame, at)?;
        let start = at + LENGTH_BYTES;
        at = start + len;
        if at > frame.len() {
            return None;
        }
        spans.push(Span::new(start, len));
    }
    (at == frame.len()).then_some(())
}

/// The little-endian length field at `at`, if it is there.
#[inline]
fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..)?.first_chunk::<LENGTH_BYTES>()?;
    Some(u32::from_le_bytes(*field) as usize)
}
