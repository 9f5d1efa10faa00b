//! INFO stats: what has happened since the start or the last CONFIG RESETSTAT.

use super::super::Ctx;
use super::Fields;
use crate::storage::NoMemory;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let engine = ctx.engine;
    let stats = &engine.stats;
    let totals = stats.totals()?;
    let rates = engine.housekeeping.rates();
    let kilobytes = |bytes: u64| Fixed(bytes as f64 / 1024.0);
    // Every reactor reads and writes by itself; with one alone nothing is done by another thread.
    let threaded = |calls: u64| if engine.settings.io_threads() > 1 { calls } else { 0 };

    fields.add("total_connections_received", stats.connections_received.load(Relaxed));
    fields.add("total_commands_processed", totals.commands);
    fields.add("instantaneous_ops_per_sec", rates.commands_per_s);
    fields.add("total_net_input_bytes", totals.bytes_in);
    fields.add("total_net_output_bytes", totals.bytes_out);
    fields.add("total_net_repl_input_bytes", 0);
    fields.add("total_net_repl_output_bytes", 0);
    fields.add("instantaneous_input_kbps", kilobytes(rates.bytes_in_per_s));
    fields.add("instantaneous_output_kbps", kilobytes(rates.bytes_out_per_s));
    fields.add("instantaneous_input_repl_kbps", kilobytes(0));
    fields.add("instantaneous_output_repl_kbps", kilobytes(0));
    fields.add("rejected_connections", stats.connections_rejected.load(Relaxed));
    for field in ["full", "partial_ok", "partial_err"] {
        fields.add_of("sync", field, 0);
    }
    fields.add("expired_keys", stats.expired_keys.load(Relaxed));
    // Expiry goes by deadline, so no dead keys lie among the living.
    fields.add("expired_stale_perc", "0.00");
    fields.add("expired_time_cap_reached_count", 0);
    fields.add("expire_cycle_cpu_milliseconds", stats.expire_us.load(Relaxed) / 1000);
    for field in ["evicted_keys", "evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time"] {
        fields.add(field, 0);
    }
    fields.add("keyspace_hits", totals.hits);
    fields.add("keyspace_misses", totals.misses);
    for field in UNBUILT {
        fields.add(field, 0);
    }
    fields.add("total_error_replies", stats.error_replies.load(Relaxed));
    fields.add("dump_payload_sanitizations", stats.payload_sanitizations.load(Relaxed));
    fields.add("total_reads_processed", totals.reads);
    fields.add("total_writes_processed", totals.writes);
    fields.add("io_threaded_reads_processed", threaded(totals.reads));
    fields.add("io_threaded_writes_processed", threaded(totals.writes));
    fields.add("reply_buffer_shrinks", 0);
    fields.add("reply_buffer_expands", 0);
    fields.add("redisrs_query_buffer_disconnections", stats.client_query_limit_disconnections.load(Relaxed));
    fields.add("redisrs_output_buffer_disconnections", stats.client_output_limit_disconnections.load(Relaxed));
    Ok(())
}

/// A number with two decimals.
struct Fixed(f64);

impl fmt::Display for Fixed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2}", self.0)
    }
}

/// Counters of mechanisms that redisrs does not have, or not yet.
const UNBUILT: [&str; 17] = [
    "pubsub_channels",
    "pubsub_patterns",
    "pubsubshard_channels",
    "latest_fork_usec",
    "total_forks",
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
    "tracking_total_keys",
    "tracking_total_items",
    "tracking_total_prefixes",
    "unexpected_error_replies",
];
