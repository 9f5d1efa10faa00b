//! IFEQ, IFNE, IFDEQ, IFDNE: what SET and DELEX of Redis 8.4 make depend on the present value; DIGEST, DELEX, DELIFEQ.
//!
//! A digest is the 64-bit XXH3 of the value in 16 hexadecimal digits, so that a client can compare a long value without
//! sending it.

use super::text_of;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::resp::number::IntegerText;
use xxhash_rust::xxh3::xxh3_64;

const DIGEST_BYTES: usize = 16;

/// What a value is compared with, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison<'a> {
    kind: ComparisonKind,
    operand: &'a [u8],
}

/// The word of a [`Comparison`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonKind {
    /// IFEQ
    Equal,
    /// IFNE
    NotEqual,
    /// IFDEQ
    DigestEqual,
    /// IFDNE
    DigestNotEqual,
}

impl ComparisonKind {
    pub fn parse(word: &[u8]) -> Option<Self> {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        if is(b"IFEQ") {
            Some(Self::Equal)
        } else if is(b"IFNE") {
            Some(Self::NotEqual)
        } else if is(b"IFDEQ") {
            Some(Self::DigestEqual)
        } else if is(b"IFDNE") {
            Some(Self::DigestNotEqual)
        } else {
            None
        }
    }

    /// Whether it holds for a value that differs.
    pub fn wants_difference(self) -> bool {
        matches!(self, Self::NotEqual | Self::DigestNotEqual)
    }

    pub fn with(self, operand: &[u8]) -> Comparison<'_> {
        Comparison { kind: self, operand }
    }
}

impl Comparison<'_> {
    pub fn kind(self) -> ComparisonKind {
        self.kind
    }

    /// Whether it holds for a value.
    ///
    /// # Errors
    /// The operand has not the length of a digest. As in Redis it need not be one: it is equal to none, then.
    pub fn holds(self, value: &[u8]) -> Result<bool, CommandError> {
        let is_equal = match self.kind {
            ComparisonKind::Equal | ComparisonKind::NotEqual => value == self.operand,
            ComparisonKind::DigestEqual | ComparisonKind::DigestNotEqual => {
                if self.operand.len() != DIGEST_BYTES {
                    return Err(CommandError::fixed("ERR must be exactly 16 hexadecimal characters"));
                }
                digest_of(value).eq_ignore_ascii_case(self.operand)
            }
        };
        Ok(is_equal != self.kind.wants_difference())
    }
}

fn digest_of(value: &[u8]) -> [u8; DIGEST_BYTES] {
    let hash = xxh3_64(value);
    std::array::from_fn(|index| b"0123456789abcdef"[(hash >> (60 - 4 * index) & 0xF) as usize])
}

/// DIGEST key
pub fn digest(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    match ctx.read(key) {
        Some(loc) => {
            let (value, reply) = ctx.string_and_reply(key, loc)?;
            reply.bulk(&digest_of(text_of(value, &mut IntegerText::new())));
        }
        None => ctx.reply.null(),
    }
    Ok(())
}

/// DELEX key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]
pub fn delex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let condition = match args.len() {
        2 => None,
        4 => Some((&args[2], &args[3])),
        _ => return Err(CommandError::wrong_arity(ctx.command.name)),
    };
    // Of an absent key nothing else is looked at.
    let found = ctx.write(args.key(0));
    if let (Some(loc), Some((word, operand))) = (found, condition) {
        let value = ctx
            .string(args.key(0), loc)
            .map_err(|_| CommandError::fixed("ERR Key should be of string type if conditions are specified"))?;
        let kind = ComparisonKind::parse(word)
            .ok_or(CommandError::fixed("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"))?;
        if !kind.with(operand).holds(text_of(value, &mut IntegerText::new()))? {
            ctx.reply.integer(0);
            return Ok(());
        }
    }
    remove(ctx, args, found.is_some())
}

/// DELIFEQ key value
pub fn delifeq(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let is_equal = match ctx.write(args.key(0)) {
        Some(loc) => text_of(ctx.string(args.key(0), loc)?, &mut IntegerText::new()) == &args[2],
        None => false,
    };
    remove(ctx, args, is_equal)
}

/// Removes the key if it is to be removed, and replies how many were.
fn remove(ctx: &mut Ctx, args: &Args, removes: bool) -> CmdResult {
    let key = args.key(0);
    if removes && let Some(loc) = ctx.peek(key) {
        ctx.db(key).remove(loc);
        ctx.changed(key);
        ctx.notify(Class::Generic, c"del", key);
    }
    ctx.reply.integer(i64::from(removes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of Redis 8.4.
    #[test]
    fn digests_have_all_their_zeros() {
        assert_eq!(&digest_of(b"hello"), b"9555e8555c62dcfd");
        assert_eq!(&digest_of(b""), b"2d06800538d394c2");
        assert_eq!(&digest_of(b"v8"), b"0cc76dbb41381419");
        let value = b"v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd";
        assert_eq!(&digest_of(value), b"00006c38adf31777");
    }
}
