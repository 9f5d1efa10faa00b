//! BITOP: one string out of several, bit by bit.
//!
//! The result is written where it is to be, block by block, so that each source is read once and nothing as long as a
//! source is allocated beside it. The destination may be a source: its block is read before it is written, and what it
//! is lengthened by reads as zero either way. All shards of the keys are locked meanwhile; 1 MB takes some 100 µs.

use crate::commands::string::text_of;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, NewValue, NoMemory};
use crate::resp::number::IntegerText;
use crate::types::bits::{BLOCK_BYTES, Combination, Combiner};
use smallvec::SmallVec;

/// The sources and where they are; absent ones are empty.
type Sources<'k> = SmallVec<[(Key<'k>, Option<Loc>); 8]>;

/// BITOP (AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE) destkey key [key ...]
pub fn bitop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let how = parse(args)?;
    let destination = args.key(0);
    let mut len = 0;
    for key in args.keys().skip(1) {
        if let Some(loc) = ctx.read(key) {
            len = len.max(len_of(ctx, key, loc)?);
        }
    }
    let found = ctx.write(destination);
    if len > 0 {
        let mut sources = Sources::new();
        sources.try_reserve(args.key_count()).map_err(|_| NoMemory)?;
        let loc = prepare(ctx, args, found, len)?;
        combine(ctx, args, sources, how, loc, len)?;
        ctx.db(destination).clear_deadline(loc);
        ctx.changed(destination);
        ctx.notify(Class::String, c"set", destination);
    } else if let Some(loc) = found {
        ctx.db(destination).remove(loc);
        ctx.changed(destination);
        ctx.notify(Class::Generic, c"del", destination);
    }
    ctx.reply.integer(len as i64);
    Ok(())
}

fn parse(args: &Args) -> Result<Combination, CommandError> {
    use Combination::*;
    const NAMES: [(&str, Combination); 8] = [
        ("AND", And),
        ("OR", Or),
        ("XOR", Xor),
        ("NOT", Not),
        ("DIFF", Diff),
        ("DIFF1", Diff1),
        ("ANDOR", AndOr),
        ("ONE", One),
    ];
    let (name, how) = NAMES.into_iter().find(|(name, _)| args.is(1, name)).ok_or(CommandError::SYNTAX)?;
    let sources = args.len() - 3;
    if how == Not && sources != 1 {
        return Err(CommandError::fixed("ERR BITOP NOT must be called with a single source key."));
    }
    if matches!(how, Diff | Diff1 | AndOr) && sources < 2 {
        return Err(CommandError::composed(format_args!(
            "ERR BITOP {name} must be called with at least two source keys."
        )));
    }
    Ok(how)
}

fn len_of(ctx: &mut Ctx, key: Key, loc: Loc) -> Result<usize, CommandError> {
    Ok(text_of(ctx.string(key, loc)?, &mut IntegerText::new()).len())
}

/// Makes the destination a string of `len` bytes. If it is also a source, its content stays.
fn prepare(ctx: &mut Ctx, args: &Args, found: Option<Loc>, len: usize) -> Result<Loc, CommandError> {
    let destination = args.key(0);
    let is_source = args.keys().skip(1).any(|key| key.bytes == destination.bytes);
    let loc = match found {
        Some(loc) => {
            let keeps_buffer = is_source || len_of(ctx, destination, loc).is_ok_and(|present| present == len);
            if !keeps_buffer {
                // It could be of any length and of any type, and starts anew.
                ctx.db(destination).set_value(loc, NewValue::Str(b""))?;
            }
            loc
        }
        None => ctx.create(destination, NewValue::Str(b""))?,
    };
    if let Err(error) = ctx.db(destination).string_resize(loc, len) {
        if !is_source || found.is_none() {
            ctx.db(destination).remove(loc);
            ctx.changed(destination);
        }
        return Err(error.into());
    }
    Ok(loc)
}

/// Fills the destination. The sources are looked up once more: creating it may have moved them.
fn combine<'k>(
    ctx: &mut Ctx,
    args: &Args<'k>,
    mut sources: Sources<'k>,
    how: Combination,
    destination: Loc,
    len: usize,
) -> CmdResult {
    for key in args.keys().skip(1) {
        let found = ctx.peek(key);
        sources.push((key, found));
    }
    let mut digits = IntegerText::new();
    let mut combiner = Combiner::new(how);
    for start in (0..len).step_by(BLOCK_BYTES) {
        let block = start..len.min(start + BLOCK_BYTES);
        for (n, &(key, found)) in sources.iter().enumerate() {
            let bytes = match found {
                Some(loc) => text_of(ctx.string(key, loc)?, &mut digits),
                None => b"",
            };
            let bytes = &bytes[block.start.min(bytes.len())..block.end.min(bytes.len())];
            if n == 0 {
                combiner.begin(block.len(), bytes);
            } else {
                combiner.add(bytes);
            }
        }
        let target = ctx.db(args.key(0)).string_mut(destination).unwrap_or_default();
        target[block].copy_from_slice(combiner.finish());
    }
    Ok(())
}
