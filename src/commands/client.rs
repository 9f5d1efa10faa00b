//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn getname(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn help(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn id(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn info(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn kill(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn list(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn no_evict(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn reply(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn setinfo(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn setname(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
