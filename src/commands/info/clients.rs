//! INFO clients: how many there are, and what they keep waiting.

use super::super::Ctx;
use super::Fields;
use crate::engine::clients::Client;
use crate::storage::NoMemory;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let clients = ctx.engine.clients.list()?;
    let connected = ctx.engine.clients.connected();
    let largest =
        |bytes: fn(&Client) -> &AtomicU64| clients.iter().map(|client| bytes(client).load(Relaxed)).max().unwrap_or(0);
    fields.add("connected_clients", connected);
    fields.add("cluster_connections", 0);
    fields.add("maxclients", ctx.engine.settings.hot().maxclients.load(Relaxed));
    fields.add("client_recent_max_input_buffer", largest(|client| &client.query_bytes));
    fields.add("client_recent_max_output_buffer", largest(|client| &client.output_bytes));
    fields.add("blocked_clients", ctx.engine.clients.blocked.load(Relaxed));
    fields.add("tracking_clients", 0);
    fields.add("clients_in_timeout_table", clients.iter().filter(|client| waits_for_limited_time(client)).count());
    fields.add("redisrs_sessions_in_process", (clients.len() as u64).saturating_sub(connected));
    Ok(())
}

fn waits_for_limited_time(client: &Client) -> bool {
    client.blocked_by().is_some_and(|waiting| waiting.has_deadline())
}
