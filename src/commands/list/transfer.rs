//! LMOVE, RPOPLPUSH: an element from one list to another, or from one end to the other.

use super::side;
use super::value::{cut, list, notify_popped, push, reply_element};
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, StringRef, format_int};
use crate::types::list::Side;
use smallvec::SmallVec;

/// LMOVE source destination LEFT | RIGHT LEFT | RIGHT
pub fn lmove(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (side(&args[3])?, side(&args[4])?);
    transfer_or_null(ctx, args, from, to)
}

/// RPOPLPUSH source destination
pub fn rpoplpush(ctx: &mut Ctx, args: &Args) -> CmdResult {
    transfer_or_null(ctx, args, Side::Right, Side::Left)
}

fn transfer_or_null(ctx: &mut Ctx, args: &Args, from: Side, to: Side) -> CmdResult {
    match ctx.write(args.key(0)) {
        Some(loc) => transfer(ctx, args.key(0), loc, from, args.key(1), to),
        None => {
            ctx.reply.null();
            Ok(())
        }
    }
}

/// Moves the element at an end of the list at `loc` to an end of another, which may be the same, and replies it.
///
/// # Errors
/// WRONGTYPE of either; memory is short. Nothing has changed then.
pub fn transfer(ctx: &mut Ctx, source: Key, loc: Loc, from: Side, destination: Key, to: Side) -> CmdResult {
    let mut text: SmallVec<[u8; ELEMENT_ON_STACK]> = SmallVec::new();
    match list(ctx, source, loc)?.peek(from).ok_or(CommandError::WRONG_TYPE)? {
        StringRef::Int(int) => text.extend_from_slice(format_int(int, &mut [0; 20])),
        StringRef::Str(bytes) => {
            text.try_reserve_exact(bytes.len()).map_err(|_| CommandError::NO_MEMORY)?;
            text.extend_from_slice(bytes);
        }
    }
    // What is pushed before the pop is never lost; with one list for both the result is the same.
    let found = ctx.write(destination);
    push(ctx, destination, found, to, &[&text])?;
    let loc = ctx.peek(source).ok_or(CommandError::NO_MEMORY)?;
    reply_element(ctx.reply, StringRef::Str(&text));
    // Redis counts one change for both.
    let is_gone = cut(ctx, source, loc, from, 1)?;
    ctx.touch_watchers_at(ctx.session.db, source);
    notify_popped(ctx, source, from, is_gone);
    Ok(())
}

/// Longest element that is copied to the stack on its way.
const ELEMENT_ON_STACK: usize = 256;
