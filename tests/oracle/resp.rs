//! Replies: a parser for everything RESP2 and RESP3 can say, into one tree.
//!
//! The tree exists for the few replies that can't be compared as bytes (order-free, time-dependent); every received
//! reply keeps its raw bytes next to its tree, and those are what is compared by default. The parser is strict: what
//! it refuses is reported as a difference, so a server can't hide behind a lenient reader.

/// One reply, by its wire type. `Map` keeps the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    NullBulk,
    NullArray,
    Null,
    Boolean(bool),
    Double(Vec<u8>),
    BigNumber(Vec<u8>),
    Verbatim(Vec<u8>),
    BulkError(Vec<u8>),
    Array(Vec<Reply>),
    Set(Vec<Reply>),
    Push(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
}

impl Reply {
    /// The wire type as a word: the coarsest comparison there is.
    pub fn kind(&self) -> &'static str {
        match self {
            Reply::Simple(_) => "simple string",
            Reply::Error(_) => "error",
            Reply::Integer(_) => "integer",
            Reply::Bulk(_) => "bulk string",
            Reply::NullBulk => "null bulk",
            Reply::NullArray => "null array",
            Reply::Null => "null",
            Reply::Boolean(_) => "boolean",
            Reply::Double(_) => "double",
            Reply::BigNumber(_) => "big number",
            Reply::Verbatim(_) => "verbatim string",
            Reply::BulkError(_) => "bulk error",
            Reply::Array(_) => "array",
            Reply::Set(_) => "set",
            Reply::Push(_) => "push",
            Reply::Map(_) => "map",
        }
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Reply::Error(_) | Reply::BulkError(_))
    }

    /// The bytes of anything textual; a verbatim string without its three-letter format.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Reply::Simple(text) | Reply::Bulk(text) | Reply::Error(text) => Some(text),
            Reply::Verbatim(text) => Some(&text[4.min(text.len())..]),
            _ => None,
        }
    }

    pub fn elements(&self) -> Option<&[Reply]> {
        match self {
            Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => Some(items),
            _ => None,
        }
    }

    /// A map in either protocol: RESP3's map, or RESP2's flat array of keys and values.
    pub fn pairs(&self) -> Option<Vec<(Reply, Reply)>> {
        match self {
            Reply::Map(pairs) => Some(pairs.clone()),
            Reply::Array(items) if items.len().is_multiple_of(2) => {
                Some(items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            }
            _ => None,
        }
    }
}

/// A reply together with the bytes it arrived as.
#[derive(Clone, Debug)]
pub struct Received {
    pub reply: Reply,
    pub raw: Vec<u8>,
}

/// Parses one reply from the front of `input`. `Ok(None)` means more bytes are needed.
pub fn parse(input: &[u8]) -> Result<Option<Received>, String> {
    let mut at = 0;
    Ok(parse_at(input, &mut at, 0)?.map(|reply| Received { reply, raw: input[..at].to_vec() }))
}

const DEPTH_MAX: usize = 64;

fn parse_at(input: &[u8], at: &mut usize, depth: usize) -> Result<Option<Reply>, String> {
    if depth > DEPTH_MAX {
        return Err("reply nested too deeply".into());
    }
    let Some(line) = take_line(input, at)? else { return Ok(None) };
    let Some((&marker, rest)) = line.split_first() else { return Err("empty reply line".into()) };
    let reply = match marker {
        b'+' => Reply::Simple(rest.to_vec()),
        b'-' => Reply::Error(rest.to_vec()),
        b':' => Reply::Integer(integer(rest)?),
        b'_' if rest.is_empty() => Reply::Null,
        b'#' if rest == b"t" || rest == b"f" => Reply::Boolean(rest == b"t"),
        b',' => Reply::Double(rest.to_vec()),
        b'(' => Reply::BigNumber(rest.to_vec()),
        b'$' | b'=' | b'!' => {
            let length = integer(rest)?;
            if length == -1 && marker == b'$' {
                return Ok(Some(Reply::NullBulk));
            }
            let length = usize::try_from(length).map_err(|_| format!("bulk length {length}"))?;
            let Some(body) = take_body(input, at, length)? else { return Ok(None) };
            match marker {
                b'$' => Reply::Bulk(body),
                b'=' => Reply::Verbatim(body),
                _ => Reply::BulkError(body),
            }
        }
        b'*' | b'~' | b'>' | b'%' => {
            let count = integer(rest)?;
            if count == -1 && marker == b'*' {
                return Ok(Some(Reply::NullArray));
            }
            let count = usize::try_from(count).map_err(|_| format!("aggregate length {count}"))?;
            let mut items = Vec::new();
            for _ in 0..if marker == b'%' { count * 2 } else { count } {
                match parse_at(input, at, depth + 1)? {
                    Some(item) => items.push(item),
                    None => return Ok(None),
                }
            }
            match marker {
                b'*' => Reply::Array(items),
                b'~' => Reply::Set(items),
                b'>' => Reply::Push(items),
                _ => Reply::Map(items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()),
            }
        }
        _ => return Err(format!("unknown reply type {:?}", marker as char)),
    };
    Ok(Some(reply))
}

fn take_line<'a>(input: &'a [u8], at: &mut usize) -> Result<Option<&'a [u8]>, String> {
    let rest = &input[*at..];
    let Some(end) = rest.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
    if end == 0 || rest[end - 1] != b'\r' {
        return Err("reply line ends in a lone LF".into());
    }
    *at += end + 1;
    Ok(Some(&rest[..end - 1]))
}

fn take_body(input: &[u8], at: &mut usize, length: usize) -> Result<Option<Vec<u8>>, String> {
    let rest = &input[*at..];
    if rest.len() < length + 2 {
        return Ok(None);
    }
    if &rest[length..length + 2] != b"\r\n" {
        return Err("bulk string is not followed by CR LF".into());
    }
    *at += length + 2;
    Ok(Some(rest[..length].to_vec()))
}

fn integer(text: &[u8]) -> Result<i64, String> {
    let text = std::str::from_utf8(text).map_err(|_| "integer is not ASCII".to_string())?;
    text.parse().map_err(|_| format!("bad integer {text:?}"))
}
