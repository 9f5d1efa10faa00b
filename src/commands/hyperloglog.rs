//! PFADD, PFCOUNT, PFMERGE, PFDEBUG, PFSELFTEST: how many different elements there were, in a string of 12 KB at most.
//!
//! What the string holds is in [`crate::types::hyperloglog`]. As in Redis, PFCOUNT of one key remembers the count in
//! the string, which makes a read a change.

use super::session::{Continuation, Slice};
use super::string::text_of;
use super::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Db, Loc, NewValue, NoMemory, Text as Composed, try_box};
use crate::resp::number::IntegerText;
use crate::types::hyperloglog::{self, Encoding, Error, Failure, Registers, SelfTest, Text};
use std::sync::atomic::Ordering::Relaxed;

const NOT_ONE: CommandError = CommandError::fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPT: CommandError = CommandError::fixed("INVALIDOBJ Corrupted HLL object detected");

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        match error {
            Error::Corrupt => CORRUPT,
            Error::NoMemory => Self::NO_MEMORY,
        }
    }
}

/// The string of a key, to be changed.
struct Stored<'d> {
    db: &'d mut Db,
    loc: Loc,
}

impl Text for Stored<'_> {
    fn bytes(&mut self) -> &mut [u8] {
        self.db.string_mut(self.loc).unwrap_or_default()
    }

    fn resize(&mut self, len: usize) -> Result<(), NoMemory> {
        self.db.string_resize(self.loc, len).map(|_| ())
    }
}

/// The encoding of the HyperLogLog at a key.
///
/// # Errors
/// WRONGTYPE if it holds something else.
fn encoding(ctx: &mut Ctx, key: Key, loc: Loc) -> Result<Encoding, CommandError> {
    hyperloglog::encoding(text_of(ctx.string(key, loc)?, &mut IntegerText::new())).ok_or(NOT_ONE)
}

/// The HyperLogLog at a key, to be changed. As in Redis the string is raw from then on, even if nothing changes.
///
/// # Errors
/// WRONGTYPE if the key holds something else.
fn stored<'c>(ctx: &'c mut Ctx, key: Key, loc: Loc) -> Result<Stored<'c>, CommandError> {
    encoding(ctx, key, loc)?;
    let mut text = Stored { db: ctx.db(key), loc };
    text.bytes();
    Ok(text)
}

fn sparse_bytes_max(ctx: &Ctx) -> usize {
    ctx.engine.settings.hot().hll_sparse_max_bytes.load(Relaxed)
}

/// PFADD key [element [element ...]]
pub fn pfadd(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    let loc = match found {
        Some(loc) => loc,
        None => ctx.create(key, NewValue::Str(&hyperloglog::EMPTY))?,
    };
    let sparse_bytes_max = sparse_bytes_max(ctx);
    let mut text = stored(ctx, key, loc)?;
    let mut changes = u64::from(found.is_none());
    let added = args.argv().iter().skip(2).try_for_each(|element| {
        changes += u64::from(hyperloglog::add(&mut text, element, sparse_bytes_max)?);
        Ok(())
    });
    if changes > 0 {
        hyperloglog::invalidate(text.bytes());
        ctx.changed(key);
        ctx.count_changes(changes - 1);
    }
    // Unlike in Redis, watchers hear of what was added before a corrupt part was met.
    added.map_err(|error: Error| CommandError::from(error))?;
    if changes > 0 {
        ctx.notify(Class::String, c"pfadd", key);
    }
    ctx.reply.integer(i64::from(changes > 0));
    Ok(())
}

/// PFCOUNT key [key ...]
pub fn pfcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let count = if args.key_count() == 1 { count_one(ctx, args.key(0))? } else { count_union(ctx, args)? };
    ctx.reply.integer(count as i64);
    Ok(())
}

fn count_one(ctx: &mut Ctx, key: Key) -> Result<u64, CommandError> {
    let Some(loc) = ctx.read(key) else { return Ok(0) };
    let mut text = stored(ctx, key, loc)?;
    let bytes = text.bytes();
    if let Some(count) = hyperloglog::cached_count(bytes) {
        return Ok(count);
    }
    let count = hyperloglog::count(bytes)?;
    hyperloglog::cache_count(bytes, count);
    ctx.changed(key);
    Ok(count)
}

fn count_union(ctx: &mut Ctx, args: &Args) -> Result<u64, CommandError> {
    Ok(unite(ctx, args)?.0.count())
}

/// The registers of all keys, and whether one of the keys is dense.
fn unite(ctx: &mut Ctx, args: &Args) -> Result<(Registers, bool), CommandError> {
    let mut union = Registers::default();
    let mut has_dense = false;
    for key in args.keys() {
        let Some(loc) = ctx.read(key) else { continue };
        encoding(ctx, key, loc)?;
        let encoding = union.unite(text_of(ctx.string(key, loc)?, &mut IntegerText::new()))?;
        has_dense |= encoding == Encoding::Dense;
    }
    Ok((union, has_dense))
}

/// PFMERGE destkey [sourcekey [sourcekey ...]]
pub fn pfmerge(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (union, has_dense) = unite(ctx, args)?;
    let loc = match ctx.write(key) {
        Some(loc) => loc,
        None => ctx.create(key, NewValue::Str(&hyperloglog::EMPTY))?,
    };
    let sparse_bytes_max = sparse_bytes_max(ctx);
    let mut text = stored(ctx, key, loc)?;
    let made_dense = if has_dense { hyperloglog::make_dense(&mut text).map(|_| ()) } else { Ok(()) };
    let merged = made_dense.and_then(|()| hyperloglog::merge(&mut text, &union, sparse_bytes_max));
    hyperloglog::invalidate(text.bytes());
    ctx.changed(key);
    merged?;
    ctx.notify(Class::String, c"pfadd", key);
    ctx.reply.ok();
    Ok(())
}

/// PFDEBUG (GETREG | DECODE | ENCODING | TODENSE) key
///
/// Making it dense counts as a change, but watchers do not hear of it.
pub fn pfdebug(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let loc = ctx.write(key).ok_or(CommandError::fixed("ERR The specified key does not exist"))?;
    let mut text = stored(ctx, key, loc)?;
    if args.is(1, "GETREG") {
        let has_changed = hyperloglog::make_dense(&mut text)?;
        let mut registers = Registers::default();
        registers.unite(text.bytes())?;
        ctx.count_changes(u64::from(has_changed));
        ctx.reply.array(hyperloglog::REGISTERS);
        registers.as_array().iter().for_each(|register| ctx.reply.integer((*register).into()));
    } else if args.is(1, "DECODE") {
        if hyperloglog::encoding(text.bytes()) != Some(Encoding::Sparse) {
            return Err(CommandError::fixed("ERR HLL encoding is not sparse"));
        }
        let decoded = decode(text.bytes())?;
        ctx.reply.bulk(&decoded);
    } else if args.is(1, "ENCODING") {
        let is_dense = encoding(ctx, key, loc)? == Encoding::Dense;
        ctx.reply.status(if is_dense { "dense" } else { "sparse" });
    } else if args.is(1, "TODENSE") {
        let has_changed = hyperloglog::make_dense(&mut text)?;
        ctx.count_changes(u64::from(has_changed));
        ctx.reply.integer(i64::from(has_changed));
    } else {
        return Err(CommandError::quoting("ERR Unknown PFDEBUG subcommand '", &args[1], "'"));
    }
    Ok(())
}

/// The runs of a sparse one for people: `Z:7 v:3,2 z:20`.
fn decode(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut text = Composed::new();
    for run in hyperloglog::runs(bytes) {
        let blank = if text.is_empty() { "" } else { " " };
        match run.value {
            0 if run.is_long() => text.put(format_args!("{blank}Z:{}", run.registers)),
            0 => text.put(format_args!("{blank}z:{}", run.registers)),
            value => text.put(format_args!("{blank}v:{value},{}", run.registers)),
        }
    }
    text.finish()
}

/// PFSELFTEST
pub fn pfselftest(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let seed = ctx.session.random.bits();
    let test = SelfTest::new(seed, sparse_bytes_max(ctx));
    ctx.go_on(try_box(test?)?)
}

impl Continuation for SelfTest {
    fn resume(&mut self, ctx: &mut Ctx) -> Result<Slice, CommandError> {
        match self.step() {
            Ok(false) => Ok(Slice::More),
            Ok(true) => {
                ctx.reply.ok();
                Ok(Slice::Done)
            }
            Err(failure) => Err(describe(failure)),
        }
    }
}

fn describe(failure: Failure) -> CommandError {
    match failure {
        Failure::Register { index, expected, found } => {
            CommandError::composed(format_args!("ERR TESTFAILED Register {index} should be {expected} but is {found}"))
        }
        Failure::SparseNotUsed => CommandError::fixed("ERR TESTFAILED sparse encoding not used"),
        Failure::Disagreement => CommandError::fixed("ERR TESTFAILED dense/sparse disagree"),
        Failure::Inaccurate { elements, error } => {
            CommandError::composed(format_args!("ERR TESTFAILED Too big error. card:{elements} abserr:{error}"))
        }
        Failure::NoMemory => CommandError::NO_MEMORY,
    }
}
