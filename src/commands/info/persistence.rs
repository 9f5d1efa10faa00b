//! INFO persistence: nothing is loaded or saved by an in-memory server, whose last save counts as its start.

use super::super::Ctx;
use super::Fields;
use crate::storage::NoMemory;

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let engine = ctx.engine;
    for field in ["loading", "async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"] {
        fields.add(field, 0);
    }
    fields.add("current_fork_perc", "0.00");
    fields.add("current_save_keys_processed", 0);
    fields.add("current_save_keys_total", 0);
    fields.add("rdb_changes_since_last_save", engine.stats.changes());
    fields.add("rdb_bgsave_in_progress", 0);
    fields.add("rdb_last_save_time", engine.started_ms / 1000);
    fields.add("rdb_last_bgsave_status", "ok");
    fields.add("rdb_last_bgsave_time_sec", -1);
    fields.add("rdb_current_bgsave_time_sec", -1);
    for field in ["saves", "last_cow_size", "last_load_keys_expired", "last_load_keys_loaded"] {
        fields.add_of("rdb", field, 0);
    }
    for field in ["enabled", "rewrite_in_progress", "rewrite_scheduled"] {
        fields.add_of("aof", field, 0);
    }
    fields.add("aof_last_rewrite_time_sec", -1);
    fields.add("aof_current_rewrite_time_sec", -1);
    fields.add("aof_last_bgrewrite_status", "ok");
    fields.add("aof_rewrites", 0);
    fields.add("aof_rewrites_consecutive_failures", 0);
    fields.add("aof_last_write_status", "ok");
    fields.add("aof_last_cow_size", 0);
    fields.add("module_fork_in_progress", 0);
    fields.add("module_fork_last_cow_size", 0);
    Ok(())
}
