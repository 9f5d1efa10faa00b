//! Damaged in any way, a payload is refused or is something else, but never more than that.

use super::{Bytes, load, payloads};
use crate::persist::rdb::{LoadError, Reader, Text, Writer, open};
use crate::storage::testing::Rng;

#[test]
fn nothing_shorter_is_a_value() {
    for (name, payload) in payloads() {
        let body = open(&payload).unwrap();
        let step = body.len() / 300 + 1;
        for len in (0..body.len()).step_by(step) {
            assert_eq!(load(&body[..len]), Err(LoadError::Corrupt), "{name} cut to {len} bytes");
        }
    }
}

#[test]
fn a_count_alone_makes_nothing_large() {
    // All types, all forms of lengths, and no bytes behind them.
    for type_id in 0..=255 {
        for count in [&b"\x3f"[..], b"\x7f\xff", b"\x80\xff\xff\xff\xff", b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff"] {
            let payload = [&[type_id], count].concat();
            assert_eq!(load(&payload), Err(LoadError::Corrupt), "type {type_id}");
            let packed = [&[type_id, 0xc3, 4], count, b"\x01aa\xe0"].concat();
            assert_eq!(load(&packed), Err(LoadError::Corrupt), "type {type_id}, compressed");
        }
    }
}

/// Payloads with a few bytes changed, cut out, doubled or made extreme, first as they are and then inside of what was
/// compressed: whatever comes out is a value or [`LoadError::Corrupt`].
#[test]
fn damaged_payloads_do_no_harm() {
    let mut random = Rng::from_env();
    let mut refused = 0;
    let mut rounds = 0;
    for (_, payload) in payloads() {
        let body = open(&payload).unwrap();
        for base in [body.to_vec(), unpacked(body)] {
            for _ in 0..200 {
                let mut damaged = base.clone();
                for _ in 0..1 + random.below(3) {
                    damage(&mut damaged, &mut random);
                }
                rounds += 1;
                match load(&damaged) {
                    Ok(_) => {}
                    Err(LoadError::Corrupt) => refused += 1,
                    Err(LoadError::NoMemory) => panic!("asked for too much memory: {damaged:x?}"),
                }
            }
        }
    }
    assert!(refused * 3 > rounds, "only {refused} of {rounds} were refused");
}

/// The same payload with its strings not compressed, so that damage reaches what is in them; itself if it has no
/// compressed string at the start.
fn unpacked(body: &[u8]) -> Bytes {
    let mut reader = Reader::new(&body[1..]);
    match reader.text() {
        Ok(text @ Text::Unpacked(_)) => {
            let mut writer = Writer::new(false);
            writer.put(&body[..1]).unwrap();
            writer.element(text.element()).unwrap();
            writer.put(reader.rest()).unwrap();
            writer.bytes().to_vec()
        }
        _ => body.to_vec(),
    }
}

fn damage(bytes: &mut Bytes, random: &mut Rng) {
    let mut place = |len: usize| random.below(len.max(1) as u64) as usize;
    // Most of the structure is at the start.
    let reach = if place(2) == 0 { 40 } else { usize::MAX };
    let at = place(bytes.len().min(reach));
    match (place(6), bytes.get(at).copied()) {
        (_, None) => bytes.push(place(256) as u8),
        (0, Some(byte)) => bytes[at] = byte ^ (1 << place(8)),
        (1, Some(_)) => bytes[at] = place(256) as u8,
        (2, Some(_)) => bytes[at] = [0, 0x7f, 0x80, 0x81, 0xc3, 0xf0, 0xf4, 0xfe, 0xff][place(9)],
        (3, Some(_)) => bytes.truncate(at),
        (4, Some(_)) => drop(bytes.drain(at..bytes.len().min(at + 1 + place(4)))),
        _ => {
            let end = bytes.len().min(at + 1 + place(8));
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
    }
}
