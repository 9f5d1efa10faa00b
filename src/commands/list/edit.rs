//! LSET, LINSERT, LREM, LTRIM: changes inside a list.

use super::value::{self, check_lengths, cut, element, fill, flat_mut, list, set_large, with_large};
use super::{index_of, range};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::types::list::{List, ListRef, Side, encoded_len, flat};
use std::ops::ControlFlow;

/// LSET key index element
pub fn lset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let loc = ctx.write(key).ok_or(CommandError::NO_SUCH_KEY)?;
    let len = list(ctx, key, loc)?.len();
    let index = index_of(args.int(2)?, len).ok_or(CommandError::INDEX_OUT_OF_RANGE)?;
    check_lengths(&args.argv()[3..])?;
    let value = element(&args[3]);
    let fill = fill(ctx);
    match value::list(ctx, key, loc)? {
        ListRef::Flat(flat) if flat::allows(fill, flat::replaced_bytes(flat, index, value), len) => {
            flat::set(&mut flat_mut(ctx, key, loc)?, index, value)?;
        }
        ListRef::Flat(flat) => {
            let mut list = List::of_run(flat::run(flat), len, fill)?;
            list.set(index, value, fill)?;
            set_large(ctx, key, loc, list)?;
        }
        ListRef::Large(_) => {
            with_large(ctx, key, loc, |list| list.set(index, value, fill))??;
        }
    }
    ctx.changed(key);
    ctx.notify(Class::List, c"lset", key);
    ctx.reply.ok();
    Ok(())
}

/// LINSERT key BEFORE | AFTER pivot element
pub fn linsert(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let behind = match &args[2] {
        word if word.eq_ignore_ascii_case(b"after") => 1,
        word if word.eq_ignore_ascii_case(b"before") => 0,
        _ => return Err(CommandError::SYNTAX),
    };
    let key = args.key(0);
    let Some(loc) = ctx.write(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    check_lengths(&args.argv()[4..])?;
    let (pivot, value) = (element(&args[3]), element(&args[4]));
    let fill = fill(ctx);
    let list = list(ctx, key, loc)?;
    let len = list.len();
    let mut index = 0;
    let found = list.walk(Side::Left, 0, |element| {
        if element == pivot {
            return ControlFlow::Break(());
        }
        index += 1;
        ControlFlow::Continue(())
    })?;
    if found.is_continue() {
        ctx.reply.integer(-1);
        return Ok(());
    }
    let index = index + behind;
    match list {
        ListRef::Flat(flat) if flat::allows(fill, flat::run(flat).len() + encoded_len(value), len + 1) => {
            flat::insert(&mut flat_mut(ctx, key, loc)?, index, value)?;
        }
        ListRef::Flat(flat) => {
            let mut list = List::of_run(flat::run(flat), len, fill)?;
            list.insert(index, value, fill)?;
            set_large(ctx, key, loc, list)?;
        }
        ListRef::Large(_) => with_large(ctx, key, loc, |list| list.insert(index, value, fill))??,
    }
    ctx.changed(key);
    ctx.notify(Class::List, c"linsert", key);
    ctx.reply.integer(len as i64 + 1);
    Ok(())
}

/// LREM key count element
pub fn lrem(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let count = args.int(2)?;
    let wanted = element(&args[3]);
    let Some(loc) = ctx.write(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let side = if count < 0 { Side::Right } else { Side::Left };
    let most = match usize::try_from(count.unsigned_abs()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(most) => most,
    };
    let fill = fill(ctx);
    let removed = match list(ctx, key, loc)? {
        ListRef::Flat(_) => flat::remove_equal(&mut flat_mut(ctx, key, loc)?, side, wanted, most)?,
        ListRef::Large(_) => {
            let removed = with_large(ctx, key, loc, |list| list.remove_equal(side, wanted, most, fill))?;
            removed.inspect_err(|_| ctx.changed(key))?
        }
    };
    if removed > 0 {
        ctx.notify(Class::List, c"lrem", key);
        if list(ctx, key, loc)?.is_empty() {
            ctx.db(key).remove(loc);
            ctx.notify(Class::Generic, c"del", key);
        }
        ctx.changed(key);
        ctx.count_changes(removed as u64 - 1);
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}

/// LTRIM key start stop
pub fn ltrim(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (start, end) = (args.int(2)?, args.int(3)?);
    let Some(loc) = ctx.write(key) else {
        ctx.reply.ok();
        return Ok(());
    };
    let len = list(ctx, key, loc)?.len();
    let (first, kept) = range(start, end, len);
    ctx.notify(Class::List, c"ltrim", key);
    if kept == 0 {
        ctx.db(key).remove(loc);
        ctx.notify(Class::Generic, c"del", key);
    } else {
        cut(ctx, key, loc, Side::Right, len - first - kept)?;
        cut(ctx, key, loc, Side::Left, first)?;
    }
    ctx.touch_watchers_at(ctx.session.db, key);
    ctx.count_changes((len - kept) as u64);
    ctx.reply.ok();
    Ok(())
}
