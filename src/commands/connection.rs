//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn auth(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn echo(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn hello(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn ping(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn quit(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn reset(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
/// Being written.
pub fn select(_: &mut Ctx, _: &Args) -> CmdResult { Err(CommandError::SYNTAX) }
