//! Runs of equal registers, in opcodes of one or two bytes; together they cover all registers.
//!
//! ```text
//!  00nnnnnn            n + 1 registers are zero, 64 at most
//!  01nnnnnn nnnnnnnn   n + 1 registers are zero, 16,384 at most
//!  1vvvvvnn            n + 1 registers, 4 at most, have the value v + 1, 32 at most
//! ```
//!
//! Raising a register replaces the opcode that covers it by up to three, then joins neighbours of equal value within
//! a few opcodes. Redis does it in this way, and as the result can be seen, so does this: a run may stay in two
//! opcodes where one would do.

use super::hash::Place;

const LONG_ZEROS: u8 = 0x40;
const VALUES: u8 = 0x80;
const ZEROS_MAX: usize = 64;
const VALUE_MAX: u8 = 32;
const VALUES_MAX: usize = 4;
/// XZERO, VAL, XZERO: the most that one opcode becomes.
const SPLICE_BYTES_MAX: usize = 5;
/// How many steps the joining of neighbours takes.
const JOIN_STEPS: usize = 5;

/// A run of registers with the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub value: u8,
    pub registers: usize,
    /// Length of its opcode.
    bytes: usize,
}

impl Run {
    /// Whether zeros are told in two bytes.
    pub fn is_long(self) -> bool {
        self.bytes == 2
    }
}

/// The run at `at`. A two-byte opcode cut off by the end reads as if a zero followed.
fn decode(runs: &[u8], at: usize) -> Option<Run> {
    let opcode = *runs.get(at)?;
    Some(match opcode & (VALUES | LONG_ZEROS) {
        0 => Run { value: 0, registers: usize::from(opcode) + 1, bytes: 1 },
        LONG_ZEROS => {
            let low = runs.get(at + 1).copied().unwrap_or(0);
            let registers = usize::from(u16::from_be_bytes([opcode & !LONG_ZEROS, low])) + 1;
            Run { value: 0, registers, bytes: 2 }
        }
        _ => Run { value: (opcode >> 2 & 0x1F) + 1, registers: usize::from(opcode & 0x03) + 1, bytes: 1 },
    })
}

/// All runs.
pub fn opcodes(runs: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let run = decode(runs, at)?;
        at += run.bytes;
        Some(run)
    })
}

fn value_opcode(value: u8, registers: usize) -> u8 {
    VALUES | (value - 1) << 2 | (registers - 1) as u8
}

/// Where a search for an increasing series of registers goes on: at the opcode that starts at this byte and register.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    at: usize,
    first: usize,
}

/// What raising a register takes.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// It is high enough.
    None,
    Splice(Splice),
    /// This encoding cannot hold the value.
    Promote,
}

/// Replaces the opcode at a place by others.
#[derive(Clone, Copy, Debug)]
pub struct Splice {
    at: usize,
    old_bytes: usize,
    new: [u8; SPLICE_BYTES_MAX],
    new_bytes: usize,
    /// The opcode before the place.
    previous: Cursor,
}

impl Splice {
    fn new(at: usize, old_bytes: usize, previous: Cursor) -> Self {
        Self { at, old_bytes, new: [0; SPLICE_BYTES_MAX], new_bytes: 0, previous }
    }

    fn push(&mut self, byte: u8) {
        self.new[self.new_bytes] = byte;
        self.new_bytes += 1;
    }

    /// Adds a run unless it is empty.
    fn push_run(&mut self, value: u8, registers: usize) {
        if registers == 0 {
            return;
        }
        if value != 0 {
            self.push(value_opcode(value, registers));
        } else if registers <= ZEROS_MAX {
            self.push((registers - 1) as u8);
        } else {
            let [high, low] = ((registers - 1) as u16).to_be_bytes();
            self.push(LONG_ZEROS | high);
            self.push(low);
        }
    }

    /// By how many bytes the string grows, before neighbours are joined.
    pub fn growth(&self) -> isize {
        self.new_bytes as isize - self.old_bytes as isize
    }

    /// The length of a string of `len` bytes then.
    pub fn len_after(&self, len: usize) -> usize {
        len.saturating_add_signed(self.growth())
    }
}

/// What is to be done to raise a register; `None` if no opcode covers it.
pub fn find_change(runs: &[u8], place: Place, cursor: &mut Cursor) -> Option<Change> {
    let Place { index, run: value } = place;
    if value > VALUE_MAX {
        return Some(Change::Promote);
    }
    let mut previous = Cursor::default();
    let mut here = *cursor;
    let mut run = decode(runs, here.at)?;
    if here.at != 0 && index < here.first + run.registers {
        // The opcode at the cursor itself: the one before it is not known.
        here = Cursor::default();
        run = decode(runs, 0)?;
    }
    while index >= here.first + run.registers {
        previous = here;
        here = Cursor { at: here.at + run.bytes, first: here.first + run.registers };
        run = decode(runs, here.at)?;
    }
    if run.value >= value {
        *cursor = previous;
        return Some(Change::None);
    }
    let mut splice = Splice::new(here.at, run.bytes, previous);
    let before = index - here.first;
    splice.push_run(run.value, before);
    splice.push(value_opcode(value, 1));
    splice.push_run(run.value, run.registers - before - 1);
    Some(Change::Splice(splice))
}

/// Carries out a change in the first `len` bytes of `runs`, which has room for what it grows by, and joins
/// neighbours; the new length.
pub fn apply(runs: &mut [u8], len: usize, splice: &Splice, cursor: &mut Cursor) -> usize {
    let new_len = splice.len_after(len);
    let tail = (splice.at + splice.old_bytes).min(len)..len;
    let target = splice.at + splice.new_bytes;
    if !tail.is_empty() {
        runs.copy_within(tail, target);
    }
    // Short of what is to be written only if the string ended within the old opcode.
    let room = &mut runs[..new_len][splice.at.min(new_len)..];
    let written = splice.new_bytes.min(room.len());
    room[..written].copy_from_slice(&splice.new[..written]);
    *cursor = splice.previous;
    join(runs, new_len, splice.previous.at)
}

/// Joins neighbouring opcodes of the same value, from `at` on, as far as Redis looks; the new length.
fn join(runs: &mut [u8], mut len: usize, mut at: usize) -> usize {
    for _ in 0..JOIN_STEPS {
        let Some(run) = decode(&runs[..len], at) else { break };
        if run.value != 0
            && let Some(next) = decode(&runs[..len], at + 1)
            && next.value == run.value
            && run.registers + next.registers <= VALUES_MAX
        {
            runs[at + 1] = value_opcode(run.value, run.registers + next.registers);
            runs.copy_within(at + 1..len, at);
            len -= 1;
            continue;
        }
        at += run.bytes;
    }
    len
}
