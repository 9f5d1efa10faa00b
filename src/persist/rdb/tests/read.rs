//! Payloads are read as what they are, or refused.

use super::expected::expected;
use super::{load, payloads};
use crate::persist::rdb::{LoadError, VERSION_MAX, Writer, open, seal};

#[test]
fn every_encoding_is_read_as_what_it_is() {
    for (name, payload) in payloads() {
        assert_eq!(load(open(&payload).unwrap()), Ok(expected(name)), "{name}");
    }
}

#[test]
fn nothing_after_the_value_is_read() {
    for (name, payload) in payloads() {
        let body = open(&payload).unwrap();
        assert_eq!(load(&[body, b"more"].concat()), Ok(expected(name)), "{name}");
    }
}

#[test]
fn values_that_contradict_themselves_are_refused() {
    let cases: &[(&str, &[u8])] = &[
        ("no type", b""),
        ("module", b"\x06\x00"),
        ("module 2", b"\x07\x00"),
        ("unused type", b"\x08\x00"),
        ("later type", b"\x1a\x00"),
        ("opcode", b"\xff"),
        ("empty list", b"\x01\x00"),
        ("empty set", b"\x02\x00"),
        ("empty hash", b"\x04\x00"),
        ("empty zset", b"\x05\x00"),
        ("empty quicklist", b"\x0e\x00"),
        ("quicklist of empty ziplists", b"\x0e\x01\x0b\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff"),
        ("quicklist of empty listpacks", b"\x12\x01\x02\x07\x07\x00\x00\x00\x00\x00\xff"),
        ("empty listpack", b"\x10\x07\x07\x00\x00\x00\x00\x00\xff"),
        ("empty plain node", b"\x12\x01\x01\x00"),
        ("unknown node", b"\x12\x01\x03\x01a"),
        ("integer for a listpack", b"\x10\xc0\x05"),
        ("member twice", b"\x02\x02\x01a\x01a"),
        ("member twice, as text and as integer", b"\x02\x02\x015\xc0\x05"),
        ("field twice", b"\x04\x02\x01a\x01b\x01a\x01c"),
        ("zset member twice", b"\x03\x02\x01a\x011\x01a\x012"),
        ("NaN as text", b"\x03\x01\x01a\xfd"),
        ("NaN as binary", b"\x05\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x7f"),
        ("no number for a score", b"\x11\x0d\x0d\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff"),
        ("field without value", b"\x10\x0a\x0a\x00\x00\x00\x01\x00\x81a\x02\xff"),
        ("field deadline too late", b"\x16\x01\x81\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x01b"),
        ("field deadline negative", b"\x18\xf0\xff\xff\xff\xff\xff\xff\xff\x01\x01\x01a\x01b"),
        ("field deadline overflow", b"\x18\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x02\x01a\x01b"),
        ("stream of more than there is", b"\x0f\x00\x01\x00\x00\x00"),
        ("stream node id of another size", b"\x0f\x01\x01a\x01b"),
    ];
    for (what, payload) in cases {
        assert_eq!(load(payload), Err(LoadError::Corrupt), "{what}");
    }
}

#[test]
fn payloads_are_sealed_as_redis_seals_them() {
    for (name, payload) in payloads() {
        let body = open(&payload).unwrap();
        let version = u16::from_le_bytes([payload[body.len()], payload[body.len() + 1]]);
        let mut writer = Writer::new(true);
        writer.put(body).unwrap();
        seal(&mut writer, version).unwrap();
        assert_eq!(writer.bytes(), payload, "{name}");
        assert!(version <= VERSION_MAX);
    }
}
