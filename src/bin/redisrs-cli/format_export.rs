//! Replies as CSV and JSON, for other programs.

use crate::escape;
use crate::reply::Reply;

/// Flattens a reply into comma separated fields.
pub fn csv(out: &mut Vec<u8>, reply: &Reply) {
    match reply {
        Reply::Error(text) => {
            out.extend_from_slice(b"ERROR,");
            out.extend_from_slice(&escape::quoted(text));
        }
        Reply::Status(text) | Reply::Bulk(text) | Reply::Verbatim(text) => {
            out.extend_from_slice(&escape::quoted(text));
        }
        Reply::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Reply::Double(digits) | Reply::BigNumber(digits) => {
            out.extend_from_slice(digits.as_bytes());
        }
        Reply::Nil => out.extend_from_slice(b"NULL"),
        Reply::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Reply::Array(elements) | Reply::Set(elements) | Reply::Push(elements) => {
            separated(out, elements, csv);
        }
        Reply::Map(pairs) => separated(out, pairs, |out, (key, value)| {
            csv(out, key);
            out.push(b',');
            csv(out, value);
        }),
    }
}

/// Writes a reply as JSON, its strings made by `string`. Keys that are not strings are put between
/// quotes; an error, which JSON has no word for, becomes `error:"text"`, as in redis-cli.
pub fn json(out: &mut Vec<u8>, reply: &Reply, string: fn(&[u8]) -> Vec<u8>) {
    match reply {
        Reply::Error(text) => {
            out.extend_from_slice(b"error:");
            out.extend_from_slice(&string(text));
        }
        Reply::Status(text) | Reply::Bulk(text) | Reply::Verbatim(text) => {
            out.extend_from_slice(&string(text));
        }
        Reply::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Reply::Double(digits) | Reply::BigNumber(digits) => {
            out.extend_from_slice(digits.as_bytes());
        }
        Reply::Nil => out.extend_from_slice(b"null"),
        Reply::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Reply::Array(elements) | Reply::Set(elements) | Reply::Push(elements) => {
            out.push(b'[');
            separated(out, elements, |out, element| json(out, element, string));
            out.push(b']');
        }
        Reply::Map(pairs) => {
            out.push(b'{');
            separated(out, pairs, |out, (key, value)| {
                if key.text().is_some() || key.error().is_some() {
                    json(out, key, string);
                } else {
                    out.push(b'"');
                    json(out, key, string);
                    out.push(b'"');
                }
                out.push(b':');
                json(out, value, string);
            });
            out.push(b'}');
        }
    }
}

fn separated<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Reply {
        Reply::Array(vec![
            Reply::Bulk(b"a\"\x01".to_vec()),
            Reply::Nil,
            Reply::Array(vec![]),
            Reply::Error(b"ERR x".to_vec()),
            Reply::Map(vec![
                (Reply::Integer(1), Reply::Bool(true)),
                (Reply::Status(b"k".to_vec()), Reply::Double("inf".into())),
            ]),
        ])
    }

    #[test]
    fn csv_is_flat() {
        let mut out = Vec::new();
        csv(&mut out, &sample());
        assert_eq!(String::from_utf8(out).unwrap(), r#""a\"\x01",NULL,,ERROR,"ERR x",1,true,"k",inf"#);
    }

    #[test]
    fn json_quotes_keys() {
        let mut out = Vec::new();
        json(&mut out, &sample(), escape::json);
        assert_eq!(String::from_utf8(out).unwrap(), r#"["a\"\u0001",null,[],error:"ERR x",{"1":true,"k":inf}]"#);
    }
}
