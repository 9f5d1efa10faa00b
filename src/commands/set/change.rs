//! Changing sets by naming members: SADD SREM SMOVE.

use super::value;
use crate::commands::{Args, Class, CmdResult, Ctx};
use crate::types::set::Member;

/// SADD key member [member ...]
pub fn sadd(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = value::find(ctx, key)?;
    let members = args.argv().get(2..).unwrap_or_default();
    let (added, result) = value::add(ctx, key, found, members.iter().map(|member| Member::of(member)));
    if added > 0 {
        ctx.changed(key);
        ctx.count_changes(added as u64 - 1);
        ctx.notify(Class::Set, c"sadd", key);
    }
    result?;
    ctx.reply.integer(added as i64);
    Ok(())
}

/// SREM key member [member ...]
pub fn srem(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = value::find(ctx, key)? else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let members = args.argv().get(2..).unwrap_or_default();
    let db = ctx.db(key);
    let (removed, result) = value::remove(db, loc, members.iter().map(|member| Member::of(member)));
    let is_gone = value::len(db, loc) == 0;
    if is_gone {
        db.remove(loc);
    }
    if removed > 0 {
        ctx.changed(key);
        ctx.count_changes(removed as u64 - 1);
        ctx.notify(Class::Set, c"srem", key);
    }
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
    result?;
    ctx.reply.integer(removed as i64);
    Ok(())
}

/// SMOVE source destination member
pub fn smove(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (args.key(0), args.key(1));
    let member = Member::of(&args[3]);
    let (source, destination) = (ctx.write(from), ctx.write(to));
    if source.is_none() {
        ctx.reply.integer(0);
        return Ok(());
    }
    // Looking for the second key may have removed it as expired, and moved the first.
    let source = value::find_again(ctx, from)?;
    if destination.is_some() {
        value::find_again(ctx, to)?;
    }
    let Some(loc) = source else { return Ok(()) };
    let is_there = value::view(ctx, from, loc)?.0.contains(member);
    if is_there && from.bytes != to.bytes {
        // It is added first: that may fail.
        let destination = value::find_again(ctx, to)?;
        let told_before = ctx.session.events.count();
        let (added, result) = value::add(ctx, to, destination, std::iter::once(member));
        result?;
        let told_of_destination = ctx.session.events.count() - told_before;
        if let Some(loc) = value::find_again(ctx, from)? {
            let db = ctx.db(from);
            let (_, result) = value::remove(db, loc, std::iter::once(member));
            result?;
            let is_gone = value::len(db, loc) == 0;
            if is_gone {
                db.remove(loc);
            }
            ctx.notify(Class::Set, c"srem", from);
            if is_gone {
                ctx.notify(Class::Generic, c"del", from);
            }
        }
        ctx.changed(from);
        ctx.touch_watchers_at(ctx.session.db, to);
        ctx.count_changes(added as u64);
        // Listeners are told in the order of Redis, which removes first.
        ctx.session.events.put_off(told_before, told_of_destination);
        if added > 0 {
            ctx.notify(Class::Set, c"sadd", to);
        }
    }
    ctx.reply.integer(is_there.into());
    Ok(())
}
