//! HGETALL, HKEYS, HVALS, HSCAN: all fields, at once or in steps.
//!
//! The first three hold the lock of the shard while they write the whole hash: about 50 ns a field.

use super::{read, reply_text};
use crate::commands::scan::{Options, parse_cursor};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::Cursor;
use crate::resp::ReplyWriter;
use crate::types::hash::{Hash, HashRef, Item, text_of};

/// Buckets that HSCAN visits at most for each field that it was asked for, if they are nearly empty; as in Redis.
const BUCKETS_PER_FIELD: u64 = 10;

/// What is wanted of each field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Fields,
    Values,
    Both,
}

impl Parts {
    #[inline]
    fn write(self, reply: &mut ReplyWriter, item: Item<'_>) {
        if self != Self::Values {
            reply_text(reply, item.field);
        }
        if self != Self::Fields {
            reply_text(reply, item.value);
        }
    }
}

/// HGETALL key
pub fn hgetall(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_all(ctx, args, Parts::Both)
}

/// HKEYS key
pub fn hkeys(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_all(ctx, args, Parts::Fields)
}

/// HVALS key
pub fn hvals(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_all(ctx, args, Parts::Values)
}

fn reply_all(ctx: &mut Ctx, args: &Args, parts: Parts) -> CmdResult {
    let key = args.key(0);
    let begin = |reply: &mut ReplyWriter, len| match parts {
        Parts::Both => reply.map(len),
        Parts::Fields | Parts::Values => reply.array(len),
    };
    let Some(loc) = ctx.read(key) else {
        begin(ctx.reply, 0);
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let (hash, reply) = read(ctx, key, loc)?;
    begin(reply, hash.len(due_ms));
    hash.iter(due_ms).for_each(|item| parts.write(reply, item));
    Ok(())
}

/// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
///
/// A flat hash comes as a whole.
pub fn hscan(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let cursor = parse_cursor(&args[2]).ok_or(CommandError::fixed("ERR invalid cursor"))?;
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(2);
        ctx.reply.bulk(b"0");
        ctx.reply.array(0);
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let (hash, reply) = read(ctx, key, loc)?;
    let options = Options::parse_for_fields(args, 3)?;
    let parts = if options.no_values { Parts::Fields } else { Parts::Both };
    let begin = reply.begin();
    let mut found = 0;
    let mut visit = |item: Item<'_>| {
        if options.pattern.matches(text_of(item.field, &mut [0; 20])) {
            parts.write(reply, item);
            found += 1;
        }
    };
    let next = match hash {
        HashRef::Flat(_) => {
            hash.iter(due_ms).for_each(visit);
            None
        }
        HashRef::Large(hash) => scan(hash, Cursor::from_number(cursor), options.count, due_ms, &mut visit),
    };
    reply.end_array(begin, if parts == Parts::Both { 2 * found } else { found });
    reply.prepend(begin, |reply| {
        reply.array(2);
        reply.bulk_integer(next.map_or(0, Cursor::number) as i64);
    });
    Ok(())
}

/// Visits about `count` fields; where to go on, `None` at the end.
fn scan(hash: &Hash, mut cursor: Cursor, count: u64, due_ms: i64, mut visit: impl FnMut(Item<'_>)) -> Option<Cursor> {
    let mut fields = 0;
    let mut buckets = count.saturating_mul(BUCKETS_PER_FIELD);
    while cursor.shard() == 0 {
        let next = hash.scan(cursor.position(), due_ms, |item| {
            fields += 1;
            visit(item);
        });
        cursor = cursor.after(next);
        buckets -= 1;
        if fields >= count || buckets == 0 {
            break;
        }
    }
    Some(cursor).filter(|cursor| cursor.shard() == 0)
}
