//! Commands of the host: functions of the program that embeds the store, called like any other command.
//!
//! | file | holds |
//! |---|---|
//! | [`declare`] | what a host says about its command, checked and turned into a table entry |
//! | [`registry`] | the commands of one engine, found by name without a lock |
//! | [`call`] | one running call: its arguments, and its reply, which is checked before it is sent |
//! | [`nested`] | what such a call may run on its keys |
//!
//! A host command has a [`Command`] like those of the table, so everything that reads the table treats it like a built-in one:
//! arity, flags, key positions, locks, MULTI, COMMAND, statistics, slow log, MONITOR. Its handler is [`run`] for all of
//! them, which finds the host's function by the command's name.

pub mod call;
pub mod declare;
pub mod nested;
pub mod registry;

pub use call::{Call, Fault};
pub use declare::{Declaration, DeclarationError};
pub use registry::{HostFunction, Refusal, Registry};

use super::spec::Command;
use super::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::NoMemory;

/// Host commands that may run inside one another. Each level is a few frames of ours and those of the host, on a stack that
/// in a thread of ours has two megabytes.
const NESTING_MAX: u32 = 16;

/// Runs a host command: the handler of all of them.
pub fn run(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let engine = ctx.engine;
    let command: &Command = ctx.command;
    let function = engine.names.host().function(command);
    let function = function.ok_or_else(|| CommandError::unknown_command(args.argv()))?;
    if ctx.session.host_nesting == NESTING_MAX {
        return Err(CommandError::fixed("ERR host commands are nested too deeply"));
    }
    ctx.session.host_nesting += 1;
    let mut call = Call::new(ctx, args);
    let outcome = match function.call(&mut call) {
        Ok(()) => call.finish(),
        Err(NoMemory) => Err(CommandError::NO_MEMORY),
    };
    ctx.session.host_nesting -= 1;
    outcome
}
