//! INFO replication: a master without replicas.

use super::super::Ctx;
use super::Fields;
use crate::engine::settings::table::Id;
use crate::storage::NoMemory;

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    fields.add("role", "master");
    fields.add("connected_slaves", 0);
    fields.add("master_failover_state", "no-failover");
    fields.add("master_replid", &ctx.engine.replication_id);
    fields.add("master_replid2", format_args!("{:0>1$}", "", ctx.engine.replication_id.len()));
    fields.add("master_repl_offset", 0);
    fields.add("second_repl_offset", -1);
    fields.add("repl_backlog_active", 0);
    fields.add("repl_backlog_size", ctx.engine.settings.show(Id::ReplBacklogSize)?);
    fields.add("repl_backlog_first_byte_offset", 0);
    fields.add("repl_backlog_histlen", 0);
    Ok(())
}
