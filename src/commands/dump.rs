//! DUMP and RESTORE: a value as bytes, in the serialisation of Redis ([`rdb`]).

use super::{Args, Class, CmdResult, CommandError, Ctx, Key, hash, list, set, zset};
use crate::engine::access;
use crate::keyspace::{Loc, NewValue, NoMemory, StringRef};
use crate::persist::rdb::value::{self, Loaded};
use crate::persist::rdb::{self, LoadError, Reader, Writer};
use std::sync::atomic::Ordering::Relaxed;

const BUSY_KEY: CommandError = CommandError::fixed("BUSYKEY Target key name already exists.");
const BAD_PAYLOAD: CommandError = CommandError::fixed("ERR DUMP payload version or checksum are wrong");
const BAD_FORMAT: CommandError = CommandError::fixed("ERR Bad data format");
const BAD_TTL: CommandError = CommandError::fixed("ERR Invalid TTL value, must be >= 0");
const BAD_IDLE_TIME: CommandError = CommandError::fixed("ERR Invalid IDLETIME value, must be >= 0");
const BAD_FREQUENCY: CommandError = CommandError::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");

/// DUMP key
pub fn dump(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let engine = ctx.engine;
    let compresses = engine.settings.hot().rdb_compression.load(Relaxed);
    let mut writer = Writer::reusing(compresses, engine.compressor.lock().take());
    let due_ms = ctx.due_ms(key);
    let (db, reply) = ctx.db_and_reply(key);
    value::save_payload(&mut writer, db.value(loc), due_ms)?;
    reply.bulk(writer.bytes());
    *engine.compressor.lock() = writer.into_compressor();
    Ok(())
}

/// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
pub fn restore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = Options::parse(args)?;
    let key = args.key(0);
    let old = ctx.write(key);
    if old.is_some() && !options.replaces {
        return Err(BUSY_KEY);
    }
    let ttl_ms = args.int(2)?;
    if ttl_ms < 0 {
        return Err(BAD_TTL);
    }
    let body = rdb::open(&args[3]).ok_or(BAD_PAYLOAD)?;
    let mut reader = Reader::new(body);
    let mut abandoned = None;
    let loaded = value::load_payload(&mut reader, &rules(ctx), &mut abandoned).map_err(|error| match error {
        LoadError::Corrupt => BAD_FORMAT,
        LoadError::NoMemory => CommandError::NO_MEMORY,
    });
    // Payloads are checked in any case; the setting says whether that is to be counted.
    if ctx.engine.settings.hot().sanitize_dump_payload.load(Relaxed) {
        ctx.engine.stats.payload_sanitizations.fetch_add(reader.flat_count(), Relaxed);
    }
    if let Some(object) = abandoned {
        ctx.db(key).bury_object(object);
    }
    let loaded = loaded?;
    // The sum wraps in Redis, too: what is too far in the future is in the past.
    let base_ms = if options.is_absolute || ttl_ms == 0 { 0 } else { ctx.now_ms() };
    let deadline_ms = ttl_ms.wrapping_add(base_ms);
    if ttl_ms != 0 && deadline_ms <= ctx.now_ms() {
        if let Some(loc) = old {
            ctx.db(key).remove(loc);
            ctx.changed(key);
            ctx.notify(Class::Generic, c"del", key);
        }
        if let Loaded::Object(_, object) = loaded {
            ctx.db(key).bury_object(object);
        }
        ctx.reply.ok();
        return Ok(());
    }
    if let Some(loc) = old {
        ctx.db(key).remove(loc);
    }
    let result = store(ctx, key, loaded, (ttl_ms != 0).then_some(deadline_ms));
    if result.is_ok() || old.is_some() {
        ctx.changed(key);
    }
    let loc = result?;
    ctx.notify(Class::Generic, c"restore", key);
    if let Some(access) = options.access(ctx) {
        ctx.db(key).set_access(loc, access);
    }
    ctx.reply.ok();
    Ok(())
}

/// Puts a value under a key that is free. If memory is short, it is still free after that.
fn store(ctx: &mut Ctx, key: Key, loaded: Loaded<'_>, deadline_ms: Option<i64>) -> Result<Loc, NoMemory> {
    let loc = match loaded {
        Loaded::String(text) => match text.element().canonical() {
            StringRef::Int(int) => ctx.create(key, NewValue::Int(int)),
            StringRef::Str(bytes) => ctx.create(key, NewValue::Str(bytes)),
        },
        Loaded::Flat(kind, bytes) => ctx.create(key, NewValue::Flat(kind, &bytes)),
        Loaded::Object(kind, object) => ctx.create_object(key, kind, object),
    }?;
    let db = ctx.db(key);
    let result = db.note_field_deadlines(loc).and_then(|()| match deadline_ms {
        Some(deadline_ms) => db.set_deadline(loc, deadline_ms),
        None => Ok(()),
    });
    if result.is_err() {
        db.remove(loc);
    }
    result.map(|()| loc)
}

/// What values are built by: the thresholds as they are now.
fn rules<'e>(ctx: &Ctx<'_, 'e>) -> value::Rules<'e> {
    value::Rules {
        list: list::value::fill(ctx),
        set: set::value::rules(ctx.engine),
        hash: hash::limits(ctx.engine),
        zset: zset::value::rules(ctx.engine),
        seed: ctx.engine.keyspace.seed(),
    }
}

#[derive(Default)]
struct Options {
    replaces: bool,
    /// The TTL is a deadline.
    is_absolute: bool,
    idle_s: Option<i64>,
    frequency: Option<u8>,
}

impl Options {
    fn parse(args: &Args) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 4;
        while index < args.len() {
            let has_value = index + 1 < args.len();
            if args.is(index, "replace") {
                options.replaces = true;
            } else if args.is(index, "absttl") {
                options.is_absolute = true;
            } else if args.is(index, "idletime") && has_value && options.frequency.is_none() {
                index += 1;
                options.idle_s = Some(Some(args.int(index)?).filter(|idle_s| *idle_s >= 0).ok_or(BAD_IDLE_TIME)?);
            } else if args.is(index, "freq") && has_value && options.idle_s.is_none() {
                index += 1;
                options.frequency = Some(u8::try_from(args.int(index)?).map_err(|_| BAD_FREQUENCY)?);
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 1;
        }
        Ok(options)
    }

    /// The access field that the options ask for, if they fit the policy.
    fn access(&self, ctx: &Ctx) -> Option<u32> {
        let now_s = ctx.engine.housekeeping.now_s();
        if ctx.engine.settings.hot().policy_is_lfu() {
            self.frequency.map(|frequency| access::lfu_with_count(now_s, frequency))
        } else {
            self.idle_s.map(|idle_s| access::lru_clock_before(now_s, idle_s))
        }
    }
}
