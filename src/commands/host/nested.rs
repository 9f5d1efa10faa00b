//! Commands that a host command runs on its keys.
//!
//! They run under the locks that the outer command holds, so they may touch its keys and nothing else: the keys are compared
//! byte by byte with those that dispatch has locked, not by their shards, which would make the outcome depend on hash values.
//! What needs all keys, waits, or is about the connection is refused. Replies are those of RESP2 whatever the client speaks,
//! so that a host's function finds the same over every protocol.

use super::call::Call;
use crate::commands::args::KeyList;
use crate::commands::error::shown;
use crate::commands::spec::{self, AclCategories, Command, Flags, Locks};
use crate::commands::{Args, CommandError, Ctx, dispatch};
use crate::keyspace::NoMemory;
use crate::resp::Protocol;
use std::sync::atomic::Ordering::Relaxed;

/// Flags of commands that cannot run inside another one.
const REFUSED_FLAGS: Flags =
    Flags::NOSCRIPT.union(Flags::NO_MULTI).union(Flags::ADMIN).union(Flags::PROTECTED).union(Flags::BLOCKING);
/// Categories of commands that are about the client, not about keys.
const REFUSED_CATEGORIES: AclCategories =
    AclCategories::CONNECTION.union(AclCategories::TRANSACTION).union(AclCategories::SCRIPTING);

impl Call<'_, '_, '_> {
    /// Runs a command and shows its reply to `read`: RESP2 bytes, of which nothing is kept. A refusal is an error reply; there
    /// is none if memory is so short that not even the error can be written.
    pub fn command<R>(&mut self, argv: &[&[u8]], read: impl FnOnce(Result<&[u8], NoMemory>) -> R) -> R {
        let start = self.ctx.reply.len();
        let protocol = self.ctx.reply.protocol();
        self.ctx.reply.set_protocol(Protocol::Resp2);
        match self.admit(argv) {
            Ok((command, keys)) => run(self.ctx, command, &Args::new(argv, &keys)),
            Err(refusal) => dispatch::write_error(self.ctx.engine, self.ctx.reply, &refusal),
        }
        self.ctx.reply.set_protocol(protocol);
        let is_short = self.ctx.reply.is_short_of_memory();
        let result = read(if is_short { Err(NoMemory) } else { Ok(&self.ctx.reply.bytes()[start..]) });
        self.ctx.reply.truncate(start);
        result
    }

    /// The command that `argv` names, and its keys, if it may run here.
    fn admit(&mut self, argv: &[&[u8]]) -> Result<(&'static Command, KeyList), CommandError> {
        let engine = self.ctx.engine;
        let mut command = engine.names.lookup(argv[0]).ok_or_else(|| CommandError::unknown_command(argv))?;
        if !command.subcommands.is_empty() && argv.len() > 1 {
            let unknown = || CommandError::unknown_subcommand(argv[0], argv[1]);
            command = spec::lookup_subcommand(command, argv[1]).ok_or_else(unknown)?;
        }
        if !command.accepts(argv.len()) || command.handler.is_none() {
            return Err(CommandError::wrong_arity(command.name));
        }
        let is_refused = command.flags.intersects(REFUSED_FLAGS) && !is_read_without_waiting(command, argv);
        if is_refused || command.acl.intersects(REFUSED_CATEGORIES) {
            return Err(refused(command, "cannot run inside a host command"));
        }
        if dispatch::locks_of(command, argv) != Locks::Keys {
            return Err(refused(command, "cannot run inside a host command, which holds its own keys only"));
        }
        if command.flags.contains(Flags::WRITE) && self.ctx.command.flags.contains(Flags::READONLY) {
            return Err(refused(command, "writes, and the host command is registered as readonly"));
        }
        if command.flags.contains(Flags::DENYOOM) && self.is_out_of_memory() {
            return Err(CommandError::OUT_OF_MEMORY);
        }
        let keys = dispatch::find_keys(engine, command, argv, None)?;
        for key in &keys {
            let name = argv[key.index as usize];
            let is_ours = self.args.keys().any(|ours| ours.hash == key.hash && ours.bytes == name);
            if !is_ours {
                return Err(CommandError::joined(&[
                    b"ERR '",
                    command.name.as_bytes(),
                    b"' uses the key '",
                    shown(&name[..name.len().min(KEY_BYTES_SHOWN)]),
                    b"', which is none of the host command's",
                ]));
            }
        }
        Ok((command, keys))
    }

    /// Whether `maxmemory` is used up. Asked once per call, so that a call does not stop half-way because of what it has
    /// written itself; not at all if dispatch has asked already.
    fn is_out_of_memory(&mut self) -> bool {
        let ctx = &*self.ctx;
        *self.is_out_of_memory.get_or_insert_with(|| {
            // The engine would lock shards to answer.
            let limit = ctx.engine.settings.hot().maxmemory.load(Relaxed);
            limit != 0 && !ctx.command.flags.contains(Flags::DENYOOM) && ctx.locks.used_memory() > limit
        })
    }
}

/// Bytes of a key that an error quotes.
const KEY_BYTES_SHOWN: usize = 128;

fn refused(command: &Command, why: &str) -> CommandError {
    CommandError::composed(format_args!("ERR '{}' {why}", command.name))
}

/// XREAD and XREADGROUP wait only if they are told to.
fn is_read_without_waiting(command: &Command, argv: &[&[u8]]) -> bool {
    let mut options = argv.iter().take_while(|arg| !arg.eq_ignore_ascii_case(b"streams"));
    matches!(command.id, spec::id::XREAD | spec::id::XREADGROUP)
        && !options.any(|arg| arg.eq_ignore_ascii_case(b"block"))
}

/// Runs a command whose keys are locked, as EXEC does.
fn run(ctx: &mut Ctx, command: &'static Command, args: &Args) {
    let start = ctx.reply.len();
    let outer = (ctx.command, ctx.in_transaction);
    let is_timed = dispatch::is_timed_alone(ctx.engine, command, args.argv());
    let started_us = if is_timed { ctx.engine.clock.elapsed_us() } else { 0 };
    // Nothing may give way to others while the outer command holds its locks.
    (ctx.command, ctx.in_transaction) = (command, true);
    let result = dispatch::run(ctx, args);
    (ctx.command, ctx.in_transaction) = outer;
    ctx.session.counters.called(command.id);
    if let Err(error) = result {
        dispatch::fail(ctx.engine, ctx.session, command, &error, start, ctx.reply);
    }
    if is_timed {
        ctx.session.counters.took(command.id, ctx.engine.clock.elapsed_us().saturating_sub(started_us), 1);
    }
}
