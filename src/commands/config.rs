//! CONFIG: reading, changing and saving [`settings`](crate::engine::settings), and resetting statistics.

use super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::log::Level;
use crate::engine::process::os_text;
use crate::engine::settings::SettingError;
use crate::keyspace::NoMemory;
use crate::storage::Text;
use std::io;

/// CONFIG GET pattern [pattern ...]
pub fn get(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let reply = &mut *ctx.reply;
    let mark = reply.begin();
    let mut found = 0;
    ctx.engine.settings.for_each_matching(&args.argv()[2..], |name, value| {
        reply.bulk(name);
        reply.bulk(value);
        found += 1;
    })?;
    reply.end_map(mark, found);
    Ok(())
}

/// CONFIG SET name value [name value ...]
pub fn set(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let words = &args.argv()[2..];
    if !words.len().is_multiple_of(2) {
        return Err(CommandError::SYNTAX);
    }
    let changed = ctx.engine.settings.set_many(words, ctx.session.is_local());
    changed.map_err(|error| refusal(&error))?;
    ctx.reply.ok();
    Ok(())
}

fn refusal(error: &SettingError) -> CommandError {
    error.reply().map_or_else(CommandError::from, CommandError::text)
}

/// CONFIG RESETSTAT
pub fn resetstat(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.engine.stats.reset()?;
    ctx.reply.ok();
    Ok(())
}

/// CONFIG REWRITE
pub fn rewrite(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let settings = &ctx.engine.settings;
    let rewritten = settings.with_config_file(|path| path.map(|path| settings.rewrite(path)));
    match rewritten.ok_or(CommandError::fixed("ERR The server is running without a config file"))? {
        Ok(()) => {
            ctx.engine.log.warning("CONFIG REWRITE executed with success.");
            ctx.reply.ok();
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Err(NoMemory.into()),
        Err(error) => {
            let reason = os_text(&error);
            ctx.engine.log.note(Level::Warning, format_args!("CONFIG REWRITE failed: {reason}"));
            Err(CommandError::text(Text::of(format_args!("ERR Rewriting config file: {reason}"))?))
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
