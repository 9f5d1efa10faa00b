//! Harvested: replies of redis-server 7.0.15 to DEBUG PROTOCOL and others, in both protocol versions.

use super::naive::{self, Value};
use super::{Random, for_seeds};
use crate::resp::{Protocol, ReplyWriter};

fn both(write: impl Fn(&mut ReplyWriter)) -> (String, String) {
    let of = |protocol| {
        let mut writer = ReplyWriter::new(protocol);
        write(&mut writer);
        String::from_utf8(writer.take()).expect("these replies are text")
    };
    (of(Protocol::Resp2), of(Protocol::Resp3))
}

fn check(write: impl Fn(&mut ReplyWriter), resp2: &str, resp3: &str) {
    assert_eq!(both(write), (resp2.to_owned(), resp3.to_owned()));
}

fn check_same(write: impl Fn(&mut ReplyWriter), bytes: &str) {
    check(write, bytes, bytes);
}

#[test]
#[allow(clippy::approx_constant, reason = "the value of DEBUG PROTOCOL double")]
fn scalars_as_the_server_sends_them() {
    check_same(|w| w.ok(), "+OK\r\n");
    check_same(|w| w.pong(), "+PONG\r\n");
    check_same(|w| w.status("Background saving started"), "+Background saving started\r\n");
    check_same(|w| w.bulk(b"Hello World"), "$11\r\nHello World\r\n");
    check_same(|w| w.bulk(b""), "$0\r\n\r\n");
    check_same(|w| w.integer(12345), ":12345\r\n");
    check_same(|w| w.bulk_integer(-7), "$2\r\n-7\r\n");
    check(|w| w.double(3.141), "$5\r\n3.141\r\n", ",3.141\r\n");
}

#[test]
fn typed_scalars() {
    check(|w| w.null(), "$-1\r\n", "_\r\n");
    check(|w| w.null_array(), "*-1\r\n", "_\r\n");
    check(|w| w.boolean(true), ":1\r\n", "#t\r\n");
    check(|w| w.boolean(false), ":0\r\n", "#f\r\n");
    check(
        |w| w.big_number("1234567999999999999999999999999999999"),
        "$37\r\n1234567999999999999999999999999999999\r\n",
        "(1234567999999999999999999999999999999\r\n",
    );
    check(
        |w| w.verbatim("txt", b"This is a verbatim\nstring"),
        "$25\r\nThis is a verbatim\nstring\r\n",
        "=29\r\ntxt:This is a verbatim\nstring\r\n",
    );
    check(
        |w| w.verbatim("txt", b"Redis ver. 7.0.15\n"),
        "$18\r\nRedis ver. 7.0.15\n\r\n",
        "=22\r\ntxt:Redis ver. 7.0.15\n\r\n",
    );
    check(|w| w.verbatim("m", b""), "$0\r\n\r\n", "=4\r\nm  :\r\n");
}

#[test]
fn doubles_as_scores() {
    check(|w| w.double(1.1), "$18\r\n1.1000000000000001\r\n", ",1.1000000000000001\r\n");
    check(|w| w.double(3.0), "$1\r\n3\r\n", ",3\r\n");
    check(|w| w.double(1e17), "$5\r\n1e+17\r\n", ",1e+17\r\n");
    check(|w| w.double(f64::INFINITY), "$3\r\ninf\r\n", ",inf\r\n");
    check(|w| w.double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
}

#[test]
fn errors_stay_on_their_line() {
    check_same(|w| w.error("WRONGTYPE no"), "-WRONGTYPE no\r\n");
    check_same(|w| w.err("syntax error"), "-ERR syntax error\r\n");
    // DEBUG ERROR "ab\r\ncd\r\n"
    check_same(|w| w.error(b"ab\r\ncd\r\n"), "-ab  cd  \r\n");
    check_same(|w| w.error_parts(&[b"ERR '", b"a\nb", b"'"]), "-ERR 'a b'\r\n");
    check_same(|w| w.status("a\r\nb"), "+a  b\r\n");
}

#[test]
fn aggregates_as_the_server_sends_them() {
    let three = |w: &mut ReplyWriter| (0..3).for_each(|value| w.integer(value));
    let elements = ":0\r\n:1\r\n:2\r\n";
    let with = |header: &str| format!("{header}\r\n{elements}");
    check_same(|w| (w.array(3), three(w)).0, &with("*3"));
    check(|w| (w.set(3), three(w)).0, &with("*3"), &with("~3"));
    check(|w| (w.push(3), three(w)).0, &with("*3"), &with(">3"));
    check(
        |w| {
            w.map(1);
            w.bulk(b"maxmemory-policy");
            w.bulk(b"noeviction");
        },
        "*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n",
        "%1\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n",
    );
}

#[test]
fn lengths_inserted_afterwards() {
    check(
        |w| {
            w.ok();
            let outer = w.begin();
            for len in [0usize, 9, 10, 99, 100, 999, 1000, 12345] {
                let inner = w.begin();
                (0..len).for_each(|_| w.null());
                match len % 3 {
                    0 => w.end_array(inner, len),
                    1 => w.end_set(inner, len),
                    _ => w.end_map(inner, len / 2),
                }
            }
            w.end_map(outer, 4);
        },
        &lengths("*8", "*", "*", 2, "$-1\r\n"),
        &lengths("%4", "~", "%", 1, "_\r\n"),
    );
}

fn lengths(outer: &str, set: &str, map: &str, factor: usize, null: &str) -> String {
    let mut text = format!("+OK\r\n{outer}\r\n");
    for len in [0usize, 9, 10, 99, 100, 999, 1000, 12345] {
        match len % 3 {
            0 => text += &format!("*{len}\r\n"),
            1 => text += &format!("{set}{len}\r\n"),
            _ => text += &format!("{map}{}\r\n", len / 2 * factor),
        }
        text += &null.repeat(len);
    }
    text
}

#[test]
fn every_header_is_the_formatted_one() {
    let values = (0..2000).chain([9_999, 10_000, i64::MAX, -1, -999, i64::MIN]);
    for value in values {
        check_same(|w| w.integer(value), &format!(":{value}\r\n"));
        check_same(|w| w.array(value as usize & 0xfffff), &format!("*{}\r\n", value & 0xfffff));
    }
    for len in 0..1200 {
        check_same(|w| w.bulk(&vec![b'x'; len]), &format!("${len}\r\n{}\r\n", "x".repeat(len)));
    }
}

#[test]
fn the_buffer() {
    let mut writer = ReplyWriter::new(Protocol::Resp2);
    assert!(writer.is_empty());
    writer.ok();
    let len = writer.len();
    writer.bulk(b"half a reply");
    writer.truncate(len);
    assert_eq!(writer.bytes(), b"+OK\r\n");
    writer.buffer_mut().extend_from_slice(b":1\r\n");
    assert_eq!(writer.len(), 9);
    writer.clear();
    assert!(writer.is_empty());
    writer.set_protocol(Protocol::Resp3);
    assert_eq!(writer.protocol(), Protocol::Resp3);
}

/// Writes a random reply and returns what a RESP3 reader must see.
pub(super) fn random_reply(random: &mut Random, w: &mut ReplyWriter, depth: usize) -> Value {
    let kinds = if depth == 0 { 9 } else { 13 };
    let len = random.below(5);
    let many = |random: &mut Random, w: &mut ReplyWriter, len: usize| -> Vec<Value> {
        (0..len).map(|_| random_reply(random, w, depth - 1)).collect()
    };
    match random.below(kinds) {
        0 => {
            w.status("fine");
            Value::Status(b"fine".to_vec())
        }
        1 => {
            w.error("ERR bad");
            Value::Error(b"ERR bad".to_vec())
        }
        2 => {
            let value = random.next() as i64 >> random.below(64);
            w.integer(value);
            Value::Integer(value)
        }
        3 | 4 => {
            let len = random.below(200);
            let data = random.bytes(len, b"\r\n$*:ab\0");
            w.bulk(&data);
            Value::Bulk(data)
        }
        5 => {
            w.null();
            Value::Null
        }
        6 => {
            w.double(0.5);
            Value::Double("0.5".to_owned())
        }
        7 => {
            w.boolean(true);
            Value::Bool(true)
        }
        8 => {
            w.verbatim("mkd", b"# x");
            Value::Verbatim(b"mkd".to_vec(), b"# x".to_vec())
        }
        9 => {
            w.array(len);
            Value::Array(many(random, w, len))
        }
        10 => {
            let mark = w.begin();
            let values = many(random, w, 2 * len);
            w.end_map(mark, len);
            Value::Map(values)
        }
        11 => {
            let mark = w.begin();
            let values = many(random, w, len);
            w.end_set(mark, len);
            Value::Set(values)
        }
        _ => {
            w.push(len);
            Value::Push(many(random, w, len))
        }
    }
}

#[test]
fn replies_survive_the_round_trip() {
    for_seeds(5_000, |random| {
        let mut writer = ReplyWriter::new(Protocol::Resp3);
        let written = random_reply(random, &mut writer, 4);
        assert_eq!(naive::value(writer.bytes()), (written, &b""[..]));
    });
}
