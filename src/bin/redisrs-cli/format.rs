//! A reply as text, in the five output modes. The forms for a terminal and raw are here, CSV and
//! JSON beside them in `format_export`.
//!
//! Byte for byte what redis-cli 7.0 prints; `tests/cli.rs` compares the two.

use crate::escape;
use crate::format_export;
use crate::reply::Reply;

/// How replies are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Typed and indented, for people.
    Standard,
    /// The bytes alone, for pipes.
    Raw,
    Csv,
    Json,
    /// JSON in pure ASCII.
    QuotedJson,
}

/// The output mode and the separators of raw mode.
#[derive(Clone, Debug)]
pub struct Format {
    pub output: Output,
    /// Between the elements of an aggregate.
    pub element_delimiter: Vec<u8>,
    /// After each reply.
    pub reply_delimiter: Vec<u8>,
}

impl Format {
    /// A whole reply with its line end. `verbatim` is for replies that are text made for people
    /// (INFO, CLIENT LIST): they are printed as they are, whatever the mode.
    pub fn reply(&self, reply: &Reply, verbatim: bool) -> Vec<u8> {
        let mut out = Vec::new();
        if verbatim {
            self.raw(&mut out, reply);
            return out;
        }
        match self.output {
            Output::Standard => standard(&mut out, reply, &mut Vec::new()),
            Output::Raw => {
                self.raw(&mut out, reply);
                out.extend_from_slice(&self.reply_delimiter);
            }
            Output::Csv => {
                format_export::csv(&mut out, reply);
                out.push(b'\n');
            }
            Output::Json => {
                format_export::json(&mut out, reply, escape::json);
                out.push(b'\n');
            }
            Output::QuotedJson => {
                format_export::json(&mut out, reply, escape::json_of_quoted);
                out.push(b'\n');
            }
        }
        out
    }

    /// An out-of-band message; client-side caching's invalidations have a short form for people.
    pub fn push(&self, push: &Reply) -> Vec<u8> {
        if self.output == Output::Standard
            && let Some(keys) = invalidated_keys(push)
        {
            let mut out = b"-> invalidate: ".to_vec();
            for (index, key) in keys.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                out.push(b'\'');
                out.extend_from_slice(key.text().unwrap_or_default());
                out.push(b'\'');
            }
            out.push(b'\n');
            return out;
        }
        self.reply(push, false)
    }

    fn raw(&self, out: &mut Vec<u8>, reply: &Reply) {
        match reply {
            Reply::Nil => {}
            Reply::Status(text) | Reply::Bulk(text) | Reply::Verbatim(text) => {
                out.extend_from_slice(text);
            }
            Reply::Error(text) => {
                out.extend_from_slice(text);
                out.push(b'\n');
            }
            Reply::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Reply::Double(digits) | Reply::BigNumber(digits) => {
                out.extend_from_slice(digits.as_bytes());
            }
            Reply::Bool(value) => out.extend_from_slice(bool_text(*value)),
            Reply::Array(elements) | Reply::Set(elements) | Reply::Push(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(&self.element_delimiter);
                    }
                    self.raw(out, element);
                }
            }
            Reply::Map(pairs) => {
                for (index, (key, value)) in pairs.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(&self.element_delimiter);
                    }
                    self.raw(out, key);
                    out.push(b' ');
                    self.raw(out, value);
                }
            }
        }
    }
}

fn bool_text(value: bool) -> &'static [u8] {
    if value { b"(true)" } else { b"(false)" }
}

fn invalidated_keys(push: &Reply) -> Option<&[Reply]> {
    match push {
        Reply::Push(elements) => match elements.as_slice() {
            [Reply::Bulk(kind), Reply::Array(keys)] if kind == b"invalidate" => Some(keys),
            _ => None,
        },
        _ => None,
    }
}

/// One reply for people, ending in a newline. `prefix` is the indentation of the lines after the
/// first: the first continues the line on which the parent wrote its number.
fn standard(out: &mut Vec<u8>, reply: &Reply, prefix: &mut Vec<u8>) {
    match reply {
        Reply::Error(text) => line(out, b"(error) ", text),
        Reply::Status(text) | Reply::Verbatim(text) => line(out, b"", text),
        Reply::Integer(value) => line(out, b"(integer) ", value.to_string().as_bytes()),
        Reply::Double(digits) => line(out, b"(double) ", digits.as_bytes()),
        Reply::BigNumber(digits) => line(out, b"(big number) ", digits.as_bytes()),
        Reply::Bulk(text) => line(out, b"", &escape::quoted(text)),
        Reply::Nil => line(out, b"", b"(nil)"),
        Reply::Bool(value) => line(out, b"", bool_text(*value)),
        Reply::Array(elements) => numbered(out, elements, b')', b"(empty array)", prefix),
        Reply::Set(elements) => numbered(out, elements, b'~', b"(empty set)", prefix),
        Reply::Push(elements) => numbered(out, elements, b')', b"(empty push)", prefix),
        Reply::Map(pairs) => numbered_pairs(out, pairs, prefix),
    }
}

fn line(out: &mut Vec<u8>, start: &[u8], text: &[u8]) {
    out.extend_from_slice(start);
    out.extend_from_slice(text);
    out.push(b'\n');
}

fn numbered(out: &mut Vec<u8>, elements: &[Reply], mark: u8, empty: &[u8], prefix: &mut Vec<u8>) {
    if elements.is_empty() {
        return line(out, b"", empty);
    }
    let width = elements.len().to_string().len();
    for (index, element) in elements.iter().enumerate() {
        number(out, index, width, mark, prefix);
        indented(prefix, width, |prefix| standard(out, element, prefix));
    }
}

fn numbered_pairs(out: &mut Vec<u8>, pairs: &[(Reply, Reply)], prefix: &mut Vec<u8>) {
    if pairs.is_empty() {
        return line(out, b"", b"(empty hash)");
    }
    let width = pairs.len().to_string().len();
    for (index, (key, value)) in pairs.iter().enumerate() {
        number(out, index, width, b'#', prefix);
        indented(prefix, width, |prefix| {
            standard(out, key, prefix);
            out.pop();
            out.extend_from_slice(b" => ");
            if has_several_lines(value) {
                out.push(b'\n');
                out.extend_from_slice(prefix);
            }
            standard(out, value, prefix);
        });
    }
}

/// The number before an element; the first one continues the parent's line.
fn number(out: &mut Vec<u8>, index: usize, width: usize, mark: u8, prefix: &[u8]) {
    if index > 0 {
        out.extend_from_slice(prefix);
    }
    out.extend_from_slice(format!("{:>width$}", index + 1).as_bytes());
    out.extend_from_slice(&[mark, b' ']);
}

/// Runs `body` with the prefix widened to stand under a numbered element.
fn indented(prefix: &mut Vec<u8>, width: usize, body: impl FnOnce(&mut Vec<u8>)) {
    let length = prefix.len();
    prefix.resize(length + width + 2, b' ');
    body(prefix);
    prefix.truncate(length);
}

/// True for an aggregate that redis-cli starts on a line of its own when it is a map's value: more
/// than one entry, or an only entry of that kind.
fn has_several_lines(reply: &Reply) -> bool {
    let only = match reply {
        Reply::Map(pairs) => match pairs.as_slice() {
            [] => return false,
            [(_, value)] => value,
            _ => return true,
        },
        _ => match reply.elements() {
            None | Some([]) => return false,
            Some([only]) => only,
            Some(_) => return true,
        },
    };
    has_several_lines(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.as_bytes().to_vec())
    }

    fn shown(output: Output, reply: &Reply) -> String {
        let format = Format { output, element_delimiter: b",".to_vec(), reply_delimiter: b";".to_vec() };
        String::from_utf8(format.reply(reply, false)).unwrap()
    }

    fn sample() -> Reply {
        let mut elements = vec![Reply::Integer(1); 9];
        elements.push(Reply::Array(vec![
            Reply::Nil,
            Reply::Map(vec![
                (bulk("a"), Reply::Array(vec![Reply::Bool(true), Reply::Nil])),
                (bulk("b"), Reply::Set(vec![Reply::Double("1.5".into())])),
            ]),
        ]));
        Reply::Array(elements)
    }

    #[test]
    fn nested_for_people() {
        let ones: String =
            (1..10).flat_map(|n| [" ".to_owned(), n.to_string(), ") (integer) 1\n".to_owned()]).collect();
        assert_eq!(
            shown(Output::Standard, &sample()),
            ones + "10) 1) (nil)\n    2) 1# \"a\" => \n          1) (true)\n          2) (nil)\n       \
                    2# \"b\" => 1~ (double) 1.5\n"
        );
    }

    #[test]
    fn where_the_value_of_a_map_starts() {
        let map = |value| Reply::Map(vec![(bulk("a"), value)]);
        let nested = Reply::Array(vec![map(Reply::Array(vec![Reply::Nil, Reply::Nil]))]);
        assert_eq!(
            shown(Output::Standard, &map(nested)),
            "1# \"a\" => \n   1) 1# \"a\" => \n         1) (nil)\n         2) (nil)\n"
        );
        let nested = Reply::Array(vec![map(Reply::Array(vec![Reply::Nil]))]);
        assert_eq!(shown(Output::Standard, &map(nested)), "1# \"a\" => 1) 1# \"a\" => 1) (nil)\n");
    }

    #[test]
    fn raw_uses_the_delimiters() {
        assert_eq!(shown(Output::Raw, &sample()), "1,1,1,1,1,1,1,1,1,,a (true),,b 1.5;");
        assert_eq!(shown(Output::Raw, &Reply::Error(b"ERR x".to_vec())), "ERR x\n;");
    }

    #[test]
    fn empty_aggregates() {
        for (reply, text) in [
            (Reply::Array(vec![]), "(empty array)\n"),
            (Reply::Set(vec![]), "(empty set)\n"),
            (Reply::Map(vec![]), "(empty hash)\n"),
            (Reply::Push(vec![]), "(empty push)\n"),
        ] {
            assert_eq!(shown(Output::Standard, &reply), text);
        }
    }

    #[test]
    fn verbatim_text_ignores_the_mode() {
        let format =
            Format { output: Output::Json, element_delimiter: b"\n".to_vec(), reply_delimiter: b"\n".to_vec() };
        assert_eq!(format.reply(&bulk("# Server\r\n"), true), b"# Server\r\n");
    }

    #[test]
    fn invalidations() {
        let format =
            Format { output: Output::Standard, element_delimiter: b"\n".to_vec(), reply_delimiter: b"\n".to_vec() };
        let push = Reply::Push(vec![bulk("invalidate"), Reply::Array(vec![bulk("k"), bulk("l")])]);
        assert_eq!(format.push(&push), b"-> invalidate: 'k', 'l'\n");
        let other = Reply::Push(vec![bulk("invalidate"), Reply::Nil]);
        assert_eq!(format.push(&other), b"1) \"invalidate\"\n2) (nil)\n");
    }
}
