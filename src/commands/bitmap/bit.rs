//! SETBIT, GETBIT: one bit.

use super::{Grown, grow, offset_of};
use crate::commands::string::text_of;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::resp::number::{IntegerText, parse_i64};
use crate::types::bits;

/// SETBIT key offset value
pub fn setbit(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let offset = offset_of(ctx, &args[2])?;
    let on = match parse_i64(&args[3]) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(CommandError::fixed("ERR bit is not an integer or out of range")),
    };
    let Grown { loc, has_grown } = grow(ctx, key, offset)?;
    let was = bits::set(ctx.db(key).string_mut(loc).unwrap_or_default(), offset, on);
    if has_grown || was != on {
        ctx.changed(key);
        ctx.notify(Class::String, c"setbit", key);
    }
    ctx.reply.integer(i64::from(was));
    Ok(())
}

/// GETBIT key offset
pub fn getbit(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let offset = offset_of(ctx, &args[2])?;
    let is_set = match ctx.read(key) {
        Some(loc) => bits::get(text_of(ctx.string(key, loc)?, &mut IntegerText::new()), offset),
        None => false,
    };
    ctx.reply.integer(i64::from(is_set));
    Ok(())
}
