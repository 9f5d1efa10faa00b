//! HELP of container commands, in the form and words of Redis.
//!
//! A family gives all of Redis's lines; those of subcommands that the command table does not have are left out, so
//! the text never promises what would be answered with an error.

use super::{Args, CmdResult, Ctx, spec};
use crate::storage::Text;

/// Writes the help of a container: a heading, `lines`, and HELP itself. A line without leading blank begins with a
/// subcommand, the indented ones below belong to it.
pub fn write(ctx: &mut Ctx, args: &Args, lines: &[&str]) -> CmdResult {
    let container = ctx.command.name.split('|').next().and_then(|name| spec::lookup(name.as_bytes()));
    let subcommands = container.map_or(&[][..], |container| container.subcommands);
    let mark = ctx.reply.begin();
    let mut heading = Text::new();
    args[0].iter().for_each(|byte| heading.push(&[byte.to_ascii_uppercase()]));
    heading.push(b" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    ctx.reply.status_bytes(&heading.finish()?);
    let mut written = 1;
    let mut is_shown = true;
    for line in lines {
        if let Some(word) = line.split(' ').next().filter(|word| !word.is_empty()) {
            let exists = |name: &str| subcommands.iter().any(|sub| sub.short_name().eq_ignore_ascii_case(name));
            is_shown = subcommands.is_empty() || word.starts_with('(') || exists(word);
        }
        if is_shown {
            ctx.reply.status(line);
            written += 1;
        }
    }
    ctx.reply.status("HELP");
    ctx.reply.status("    Prints this help.");
    ctx.reply.end_array(mark, written + 2);
    Ok(())
}
