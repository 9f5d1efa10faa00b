//! The client's half of the original project's length-prefixed protocol, as bytes: requests out,
//! replies in, and how its client prints them. Integers are little-endian.
//!
//! ```text
//! request   u32 len · u32 nstr · nstr × (u32 n · n bytes)
//! reply     u32 len · body
//! status    body = u32 status · data                  0 ok, 1 error, 2 no such key
//! typed     body = one value: tag byte, then
//!           0 nil     ·
//!           1 error   · u32 code · u32 n · text
//!           2 string  · u32 n · bytes
//!           3 integer · i64
//!           4 double  · f64
//!           5 array   · u32 n · n values
//! ```

use crate::escape::general_float;

/// What a server accepts of one request.
const REQUEST_BYTES_MAX: usize = 32 << 20;
const REQUEST_STRINGS_MAX: usize = 200_000;

/// Longest reply accepted: a value as long as a request, and room around it. The book's client stops
/// at 4096 bytes.
const REPLY_BYTES_MAX: usize = 64 << 20;

/// Deepest nesting of arrays accepted; printing recurses once per level.
const DEPTH_MAX: usize = 64;

/// The two reply formats a server can be set to, and the wish to find out which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStyle {
    /// Whichever the body is in: one typed value and nothing behind it, or a status from 0 to 2. No body is both,
    /// except one of a status 1 whose text happens to spell the length of its own rest.
    Either,
    Typed,
    Status,
}

/// Encodes a command, or says which limit it exceeds.
pub fn encode(command: &[Vec<u8>]) -> Result<Vec<u8>, &'static str> {
    if command.len() > REQUEST_STRINGS_MAX {
        return Err("too many arguments for this protocol (at most 200000)");
    }
    let length = command.iter().try_fold(4usize, |sum, argument| {
        sum.checked_add(4)?.checked_add(argument.len()).filter(|&sum| sum <= REQUEST_BYTES_MAX)
    });
    let length = length.ok_or("command too long for this protocol (at most 32 MiB)")?;
    let mut out = Vec::with_capacity(4 + length);
    put_u32(&mut out, length);
    put_u32(&mut out, command.len());
    for argument in command {
        put_u32(&mut out, argument.len());
        out.extend_from_slice(argument);
    }
    Ok(out)
}

/// Both limits are far below 2³².
fn put_u32(out: &mut Vec<u8>, value: usize) {
    let value = u32::try_from(value).unwrap_or(u32::MAX);
    out.extend_from_slice(&value.to_le_bytes());
}

/// The body of the reply at the front of `bytes` and the bytes it takes, once it is complete.
pub fn frame(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, &'static str> {
    let Some(header) = bytes.first_chunk() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*header) as usize;
    if length > REPLY_BYTES_MAX {
        return Err("reply too long; does the server speak this protocol?");
    }
    Ok(bytes.get(4..4 + length).map(|body| (body, 4 + length)))
}

/// The text the original client prints for a reply.
pub fn print_body(body: &[u8], style: ReplyStyle) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    let mut fields = Fields { rest: body };
    match style {
        ReplyStyle::Either => {
            let is_status = matches!(body, [0..=2, 0, 0, 0, ..]);
            return match print_body(body, ReplyStyle::Typed) {
                Err(_) if is_status => print_body(body, ReplyStyle::Status),
                outcome => outcome,
            };
        }
        ReplyStyle::Status => {
            let status = fields.u32()?;
            out.extend_from_slice(format!("server says: [{status}] ").as_bytes());
            out.extend_from_slice(fields.rest);
            out.push(b'\n');
        }
        ReplyStyle::Typed => {
            print_value(&mut out, &mut fields, 0)?;
            if !fields.rest.is_empty() {
                return Err("bytes left over after the reply");
            }
        }
    }
    Ok(out)
}

fn print_value(out: &mut Vec<u8>, fields: &mut Fields, depth: usize) -> Result<(), &'static str> {
    let [tag] = fields.take()?;
    match tag {
        0 => out.extend_from_slice(b"(nil)\n"),
        1 => {
            let code = fields.u32()?;
            // Signed, as the original prints it.
            out.extend_from_slice(format!("(err) {} ", code.cast_signed()).as_bytes());
            out.extend_from_slice(fields.bytes()?);
            out.push(b'\n');
        }
        2 => {
            out.extend_from_slice(b"(str) ");
            out.extend_from_slice(fields.bytes()?);
            out.push(b'\n');
        }
        3 => {
            let value = i64::from_le_bytes(fields.take()?);
            out.extend_from_slice(format!("(int) {value}\n").as_bytes());
        }
        4 => {
            let value = f64::from_le_bytes(fields.take()?);
            out.extend_from_slice(format!("(dbl) {}\n", general_float(value)).as_bytes());
        }
        5 if depth == DEPTH_MAX => return Err("arrays nested too deeply"),
        5 => {
            let count = fields.u32()?;
            out.extend_from_slice(format!("(arr) len={count}\n").as_bytes());
            for _ in 0..count {
                print_value(out, fields, depth + 1)?;
            }
            out.extend_from_slice(b"(arr) end\n");
        }
        _ => return Err("unknown type of value"),
    }
    Ok(())
}

/// A body being read from the front.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (field, rest) = self.rest.split_first_chunk().ok_or("reply cut short")?;
        self.rest = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        self.take().map(u32::from_le_bytes)
    }

    fn bytes(&mut self) -> Result<&'a [u8], &'static str> {
        let length = self.u32()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or("reply cut short")?;
        self.rest = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let bytes = encode(&[b"get".to_vec(), b"k".to_vec()]).unwrap();
        assert_eq!(bytes, b"\x10\0\0\0\x02\0\0\0\x03\0\0\0get\x01\0\0\0k");
        assert!(encode(&[vec![0; REQUEST_BYTES_MAX]]).is_err());
        assert!(encode(&vec![Vec::new(); REQUEST_STRINGS_MAX + 1]).is_err());
    }

    #[test]
    fn frames_wait_for_their_end() {
        let bytes = b"\x03\0\0\0abcX";
        for end in 0..7 {
            assert_eq!(frame(&bytes[..end]), Ok(None));
        }
        assert_eq!(frame(bytes), Ok(Some((&b"abc"[..], 7))));
        assert!(frame(b"\xff\xff\xff\xff").is_err());
    }

    #[test]
    fn typed_values() {
        let mut body = b"\x05\x06\0\0\0\x00\x01\x03\0\0\0\x02\0\0\0no\x02\x02\0\0\0ab\x03".to_vec();
        body.extend_from_slice(&(-7i64).to_le_bytes());
        body.push(4);
        body.extend_from_slice(&1.1f64.to_le_bytes());
        body.extend_from_slice(b"\x05\0\0\0\0");
        let text = print_body(&body, ReplyStyle::Typed).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "(arr) len=6\n(nil)\n(err) 3 no\n(str) ab\n(int) -7\n(dbl) 1.1\n(arr) len=0\n(arr) end\n(arr) end\n"
        );
        for end in 0..body.len() {
            assert!(print_body(&body[..end], ReplyStyle::Typed).is_err());
        }
        assert!(print_body(b"\x00\x00", ReplyStyle::Typed).is_err());
        assert!(print_body(b"\x06", ReplyStyle::Typed).is_err());
        assert!(print_body(&b"\x05\x01\0\0\0".repeat(100_000), ReplyStyle::Typed).is_err());
    }

    #[test]
    fn the_format_is_recognised() {
        for (body, text) in [
            (&b"\0"[..], "(nil)\n"),
            (b"\x02\0\0\0\0", "(str) \n"),
            (b"\x02\x01\0\0\0v", "(str) v\n"),
            (b"\x03\x02\0\0\0\0\0\0\0", "(int) 2\n"),
            (b"\x01\x03\0\0\0\x02\0\0\0no", "(err) 3 no\n"),
            (b"\0\0\0\0", "server says: [0] \n"),
            (b"\0\0\0\0value", "server says: [0] value\n"),
            (b"\x01\0\0\0ERR no", "server says: [1] ERR no\n"),
            (b"\x02\0\0\0", "server says: [2] \n"),
        ] {
            assert_eq!(
                print_body(body, ReplyStyle::Either).map(|t| String::from_utf8_lossy(&t).into_owned()),
                Ok(text.into())
            );
        }
        assert!(print_body(b"\x07\0\0\0", ReplyStyle::Either).is_err());
    }

    #[test]
    fn status_replies() {
        let text = print_body(b"\x02\0\0\0", ReplyStyle::Status).unwrap();
        assert_eq!(text, b"server says: [2] \n");
        let text = print_body(b"\0\0\0\0v\xff", ReplyStyle::Status).unwrap();
        assert_eq!(text, b"server says: [0] v\xff\n");
        assert!(print_body(b"\0", ReplyStyle::Status).is_err());
    }
}
