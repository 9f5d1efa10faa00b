//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn command(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn count(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn docs(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn getkeys(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn getkeysandflags(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn help(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn info(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn list(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
