//! GEOADD: ZADD with places instead of scores.

use super::place;
use crate::commands::zset::value;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::NoMemory;
use crate::types::geo::score_of_place;
use crate::types::zset::Change;
use smallvec::SmallVec;

/// Which members get a place.
#[derive(Clone, Copy, Default)]
struct Options {
    /// Only members that are not there.
    nx: bool,
    /// Only members that are there.
    xx: bool,
    /// Tell how many have changed, not only how many are new.
    ch: bool,
}

impl Options {
    /// Reads the options from argument 2 on; where the places begin.
    fn parse(args: &Args) -> Result<(Self, usize), CommandError> {
        let mut options = Self::default();
        let mut at = 2;
        while at < args.len() {
            let option = [("nx", &mut options.nx), ("xx", &mut options.xx), ("ch", &mut options.ch)];
            let Some((_, is_set)) = option.into_iter().find(|(word, _)| args.is(at, word)) else { break };
            *is_set = true;
            at += 1;
        }
        let rest = args.len() - at;
        if rest == 0 || !rest.is_multiple_of(3) || (options.nx && options.xx) {
            return Err(CommandError::SYNTAX);
        }
        Ok((options, at))
    }

    fn decide(self, old: Option<f64>, score: f64) -> Option<f64> {
        let is_wanted = if old.is_some() { !self.nx } else { !self.xx };
        is_wanted.then_some(score)
    }
}

/// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
pub fn geoadd(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (options, first) = Options::parse(args)?;
    let scores = (first..args.len()).step_by(3).map(|at| place(args, at).map(score_of_place));
    let mut known: SmallVec<[f64; 8]> = SmallVec::new();
    known.try_reserve_exact(scores.len()).map_err(|_| NoMemory)?;
    for score in scores {
        known.push(score?);
    }
    let key = args.key(0);
    let members = (first + 2..args.len()).step_by(3).map(|at| &args[at]).zip(known);
    let (mut added, mut updated) = (0, 0);
    let result = add(ctx, key, options, members, |change| match change {
        Change::None => {}
        Change::Added => added += 1,
        Change::Updated => updated += 1,
    });
    // Also after a failure: what was done before stays.
    if added + updated > 0 {
        ctx.changed(key);
        ctx.count_changes(added + updated - 1);
        ctx.notify(Class::ZSet, c"zadd", key);
    }
    result?;
    ctx.reply.integer(if options.ch { added + updated } else { added } as i64);
    Ok(())
}

fn add<'a>(
    ctx: &mut Ctx,
    key: Key,
    options: Options,
    mut members: impl Iterator<Item = (&'a [u8], f64)>,
    mut count: impl FnMut(Change),
) -> CmdResult {
    let loc = match value::find(ctx, key)? {
        Some(loc) => loc,
        None if options.xx => return Ok(()),
        None => {
            let Some((name, score)) = members.next() else { return Ok(()) };
            let loc = value::create(ctx, key, name, score)?;
            count(Change::Added);
            loc
        }
    };
    let rules = value::rules(ctx.engine);
    let db = ctx.db(key);
    for (name, score) in members {
        count(value::update(db, loc, name, &rules, |old| options.decide(old, score))?);
    }
    Ok(())
}
