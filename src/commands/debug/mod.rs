//! DEBUG: what test suites use, allowed by `enable-debug-command`. It holds the locks of all shards, so DEBUG SLEEP stops
//! everybody, as in Redis.
//!
//! What ends or corrupts the process in Redis is refused: the process may be the host's.

mod digest;
mod keys;
mod protocol;

use super::{Args, CmdResult, CommandError, Ctx, help, session};
use crate::engine::Engine;
use crate::engine::clients::Client;
use crate::engine::log::Level;
use crate::resp::number::parse_f64;
use crate::storage::{Text, lossy, try_copy};
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// DEBUG subcommand [arg [arg ...]].
pub fn debug(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let mut name = try_copy(&args[1])?;
    name.make_ascii_lowercase();
    match (name.as_slice(), args.len()) {
        (b"help", 2) => help::write(ctx, args, HELP),
        (b"sleep", 3) => sleep(ctx, &args[2]),
        (b"object", 3) => keys::object(ctx, &args[2]),
        (b"sdslen", 3) => keys::sdslen(ctx, &args[2]),
        (b"populate", 3..=5) => keys::populate(ctx, args),
        (b"htstats", 3) => keys::htstats(ctx, args),
        (b"htstats-key", 3) => keys::htstats_key(ctx, &args[2]),
        (b"digest", 2) => digest::digest(ctx),
        (b"digest-value", 2..) => digest::digest_value(ctx, args),
        (b"protocol", 3) => protocol::protocol(ctx, &args[2]),
        (b"error", 3) => {
            // No error of ours, so it counts as none.
            ctx.reply.error(&args[2]);
            Ok(())
        }
        (b"log", 3) => log(ctx, &args[2]),
        (b"set-active-expire", 3) => set_active_expire(ctx, &args[2]),
        (b"structsize", 2) => structsize(ctx),
        (b"panic" | b"segfault" | b"assert" | b"oom" | b"crash-and-recover" | b"restart", _) | (b"leak", 3) => {
            Err(CommandError::quoting(
                "ERR DEBUG ",
                &args[1].to_ascii_uppercase(),
                " would harm the process, which may be that of a host program; redisrs never does that",
            ))
        }
        _ => Err(CommandError::bad_subcommand(&args[0], &args[1])),
    }
}

/// DEBUG SLEEP seconds. What is no positive number is no time, as in Redis.
fn sleep(ctx: &mut Ctx, seconds: &[u8]) -> CmdResult {
    let seconds = parse_f64(seconds).unwrap_or(0.0).max(0.0);
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| CommandError::OUT_OF_RANGE)?;
    std::thread::sleep(time);
    ctx.reply.ok();
    Ok(())
}

/// DEBUG LOG message.
fn log(ctx: &mut Ctx, message: &[u8]) -> CmdResult {
    ctx.engine.log.note(Level::Warning, format_args!("DEBUG LOG: {}", lossy(message)));
    ctx.reply.ok();
    Ok(())
}

/// DEBUG SET-ACTIVE-EXPIRE <0 | 1>: whether keys expire without being read.
fn set_active_expire(ctx: &mut Ctx, value: &[u8]) -> CmdResult {
    // As C's atoi sees it: what does not begin with another number than 0 is 0.
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let is_on = digits.iter().take_while(|byte| byte.is_ascii_digit()).any(|byte| *byte != b'0');
    ctx.engine.settings.hot().active_expire.store(is_on, Relaxed);
    ctx.reply.ok();
    Ok(())
}

/// DEBUG STRUCTSIZE.
fn structsize(ctx: &mut Ctx) -> CmdResult {
    let sizes = Text::of(format_args!(
        "bits:{} engine:{} session:{} client:{} ",
        usize::BITS,
        size_of::<Engine>(),
        size_of::<session::Session>(),
        size_of::<Client>()
    ))?;
    ctx.reply.bulk(&sizes);
    Ok(())
}

const HELP: &[&str] = &[
    "DIGEST",
    "    Output a hex signature representing the current DB content.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Output a hex signature of the values of all the specified keys.",
    "ERROR <string>",
    "    Return a Redis protocol error with <string> as message. Useful for clients",
    "    unit tests to simulate Redis errors.",
    "LOG <message>",
    "    Write <message> to the server log.",
    "HTSTATS <dbid>",
    "    Return hash table statistics of the specified Redis database.",
    "HTSTATS-KEY <key>",
    "    Like HTSTATS but for the hash table stored at <key>'s value.",
    "OBJECT <key>",
    "    Show low level info about `key` and associated value.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create <count> string keys named key:<num>. If <prefix> is specified then",
    "    it is used instead of the 'key' prefix.",
    "PROTOCOL <type>",
    "    Reply with a test value of the specified type. <type> can be: string,",
    "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
    "    true, false.",
    "SDSLEN <key>",
    "    Show low level string info representing `key` and value.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys in background when they are not",
    "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
    "    default.",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "STRUCTSIZE",
    "    Return the size of different core structures.",
];
