//! MEMORY: what keys take, and what the whole engine takes (<https://redis.io/docs/latest/commands/memory-usage/>).

use super::info::{MemoryUse, SystemUse, gap};
use super::{Args, CmdResult, CommandError, Ctx, help};
use crate::engine::allocator;
use crate::resp::ReplyWriter;
use crate::storage::{NoMemory, Text, try_copy};

/// Below this much there is nothing to diagnose.
const SMALL_BYTES: usize = 5 * 1024 * 1024;
/// Waste below this is not worth a word.
const WASTE_BYTES: i64 = 10 * 1024 * 1024;
/// Resident memory as a multiple of used memory that is worth a word.
const WASTE_RATIO: f64 = 1.4;
/// Bytes per client, on average, that are worth a word.
const CLIENT_BYTES: usize = 200 * 1024;

/// MEMORY USAGE key [SAMPLES count].
pub fn usage(ctx: &mut Ctx, args: &Args) -> CmdResult {
    // SAMPLES is about elements; the size of a string is known.
    for at in (3..args.len()).step_by(2) {
        if !args.is(at, "samples") || at + 1 >= args.len() || args.int(at + 1)? < 0 {
            return Err(CommandError::SYNTAX);
        }
    }
    let key = args.key(0);
    match ctx.peek(key) {
        Some(loc) => {
            let bytes = ctx.db(key).memory_usage(loc);
            ctx.reply.integer(bytes as i64);
        }
        None => ctx.reply.null(),
    }
    Ok(())
}

/// The fields of MEMORY STATS.
struct Pairs<'a> {
    reply: &'a mut ReplyWriter,
    count: usize,
}

impl Pairs<'_> {
    fn name(&mut self, name: impl AsRef<[u8]>) {
        self.reply.bulk(name.as_ref());
        self.count += 1;
    }

    fn bytes(&mut self, name: &str, value: usize) {
        self.name(name);
        self.reply.integer(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn double(&mut self, name: &str, value: f64) {
        self.name(name);
        self.reply.double(value);
    }

    fn gap(&mut self, ratio: &str, bytes: &str, (quotient, difference): (f64, i64)) {
        self.double(ratio, quotient);
        self.name(bytes);
        self.reply.integer(difference);
    }
}

/// MEMORY STATS.
pub fn stats(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let used = MemoryUse::measure(ctx)?;
    let total = used.total();
    let SystemUse { active, resident } = SystemUse::measure(total);
    let mark = ctx.reply.begin();
    let mut pairs = Pairs { reply: ctx.reply, count: 0 };
    pairs.bytes("peak.allocated", used.peak);
    pairs.bytes("total.allocated", total);
    pairs.bytes("startup.allocated", used.startup);
    pairs.bytes("replication.backlog", 0);
    pairs.bytes("clients.slaves", 0);
    pairs.bytes("clients.normal", used.clients);
    for unbuilt in ["cluster.links", "aof.buffer", "lua.caches", "functions.caches"] {
        pairs.bytes(unbuilt, 0);
    }
    for (number, db) in used.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0) {
        pairs.name(Text::of(format_args!("db.{number}"))?);
        pairs.reply.map(3);
        let tables = [
            ("overhead.hashtable.main", db.table),
            ("overhead.hashtable.expires", db.ttl),
            ("overhead.hashtable.slot-to-keys", 0),
        ];
        for (name, bytes) in tables {
            pairs.reply.bulk(name.as_bytes());
            pairs.reply.integer(bytes as i64);
        }
    }
    pairs.bytes("overhead.total", used.overhead());
    pairs.bytes("keys.count", used.keys());
    pairs.bytes("keys.bytes-per-key", (total - used.startup).checked_div(used.keys()).unwrap_or(0));
    pairs.bytes("dataset.bytes", used.dataset());
    pairs.double("dataset.percentage", used.dataset_percent());
    pairs.double("peak.percentage", used.peak_percent());
    pairs.bytes("allocator.allocated", total);
    pairs.bytes("allocator.active", active);
    pairs.bytes("allocator.resident", active);
    pairs.gap("allocator-fragmentation.ratio", "allocator-fragmentation.bytes", gap(active, total));
    pairs.gap("allocator-rss.ratio", "allocator-rss.bytes", gap(active, active));
    pairs.gap("rss-overhead.ratio", "rss-overhead.bytes", gap(resident, active));
    pairs.gap("fragmentation", "fragmentation.bytes", gap(resident, total));
    let count = pairs.count;
    ctx.reply.end_map(mark, count);
    Ok(())
}

/// MEMORY DOCTOR.
pub fn doctor(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let used = MemoryUse::measure(ctx)?;
    let system = SystemUse::measure(used.total());
    ctx.reply.verbatim("txt", &diagnosis(&used, system)?);
    Ok(())
}

/// MEMORY PURGE.
pub fn purge(ctx: &mut Ctx, _: &Args) -> CmdResult {
    allocator::purge();
    ctx.reply.ok();
    Ok(())
}

/// MEMORY MALLOC-STATS.
pub fn malloc_stats(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let report = allocator::report()?;
    ctx.reply.verbatim("txt", report.as_deref().unwrap_or(b"Stats not supported for the current allocator"));
    Ok(())
}

/// MEMORY HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

/// The report of MEMORY DOCTOR, in the words of Redis.
fn diagnosis(used: &MemoryUse, system: SystemUse) -> Result<Vec<u8>, NoMemory> {
    let total = used.total();
    if total < SMALL_BYTES {
        return try_copy(EMPTY.as_bytes());
    }
    let (ratio, wasted) = gap(system.resident, total);
    let findings = [
        (used.peak > total / 2 * 3, BIG_PEAK),
        (ratio > WASTE_RATIO && wasted > WASTE_BYTES, HIGH_RSS),
        (used.clients / used.client_count.max(1) > CLIENT_BYTES, BIG_CLIENTS),
    ];
    if findings.iter().all(|(is_found, _)| !is_found) {
        return try_copy(HEALTHY.as_bytes());
    }
    let mut text = Text::new();
    text.push(b"Sam, I detected a few issues in this Redis instance memory implants:\n\n");
    for (_, finding) in findings.iter().filter(|(is_found, _)| *is_found) {
        match finding.split_once("{allocator}") {
            Some((before, after)) => text.put(format_args!("{before}{}{after}", allocator::name())),
            None => text.push(finding.as_bytes()),
        }
    }
    text.push(b"I'm here to keep you safe, Sam. I want to help you.\n");
    text.finish()
}

const EMPTY: &str = "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in \
    these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be \
    back to our programming as soon as I finished rebooting.\n";

const HEALTHY: &str = "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this \
    base.\n";

const BIG_PEAK: &str = " * Peak memory: In the past this instance used more than 150% the memory that is currently using. \
    The allocator is normally not able to release memory after a peak, so you can expect to see a big fragmentation \
    ratio, however this is actually harmless and is only due to the memory peak, and if the Redis instance Resident Set \
    Size (RSS) is currently bigger than expected, the memory will be used as soon as you fill the Redis instance with \
    more data. If the memory peak was only occasional and you want to try to reclaim memory, please try the MEMORY PURGE \
    command, otherwise the only other option is to shutdown and restart the instance.\n\n";

const HIGH_RSS: &str = " * High total RSS: This instance has a memory fragmentation and RSS overhead greater than 1.4 (this \
    means that the Resident Set Size of the Redis process is much larger than the sum of the logical allocations Redis \
    performed). This problem is usually due either to a large peak memory (check if there is a peak memory entry above \
    in the report) or may result from a workload that causes the allocator to fragment memory a lot. If the problem is a \
    large peak memory, then there is no issue. Otherwise the memory may belong to the program that redisrs is a part of. \
    Note: The currently used allocator is \"{allocator}\".\n\n";

const BIG_CLIENTS: &str = " * Big client buffers: The clients output buffers in this instance are greater than 200K per \
    client (on average). This may result from different causes, like Pub/Sub clients subscribed to channels bot not \
    receiving data fast enough, so that data piles on the Redis instance output buffer, or clients sending commands with \
    large replies or very large sequences of commands in the same pipeline. Please use the CLIENT LIST command in order \
    to investigate the issue if it causes problems in your instance, or to understand better why certain clients are \
    using a big amount of memory.\n\n";

const HELP: &[&str] = &[
    "DOCTOR",
    "    Return memory problems reports.",
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
];

#[cfg(test)]
mod tests {
    use super::super::info::DbUse;
    use super::*;

    #[test]
    fn the_doctor_finds_what_there_is() {
        let mut used = MemoryUse { client_count: 1, ..MemoryUse::default() };
        let mut system = SystemUse { active: 0, resident: 0 };
        let diagnosis = |used: &MemoryUse, system| String::from_utf8(diagnosis(used, system).unwrap()).unwrap();
        assert_eq!(diagnosis(&used, system), EMPTY);
        used.dbs.push(DbUse { keys: 1, entries: 20 << 20, table: 0, ttl: 0 });
        (used.peak, system.resident) = (used.total(), used.total());
        assert_eq!(diagnosis(&used, system), HEALTHY);
        used.peak *= 2;
        assert!(diagnosis(&used, system).contains("Peak memory") && !diagnosis(&used, system).contains("RSS:"));
        system.resident *= 2;
        assert!(diagnosis(&used, system).contains("High total RSS") && !diagnosis(&used, system).contains('{'));
        used.clients = 1 << 20;
        assert!(diagnosis(&used, system).contains("Big client buffers"));
    }
}
