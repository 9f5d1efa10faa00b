//! Reading one set: SISMEMBER SMISMEMBER SCARD SMEMBERS SSCAN.

use super::{reply_member, reply_members, value};
use crate::commands::scan::{Options, parse_cursor};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::types::WINDOW;
use crate::types::set::{Member, SetRef};
use smallvec::SmallVec;

/// SISMEMBER key member
pub fn sismember(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let mut is_there = false;
    if let Some(loc) = ctx.read(key) {
        is_there = value::view(ctx, key, loc)?.0.contains(Member::of(&args[2]));
    }
    ctx.reply.integer(is_there.into());
    Ok(())
}

/// SMISMEMBER key member [member ...]
pub fn smismember(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let members = args.argv().get(2..).unwrap_or_default();
    let found = ctx.read(key);
    let (set, reply): (Option<SetRef>, _) = match found {
        Some(loc) => {
            let (set, reply) = value::view(ctx, key, loc)?;
            (Some(set), reply)
        }
        None => (None, &mut *ctx.reply),
    };
    reply.array(members.len());
    for window in members.chunks(WINDOW) {
        let window: SmallVec<[Member; WINDOW]> = window.iter().map(|member| Member::of(member)).collect();
        if let Some(set) = set {
            set.fetch(&window);
        }
        for member in window {
            reply.integer(set.is_some_and(|set| set.contains(member)).into());
        }
    }
    Ok(())
}

/// SCARD key
pub fn scard(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let mut len = 0;
    if let Some(loc) = ctx.read(key) {
        len = value::view(ctx, key, loc)?.0.len();
    }
    ctx.reply.integer(len as i64);
    Ok(())
}

/// SMEMBERS key
pub fn smembers(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    match ctx.read(key) {
        Some(loc) => {
            let (set, reply) = value::view(ctx, key, loc)?;
            reply_members(reply, set.len(), set.iter());
        }
        None => ctx.reply.set(0),
    }
    Ok(())
}

/// SSCAN key cursor [MATCH pattern] [COUNT count]
pub fn sscan(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let cursor = parse_cursor(&args[2]).ok_or(CommandError::fixed("ERR invalid cursor"))?;
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(2);
        ctx.reply.bulk(b"0");
        ctx.reply.array(0);
        return Ok(());
    };
    let (set, reply) = value::view(ctx, key, loc)?;
    let options = Options::parse_for_members(args, 3)?;
    let members = reply.begin();
    let mut found = 0;
    let next = set.scan(cursor, usize::try_from(options.count).unwrap_or(usize::MAX), |member| {
        if options.pattern.matches(member.text(&mut [0; 20])) {
            reply_member(reply, member);
            found += 1;
        }
    });
    reply.end_array(members, found);
    reply.prepend(members, |reply| {
        reply.array(2);
        reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    });
    Ok(())
}
