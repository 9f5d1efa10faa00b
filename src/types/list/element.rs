//! Element: one value of a list as bytes, in the encoding of Redis's listpack elements.
//!
//! ```text
//!  0xxxxxxx                              integer 0 ..= 127
//!  10xxxxxx text                         text of up to 63 bytes
//!  110xxxxx yyyyyyyy                     13-bit integer
//!  1110xxxx yyyyyyyy text                text of up to 4095 bytes
//!  f1 16 | f2 24 | f3 32 | f4 64 bits    integers, little-endian
//!  f0 32-bit length, little-endian, text
//!  then the number of the bytes above, to be read backwards: 7 bits a byte, the top bit set if more are before it
//! ```
//!
//! Why this one: a text of up to 63 bytes costs two bytes, an integer is packed, and both ends of a run of elements can be
//! read. An [`Int`](StringRef::Int) is the canonical text of a 64-bit integer, so equal elements have equal encodings. Where all
//! elements of a run are alike they do without what is the same in all: see [`layout`](super::layout).

use crate::storage::StringRef;

/// Longest text that an element can be.
pub const TEXT_MAX: usize = u32::MAX as usize - 16;

/// Most bytes of an integer, see [`int_len`].
pub const INT_MAX: usize = 9;

/// Bytes that an element takes.
#[inline]
pub fn encoded_len(element: StringRef<'_>) -> usize {
    match element {
        StringRef::Int(int) => encoded_int_len(int_len(int)),
        StringRef::Str(text) => encoded_text_len(text.len()),
    }
}

/// Bytes of a text of this length.
#[inline]
pub fn encoded_text_len(len: usize) -> usize {
    let payload = text_header_len(len) + len;
    payload + back_len(payload)
}

/// Bytes of an integer that takes so many without the number at its end.
#[inline]
pub fn encoded_int_len(payload: usize) -> usize {
    payload + back_len(payload)
}

/// Bytes of an integer without the number at its end: up to [`INT_MAX`].
#[inline]
pub fn int_len(int: i64) -> usize {
    match int {
        0..=127 => 1,
        -4096..=4095 => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    }
}

#[inline]
fn text_header_len(len: usize) -> usize {
    match len {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    }
}

/// Bytes that the length at the end of an element takes. The limits are one below what 14 and more bits can hold, as
/// Redis has them.
#[inline]
fn back_len(payload: usize) -> usize {
    match payload {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// Writes an element to the beginning of `out` and returns how many bytes that were.
///
/// # Panics
/// If `out` is shorter than [`encoded_len`].
#[inline]
pub fn write(element: StringRef<'_>, out: &mut [u8]) -> usize {
    let payload = match element {
        StringRef::Int(int) => write_int(int, out),
        StringRef::Str(text) => {
            let header = write_text_header(text.len(), out);
            out[header..header + text.len()].copy_from_slice(text);
            header + text.len()
        }
    };
    payload + write_back_len(payload, &mut out[payload..])
}

/// Writes an integer without the number at its end and returns how many bytes that were.
#[inline]
pub fn write_int(int: i64, out: &mut [u8]) -> usize {
    let bytes = int.to_le_bytes();
    let len = int_len(int);
    match len {
        1 => out[0] = bytes[0],
        2 => out[..2].copy_from_slice(&[0xc0 | bytes[1] & 0x1f, bytes[0]]),
        _ => {
            out[0] = match len {
                3 => 0xf1,
                4 => 0xf2,
                5 => 0xf3,
                _ => 0xf4,
            };
            out[1..len].copy_from_slice(&bytes[..len - 1]);
        }
    }
    len
}

#[inline]
fn write_text_header(len: usize, out: &mut [u8]) -> usize {
    let header = text_header_len(len);
    match header {
        1 => out[0] = 0x80 | len as u8,
        2 => out[..2].copy_from_slice(&[0xe0 | (len >> 8) as u8, len as u8]),
        _ => {
            out[0] = 0xf0;
            out[1..5].copy_from_slice(&(len as u32).to_le_bytes());
        }
    }
    header
}

#[inline]
fn write_back_len(payload: usize, out: &mut [u8]) -> usize {
    let len = back_len(payload);
    for (at, byte) in out[..len].iter_mut().enumerate() {
        let group = (payload >> (7 * (len - 1 - at))) as u8 & 0x7f;
        *byte = if at == 0 { group } else { group | 0x80 };
    }
    len
}

/// The element at the beginning of `bytes`, and how many bytes it takes.
///
/// # Panics
/// If there is none.
#[inline]
pub fn read(bytes: &[u8]) -> (StringRef<'_>, usize) {
    let (element, payload) = read_payload(bytes);
    (element, payload + back_len(payload))
}

/// [`read`] where no number need be at the end.
#[inline]
pub fn read_payload(bytes: &[u8]) -> (StringRef<'_>, usize) {
    let first = bytes[0];
    match first {
        0..0x80 => (StringRef::Int(i64::from(first)), 1),
        0x80..0xc0 => text(bytes, 1, usize::from(first & 0x3f)),
        0xc0..0xe0 => {
            // Five bits with the sign on top: shifted to the top of a byte and back.
            let high = i16::from((first << 3).cast_signed() >> 3) << 8;
            (StringRef::Int(i64::from(high | i16::from(bytes[1]))), 2)
        }
        0xe0..0xf0 => text(bytes, 2, usize::from(first & 0x0f) << 8 | usize::from(bytes[1])),
        0xf0 => text(bytes, 5, payload_of_long_text(bytes)),
        _ => {
            let payload = wide_int_len(first);
            (StringRef::Int(wide_int(&bytes[1..payload])), payload)
        }
    }
}

#[inline]
fn text(bytes: &[u8], header: usize, len: usize) -> (StringRef<'_>, usize) {
    (StringRef::Str(&bytes[header..header + len]), header + len)
}

#[inline]
fn payload_of_long_text(bytes: &[u8]) -> usize {
    u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize
}

#[inline]
fn wide_int_len(first: u8) -> usize {
    match first {
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        _ => 9,
    }
}

/// A little-endian integer of two, three, four or eight bytes.
#[inline]
fn wide_int(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    word[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_le_bytes(word) >> (8 * (8 - bytes.len()))
}

/// Bytes that the element at the beginning of `bytes` takes.
#[inline]
pub fn len_at(bytes: &[u8]) -> usize {
    let first = bytes[0];
    let payload = match first {
        0..0x80 => 1,
        0x80..0xc0 => 1 + usize::from(first & 0x3f),
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 2 + (usize::from(first & 0x0f) << 8 | usize::from(bytes[1])),
        0xf0 => 5 + payload_of_long_text(bytes),
        _ => wide_int_len(first),
    };
    payload + back_len(payload)
}

/// Bytes that the element at the end of `bytes` takes.
#[inline]
pub fn len_before(bytes: &[u8]) -> usize {
    let mut payload = 0;
    for (at, byte) in bytes.iter().rev().take(5).enumerate() {
        payload |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            break;
        }
    }
    payload + back_len(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(element: StringRef<'_>) -> Vec<u8> {
        let mut bytes = vec![0xaa; encoded_len(element) + 3];
        let len = write(element, &mut bytes);
        assert_eq!(len, encoded_len(element), "{element:?}");
        assert_eq!(bytes[len..], [0xaa; 3]);
        assert_eq!(read(&bytes), (element, len));
        assert_eq!((len_at(&bytes), len_before(&bytes[..len])), (len, len));
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn integers_of_every_width_come_back() {
        let mut borders = vec![i64::MIN, i64::MAX];
        for bits in 0..63 {
            let power = 1i64 << bits;
            borders.extend([power - 1, power, power + 1, -power - 1, -power, -power + 1]);
        }
        for int in borders.into_iter().chain(-5000..5000) {
            round_trip(StringRef::Int(int));
        }
    }

    #[test]
    fn texts_of_every_length_come_back() {
        let long = vec![b'x'; 2_100_000];
        let lens = (0..300).chain([4094, 4095, 4096, 16_377, 16_378, 16_379, 16_380, 65_535, 2_097_146, 2_097_147]);
        for len in lens.chain([2_100_000]) {
            round_trip(StringRef::Str(&long[..len]));
        }
    }

    #[test]
    fn the_bytes_are_those_of_redis() {
        assert_eq!(round_trip(StringRef::Int(7)), [7, 1]);
        assert_eq!(round_trip(StringRef::Int(-1)), [0xdf, 0xff, 2]);
        assert_eq!(round_trip(StringRef::Int(4095)), [0xcf, 0xff, 2]);
        assert_eq!(round_trip(StringRef::Int(-4096)), [0xd0, 0x00, 2]);
        assert_eq!(round_trip(StringRef::Int(0x1234_5678)), [0xf3, 0x78, 0x56, 0x34, 0x12, 5]);
        assert_eq!(round_trip(StringRef::Str(b"hi")), [0x82, b'h', b'i', 3]);
        assert_eq!(round_trip(StringRef::Str(&[b'a'; 200]))[200..], [b'a', b'a', 1, 0x80 | 74]);
    }
}
