//! Commands of the original project's dialect.
//!
//! A request runs as it does over RESP3, and its reply is translated (`resp::original_reply`). The few commands that
//! mean something else here have a [`variant`]: the Redis command's table entry with another handler. Given in a
//! form that the original does not have (`set k v EX 10`), they are the Redis commands.
//!
//! | request | other than in Redis |
//! |---|---|
//! | `set k v` | keeps the deadline; refuses to replace what is not a string |
//! | `del k` | in the status format the reply does not tell whether the key was there |
//! | `keys` | needs no pattern |
//! | `pexpire k ms` | a negative time takes the deadline away |
//! | `zquery`, `zqueryr`, `zcount` with five | see [`zset`] |
//! | nothing | an unknown command |

mod zset;

use super::dispatch::{self, Prepared, Timing};
use super::session::Session;
use super::spec::{Command, id};
use super::typed::command;
use super::{Args, Class, CmdResult, CommandError, Ctx, Handler, expire, generic, scan, string};
use crate::engine::Engine;
use crate::resp::{Format, Protocol, ReplyWriter, transcode};
use std::sync::atomic::Ordering::Relaxed;

/// Runs one request and appends its reply in the configured format. `resp` is scratch space. Returns what
/// [`dispatch::execute`] does.
pub fn execute(
    engine: &Engine,
    session: &mut Session,
    argv: &[&[u8]],
    prepared: &Prepared,
    now_ms: i64,
    resp: &mut ReplyWriter,
    out: &mut ReplyWriter,
) -> Timing {
    resp.clear();
    let format = format(engine);
    let mut timing = Timing::None;
    match argv.first() {
        None => dispatch::write_error(engine, resp, &CommandError::fixed("ERR unknown command ''")),
        Some(name) => {
            session.protocol = Protocol::Resp3;
            let command = prepared.command().or_else(|| engine.names.lookup(name));
            let meant = command.and_then(|command| meant(command, argv.len(), format));
            let prepared = match meant.or_else(|| zset::find(name, argv.len())) {
                Some(variant) => prepared.with_command(variant),
                None => *prepared,
            };
            timing = dispatch::execute(engine, session, argv, &prepared, now_ms, resp);
        }
    }
    translate(resp, format, out);
    timing
}

/// Runs one slice of a command that gave way; true when its reply is complete, which then is translated.
pub fn resume(engine: &Engine, session: &mut Session, now_ms: i64, reply: &mut ReplyWriter) -> bool {
    let is_done = dispatch::resume(engine, session, now_ms, reply);
    if is_done {
        let mut resp = ReplyWriter::default();
        std::mem::swap(&mut resp, reply);
        translate(&resp, format(engine), reply);
    }
    is_done
}

fn format(engine: &Engine) -> Format {
    let is_typed = engine.settings.hot().original_replies_typed.load(Relaxed);
    if is_typed { Format::Typed } else { Format::Status }
}

/// Nothing is written where there is no reply: it was muted, or comes later.
fn translate(resp: &ReplyWriter, format: Format, out: &mut ReplyWriter) {
    if !resp.is_empty() {
        let translated = transcode(resp.bytes(), format, out.buffer_mut());
        debug_assert!(translated.is_ok(), "the reply writer writes well-formed replies");
    }
}

static SET: Command = variant("set", 3, set);
static DEL: Command = variant("del", 2, del_quietly);
static KEYS: Command = variant("keys", 1, scan::all_keys);
static PEXPIRE: Command = variant("pexpire", 3, pexpire);

/// A command of the table with another handler, for exactly `arity` arguments.
const fn variant(name: &str, arity: i16, handler: Handler) -> Command {
    Command { arity, handler: Some(handler), ..*command(name) }
}

/// What a request for `command` with `argc` arguments means in this dialect, if it is something else.
fn meant(command: &Command, argc: usize, format: Format) -> Option<&'static Command> {
    match (command.id, argc) {
        (id::SET, 3) => Some(&SET),
        (id::DEL, 2) if format == Format::Status => Some(&DEL),
        (id::KEYS, 1) => Some(&KEYS),
        (id::PEXPIRE, 3) => Some(&PEXPIRE),
        _ => None,
    }
}

/// set key value
fn set(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    if let Some(loc) = found {
        ctx.string(key, loc)?;
    }
    string::put(ctx, key, found, string::encode(&args[2]))?;
    ctx.notify(Class::String, c"set", key);
    ctx.reply.ok();
    Ok(())
}

/// del key
fn del_quietly(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let start = ctx.reply.len();
    generic::del(ctx, args)?;
    ctx.reply.truncate(start);
    ctx.reply.ok();
    Ok(())
}

/// pexpire key milliseconds
fn pexpire(ctx: &mut Ctx, args: &Args) -> CmdResult {
    if args.int(2)? >= 0 {
        return expire::pexpire(ctx, args);
    }
    let key = args.key(0);
    let found = ctx.write(key);
    if let Some(loc) = found
        && ctx.db(key).clear_deadline(loc)
    {
        ctx.changed(key);
        ctx.notify(Class::Generic, c"persist", key);
    }
    ctx.reply.integer(found.is_some().into());
    Ok(())
}
