//! Places of members: GEOPOS GEODIST GEOHASH.

use super::{reply_distance, reply_place, unit_m};
use crate::commands::zset::value;
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::resp::ReplyWriter;
use crate::types::geo::{Place, distance_m, geohash_text, place_of_score};

/// GEOPOS key [member [member ...]]
pub fn geopos(ctx: &mut Ctx, args: &Args) -> CmdResult {
    for_each_place(ctx, args, |reply, place| match place {
        Some(place) => reply_place(reply, place),
        None => reply.null_array(),
    })
}

/// GEOHASH key [member [member ...]]
pub fn geohash(ctx: &mut Ctx, args: &Args) -> CmdResult {
    for_each_place(ctx, args, |reply, place| match place {
        Some(place) => reply.bulk(&geohash_text(place)),
        None => reply.null(),
    })
}

/// Replies something about each member that is named.
fn for_each_place(ctx: &mut Ctx, args: &Args, write: impl Fn(&mut ReplyWriter, Option<Place>)) -> CmdResult {
    let key = args.key(0);
    let names = args.argv().get(2..).unwrap_or_default();
    let found = ctx.read(key);
    let Some(loc) = found else {
        ctx.reply.array(names.len());
        names.iter().for_each(|_| write(ctx.reply, None));
        return Ok(());
    };
    let (set, reply) = value::view(ctx, key, loc)?;
    reply.array(names.len());
    for name in names {
        write(reply, set.score(name).map(place_of_score));
    }
    Ok(())
}

/// GEODIST key member1 member2 [M | KM | FT | MI]
pub fn geodist(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let unit_m = match args.len() {
        4 => 1.0,
        5 => unit_m(args, 4)?,
        _ => return Err(CommandError::SYNTAX),
    };
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let (set, reply) = value::view(ctx, key, loc)?;
    match (set.score(&args[2]), set.score(&args[3])) {
        (Some(from), Some(to)) => {
            reply_distance(reply, distance_m(place_of_score(from), place_of_score(to)) / unit_m);
        }
        _ => reply.null(),
    }
    Ok(())
}
