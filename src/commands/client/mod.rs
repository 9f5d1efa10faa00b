//! CLIENT: what a client says about itself, and what it learns about itself and others.

mod kill;
mod list;
mod unblock;

pub use kill::kill;
pub(super) use list::client_memory;
pub use list::{info, list};
pub use unblock::unblock;

use super::session::{ReplyMode, Session};
use super::{Args, CmdResult, CommandError, Ctx, help};
use crate::engine::clients::ClientKind;
use crate::keyspace::try_copy;
use std::sync::atomic::Ordering::Relaxed;

/// CLIENT ID.
pub fn id(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.integer(ctx.session.id().cast_signed());
    Ok(())
}

/// CLIENT SETNAME connection-name.
pub fn setname(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_name(ctx.session, &args[2])?;
    ctx.reply.ok();
    Ok(())
}

/// CLIENT GETNAME.
pub fn getname(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let text = ctx.session.client.text.lock();
    if text.name.is_empty() {
        ctx.reply.null();
    } else {
        ctx.reply.bulk(&text.name);
    }
    Ok(())
}

/// CLIENT SETINFO <LIB-NAME | LIB-VER> value.
pub fn setinfo(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (attribute, value) = (&args[2], &args[3]);
    let mut text = ctx.session.client.text.lock();
    let slot = if args.is(2, "lib-name") {
        &mut text.lib_name
    } else if args.is(2, "lib-ver") {
        &mut text.lib_ver
    } else {
        return Err(CommandError::quoting("ERR Unrecognized option '", attribute, "'"));
    };
    if !is_printable(value) {
        let reason = " cannot contain spaces, newlines or special characters.";
        return Err(CommandError::quoting("ERR ", attribute, reason));
    }
    *slot = try_copy(value)?;
    ctx.reply.ok();
    Ok(())
}

/// CLIENT REPLY <ON | OFF | SKIP>.
pub fn reply(ctx: &mut Ctx, args: &Args) -> CmdResult {
    if args.is(2, "on") {
        ctx.session.reply_mode = ReplyMode::On;
        ctx.reply.ok();
    } else if args.is(2, "off") {
        ctx.session.reply_mode = ReplyMode::Off;
    } else if args.is(2, "skip") {
        if ctx.session.reply_mode != ReplyMode::Off {
            ctx.session.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(CommandError::SYNTAX);
    }
    Ok(())
}

/// CLIENT NO-EVICT <ON | OFF>.
pub fn no_evict(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let on = if args.is(2, "on") {
        true
    } else if args.is(2, "off") {
        false
    } else {
        return Err(CommandError::SYNTAX);
    };
    ctx.session.client.no_evict.store(on, Relaxed);
    ctx.reply.ok();
    Ok(())
}

/// CLIENT HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

/// Names a session; an empty name takes the name away.
///
/// # Errors
/// If the name could break the format of CLIENT LIST, or memory is short.
pub(super) fn set_name(session: &Session, name: &[u8]) -> CmdResult {
    if !is_printable(name) {
        return Err(CommandError::fixed("ERR Client names cannot contain spaces, newlines or special characters."));
    }
    session.client.text.lock().name = try_copy(name)?;
    Ok(())
}

fn is_printable(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

/// The kind of clients that TYPE names.
fn kind_by_name(name: &[u8]) -> Result<ClientKind, CommandError> {
    const KINDS: [(&str, ClientKind); 5] = [
        ("normal", ClientKind::Normal),
        ("slave", ClientKind::Replica),
        ("replica", ClientKind::Replica),
        ("pubsub", ClientKind::Pubsub),
        ("master", ClientKind::Master),
    ];
    let found = KINDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    let unknown = || CommandError::quoting("ERR Unknown client type '", name, "'");
    found.map(|(_, kind)| *kind).ok_or_else(unknown)
}

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are:",
    "    * LIB-NAME: the client lib name.",
    "    * LIB-VER: the client lib version.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
];
