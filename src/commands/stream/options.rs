//! The options of XADD and XTRIM: `[NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]]`, and the id of XADD.

use super::ids::{self, Sequence};
use crate::commands::{Args, CommandError, Ctx};
use crate::types::stream::{Id, Trim, TrimTo};
use std::sync::atomic::Ordering::Relaxed;

/// Which id a new entry gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `*`
    Now,
    /// `ms-*`
    At(u64),
    Given(Id),
}

/// What the arguments of XADD or XTRIM say.
#[derive(Debug)]
pub struct Options {
    pub id: NewId,
    pub creates: bool,
    pub trim: Option<Trim>,
    /// Where the first field is.
    pub fields_at: usize,
}

const ONE_STRATEGY: CommandError =
    CommandError::fixed("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");

/// Reads the options; those of XADD end with its id.
///
/// # Errors
/// As Redis has them.
pub fn parse(ctx: &Ctx, args: &Args, is_add: bool) -> Result<Options, CommandError> {
    let mut options = Options { id: NewId::Now, creates: true, trim: None, fields_at: args.len() };
    let mut limit = None;
    let mut at = 2;
    while let Some(word) = args.get(at) {
        let has_more = at + 1 < args.len();
        if is_add && word == b"*" {
            options.fields_at = at + 1;
            break;
        }
        let is_len = args.is(at, "maxlen");
        if (is_len || args.is(at, "minid")) && has_more {
            if options.trim.is_some() {
                return Err(ONE_STRATEGY);
            }
            let mark = args.get(at + 1).filter(|mark| at + 2 < args.len() && matches!(*mark, b"~" | b"="));
            at += 1 + usize::from(mark.is_some());
            let to = if is_len { len_at(args, at)? } else { TrimTo::Id(ids::strict(&args[at], 0)?) };
            options.trim = Some(Trim { to, whole_blocks: mark == Some(b"~"), limit: 0 });
        } else if args.is(at, "limit") && has_more {
            at += 1;
            let number = u64::try_from(args.int(at)?);
            limit = Some(number.map_err(|_| CommandError::fixed("ERR The LIMIT argument must be >= 0."))?);
        } else if is_add && args.is(at, "nomkstream") {
            options.creates = false;
        } else if is_add {
            options.id = match ids::for_add(word)? {
                (id, Sequence::Given) => NewId::Given(id),
                (id, Sequence::Next) => NewId::At(id.ms),
            };
            options.fields_at = at + 1;
            break;
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 1;
    }
    options.trim = limited(ctx, options.trim, limit, is_add)?;
    Ok(options)
}

fn len_at(args: &Args, at: usize) -> Result<TrimTo, CommandError> {
    let len = u64::try_from(args.int(at)?);
    len.map(TrimTo::Len).map_err(|_| CommandError::fixed("ERR The MAXLEN argument must be >= 0."))
}

/// Puts LIMIT, or what stands for it, into the trimming.
fn limited(ctx: &Ctx, trim: Option<Trim>, limit: Option<u64>, is_add: bool) -> Result<Option<Trim>, CommandError> {
    const BLOCKS: i64 = 100;
    const WITHOUT_BLOCKS: u64 = 10_000;
    const MOST: u64 = 1_000_000;
    let Some(mut trim) = trim else {
        return match limit {
            Some(1..) => Err(CommandError::fixed(
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
            )),
            _ if !is_add => Err(CommandError::fixed("ERR syntax error, XTRIM must be called with a trimming strategy")),
            Some(0) => Err(NEEDS_TILDE),
            None => Ok(None),
        };
    };
    trim.limit = match limit {
        Some(_) if !trim.whole_blocks => return Err(NEEDS_TILDE),
        Some(limit) => limit,
        None if !trim.whole_blocks => 0,
        None => {
            let entries = ctx.engine.settings.hot().stream_node_max_entries.load(Relaxed);
            // Redis's product wraps, and what is negative then is taken for no number.
            match u64::try_from((entries as i64).wrapping_mul(BLOCKS)) {
                Ok(limit @ 1..) => limit.min(MOST),
                _ => WITHOUT_BLOCKS,
            }
        }
    };
    Ok(Some(trim))
}

const NEEDS_TILDE: CommandError =
    CommandError::fixed("ERR syntax error, LIMIT cannot be used without the special ~ option");
