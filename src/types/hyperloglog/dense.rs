//! Registers of six bits each, one after the other from the lowest bit of the first byte on: three bytes hold four.
//!
//! ```text
//!  byte 0    byte 1    byte 2
//!  11000000  22221111  33333322      the digit is the register that the bit belongs to
//! ```

use super::REGISTERS;
use super::hash::Place;

const REGISTER_BITS: usize = 6;
const REGISTER_MAX: u32 = (1 << REGISTER_BITS) - 1;
/// A group of registers that begins and ends at a byte border.
const GROUP: usize = 4;
const GROUP_BYTES: usize = GROUP * REGISTER_BITS / 8;

/// Length of all registers.
pub const BYTES: usize = REGISTERS * REGISTER_BITS / 8;

fn unpack(group: &[u8; GROUP_BYTES]) -> [u8; GROUP] {
    let bits = u32::from_le_bytes([group[0], group[1], group[2], 0]);
    std::array::from_fn(|index| (bits >> (REGISTER_BITS * index) & REGISTER_MAX) as u8)
}

fn pack(registers: &[u8; GROUP]) -> [u8; GROUP_BYTES] {
    let bits = registers.iter().rev().fold(0, |bits, register| bits << REGISTER_BITS | u32::from(*register));
    let [first, second, third, _] = bits.to_le_bytes();
    [first, second, third]
}

/// Visits all registers, a few at a time.
pub fn for_each_group(bytes: &[u8], visit: impl FnMut([u8; GROUP])) {
    bytes.as_chunks().0.iter().map(unpack).for_each(visit);
}

/// Raises a register, if it is lower; whether it was.
pub fn raise(bytes: &mut [u8], place: Place) -> bool {
    let Some(group) = bytes.as_chunks_mut().0.get_mut(place.index / GROUP) else { return false };
    let mut registers = unpack(group);
    let register = &mut registers[place.index % GROUP];
    let raised = *register < place.run;
    if raised {
        *register = place.run;
        *group = pack(&registers);
    }
    raised
}

/// Raises all registers that are lower than others.
pub fn unite(bytes: &mut [u8], others: &[u8; REGISTERS]) {
    for (group, others) in bytes.as_chunks_mut().0.iter_mut().zip(others.as_chunks::<GROUP>().0) {
        let registers = unpack(group);
        *group = pack(&std::array::from_fn(|index| registers[index].max(others[index])));
    }
}

/// Writes all registers.
pub fn write(bytes: &mut [u8], registers: &[u8; REGISTERS]) {
    for (group, registers) in bytes.as_chunks_mut().0.iter_mut().zip(registers.as_chunks().0) {
        *group = pack(registers);
    }
}
