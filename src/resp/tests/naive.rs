//! The second opinion: the same formats, written the obvious way, on complete input.

use crate::resp::Limits;

/// What follows the last whole request of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    More,
    Error(String),
}

type Args = Vec<Vec<u8>>;

/// All requests of a stream, and why there are no more.
pub fn requests(mut stream: &[u8], limits: &Limits) -> (Vec<Args>, End) {
    let mut all = Vec::new();
    loop {
        match request(stream, limits) {
            Ok(Some((args, rest))) => {
                all.push(args);
                stream = rest;
            }
            Ok(None) => return (all, End::More),
            Err(text) => return (all, End::Error(format!("-ERR Protocol error: {text}"))),
        }
    }
}

type Outcome<'a, T> = Result<Option<(T, &'a [u8])>, String>;

fn request<'a>(stream: &'a [u8], limits: &Limits) -> Outcome<'a, Args> {
    if stream.is_empty() {
        return Ok(None);
    }
    if stream[0] != b'*' {
        return inline(stream);
    }
    let Some((line, mut rest)) = line(stream, "too big mbulk count string")? else {
        return Ok(None);
    };
    let count = integer(&line[1..]).filter(|&count| count <= i128::from(i32::MAX));
    let count = count.ok_or("invalid multibulk length")?;
    if count > 10 && !limits.authenticated {
        return Err("unauthenticated multibulk length".into());
    }
    let mut args = Vec::new();
    for _ in 0..count.max(0) {
        let Some((arg, tail)) = argument(rest, limits)? else {
            return Ok(None);
        };
        args.push(arg);
        rest = tail;
    }
    Ok(Some((args, rest)))
}

fn argument<'a>(stream: &'a [u8], limits: &Limits) -> Outcome<'a, Vec<u8>> {
    let Some((line, rest)) = line(stream, "too big bulk count string")? else {
        return Ok(None);
    };
    if stream[0] != b'$' {
        let shown = if stream[0] == b'\r' || stream[0] == b'\n' { b' ' } else { stream[0] };
        return Err(format!("expected '$', got '{}'", char::from(shown)));
    }
    let len = integer(&line[1..]).filter(|&len| len >= 0 && len <= limits.bulk_bytes_max as i128);
    let len = len.ok_or("invalid bulk length")? as usize;
    if len > 16384 && !limits.authenticated {
        return Err("unauthenticated bulk length".into());
    }
    if rest.len() < len + 2 {
        return Ok(None);
    }
    Ok(Some((rest[..len].to_vec(), &rest[len + 2..])))
}

/// Up to `\r`; what follows starts two bytes later.
fn line<'a>(stream: &'a [u8], too_long: &str) -> Outcome<'a, &'a [u8]> {
    for at in 0..stream.len() {
        if at > 65536 {
            return Err(too_long.into());
        }
        if stream[at] == b'\r' {
            let whole = at + 2 <= stream.len();
            return Ok(whole.then(|| (&stream[..at], &stream[at + 2..])));
        }
        if stream[at] == 0 {
            break;
        }
    }
    if stream.len() > 65536 { Err(too_long.into()) } else { Ok(None) }
}

/// An integer that prints as it was written.
fn integer(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let value: i128 = text.parse().ok()?;
    (value.to_string() == text && i64::try_from(value).is_ok()).then_some(value)
}

fn inline(stream: &[u8]) -> Outcome<'_, Args> {
    let head = &stream[..stream.len().min(65537)];
    let visible = head.split(|&byte| byte == 0).next().unwrap_or_default();
    let Some(newline) = visible.iter().position(|&byte| byte == b'\n') else {
        return if stream.len() > 65536 { Err("too big inline request".into()) } else { Ok(None) };
    };
    let mut line = stream[..newline].to_vec();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let args = words(&line).ok_or("unbalanced quotes in request")?;
    Ok(Some((args, &stream[newline + 1..])))
}

/// Redis's `sdssplitargs`, state by state; `line` ends with a NUL that is not in it.
fn words(line: &[u8]) -> Option<Args> {
    let at = |index: usize| line.get(index).copied().unwrap_or(0);
    let space = |byte: u8| b" \t\n\r\x0b\x0c".contains(&byte);
    let mut args = Vec::new();
    let mut p = 0;
    loop {
        while space(at(p)) {
            p += 1;
        }
        if at(p) == 0 {
            return Some(args);
        }
        let (mut double, mut single, mut done) = (false, false, false);
        let mut word = Vec::new();
        while !done {
            let byte = at(p);
            if double {
                let hex = |index| char::from(at(index)).to_digit(16);
                match byte {
                    b'\\' if at(p + 1) == b'x' && hex(p + 2).is_some() && hex(p + 3).is_some() => {
                        word.push((hex(p + 2)? * 16 + hex(p + 3)?) as u8);
                        p += 3;
                    }
                    b'\\' if at(p + 1) != 0 => {
                        p += 1;
                        word.push(match at(p) {
                            b'n' => 10,
                            b'r' => 13,
                            b't' => 9,
                            b'b' => 8,
                            b'a' => 7,
                            other => other,
                        });
                    }
                    b'"' if at(p + 1) != 0 && !space(at(p + 1)) => return None,
                    b'"' => done = true,
                    0 => return None,
                    other => word.push(other),
                }
            } else if single {
                match byte {
                    b'\\' if at(p + 1) == b'\'' => {
                        p += 1;
                        word.push(b'\'');
                    }
                    b'\'' if at(p + 1) != 0 && !space(at(p + 1)) => return None,
                    b'\'' => done = true,
                    0 => return None,
                    other => word.push(other),
                }
            } else {
                match byte {
                    b' ' | b'\n' | b'\r' | b'\t' | 0 => done = true,
                    b'"' => double = true,
                    b'\'' => single = true,
                    other => word.push(other),
                }
            }
            if at(p) != 0 {
                p += 1;
            }
        }
        args.push(word);
    }
}

/// A reply as a tree.
#[derive(Debug, PartialEq)]
pub enum Value {
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Null,
    Array(Vec<Value>),
    Map(Vec<Value>),
    Set(Vec<Value>),
    Push(Vec<Value>),
    Double(String),
    Bool(bool),
    BigNumber(String),
    Verbatim(Vec<u8>, Vec<u8>),
}

/// Reads one well-formed reply recursively and returns what follows it. Attributes are dropped.
pub fn value(input: &[u8]) -> (Value, &[u8]) {
    let end = input.windows(2).position(|pair| pair == b"\r\n").expect("a whole line");
    let (line, rest) = (&input[1..end], &input[end + 2..]);
    let text = || String::from_utf8(line.to_vec()).expect("ASCII");
    let len = || text().parse::<usize>().expect("a length");
    let data = || (rest[..len()].to_vec(), &rest[len() + 2..]);
    let many = |count: usize| {
        let mut rest = rest;
        let mut values = Vec::new();
        for _ in 0..count {
            let (one, tail) = value(rest);
            values.push(one);
            rest = tail;
        }
        (values, rest)
    };
    match input[0] {
        b'+' => (Value::Status(line.to_vec()), rest),
        b'-' => (Value::Error(line.to_vec()), rest),
        b':' => (Value::Integer(text().parse().expect("an integer")), rest),
        b',' => (Value::Double(text()), rest),
        b'(' => (Value::BigNumber(text()), rest),
        b'#' => (Value::Bool(line == b"t"), rest),
        b'_' => (Value::Null, rest),
        b'$' | b'*' if line == b"-1" => (Value::Null, rest),
        b'$' => (Value::Bulk(data().0), data().1),
        b'=' => {
            let (data, rest) = data();
            (Value::Verbatim(data[..3].to_vec(), data[4..].to_vec()), rest)
        }
        b'|' => {
            let (_, rest) = many(len() * 2);
            value(rest)
        }
        b'*' => (Value::Array(many(len()).0), many(len()).1),
        b'~' => (Value::Set(many(len()).0), many(len()).1),
        b'>' => (Value::Push(many(len()).0), many(len()).1),
        b'%' => (Value::Map(many(len() * 2).0), many(len() * 2).1),
        other => panic!("not a marker: {other}"),
    }
}
