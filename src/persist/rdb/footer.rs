//! The ends of a DUMP payload: the version of the format and a checksum over everything before it.
//!
//! ```text
//!  | type | body | version, 2 LE | CRC-64, 8 LE |
//! ```
//!
//! The checksum is Jones's CRC-64, reflected, from 0 and without a final exclusive-or. One of 0 means that there is
//! none: newer versions of Redis write it so when `rdbchecksum` is off.

use super::{VERSION_MAX, Writer};
use crate::storage::NoMemory;
use crc::{CRC_64_REDIS, Crc, Table};

/// Sixteen bytes a step: a few hundred MB/s without any instruction of a particular processor.
static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

const VERSION_BYTES: usize = 2;
const CRC_BYTES: usize = 8;

/// Completes the payload that `writer` holds.
///
/// # Errors
/// If memory is short.
pub fn seal(writer: &mut Writer, version: u16) -> Result<(), NoMemory> {
    writer.put(&version.to_le_bytes())?;
    let crc = CRC.checksum(writer.bytes());
    writer.put(&crc.to_le_bytes())
}

/// What is before the footer of a payload, if version and checksum allow it to be read.
pub fn open(payload: &[u8]) -> Option<&[u8]> {
    let (summed, crc) = payload.split_last_chunk::<CRC_BYTES>()?;
    let (body, version) = summed.split_last_chunk::<VERSION_BYTES>()?;
    let crc = u64::from_le_bytes(*crc);
    let is_sound = u16::from_le_bytes(*version) <= VERSION_MAX && (crc == 0 || crc == CRC.checksum(summed));
    is_sound.then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DUMP of "hello" by redis-server 7.0.15.
    const HELLO: &[u8] = b"\x00\x05hello\n\x00cr\xdfve4 \n";

    #[test]
    fn is_the_checksum_of_redis() {
        assert_eq!(CRC.checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(open(HELLO), Some(&HELLO[..7]));
        let mut writer = Writer::new(true);
        writer.put(&HELLO[..7]).unwrap();
        seal(&mut writer, super::super::VERSION).unwrap();
        assert_eq!(writer.bytes(), HELLO);
    }

    #[test]
    fn refuses_what_is_short_damaged_or_too_new() {
        for len in 0..HELLO.len() {
            assert_eq!(open(&HELLO[..len]), None, "{len} bytes");
        }
        for bit in 0..HELLO.len() * 8 {
            let mut damaged = HELLO.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&damaged), None, "bit {bit}");
        }
        for (version, is_sound) in [(0u16, true), (6, true), (11, true), (12, true), (13, false), (u16::MAX, false)] {
            let mut writer = Writer::new(true);
            seal(&mut writer, version).unwrap();
            assert_eq!(open(writer.bytes()).is_some(), is_sound, "version {version}");
        }
    }

    #[test]
    fn accepts_a_payload_without_checksum() {
        let mut unsummed = HELLO.to_vec();
        unsummed[HELLO.len() - CRC_BYTES..].fill(0);
        assert_eq!(open(&unsummed), Some(&HELLO[..7]));
    }
}
