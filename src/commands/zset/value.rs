//! The sorted set at a key: looking it up, changing members, replacing it, whatever it is stored as.
//!
//! Here is decided when a flat encoding becomes large: when it has more members, or a longer one, than the settings
//! allow. As in Redis it never becomes flat again, unless it is replaced. Who removes the last member removes the key. Nothing
//! here calls [`Ctx::changed`].

use crate::commands::{Class, CommandError, Ctx, Key};
use crate::engine::Engine;
use crate::keyspace::{Bytes, Db, Kind, Loc, NewValue, NoMemory, ObjectMut, try_box};
use crate::resp::ReplyWriter;
use crate::types::Variant;
use crate::types::zset::{Change, FlatChange, OwnedZSet, Rules, View, ZSet, flat, large, update_flat, update_large};
use smallvec::SmallVec;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// From this many on, members that go are not taken out one by one if few stay: those are copied, and the old value is
/// freed in the background.
const REMOVED_IN_PLACE: usize = 1024;
/// Copying a member takes as long as taking out so many.
const STAY_FACTOR: usize = 4;
/// Bytes of the first member of a new flat encoding that need no memory of their own.
const FIRST_BYTES: usize = 96;

/// The thresholds as they are now.
#[inline]
pub fn rules(engine: &Engine) -> Rules<'_> {
    let hot = engine.settings.hot();
    Rules {
        entries_max: hot.zset_listpack_entries_max.load(Relaxed),
        value_max: hot.zset_listpack_value_max.load(Relaxed),
        drops_sign_of_zero: true,
        seed: engine.keyspace.seed(),
    }
}

/// The sorted set at `loc`, and the reply to write it to.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn view<'s>(ctx: &'s mut Ctx, key: Key, loc: Loc) -> Result<(View<'s>, &'s mut ReplyWriter), CommandError> {
    let (value, reply) = ctx.typed_and_reply(key, loc, Kind::ZSet)?;
    Ok((View::of(value).ok_or(CommandError::WRONG_TYPE)?, reply))
}

/// Looks up a sorted set to change it.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn find(ctx: &mut Ctx, key: Key) -> Result<Option<Loc>, CommandError> {
    let found = ctx.write(key);
    if let Some(loc) = found {
        ctx.typed(key, loc, Kind::ZSet)?;
    }
    Ok(found)
}

/// How many members the sorted set at `loc` has.
#[inline]
pub fn len(db: &Db, loc: Loc) -> usize {
    View::of(db.value(loc)).map_or(0, View::len)
}

/// Starts loading members of the sorted set at `loc`, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be
/// looked up.
#[inline]
pub fn fetch<'n>(db: &Db, loc: Loc, names: impl IntoIterator<Item = &'n [u8]>) {
    if let Some(zset) = View::of(db.value(loc)) {
        zset.fetch(names);
    }
}

/// Makes a sorted set of one member.
///
/// # Errors
/// If memory is short.
pub fn create(ctx: &mut Ctx, key: Key, name: &[u8], score: f64) -> Result<Loc, NoMemory> {
    let rules = rules(ctx.engine);
    let mut bytes: SmallVec<[u8; FIRST_BYTES]> = SmallVec::new();
    flat::build([], &mut bytes)?;
    match update_flat(&mut bytes, name, &rules, |_| Some(score))? {
        FlatChange::Done(_) => ctx.create(key, NewValue::Flat(Kind::ZSet, &bytes)),
        FlatChange::Outgrown(_) => {
            let zset = large([(name, score)], rules.seed)?;
            ctx.create_object(key, Kind::ZSet, try_box(zset.into_object())?)
        }
    }
}

/// Gives a member of the sorted set at `loc` the score that `decide` makes of its present one (`None` if it is not
/// there), unless that is `None`.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn update(
    db: &mut Db,
    loc: Loc,
    name: &[u8],
    rules: &Rules,
    decide: impl FnOnce(Option<f64>) -> Option<f64>,
) -> Result<Change, NoMemory> {
    let Some(mut flat) = db.flat_mut(loc) else {
        return with_large(db, loc, |zset| update_large(zset, name, decide)).unwrap_or(Ok(Change::None));
    };
    match update_flat(&mut flat, name, rules, decide)? {
        FlatChange::Done(change) => Ok(change),
        FlatChange::Outgrown(score) => {
            let mut zset = large(View::Flat(flat.bytes()).iter(), rules.seed)?;
            zset.insert(name, score)?;
            db.set_object(loc, Kind::ZSet, try_box(zset.into_object())?)?;
            Ok(Change::Added)
        }
    }
}

#[inline]
fn with_large<R>(db: &mut Db, loc: Loc, change: impl FnOnce(&mut ZSet) -> R) -> Option<R> {
    let mut object: ObjectMut = db.object_mut(loc)?;
    ZSet::from_object_mut(&mut object).map(change)
}

/// Removes a member of the sorted set at `loc`, which stays there even when it is empty then; whether it was there.
pub fn remove(db: &mut Db, loc: Loc, name: &[u8]) -> bool {
    match db.flat_mut(loc) {
        Some(mut flat) => flat::remove(&mut flat, name),
        None => with_large(db, loc, |zset| zset.remove(name)).flatten().is_some(),
    }
}

/// Removes the members of these ranks; the key goes with the last one, and then it is true. Where many go and few stay it
/// takes the time of those that stay.
pub fn remove_ranks(ctx: &mut Ctx, key: Key, loc: Loc, ranks: Range<usize>) -> Result<bool, NoMemory> {
    let seed = ctx.engine.keyspace.seed();
    let db = ctx.db(key);
    let len = len(db, loc);
    if ranks.len() >= len {
        db.remove(loc);
        return Ok(true);
    }
    if let Some(mut flat) = db.flat_mut(loc) {
        flat::remove_ranks(&mut flat, ranks);
        return Ok(false);
    }
    if ranks.len() < REMOVED_IN_PLACE || (len - ranks.len()).saturating_mul(STAY_FACTOR) > ranks.len() {
        with_large(db, loc, |zset| zset.remove_ranks(ranks));
        return Ok(false);
    }
    let Some(View::Large(zset)) = View::of(db.value(loc)) else { return Ok(false) };
    let before = zset.forward(0).take(ranks.start);
    let staying = large(before.chain(zset.forward(ranks.end)), seed)?;
    db.set_object(loc, Kind::ZSet, staying.try_into_boxed()?)?;
    Ok(false)
}

/// Drops a sorted set that was only needed for a reply: where nobody waits, if that takes long.
pub fn discard(engine: &Engine, built: OwnedZSet) {
    if built.is_slow_to_drop() {
        engine.reclaimer.defer(built);
    }
}

/// Puts a sorted set in the place of whatever is at the key, without deadline; an empty one removes the key. Says so through
/// [`Ctx::changed`] and as `event`, and returns how many members it has.
///
/// # Errors
/// If memory is short.
pub fn store(ctx: &mut Ctx, key: Key, built: OwnedZSet, event: &'static CStr) -> Result<usize, NoMemory> {
    let found = ctx.write(key);
    let len = built.view().len();
    if len == 0 {
        if let Some(loc) = found {
            ctx.db(key).remove(loc);
            ctx.changed(key);
            ctx.notify(Class::Generic, c"del", key);
        }
        return Ok(0);
    }
    match (built.fit(&rules(ctx.engine))?, found) {
        (OwnedZSet::Flat(bytes), Some(loc)) => ctx.db(key).set_value(loc, NewValue::Flat(Kind::ZSet, &bytes))?,
        (OwnedZSet::Large(object), Some(loc)) => ctx.db(key).set_object(loc, Kind::ZSet, object)?,
        (OwnedZSet::Flat(bytes), None) => {
            ctx.create(key, NewValue::Flat(Kind::ZSet, &bytes))?;
        }
        (OwnedZSet::Large(object), None) => {
            ctx.create_object(key, Kind::ZSet, object)?;
        }
    }
    if let Some(loc) = found {
        ctx.db(key).clear_deadline(loc);
    }
    ctx.changed(key);
    ctx.notify(Class::ZSet, event, key);
    Ok(len)
}
