//! Requests: bytes to arguments, the server's half of the protocol, and arguments to bytes, as a client sends them.
//!
//! What: the parser of the server, behind the same handle as `reader` for replies. It takes RESP and the one-line form, and
//! as much from the standard as Redis does.

use super::super::cast::{self, Buffer, Out};
use super::super::command::arguments;
use super::super::guard::{code, install_panic_hook, plain};
use super::super::reply::rs_reply;
use super::super::status::{
    Outcome, RS_ERR_BUFFER_TOO_SMALL, RS_ERR_NO_MEMORY, RS_ERR_PROTOCOL, RS_OK, fail, rs_status,
};
use super::super::tree::build_strings;
use super::reader::{Input, deliver};
use crate::resp::{Limits, ProtocolError, RequestParser, Span, Step};
use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;

/// Makes requests of bytes.
#[derive(Default)]
pub struct rs_request_reader {
    input: Input,
    parser: RequestParser,
    spans: Vec<Span>,
    broken: Option<ProtocolError>,
}

impl rs_request_reader {
    fn next(&mut self) -> Outcome<Option<*mut rs_reply>> {
        while self.broken.is_none() {
            self.spans.clear();
            let request = self.input.rest();
            let (bytes, end) = match self.parser.next(request, &Limits::default(), &mut self.spans) {
                Step::NeedMore { .. } => return Ok(None),
                Step::Request { end } => (request, end),
                Step::Unescaped { end } => (self.parser.unescaped(), end),
                // The parser goes on where it was.
                Step::Error { error: ProtocolError::NoMemory } => {
                    return Err(fail(RS_ERR_NO_MEMORY, format_args!("no memory for a request")));
                }
                Step::Error { error } => {
                    self.broken = Some(error);
                    break;
                }
            };
            // An empty line is no request.
            let made = if self.spans.is_empty() {
                None
            } else {
                Some(build_strings(self.spans.len(), |index| self.spans[index].of(bytes))?)
            };
            self.input.consume(end);
            if let Some(request) = made {
                return Ok(Some(request.as_ptr()));
            }
        }
        let text = self.broken.map(|error| error.to_string()).unwrap_or_default();
        Err(fail(RS_ERR_PROTOCOL, format_args!("{}", text.trim_start_matches('-'))))
    }
}

/// A new reader of requests. It belongs to one thread at a time.
///
/// Returns the reader, to be ended with `rs_request_reader_free`; NULL if there is no memory. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_request_reader_new() -> *mut rs_request_reader {
    install_panic_hook();
    plain(|| cast::try_give(rs_request_reader::default())).unwrap_or(null_mut())
}

/// Ends a reader. Requests that came out of it stay. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_request_reader_free(reader: *mut rs_request_reader) {
    let _ = plain(|| {
        // SAFETY: by the rules of the header.
        drop(unsafe { cast::take(reader) });
        Ok(())
    });
}

/// Feeds a reader with bytes that have arrived: a part of a request, or many. They are copied.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`, and then none of them is taken; `RS_ERR_ARGUMENT` if a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_request_reader_feed(
    reader: *mut rs_request_reader,
    buf: *const c_void,
    len: usize,
) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (reader, bytes) = unsafe { (cast::exclusive(reader)?, cast::bytes(buf, len)?) };
        reader.input.feed(bytes).map(|()| RS_OK)
    }))
}

/// Takes the next request out of a reader: an array of at least one string, the command's name first.
///
/// Returns `RS_OK` and writes the request, to be freed with `rs_reply_free`; `RS_NIL` if it takes more bytes; `RS_ERR_PROTOCOL` if
/// the bytes are no request, and from then on for ever: send the text of `rs_last_error` as an error and close;
/// `RS_ERR_NO_MEMORY`, and then it can be tried again; `RS_ERR_ARGUMENT` if a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_request_reader_next(reader: *mut rs_request_reader, out: *mut *mut rs_reply) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (reader, out) = unsafe { (cast::exclusive(reader)?, Out::new(out)?) };
        deliver(reader.next(), out)
    }))
}

/// A line of the protocol: a marker and a number.
fn line(marker: u8, number: usize, digits: &mut itoa::Buffer) -> [&[u8]; 3] {
    let marker: &[u8] = if marker == b'*' { b"*" } else { b"$" };
    [marker, digits.format(number).as_bytes(), b"\r\n"]
}

/// Gives the pieces that a request consists of to `f`, in order.
fn pieces(argv: &[&[u8]], mut f: impl FnMut(&[u8])) {
    let mut digits = itoa::Buffer::new();
    line(b'*', argv.len(), &mut digits).into_iter().for_each(&mut f);
    for arg in argv {
        line(b'$', arg.len(), &mut digits).into_iter().for_each(&mut f);
        f(arg);
        f(b"\r\n");
    }
}

/// Writes a request as a client sends it, RESP, to `buf`, which has room for `cap` bytes, and its length to `len`. The arguments
/// are given as for `rs_command_argv`.
///
/// Returns `RS_OK`; `RS_ERR_BUFFER_TOO_SMALL` if `cap` is less than the length, which is written to `len` all the same, and
/// nothing to `buf`; `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is NULL or `argc` is not positive. Any thread.
///
///     const char *argv[] = { "SET", "key", "value" };
///     char buf[256];
///     size_t len;
///     if (rs_format_argv(3, argv, NULL, buf, sizeof buf, &len) == RS_OK)
///         write(fd, buf, len);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_format_argv(
    argc: c_int,
    argv: *mut *const c_char,
    argvlen: *const usize,
    buf: *mut c_void,
    cap: usize,
    len: *mut usize,
) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (argv, mut buffer, out) =
            unsafe { (arguments(argc, argv, argvlen, usize::MAX)?, Buffer::new(buf, cap)?, Out::new(len)?) };
        let mut needed = Some(0_usize);
        pieces(&argv, |piece| needed = needed.and_then(|sum| sum.checked_add(piece.len())));
        let needed = needed.ok_or_else(|| fail(RS_ERR_NO_MEMORY, format_args!("no memory holds such a request")))?;
        out.set(needed);
        if needed > cap {
            return Err(fail(RS_ERR_BUFFER_TOO_SMALL, format_args!("the request has {needed} bytes")));
        }
        pieces(&argv, |piece| _ = buffer.append(piece));
        Ok(RS_OK)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::{RS_REPLY_ARRAY, RS_REPLY_STRING, rs_reply_free};
    use super::super::super::status::{RS_ERR_ARGUMENT, RS_NIL};
    use super::*;

    /// Feeds in pieces of this size; the requests that come out.
    fn read(bytes: &[u8], piece: usize) -> (Vec<Vec<String>>, rs_status) {
        let reader = rs_request_reader_new();
        let (mut found, mut last, mut request) = (Vec::new(), RS_NIL, null_mut());
        // SAFETY: the reader and the requests are ended once; a request is an array of strings.
        unsafe {
            for piece in bytes.chunks(piece) {
                assert_eq!(rs_request_reader_feed(reader, piece.as_ptr().cast(), piece.len()), RS_OK);
                loop {
                    last = rs_request_reader_next(reader, &raw mut request);
                    if last != RS_OK {
                        break;
                    }
                    assert_eq!((*request).r#type, RS_REPLY_ARRAY);
                    let texts = (0..(*request).elements).map(|index| {
                        let element = *(*request).element.add(index);
                        assert_eq!((*element).r#type, RS_REPLY_STRING);
                        assert_eq!(*(*element).str.add((*element).len), 0);
                        let bytes = std::slice::from_raw_parts((*element).str.cast::<u8>(), (*element).len);
                        String::from_utf8_lossy(bytes).into_owned()
                    });
                    found.push(texts.collect());
                    rs_reply_free(request);
                }
            }
            rs_request_reader_free(reader);
        }
        (found, last)
    }

    #[test]
    fn requests_come_out_whole_however_they_arrive() {
        let bytes =
            b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n\r\nPING\r\n*0\r\nSET k \"a b\"\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nQU";
        let expected = [&["GET", "k"][..], &["PING"], &["SET", "k", "a b"], &["QUIT"]].map(|words| {
            let texts: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            texts
        });
        for piece in [1, 2, 3, 7, bytes.len()] {
            assert_eq!(read(bytes, piece), (expected.to_vec(), RS_NIL));
        }
    }

    #[test]
    fn what_is_no_request_is_refused_for_ever() {
        let (found, status) = read(b"PING\r\n*1\r\n:1\r\nPING\r\n", 3);
        assert_eq!((found.len(), status), (1, RS_ERR_PROTOCOL));
        let mut request = null_mut();
        // SAFETY: NULL is refused.
        unsafe {
            assert_eq!(rs_request_reader_next(null_mut(), &raw mut request), RS_ERR_ARGUMENT);
            assert_eq!(rs_request_reader_feed(null_mut(), null_mut(), 0), RS_ERR_ARGUMENT);
            rs_request_reader_free(null_mut());
        }
    }

    #[test]
    fn a_request_is_written_as_it_is_read() {
        let (words, lengths) = ([c"SET".as_ptr(), c"k".as_ptr(), c"a\r\nb".as_ptr()], [3_usize, 1, 4]);
        let mut argv = words;
        let (mut buf, mut len) = ([0_u8; 64], 0);
        let expected = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n";
        // SAFETY: three terminated words, and a buffer of the size given.
        unsafe {
            let start = buf.as_mut_ptr().cast();
            let status = rs_format_argv(3, argv.as_mut_ptr(), lengths.as_ptr(), start, 10, &raw mut len);
            assert_eq!((status, len, buf[0]), (RS_ERR_BUFFER_TOO_SMALL, expected.len(), 0));
            let status = rs_format_argv(3, argv.as_mut_ptr(), std::ptr::null(), start, expected.len(), &raw mut len);
            assert_eq!((status, len, &buf[..len]), (RS_OK, expected.len(), &expected[..]));
            let status = rs_format_argv(0, argv.as_mut_ptr(), std::ptr::null(), start, 64, &raw mut len);
            assert_eq!(status, RS_ERR_ARGUMENT);
        }
        assert_eq!(read(expected, 100).0, [["SET", "k", "a\r\nb"]]);
    }
}
