//! BITFIELD, BITFIELD_RO: a list of operations on integers of any width at any bit.
//!
//! All operations are read before the first is carried out, and the string is lengthened once, for all of them.

use super::{BAD_OFFSET, Grown, checked_offset, grow};
use crate::commands::string::text_of;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::NoMemory;
use crate::resp::ReplyWriter;
use crate::resp::number::{IntegerText, parse_i64};
use crate::types::bits::{FieldType, Outcome, Overflow};
use smallvec::SmallVec;

/// One of the operations.
#[derive(Clone, Copy)]
struct Operation {
    field: FieldType,
    /// Of its first bit.
    offset: u64,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64, Overflow),
    Increment(i64, Overflow),
}

impl Operation {
    /// The last bit that it writes.
    fn written(&self) -> Option<u64> {
        match self.action {
            Action::Get => None,
            Action::Set(..) | Action::Increment(..) => Some(self.offset + u64::from(self.field.bits()) - 1),
        }
    }
}

type Operations = SmallVec<[Operation; 4]>;

/// BITFIELD key [GET encoding offset | [OVERFLOW WRAP | SAT | FAIL] (SET encoding offset value |
/// INCRBY encoding offset increment) ...]
pub fn bitfield(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let operations = parse(ctx, args)?;
    match operations.iter().filter_map(Operation::written).max() {
        Some(last_bit) => write(ctx, args.key(0), &operations, last_bit),
        None => read(ctx, args.key(0), &operations),
    }
}

/// BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]
pub fn bitfield_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let operations = parse(ctx, args)?;
    if operations.iter().any(|operation| operation.written().is_some()) {
        return Err(CommandError::fixed("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read(ctx, args.key(0), &operations)
}

fn parse(ctx: &Ctx, args: &Args) -> Result<Operations, CommandError> {
    let mut operations = Operations::new();
    let mut overflow = Overflow::default();
    let mut index = 2;
    while index < args.len() {
        let left = args.len() - index - 1;
        if args.is(index, "OVERFLOW") && left >= 1 {
            overflow = parse_overflow(args, index + 1)?;
            index += 2;
            continue;
        }
        let is_get = args.is(index, "GET") && left >= 2;
        let is_set = args.is(index, "SET") && left >= 3;
        let is_increment = args.is(index, "INCRBY") && left >= 3;
        if !is_get && !is_set && !is_increment {
            return Err(CommandError::SYNTAX);
        }
        let field = parse_type(&args[index + 1])?;
        let offset = parse_offset(ctx, &args[index + 2], field)?;
        let action = if is_get {
            Action::Get
        } else if is_set {
            Action::Set(args.int(index + 3)?, overflow)
        } else {
            Action::Increment(args.int(index + 3)?, overflow)
        };
        operations.try_reserve(1).map_err(|_| NoMemory)?;
        operations.push(Operation { field, offset, action });
        index += if is_get { 3 } else { 4 };
    }
    Ok(operations)
}

fn parse_overflow(args: &Args, index: usize) -> Result<Overflow, CommandError> {
    if args.is(index, "WRAP") {
        Ok(Overflow::Wrap)
    } else if args.is(index, "SAT") {
        Ok(Overflow::Saturate)
    } else if args.is(index, "FAIL") {
        Ok(Overflow::Fail)
    } else {
        Err(CommandError::fixed("ERR Invalid OVERFLOW type specified"))
    }
}

fn parse_type(text: &[u8]) -> Result<FieldType, CommandError> {
    // To Redis this is a C string.
    let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
    FieldType::parse(text, parse_i64).ok_or(CommandError::fixed(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    ))
}

/// A number of bits, or of fields if it begins with `#`.
fn parse_offset(ctx: &Ctx, text: &[u8], field: FieldType) -> Result<u64, CommandError> {
    let offset = match text.strip_prefix(b"#") {
        // Redis lets the product wrap around.
        Some(number) => parse_i64(number).map(|fields| fields.wrapping_mul(field.bits().into())),
        None => parse_i64(text),
    };
    checked_offset(ctx, offset.ok_or(BAD_OFFSET)?)
}

fn read(ctx: &mut Ctx, key: Key, operations: &[Operation]) -> CmdResult {
    let mut digits = IntegerText::new();
    let (bytes, reply) = match ctx.read(key) {
        Some(loc) => {
            let (value, reply) = ctx.string_and_reply(key, loc)?;
            (text_of(value, &mut digits), reply)
        }
        None => (&b""[..], &mut *ctx.reply),
    };
    reply.array(operations.len());
    for operation in operations {
        reply.integer(operation.field.get(bytes, operation.offset));
    }
    Ok(())
}

fn write(ctx: &mut Ctx, key: Key, operations: &[Operation], last_bit: u64) -> CmdResult {
    let Grown { loc, has_grown } = grow(ctx, key, last_bit)?;
    let (db, reply) = ctx.db_and_reply(key);
    let bytes = db.string_mut(loc).unwrap_or_default();
    reply.array(operations.len());
    let changes = operations.iter().filter(|operation| execute(operation, bytes, reply, has_grown)).count();
    if changes > 0 {
        ctx.changed(key);
        ctx.count_changes(changes as u64 - 1);
        ctx.notify(Class::String, c"setbit", key);
    }
    Ok(())
}

/// Replies to one operation; whether it counts as a change.
fn execute(operation: &Operation, bytes: &mut [u8], reply: &mut ReplyWriter, has_grown: bool) -> bool {
    let Operation { field, offset, action } = *operation;
    let old = field.get(bytes, offset);
    let (outcome, overflow, shows_old) = match action {
        Action::Get => {
            reply.integer(old);
            return false;
        }
        Action::Set(value, overflow) => (field.fit(value, overflow), overflow, true),
        Action::Increment(by, overflow) => (field.increment(old, by, overflow), overflow, false),
    };
    let new = match outcome {
        Outcome::Overflows(_) if overflow == Overflow::Fail => {
            reply.null();
            return false;
        }
        Outcome::Fits(value) | Outcome::Overflows(value) => value,
    };
    field.set(bytes, offset, new);
    reply.integer(if shows_old { old } else { new });
    has_grown || old != new
}
