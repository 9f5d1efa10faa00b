//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn dbsize(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn keys(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn randomkey(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn scan(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
