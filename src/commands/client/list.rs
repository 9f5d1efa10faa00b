//! CLIENT LIST and CLIENT INFO: one line of fields per client.

use super::super::{Args, CmdResult, CommandError, Ctx, connection::DEFAULT_USER};
use super::kind_by_name;
use crate::engine::clients::{Client, ClientKind};
use crate::resp::number::parse_i64;
use crate::storage::{NoMemory, Text};
use std::fmt::{self, Write};
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;

/// CLIENT INFO.
pub fn info(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let mut text = Text::new();
    let now_ms = ctx.now_ms();
    write_line(ctx, &ctx.session.client, now_ms, &mut text);
    ctx.reply.verbatim("txt", &text.finish()?);
    Ok(())
}

/// CLIENT LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]].
pub fn list(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let mut text = Text::new();
    let now_ms = ctx.now_ms();
    let clients = &ctx.engine.clients;
    if args.len() == 4 && args.is(2, "type") {
        write_kind(ctx, Some(kind_by_name(&args[3])?), now_ms, &mut text)?;
    } else if args.len() > 3 && args.is(2, "id") {
        for id in &args.argv()[3..] {
            let id = parse_i64(id).ok_or(CommandError::fixed("ERR Invalid client ID"))?;
            if let Some(client) = clients.get(id.cast_unsigned()) {
                write_line(ctx, &client, now_ms, &mut text);
            }
        }
    } else if args.len() == 2 {
        write_kind(ctx, None, now_ms, &mut text)?;
    } else {
        return Err(CommandError::SYNTAX);
    }
    ctx.reply.verbatim("txt", &text.finish()?);
    Ok(())
}

fn write_kind(ctx: &Ctx, kind: Option<ClientKind>, now_ms: i64, out: &mut Text) -> Result<(), NoMemory> {
    for client in ctx.engine.clients.list()? {
        if kind.is_none_or(|kind| client.kind() == kind) {
            write_line(ctx, &client, now_ms, out);
        }
    }
    Ok(())
}

/// One line, its end included. The fields and their order are those of Redis 7.0, behind them those that 7.2 added.
fn write_line(ctx: &Ctx, client: &Client, now_ms: i64, out: &mut Text) {
    let seconds_since = |then_ms: i64| now_ms.saturating_sub(then_ms).max(0) / 1000;
    let memory = client_memory(client);
    let text = client.text.lock();
    let output_bytes = client.output_bytes.load(Relaxed);
    let command = ctx.engine.names.with_id(client.last_command.load(Relaxed));
    let command = command.map_or("NULL", |command| command.name);
    out.put(format_args!("id={} addr={} laddr={} fd={} name=", client.id, client.addr, client.laddr, client.fd));
    out.push(&text.name);
    out.put(format_args!(
        " age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} \
         rbs=0 rbp=0 obl=0 oll={} omem={} tot-mem={} events={} cmd={} user={DEFAULT_USER} redir=-1 resp={} lib-name=",
        seconds_since(client.created_ms),
        seconds_since(client.last_active_ms.load(Relaxed)),
        Flags(client),
        client.db.load(Relaxed),
        client.queued.load(Relaxed),
        client.query_bytes.load(Relaxed),
        client.query_capacity.load(Relaxed).saturating_sub(client.query_bytes.load(Relaxed)),
        client.queued_bytes.load(Relaxed),
        u8::from(output_bytes > 0),
        output_bytes,
        memory,
        if output_bytes > 0 { "rw" } else { "r" },
        command,
        client.protocol.load(Relaxed),
    ));
    out.push(&text.lib_name);
    out.push(b" lib-ver=");
    out.push(&text.lib_ver);
    out.push(b"\n");
}

/// Bytes that exist because of this client.
pub(in crate::commands) fn client_memory(client: &Client) -> u64 {
    let text = client.text.lock();
    let strings = client.addr.capacity()
        + client.laddr.capacity()
        + text.name.capacity()
        + text.lib_name.capacity()
        + text.lib_ver.capacity();
    (size_of::<Client>() + strings) as u64
        + client.query_capacity.load(Relaxed)
        + client.queued_bytes.load(Relaxed)
        + client.output_bytes.load(Relaxed)
}

/// One letter for each thing that is special about a client.
struct Flags<'a>(&'a Client);

impl fmt::Display for Flags<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = self.0;
        let all = [
            (client.is_monitor.load(Relaxed), 'O'),
            (client.queued.load(Relaxed) >= 0, 'x'),
            (client.blocked_by().is_some(), 'b'),
            (client.watched_changed(), 'd'),
            (client.is_unix, 'U'),
            (client.no_evict.load(Relaxed), 'e'),
        ];
        let mut set = all.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| *letter);
        out.write_char(set.next().unwrap_or('N'))?;
        set.try_for_each(|letter| out.write_char(letter))
    }
}
