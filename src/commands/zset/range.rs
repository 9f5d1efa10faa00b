//! Members of a range, in either direction: ZRANGE with its older forms, and ZRANGESTORE.
//!
//! All of them are one command with fewer or more options. Whatever the range is of, it becomes a range of
//! ranks, cut by LIMIT, which then is walked.

use super::{begin_members, bounds, reply_member, value};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::types::zset::{LexRange, OwnedZSet, Rules, ScoreRange, View};
use std::ops::Range;

const LIMIT_OF_RANKS: CommandError =
    CommandError::fixed("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const SCORES_BY_LEX: CommandError =
    CommandError::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

/// What the range is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// One of the commands: where its source is, and what it leaves open.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// The argument that is the source; the bounds follow.
    source: usize,
    by: Option<By>,
    is_reverse: Option<bool>,
    stores: bool,
}

/// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
pub fn zrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: None, is_reverse: None, stores: false })
}

/// ZREVRANGE key start stop [WITHSCORES]
pub fn zrevrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: Some(By::Rank), is_reverse: Some(true), stores: false })
}

/// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
pub fn zrangebyscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: Some(By::Score), is_reverse: Some(false), stores: false })
}

/// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
pub fn zrevrangebyscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: Some(By::Score), is_reverse: Some(true), stores: false })
}

/// ZRANGEBYLEX key min max [LIMIT offset count]
pub fn zrangebylex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: Some(By::Lex), is_reverse: Some(false), stores: false })
}

/// ZREVRANGEBYLEX key max min [LIMIT offset count]
pub fn zrevrangebylex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_range(ctx, args, Form { source: 1, by: Some(By::Lex), is_reverse: Some(true), stores: false })
}

/// ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
pub fn zrangestore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let request = Request::parse(args, Form { source: 2, by: None, is_reverse: None, stores: true })?;
    let (destination, source) = (args.key(0), args.key(1));
    let mut built = OwnedZSet::new()?;
    if let Some(loc) = ctx.read(source) {
        let rules = value::rules(ctx.engine);
        let zset = value::view(ctx, source, loc)?.0;
        let ranks = request.ranks(zset);
        let is_known_to_be_large = matches!(request.bounds, Bounds::Rank(..)) && ranks.len() > rules.entries_max;
        let rules = if is_known_to_be_large { Rules::for_building(rules.seed) } else { rules };
        let mut result = Ok(());
        zset.walk(ranks, request.is_reverse, |name, score| {
            if result.is_ok() {
                result = built.update(name, &rules, |_| Some(score)).map(drop);
            }
        });
        result?;
    }
    let stored = value::store(ctx, destination, built, c"zrangestore")?;
    ctx.reply.integer(stored as i64);
    Ok(())
}

fn reply_range(ctx: &mut Ctx, args: &Args, form: Form) -> CmdResult {
    let request = Request::parse(args, form)?;
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    let ranks = request.ranks(zset);
    begin_members(reply, ranks.len(), request.with_scores);
    zset.walk(ranks, request.is_reverse, |name, score| reply_member(reply, name, score, request.with_scores));
    Ok(())
}

/// What is asked for.
#[derive(Debug)]
struct Request<'a> {
    bounds: Bounds<'a>,
    is_reverse: bool,
    with_scores: bool,
    /// How many members of the range are skipped; all if it is negative.
    offset: i64,
    /// How many are wanted at most; all if it is negative.
    limit: i64,
}

#[derive(Debug)]
enum Bounds<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

impl<'a> Request<'a> {
    fn parse(args: &Args<'a>, form: Form) -> Result<Self, CommandError> {
        let Form { source, mut by, mut is_reverse, stores } = form;
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut at = source + 3;
        while at < args.len() {
            if !stores && args.is(at, "withscores") {
                with_scores = true;
            } else if args.is(at, "limit") && at + 2 < args.len() {
                (offset, limit) = (args.int(at + 1)?, args.int(at + 2)?);
                at += 2;
            } else if is_reverse.is_none() && args.is(at, "rev") {
                is_reverse = Some(true);
            } else if by.is_none() && args.is(at, "bylex") {
                by = Some(By::Lex);
            } else if by.is_none() && args.is(at, "byscore") {
                by = Some(By::Score);
            } else {
                return Err(CommandError::SYNTAX);
            }
            at += 1;
        }
        let (by, is_reverse) = (by.unwrap_or(By::Rank), is_reverse.unwrap_or(false));
        if limit != -1 && by == By::Rank {
            return Err(LIMIT_OF_RANKS);
        }
        if with_scores && by == By::Lex {
            return Err(SCORES_BY_LEX);
        }
        // In reverse the greater bound comes first, but for ranks.
        let [first, second] = [source + 1, source + 2].map(|at| args.get(at).unwrap_or_default());
        let (min, max) = if is_reverse { (second, first) } else { (first, second) };
        let bounds = match by {
            By::Rank => Bounds::Rank(args.int(source + 1)?, args.int(source + 2)?),
            By::Score => Bounds::Score(bounds::score_range(min, max)?),
            By::Lex => Bounds::Lex(bounds::lex_range(min, max)?),
        };
        if by == By::Rank {
            // A LIMIT whose count is -1 passes, and means nothing.
            offset = 0;
        }
        Ok(Self { bounds, is_reverse, with_scores, offset, limit })
    }

    /// The ranks of what is asked for; a reverse walk begins at their end.
    fn ranks(&self, zset: View) -> Range<usize> {
        let ranks = match &self.bounds {
            Bounds::Rank(first, last) => {
                let ranks = bounds::rank_range(*first, *last, zset.len());
                if self.is_reverse { zset.len() - ranks.end..zset.len() - ranks.start } else { ranks }
            }
            Bounds::Score(range) => zset.score_ranks(range),
            Bounds::Lex(range) => zset.lex_ranks(range, self.is_reverse),
        };
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let count = usize::try_from(self.limit).unwrap_or(usize::MAX).min(ranks.len() - skipped);
        if self.is_reverse {
            let end = ranks.end - skipped;
            end - count..end
        } else {
            let start = ranks.start + skipped;
            start..start + count
        }
    }
}
