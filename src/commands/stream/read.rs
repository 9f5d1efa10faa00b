//! XREAD and XREADGROUP, at once or as soon as there is something.

use super::deliver::{self, Reader};
use super::{change, ids, quoting_both, reply_entries, view};
use crate::commands::blocking::{self, Awaited, Serve, Served, Wait};
use crate::commands::spec::{Command, id};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Kind, NoMemory, try_box};
use crate::resp::{Protocol, ReplyWriter};
use crate::storage::{gather, try_copy};
use crate::types::stream::{Id, Stream};
use smallvec::SmallVec;
use std::ops::Range;

/// Entries that a client who has waited gets at most when it has not said.
const COUNT_AFTER_WAIT: u64 = 1000;

/// What a client wants to read of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// What comes after this id; for a consumer, what is pending for it.
    After(Id),
    /// `>`: what nobody in the group has read.
    Unread,
}

/// A group and one of its consumers.
#[derive(Clone, Copy, Debug)]
struct Membership<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
    is_noack: bool,
}

/// The arguments.
struct Request<'a> {
    count: u64,
    /// BLOCK, and until when.
    wait: Option<Option<i64>>,
    membership: Option<Membership<'a>>,
    keys: SmallVec<[Key<'a>; 4]>,
    /// Where the ids begin.
    ids_at: usize,
}

/// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
pub fn xread(ctx: &mut Ctx, args: &Args) -> CmdResult {
    read(ctx, args, false)
}

/// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
pub fn xreadgroup(ctx: &mut Ctx, args: &Args) -> CmdResult {
    read(ctx, args, true)
}

fn read(ctx: &mut Ctx, args: &Args, is_group: bool) -> CmdResult {
    let request = parse(ctx, args, is_group)?;
    let mut from: SmallVec<[From; 4]> = SmallVec::new();
    from.try_reserve_exact(request.keys.len()).map_err(|_| NoMemory)?;
    for (index, key) in request.keys.iter().enumerate() {
        from.push(resolve(ctx, *key, &args[request.ids_at + index], request.membership)?);
    }
    let is_map = ctx.reply.protocol() == Protocol::Resp3;
    let mark = ctx.reply.begin();
    let mut served = 0;
    for (key, from) in request.keys.iter().zip(&from) {
        served += usize::from(serve(ctx, *key, *from, &request, is_map)?);
    }
    if served > 0 {
        if is_map {
            ctx.reply.end_map(mark, served);
        } else {
            ctx.reply.end_array(mark, served);
        }
        return Ok(());
    }
    let Some(deadline_ms) = request.wait else {
        ctx.reply.null_array();
        return Ok(());
    };
    let count = if request.count == 0 { COUNT_AFTER_WAIT } else { request.count };
    let is_member = request.membership.is_some();
    let waiting: Box<dyn Serve> = match request.membership {
        Some(membership) => try_box(GroupWait {
            group: try_copy(membership.group)?,
            consumer: try_copy(membership.consumer)?,
            is_noack: membership.is_noack,
            count,
        })?,
        None => {
            let mut after = Vec::new();
            after.try_reserve_exact(request.keys.len()).map_err(|_| NoMemory)?;
            for (key, from) in request.keys.iter().zip(&from) {
                let id = if let From::After(id) = from { *id } else { Id::MAX };
                after.push((try_copy(key.bytes)?, id));
            }
            try_box(LogWait { after, count })?
        }
    };
    ctx.block(Wait {
        keys: &request.keys,
        awaited: Awaited { kind: Kind::Stream, or_gone: is_member },
        further: &[],
        deadline_ms,
        nil: ReplyWriter::null_array,
        serve: waiting,
    })
}

const UNBALANCED: CommandError =
    CommandError::fixed("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");

fn parse<'a>(ctx: &Ctx, args: &Args<'a>, is_group: bool) -> Result<Request<'a>, CommandError> {
    let only_in_groups = |error| if is_group { Ok(()) } else { Err(CommandError::fixed(error)) };
    let mut request = Request { count: 0, wait: None, membership: None, keys: SmallVec::new(), ids_at: 0 };
    let mut is_noack = false;
    let (mut at, mut first_key) = (1, 0);
    while at < args.len() {
        let left = args.len() - at - 1;
        if args.is(at, "block") && left >= 1 {
            request.wait = Some(blocking::timeout_ms(ctx, &args[at + 1])?);
            at += 2;
        } else if args.is(at, "count") && left >= 1 {
            request.count = u64::try_from(args.int(at + 1)?).unwrap_or(0);
            at += 2;
        } else if args.is(at, "streams") && left >= 1 {
            if !left.is_multiple_of(2) {
                return Err(UNBALANCED);
            }
            first_key = at + 1;
            request.ids_at = first_key + left / 2;
            break;
        } else if args.is(at, "group") && left >= 2 {
            only_in_groups("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")?;
            let (Some(group), Some(consumer)) = (args.get(at + 1), args.get(at + 2)) else { break };
            request.membership = Some(Membership { group, consumer, is_noack });
            at += 3;
        } else if args.is(at, "noack") {
            only_in_groups("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")?;
            is_noack = true;
            at += 1;
        } else {
            return Err(CommandError::SYNTAX);
        }
    }
    if request.ids_at == 0 {
        return Err(CommandError::SYNTAX);
    }
    match &mut request.membership {
        Some(membership) => membership.is_noack = is_noack,
        None if is_group => return Err(CommandError::fixed("ERR Missing GROUP option for XREADGROUP")),
        None => {}
    }
    // What is not locked must not be looked at; that there is nothing of the kind is the business of `keys_at`.
    if !args.key_positions().iter().map(|key| key.index as usize).eq(first_key..request.ids_at) {
        return Err(CommandError::SYNTAX);
    }
    request.keys = gather(args.keys())?;
    Ok(request)
}

/// Where the keys of XREADGROUP are. The command table, which looks for the word STREAMS, would take a group or a consumer
/// of that name for it.
pub fn keys_at(command: &Command, argv: &[&[u8]]) -> Option<Range<usize>> {
    if command.id != id::XREADGROUP {
        return None;
    }
    let mut at = 1;
    loop {
        let word = argv.get(at)?;
        let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
        at += match () {
            () if is("group") => 3,
            () if is("block") || is("count") => 2,
            () if is("noack") => 1,
            () if is("streams") => return Some(at + 1..at + 1 + (argv.len() - at - 1) / 2),
            () => return None,
        };
    }
}

/// What an id means at present.
fn resolve(ctx: &mut Ctx, key: Key, id: &[u8], membership: Option<Membership<'_>>) -> Result<From, CommandError> {
    let stream = match ctx.read(key) {
        Some(loc) => Some(view(ctx, key, loc)?.0),
        None => None,
    };
    if let Some(Membership { group, .. }) = membership
        && stream.is_none_or(|stream| stream.groups.get(group).is_none())
    {
        let parts = ["NOGROUP No such key '", "' or consumer group '", "' in XREADGROUP with GROUP option"];
        return Err(quoting_both(parts, key.bytes, group));
    }
    match (id, membership) {
        (b"$", None) => Ok(From::After(stream.map_or(Id::MIN, |stream| stream.log.last_id()))),
        (b"$", Some(_)) => Err(CommandError::fixed(
            "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
             specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
        )),
        (b">", Some(_)) => Ok(From::Unread),
        (b">", None) => Err(CommandError::fixed(
            "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
        )),
        // Redis's mark for `>` is the greatest id, so that has the same meaning.
        (id, _) => ids::strict(id, 0).map(|id| if id == Id::MAX { From::Unread } else { From::After(id) }),
    }
}

/// Writes what there is to read of one stream; whether there is.
fn serve(ctx: &mut Ctx, key: Key, from: From, request: &Request<'_>, is_map: bool) -> Result<bool, CommandError> {
    let Some(loc) = ctx.read(key) else { return Ok(false) };
    let Some(membership) = request.membership else {
        let (stream, reply) = view(ctx, key, loc)?;
        let From::After(last) = from else { return Ok(false) };
        let (true, Some(start)) = (stream.log.top().is_some_and(|top| top > last), last.next()) else {
            return Ok(false);
        };
        reply_name(reply, key, is_map);
        reply_entries(reply, stream.log.range(start, Id::MAX), request.count);
        return Ok(true);
    };
    let (stream, _) = view(ctx, key, loc)?;
    let last_id = stream.groups.get(membership.group).map_or(Id::MAX, |group| group.last_id);
    if from == From::Unread && stream.log.top().is_none_or(|top| top <= last_id) {
        return Ok(false);
    }
    reply_name(ctx.reply, key, is_map);
    give(ctx, key, from, membership, request.count)?;
    Ok(true)
}

fn reply_name(reply: &mut ReplyWriter, key: Key, is_map: bool) {
    if !is_map {
        reply.array(2);
    }
    reply.bulk(key.bytes);
}

/// Writes entries of an existing group to one of its consumers, who becomes known to it by that.
fn give(ctx: &mut Ctx, key: Key, from: From, membership: Membership<'_>, count: u64) -> CmdResult {
    let now_ms = ctx.now_ms();
    // Serving a client that waits is a look without a trace.
    let Some(loc) = ctx.peek(key) else { return Ok(()) };
    let Membership { group, consumer, is_noack } = membership;
    let (is_new, given) = change(ctx, key, loc, |stream, reply| {
        let Stream { log, groups } = stream;
        let Some(mut group) = groups.get_mut(group) else { return Ok((false, Ok(()))) };
        let (id, mut is_new) = group.see_consumer(consumer, now_ms)?;
        let reader = Reader { consumer: id, count, is_noack, now_ms };
        let given = match from {
            From::Unread => deliver::unread(reply, log, &mut group, reader),
            From::After(last) => {
                deliver::history(reply, log, &mut group, reader, last);
                Ok(())
            }
        };
        // Who was given nothing because memory was short is not known to the group.
        is_new &= given.is_ok() || !group.delete_if_idle(consumer);
        Ok((is_new, given))
    })?;
    // What was given before memory was short stays given.
    ctx.count_changes(1 + u64::from(is_new));
    if is_new {
        ctx.notify(Class::Stream, c"xgroup-createconsumer", key);
    }
    Ok(given?)
}

/// What XREAD waits for.
struct LogWait {
    after: Vec<(Vec<u8>, Id)>,
    count: u64,
}

impl Serve for LogWait {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        let after = self.after.iter().find(|(name, _)| **name == *key.bytes);
        let (Some(loc), Some((_, last))) = (ctx.peek(key), after) else { return Ok(Served::NotYet) };
        let (stream, reply) = view(ctx, key, loc)?;
        let (true, Some(start)) = (stream.log.last_id() > *last, last.next()) else { return Ok(Served::NotYet) };
        begin_single(reply, key);
        reply_entries(reply, stream.log.range(start, Id::MAX), self.count);
        Ok(Served::Yes)
    }
}

/// What XREADGROUP waits for.
struct GroupWait {
    group: Vec<u8>,
    consumer: Vec<u8>,
    is_noack: bool,
    count: u64,
}

impl Serve for GroupWait {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        const NO_KEY: CommandError = CommandError::fixed("UNBLOCKED the stream key no longer exists");
        const NO_GROUP: CommandError =
            CommandError::fixed("NOGROUP the consumer group this client was blocked on no longer exists");
        let loc = ctx.peek(key).ok_or(NO_KEY)?;
        let stream = Stream::of(ctx.db(key).value(loc)).ok_or(NO_KEY)?;
        let group = stream.groups.get(&self.group).ok_or(NO_GROUP)?;
        if stream.log.last_id() <= group.last_id {
            return Ok(Served::NotYet);
        }
        begin_single(ctx.reply, key);
        let membership = Membership { group: &self.group, consumer: &self.consumer, is_noack: self.is_noack };
        give(ctx, key, From::Unread, membership, self.count)?;
        // Redis counts a new consumer as a change here, but not what it is given.
        ctx.changes = ctx.changes.saturating_sub(1);
        Ok(Served::Yes)
    }
}

/// Begins the answer for one stream.
fn begin_single(reply: &mut ReplyWriter, key: Key) {
    if reply.protocol() == Protocol::Resp3 {
        reply.map(1);
    } else {
        reply.array(1);
        reply.array(2);
    }
    reply.bulk(key.bytes);
}
