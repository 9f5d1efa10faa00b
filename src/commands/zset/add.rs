//! Scores that change: ZADD ZINCRBY.

use super::value;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::NoMemory;
use crate::types::WINDOW;
use crate::types::zset::Change;
use smallvec::SmallVec;

const XX_AND_NX: CommandError = CommandError::fixed("ERR XX and NX options at the same time are not compatible");
const GT_LT_AND_NX: CommandError =
    CommandError::fixed("ERR GT, LT, and/or NX options at the same time are not compatible");
const ONE_INCREMENT: CommandError = CommandError::fixed("ERR INCR option supports a single increment-element pair");
const NOT_A_NUMBER: CommandError = CommandError::fixed("ERR resulting score is not a number (NaN)");

/// Which members get a score, and which score.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// Only members that are not there.
    nx: bool,
    /// Only members that are there.
    xx: bool,
    /// Only if the score becomes greater.
    gt: bool,
    /// Only if the score becomes less.
    lt: bool,
    /// Tell how many have changed, not only how many are new.
    ch: bool,
    /// The score is added to the present one.
    incr: bool,
}

impl Options {
    /// Reads further options from argument 2 on; where the scores begin.
    fn parse(self, args: &Args) -> Result<(Self, usize), CommandError> {
        let mut options = self;
        let mut at = 2;
        while at < args.len() {
            let option = [
                ("nx", &mut options.nx),
                ("xx", &mut options.xx),
                ("gt", &mut options.gt),
                ("lt", &mut options.lt),
                ("ch", &mut options.ch),
                ("incr", &mut options.incr),
            ];
            let Some((_, is_set)) = option.into_iter().find(|(word, _)| args.is(at, word)) else { break };
            *is_set = true;
            at += 1;
        }
        let scores = args.len() - at;
        if scores == 0 || !scores.is_multiple_of(2) {
            return Err(CommandError::SYNTAX);
        }
        if options.nx && options.xx {
            return Err(XX_AND_NX);
        }
        if [options.nx, options.gt, options.lt].into_iter().filter(|given| *given).count() > 1 {
            return Err(GT_LT_AND_NX);
        }
        if options.incr && scores > 2 {
            return Err(ONE_INCREMENT);
        }
        Ok((options, at))
    }

    /// What becomes of a member's score. NaN means that the increment leads to no number.
    #[inline]
    fn decide(self, old: Option<f64>, score: f64) -> Option<f64> {
        let Some(old) = old else { return (!self.xx).then_some(score) };
        if self.nx {
            return None;
        }
        let new = if self.incr { old + score } else { score };
        let is_refused = (self.lt && new >= old) || (self.gt && new <= old);
        (!is_refused).then_some(new)
    }
}

/// What ZADD has done.
#[derive(Debug, Default)]
struct Outcome {
    added: u64,
    updated: u64,
    /// The score of the last member that was not left alone.
    score: Option<f64>,
}

/// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
pub fn zadd(ctx: &mut Ctx, args: &Args) -> CmdResult {
    add(ctx, args, Options::default())
}

/// ZINCRBY key increment member
pub fn zincrby(ctx: &mut Ctx, args: &Args) -> CmdResult {
    // An increment that reads like an option of ZADD is taken for one, as in Redis.
    add(ctx, args, Options { incr: true, ..Options::default() })
}

fn add(ctx: &mut Ctx, args: &Args, options: Options) -> CmdResult {
    let (options, first) = options.parse(args)?;
    let mut scores: SmallVec<[f64; 8]> = SmallVec::new();
    scores.try_reserve_exact(args.len().saturating_sub(first).div_ceil(2)).map_err(|_| NoMemory)?;
    for at in (first..args.len()).step_by(2) {
        scores.push(args.float(at)?);
    }
    let key = args.key(0);
    let names = args.argv().get(first..).unwrap_or_default();
    let mut outcome = Outcome::default();
    let result = apply(ctx, key, options, names, &scores, &mut outcome);
    // Also after a failure: what was done before stays.
    let changes = outcome.added + outcome.updated;
    if changes > 0 {
        ctx.changed(key);
        ctx.count_changes(changes - 1);
        ctx.notify(Class::ZSet, if options.incr { c"zincr" } else { c"zadd" }, key);
    }
    result?;
    match outcome.score {
        _ if !options.incr => ctx.reply.integer(if options.ch { changes } else { outcome.added } as i64),
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Gives one member a score; whether it is new.
///
/// # Errors
/// WRONGTYPE, or if memory is short; nothing has changed then.
pub fn set_score(ctx: &mut Ctx, key: Key, member: &[u8], score: f64) -> Result<bool, CommandError> {
    let mut outcome = Outcome::default();
    apply(ctx, key, Options::default(), &[b"", member], &[score], &mut outcome)?;
    if outcome.added + outcome.updated > 0 {
        ctx.changed(key);
        ctx.notify(Class::ZSet, c"zadd", key);
    }
    Ok(outcome.added > 0)
}

/// `words` are the scores and names as the client sent them.
fn apply(
    ctx: &mut Ctx,
    key: Key,
    options: Options,
    words: &[&[u8]],
    scores: &[f64],
    outcome: &mut Outcome,
) -> CmdResult {
    let mut members = words.chunks_exact(2).map(|pair| pair[1]).zip(scores.iter().copied());
    let loc = match value::find(ctx, key)? {
        Some(loc) => loc,
        None if options.xx => return Ok(()),
        None => {
            let Some((name, score)) = members.next() else { return Ok(()) };
            let loc = value::create(ctx, key, name, score)?;
            (outcome.added, outcome.score) = (1, Some(score));
            loc
        }
    };
    let rules = value::rules(ctx.engine);
    let db = ctx.db(key);
    let mut ahead = words.chunks(2 * WINDOW);
    let mut left = 0;
    for (name, score) in members {
        if left == 0 && scores.len() > 1 {
            let window = ahead.next().unwrap_or_default();
            value::fetch(db, loc, window.iter().skip(1).step_by(2).copied());
            left = WINDOW;
        }
        left = left.saturating_sub(1);
        let mut decided = None;
        let change = value::update(db, loc, name, &rules, |old| {
            decided = options.decide(old, score);
            // 0 and -0 are the same score: the one that is there stays.
            decided.filter(|score| !score.is_nan() && old != Some(*score))
        })?;
        if decided.is_some_and(f64::is_nan) {
            return Err(NOT_A_NUMBER);
        }
        outcome.score = decided;
        match change {
            Change::None => {}
            Change::Added => outcome.added += 1,
            Change::Updated => outcome.updated += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_about_the_resulting_score() {
        let none = Options::default();
        let incr_gt = Options { incr: true, gt: true, ..none };
        assert_eq!(none.decide(Some(1.0), 5.0), Some(5.0));
        assert_eq!(incr_gt.decide(Some(1.0), 5.0), Some(6.0));
        assert_eq!(incr_gt.decide(Some(1.0), -5.0), None);
        assert_eq!(incr_gt.decide(None, -5.0), Some(-5.0));
        assert!(incr_gt.decide(Some(f64::INFINITY), f64::NEG_INFINITY).is_some_and(f64::is_nan));
        assert_eq!(Options { lt: true, ..none }.decide(Some(1.0), 1.0), None);
        assert_eq!(Options { xx: true, ..none }.decide(None, 1.0), None);
        assert_eq!(Options { nx: true, ..none }.decide(Some(1.0), 2.0), None);
    }
}
