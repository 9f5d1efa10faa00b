//! Taking over what other consumers have been given: XCLAIM XAUTOCLAIM.

use super::{change, ids, no_such_group, reply_entry, reply_id, view};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, NoMemory};
use crate::resp::ReplyWriter;
use crate::resp::number::parse_i64;
use crate::storage::gather;
use crate::types::stream::{ConsumerId, Entry, Group, Id, Pending, Stream};
use smallvec::SmallVec;

/// How claimed entries are noted and shown.
struct Claim<'a> {
    consumer: &'a [u8],
    idle_min_ms: i64,
    delivered_ms: i64,
    /// RETRYCOUNT, if it was given.
    deliveries: Option<u64>,
    is_forced: bool,
    just_ids: bool,
    now_ms: i64,
}

/// What became of an entry to be claimed.
enum Outcome {
    Claimed,
    /// It is not in the stream any more, so it is not pending any more.
    Dropped,
    Left,
}

/// The consumer who claims, known to the group from the first entry on that it gets.
struct Claimer {
    id: Option<ConsumerId>,
    /// Whether the group did not know it before.
    is_new: bool,
    /// Changes made, as Redis counts them.
    changes: u64,
}

impl Claim<'_> {
    /// Claims one entry and replies it.
    fn one(
        &self,
        reply: &mut ReplyWriter,
        group: &mut Group,
        id: Id,
        entry: Option<Entry<'_>>,
        claimer: &mut Claimer,
    ) -> Result<Outcome, NoMemory> {
        let Some(entry) = entry else {
            if !group.acknowledge(id) {
                return Ok(Outcome::Left);
            }
            claimer.changes += 1;
            return Ok(Outcome::Dropped);
        };
        let before = group.find_pending(id);
        let deliveries = match before {
            Some(pending) => {
                let idle_ms = self.now_ms.wrapping_sub(pending.delivered_ms);
                if self.idle_min_ms > 0 && idle_ms < self.idle_min_ms {
                    return Ok(Outcome::Left);
                }
                pending.deliveries
            }
            None if self.is_forced => 1,
            None => return Ok(Outcome::Left),
        };
        let consumer = match claimer.id {
            Some(consumer) => consumer,
            None => {
                let (consumer, is_new) = group.see_consumer(self.consumer, self.now_ms)?;
                claimer.changes += u64::from(is_new);
                claimer.is_new = is_new;
                *claimer.id.insert(consumer)
            }
        };
        let deliveries = self.deliveries.unwrap_or(if self.just_ids { deliveries } else { deliveries.wrapping_add(1) });
        let pending = Pending { consumer, delivered_ms: self.delivered_ms, deliveries };
        if let Err(error) = group.assign(id, pending) {
            if claimer.is_new && group.delete_if_idle(self.consumer) {
                *claimer = Claimer { id: None, is_new: false, changes: claimer.changes - 1 };
            }
            return Err(error);
        }
        if self.just_ids {
            reply_id(reply, id);
        } else {
            reply_entry(reply, &entry);
        }
        claimer.changes += 1;
        Ok(Outcome::Claimed)
    }
}

/// An integer argument with an error text of its own.
fn number(text: &[u8], error: &'static str) -> Result<i64, CommandError> {
    parse_i64(text).ok_or(CommandError::fixed(error))
}

/// The place of the stream, whose group exists.
fn find(ctx: &mut Ctx, key: Key, found: Option<Loc>, group: &[u8]) -> Result<Loc, CommandError> {
    let without_group = || no_such_group(key.bytes, group);
    let loc = found.ok_or_else(without_group)?;
    let (stream, _) = view(ctx, key, loc)?;
    if stream.groups.get(group).is_some() { Ok(loc) } else { Err(without_group()) }
}

/// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE]
/// [JUSTID] [LASTID id]
pub fn xclaim(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.read(key);
    let loc = find(ctx, key, found, &args[2])?;
    let idle_min_ms = number(&args[4], "ERR Invalid min-idle-time argument for XCLAIM")?.max(0);
    let words = args.argv().get(5..).unwrap_or_default();
    let claimed: SmallVec<[Id; 8]> = gather(words.iter().map_while(|word| ids::strict(word, 0).ok()))?;
    let now_ms = ctx.now_ms();
    let mut claim = Claim {
        consumer: &args[3],
        idle_min_ms,
        delivered_ms: now_ms,
        deliveries: None,
        is_forced: false,
        just_ids: false,
        now_ms,
    };
    let last_id = options(args, 5 + claimed.len(), &mut claim)?;
    let mut claimer = Claimer { id: None, is_new: false, changes: 0 };
    let done = change(ctx, key, loc, |stream, reply| {
        let Stream { log, groups } = stream;
        let Some(mut group) = groups.get_mut(&args[2]) else { return Ok(()) };
        let mark = reply.begin();
        let mut written = 0;
        let mut touched = false;
        for id in claimed {
            match claim.one(reply, &mut group, id, log.get(id), &mut claimer)? {
                Outcome::Claimed => {
                    written += 1;
                    touched = true;
                }
                Outcome::Dropped => touched = true,
                Outcome::Left => {}
            }
        }
        if last_id > group.last_id {
            group.last_id = last_id;
            claimer.changes += u64::from(!touched);
        }
        reply.end_array(mark, written);
        Ok(())
    });
    account(ctx, key, &claimer);
    done
}

/// Counts changes, and says whether a consumer was made. What was claimed before memory was short stays claimed.
fn account(ctx: &mut Ctx, key: Key, claimer: &Claimer) {
    ctx.count_changes(claimer.changes);
    if claimer.is_new {
        ctx.notify(Class::Stream, c"xgroup-createconsumer", key);
    }
}

/// Reads the options of XCLAIM; LASTID, or 0-0.
fn options(args: &Args, mut at: usize, claim: &mut Claim<'_>) -> Result<Id, CommandError> {
    let mut delivered_ms = None;
    let mut last_id = Id::MIN;
    while at < args.len() {
        let value = args.get(at + 1);
        match value {
            _ if args.is(at, "force") => claim.is_forced = true,
            _ if args.is(at, "justid") => claim.just_ids = true,
            Some(value) => {
                if args.is(at, "idle") {
                    let idle_ms = number(value, "ERR Invalid IDLE option argument for XCLAIM")?;
                    delivered_ms = Some(claim.now_ms.wrapping_sub(idle_ms));
                } else if args.is(at, "time") {
                    delivered_ms = Some(number(value, "ERR Invalid TIME option argument for XCLAIM")?);
                } else if args.is(at, "retrycount") {
                    let count = number(value, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
                    claim.deliveries = u64::try_from(count).ok();
                } else if args.is(at, "lastid") {
                    last_id = ids::strict(value, 0)?;
                } else {
                    return Err(unrecognized(&args[at]));
                }
                at += 1;
            }
            None => return Err(unrecognized(&args[at])),
        }
        at += 1;
    }
    // A time that cannot be is taken for now: the client's clock may be off.
    if let Some(time_ms) = delivered_ms.filter(|time_ms| (0..=claim.now_ms).contains(time_ms)) {
        claim.delivered_ms = time_ms;
    }
    Ok(last_id)
}

fn unrecognized(option: &[u8]) -> CommandError {
    CommandError::quoting("ERR Unrecognized XCLAIM option '", option, "'")
}

/// How much of the pending list XAUTOCLAIM looks at for one entry that it may claim.
const ATTEMPTS: u64 = 10;
/// Redis notes deleted ids in an array of this many bytes each.
const ID_BYTES: i64 = 16;
/// What its allocator has, on a usual machine.
const ARRAY_BYTES_MAX: i64 = 5 << 44;

/// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
pub fn xautoclaim(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.read(key);
    let idle_min_ms = number(&args[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM")?.max(0);
    let start = ids::start(&args[5])?;
    let now_ms = ctx.now_ms();
    let mut claim = Claim {
        consumer: &args[3],
        idle_min_ms,
        delivered_ms: now_ms,
        deliveries: None,
        is_forced: false,
        just_ids: false,
        now_ms,
    };
    let mut count = 100;
    let mut at = 6;
    while at < args.len() {
        if args.is(at, "count") && at + 1 < args.len() {
            count = parse_i64(&args[at + 1]).ok_or(CommandError::fixed("ERR COUNT must be > 0"))?;
            if !(1..=i64::MAX / ID_BYTES).contains(&count) {
                return Err(CommandError::fixed("ERR COUNT must be > 0"));
            }
            at += 1;
        } else if args.is(at, "justid") {
            claim.just_ids = true;
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 1;
    }
    let loc = find(ctx, key, found, &args[2])?;
    if count > ARRAY_BYTES_MAX / ID_BYTES {
        return Err(CommandError::fixed(
            "ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
        ));
    }
    let mut claimer = Claimer { id: None, is_new: false, changes: 0 };
    let done = change(ctx, key, loc, |stream, reply| {
        let Stream { log, groups } = stream;
        let Some(mut group) = groups.get_mut(&args[2]) else { return Ok(()) };
        let mut dropped: Vec<Id> = Vec::new();
        let mut left = count as u64;
        let mut attempts = left.saturating_mul(ATTEMPTS);
        reply.array(3);
        let start_of_entries = reply.len();
        let entries = reply.begin();
        let mut written = 0;
        let mut next = Some(start);
        let cursor = loop {
            let from = next.and_then(|next| group.pending_from(next).next());
            let Some(id) = from.map(|(id, _)| *id) else { break Id::MIN };
            if attempts == 0 || left == 0 {
                break id;
            }
            attempts -= 1;
            next = id.next();
            dropped.try_reserve(1).map_err(|_| NoMemory)?;
            match claim.one(reply, &mut group, id, log.get(id), &mut claimer)? {
                Outcome::Claimed => written += 1,
                Outcome::Dropped => dropped.push(id),
                Outcome::Left => continue,
            }
            left -= 1;
        };
        reply.end_array(entries, written);
        // The cursor stands before the entries but is known after them.
        let end_of_entries = reply.len();
        reply_id(reply, cursor);
        let cursor_bytes = reply.len() - end_of_entries;
        if let Some(bytes) = reply.buffer_mut().get_mut(start_of_entries..) {
            bytes.rotate_right(cursor_bytes);
        }
        reply.array(dropped.len());
        dropped.into_iter().for_each(|id| reply_id(reply, id));
        Ok(())
    });
    account(ctx, key, &claimer);
    done
}
