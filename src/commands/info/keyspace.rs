//! INFO keyspace: keys, volatile keys and their mean time to live, per database in use.

use super::super::Ctx;
use super::Fields;
use crate::storage::NoMemory;

/// Sums over all shards for one database.
#[derive(Clone, Copy, Default)]
struct DbTotals {
    keys: usize,
    expires: usize,
    deadline_sum_ms: i128,
}

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let mut totals: Vec<DbTotals> = Vec::new();
    // No visit makes a database, so there are never more.
    totals.try_reserve_exact(ctx.engine.databases() as usize)?;
    for shard in 0..ctx.engine.keyspace.shard_count() {
        ctx.with_shard(shard, |data| {
            let dbs = data.dbs();
            totals.resize(totals.len().max(dbs.count() as usize), DbTotals::default());
            for (total, db) in totals.iter_mut().zip(dbs.iter()) {
                total.keys += db.len();
                total.expires += db.volatile_len();
                total.deadline_sum_ms += db.deadline_sum_ms();
            }
        });
    }
    let now_ms = i128::from(ctx.now_ms());
    for (number, total) in totals.iter().enumerate().filter(|(_, total)| total.keys > 0) {
        let mean_ms = total.deadline_sum_ms.checked_div(total.expires as i128).map_or(0, |mean| (mean - now_ms).max(0));
        let DbTotals { keys, expires, .. } = total;
        fields.add(format_args!("db{number}"), format_args!("keys={keys},expires={expires},avg_ttl={mean_ms}"));
    }
    Ok(())
}
