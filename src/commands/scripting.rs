//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn eval(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn eval_ro(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn evalsha(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn evalsha_ro(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn fcall(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn fcall_ro(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
