//! The set at a key: reading it, adding to it, replacing it, whatever it is stored as.

use crate::commands::{Class, CommandError, Ctx, Key};
use crate::engine::Engine;
use crate::keyspace::{Bytes, Db, Kind, Loc, LockSet, NewValue, NoMemory, gather};
use crate::resp::ReplyWriter;
use crate::types::set::{Member, OwnedSet, Rules, Set, SetRef, flat, outgrown};
use crate::types::{Variant, WINDOW};
use smallvec::SmallVec;
use std::ffi::CStr;
use std::sync::atomic::Ordering::Relaxed;

/// Most sets that are made by one command fit into this.
type SmallFlat = SmallVec<[u8; 128]>;

/// The thresholds as they are now.
#[inline]
pub fn rules(engine: &Engine) -> Rules<'_> {
    let hot = engine.settings.hot();
    Rules {
        intset_entries_max: hot.set_intset_entries_max.load(Relaxed),
        listpack_entries_max: hot.set_listpack_entries_max.load(Relaxed),
        listpack_value_max: hot.set_listpack_value_max.load(Relaxed),
        seed: engine.keyspace.seed(),
    }
}

/// The set at `loc`, and the reply to write it to.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn view<'s>(ctx: &'s mut Ctx, key: Key, loc: Loc) -> Result<(SetRef<'s>, &'s mut ReplyWriter), CommandError> {
    let (value, reply) = ctx.typed_and_reply(key, loc, Kind::Set)?;
    Ok((SetRef::of(value).ok_or(CommandError::WRONG_TYPE)?, reply))
}

/// Looks up a set to change it.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn find(ctx: &mut Ctx, key: Key) -> Result<Option<Loc>, CommandError> {
    let found = ctx.write(key);
    if let Some(loc) = found {
        ctx.typed(key, loc, Kind::Set)?;
    }
    Ok(found)
}

/// [`find`] without a trace, for what has been looked up before something else was changed.
///
/// # Errors
/// WRONGTYPE.
pub fn find_again(ctx: &mut Ctx, key: Key) -> Result<Option<Loc>, CommandError> {
    let found = ctx.peek(key);
    if let Some(loc) = found {
        ctx.typed(key, loc, Kind::Set)?;
    }
    Ok(found)
}

/// Looks up several sets to read them, in order; with [`views`] they are seen all at once.
///
/// # Errors
/// WRONGTYPE, also when another one is missing.
pub fn read_all<'a>(ctx: &mut Ctx, keys: impl Iterator<Item = Key<'a>>) -> Result<(), CommandError> {
    for key in keys {
        if let Some(loc) = ctx.read(key) {
            ctx.typed(key, loc, Kind::Set)?;
        }
    }
    Ok(())
}

/// Sets at several keys; `None` for those that do not exist.
pub type Views<'s> = SmallVec<[Option<SetRef<'s>>; 8]>;

/// The sets at these keys, which [`read_all`] has found to be sets or missing.
///
/// # Errors
/// If memory is short.
pub fn views<'s, 'a>(
    locks: &'s LockSet,
    number: u32,
    keys: impl Iterator<Item = Key<'a>>,
) -> Result<Views<'s>, NoMemory> {
    let view = |key: Key| {
        let db = locks.held_db(number, key.hash)?;
        let loc = db.locate(key.hash, key.bytes)?;
        SetRef::of(db.value(loc))
    };
    gather(keys.map(view))
}

/// Adds members to the set at `found`, or makes one of them; how many are new. The caller calls [`Ctx::changed`], also
/// after a failure if the number is not 0.
pub fn add<'a>(
    ctx: &mut Ctx,
    key: Key,
    found: Option<Loc>,
    members: impl Iterator<Item = Member<'a>>,
) -> (usize, Result<(), NoMemory>) {
    let mut added = 0;
    let result = match found {
        Some(loc) => add_to(ctx.engine, ctx.db(key), loc, members, &mut added),
        None => build(ctx.engine, members).and_then(|set| {
            let len = set.len();
            create(ctx, key, set)?;
            added = len;
            Ok(())
        }),
    };
    (added, result)
}

fn add_to<'a>(
    engine: &Engine,
    db: &mut Db,
    loc: Loc,
    members: impl Iterator<Item = Member<'a>>,
    added: &mut usize,
) -> Result<(), NoMemory> {
    let rules = rules(engine);
    let mut members = members;
    if let Some(mut flat) = db.flat_mut(loc) {
        let outgrowing = loop {
            let Some(member) = members.next() else { return Ok(()) };
            match flat::add(&mut flat, member, &rules)? {
                flat::Added::New => *added += 1,
                flat::Added::Known => {}
                flat::Added::Outgrown => break member,
            }
        };
        let large = outgrown(flat.bytes(), outgrowing, &rules)?;
        db.set_object(loc, Kind::Set, large)?;
        *added += 1;
    }
    let Some(mut object) = db.object_mut(loc) else { return Ok(()) };
    let Some(set) = Set::from_object_mut(&mut object) else { return Ok(()) };
    if members.size_hint().0 <= 1 {
        return members.try_for_each(|member| {
            *added += usize::from(set.add(member, &rules)?);
            Ok(())
        });
    }
    for window in windows(members) {
        set.fetch(&window);
        for member in window {
            *added += usize::from(set.add(member, &rules)?);
        }
    }
    Ok(())
}

/// Members that are looked up together.
fn windows<'a>(mut members: impl Iterator<Item = Member<'a>>) -> impl Iterator<Item = SmallVec<[Member<'a>; WINDOW]>> {
    std::iter::from_fn(move || {
        let window: SmallVec<[Member; WINDOW]> = members.by_ref().take(WINDOW).collect();
        (!window.is_empty()).then_some(window)
    })
}

/// A set of these members; while it is small, without an allocation.
fn build<'a>(engine: &Engine, members: impl Iterator<Item = Member<'a>>) -> Result<OwnedSet<SmallFlat>, NoMemory> {
    let rules = rules(engine);
    let mut set = OwnedSet::new_in(SmallFlat::new())?;
    for member in members {
        set.add(member, &rules)?;
    }
    Ok(set)
}

/// Removes members from the set at `loc`, which stays there even when it is empty then; how many were in it.
pub fn remove<'a>(
    db: &mut Db,
    loc: Loc,
    mut members: impl Iterator<Item = Member<'a>>,
) -> (usize, Result<(), NoMemory>) {
    let mut removed = 0;
    let result = if let Some(mut flat) = db.flat_mut(loc) {
        members.try_for_each(|member| {
            removed += usize::from(flat::remove(&mut flat, member)?);
            Ok(())
        })
    } else {
        let mut object = db.object_mut(loc);
        if let Some(set) = object.as_deref_mut().and_then(Set::from_object_mut) {
            for window in windows(members) {
                if window.len() > 1 {
                    set.fetch(&window);
                }
                removed += window.into_iter().filter(|member| set.remove(*member)).count();
            }
        }
        Ok(())
    };
    (removed, result)
}

/// How many members are at `loc`.
#[inline]
pub fn len(db: &Db, loc: Loc) -> usize {
    SetRef::of(db.value(loc)).map_or(0, SetRef::len)
}

/// Adds a key known to be absent.
///
/// # Errors
/// If memory is short.
pub fn create(ctx: &mut Ctx, key: Key, set: OwnedSet<impl Bytes>) -> Result<Loc, NoMemory> {
    match set {
        OwnedSet::Flat(flat) => ctx.create(key, NewValue::Flat(Kind::Set, flat.bytes())),
        OwnedSet::Large(object) => ctx.create_object(key, Kind::Set, object),
    }
}

/// Puts a set in the place of the value at `loc`; the deadline stays. The old value is freed where nobody waits.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn replace(db: &mut Db, loc: Loc, set: OwnedSet) -> Result<(), NoMemory> {
    match set {
        OwnedSet::Flat(flat) => db.set_value(loc, NewValue::Flat(Kind::Set, &flat)),
        OwnedSet::Large(object) => db.set_object(loc, Kind::Set, object),
    }
}

/// Drops a set that was only needed for a reply: where nobody waits, if that takes long.
pub fn discard(engine: &Engine, set: OwnedSet) {
    if set.is_slow_to_drop() {
        engine.reclaimer.defer(set);
    }
}

/// Stores a result at a key, whatever is there, without deadline; an empty one removes the key. Notes the change, and as
/// `event` that a result was stored.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn store(ctx: &mut Ctx, key: Key, set: OwnedSet, event: &'static CStr) -> Result<(), CommandError> {
    let found = ctx.peek(key);
    let is_empty = set.is_empty();
    match found {
        Some(loc) if set.is_empty() => ctx.db(key).remove(loc),
        Some(loc) => {
            let access = ctx.fresh_access();
            let db = ctx.db(key);
            replace(db, loc, set)?;
            db.clear_deadline(loc);
            db.set_access(loc, access);
        }
        None if set.is_empty() => return Ok(()),
        None => {
            create(ctx, key, set)?;
        }
    }
    ctx.changed(key);
    if is_empty {
        ctx.notify(Class::Generic, c"del", key);
    } else {
        ctx.notify(Class::Set, event, key);
    }
    Ok(())
}
