//! Several sets at once: SINTER SINTERCARD SUNION SDIFF, and the STORE forms.
//!
//! All keys are looked up in their order before anything else, so that the first one of another type is the error, then
//! seen together. A result that is stored is built aside; the old value goes only when it is complete.

use super::{reply_member, reply_members, value};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::{NoMemory, gather};
use crate::resp::number::parse_i64;
use crate::types::set::{OwnedSet, Rules, SetRef, algebra};
use smallvec::SmallVec;
use std::ffi::CStr;
use std::ops::ControlFlow;

type Sets<'s> = SmallVec<[SetRef<'s>; 8]>;

/// All of them; none if one does not exist.
fn all<'s>(views: &value::Views<'s>) -> Result<Sets<'s>, NoMemory> {
    if views.iter().any(Option::is_none) { Ok(Sets::new()) } else { existing(views) }
}

/// Those that exist.
fn existing<'s>(views: &[Option<SetRef<'s>>]) -> Result<Sets<'s>, NoMemory> {
    gather(views.iter().copied().flatten())
}

/// SINTER key [key ...]
pub fn sinter(ctx: &mut Ctx, args: &Args) -> CmdResult {
    value::read_all(ctx, args.keys())?;
    let mut sets = all(&value::views(ctx.locks, ctx.session.db, args.keys())?)?;
    let (mark, mut found) = (ctx.reply.begin(), 0);
    algebra::intersect(&mut sets, |member| {
        reply_member(ctx.reply, member);
        found += 1;
        ControlFlow::Continue(())
    })?;
    ctx.reply.end_set(mark, found);
    Ok(())
}

/// SINTERCARD numkeys key [key ...] [LIMIT limit]
pub fn sintercard(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let limit = parse_sintercard(args)?;
    value::read_all(ctx, args.keys())?;
    let mut sets = all(&value::views(ctx.locks, ctx.session.db, args.keys())?)?;
    let mut found = 0;
    algebra::intersect(&mut sets, |_| {
        found += 1;
        if found == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    ctx.reply.integer(found);
    Ok(())
}

/// The limit of SINTERCARD; 0 for none.
fn parse_sintercard(args: &Args) -> Result<i64, CommandError> {
    let positive = |count: i64| usize::try_from(count).ok().filter(|count| *count > 0);
    let keys = parse_i64(&args[1]).and_then(positive);
    let keys = keys.ok_or(CommandError::fixed("ERR numkeys should be greater than 0"))?;
    if keys > args.len() - 2 {
        return Err(CommandError::fixed("ERR Number of keys can't be greater than number of args"));
    }
    let mut limit = 0;
    for index in (2 + keys..args.len()).step_by(2) {
        if !args.is(index, "limit") || index + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        let given = parse_i64(&args[index + 1]).filter(|limit| *limit >= 0);
        limit = given.ok_or(CommandError::fixed("ERR LIMIT can't be negative"))?;
    }
    Ok(limit)
}

/// SUNION key [key ...]
pub fn sunion(ctx: &mut Ctx, args: &Args) -> CmdResult {
    value::read_all(ctx, args.keys())?;
    let rules = value::rules(ctx.engine);
    let sets = existing(&value::views(ctx.locks, ctx.session.db, args.keys())?)?;
    if let [only] = sets.as_slice() {
        reply_members(ctx.reply, only.len(), only.iter());
        return Ok(());
    }
    let union = algebra::unite(&sets, &rules)?;
    reply_members(ctx.reply, union.len(), union.view().iter());
    value::discard(ctx.engine, union);
    Ok(())
}

/// SDIFF key [key ...]
pub fn sdiff(ctx: &mut Ctx, args: &Args) -> CmdResult {
    value::read_all(ctx, args.keys())?;
    let rules = value::rules(ctx.engine);
    let views = value::views(ctx.locks, ctx.session.db, args.keys())?;
    let (Some(first), mut others) = split(&views)? else {
        ctx.reply.set(0);
        return Ok(());
    };
    if !algebra::is_asking_cheaper(first, &others) {
        let difference = algebra::subtract_by_removing(first, &others, &rules)?;
        reply_members(ctx.reply, difference.len(), difference.view().iter());
        value::discard(ctx.engine, difference);
        return Ok(());
    }
    let (mark, mut found) = (ctx.reply.begin(), 0);
    algebra::subtract_by_asking(first, &mut others, |member| {
        reply_member(ctx.reply, member);
        found += 1;
        CmdResult::Ok(())
    })?;
    ctx.reply.end_set(mark, found);
    Ok(())
}

/// The set to subtract from, and those of the others that exist.
fn split<'s>(views: &value::Views<'s>) -> Result<(Option<SetRef<'s>>, Sets<'s>), NoMemory> {
    let Some((first, others)) = views.split_first() else { return Ok((None, Sets::new())) };
    Ok((*first, existing(others)?))
}

/// SINTERSTORE destination key [key ...]
pub fn sinterstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, c"sinterstore", |views, rules| {
        let mut result = OwnedSet::new();
        algebra::intersect(&mut all(views)?, |member| {
            let Ok(set) = &mut result else { return ControlFlow::Break(()) };
            if let Err(error) = set.add(member, rules) {
                result = Err(error);
            }
            ControlFlow::Continue(())
        })?;
        Ok(result?)
    })
}

/// SUNIONSTORE destination key [key ...]
pub fn sunionstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, c"sunionstore", |views, rules| Ok(algebra::unite(&existing(views)?, rules)?))
}

/// SDIFFSTORE destination key [key ...]
pub fn sdiffstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, c"sdiffstore", |views, rules| match split(views)? {
        (Some(first), mut others) => Ok(algebra::subtract(first, &mut others, rules)?),
        (None, _) => Ok(OwnedSet::new()?),
    })
}

/// Stores at the first key what `compute` makes of the others.
fn store(
    ctx: &mut Ctx,
    args: &Args,
    event: &'static CStr,
    compute: impl FnOnce(&value::Views, &Rules) -> Result<OwnedSet, CommandError>,
) -> CmdResult {
    value::read_all(ctx, args.keys().skip(1))?;
    let rules = value::rules(ctx.engine);
    let views = value::views(ctx.locks, ctx.session.db, args.keys().skip(1))?;
    let result = compute(&views, &rules)?;
    drop(views);
    let len = result.len();
    value::store(ctx, args.key(0), result, event)?;
    ctx.reply.integer(len as i64);
    Ok(())
}
