//! XINFO: what is known of a stream, its groups and their consumers.

use super::{no_such_group_for_key, reply_entries, reply_entry, reply_id, view};
use crate::commands::{Args, CmdResult, CommandError, Ctx, help};
use crate::resp::ReplyWriter;
use crate::types::stream::{Consumer, Group, Id, Pending, Stream};

/// Entries that FULL shows without COUNT.
const FULL_COUNT: u64 = 10;

/// XINFO STREAM key [FULL [COUNT count]]
pub fn stream(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let loc = ctx.read(key).ok_or(CommandError::NO_SUCH_KEY)?;
    let (stream, reply) = view(ctx, key, loc)?;
    let misused = || CommandError::bad_subcommand(&args[0], &args[1]);
    let full_count = match args.len() {
        3 => None,
        4 if args.is(3, "full") => Some(FULL_COUNT),
        6 if args.is(3, "full") && args.is(4, "count") => Some(u64::try_from(args.int(5)?).unwrap_or(FULL_COUNT)),
        _ => return Err(misused()),
    };
    reply.map(if full_count.is_some() { 9 } else { 10 });
    let counters = stream.log.counters();
    integer(reply, "length", stream.log.len() as i64);
    integer(reply, "radix-tree-keys", stream.log.block_count() as i64);
    integer(reply, "radix-tree-nodes", stream.log.radix_nodes() as i64);
    id(reply, "last-generated-id", counters.last_id);
    id(reply, "max-deleted-entry-id", counters.max_deleted_id);
    integer(reply, "entries-added", counters.entries_added as i64);
    id(reply, "recorded-first-entry-id", counters.first_id);
    match full_count {
        Some(count) => full(reply, stream, count),
        None => {
            integer(reply, "groups", stream.groups.len() as i64);
            let entries = [
                ("first-entry", stream.log.range(Id::MIN, Id::MAX).next()),
                ("last-entry", stream.log.range_rev(Id::MIN, Id::MAX).next()),
            ];
            for (name, entry) in entries {
                reply.bulk(name.as_bytes());
                match entry {
                    Some(entry) => reply_entry(reply, &entry),
                    None => reply.null(),
                }
            }
        }
    }
    Ok(())
}

fn integer(reply: &mut ReplyWriter, name: &str, value: i64) {
    reply.bulk(name.as_bytes());
    reply.integer(value);
}

fn optional(reply: &mut ReplyWriter, name: &str, value: Option<i64>) {
    reply.bulk(name.as_bytes());
    match value {
        Some(value) => reply.integer(value),
        None => reply.null(),
    }
}

fn id(reply: &mut ReplyWriter, name: &str, value: Id) {
    reply.bulk(name.as_bytes());
    reply_id(reply, value);
}

/// Entries, groups, consumers and what is pending: up to `count` of each list, all with 0.
fn full(reply: &mut ReplyWriter, stream: &Stream, count: u64) {
    reply.bulk(b"entries");
    reply_entries(reply, stream.log.range(Id::MIN, Id::MAX), count);
    reply.bulk(b"groups");
    reply.array(stream.groups.len());
    let shown = |len: usize| if count == 0 { len } else { len.min(usize::try_from(count).unwrap_or(usize::MAX)) };
    for (name, group) in stream.groups.iter() {
        reply.map(7);
        reply.bulk(b"name");
        reply.bulk(name);
        progress(reply, stream, group);
        integer(reply, "pel-count", group.pending().len() as i64);
        reply.bulk(b"pending");
        let len = shown(group.pending().len());
        reply.array(len);
        for (id, pending) in group.pending().iter().take(len) {
            reply.array(4);
            reply_id(reply, *id);
            reply.bulk(group.name_of(pending));
            delivery(reply, pending);
        }
        reply.bulk(b"consumers");
        reply.array(group.consumer_count());
        for consumer in group.consumers() {
            full_consumer(reply, group, consumer, shown(consumer.pending().len()));
        }
    }
}

fn full_consumer(reply: &mut ReplyWriter, group: &Group, consumer: &Consumer, shown: usize) {
    reply.map(4);
    reply.bulk(b"name");
    reply.bulk(&consumer.name);
    integer(reply, "seen-time", consumer.seen_ms);
    integer(reply, "pel-count", consumer.pending().len() as i64);
    reply.bulk(b"pending");
    let mark = reply.begin();
    let mut written = 0;
    let own = consumer.pending().iter().take(shown);
    for (id, pending) in own.filter_map(|id| Some((id, group.find_pending(*id)?))) {
        reply.array(3);
        reply_id(reply, *id);
        delivery(reply, &pending);
        written += 1;
    }
    reply.end_array(mark, written);
}

/// How far a group has read.
fn progress(reply: &mut ReplyWriter, stream: &Stream, group: &Group) {
    id(reply, "last-delivered-id", group.last_id);
    optional(reply, "entries-read", group.entries_read());
    optional(reply, "lag", stream.lag(group));
}

fn delivery(reply: &mut ReplyWriter, pending: &Pending) {
    reply.integer(pending.delivered_ms);
    reply.integer(pending.deliveries as i64);
}

/// XINFO GROUPS key
pub fn groups(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let loc = ctx.read(key).ok_or(CommandError::NO_SUCH_KEY)?;
    let (stream, reply) = view(ctx, key, loc)?;
    reply.array(stream.groups.len());
    for (name, group) in stream.groups.iter() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        integer(reply, "consumers", group.consumer_count() as i64);
        integer(reply, "pending", group.pending().len() as i64);
        progress(reply, stream, group);
    }
    Ok(())
}

/// XINFO CONSUMERS key group
pub fn consumers(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let now_ms = ctx.now_ms();
    let key = args.key(0);
    let loc = ctx.read(key).ok_or(CommandError::NO_SUCH_KEY)?;
    let (stream, reply) = view(ctx, key, loc)?;
    let group = stream.groups.get(&args[3]).ok_or_else(|| no_such_group_for_key(key.bytes, &args[3]))?;
    reply.array(group.consumer_count());
    for consumer in group.consumers() {
        reply.map(3);
        reply.bulk(b"name");
        reply.bulk(&consumer.name);
        integer(reply, "pending", consumer.pending().len() as i64);
        integer(reply, "idle", now_ms.wrapping_sub(consumer.seen_ms).max(0));
    }
    Ok(())
}

/// XINFO HELP
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

const HELP: &[&str] = &[
    "CONSUMERS <key> <groupname>",
    "    Show consumers of <groupname>.",
    "GROUPS <key>",
    "    Show the stream consumer groups.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    Show information about the stream.",
];
