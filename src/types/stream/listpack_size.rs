//! The size that Redis's listpack has for the same elements
//! (<https://github.com/antirez/listpack/blob/master/listpack.md>).
//!
//! A stream node of Redis is full when its listpack has a certain size. Where one node ends and the next begins is
//! visible: trimming with `~` removes whole nodes, and XINFO counts them. So blocks here are cut where Redis cuts.

use super::packed::Value;

/// Header and terminator of a listpack.
pub const FRAME: u32 = 7;

/// Bytes of an element with its encoding but without its back length.
fn encoded(value: Value<'_>) -> u64 {
    match value {
        Value::Int(0..=127) => 1,
        Value::Int(-4096..=4095) => 2,
        Value::Int(-32_768..=32_767) => 3,
        Value::Int(-8_388_608..=8_388_607) => 4,
        Value::Int(-2_147_483_648..=2_147_483_647) => 5,
        Value::Int(_) => 9,
        Value::Text(text) => {
            let len = text.len() as u64;
            match len {
                0..=63 => 1 + len,
                64..=4095 => 2 + len,
                _ => 5 + len,
            }
        }
    }
}

/// Bytes of an element.
#[inline]
pub fn of(value: Value<'_>) -> u32 {
    let encoded = encoded(value);
    let back_length = match encoded {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    };
    u32::try_from(encoded + back_length).unwrap_or(u32::MAX)
}

/// Bytes of an integer element.
#[inline]
pub fn of_int(int: i64) -> u32 {
    of(Value::Int(int))
}

/// Bytes of a text, which is stored as an integer if it is one.
#[cfg(test)]
pub fn of_text(text: &[u8]) -> usize {
    of(Value::of(text)) as usize
}
