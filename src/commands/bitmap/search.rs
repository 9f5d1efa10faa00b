//! BITCOUNT, BITPOS: set bits counted, bits looked for.
//!
//! Ranges include their end and count from the end of the string when negative, in bytes or in bits. As in Redis 7.0
//! the key is looked up before the range is read: of an absent key nothing else is checked.

use crate::commands::string::text_of;
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::resp::number::IntegerText;
use crate::types::bits::{self, BYTE_BITS};
use std::ops::Range;

/// What a range counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Byte,
    Bit,
}

impl Unit {
    /// Argument `index`, or bytes if there is none.
    fn parse(args: &Args, index: usize) -> Result<Self, CommandError> {
        if args.len() <= index || args.is(index, "BYTE") {
            Ok(Self::Byte)
        } else if args.is(index, "BIT") {
            Ok(Self::Bit)
        } else {
            Err(CommandError::SYNTAX)
        }
    }

    fn bits(self) -> u64 {
        match self {
            Self::Byte => BYTE_BITS,
            Self::Bit => 1,
        }
    }

    /// The bits from `start` to `end`, both included, in a string of `len` bytes.
    fn range(self, start: i64, end: i64, len: usize) -> Range<u64> {
        // What is below zero after counting from the end is moved to the beginning.
        let total = (len as u64 * BYTE_BITS / self.bits()) as i64;
        let from_start = |index: i64| if index < 0 { (total + index).max(0) } else { index };
        let (start, end) = (from_start(start), from_start(end).min(total - 1));
        if start > end { 0..0 } else { start as u64 * self.bits()..(end as u64 + 1) * self.bits() }
    }
}

/// BITCOUNT key [start end [BYTE | BIT]]
pub fn bitcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let (value, reply) = ctx.string_and_reply(key, loc)?;
    let mut digits = IntegerText::new();
    let bytes = text_of(value, &mut digits);
    let count = match args.len() {
        2 => bits::count_ones(bytes),
        4 | 5 => {
            let (start, end) = (args.int(2)?, args.int(3)?);
            // Both before the beginning: they would be moved to the first byte and count it. Redis sees it before it
            // looks at the unit.
            if start < 0 && end < 0 && start > end {
                0
            } else {
                bits::count_ones_in(bytes, Unit::parse(args, 4)?.range(start, end, bytes.len()))
            }
        }
        _ => return Err(CommandError::SYNTAX),
    };
    reply.integer(count as i64);
    Ok(())
}

/// BITPOS key bit [start [end [BYTE | BIT]]]
pub fn bitpos(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let on = match args.int(2)? {
        0 => false,
        1 => true,
        _ => return Err(CommandError::fixed("ERR The bit argument must be 1 or 0.")),
    };
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.integer(if on { -1 } else { 0 });
        return Ok(());
    };
    let (value, reply) = ctx.string_and_reply(key, loc)?;
    let mut digits = IntegerText::new();
    let bytes = text_of(value, &mut digits);
    if args.len() > 6 {
        return Err(CommandError::SYNTAX);
    }
    let start = if args.len() > 3 { args.int(3)? } else { 0 };
    let unit = Unit::parse(args, 5)?;
    let end = if args.len() > 4 { args.int(4)? } else { -1 };
    let range = unit.range(start, end, bytes.len());
    let found = match bits::first(bytes, range.clone(), on) {
        Some(position) => position as i64,
        // Without an end the string goes on with zeros.
        None if !on && args.len() < 5 && !range.is_empty() => (bytes.len() as u64 * BYTE_BITS) as i64,
        None => -1,
    };
    reply.integer(found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn ranges_stay_within_the_string() {
        let cases = [
            (Unit::Byte, 0, -1, 0..24),
            (Unit::Byte, 1, 1, 8..16),
            (Unit::Byte, -2, -1, 8..24),
            (Unit::Byte, -100, 0, 0..8),
            (Unit::Byte, 2, 1, 0..0),
            (Unit::Byte, 3, 9, 0..0),
            (Unit::Byte, i64::MIN, i64::MAX, 0..24),
            (Unit::Byte, i64::MAX, i64::MAX, 0..0),
            (Unit::Bit, 0, 0, 0..1),
            (Unit::Bit, -3, -2, 21..23),
            (Unit::Bit, i64::MIN, i64::MAX, 0..24),
        ];
        for (unit, start, end, expected) in cases {
            assert_eq!(unit.range(start, end, 3), expected, "{unit:?} {start} {end}");
        }
        assert_eq!(Unit::Byte.range(0, -1, 0), 0..0);
    }
}
