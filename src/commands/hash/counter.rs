//! HINCRBY, HINCRBYFLOAT: values as numbers. The deadline of the field stays.

use super::{close, create, open, read, store, text};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, StringRef};
use crate::numeric::{self, SumError};
use crate::resp::number::{IntegerText, parse_i64};
use crate::types::hash::{Deadline, Text, text_of};

/// HINCRBY key field increment
pub fn hincrby(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let by = args.int(3)?;
    let (key, field) = (args.key(0), text(&args[2]));
    let found = ctx.write(key);
    let old = with_value(ctx, key, found, field, |value| match value {
        None => Ok(0),
        Some(StringRef::Int(int)) => Ok(int),
        Some(StringRef::Str(bytes)) => parse_i64(bytes).ok_or(CommandError::fixed("ERR hash value is not an integer")),
    })??;
    let new = old.checked_add(by).ok_or(CommandError::OVERFLOW)?;
    let mut digits = IntegerText::new();
    put(ctx, key, found, field, Text { bytes: digits.format(new), int: Some(new) })?;
    ctx.notify(Class::Hash, c"hincrby", key);
    ctx.reply.integer(new);
    Ok(())
}

/// HINCRBYFLOAT key field increment
pub fn hincrbyfloat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (key, field, by) = (args.key(0), text(&args[2]), &args[3]);
    // That the increment is no number comes before all else, but is rarely so.
    let checked = |error| check(by).err().unwrap_or(error);
    let found = ctx.write(key);
    let sum = with_value(ctx, key, found, field, |value| {
        let mut digits = [0; 20];
        numeric::add(value.map_or(b"0", |value| text_of(value, &mut digits)), by)
    });
    let sum = sum.map_err(checked)?.map_err(|error| match error {
        SumError::NotAFloat => checked(CommandError::fixed("ERR hash value is not a float")),
        error => checked(error.into()),
    })?;
    put(ctx, key, found, field, text(sum.as_bytes()))?;
    ctx.notify(Class::Hash, c"hincrbyfloat", key);
    ctx.reply.bulk(sum.as_bytes());
    Ok(())
}

/// Whether an increment is a finite number.
fn check(by: &[u8]) -> CmdResult {
    match numeric::add(b"0", by) {
        Err(SumError::NotFinite) => Err(CommandError::fixed("ERR value is NaN or Infinity")),
        outcome => outcome.map(|_| ()).map_err(CommandError::from),
    }
}

/// Calls `visit` with the value of a field, if there is one.
fn with_value<R>(
    ctx: &mut Ctx,
    key: Key,
    found: Option<Loc>,
    field: Text,
    visit: impl FnOnce(Option<StringRef<'_>>) -> R,
) -> Result<R, CommandError> {
    let Some(loc) = found else { return Ok(visit(None)) };
    let due_ms = ctx.due_ms(key);
    let seed = ctx.engine.keyspace.seed();
    let (hash, _) = read(ctx, key, loc)?;
    Ok(visit(hash.get(field, seed, due_ms).map(|item| item.value)))
}

/// Sets a field, whose deadline stays.
fn put(ctx: &mut Ctx, key: Key, found: Option<Loc>, field: Text, value: Text) -> CmdResult {
    match found {
        Some(loc) => {
            open(ctx, key, loc)?.0.set(field, value, Deadline::Keep)?;
            close(ctx, key, loc)?;
        }
        None => {
            let mut hash = create(ctx.engine);
            hash.set(field, value, Deadline::Keep)?;
            store(ctx, key, hash)?;
        }
    }
    ctx.changed(key);
    Ok(())
}
