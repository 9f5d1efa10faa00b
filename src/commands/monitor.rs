//! MONITOR: shows a client every command that the engine runs (<https://redis.io/docs/latest/commands/monitor/>).

use super::redact::redacted;
use super::spec::{Command, Flags};
use super::{Args, CmdResult, CommandError, Ctx, Session};
use crate::engine::Engine;
use crate::engine::settings::split::{quote_into, quoted_len};
use crate::keyspace::NoMemory;
use std::io::Write;

/// A line without address and arguments.
const HEAD_BYTES_MAX: usize = 96;

/// MONITOR.
pub fn monitor(ctx: &mut Ctx, _: &Args) -> CmdResult {
    if ctx.in_transaction {
        return Err(CommandError::fixed("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    // One that monitors already gets no second answer.
    if ctx.engine.clients.start_monitor(&ctx.session.client)? {
        ctx.reply.ok();
    }
    Ok(())
}

/// Shows a command that has run to all who monitor. Administrative ones are not shown.
#[inline]
pub fn feed(engine: &Engine, session: &Session, command: &Command, argv: &[&[u8]]) {
    if engine.clients.has_monitors() && !command.flags.intersects(Flags::SKIP_MONITOR | Flags::ADMIN) {
        engine.clients.feed_monitors(line(engine.clock.now_us(), session, command, argv).ok());
    }
}

/// `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`
///
/// # Errors
/// If memory is short.
fn line(now_us: i64, session: &Session, command: &Command, argv: &[&[u8]]) -> Result<Vec<u8>, NoMemory> {
    const US_PER_S: i64 = 1_000_000;
    let mut line = Vec::new();
    let client = &session.client;
    let (kind, addr) = match &client.addr {
        _ if client.fd < 0 => ("in-process", ""),
        path if client.is_unix => ("unix:", path.strip_suffix(":0").unwrap_or(path)),
        addr => ("", addr.as_str()),
    };
    let (seconds, us) = (now_us / US_PER_S, now_us % US_PER_S);
    let argv = redacted(command, argv)?;
    // All of it at once: from here on nothing is asked for.
    line.try_reserve_exact(HEAD_BYTES_MAX + addr.len() + argv.iter().map(|arg| 1 + quoted_len(arg)).sum::<usize>())?;
    // Writing to a vector cannot fail.
    let _ = write!(line, "+{seconds}.{us:06} [{} {kind}{addr}]", session.db);
    for arg in argv {
        line.push(b' ');
        quote_into(arg, &mut line);
    }
    line.extend_from_slice(b"\r\n");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::quote_into;

    #[test]
    fn unprintable_bytes_are_escaped() {
        let mut out = Vec::new();
        quote_into(b"a\"b\\\n\r\t\x07\x08\x00\xff ~", &mut out);
        assert_eq!(out, br#""a\"b\\\n\r\t\a\b\x00\xff ~""#);
    }
}
