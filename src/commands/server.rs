//! TIME and SHUTDOWN.

use super::session::Close;
use super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::Shutdown;
use crate::resp::number::IntegerText;

const US_PER_S: i64 = 1_000_000;

/// TIME.
pub fn time(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let now_us = ctx.engine.clock.now_us();
    ctx.reply.array(2);
    for part in [now_us / US_PER_S, now_us % US_PER_S] {
        ctx.reply.bulk(IntegerText::new().format(part));
    }
    Ok(())
}

/// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT].
///
/// Like Redis it answers nothing when it succeeds: the connection ends. What ends with it is up to whoever serves this
/// engine.
pub fn shutdown(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (mut save, mut nosave, mut now, mut force, mut abort) = (false, false, false, false, false);
    for at in 1..args.len() {
        let options = [
            ("save", &mut save),
            ("nosave", &mut nosave),
            ("now", &mut now),
            ("force", &mut force),
            ("abort", &mut abort),
        ];
        let option = options.into_iter().find(|(name, _)| args.is(at, name)).ok_or(CommandError::SYNTAX)?;
        *option.1 = true;
    }
    if (abort && (save || nosave || now || force)) || (save && nosave) {
        return Err(CommandError::SYNTAX);
    }
    if abort {
        // There are no replicas to wait for, so a shutdown is over as soon as it has begun.
        return Err(CommandError::fixed("ERR No shutdown in progress."));
    }
    if save && !force {
        return Err(CommandError::fixed(
            "ERR SHUTDOWN SAVE needs persistence, which this version of redisrs does not have",
        ));
    }
    ctx.engine.request_shutdown(Shutdown { force, now });
    ctx.session.close = Close::AfterReplies;
    Ok(())
}
