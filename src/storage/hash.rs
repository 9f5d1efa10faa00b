//! Key hash: one keyed 64-bit hash decides a key's shard and its place inside the shard.
//!
//! What: rapidhash V3 with seed *and* secrets drawn from one random number per engine. A client that does
//! not know the seed cannot choose keys that collide. About 3 ns for a 16-byte key, no state, no allocation.
//!
//! Why one hash: every layer below takes bits of the same number, so a key is hashed once per request.
//!
//! ```text
//!  KeyHash   | shard, 0..=10 bits | tag, 19 bits | fingerprint, 8 bits | unused |
//!  Position                       ^ shifted left to bit 63, cut after the fingerprint
//! ```
//!
//! Invariants: a [`Position`] is what the table knows of a key without reading its entry: tag and fingerprint
//! are kept in the bucket, so growing, splitting and scanning never touch an entry. A fingerprint is never 0
//! (0 marks an empty slot): the two lowest values share a fingerprint, which keeps positions monotone in the
//! hash. The order of positions is the order of the table; SCAN depends on it.

use super::memory::NoMemory;
use super::shared::Shared;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_inline};

/// Most bits of a hash that may choose the shard.
pub const SHARD_BITS_MAX: u32 = 10;
/// Hash bits kept beside the pointer in a slot.
pub const TAG_BITS: u32 = 19;
/// Hash bits kept in a bucket's fingerprint byte.
const FINGERPRINT_BITS: u32 = 8;
/// Hash bits the table knows of each key.
pub const POSITION_BITS: u32 = TAG_BITS + FINGERPRINT_BITS;

const FINGERPRINT_SHIFT: u32 = u64::BITS - POSITION_BITS;
const TAG_SHIFT: u32 = u64::BITS - TAG_BITS;

const _: () = assert!(SHARD_BITS_MAX + POSITION_BITS <= u64::BITS);

/// The secret of one engine's hash function. Large values have one each, so it is a pointer to the 64 bytes that are
/// always in the cache.
#[derive(Clone)]
pub struct HashSeed(Shared<RapidSecrets>);

impl HashSeed {
    /// Derives seed and secrets from one random number.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(random: u64) -> Result<Self, NoMemory> {
        Shared::new(RapidSecrets::seed(random)).map(Self)
    }

    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        KeyHash(rapidhash_v3_inline::<true, false, false>(key, &self.0))
    }
}

/// The hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHash(pub u64);

impl KeyHash {
    /// The shard of the key, below `1 << shard_bits`.
    #[inline]
    pub fn shard(self, shard_bits: u32) -> usize {
        debug_assert!(shard_bits <= SHARD_BITS_MAX);
        ((self.0 >> 1) >> (u64::BITS - 1 - shard_bits)) as usize
    }

    /// The place of the key inside its shard.
    #[inline]
    pub fn position(self, shard_bits: u32) -> Position {
        Position::from_cursor(self.0 << shard_bits)
    }
}

/// A place in the order of a shard: [`POSITION_BITS`] significant bits, left aligned in 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// The position at or after which a scan continues; any number is a valid cursor.
    #[inline]
    pub fn from_cursor(cursor: u64) -> Self {
        const FINGERPRINT: u64 = u8::MAX as u64;
        let position = cursor >> FINGERPRINT_SHIFT;
        let is_zero = position & FINGERPRINT == 0;
        Self((position | u64::from(is_zero)) << FINGERPRINT_SHIFT)
    }

    /// The position of an entry in a bucket, from what the bucket keeps.
    #[inline]
    pub fn from_parts(tag: u32, fingerprint: u8) -> Self {
        Self((u64::from(tag) << TAG_SHIFT) | (u64::from(fingerprint) << FINGERPRINT_SHIFT))
    }

    #[inline]
    pub fn tag(self) -> u32 {
        (self.0 >> TAG_SHIFT) as u32
    }

    #[inline]
    pub fn fingerprint(self) -> u8 {
        (self.0 >> FINGERPRINT_SHIFT) as u8
    }

    /// The first `depth` bits.
    #[inline]
    pub fn prefix(self, depth: u32) -> usize {
        ((self.0 >> 1) >> (u64::BITS - 1 - depth)) as usize
    }

    /// The bit after the first `depth`.
    #[inline]
    pub fn bit(self, depth: u32) -> usize {
        (self.0 >> (u64::BITS - 1 - depth)) as usize & 1
    }

    /// Scales the bits after the first `depth` to `0..buckets`, keeping their order.
    #[inline]
    pub fn scale(self, depth: u32, buckets: usize) -> usize {
        let rest = (self.0 << depth) >> 32;
        ((rest * buckets as u64) >> 32) as usize
    }

    /// The cursor after all positions that scale to `bucket` or less in the segment that holds `self`;
    /// `None` if no position follows.
    pub fn after_bucket(self, depth: u32, buckets: usize, bucket: usize) -> Option<u64> {
        const STEP: u64 = 1 << FINGERPRINT_SHIFT;
        // The least `rest` with rest * buckets >> 32 > bucket, rounded up to a whole position.
        let rest = ((bucket as u64 + 1) << 32).div_ceil(buckets as u64);
        let rest = rest.next_multiple_of((STEP << depth) >> 32);
        let start = (self.prefix(depth) as u64).unbounded_shl(u64::BITS - depth);
        let offset = (u128::from(rest) << 32) >> depth;
        u64::try_from(u128::from(start) + offset).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_and_position_share_no_bits() {
        let hash = KeyHash(0xABCD_EF01_2345_6789);
        assert_eq!(hash.shard(0), 0);
        assert_eq!(hash.shard(8), 0xAB);
        assert_eq!(hash.shard(10), 0xABCD >> 6);
        assert_eq!(hash.position(8).prefix(8), 0xCD);
        assert_eq!(hash.position(0).prefix(0), 0);
    }

    #[test]
    fn parts_restore_the_position_and_fingerprints_are_never_zero() {
        for hash in [0, 1, u64::MAX, 0x1234_5678_9ABC_DEF0, 0xFFFF_E01F_FFFF_FFFF] {
            let position = KeyHash(hash).position(0);
            assert_ne!(position.fingerprint(), 0);
            assert_eq!(position, Position::from_parts(position.tag(), position.fingerprint()));
        }
    }

    #[test]
    fn after_bucket_is_the_first_position_of_the_next_bucket() {
        for depth in [0, 1, 5, 13, 18] {
            for buckets in [1, 2, 3, 7, 27, 39, 64, 100] {
                let mut position = Position::from_cursor(0x5A5A_5A5A_5A5A_5A5A);
                let prefix = position.prefix(depth);
                loop {
                    let bucket = position.scale(depth, buckets);
                    let Some(next) = position.after_bucket(depth, buckets, bucket) else { break };
                    let last = Position::from_cursor(next - 1);
                    if last.prefix(depth) == prefix {
                        assert!(last.scale(depth, buckets) <= bucket);
                    }
                    let following = Position::from_cursor(next);
                    if following.prefix(depth) != prefix {
                        assert_eq!(following.prefix(depth), prefix + 1);
                        break;
                    }
                    assert!(following.scale(depth, buckets) > bucket);
                    position = following;
                }
            }
        }
    }

    #[test]
    fn seeds_give_different_functions() {
        let [a, b] = [1, 2].map(|random| HashSeed::new(random).expect("memory"));
        assert_eq!(a.hash(b"key"), a.clone().hash(b"key"));
        assert_ne!(a.hash(b"key"), b.hash(b"key"));
    }
}
