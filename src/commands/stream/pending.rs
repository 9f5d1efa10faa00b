//! What consumers have been given and not acknowledged: XACK XPENDING.

use super::range::id_list;
use super::{change, ids, no_such_group, reply_id, view};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::resp::ReplyWriter;
use crate::types::stream::{Group, Id, Pending};

/// XACK key group id [id ...]
pub fn xack(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let acknowledged = match ctx.read(key) {
        Some(loc) => change(ctx, key, loc, |stream, _| {
            let Some(mut group) = stream.groups.get_mut(&args[2]) else { return Ok(0) };
            let ids = id_list(args, 3)?;
            Ok(ids.iter().filter(|id| group.acknowledge(**id)).count())
        })?,
        None => 0,
    };
    ctx.count_changes(acknowledged as u64);
    ctx.reply.integer(acknowledged as i64);
    Ok(())
}

/// The range form of XPENDING.
struct Range<'a> {
    idle_min_ms: i64,
    start: Id,
    end: Id,
    count: u64,
    consumer: Option<&'a [u8]>,
}

impl<'a> Range<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut at = 3;
        let mut idle_min_ms = 0;
        if args.is(at, "idle") {
            idle_min_ms = args.int(at + 1)?;
            if args.len() < 8 {
                return Err(CommandError::SYNTAX);
            }
            at += 2;
        }
        let count = u64::try_from(args.int(at + 2)?).unwrap_or(0);
        let (start, end) = (ids::start(&args[at])?, ids::end(&args[at + 1])?);
        Ok(Self { idle_min_ms, start, end, count, consumer: args.get(at + 3) })
    }
}

/// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
pub fn xpending(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = match args.len() {
        3 => None,
        6..=9 => Some(Range::parse(args)?),
        _ => return Err(CommandError::SYNTAX),
    };
    let now_ms = ctx.now_ms();
    let key = args.key(0);
    let without_group = || no_such_group(key.bytes, &args[2]);
    let loc = ctx.read(key).ok_or_else(without_group)?;
    let (stream, reply) = view(ctx, key, loc)?;
    let group = stream.groups.get(&args[2]).ok_or_else(without_group)?;
    match range {
        None => summary(reply, group),
        Some(range) => list(reply, group, &range, now_ms),
    }
    Ok(())
}

/// How much is pending, from where to where, and for whom.
fn summary(reply: &mut ReplyWriter, group: &Group) {
    reply.array(4);
    reply.integer(group.pending().len() as i64);
    let (Some((first, _)), Some((last, _))) = (group.pending().first(), group.pending().last()) else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, *first);
    reply_id(reply, *last);
    let mark = reply.begin();
    let mut written = 0;
    for consumer in group.consumers().filter(|consumer| !consumer.pending().is_empty()) {
        reply.array(2);
        reply.bulk(&consumer.name);
        reply.bulk_integer(consumer.pending().len() as i64);
        written += 1;
    }
    reply.end_array(mark, written);
}

fn list(reply: &mut ReplyWriter, group: &Group, range: &Range<'_>, now_ms: i64) {
    if range.start > range.end {
        return reply.array(0);
    }
    match range.consumer {
        None => write(reply, group, group.pending_from(range.start).copied(), range, now_ms),
        Some(name) => match group.find_consumer(name).and_then(|id| group.consumer(id)) {
            None => reply.array(0),
            Some(consumer) => {
                let own = consumer.pending_from(range.start);
                write(reply, group, own.filter_map(|id| Some((id, group.find_pending(id)?))), range, now_ms);
            }
        },
    }
}

fn write(
    reply: &mut ReplyWriter,
    group: &Group,
    pending: impl Iterator<Item = (Id, Pending)>,
    range: &Range<'_>,
    now_ms: i64,
) {
    let mark = reply.begin();
    let mut written = 0;
    let idle_ms = |pending: &Pending| now_ms.wrapping_sub(pending.delivered_ms);
    let pending = pending.take_while(|(id, _)| *id <= range.end);
    let pending = pending.filter(|(_, pending)| range.idle_min_ms == 0 || idle_ms(pending) >= range.idle_min_ms);
    for (id, pending) in pending {
        if written as u64 == range.count {
            break;
        }
        reply.array(4);
        reply_id(reply, id);
        reply.bulk(group.name_of(&pending));
        reply.integer(idle_ms(&pending).max(0));
        reply.integer(pending.deliveries as i64);
        written += 1;
    }
    reply.end_array(mark, written);
}
