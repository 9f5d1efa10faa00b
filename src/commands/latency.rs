//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn doctor(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn graph(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn help(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn histogram(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn history(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn latest(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn reset(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
