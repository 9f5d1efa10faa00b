//! HRANDFIELD: random fields, all equally likely.
//!
//! With a negative count each is drawn from all. With a positive one they are different: by passing over the hash once and
//! taking each field with the chance that it needs (few fields, or many wanted), or by drawing until there are enough.

use super::{read, reply_text};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::engine::random::Random;
use crate::resp::number::parse_i64;
use crate::resp::{Protocol, ReplyWriter};
use crate::types::hash::{HashRef, Item};
use smallvec::SmallVec;

/// A hash with more than this many times as many fields as are wanted is drawn from, not passed over.
const DRAW_FROM: usize = 3;
/// The least that a field takes in a reply.
const REPLY_BYTES_MIN: usize = 6;

const OUT_OF_RANGE: CommandError =
    CommandError::fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");

/// HRANDFIELD key [count [WITHVALUES]]
pub fn hrandfield(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let count = match args.get(2) {
        None => None,
        Some(count) => {
            let count = parse_i64(count).ok_or(CommandError::NOT_INTEGER)?;
            Some(if count == i64::MIN { return Err(OUT_OF_RANGE) } else { count })
        }
    };
    let with_values = args.len() > 3;
    if args.len() > 4 || (with_values && !args.is(3, "withvalues")) {
        return Err(CommandError::SYNTAX);
    }
    if with_values && count.is_some_and(|count| count.unsigned_abs() > i64::MAX as u64 / 2) {
        return Err(CommandError::OUT_OF_RANGE);
    }
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        match count {
            None => ctx.reply.null(),
            Some(_) => ctx.reply.array(0),
        }
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let mut random = Random::new(ctx.session.random.bits());
    let (hash, reply) = read(ctx, key, loc)?;
    let mut draw = Draw { hash, due_ms, with_values, random: &mut random, reply };
    match count {
        None => match pick(hash, due_ms, draw.random) {
            Some(item) => reply_text(draw.reply, item.field),
            None => draw.reply.null(),
        },
        Some(count @ ..=-1) => draw.any(count.unsigned_abs())?,
        Some(count) => draw.different(usize::try_from(count).unwrap_or(usize::MAX))?,
    }
    Ok(())
}

/// One random field.
fn pick<'a>(hash: HashRef<'a>, due_ms: i64, random: &mut Random) -> Option<Item<'a>> {
    match hash {
        HashRef::Flat(_) => hash.iter(due_ms).nth(random.below(hash.len(due_ms) as u64) as usize),
        HashRef::Large(hash) => hash.random(due_ms, || random.bits()),
    }
}

/// What is drawn from and written to.
struct Draw<'d> {
    hash: HashRef<'d>,
    due_ms: i64,
    with_values: bool,
    random: &'d mut Random,
    reply: &'d mut ReplyWriter,
}

impl Draw<'_> {
    fn begin(&mut self, count: usize) {
        let is_nested = self.with_values && self.reply.protocol() == Protocol::Resp3;
        self.reply.array(if self.with_values && !is_nested { 2 * count } else { count });
    }

    /// As many as are wanted, the same ones again and again if need be.
    fn any(&mut self, count: u64) -> CmdResult {
        let count = usize::try_from(count).map_err(|_| CommandError::NO_MEMORY)?;
        // The reply may be larger than all memory; better to know it now.
        let least = count.checked_mul(REPLY_BYTES_MIN).ok_or(CommandError::NO_MEMORY)?;
        self.reply.buffer_mut().try_reserve(least).map_err(|_| CommandError::NO_MEMORY)?;
        self.begin(count);
        match self.hash {
            HashRef::Flat(_) => {
                let mut items: SmallVec<[Item<'_>; 32]> = SmallVec::new();
                items.try_reserve_exact(self.hash.iter(self.due_ms).count()).map_err(|_| CommandError::NO_MEMORY)?;
                items.extend(self.hash.iter(self.due_ms));
                for _ in 0..count {
                    if let Some(item) = items.get(self.random.below(items.len() as u64) as usize) {
                        write(self.reply, *item, self.with_values);
                    }
                }
            }
            HashRef::Large(hash) => {
                for _ in 0..count {
                    if let Some(item) = hash.random(self.due_ms, || self.random.bits()) {
                        write(self.reply, item, self.with_values);
                    }
                }
            }
        }
        Ok(())
    }

    /// Different ones, all if there are no more than are wanted.
    fn different(&mut self, count: usize) -> CmdResult {
        let len = self.hash.len(self.due_ms);
        let count = count.min(len);
        self.begin(count);
        match self.hash {
            HashRef::Large(hash) if count < len / DRAW_FROM => {
                let (reply, with_values) = (&mut *self.reply, self.with_values);
                hash.sample(count, self.due_ms, || self.random.bits(), |item| write(reply, item, with_values))?;
            }
            _ => {
                let mut wanted = count as u64;
                let left = (1..=len as u64).rev();
                for (item, left) in self.hash.iter(self.due_ms).zip(left) {
                    if self.random.below(left) < wanted {
                        write(self.reply, item, self.with_values);
                        wanted -= 1;
                    }
                }
            }
        }
        Ok(())
    }
}

fn write(reply: &mut ReplyWriter, item: Item<'_>, with_values: bool) {
    if with_values && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply_text(reply, item.field);
    if with_values {
        reply_text(reply, item.value);
    }
}
