//! GEOSEARCH GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER: what is near, replied or stored.

use super::query::{Form, Order, Query};
use super::{reply_distance, reply_place};
use crate::commands::zset::value;
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::HashSeed;
use crate::resp::ReplyWriter;
use crate::types::geo::{Found, Shape, search};
use crate::types::zset::{OwnedZSet, View};

/// GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit | BYBOX width height unit
/// [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
pub fn geosearch(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(0), Form::Search)
}

/// GEOSEARCHSTORE destination source FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit | BYBOX width
/// height unit [ASC | DESC] [COUNT count [ANY]] [STOREDIST]
pub fn geosearchstore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(1), Form::SearchStore)
}

/// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
/// [STORE key] [STOREDIST key]
pub fn georadius(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(0), Form::Radius { may_store: true })
}

/// GEORADIUS_RO key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
pub fn georadius_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(0), Form::Radius { may_store: false })
}

/// GEORADIUSBYMEMBER key member radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
/// [STORE key] [STOREDIST key]
pub fn georadiusbymember(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(0), Form::RadiusByMember { may_store: true })
}

/// GEORADIUSBYMEMBER_RO key member radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
pub fn georadiusbymember_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, args.key(0), Form::RadiusByMember { may_store: false })
}

fn run(ctx: &mut Ctx, args: &Args, source: Key, form: Form) -> CmdResult {
    let seed = ctx.engine.keyspace.seed();
    let found = ctx.read(source);
    let Some(loc) = found else {
        let query = Query::parse(args, form, None)?;
        match query.store_at {
            Some(index) => store(ctx, args, index, OwnedZSet::new()?, form)?,
            None => ctx.reply.array(0),
        }
        return Ok(());
    };
    let (set, reply) = value::view(ctx, source, loc)?;
    let query = Query::parse(args, form, Some(set))?;
    let shape = query.shape().ok_or(CommandError::SYNTAX)?;
    let found = nearby(set, &query, &shape)?;
    match query.store_at {
        Some(index) => {
            let built = build(&found, &query, &shape, seed)?;
            store(ctx, args, index, built, form)?;
        }
        None => reply_found(reply, &found, &query, &shape),
    }
    Ok(())
}

/// The members to reply, in their order.
fn nearby<'a>(set: View<'a>, query: &Query, shape: &Shape) -> Result<Vec<Found<'a>>, CommandError> {
    let mut found = search(set, shape, query.limit())?;
    let kept = query.count.unwrap_or(usize::MAX).min(found.len());
    if let Some(order) = query.order() {
        // Members at the same distance stay in the order in which they were found.
        let compare = |a: &Found, b: &Found| {
            let by_distance = a.distance_m.total_cmp(&b.distance_m);
            let by_distance = if order == Order::NearestFirst { by_distance } else { by_distance.reverse() };
            by_distance.then(a.position.cmp(&b.position))
        };
        if kept < found.len() {
            found.select_nth_unstable_by(kept, compare);
            found.truncate(kept);
        }
        found.sort_unstable_by(compare);
    }
    found.truncate(kept);
    Ok(found)
}

fn reply_found(reply: &mut ReplyWriter, found: &[Found], query: &Query, shape: &Shape) {
    let extras = [query.with_distance, query.with_hash, query.with_place].into_iter().filter(|is_asked| *is_asked);
    let fields = 1 + extras.count();
    reply.array(found.len());
    for member in found {
        if fields > 1 {
            reply.array(fields);
        }
        reply.bulk(member.name);
        if query.with_distance {
            reply_distance(reply, member.distance_m / shape.unit_m);
        }
        if query.with_hash {
            reply.integer(member.score as i64);
        }
        if query.with_place {
            reply_place(reply, member.place);
        }
    }
}

fn build(found: &[Found], query: &Query, shape: &Shape, seed: &HashSeed) -> Result<OwnedZSet, CommandError> {
    let mut built = OwnedZSet::new()?;
    for member in found {
        let score = if query.stores_distances { member.distance_m / shape.unit_m } else { member.score };
        built.add(member.name, score, seed)?;
    }
    Ok(built)
}

/// Stores a result at the key that argument `index` names. Every member counts as a change.
fn store(ctx: &mut Ctx, args: &Args, index: usize, built: OwnedZSet, form: Form) -> CmdResult {
    let at = args.key_positions().iter().find(|at| at.index as usize == index);
    let hash = at.ok_or(CommandError::SYNTAX)?.hash;
    let key = Key { bytes: &args[index], hash };
    let event = if form == Form::SearchStore { c"geosearchstore" } else { c"georadiusstore" };
    let stored = value::store(ctx, key, built, event)?;
    ctx.count_changes((stored as u64).saturating_sub(1));
    ctx.reply.integer(stored as i64);
    Ok(())
}
