//! SLOWLOG: the commands that took longest lately (<https://redis.io/docs/latest/commands/slowlog-get/>).

use super::{Args, CmdResult, CommandError, Ctx, help};
use crate::resp::number::parse_i64;

/// Entries shown without a count.
const COUNT_DEFAULT: usize = 10;

/// SLOWLOG GET [count].
pub fn get(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(CommandError::bad_subcommand(&args[0], &args[1])),
        Some(count) => parse_count(count)?,
        None => COUNT_DEFAULT,
    };
    let reply = &mut *ctx.reply;
    ctx.engine.slowlog.newest(count, |shown, entries| {
        reply.array(shown);
        for entry in entries {
            reply.array(6);
            reply.integer(entry.id.cast_signed());
            reply.integer(entry.at_s);
            reply.integer(entry.took_us.cast_signed());
            reply.array(entry.argv.len());
            entry.argv.iter().for_each(|arg| reply.bulk(arg));
            reply.bulk(&entry.addr);
            reply.bulk(&entry.client_name);
        }
    });
    Ok(())
}

/// SLOWLOG LEN.
pub fn len(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.integer(ctx.engine.slowlog.len() as i64);
    Ok(())
}

/// SLOWLOG RESET.
pub fn reset(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.engine.slowlog.reset();
    ctx.reply.ok();
    Ok(())
}

/// SLOWLOG HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

/// -1 means all.
fn parse_count(text: &[u8]) -> Result<usize, CommandError> {
    match parse_i64(text) {
        Some(-1) => Ok(usize::MAX),
        Some(count @ 0..) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(CommandError::fixed("ERR count should be greater than or equal to -1")),
    }
}

const HELP: &[&str] = &[
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
];
