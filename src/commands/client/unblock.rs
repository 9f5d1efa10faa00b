//! CLIENT UNBLOCK: ends the wait of a blocked client.

use super::super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::clients::End;
use crate::engine::stats::bump;

/// CLIENT UNBLOCK client-id [TIMEOUT | ERROR]
pub fn unblock(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let how = match args.len() {
        3 => End::Unblocked,
        4 if args.is(3, "timeout") => End::Unblocked,
        4 if args.is(3, "error") => End::UnblockedWithError,
        4 => return Err(CommandError::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
        _ => return Err(CommandError::bad_subcommand(b"client", &args[1])),
    };
    let id = args.int(2)?;
    let client = ctx.engine.clients.get(id.cast_unsigned());
    let is_unblocked = client.is_some_and(|client| client.unblock(ctx.engine, how));
    if is_unblocked && how == End::UnblockedWithError {
        // Redis counts the other client's error as this command's own failure.
        bump(&ctx.session.counters.command(ctx.command.id).failed, 1);
    }
    ctx.reply.integer(is_unblocked.into());
    Ok(())
}
