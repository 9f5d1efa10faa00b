//! BZPOPMIN, BZPOPMAX, BZMPOP.

use super::super::zset::{self, End, value};
use super::super::{Args, CmdResult, CommandError, Ctx, Key};
use super::{Awaited, Serve, Served, Wait, timeout_s};
use crate::keyspace::{Kind, Loc, gather, try_box};
use crate::resp::ReplyWriter;
use smallvec::SmallVec;

const A_SORTED_SET: Awaited = Awaited { kind: Kind::ZSet, or_gone: false };

/// BZPOPMIN key [key ...] timeout
pub fn bzpopmin(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop(ctx, args, End::Min)
}

/// BZPOPMAX key [key ...] timeout
pub fn bzpopmax(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop(ctx, args, End::Max)
}

fn pop(ctx: &mut Ctx, args: &Args, end: End) -> CmdResult {
    let deadline_ms = timeout_s(ctx, &args[args.len() - 1])?;
    pop_or_block(ctx, args, deadline_ms, Pop { end, count: None })
}

/// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
pub fn bzmpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (end, count) = zset::parse_mpop(args, 2)?;
    let deadline_ms = timeout_s(ctx, &args[1])?;
    pop_or_block(ctx, args, deadline_ms, Pop { end, count: Some(count) })
}

fn pop_or_block(ctx: &mut Ctx, args: &Args, deadline_ms: Option<i64>, pop: Pop) -> CmdResult {
    for key in args.keys() {
        if let Some(loc) = value::find(ctx, key)? {
            return pop.run(ctx, key, loc);
        }
    }
    let keys: SmallVec<[Key; 4]> = gather(args.keys())?;
    let (nil, serve) = (ReplyWriter::null_array, try_box(pop)?);
    ctx.block(Wait { keys: &keys, awaited: A_SORTED_SET, further: &[], deadline_ms, nil, serve })
}

/// Pops from the sorted set that comes first.
struct Pop {
    end: End,
    /// How many at most, for BZMPOP, which replies an array of them.
    count: Option<usize>,
}

impl Pop {
    fn run(&self, ctx: &mut Ctx, key: Key, loc: Loc) -> CmdResult {
        if let Some(count) = self.count {
            return zset::reply_popped(ctx, key, loc, self.end, count);
        }
        ctx.reply.array(3);
        ctx.reply.bulk(key.bytes);
        zset::pop(ctx, key, loc, self.end, 1, |reply, name, score| {
            reply.bulk(name);
            reply.double(score);
        })?;
        Ok(())
    }
}

impl Serve for Pop {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        let Some(loc) = ctx.peek(key) else { return Ok(Served::NotYet) };
        self.run(ctx, key, loc)?;
        Ok(Served::Yes)
    }
}
