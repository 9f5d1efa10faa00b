//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn append(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn decr(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn decrby(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn get(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn getdel(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn getex(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn getrange(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn getset(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn incr(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn incrby(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn incrbyfloat(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn lcs(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn mget(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn mset(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn msetnx(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn psetex(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn set(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn setex(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn setnx(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn setrange(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn strlen(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn substr(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
