//! Commands on all keys of a database: SCAN KEYS RANDOMKEY DBSIZE.
//!
//! They hold the lock of one shard at a time, and that only for a few dozen buckets. What takes longer than a slice
//! gives way to other connections in between, unless a transaction holds all shards anyway.

mod options;
mod walk;

pub(super) use options::Options;
pub use options::parse_cursor;

use super::session::{Continuation, Slice};
use super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::glob::Pattern;
use crate::engine::random::Random;
use crate::keyspace::{Cursor, Db, NoMemory, gather, try_box, try_copy};
use crate::resp::{Mark, ReplyWriter};
use smallvec::SmallVec;
use walk::Walk;

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
pub fn scan(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let cursor = parse_cursor(&args[1]).ok_or(CommandError::fixed("ERR invalid cursor"))?;
    let options = Options::parse(args, 2)?;
    let walk = Walk::limited(ctx.session.db, Cursor::from_number(cursor), options.count, options.pattern);
    run(ctx, walk.of_type(options.type_name), Form::Scan)
}

/// KEYS pattern
pub fn keys(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let pattern = Pattern::new(&args[1]);
    if let Some(key) = pattern.exact() {
        find_one(ctx, key);
        return Ok(());
    }
    run(ctx, Walk::whole(ctx.session.db, pattern), Form::Keys)
}

/// The `keys` of the original dialect: all of them.
pub fn all_keys(ctx: &mut Ctx, _: &Args) -> CmdResult {
    run(ctx, Walk::whole(ctx.session.db, Pattern::ALL), Form::Keys)
}

/// KEYS with a pattern that only one key can match: a look-up instead of a walk.
fn find_one(ctx: &mut Ctx, key: &[u8]) {
    let number = ctx.session.db;
    let now_ms = ctx.now_ms();
    let hash = ctx.engine.keyspace.hash(key);
    ctx.visit_shard(ctx.engine.keyspace.shard_of(hash), |data, reply, _| {
        let is_live =
            data.existing_db(number).is_some_and(|db| db.locate(hash, key).is_some_and(|loc| !db.is_gone(loc, now_ms)));
        reply.array(is_live.into());
        if is_live {
            reply.bulk(key);
        }
    });
}

/// What the reply of a walk looks like.
#[derive(Clone, Copy)]
enum Form {
    /// The keys.
    Keys,
    /// The cursor and the keys.
    Scan,
}

impl Form {
    fn finish(self, reply: &mut ReplyWriter, keys: Mark, walk: &Walk) {
        reply.end_array(keys, walk.found());
        if let Self::Scan = self {
            reply.prepend(keys, |reply| {
                reply.array(2);
                reply.bulk_integer(walk.cursor().map_or(0, Cursor::number) as i64);
            });
        }
    }
}

/// Runs a walk; if it does not end within one slice, the rest is left for later.
fn run(ctx: &mut Ctx, mut walk: Walk, form: Form) -> CmdResult {
    let keys = ctx.reply.begin();
    let start = ctx.reply.len();
    if walk.slice(ctx) == Slice::Done {
        form.finish(ctx.reply, keys, &walk);
        return Ok(());
    }
    if ctx.reply.is_short_of_memory() {
        return Err(CommandError::NO_MEMORY);
    }
    let written = try_copy(&ctx.reply.bytes()[start..])?;
    ctx.reply.truncate(start);
    ctx.go_on(try_box(Rest { walk: walk.into_owned()?, form, written, keys: None })?)
}

/// A walk that gave way.
struct Rest {
    walk: Walk<'static>,
    form: Form,
    /// What the first slice has written.
    written: Vec<u8>,
    /// Where the keys begin, once the reply has been begun.
    keys: Option<Mark>,
}

impl Continuation for Rest {
    fn resume(&mut self, ctx: &mut Ctx) -> Result<Slice, CommandError> {
        let keys = *self.keys.get_or_insert_with(|| ctx.reply.begin());
        ctx.reply.buffer_mut().try_reserve(self.written.len()).map_err(|_| NoMemory)?;
        ctx.reply.buffer_mut().append(&mut self.written);
        let slice = self.walk.slice(ctx);
        if slice == Slice::Done {
            self.form.finish(ctx.reply, keys, &self.walk);
        }
        Ok(slice)
    }
}

/// DBSIZE
pub fn dbsize(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let keys: usize = shard_sizes(ctx)?.iter().sum();
    ctx.reply.integer(keys as i64);
    Ok(())
}

/// RANDOMKEY
///
/// A shard by its size, then a key in it: all keys are equally likely. Expired ones are removed on the way.
pub fn randomkey(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let number = ctx.session.db;
    let now_ms = ctx.now_ms();
    let engine = ctx.engine;
    let mut random = Random::new(ctx.session.random.bits());
    let mut sizes = shard_sizes(ctx)?;
    while let Some(shard) = choose(&sizes, &mut random) {
        let is_found = ctx.visit_shard(shard, |data, reply, events| {
            let db = data.existing_db(number)?;
            let loc = db.random(|| random.bits())?;
            if db.is_gone(loc, now_ms) {
                engine.expire_gone(data, number, loc, now_ms, events);
                return Some(false);
            }
            reply.bulk(db.key(loc));
            Some(true)
        });
        match is_found {
            Some(true) => return Ok(()),
            Some(false) => {
                engine.stats.count_expired(1);
                sizes[shard] -= 1;
            }
            // Others have emptied it since its size was taken.
            None => sizes[shard] = 0,
        }
    }
    ctx.reply.null();
    Ok(())
}

/// Keys of the selected database in every shard, each at a slightly different time.
///
/// # Errors
/// If memory is short.
fn shard_sizes(ctx: &mut Ctx) -> Result<SmallVec<[usize; 256]>, NoMemory> {
    let number = ctx.session.db;
    let shards = 0..ctx.engine.keyspace.shard_count();
    gather(shards.map(|shard| ctx.with_shard(shard, |data| data.existing_db(number).map_or(0, Db::len))))
}

/// A shard, each as likely as it is large; `None` if all are empty.
fn choose(sizes: &[usize], random: &mut Random) -> Option<usize> {
    let mut rest = random.below(sizes.iter().map(|&size| size as u64).sum());
    sizes.iter().position(|&size| {
        let is_here = rest < size as u64;
        rest = rest.saturating_sub(size as u64);
        is_here
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_chosen_by_their_size() {
        let mut random = Random::new(3);
        let mut chosen = [0; 4];
        for _ in 0..10_000 {
            chosen[choose(&[0, 10, 0, 30], &mut random).expect("not all are empty")] += 1;
        }
        assert!(chosen[0] == 0 && chosen[2] == 0 && (2200..2800).contains(&chosen[1]), "{chosen:?}");
        assert_eq!(choose(&[0, 0], &mut random), None);
        assert_eq!(choose(&[], &mut random), None);
    }
}
