//! CLIENT LIST and CLIENT INFO: one line of fields per client.

use super::super::{Args, CmdResult, CommandError, Ctx, connection::DEFAULT_USER};
use super::kind_by_name;
use crate::engine::clients::{Client, ClientKind};
use crate::resp::number::parse_i64;
use std::io::Write;
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;

/// CLIENT INFO.
pub fn info(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let mut text = Vec::new();
    let now_ms = ctx.now_ms();
    write_line(ctx, &ctx.session.client, now_ms, &mut text);
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

/// CLIENT LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]].
pub fn list(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let mut text = Vec::new();
    let now_ms = ctx.now_ms();
    let clients = &ctx.engine.clients;
    if args.len() == 4 && args.is(2, "type") {
        write_kind(ctx, Some(kind_by_name(&args[3])?), now_ms, &mut text);
    } else if args.len() > 3 && args.is(2, "id") {
        for id in &args.argv()[3..] {
            let id = parse_i64(id).ok_or(CommandError::fixed("ERR Invalid client ID"))?;
            if let Some(client) = clients.get(id.cast_unsigned()) {
                write_line(ctx, &client, now_ms, &mut text);
            }
        }
    } else if args.len() == 2 {
        write_kind(ctx, None, now_ms, &mut text);
    } else {
        return Err(CommandError::SYNTAX);
    }
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

fn write_kind(ctx: &Ctx, kind: Option<ClientKind>, now_ms: i64, out: &mut Vec<u8>) {
    for client in ctx.engine.clients.list() {
        if kind.is_none_or(|kind| client.kind() == kind) {
            write_line(ctx, &client, now_ms, out);
        }
    }
}

/// One line, its end included. The fields and their order are those of Redis 7.0, behind them those that 7.2 added.
fn write_line(ctx: &Ctx, client: &Client, now_ms: i64, out: &mut Vec<u8>) {
    let seconds_since = |then_ms: i64| now_ms.saturating_sub(then_ms).max(0) / 1000;
    let text = client.text.lock().clone();
    let output_bytes = client.output_bytes.load(Relaxed);
    let command = ctx.engine.names.with_id(client.last_command.load(Relaxed));
    let command = command.map_or("NULL", |command| command.name);
    // Writing to a vector cannot fail.
    let _ = write!(out, "id={} addr={} laddr={} fd={} name=", client.id, client.addr, client.laddr, client.fd);
    out.extend_from_slice(&text.name);
    let _ = write!(
        out,
        " age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} \
         rbs=0 rbp=0 obl=0 oll={} omem={} tot-mem={} events={} cmd={} user={DEFAULT_USER} redir=-1 resp={} lib-name=",
        seconds_since(client.created_ms),
        seconds_since(client.last_active_ms.load(Relaxed)),
        flags(client),
        client.db.load(Relaxed),
        client.queued.load(Relaxed),
        client.query_bytes.load(Relaxed),
        client.query_capacity.load(Relaxed).saturating_sub(client.query_bytes.load(Relaxed)),
        client.queued_bytes.load(Relaxed),
        u8::from(output_bytes > 0),
        output_bytes,
        client_memory(client),
        if output_bytes > 0 { "rw" } else { "r" },
        command,
        client.protocol.load(Relaxed),
    );
    out.extend_from_slice(&text.lib_name);
    out.extend_from_slice(b" lib-ver=");
    out.extend_from_slice(&text.lib_ver);
    out.push(b'\n');
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

fn flags(client: &Client) -> String {
    let all = [
        (client.is_monitor.load(Relaxed), 'O'),
        (client.queued.load(Relaxed) >= 0, 'x'),
        (client.blocked_by().is_some(), 'b'),
        (client.watched_changed(), 'd'),
        (client.is_unix, 'U'),
        (client.no_evict.load(Relaxed), 'e'),
    ];
    let set: String = all.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect();
    if set.is_empty() { "N".into() } else { set }
}
