//! The connection itself: PING, ECHO, SELECT, HELLO, AUTH, RESET, QUIT.

use super::session::{Close, ReplyMode, Session};
use super::{Args, CmdResult, CommandError, Ctx, client, transaction};
use crate::engine::Engine;
use crate::resp::Protocol;
use crate::resp::number::parse_i64;
use std::sync::atomic::Ordering::Relaxed;

/// The version of Redis whose behaviour this is; clients derive from it what they may use.
pub const REDIS_VERSION: &str = "7.0.15";

/// The only user there is.
pub const DEFAULT_USER: &str = "default";

const WRONG_PASSWORD: CommandError =
    CommandError::fixed("WRONGPASS invalid username-password pair or user is disabled.");
const NO_PASSWORD_SET: CommandError = CommandError::fixed(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
     configuration is correct?",
);
const HELLO_NEEDS_AUTH: CommandError = CommandError::fixed(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option \
     can be used to authenticate the client and select the RESP protocol version at the same time",
);

/// PING [message].
pub fn ping(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match args.len() {
        1 => ctx.reply.pong(),
        2 => ctx.reply.bulk(&args[1]),
        _ => return Err(CommandError::wrong_arity("ping")),
    }
    Ok(())
}

/// ECHO message.
pub fn echo(ctx: &mut Ctx, args: &Args) -> CmdResult {
    ctx.reply.bulk(&args[1]);
    Ok(())
}

/// SELECT index.
pub fn select(ctx: &mut Ctx, args: &Args) -> CmdResult {
    ctx.session.select(args.database(1, ctx.engine.databases())?);
    ctx.reply.ok();
    Ok(())
}

/// QUIT.
pub fn quit(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.session.close = Close::AfterReplies;
    ctx.reply.ok();
    Ok(())
}

/// AUTH [username] password.
pub fn auth(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match args.len() {
        2 if !ctx.engine.settings.hot().requires_password.load(Relaxed) => return Err(NO_PASSWORD_SET),
        2 => authenticate(ctx.engine, ctx.session, DEFAULT_USER.as_bytes(), &args[1])?,
        3 => authenticate(ctx.engine, ctx.session, &args[1], &args[2])?,
        _ => return Err(CommandError::SYNTAX),
    }
    ctx.reply.ok();
    Ok(())
}

/// HELLO [protover [AUTH username password] [SETNAME clientname]].
pub fn hello(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let protocol = args.get(1).map(protocol_version).transpose()?;
    let mut next = 2;
    while let Some(option) = args.get(next) {
        match (args.get(next + 1), args.get(next + 2)) {
            // Each takes effect at once, and keeps it when a later option is wrong.
            (Some(user), Some(password)) if option.eq_ignore_ascii_case(b"AUTH") => {
                authenticate(ctx.engine, ctx.session, user, password)?;
                next += 3;
            }
            (Some(name), _) if option.eq_ignore_ascii_case(b"SETNAME") => {
                client::set_name(ctx.session, name)?;
                next += 2;
            }
            _ => return Err(CommandError::quoting("ERR Syntax error in HELLO option '", option, "'")),
        }
    }
    if !ctx.session.authenticated {
        return Err(HELLO_NEEDS_AUTH);
    }
    if let Some(protocol) = protocol {
        ctx.session.set_protocol(protocol);
        ctx.reply.set_protocol(protocol);
    }
    let version = if ctx.session.protocol == Protocol::Resp3 { 3 } else { 2 };
    let texts = [("server", "redis"), ("version", REDIS_VERSION)];
    ctx.reply.map(7);
    for (field, text) in texts {
        ctx.reply.bulk(field.as_bytes());
        ctx.reply.bulk(text.as_bytes());
    }
    ctx.reply.bulk(b"proto");
    ctx.reply.integer(version);
    ctx.reply.bulk(b"id");
    ctx.reply.integer(ctx.session.id().cast_signed());
    ctx.reply.bulk(b"mode");
    ctx.reply.bulk(b"standalone");
    ctx.reply.bulk(b"role");
    ctx.reply.bulk(b"master");
    ctx.reply.bulk(b"modules");
    ctx.reply.array(0);
    Ok(())
}

/// RESET.
pub fn reset(ctx: &mut Ctx, _: &Args) -> CmdResult {
    transaction::end(ctx.session, ctx.engine);
    ctx.engine.clients.end_monitor(&ctx.session.client);
    let session = &mut *ctx.session;
    session.select(0);
    session.set_protocol(Protocol::Resp2);
    session.reply_mode = ReplyMode::On;
    session.authenticated = !ctx.engine.settings.hot().requires_password.load(Relaxed);
    session.client.text.lock().name.clear();
    ctx.reply.set_protocol(Protocol::Resp2);
    ctx.reply.status("RESET");
    Ok(())
}

fn protocol_version(text: &[u8]) -> Result<Protocol, CommandError> {
    match parse_i64(text) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(CommandError::fixed("NOPROTO unsupported protocol version")),
        None => Err(CommandError::fixed("ERR Protocol version is not an integer or out of range")),
    }
}

/// Checks name and password. A user without a password takes any.
fn authenticate(engine: &Engine, session: &mut Session, user: &[u8], password: &[u8]) -> CmdResult {
    let is_right = !engine.settings.hot().requires_password.load(Relaxed)
        || engine.settings.with_password(|secret| is_same_secret(secret, password));
    if user != DEFAULT_USER.as_bytes() || !is_right {
        return Err(WRONG_PASSWORD);
    }
    session.authenticated = true;
    Ok(())
}

/// Compares in a time that depends on the length of `given` only, so that it tells nothing of `secret`.
fn is_same_secret(secret: &[u8], given: &[u8]) -> bool {
    let mut difference = secret.len() ^ given.len();
    for (byte, expected) in given.iter().zip(secret.iter().chain(std::iter::repeat(&0))) {
        difference |= usize::from(byte ^ expected);
    }
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::is_same_secret;

    #[test]
    fn secrets_match_only_themselves() {
        assert!(is_same_secret(b"secret", b"secret"));
        for other in [&b""[..], b"secre", b"secret ", b"secret\0", b"Secret", b"secrex"] {
            assert!(!is_same_secret(b"secret", other), "{other:?}");
        }
    }
}
