//! HGETDEL, HGETEX, HSETEX: values read or set together with what becomes of the fields.

use super::options::{Clock, NOT_POSITIVE, named_fields};
use super::{check_type, close, create, notify, open, read, reply_text, store, text};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::keyspace::NoMemory;
use crate::resp::ReplyWriter;
use crate::resp::number::parse_i64;
use crate::types::hash::{Deadline, Editor, Holder, Item, NOTHING_DUE};

fn reply_value(reply: &mut ReplyWriter, item: Option<Item<'_>>) {
    match item {
        Some(item) => reply_text(reply, item.value),
        None => reply.null(),
    }
}

fn reply_nulls(ctx: &mut Ctx, count: usize) {
    ctx.reply.array(count);
    (0..count).for_each(|_| ctx.reply.null());
}

/// HGETDEL key FIELDS numfields field [field ...]
pub fn hgetdel(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    check_type(ctx, key, found)?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    let Some(loc) = found else {
        reply_nulls(ctx, fields.len());
        return Ok(());
    };
    let (mut hash, reply) = open(ctx, key, loc)?;
    reply.array(fields.len());
    let mut removed = 0;
    for field in fields {
        let field = text(field);
        reply_value(reply, hash.get(field));
        removed += u64::from(hash.remove(field));
    }
    if removed > 0 {
        let is_gone = close(ctx, key, loc)?;
        ctx.changed(key);
        ctx.count_changes(removed - 1);
        notify(ctx, c"hdel", key, is_gone);
    }
    Ok(())
}

/// What HGETEX does with the deadline of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Persist,
    At(i64),
}

/// HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS
/// numfields field [field ...]
pub fn hgetex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    check_type(ctx, key, found)?;
    let (change, at) = match Clock::of(&args[2]) {
        Some(clock) => (Change::At(clock.deadline_ms(ctx, &args[3])?), 4),
        None if args.is(2, "persist") => (Change::Persist, 3),
        None => (Change::None, 2),
    };
    let fields = named_fields(args, at, NOT_POSITIVE)?;
    let Some(loc) = found else {
        reply_nulls(ctx, fields.len());
        return Ok(());
    };
    let now_ms = if change == Change::None { 0 } else { ctx.now_ms() };
    let (mut hash, reply) = open(ctx, key, loc)?;
    reply.array(fields.len());
    let mut changes = 0;
    for field in fields {
        let field = text(field);
        let item = hash.get(field);
        reply_value(reply, item);
        let Some(present_ms) = item.map(|item| item.deadline_ms) else { continue };
        changes += 1;
        match change {
            Change::At(deadline_ms) if deadline_ms <= now_ms => {
                hash.remove(field);
            }
            Change::At(deadline_ms) => {
                hash.holder().reserve_deadline()?;
                hash.set_deadline(field, Some(deadline_ms))?;
            }
            Change::Persist if present_ms.is_some() => hash.set_deadline(field, None)?,
            Change::Persist | Change::None => changes -= 1,
        }
    }
    if changes > 0 {
        let is_gone = close(ctx, key, loc)?;
        ctx.changed(key);
        ctx.count_changes(changes - 1);
        let event = match change {
            Change::At(deadline_ms) if deadline_ms <= now_ms => c"hdel",
            Change::At(_) => c"hexpire",
            Change::Persist | Change::None => c"hpersist",
        };
        notify(ctx, event, key, is_gone);
    }
    Ok(())
}

/// When HSETEX sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// FNX
    NoneExists,
    /// FXX
    AllExist,
}

/// What HSETEX is told.
struct Options<'a> {
    when: When,
    keeps_deadlines: bool,
    deadline_ms: Option<i64>,
    pairs: &'a [&'a [u8]],
}

impl<'a> Options<'a> {
    /// Reads what follows `HSETEX key`; FIELDS comes last.
    fn parse(ctx: &mut Ctx, args: &Args<'a>) -> Result<Self, CommandError> {
        let mut options = Self { when: When::Always, keeps_deadlines: false, deadline_ms: None, pairs: &[] };
        let mut index = 2;
        while let Some(word) = args.get(index) {
            let clock = Clock::of(word);
            if args.is(index, "fields") {
                options.pairs = pairs(ctx, args, index)?;
                return Ok(options);
            } else if clock.is_some() || args.is(index, "keepttl") {
                if options.keeps_deadlines || options.deadline_ms.is_some() {
                    return Err(CommandError::fixed(
                        "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
                    ));
                }
                match clock {
                    Some(clock) => {
                        index += 1;
                        let time = args.get(index).ok_or(CommandError::fixed("ERR missing expire time"))?;
                        options.deadline_ms = Some(clock.deadline_ms(ctx, time)?);
                    }
                    None => options.keeps_deadlines = true,
                }
            } else if args.is(index, "fxx") || args.is(index, "fnx") {
                if options.when != When::Always {
                    return Err(CommandError::fixed("ERR Only one of FXX or FNX arguments can be specified"));
                }
                options.when = if args.is(index, "fxx") { When::AllExist } else { When::NoneExists };
            } else {
                return Err(CommandError::quoting("ERR unknown argument: ", word, ""));
            }
            index += 1;
        }
        Err(CommandError::wrong_arity(ctx.command.name))
    }
}

/// The fields and values of `FIELDS numfields field value [field value ...]`, which goes to the end.
fn pairs<'a>(ctx: &Ctx, args: &Args<'a>, at: usize) -> Result<&'a [&'a [u8]], CommandError> {
    let miscounted = || CommandError::wrong_arity(ctx.command.name);
    if at + 3 >= args.len() {
        return Err(miscounted());
    }
    let count = parse_i64(&args[at + 1]).filter(|count| (1..=i64::from(i32::MAX)).contains(count));
    let count = count.ok_or(CommandError::fixed("ERR invalid number of fields"))?;
    let pairs = args.argv().get(at + 2..).unwrap_or_default();
    if pairs.len() % 2 != 0 || usize::try_from(count) != Ok(pairs.len() / 2) {
        return Err(miscounted());
    }
    Ok(pairs)
}

/// HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]
/// FIELDS numfields field value [field value ...]
pub fn hsetex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = Options::parse(ctx, args)?;
    let key = args.key(0);
    let found = ctx.write(key);
    check_type(ctx, key, found)?;
    if !is_met(ctx, args, found, &options)? {
        ctx.reply.integer(0);
        return Ok(());
    }
    let now_ms = if options.deadline_ms.is_some() { ctx.now_ms() } else { 0 };
    let is_gone = match found {
        Some(loc) => {
            let (mut hash, _) = open(ctx, key, loc)?;
            if options.deadline_ms.is_some() {
                hash.holder().reserve_deadline()?;
            }
            set_all(&mut hash, &options, now_ms)?;
            close(ctx, key, loc)?
        }
        None => {
            let mut hash = create(ctx.engine);
            set_all(&mut hash, &options, now_ms)?;
            let is_gone = hash.holder().read().len(NOTHING_DUE) == 0;
            if is_gone {
                ctx.notify(Class::New, c"new", key);
            } else {
                store(ctx, key, hash)?;
            }
            is_gone
        }
    };
    ctx.changed(key);
    ctx.notify(Class::Hash, c"hset", key);
    if let Some(deadline_ms) = options.deadline_ms {
        ctx.notify(Class::Hash, if deadline_ms <= now_ms { c"hdel" } else { c"hexpire" }, key);
    }
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
    ctx.count_changes(options.pairs.len() as u64 / 2 - 1);
    ctx.reply.integer(1);
    Ok(())
}

/// Whether the fields are there or not as the options demand.
fn is_met(
    ctx: &mut Ctx,
    args: &Args,
    found: Option<crate::keyspace::Loc>,
    options: &Options,
) -> Result<bool, CommandError> {
    let wanted = match options.when {
        When::Always => return Ok(true),
        When::NoneExists => false,
        When::AllExist => true,
    };
    let key = args.key(0);
    let Some(loc) = found else { return Ok(!wanted) };
    let due_ms = ctx.due_ms(key);
    let seed = ctx.engine.keyspace.seed();
    let (hash, _) = read(ctx, key, loc)?;
    let mut fields = options.pairs.iter().step_by(2);
    Ok(fields.all(|field| hash.get(text(field), seed, due_ms).is_some() == wanted))
}

/// Sets all pairs. One whose deadline has come is set, and gone.
fn set_all<H: Holder>(hash: &mut Editor<'_, H>, options: &Options, now_ms: i64) -> Result<(), NoMemory> {
    let is_kept = options.keeps_deadlines || options.deadline_ms.is_some();
    let keep = if is_kept { Deadline::Keep } else { Deadline::Drop };
    for pair in options.pairs.chunks_exact(2) {
        let (field, value) = (text(pair[0]), text(pair[1]));
        hash.set(field, value, keep)?;
        match options.deadline_ms {
            Some(deadline_ms) if deadline_ms <= now_ms => {
                hash.remove(field);
            }
            Some(deadline_ms) => hash.set_deadline(field, Some(deadline_ms))?,
            None => {}
        }
    }
    Ok(())
}
