//! Several sorted sets at once: ZUNION ZINTER ZDIFF, the STORE forms, ZINTERCARD. Sets may be among them.
//!
//! The keys are looked up in their order before the options are read, as in Redis, so one of another type is the first
//! error; then they are seen together. The result is built aside, and the old value goes only when it is complete.

use super::{begin_members, reply_member, value};
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Db, Kind, LockSet, NoMemory, gather};
use crate::resp::number::{parse_f64, parse_i64};
use crate::types::set::SetRef;
use crate::types::zset::algebra::{Aggregate, Source, Weighted, intersect, intersection_len, subtract, unite};
use crate::types::zset::{OwnedZSet, View};
use smallvec::SmallVec;

const NOT_A_WEIGHT: CommandError = CommandError::fixed("ERR weight value is not a float");
const NEGATIVE_LIMIT: CommandError = CommandError::fixed("ERR LIMIT can't be negative");

type Sources<'s> = SmallVec<[Weighted<'s>; 8]>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
    /// ZINTERCARD.
    Count,
}

/// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
pub fn zunion(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply(ctx, args, Operation::Union)
}

/// ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
pub fn zinter(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply(ctx, args, Operation::Intersection)
}

/// ZDIFF numkeys key [key ...] [WITHSCORES]
pub fn zdiff(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply(ctx, args, Operation::Difference)
}

/// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
pub fn zunionstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, Operation::Union)
}

/// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
pub fn zinterstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, Operation::Intersection)
}

/// ZDIFFSTORE destination numkeys key [key ...]
pub fn zdiffstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    store(ctx, args, Operation::Difference)
}

/// ZINTERCARD numkeys key [key ...] [LIMIT limit]
pub fn zintercard(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let request = Request::parse(ctx, args, 1, Operation::Count)?;
    let mut sources = request.sources(ctx.locks, ctx.session.db, args.keys())?;
    let count = intersection_len(&mut sources, if request.limit == 0 { usize::MAX } else { request.limit });
    ctx.reply.integer(count as i64);
    Ok(())
}

fn reply(ctx: &mut Ctx, args: &Args, operation: Operation) -> CmdResult {
    let request = Request::parse(ctx, args, 1, operation)?;
    let result = request.compute(ctx, args.keys())?;
    let members = result.view();
    begin_members(ctx.reply, members.len(), request.with_scores);
    members.iter().for_each(|(name, score)| reply_member(ctx.reply, name, score, request.with_scores));
    value::discard(ctx.engine, result);
    Ok(())
}

fn store(ctx: &mut Ctx, args: &Args, operation: Operation) -> CmdResult {
    let request = Request::parse(ctx, args, 2, operation)?;
    let result = request.compute(ctx, args.keys().skip(1))?;
    let event = match operation {
        Operation::Union => c"zunionstore",
        Operation::Intersection | Operation::Count => c"zinterstore",
        Operation::Difference => c"zdiffstore",
    };
    let stored = value::store(ctx, args.key(0), result, event)?;
    ctx.reply.integer(stored as i64);
    Ok(())
}

/// What is asked for, keys apart.
struct Request {
    operation: Operation,
    weights: SmallVec<[f64; 8]>,
    aggregate: Aggregate,
    with_scores: bool,
    /// 0 for none.
    limit: usize,
}

impl Request {
    /// Reads `numkeys`, which is argument `at`, looks the keys up, and reads the options.
    fn parse(ctx: &mut Ctx, args: &Args, at: usize, operation: Operation) -> Result<Self, CommandError> {
        let count = args.int(at)?;
        if count < 1 {
            let name = ctx.command.name;
            return Err(CommandError::composed(format_args!(
                "ERR at least 1 input key is needed for '{name}' command"
            )));
        }
        let stores = at == 2;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > args.len() - at - 1 {
            return Err(CommandError::SYNTAX);
        }
        for key in args.keys().skip(usize::from(stores)) {
            if let Some(loc) = ctx.read(key)
                && !matches!(ctx.db(key).value(loc).kind(), Kind::ZSet | Kind::Set)
            {
                return Err(CommandError::WRONG_TYPE);
            }
        }
        let mut request =
            Self { operation, weights: SmallVec::new(), aggregate: Aggregate::default(), with_scores: false, limit: 0 };
        let mut next = at + 1 + count;
        while next < args.len() {
            next += request.take_option(args, next, count, stores)?;
        }
        Ok(request)
    }

    /// Reads the option at argument `at`; how many arguments it takes.
    fn take_option(&mut self, args: &Args, at: usize, keys: usize, stores: bool) -> Result<usize, CommandError> {
        let left = args.len() - at;
        let has_scores = matches!(self.operation, Operation::Union | Operation::Intersection);
        if has_scores && left > keys && args.is(at, "weights") {
            let weights = args.argv()[at + 1..at + 1 + keys].iter().map(|text| parse_f64(text).ok_or(NOT_A_WEIGHT));
            self.weights.clear();
            self.weights.try_reserve_exact(keys).map_err(|_| NoMemory)?;
            for weight in weights {
                self.weights.push(weight?);
            }
            Ok(1 + keys)
        } else if has_scores && left >= 2 && args.is(at, "aggregate") {
            self.aggregate = match () {
                () if args.is(at + 1, "sum") => Aggregate::Sum,
                () if args.is(at + 1, "min") => Aggregate::Min,
                () if args.is(at + 1, "max") => Aggregate::Max,
                () => return Err(CommandError::SYNTAX),
            };
            Ok(2)
        } else if !stores && self.operation != Operation::Count && args.is(at, "withscores") {
            self.with_scores = true;
            Ok(1)
        } else if self.operation == Operation::Count && left >= 2 && args.is(at, "limit") {
            let limit = parse_i64(&args[at + 1]).and_then(|limit| usize::try_from(limit).ok());
            self.limit = limit.ok_or(NEGATIVE_LIMIT)?;
            Ok(2)
        } else {
            Err(CommandError::SYNTAX)
        }
    }

    /// The values at the keys, which have been looked up.
    ///
    /// # Errors
    /// If memory is short.
    fn sources<'s, 'a>(
        &self,
        locks: &'s LockSet,
        number: u32,
        keys: impl Iterator<Item = Key<'a>>,
    ) -> Result<Sources<'s>, NoMemory> {
        let source = |key: Key| {
            let db: Option<&Db> = locks.held_db(number, key.hash);
            let Some(value) = db.and_then(|db| Some(db.value(db.locate(key.hash, key.bytes)?))) else {
                return Source::Missing;
            };
            let zset = View::of(value).map(Source::ZSet);
            zset.or_else(|| SetRef::of(value).map(Source::Set)).unwrap_or(Source::Missing)
        };
        let weight = |index: usize| self.weights.get(index).copied().unwrap_or(1.0);
        gather(keys.enumerate().map(|(index, key)| (source(key), weight(index))))
    }

    fn compute<'a>(&self, ctx: &Ctx, keys: impl Iterator<Item = Key<'a>>) -> Result<OwnedZSet, CommandError> {
        let seed = ctx.engine.keyspace.seed();
        let mut sources = self.sources(ctx.locks, ctx.session.db, keys)?;
        Ok(match self.operation {
            Operation::Union => unite(&mut sources, self.aggregate, seed),
            Operation::Intersection | Operation::Count => intersect(&mut sources, self.aggregate, seed),
            Operation::Difference => subtract(&sources, seed),
        }?)
    }
}
