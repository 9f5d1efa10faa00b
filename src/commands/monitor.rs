//! Placeholder, being written.
use super::{Args, CmdResult, CommandError, Ctx};
/// Being written.
pub fn monitor(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(CommandError::SYNTAX)
}
/// Being written.
pub fn feed(_: &crate::engine::Engine, _: &super::Session, _: u32, _: &[&[u8]]) {}
