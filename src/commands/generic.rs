//! Commands on keys whatever their values are: DEL UNLINK EXISTS TOUCH TYPE RENAME RENAMENX COPY MOVE.
//!
//! A key that gets another name or database is taken out whole and put in whole; only COPY reads its value. A large
//! value is never freed under the lock: the database keeps it as garbage, which dispatch hands to the reclaimer.

use super::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Detached, NoMemory};

/// DEL key [key ...]
pub fn del(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let mut removed = 0;
    for key in args.keys() {
        if let Some(loc) = ctx.peek(key) {
            ctx.db(key).remove(loc);
            ctx.changed(key);
            ctx.notify(Class::Generic, c"del", key);
            removed += 1;
        }
    }
    ctx.reply.integer(removed);
    Ok(())
}

/// UNLINK key [key ...]
pub fn unlink(ctx: &mut Ctx, args: &Args) -> CmdResult {
    del(ctx, args)
}

/// EXISTS key [key ...]
pub fn exists(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let found = args.keys().filter(|key| ctx.read_untouched(*key).is_some()).count();
    ctx.reply.integer(found as i64);
    Ok(())
}

/// TOUCH key [key ...]
pub fn touch(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let found = args.keys().filter(|key| ctx.read(*key).is_some()).count();
    ctx.reply.integer(found as i64);
    Ok(())
}

/// TYPE key
pub fn type_(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let name = match ctx.read_untouched(key) {
        Some(loc) => ctx.db(key).kind(loc).name(),
        None => "none",
    };
    ctx.reply.status(name);
    Ok(())
}

/// RENAME key newkey
pub fn rename(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (args.key(0), args.key(1));
    ctx.write(from).ok_or(CommandError::NO_SUCH_KEY)?;
    if from.bytes != to.bytes {
        give_name(ctx, from, to)?;
    }
    ctx.reply.ok();
    Ok(())
}

/// RENAMENX key newkey
pub fn renamenx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (args.key(0), args.key(1));
    ctx.write(from).ok_or(CommandError::NO_SUCH_KEY)?;
    let is_free = from.bytes != to.bytes && ctx.write(to).is_none();
    if is_free {
        give_name(ctx, from, to)?;
    }
    ctx.reply.integer(is_free.into());
    Ok(())
}

/// Gives a key the name `to`, over whatever has it.
fn give_name(ctx: &mut Ctx, from: Key, to: Key) -> CmdResult {
    let number = ctx.session.db;
    let found = ctx.peek(from).ok_or(CommandError::NO_SUCH_KEY)?;
    let detached = ctx.db(from).detach(found);
    let outcome = replace(ctx, number, to, detached);
    let result = outcome.map_err(|(error, detached)| {
        put_back(ctx, number, from, detached);
        error
    });
    ctx.db(from).tidy(from.hash);
    result?;
    // In this order, which is that in which waiting clients are served.
    ctx.touch_watchers_at(number, to);
    ctx.changed(from);
    ctx.notify(Class::New, c"new", to);
    ctx.notify(Class::Generic, c"rename_from", from);
    ctx.notify(Class::Generic, c"rename_to", to);
    Ok(())
}

/// Puts a key in under a name that may be taken. If that fails, everything is as it was.
fn replace(ctx: &mut Ctx, number: u32, to: Key, detached: Detached) -> Result<(), (NoMemory, Detached)> {
    let old = ctx.peek_at(number, to).map(|loc| ctx.db_at(number, to).detach(loc));
    let attached = ctx.db_at(number, to).attach(to.hash, to.bytes, detached);
    match (&attached, old) {
        (Ok(_), Some(old)) => ctx.db_at(number, to).bury(old),
        (Err(_), Some(old)) => put_back(ctx, number, to, old),
        (_, None) => {}
    }
    ctx.db_at(number, to).tidy(to.hash);
    attached.map(|_| ())
}

/// Undoes a detachment.
fn put_back(ctx: &mut Ctx, number: u32, key: Key, detached: Detached) {
    let db = ctx.db_at(number, key);
    if let Err((_, lost)) = db.attach(key.hash, key.bytes, detached) {
        // Its room was reserved and its block is still its own: memory would have to run out a second time.
        db.bury(lost);
    }
}

/// COPY source destination [DB destination-db] [REPLACE]
pub fn copy(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (from, to) = (args.key(0), args.key(1));
    let mut number = ctx.session.db;
    let mut replaces = false;
    let mut index = 3;
    while index < args.len() {
        if args.is(index, "replace") {
            replaces = true;
        } else if args.is(index, "db") && index + 1 < args.len() {
            index += 1;
            number = args.database(index, ctx.engine.databases())?;
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 1;
    }
    if number == ctx.session.db && from.bytes == to.bytes {
        return Err(CommandError::SAME_OBJECT);
    }
    ctx.make_database(number, to)?;
    let is_copied = ctx.read(from).is_some() && (replaces || ctx.peek_at(number, to).is_none());
    if is_copied {
        // Looking for `to` may have removed it as expired and moved `from`.
        let found = ctx.peek(from).ok_or(CommandError::NO_SUCH_KEY)?;
        let copy = ctx.db(from).duplicate(found)?;
        replace(ctx, number, to, copy).map_err(|(error, _)| error)?;
        let access = ctx.fresh_access();
        if let Some(loc) = ctx.peek_at(number, to) {
            ctx.db_at(number, to).set_access(loc, access);
        }
        ctx.changed_at(number, to);
        ctx.notify_at(Class::New, c"new", number, to);
        ctx.notify_at(Class::Generic, c"copy_to", number, to);
    }
    ctx.reply.integer(is_copied.into());
    Ok(())
}

/// MOVE key db
pub fn move_(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let from = ctx.session.db;
    let to = args.database(2, ctx.engine.databases())?;
    if to == from {
        return Err(CommandError::SAME_OBJECT);
    }
    ctx.make_database(to, key)?;
    let found = ctx.write(key).filter(|_| ctx.peek_at(to, key).is_none());
    if let Some(loc) = found {
        let detached = ctx.db(key).detach(loc);
        let result = replace(ctx, to, key, detached).map_err(|(error, detached)| {
            put_back(ctx, from, key, detached);
            error
        });
        ctx.db(key).tidy(key.hash);
        result?;
        ctx.touch_watchers_at(to, key);
        ctx.changed(key);
        ctx.notify_at(Class::New, c"new", to, key);
        ctx.notify(Class::Generic, c"move_from", key);
        ctx.notify_at(Class::Generic, c"move_to", to, key);
    }
    ctx.reply.integer(found.is_some().into());
    Ok(())
}
