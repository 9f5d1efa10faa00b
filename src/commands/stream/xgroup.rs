//! XGROUP: making, changing and removing consumer groups and consumers.

use super::{bury, change, ids, no_such_group_for_key, view};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key, help};
use crate::keyspace::{Kind, Loc};
use crate::types::Variant;
use crate::types::stream::{Group, GroupMut, Groups, Id, Log, Stream};

/// What CREATE and SETID may have behind the id.
#[derive(Default)]
struct Options {
    makes_stream: bool,
    entries_read: Option<i64>,
}

impl Options {
    fn parse(args: &Args, may_make: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut at = 5;
        while at < args.len() {
            if may_make && args.is(at, "mkstream") {
                options.makes_stream = true;
                at += 1;
            } else if args.is(at, "entriesread") && at + 1 < args.len() {
                let read = args.int(at + 1)?;
                if read < -1 {
                    return Err(CommandError::fixed("ERR value for ENTRIESREAD must be positive or -1"));
                }
                options.entries_read = (read >= 0).then_some(read);
                at += 2;
            } else {
                return Err(misused(args));
            }
        }
        Ok(options)
    }
}

fn misused(args: &Args) -> CommandError {
    CommandError::bad_subcommand(&args[0], &args[1])
}

/// The stream, which must be there.
fn find(ctx: &mut Ctx, key: Key) -> Result<Loc, CommandError> {
    let loc = ctx.write(key).ok_or(CommandError::fixed(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to \
         create an empty stream automatically.",
    ))?;
    view(ctx, key, loc)?;
    Ok(loc)
}

/// Changes the group that argument 3 names.
fn change_group<T>(
    ctx: &mut Ctx,
    args: &Args,
    change_it: impl FnOnce(&mut GroupMut<'_>, &Log) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let key = args.key(0);
    let loc = find(ctx, key)?;
    change(ctx, key, loc, |stream, _| {
        let Stream { log, groups } = stream;
        let group = groups.get_mut(&args[3]);
        change_it(&mut group.ok_or_else(|| no_such_group_for_key(key.bytes, &args[3]))?, log)
    })
}

/// XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]
pub fn create(ctx: &mut Ctx, args: &Args) -> CmdResult {
    const MOST_ARGUMENTS: usize = 8;
    let options = Options::parse(args, true)?;
    let key = args.key(0);
    let found = if options.makes_stream { ctx.write(key) } else { Some(find(ctx, key)?) };
    let last_id = match found {
        Some(loc) => view(ctx, key, loc)?.0.log.last_id(),
        None => Id::MIN,
    };
    if args.len() > MOST_ARGUMENTS {
        return Err(misused(args));
    }
    let id = match &args[4] {
        b"$" => last_id,
        id => ids::strict(id, 0)?,
    };
    let group = Group::new(id, options.entries_read);
    match found {
        Some(loc) => {
            if !change(ctx, key, loc, |stream, _| Ok(stream.groups.add(&args[3], group)?))? {
                return Err(CommandError::fixed("BUSYGROUP Consumer Group name already exists"));
            }
        }
        None => {
            let mut stream = Stream::default();
            stream.groups.add(&args[3], group)?;
            ctx.create_object(key, Kind::Stream, stream.try_into_boxed()?)?;
            ctx.touch_watchers_at(ctx.session.db, key);
        }
    }
    ctx.count_changes(1);
    ctx.notify(Class::Stream, c"xgroup-create", key);
    ctx.reply.ok();
    Ok(())
}

/// XGROUP SETID key group id|$ [ENTRIESREAD entries-read]
pub fn setid(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = Options::parse(args, false)?;
    change_group(ctx, args, |group, log| {
        if !matches!(args.len(), 5 | 7) {
            return Err(misused(args));
        }
        group.last_id = match &args[4] {
            b"$" => log.last_id(),
            id => ids::loose(id, 0)?,
        };
        group.set_entries_read(options.entries_read);
        Ok(())
    })?;
    ctx.count_changes(1);
    ctx.notify(Class::Stream, c"xgroup-setid", args.key(0));
    ctx.reply.ok();
    Ok(())
}

/// XGROUP DESTROY key group
pub fn destroy(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let loc = find(ctx, key)?;
    let removed = change(ctx, key, loc, |stream, _| Ok(stream.groups.remove(&args[3])))?;
    ctx.reply.integer(i64::from(removed.is_some()));
    if let Some(group) = removed {
        bury_group(ctx, key, group);
        ctx.count_changes(1);
        // Those who wait for entries of this group wait in vain.
        let db = ctx.session.db;
        ctx.locks.shard(key.hash).waiters().signal(db, key.bytes);
        ctx.notify(Class::Stream, c"xgroup-destroy", key);
    }
    Ok(())
}

/// Drops what was taken out of the groups of a stream.
fn bury_group(ctx: &mut Ctx, key: Key, removed: Group) {
    let mut groups = Groups::default();
    // Without memory for that it is dropped here.
    let _ = groups.add(b"", removed);
    bury(ctx, key, Stream { groups, ..Stream::default() });
}

/// XGROUP CREATECONSUMER key group consumer
pub fn createconsumer(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let now_ms = ctx.now_ms();
    let is_new = change_group(ctx, args, |group, _| Ok(group.create_consumer(&args[4], now_ms)?))?;
    ctx.count_changes(u64::from(is_new));
    if is_new {
        ctx.notify(Class::Stream, c"xgroup-createconsumer", args.key(0));
    }
    ctx.reply.integer(i64::from(is_new));
    Ok(())
}

/// XGROUP DELCONSUMER key group consumer
pub fn delconsumer(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let deleted = change_group(ctx, args, |group, _| Ok(group.delete_consumer(&args[4])))?;
    let pending = deleted.as_ref().map_or(0, |(pending, _)| *pending);
    if let Some((_, removed)) = deleted {
        if !removed.pending().is_empty() {
            bury_group(ctx, args.key(0), removed);
        }
        ctx.count_changes(1);
        ctx.notify(Class::Stream, c"xgroup-delconsumer", args.key(0));
    }
    ctx.reply.integer(pending as i64);
    Ok(())
}

/// XGROUP HELP
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

const HELP: &[&str] = &[
    "CREATE <key> <groupname> <id|$> [option]",
    "    Create a new consumer group. Options are:",
    "    * MKSTREAM",
    "      Create the empty stream if it does not exist.",
    "    * ENTRIESREAD entries_read",
    "      Set the group's entries_read counter (internal use).",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Create a new consumer in the specified group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove the specified consumer.",
    "DESTROY <key> <groupname>",
    "    Remove the specified group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Set the current group ID and entries_read counter.",
];
