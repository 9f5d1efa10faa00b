//! CONFIG: reading, changing and saving [`settings`](crate::engine::settings), and resetting statistics.

use super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::settings::error::os_text;

/// CONFIG GET pattern [pattern ...]
pub fn get(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let found = ctx.engine.settings.get_matching(&args.argv()[2..]);
    ctx.reply.map(found.len());
    for (name, value) in found {
        ctx.reply.bulk(&name);
        ctx.reply.bulk(&value);
    }
    Ok(())
}

/// CONFIG SET name value [name value ...]
pub fn set(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let words = &args.argv()[2..];
    if !words.len().is_multiple_of(2) {
        return Err(CommandError::SYNTAX);
    }
    let pairs: Vec<_> = words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let changed = ctx.engine.settings.set_many(&pairs, ctx.session.is_local());
    changed.map_err(|error| CommandError::text(error.reply()))?;
    ctx.reply.ok();
    Ok(())
}

/// CONFIG RESETSTAT
pub fn resetstat(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.engine.stats.reset();
    ctx.reply.ok();
    Ok(())
}

/// CONFIG REWRITE
pub fn rewrite(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let settings = &ctx.engine.settings;
    let path = settings.config_file().ok_or(CommandError::fixed("ERR The server is running without a config file"))?;
    match settings.rewrite(&path) {
        Ok(()) => {
            ctx.engine.log.warning("CONFIG REWRITE executed with success.");
            ctx.reply.ok();
            Ok(())
        }
        Err(error) => {
            let reason = os_text(&error);
            ctx.engine.log.warning(&format!("CONFIG REWRITE failed: {reason}"));
            Err(CommandError::text(format!("ERR Rewriting config file: {reason}")))
        }
    }
}

const HELP: [&str; 11] = [
    "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
    "HELP",
    "    Prints this help.",
];

/// CONFIG HELP
pub fn help(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.array(HELP.len());
    for line in HELP {
        ctx.reply.status(line);
    }
    Ok(())
}
