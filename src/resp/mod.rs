//! Bytes in, bytes out: the wire formats of redisrs.
//!
//! This layer knows no sockets, no commands and no keyspace. It turns a slice of received bytes into
//! requests (as spans, nothing is copied) and turns results into reply bytes, so a network
//! session, an in-process caller and the append-only file share it.
//!
//! | file | direction | holds |
//! |---|---|---|
//! | `step` | in | what parsers answer: spans, steps, limits, errors |
//! | `request` | in | incremental parser of RESP requests |
//! | `inline` | in | the one-line request form with its quoting rules |
//! | `original` | in | requests of the original project's length-prefixed protocol |
//! | `reply` | out | [`ReplyWriter`]: RESP2 and RESP3 replies into one buffer |
//! | `original_reply` | out | a RESP3 reply transcoded into the original project's two reply formats |
//! | `value` | in | pull tokenizer and whole-reply scanner for reply bytes (client side) |
//! | `number` | both | integers and doubles, read and written exactly as Redis does |
//!
//! Which dialect a connection speaks is decided by its first bytes: [`looks_original`] wants four;
//! everything else goes to [`RequestParser`], which tells multibulk (`*`) from inline by one byte.
//!
//! No input makes this layer panic, and none makes it allocate more than a small multiple of the
//! bytes actually received. In steady state it allocates nothing.

pub mod number;

mod inline;
mod original;
mod original_reply;
mod reply;
mod request;
mod step;
mod value;

#[cfg(test)]
mod tests;

pub use original::{FRAME_BYTES_MAX, FRAME_STRINGS_MAX, looks_original, next_original_request};
pub use original_reply::{ErrorCode, Format, transcode};
pub use reply::{Mark, Protocol, ReplyWriter};
pub use request::{REQUEST_ARGUMENTS_MAX, RequestParser};
pub use step::{Limits, ProtocolError, REQUEST_BYTES_MAX, Span, Step};
pub use value::{DEPTH_MAX, Malformed, ReplyScanner, Token, next_token, reply_len};
