//! What changes the log of a stream as a whole: XADD XTRIM XSETID.

use super::options::{self, NewId};
use super::{bury, change, entries_removed, ids, reply_id};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::keyspace::Kind;
use crate::types::Variant;
use crate::types::stream::{AppendError, Id, Limits, Log, Stream, Trim};
use std::sync::atomic::Ordering::Relaxed;

/// Bytes of all fields and values of one entry.
const ENTRY_BYTES_MAX: usize = 1 << 30;

const TOO_LARGE: CommandError = CommandError::fixed("ERR Elements are too large to be stored");

/// An entry to be added.
struct NewEntry<'a> {
    id: NewId,
    pairs: &'a [&'a [u8]],
    trim: Option<Trim>,
    limits: Limits,
    now_ms: u64,
}

impl NewEntry<'_> {
    /// Adds the entry and trims the log; its id, how many entries were removed, and their blocks.
    fn add_to(&self, log: &mut Log) -> Result<(Id, u64, Log), CommandError> {
        if log.last_id() == Id::MAX {
            return Err(CommandError::fixed(
                "ERR The stream has exhausted the last possible ID, unable to add more items",
            ));
        }
        let id = self.id_above(log.last_id())?;
        if self.pairs.iter().fold(0, |sum: usize, text| sum.saturating_add(text.len())) > ENTRY_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        log.append(id, self.pairs, self.limits).map_err(|error| match error {
            AppendError::NotAbove => NOT_ABOVE,
            AppendError::NoMemory => CommandError::NO_MEMORY,
        })?;
        let (deleted, removed) = self.trim.map(|trim| log.trim(trim)).unwrap_or_default();
        Ok((id, deleted, removed))
    }

    fn id_above(&self, last: Id) -> Result<Id, CommandError> {
        let id = match self.id {
            NewId::Given(id) => id,
            // Time may go backwards, ids may not.
            NewId::Now if self.now_ms > last.ms => Id::new(self.now_ms, 0),
            NewId::Now => last.next().unwrap_or(Id::MIN),
            NewId::At(ms) if ms == last.ms => Id::new(ms, last.seq.checked_add(1).ok_or(NOT_ABOVE)?),
            NewId::At(ms) => Id::new(ms, 0),
        };
        if id > last { Ok(id) } else { Err(NOT_ABOVE) }
    }
}

const NOT_ABOVE: CommandError =
    CommandError::fixed("ERR The ID specified in XADD is equal or smaller than the target stream top item");

/// XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]
pub fn xadd(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = options::parse(ctx, args, true)?;
    let pairs = args.argv().get(options.fields_at..).unwrap_or_default();
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(ctx.command.name));
    }
    if options.id == NewId::Given(Id::MIN) {
        return Err(CommandError::fixed("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let hot = ctx.engine.settings.hot();
    let limits =
        Limits { bytes: hot.stream_node_max_bytes.load(Relaxed), entries: hot.stream_node_max_entries.load(Relaxed) };
    let now_ms = u64::try_from(ctx.now_ms()).unwrap_or(0);
    let entry = NewEntry { id: options.id, pairs, trim: options.trim, limits, now_ms };
    let key = args.key(0);
    let (id, is_trimmed) = match ctx.write(key) {
        Some(loc) => {
            let (id, deleted, removed) = change(ctx, key, loc, |stream, _| entry.add_to(&mut stream.log))?;
            bury(ctx, key, Stream { log: removed, ..Stream::default() });
            (id, deleted > 0)
        }
        None if !options.creates => {
            ctx.reply.null();
            return Ok(());
        }
        None => {
            let mut stream = Stream::default();
            let (id, deleted, _) = entry.add_to(&mut stream.log)?;
            ctx.create_object(key, Kind::Stream, stream.try_into_boxed()?)?;
            (id, deleted > 0)
        }
    };
    ctx.changed(key);
    ctx.notify(Class::Stream, c"xadd", key);
    if is_trimmed {
        ctx.notify(Class::Stream, c"xtrim", key);
    }
    reply_id(ctx.reply, id);
    Ok(())
}

/// XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]
pub fn xtrim(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = options::parse(ctx, args, false)?;
    let key = args.key(0);
    let (deleted, removed) = match (ctx.write(key), options.trim) {
        (Some(loc), Some(trim)) => change(ctx, key, loc, |stream, _| Ok(stream.log.trim(trim)))?,
        _ => (0, Log::default()),
    };
    bury(ctx, key, Stream { log: removed, ..Stream::default() });
    entries_removed(ctx, key, deleted, c"xtrim");
    ctx.reply.integer(deleted as i64);
    Ok(())
}

/// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
pub fn xsetid(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let last_id = ids::strict(&args[2], 0)?;
    let mut entries_added = None;
    let mut max_deleted_id = Id::MIN;
    let mut at = 3;
    while at < args.len() {
        let has_more = at + 1 < args.len();
        if args.is(at, "entriesadded") && has_more {
            let added = u64::try_from(args.int(at + 1)?);
            entries_added = Some(added.map_err(|_| CommandError::fixed("ERR entries_added must be positive"))?);
        } else if args.is(at, "maxdeletedid") && has_more {
            max_deleted_id = ids::strict(&args[at + 1], 0)?;
            if last_id < max_deleted_id {
                return Err(CommandError::fixed(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 2;
    }
    let key = args.key(0);
    let loc = ctx.write(key).ok_or(CommandError::NO_SUCH_KEY)?;
    change(ctx, key, loc, |stream, _| {
        let log = &mut stream.log;
        if log.top().is_some_and(|top| last_id < top) {
            return Err(CommandError::fixed(
                "ERR The ID specified in XSETID is smaller than the target stream top item",
            ));
        }
        if entries_added.is_some_and(|added| log.len() > added) {
            return Err(CommandError::fixed(
                "ERR The entries_added specified in XSETID is smaller than the target stream length",
            ));
        }
        log.set_last_id(last_id, entries_added, max_deleted_id);
        Ok(())
    })?;
    ctx.count_changes(1);
    ctx.notify(Class::Stream, c"xsetid", key);
    ctx.reply.ok();
    Ok(())
}
