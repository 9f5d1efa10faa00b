//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn expire(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn expireat(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn expiretime(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn persist(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn pexpire(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn pexpireat(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn pexpiretime(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn pttl(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn ttl(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
