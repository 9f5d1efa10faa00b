//! Bytes to replies: the client's half of the protocol, for programs with a connection of their own.
//!
//! What: bytes go in as they arrive, whole replies come out as the trees that commands answer with. RESP2 and RESP3.
//! Bytes are looked at once while a reply is incomplete, and copied once into the tree.

use super::super::cast::{self, Out};
use super::super::guard::{code, install_panic_hook, plain};
use super::super::reply::rs_reply;
use super::super::status::{Outcome, RS_ERR_NO_MEMORY, RS_ERR_PROTOCOL, RS_NIL, RS_OK, fail, rs_status};
use super::super::tree::build;
use crate::resp::{Malformed, ReplyScanner};
use crate::storage::shrink;
use std::ffi::c_void;
use std::ptr::null_mut;

/// An empty input that has grown beyond this gives its memory back.
const INPUT_BYTES_KEPT: usize = 64 * 1024;

/// Bytes that were fed and are not consumed yet.
#[derive(Default)]
pub struct Input {
    bytes: Vec<u8>,
    /// Consumed, from the start.
    consumed: usize,
}

impl Input {
    pub fn feed(&mut self, bytes: &[u8]) -> Outcome<()> {
        // What is consumed makes room before more is asked for; never copied more often than fed.
        if self.consumed > self.bytes.len() / 2 {
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
        }
        let reserved = self.bytes.try_reserve(bytes.len());
        reserved.map_err(|_| fail(RS_ERR_NO_MEMORY, format_args!("no memory for the input")))?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.consumed..).unwrap_or_default()
    }

    pub fn consume(&mut self, len: usize) {
        self.consumed += len;
        if self.consumed >= self.bytes.len() {
            self.consumed = 0;
            self.bytes.clear();
            shrink(&mut self.bytes, INPUT_BYTES_KEPT);
        }
    }
}

/// Makes replies of bytes.
#[derive(Default)]
pub struct rs_reader {
    input: Input,
    scanner: ReplyScanner,
    is_broken: bool,
}

impl rs_reader {
    fn next(&mut self) -> Outcome<Option<*mut rs_reply>> {
        let end = if self.is_broken { Err(Malformed) } else { self.scanner.scan(self.input.rest()) };
        match end {
            Ok(None) => Ok(None),
            Ok(Some(len)) => {
                let bytes = self.input.rest().get(..len).unwrap_or_default();
                let (reply, _) = build(bytes)?;
                self.input.consume(len);
                Ok(Some(reply.as_ptr()))
            }
            Err(malformed) => {
                self.is_broken = true;
                Err(fail(RS_ERR_PROTOCOL, format_args!("{malformed}")))
            }
        }
    }
}

/// What `next` of either reader returns.
pub fn deliver(next: Outcome<Option<*mut rs_reply>>, out: Out<*mut rs_reply>) -> Outcome<rs_status> {
    Ok(match next? {
        Some(reply) => {
            out.set(reply);
            RS_OK
        }
        None => RS_NIL,
    })
}

/// A new reader of replies. It belongs to one thread at a time.
///
/// Returns the reader, to be ended with `rs_reader_free`; NULL if there is no memory. Any thread.
///
///     rs_reply *reply;
///     while ((n = read(fd, buf, sizeof buf)) > 0 && rs_reader_feed(reader, buf, n) == RS_OK)
///         while (rs_reader_next(reader, &reply) == RS_OK) {
///             handle(reply);
///             rs_reply_free(reply);
///         }
#[unsafe(no_mangle)]
pub extern "C" fn rs_reader_new() -> *mut rs_reader {
    install_panic_hook();
    plain(|| cast::try_give(rs_reader::default())).unwrap_or(null_mut())
}

/// Ends a reader. Replies that came out of it stay. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_reader_free(reader: *mut rs_reader) {
    let _ = plain(|| {
        // SAFETY: by the rules of the header.
        drop(unsafe { cast::take(reader) });
        Ok(())
    });
}

/// Feeds a reader with bytes that have arrived: a part of a reply, or many. They are copied.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`, and then none of them is taken; `RS_ERR_ARGUMENT` if a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_reader_feed(reader: *mut rs_reader, buf: *const c_void, len: usize) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (reader, bytes) = unsafe { (cast::exclusive(reader)?, cast::bytes(buf, len)?) };
        reader.input.feed(bytes).map(|()| RS_OK)
    }))
}

/// Takes the next reply out of a reader. Attributes, which annotate replies in RESP3, are passed over; a push is a reply of its
/// own type.
///
/// Returns `RS_OK` and writes the reply, to be freed with `rs_reply_free`; `RS_NIL` if it takes more bytes; `RS_ERR_PROTOCOL` if
/// the bytes are no reply, and from then on for ever; `RS_ERR_NO_MEMORY`, and then it can be tried again; `RS_ERR_ARGUMENT` if a
/// pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_reader_next(reader: *mut rs_reader, out: *mut *mut rs_reply) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (reader, out) = unsafe { (cast::exclusive(reader)?, Out::new(out)?) };
        deliver(reader.next(), out)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::{RS_REPLY_ARRAY, RS_REPLY_STATUS, rs_reply_free};
    use super::super::super::status::RS_ERR_ARGUMENT;
    use super::*;

    /// Feeds in pieces of this size; the types and numbers of elements that come out.
    fn read(bytes: &[u8], piece: usize) -> (Vec<(i32, usize)>, rs_status) {
        let reader = rs_reader_new();
        let (mut found, mut last, mut reply) = (Vec::new(), RS_NIL, null_mut());
        // SAFETY: the reader and the replies are ended once.
        unsafe {
            for piece in bytes.chunks(piece) {
                assert_eq!(rs_reader_feed(reader, piece.as_ptr().cast(), piece.len()), RS_OK);
                loop {
                    last = rs_reader_next(reader, &raw mut reply);
                    if last != RS_OK {
                        break;
                    }
                    found.push(((*reply).r#type, (*reply).elements));
                    rs_reply_free(reply);
                }
            }
            rs_reader_free(reader);
        }
        (found, last)
    }

    #[test]
    fn replies_come_out_whole_however_they_arrive() {
        let bytes = b"+OK\r\n*2\r\n$3\r\na\r\n\r\n:1\r\n|1\r\n+k\r\n+v\r\n*0\r\n+OK\r\n*1\r\n";
        let expected = [(RS_REPLY_STATUS, 0), (RS_REPLY_ARRAY, 2), (RS_REPLY_ARRAY, 0), (RS_REPLY_STATUS, 0)];
        for piece in [1, 2, 3, 7, bytes.len()] {
            assert_eq!(read(bytes, piece), (expected.to_vec(), RS_NIL));
        }
    }

    #[test]
    fn what_is_no_reply_is_refused_for_ever() {
        assert_eq!(read(b"+OK\r\nGET\r\n+OK\r\n", 100), (vec![(RS_REPLY_STATUS, 0)], RS_ERR_PROTOCOL));
        assert_eq!(read(b":x\r\n+OK\r\n", 4), (vec![], RS_ERR_PROTOCOL));
        let mut reply = null_mut();
        // SAFETY: NULL is refused.
        unsafe {
            assert_eq!(rs_reader_next(null_mut(), &raw mut reply), RS_ERR_ARGUMENT);
            assert_eq!(rs_reader_feed(null_mut(), null_mut(), 0), RS_ERR_ARGUMENT);
            rs_reader_free(null_mut());
        }
    }
}
