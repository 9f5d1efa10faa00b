//! LLEN, LINDEX, LRANGE, LPOS: elements by index, indexes by element.
//!
//! LRANGE writes each element from its node straight to the reply. It is not cut into slices, because its reply shows the list
//! at one moment: while it runs it holds the shard of its key, for a time that grows with the range.

use super::value::{element, list, list_and_reply, reply_element};
use super::{at_least, index_of, range};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::resp::number::parse_i64;
use crate::types::list::Side;
use std::ops::ControlFlow;

/// LLEN key
pub fn llen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let len = match ctx.read(key) {
        Some(loc) => list(ctx, key, loc)?.len(),
        None => 0,
    };
    ctx.reply.integer(len as i64);
    Ok(())
}

/// LINDEX key index
pub fn lindex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let (list, reply) = list_and_reply(ctx, key, loc)?;
    let index = args.int(2)?;
    match index_of(index, list.len()) {
        Some(index) => list.for_some(Side::Left, index, 1, |element| reply_element(reply, element))?,
        None => reply.null(),
    }
    Ok(())
}

/// LRANGE key start stop
pub fn lrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (start, end) = (args.int(2)?, args.int(3)?);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (list, reply) = list_and_reply(ctx, key, loc)?;
    let (first, count) = range(start, end, list.len());
    reply.array(count);
    list.for_some(Side::Left, first, count, |element| reply_element(reply, element))?;
    Ok(())
}

/// The options of LPOS.
struct Search {
    /// The first match to reply, counted from 1.
    rank: usize,
    /// How many matches to reply as an array, 0 for all; `None` for one that is not in an array.
    count: Option<usize>,
    /// How many elements to compare.
    len_max: usize,
    from: Side,
}

impl Search {
    /// Reads what follows `LPOS key element`. As in Redis an option may be repeated, the last one counts.
    fn parse(args: &Args) -> Result<Self, CommandError> {
        let mut search = Self { rank: 1, count: None, len_max: usize::MAX, from: Side::Left };
        let mut index = 3;
        while index < args.len() {
            let value = args.get(index + 1).ok_or(CommandError::SYNTAX)?;
            if args.is(index, "RANK") {
                let rank = parse_i64(value).ok_or(CommandError::NOT_INTEGER)?;
                if rank == 0 {
                    return Err(ZERO_RANK);
                }
                search.rank = usize::try_from(rank.unsigned_abs()).unwrap_or(usize::MAX);
                search.from = if rank < 0 { Side::Right } else { Side::Left };
            } else if args.is(index, "COUNT") {
                search.count = Some(at_least(0, value, NEGATIVE_COUNT)?);
            } else if args.is(index, "MAXLEN") {
                let len_max = at_least(0, value, NEGATIVE_MAXLEN)?;
                search.len_max = if len_max == 0 { usize::MAX } else { len_max };
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 2;
        }
        if search.rank > i64::MAX as usize {
            // Redis 7.0 negates the least integer to itself, which every match exceeds and no count reaches.
            search.rank = 1;
            search.count = search.count.map(|_| 0);
        }
        Ok(search)
    }
}

const ZERO_RANK: CommandError = CommandError::fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from \
     the end of the list",
);

const NEGATIVE_COUNT: CommandError = CommandError::fixed("ERR COUNT can't be negative");
const NEGATIVE_MAXLEN: CommandError = CommandError::fixed("ERR MAXLEN can't be negative");

/// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
pub fn lpos(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let wanted = element(&args[2]);
    let search = Search::parse(args)?;
    let Some(loc) = ctx.read(key) else {
        match search.count {
            Some(_) => ctx.reply.array(0),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let (list, reply) = list_and_reply(ctx, key, loc)?;
    let last = list.len().saturating_sub(1);
    let mark = search.count.map(|_| reply.begin());
    let most = search.count.map_or(1, |count| if count == 0 { usize::MAX } else { count });
    let (mut seen, mut matches, mut found) = (0, 0, 0);
    let _ = list.walk(search.from, 0, |element| {
        if seen == search.len_max || found == most {
            return ControlFlow::Break(());
        }
        if element == wanted {
            matches += 1;
            if matches >= search.rank {
                reply.integer(if search.from == Side::Left { seen } else { last - seen } as i64);
                found += 1;
            }
        }
        seen += 1;
        ControlFlow::Continue(())
    })?;
    match mark {
        Some(mark) => reply.end_array(mark, found),
        None if found == 0 => reply.null(),
        None => {}
    }
    Ok(())
}
