//! INFO memory: our own accounting of what this engine uses, and what the process has from the system.

use super::super::client::client_memory;
use super::super::{Ctx, Session};
use super::Fields;
use crate::engine::{allocator, process};
use crate::storage::NoMemory;
use std::fmt;
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;

/// Bytes that one database uses in all shards, by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DbUse {
    pub keys: usize,
    /// Keys and values.
    pub entries: usize,
    /// Buckets.
    pub table: usize,
    /// Deadlines.
    pub ttl: usize,
}

/// Bytes that an engine uses, by purpose.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// What an engine without keys and clients needs.
    pub startup: usize,
    /// By database number.
    pub dbs: Vec<DbUse>,
    /// Sessions and their buffers.
    pub clients: usize,
    pub client_count: usize,
    /// The most that ever was.
    pub peak: usize,
}

impl MemoryUse {
    /// Adds it up, and raises the recorded peak if this is more.
    ///
    /// # Errors
    /// If memory is short.
    pub fn measure(ctx: &mut Ctx) -> Result<Self, NoMemory> {
        let engine = ctx.engine;
        let mut sum = Self { startup: engine.startup_memory(), ..Self::default() };
        // No visit makes a database, so there are never more.
        sum.dbs.try_reserve_exact(engine.databases() as usize)?;
        for shard in 0..engine.keyspace.shard_count() {
            ctx.with_shard(shard, |data| {
                let dbs = data.dbs();
                sum.dbs.resize(sum.dbs.len().max(dbs.count() as usize), DbUse::default());
                for (total, db) in sum.dbs.iter_mut().zip(dbs.iter()) {
                    total.keys += db.len();
                    total.table += db.table_bytes();
                    total.ttl += db.ttl_bytes();
                    total.entries += db.used() - db.table_bytes() - db.ttl_bytes();
                }
            });
        }
        let clients = engine.clients.list()?;
        sum.client_count = clients.len();
        sum.clients = clients.iter().map(|client| size_of::<Session>() + client_memory(client) as usize).sum();
        let before = engine.stats.peak_memory.fetch_max(sum.total() as u64, Relaxed);
        sum.peak = sum.total().max(usize::try_from(before).unwrap_or(usize::MAX));
        Ok(sum)
    }

    /// Number of keys in all databases.
    pub fn keys(&self) -> usize {
        self.dbs.iter().map(|db| db.keys).sum()
    }

    /// Keys and values.
    pub fn dataset(&self) -> usize {
        self.dbs.iter().map(|db| db.entries).sum()
    }

    /// What is not keys and values.
    pub fn overhead(&self) -> usize {
        self.startup + self.clients + self.dbs.iter().map(|db| db.table + db.ttl).sum::<usize>()
    }

    /// Everything.
    pub fn total(&self) -> usize {
        self.overhead() + self.dataset()
    }

    /// Keys and values as part of what came on top of the start, in percent.
    pub fn dataset_percent(&self) -> f64 {
        percent(self.dataset(), self.total() - self.startup)
    }

    /// What is in use now as part of what ever was, in percent.
    pub fn peak_percent(&self) -> f64 {
        percent(self.total(), self.peak)
    }
}

/// What the process has from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemUse {
    /// What the allocator holds, in use or not.
    pub active: usize,
    /// What is in physical memory, with code and stacks.
    pub resident: usize,
}

impl SystemUse {
    /// Asks allocator and system; what they do not tell is taken to be `total`.
    pub fn measure(total: usize) -> Self {
        Self {
            active: allocator::committed_bytes().unwrap_or(total),
            resident: process::resident_bytes().unwrap_or(total),
        }
    }
}

/// How much larger one amount is than another: as a quotient, and as a difference.
pub fn gap(outer: usize, inner: usize) -> (f64, i64) {
    let ratio = if inner == 0 { 0.0 } else { outer as f64 / inner as f64 };
    (ratio, outer as i64 - inner as i64)
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// A number of bytes for people: `1.52M`.
struct Human(usize);

impl fmt::Display for Human {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["K", "M", "G", "T", "P"];
        if self.0 < 1024 {
            return write!(out, "{}B", self.0);
        }
        let mut number = self.0 as f64 / 1024.0;
        let mut unit = 0;
        while number >= 1024.0 && unit + 1 < UNITS.len() {
            number /= 1024.0;
            unit += 1;
        }
        write!(out, "{number:.2}{}", UNITS[unit])
    }
}

fn add_gap(fields: &mut Fields, name: &str, outer: usize, inner: usize) {
    let (ratio, bytes) = gap(outer, inner);
    fields.add_of(name, "ratio", format_args!("{ratio:.2}"));
    fields.add_of(name, "bytes", bytes);
}

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let used = MemoryUse::measure(ctx)?;
    let engine = ctx.engine;
    let hot = engine.settings.hot();
    let total = used.total();
    let SystemUse { active, resident } = SystemUse::measure(total);
    let maxmemory = hot.maxmemory.load(Relaxed);
    let machine = process::machine_memory_bytes();
    let with_human = |fields: &mut Fields, name: &str, bytes: usize| {
        fields.add(name, bytes);
        fields.add_of(name, "human", Human(bytes));
    };

    with_human(fields, "used_memory", total);
    with_human(fields, "used_memory_rss", resident);
    with_human(fields, "used_memory_peak", used.peak);
    fields.add("used_memory_peak_perc", format_args!("{:.2}%", used.peak_percent()));
    fields.add("used_memory_overhead", used.overhead());
    fields.add("used_memory_startup", used.startup);
    fields.add("used_memory_dataset", used.dataset());
    fields.add("used_memory_dataset_perc", format_args!("{:.2}%", used.dataset_percent()));
    fields.add("allocator_allocated", total);
    fields.add("allocator_active", active);
    fields.add("allocator_resident", active);
    with_human(fields, "total_system_memory", machine);
    // There is no scripting engine that could use any.
    fields.add("used_memory_lua", 0);
    fields.add("used_memory_vm_eval", 0);
    fields.add("used_memory_lua_human", Human(0));
    for field in ["used_memory_scripts_eval", "number_of_cached_scripts", "number_of_functions", "number_of_libraries"]
    {
        fields.add(field, 0);
    }
    fields.add("used_memory_vm_functions", 0);
    with_human(fields, "used_memory_vm_total", 0);
    fields.add("used_memory_functions", 0);
    with_human(fields, "used_memory_scripts", 0);
    with_human(fields, "maxmemory", maxmemory);
    fields.add("maxmemory_policy", hot.maxmemory_policy().name());
    add_gap(fields, "allocator_frag", active, total);
    add_gap(fields, "allocator_rss", active, active);
    add_gap(fields, "rss_overhead", resident, active);
    add_gap(fields, "mem_fragmentation", resident, total);
    fields.add("mem_not_counted_for_evict", used.startup + used.clients);
    fields.add("mem_replication_backlog", 0);
    fields.add("mem_total_replication_buffers", 0);
    fields.add("mem_clients_slaves", 0);
    fields.add("mem_clients_normal", used.clients);
    fields.add("mem_cluster_links", 0);
    fields.add("mem_aof_buffer", 0);
    fields.add("mem_allocator", allocator::name());
    fields.add("active_defrag_running", 0);
    fields.add("lazyfree_pending_objects", engine.reclaimer.pending());
    fields.add("lazyfreed_objects", engine.reclaimer.freed());
    Ok(())
}
