//! LCS: the longest common subsequence of two strings, its length, or where it is in both.

use super::subsequence::{Alignment, length};
use super::text_of;
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, NoMemory};
use crate::resp::ReplyWriter;
use crate::resp::number::IntegerText;
use std::sync::atomic::Ordering::Relaxed;

/// Longer strings are refused.
const LEN_BELOW: usize = u32::MAX as usize - 1;
/// Bytes per cell of Redis's table, which decides whether the memory suffices.
const CELL_BYTES: usize = 4;

/// What LCS replies.
#[derive(Clone, Copy)]
enum Output {
    Text,
    /// LEN
    Length,
    /// IDX
    Runs {
        len_min: usize,
        with_len: bool,
    },
}

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]
pub fn lcs(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (key_a, key_b) = (args.key(0), args.key(1));
    let (loc_a, loc_b) = (ctx.read(key_a), ctx.read(key_b));
    let len_a = len_of(ctx, key_a, loc_a)?;
    let len_b = len_of(ctx, key_b, loc_b)?;
    let output = parse(args)?;
    check_memory(ctx, len_a, len_b)?;

    // The other string is borrowed from the keyspace while this one is used.
    let mut a = Vec::new();
    a.try_reserve_exact(len_a).map_err(|_| no_memory(NoMemory))?;
    let mut digits = IntegerText::new();
    if let Some(loc) = loc_a {
        a.extend_from_slice(text_of(ctx.string(key_a, loc)?, &mut digits));
    }
    match loc_b {
        Some(loc) => {
            let (value, reply) = ctx.string_and_reply(key_b, loc)?;
            write(reply, &a, text_of(value, &mut digits), output)
        }
        None => write(ctx.reply, &a, b"", output),
    }
    .map_err(no_memory)
}

fn len_of(ctx: &mut Ctx, key: Key, found: Option<Loc>) -> Result<usize, CommandError> {
    let Some(loc) = found else { return Ok(0) };
    match ctx.string(key, loc) {
        Ok(value) => Ok(text_of(value, &mut IntegerText::new()).len()),
        Err(_) => Err(CommandError::fixed("ERR The specified keys must contain string values")),
    }
}

fn parse(args: &Args) -> Result<Output, CommandError> {
    let (mut idx, mut len, mut with_len, mut len_min) = (false, false, false, 0);
    let mut index = 3;
    while index < args.len() {
        if args.is(index, "IDX") {
            idx = true;
        } else if args.is(index, "LEN") {
            len = true;
        } else if args.is(index, "WITHMATCHLEN") {
            with_len = true;
        } else if args.is(index, "MINMATCHLEN") && index + 1 < args.len() {
            index += 1;
            // Below zero is as good as zero.
            len_min = usize::try_from(args.int(index)?).unwrap_or(0);
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 1;
    }
    match (idx, len) {
        (true, true) => Err(CommandError::fixed("ERR If you want both the length and indexes, please just use IDX.")),
        (true, false) => Ok(Output::Runs { len_min, with_len }),
        (false, true) => Ok(Output::Length),
        (false, false) => Ok(Output::Text),
    }
}

/// Refuses what Redis refuses, though much less memory is used here.
fn check_memory(ctx: &Ctx, len_a: usize, len_b: usize) -> CmdResult {
    if len_a >= LEN_BELOW || len_b >= LEN_BELOW {
        return Err(CommandError::fixed("ERR String too long for LCS"));
    }
    let bytes_max = ctx.engine.settings.hot().proto_max_bulk_len.load(Relaxed);
    match ((len_a + 1) * (len_b + 1)).checked_mul(CELL_BYTES) {
        None => Err(no_memory(NoMemory)),
        Some(bytes) if bytes > bytes_max => {
            Err(CommandError::fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"))
        }
        Some(_) => Ok(()),
    }
}

fn no_memory(_: NoMemory) -> CommandError {
    CommandError::fixed("ERR Insufficient memory, failed allocating transient memory for LCS")
}

fn write(reply: &mut ReplyWriter, a: &[u8], b: &[u8], output: Output) -> Result<(), NoMemory> {
    match output {
        Output::Length => reply.integer(length(a, b)? as i64),
        Output::Text => {
            let alignment = Alignment::new(a, b)?;
            let mut text = Vec::new();
            text.try_reserve_exact(alignment.length())?;
            text.extend(alignment.matches().map(|(at, _)| a[at]));
            text.reverse();
            reply.bulk(&text);
        }
        Output::Runs { len_min, with_len } => {
            let alignment = Alignment::new(a, b)?;
            reply.map(2);
            reply.bulk(b"matches");
            let mark = reply.begin();
            let mut count = 0;
            for run in alignment.runs().filter(|run| run.len >= len_min) {
                reply.array(2 + usize::from(with_len));
                for start in [run.a, run.b] {
                    reply.array(2);
                    reply.integer(start as i64);
                    reply.integer((start + run.len - 1) as i64);
                }
                if with_len {
                    reply.integer(run.len as i64);
                }
                count += 1;
            }
            reply.end_array(mark, count);
            reply.bulk(b"len");
            reply.integer(alignment.length() as i64);
        }
    }
    Ok(())
}
