//! LZF: the compression of strings in RDB and of the inner nodes of long lists.
//!
//! ```text
//!  000LLLLL + L+1 bytes            these bytes
//!  LLLooooo oooooooo               L+2 bytes again, from o+1 bytes back (L from 1 to 6)
//!  111ooooo LLLLLLLL oooooooo      L+9 bytes again, from o+1 bytes back
//! ```
//!
//! Our own and not the crate `lzf`, for two reasons. What is decompressed has a length that a client wrote, so its
//! room is bounded by what the input can produce, and asked for politely. And what is compressed should be what Redis
//! makes of it byte for byte, so that payloads can be compared: the same hash of three bytes, the same table of
//! positions, the same order of insertions as in the "very fast" variant of Marc Lehmann's liblzf.
//!
//! Cost: one pass, and a table of 2^`BITS` positions, 256 KB of them for what Redis must find the same. Entries are stamped
//! by counting positions on from one input to the next, so that the table is cleared once in 4 GB instead of once per string.

use super::NoMemory;

/// A reference of three bytes can stand for 264.
const EXPANSION_MAX: usize = 264 / 3;

const LITERALS_MAX: usize = 32;
const DISTANCE_MAX: usize = 1 << 13;
const MATCH_MAX: usize = 264;
const MATCH_MIN: usize = 3;
const UNROLLED: usize = 16;
/// This in the three bits of the length: another byte adds to it.
const LENGTH_LONG: usize = 7;
/// Length bytes of runs that may be open beyond the last byte of room.
const RUN_HEADS: usize = 4;

/// Why there is nothing decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The input contradicts itself or the length that it should have.
    Corrupt,
    NoMemory,
}

/// Appends what `input` decompresses to, which should be `len` bytes.
///
/// # Errors
/// If it is not, or if there is no room for it; then `output` holds anything behind what it held.
pub fn decompress(input: &[u8], len: usize, output: &mut Vec<u8>) -> Result<(), Failure> {
    if len > input.len().saturating_mul(EXPANSION_MAX) {
        return Err(Failure::Corrupt);
    }
    output.try_reserve_exact(len).map_err(|_| Failure::NoMemory)?;
    let start = output.len();
    expand(input, start, start + len, output).filter(|()| output.len() == start + len).ok_or(Failure::Corrupt)
}

/// Decompresses to `start` and what follows, but not beyond `end`.
fn expand(mut input: &[u8], start: usize, end: usize, output: &mut Vec<u8>) -> Option<()> {
    while let Some((first, rest)) = input.split_first() {
        input = rest;
        let (length, high) = (usize::from(first >> 5), usize::from(first & 0b1_1111));
        let room = end - output.len();
        if length == 0 {
            let (literals, rest) = input.split_at_checked(high + 1)?;
            input = rest;
            if literals.len() > room {
                return None;
            }
            output.extend_from_slice(literals);
            continue;
        }
        let more = if length == LENGTH_LONG { byte(&mut input)? } else { 0 };
        let distance = (high << 8 | byte(&mut input)?) + 1;
        let again = length + more + 2;
        if again > room || distance > output.len() - start {
            return None;
        }
        repeat(output, distance, again);
    }
    Some(())
}

fn byte(input: &mut &[u8]) -> Option<usize> {
    let (byte, rest) = input.split_first()?;
    *input = rest;
    Some(usize::from(*byte))
}

/// Appends `len` bytes from `distance` bytes back. The source may overlap what it becomes: then each round doubles
/// what the next can copy at once.
fn repeat(output: &mut Vec<u8>, distance: usize, len: usize) {
    let start = output.len() - distance;
    let end = output.len() + len;
    while output.len() < end {
        let chunk = (end - output.len()).min(output.len() - start);
        output.extend_from_within(start..start + chunk);
    }
}

/// The table that finds repetitions, kept from one string to the next. With 16 bits, what is compressed is what Redis makes
/// of it; with fewer, repetitions are overlooked.
#[derive(Debug)]
pub struct Compressor<const BITS: u32 = 16> {
    /// `base` plus the last position of three bytes with this hash; what is below `base` is of an earlier input.
    positions: Vec<u32>,
    base: u32,
}

impl<const BITS: u32> Compressor<BITS> {
    /// A compressor that has seen nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new() -> Result<Self, NoMemory> {
        let mut positions = Vec::new();
        positions.try_reserve_exact(1 << BITS)?;
        positions.resize(1 << BITS, 0);
        Ok(Self { positions, base: 1 })
    }

    /// Appends `input`, compressed, if that takes at most `room` bytes; otherwise leaves `output` as it was.
    ///
    /// # Errors
    /// If memory is short.
    pub fn compress(&mut self, input: &[u8], room: usize, output: &mut Vec<u8>) -> Result<bool, NoMemory> {
        let Ok(len) = u32::try_from(input.len()) else { return Ok(false) };
        if self.base.checked_add(len).is_none() {
            self.positions.fill(0);
            self.base = 1;
        }
        if len == u32::MAX {
            return Ok(false);
        }
        // An empty run at the very end takes a byte that is given back.
        output.try_reserve(room.saturating_add(RUN_HEADS)).map_err(|_| NoMemory)?;
        let start = output.len();
        let fits = self.run(input, start + room, output).is_some();
        self.base += len;
        if !fits {
            output.truncate(start);
        }
        Ok(fits)
    }

    fn run(&mut self, input: &[u8], end: usize, output: &mut Vec<u8>) -> Option<()> {
        let mut run = Run::new(output);
        let last = input.len().checked_sub(2)?;
        let mut at = 0;
        while at < last {
            let Some(from) = self.find(input, at) else {
                run.literal(*input.get(at)?, end)?;
                at += 1;
                continue;
            };
            let len = match_len(input, from, at);
            run.again(len, at - from - 1, end)?;
            at += len;
            if at >= last {
                break;
            }
            self.find(input, at - 2);
            self.find(input, at - 1);
        }
        // At most three bytes can be left.
        if run.output.len() + 3 > end {
            return None;
        }
        for &byte in input.get(at..)? {
            run.literal(byte, usize::MAX)?;
        }
        run.close();
        Some(())
    }

    /// Where the three bytes at `at` were last seen in reach, but for the very start; notes that they are here.
    #[inline]
    fn find(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let [a, b, c] = *input.get(at..)?.first_chunk::<3>()?;
        let hash = u32::from_be_bytes([0, a, b, c]);
        let slot = (hash >> (24 - BITS)).wrapping_sub(hash.wrapping_mul(5)) & ((1 << BITS) - 1);
        let here = self.base + at as u32;
        let before = std::mem::replace(self.positions.get_mut(slot as usize)?, here);
        let from = before.checked_sub(self.base)? as usize;
        let is_match = from > 0 && at - from <= DISTANCE_MAX && input.get(from..from + 3)? == [a, b, c];
        is_match.then_some(from)
    }
}

/// How long what is at `at` goes on like what is at `from`. The last two bytes of the input are left for literals, unless
/// they are among the sixteen that liblzf compares without looking where the end is.
fn match_len(input: &[u8], from: usize, at: usize) -> usize {
    let max = match (input.len() - at - 2).min(MATCH_MAX) {
        few @ ..=UNROLLED => few.max(MATCH_MIN),
        many => many.max(MATCH_MIN + UNROLLED),
    };
    let pairs = input[from..].iter().zip(&input[at..]).take(max);
    pairs.take_while(|(a, b)| a == b).count()
}

/// Compressed output with a run of literals open: its length byte comes before it.
struct Run<'o> {
    output: &'o mut Vec<u8>,
    /// Where the length byte is.
    head: usize,
}

impl<'o> Run<'o> {
    fn new(output: &'o mut Vec<u8>) -> Self {
        let head = output.len();
        output.push(0);
        Self { output, head }
    }

    fn len(&self) -> usize {
        self.output.len() - self.head - 1
    }

    /// Ends the run; one without literals leaves nothing.
    fn close(&mut self) {
        match self.len() {
            0 => self.output.truncate(self.head),
            len => self.output[self.head] = (len - 1) as u8,
        }
    }

    fn reopen(&mut self) {
        self.head = self.output.len();
        self.output.push(0);
    }

    fn literal(&mut self, byte: u8, end: usize) -> Option<()> {
        if self.output.len() >= end {
            return None;
        }
        self.output.push(byte);
        if self.len() == LITERALS_MAX {
            self.close();
            self.reopen();
        }
        Some(())
    }

    fn again(&mut self, len: usize, distance: usize, end: usize) -> Option<()> {
        self.close();
        if self.output.len() + 4 >= end {
            return None;
        }
        let (high, low) = ((distance >> 8) as u8, distance as u8);
        match len - 2 {
            length @ ..LENGTH_LONG => self.output.push((length as u8) << 5 | high),
            length => self.output.extend_from_slice(&[(LENGTH_LONG as u8) << 5 | high, (length - LENGTH_LONG) as u8]),
        }
        self.output.push(low);
        self.reopen();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Rng;
    use super::*;

    fn decompressed(input: &[u8], len: usize) -> Result<Vec<u8>, Failure> {
        let mut output = b"before".to_vec();
        decompress(input, len, &mut output)?;
        assert_eq!(&output[..6], b"before");
        Ok(output.split_off(6))
    }

    fn compressed<const BITS: u32>(compressor: &mut Compressor<BITS>, input: &[u8]) -> Option<Vec<u8>> {
        let mut output = b"before".to_vec();
        let fits = compressor.compress(input, input.len().saturating_sub(4), &mut output).unwrap();
        assert_eq!(output.len() > 6, fits);
        fits.then(|| output.split_off(6))
    }

    #[test]
    fn compresses_as_redis_does() {
        // From DUMP by redis-server 7.0.15.
        let cases: [(Vec<u8>, &[u8]); 4] = [
            (vec![b'a'; 24], b"\x01aa\xe0\x0b\x00\x01aa"),
            (b"abc".repeat(10), b"\x03abca\xe0\x0f\x02\x01bc"),
            (b"the quick brown fox the quick brown fox".to_vec(), b"\x14the quick brown fox t\xe0\x07\x13\x01ox"),
            (vec![b'x'; 1000], b"\x01xx\xe0\xff\x00\xe0\xff\x00\xe0\xff\x00\xe0\xc3\x00\x01xx"),
        ];
        let mut compressor = Compressor::<16>::new().unwrap();
        // What an earlier input has left in the table makes no difference.
        for (input, output) in cases.iter().chain(&cases) {
            assert_eq!(compressed(&mut compressor, input).as_deref(), Some(*output));
            assert_eq!(decompressed(output, input.len()).as_ref(), Ok(input));
        }
    }

    fn input(random: &mut Rng) -> Vec<u8> {
        let len = random.below(300) as usize;
        let letters = [1, 2, 4, 256][random.below(4) as usize];
        let mut input: Vec<u8> = (0..len).map(|_| random.below(letters) as u8).collect();
        for _ in 0..random.below(4) {
            let end = random.below(input.len() as u64 + 1) as usize;
            input.extend_from_within(..end);
        }
        input
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let mut random = Rng::seeded(1);
        let mut compressor = Compressor::<16>::new().unwrap();
        let mut forgetful = Compressor::<4>::new().unwrap();
        let mut smaller = 0;
        for _ in 0..3000 {
            let input = input(&mut random);
            let Some(output) = compressed(&mut compressor, &input) else { continue };
            smaller += 1;
            assert!(output.len() + 4 <= input.len());
            assert_eq!(decompressed(&output, input.len()).as_ref(), Ok(&input));
            if let Some(output) = compressed(&mut forgetful, &input) {
                assert_eq!(decompressed(&output, input.len()), Ok(input));
            }
        }
        assert!(smaller > 1000, "{smaller}");
    }

    #[test]
    fn positions_start_over_before_they_overflow() {
        let mut compressor = Compressor::<16>::new().unwrap();
        let input = b"abcdefgh".repeat(10);
        let expected = compressed(&mut compressor, &input);
        for base in [u32::MAX - 200, u32::MAX - 80, u32::MAX - 79, u32::MAX] {
            compressor.base = base;
            assert_eq!(compressed(&mut compressor, &input), expected, "{base}");
            assert_eq!(compressed(&mut compressor, &input), expected, "{base}");
        }
    }

    #[test]
    fn damaged_input_is_refused_or_gives_the_promised_length() {
        let mut random = Rng::seeded(2);
        let mut compressor = Compressor::<16>::new().unwrap();
        for _ in 0..3000 {
            let input = input(&mut random);
            let Some(mut output) = compressed(&mut compressor, &input) else { continue };
            for len in [0, input.len() - 1, input.len() + 1, usize::MAX] {
                assert_eq!(decompressed(&output, len), Err(Failure::Corrupt));
            }
            let at = random.below(output.len() as u64) as usize;
            output[at] ^= 1 << random.below(8);
            if let Ok(text) = decompressed(&output, input.len()) {
                assert_eq!(text.len(), input.len());
            }
            output.truncate(at);
            assert_eq!(decompressed(&output, input.len()), Err(Failure::Corrupt));
        }
    }
}
