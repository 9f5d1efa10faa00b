//! BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH.

use super::super::list::{self, value};
use super::super::{Args, CmdResult, CommandError, Ctx, Key};
use super::{Awaited, OwnedKey, Serve, Served, Wait, timeout_s};
use crate::keyspace::{Kind, Loc, gather, try_box};
use crate::resp::ReplyWriter;
use crate::types::list::Side;
use smallvec::SmallVec;

const A_LIST: Awaited = Awaited { kind: Kind::List, or_gone: false };

/// BLPOP key [key ...] timeout
pub fn blpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop(ctx, args, Side::Left)
}

/// BRPOP key [key ...] timeout
pub fn brpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop(ctx, args, Side::Right)
}

fn pop(ctx: &mut Ctx, args: &Args, side: Side) -> CmdResult {
    let deadline_ms = timeout_s(ctx, &args[args.len() - 1])?;
    pop_or_block(ctx, args, deadline_ms, Pop { side, count: None })
}

/// BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]
pub fn blmpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (side, count) = list::mpop_options(args, 2)?;
    let deadline_ms = timeout_s(ctx, &args[1])?;
    pop_or_block(ctx, args, deadline_ms, Pop { side, count: Some(count) })
}

fn pop_or_block(ctx: &mut Ctx, args: &Args, deadline_ms: Option<i64>, pop: Pop) -> CmdResult {
    for key in args.keys() {
        if let Some(loc) = ctx.write(key) {
            return pop.run(ctx, key, loc);
        }
    }
    let keys: SmallVec<[Key; 4]> = gather(args.keys())?;
    let (nil, serve) = (ReplyWriter::null_array, try_box(pop)?);
    ctx.block(Wait { keys: &keys, awaited: A_LIST, further: &[], deadline_ms, nil, serve })
}

/// Pops from the list that comes first.
struct Pop {
    side: Side,
    /// How many at most, for BLMPOP, which replies an array of them.
    count: Option<usize>,
}

impl Pop {
    fn run(&self, ctx: &mut Ctx, key: Key, loc: Loc) -> CmdResult {
        if let Some(count) = self.count {
            return list::pop_from_first(ctx, key, loc, self.side, count);
        }
        ctx.reply.array(2);
        ctx.reply.bulk(key.bytes);
        value::pop(ctx, key, loc, self.side, |element, reply| value::reply_element(reply, element))
    }
}

impl Serve for Pop {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        let Some(loc) = ctx.peek(key) else { return Ok(Served::NotYet) };
        self.run(ctx, key, loc)?;
        if self.count.is_none() {
            uncount(ctx);
        }
        Ok(Served::Yes)
    }
}

/// BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout
pub fn blmove(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (list::side(&args[3])?, list::side(&args[4])?);
    move_or_block(ctx, args, from, to)
}

/// BRPOPLPUSH source destination timeout
pub fn brpoplpush(ctx: &mut Ctx, args: &Args) -> CmdResult {
    move_or_block(ctx, args, Side::Right, Side::Left)
}

fn move_or_block(ctx: &mut Ctx, args: &Args, from: Side, to: Side) -> CmdResult {
    let deadline_ms = timeout_s(ctx, &args[args.len() - 1])?;
    let (source, destination) = (args.key(0), args.key(1));
    if let Some(loc) = ctx.write(source) {
        return list::transfer(ctx, source, loc, from, destination, to);
    }
    let (keys, further) = (&[source], &[destination]);
    let (nil, destination) = (ReplyWriter::null, OwnedKey::new(destination)?);
    let serve = try_box(Move { from, to, destination })?;
    ctx.block(Wait { keys, awaited: A_LIST, further, deadline_ms, nil, serve })
}

/// Moves an element on.
struct Move {
    from: Side,
    to: Side,
    destination: OwnedKey,
}

impl Serve for Move {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        let Some(loc) = ctx.peek(key) else { return Ok(Served::NotYet) };
        list::transfer(ctx, key, loc, self.from, self.destination.key(), self.to)?;
        uncount(ctx);
        Ok(Served::Yes)
    }
}

/// Redis counts no change when it serves a blocked client from a list, except BLMPOP's.
fn uncount(ctx: &mut Ctx) {
    ctx.changes = 0;
}
