//! From arguments to a reply: look the command up, check that it may run, find and hash its keys, lock their
//! shards, run the handler, account for it.
//!
//! The order of the checks is that of Redis's `processCommand`, because clients see which error comes first.
//! A caller with many requests at hand [`prepare`]s a window of them first, so that the cache misses of their
//! buckets and then of their entries overlap, and hands each [`Prepared`] to [`execute`].

use super::args::{Args, KeyAt, KeyList};
use super::blocking::Answer;
use super::redact::redacted;
use super::session::{Close, Parked, QueuedCommand, ReplyMode, Rest, Session, Slice};
use super::spec::{self, Command, Flags, KeyShape, Locks, id};
use super::{CmdResult, CommandError, Ctx, blocking, geo, members, monitor, sort, stream, transaction};
use crate::engine::Engine;
use crate::engine::clients::End;
use crate::engine::stats::bump;
use crate::hooks::reach;
use crate::keyspace::damage::Guarded;
use crate::keyspace::{Glance, KeyHash, LockSet, NoMemory};
use crate::resp::ReplyWriter;
use smallvec::smallvec;
use std::num::NonZeroU64;
use std::sync::atomic::Ordering::Relaxed;

/// Slow-log thresholds below this make every command worth its own clock readings.
const TIME_EACH_BELOW_US: i64 = 1000;
/// A last argument longer than this makes even a constant-time command worth it.
const LARGE_ARGUMENT_BYTES: usize = 4096;

/// So do more arguments than this, as MGET may have.
const MANY_ARGUMENTS: usize = 32;

/// What is known of a request before it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prepared {
    command: Option<&'static Command>,
    /// Hash of the key, if there is exactly one at a fixed place; unknown if it is 0.
    hash: Option<NonZeroU64>,
    /// The database of that key.
    db: u32,
}

impl Prepared {
    /// The command, if it has been looked up.
    #[inline]
    pub fn command(&self) -> Option<&'static Command> {
        self.command
    }

    /// The same request, run by a variant of its command that has the same keys.
    #[inline]
    pub fn with_command(&self, command: &'static Command) -> Self {
        Self { command: Some(command), ..*self }
    }

    /// What tells most keys apart.
    #[inline(always)]
    pub fn key(&self) -> Option<NonZeroU64> {
        self.hash
    }

    #[inline(always)]
    fn hash(&self) -> Option<KeyHash> {
        self.hash.map(|hash| KeyHash(hash.get()))
    }

    /// Whether the other request has the same key, which both have at a fixed place.
    #[inline]
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.hash == other.hash && self.hash.is_some() && self.db == other.db
    }

    /// The database, the hash of the key, and where it and the member of a large value are among the arguments, if there is
    /// one of each at fixed places.
    pub fn member(&self) -> Option<(u32, KeyHash, usize, usize)> {
        let (hash, command) = (self.hash()?, self.command?);
        let KeyShape::Single(key) = command.key_shape else { return None };
        Some((self.db, hash, key.into(), members::position(command)?))
    }
}

/// What is known of the duration of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// It ran no command: it was refused or queued.
    None,
    /// It was measured alone and is accounted for: so many microseconds.
    Alone(u64),
    /// It ran this command and was not measured: its part of the caller's time is to be accounted for.
    Shared(u16),
    /// The same, and its session goes on as before.
    Plain(u16),
}

/// Looks up the command of a request of `argc` arguments and hashes its key.
#[inline(always)]
pub fn prepare<'a>(engine: &Engine, session: &Session, argc: usize, arg: impl Fn(usize) -> &'a [u8]) -> Prepared {
    let command = if argc == 0 { None } else { engine.names.lookup_after(&session.recent, arg(0)) };
    let Some(command) = command else { return Prepared::default() };
    let hash = match command.key_shape {
        KeyShape::Single(index) if usize::from(index) < argc => engine.keyspace.hash(arg(index.into())).0,
        _ => 0,
    };
    Prepared { command: Some(command), hash: NonZeroU64::new(hash), db: session.db }
}

/// Fetches the keys of a window of at most `N` prepared requests: first their buckets, then their entries.
#[inline(always)]
pub fn prefetch<const N: usize>(glance: &Glance, window: &[Prepared]) {
    let mut sights = [const { None }; N];
    for (prepared, sight) in window.iter().zip(&mut sights) {
        *sight = prepared.hash().and_then(|hash| glance.sight(prepared.db, hash));
    }
    let keys = window.iter().zip(&sights);
    glance.prefetch_entries(keys.filter_map(|(prepared, sight)| Some((prepared.db, prepared.hash()?, sight.as_ref()))));
}

/// Runs one request of `session` and appends its reply. `now_ms` is the time of the caller's batch, 0 to have it
/// read when needed.
#[inline(always)]
pub fn execute(
    engine: &Engine,
    session: &mut Session,
    argv: &[&[u8]],
    prepared: &Prepared,
    now_ms: i64,
    reply: &mut ReplyWriter,
) -> Timing {
    let Some(name) = argv.first() else { return Timing::None };
    reach("dispatch");
    reply.set_protocol(session.protocol);
    let command = prepared.command.or_else(|| engine.names.lookup_after(&session.recent, name));
    if let Some(command) = command
        && let KeyShape::Single(index) = command.key_shape
        && is_plain(engine, session, command, argv)
    {
        let hash = prepared.hash().unwrap_or_else(|| engine.keyspace.hash(argv[usize::from(index)]));
        let key = KeyAt { index: index.into(), hash };
        execute_plain(engine, session, command, argv, key, now_ms, reply);
        return Timing::Plain(command.id);
    }
    execute_any(engine, session, argv, Prepared { command, ..*prepared }, now_ms, reply)
}

/// Whether nothing stands between a request and its handler, and nothing behind it: the usual command in the usual state of
/// the session and the engine. What it leaves out, [`execute_any`] looks at.
#[inline(always)]
fn is_plain(engine: &Engine, session: &Session, command: &Command, argv: &[&[u8]]) -> bool {
    command.is_plain
        && command.accepts(argv.len())
        && session.is_plain()
        && !engine.clients.has_monitors()
        && !is_timed_alone(engine, command, argv)
        && !(command.flags.contains(Flags::DENYOOM) && engine.is_out_of_memory())
}

/// [`execute_any`] of what [`is_plain`].
fn execute_plain(
    engine: &Engine,
    session: &mut Session,
    command: &'static Command,
    argv: &[&[u8]],
    key: KeyAt,
    now_ms: i64,
    reply: &mut ReplyWriter,
) {
    let start = reply.len();
    session.client.last_command.store(u32::from(command.id), Relaxed);
    let keys = [key];
    let args = Args::new(argv, &keys);
    let result = {
        let mut locks = LockSet::one(&engine.keyspace, key.hash);
        with_locks(engine, session, command, reply, &mut locks, now_ms, |ctx| run(ctx, &args))
    };
    session.counters.called(command.id);
    if let Err(error) = result {
        fail(engine, session, command, &error, start, reply);
    }
    engine.events.deliver(&mut session.events);
}

/// [`execute`] of what may be refused, queued, timed, parked or shown to monitors.
fn execute_any(
    engine: &Engine,
    session: &mut Session,
    argv: &[&[u8]],
    prepared: Prepared,
    now_ms: i64,
    reply: &mut ReplyWriter,
) -> Timing {
    let mut timing = Timing::None;
    let start = reply.len();
    let was_muted = session.is_muted();
    match check(engine, session, argv, &prepared) {
        Ok(command) if queues(session, command) => {
            session.client.last_command.store(u32::from(command.id), Relaxed);
            match queue(session, command, argv) {
                Ok(()) => reply.status("QUEUED"),
                Err(NoMemory) => {
                    if let Some(transaction) = &mut session.transaction {
                        transaction.failed = true;
                    }
                    write_error(engine, reply, &CommandError::NO_MEMORY);
                }
            }
        }
        Ok(command) => {
            session.client.last_command.store(u32::from(command.id), Relaxed);
            timing = call(engine, session, command, argv, prepared.hash(), now_ms, reply);
        }
        Err((None, _)) if is_http(argv[0]) => {
            engine.log.warning(
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. \
                 This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis \
                 instance. Connection aborted.",
            );
            session.close = Close::Now;
        }
        Err((command, error)) => {
            let command_id = command.map_or(u32::MAX, |command| u32::from(command.id));
            session.client.last_command.store(command_id, Relaxed);
            if let Some(command) = command {
                bump(&session.counters.command(command.id).rejected, 1);
            }
            if command_id == u32::from(id::EXEC) {
                transaction::end(session, engine);
                write_error(engine, reply, &error.aborting());
            } else {
                if let Some(transaction) = &mut session.transaction {
                    transaction.failed = true;
                }
                write_error(engine, reply, &error);
            }
        }
    }
    if session.reply_mode != ReplyMode::On && session.parked.is_none() {
        apply_reply_mode(session, reply, start, was_muted);
    }
    timing
}

/// Runs one slice of a command that gave way, or fetches the answer of one that is blocked; true when its reply is
/// complete.
pub fn resume(engine: &Engine, session: &mut Session, now_ms: i64, reply: &mut ReplyWriter) -> bool {
    let Some(Parked { rest, call: Some(call), mut took_us }) = session.parked.take() else { return true };
    let mut rest = match rest {
        Rest::Slices(rest) => rest,
        Rest::Waiting(waiter) => {
            if let Some(answer) = waiter.fetch(engine) {
                finish_wait(engine, session, &call, answer, took_us, reply);
                return true;
            }
            session.parked = Some(Parked { rest: Rest::Waiting(waiter), call: Some(call), took_us });
            return false;
        }
    };
    let started_us = engine.clock.elapsed_us();
    let start = reply.len();
    reply.set_protocol(session.protocol);
    let mut locks = LockSet::none(&engine.keyspace);
    let command = call.command;
    let mut ctx = Ctx { engine, session, command, reply, locks: &mut locks, changes: 0, now_ms, in_transaction: false };
    let slice = if engine.is_damaged() && meets_damage(command, ctx.locks) {
        Err(CommandError::DAMAGED)
    } else {
        rest.resume(&mut ctx)
    };
    let slice = if ctx.reply.is_short_of_memory() { Err(CommandError::NO_MEMORY) } else { slice };
    took_us += engine.clock.elapsed_us().saturating_sub(started_us);
    engine.events.deliver(&mut session.events);
    match slice {
        Ok(Slice::More) => {
            if session.is_muted() {
                reply.truncate(start);
            }
            session.parked = Some(Parked { rest: Rest::Slices(rest), call: Some(call), took_us });
            return false;
        }
        Ok(Slice::Done) => {}
        Err(error) => fail(engine, session, command, &error, start, reply),
    }
    account(engine, session, command, &call.argv().unwrap_or_default(), took_us);
    apply_reply_mode(session, reply, start, true);
    true
}

/// Replies and accounts for a blocked command that has its answer.
fn finish_wait(
    engine: &Engine,
    session: &mut Session,
    call: &QueuedCommand,
    answer: Answer,
    took_us: u64,
    reply: &mut ReplyWriter,
) {
    let start = reply.len();
    match reply.buffer_mut().try_reserve(answer.reply.len()) {
        // There was no memory for an error when it was served.
        Ok(()) if answer.reply.is_empty() => write_error(engine, reply, &CommandError::NO_MEMORY),
        Ok(()) => reply.buffer_mut().extend_from_slice(&answer.reply),
        Err(_) => write_error(engine, reply, &CommandError::NO_MEMORY),
    }
    let counters = session.counters.command(call.command.id);
    if answer.is_failure {
        bump(&counters.failed, 1);
    }
    if answer.ended == Some(End::TimedOut) {
        // Redis leaves those out of the slow log and of the statistics of durations.
        bump(&counters.usec, took_us);
    } else {
        account(engine, session, call.command, &call.argv().unwrap_or_default(), took_us + answer.took_us);
    }
    apply_reply_mode(session, reply, start, true);
}

/// A browser that was tricked into talking to this port gives itself away by these words.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// Everything that can be wrong before a command runs, in the order in which Redis looks.
#[inline]
fn check(
    engine: &Engine,
    session: &Session,
    argv: &[&[u8]],
    prepared: &Prepared,
) -> Result<&'static Command, (Option<&'static Command>, CommandError)> {
    let Some(mut command) = prepared.command else {
        return Err((None, CommandError::unknown_command(argv)));
    };
    if !command.subcommands.is_empty() && argv.len() > 1 {
        match spec::lookup_subcommand(command, argv[1]) {
            Some(sub) => command = sub,
            None => return Err((None, CommandError::unknown_subcommand(argv[0], argv[1]))),
        }
    }
    if !command.accepts(argv.len()) || command.handler.is_none() {
        return Err((Some(command), CommandError::wrong_arity(command.name)));
    }
    let refused = |error| Err((Some(command), error));
    if command.flags.contains(Flags::PROTECTED) && !engine.settings.allows_protected(command.name, session.is_local()) {
        return refused(CommandError::protected(command.name));
    }
    if !session.authenticated && !command.flags.contains(Flags::NO_AUTH) && session.must_authenticate(engine) {
        return refused(CommandError::NO_AUTH);
    }
    if session.transaction.is_some() && command.flags.contains(Flags::NO_MULTI) {
        return refused(CommandError::fixed("ERR Command not allowed inside a transaction"));
    }
    // Whatever is queued takes memory.
    if (command.flags.contains(Flags::DENYOOM)
        || queues(session, command)
        || (command.id == id::EXEC && session.queues_denyoom()))
        && engine.is_out_of_memory()
    {
        return refused(CommandError::OUT_OF_MEMORY);
    }
    let uses_keys = Flags::WRITE | Flags::READONLY | Flags::MAY_REPLICATE;
    if engine.clients.has_monitors() && command.flags.intersects(uses_keys) && session.client.is_monitor.load(Relaxed) {
        return refused(CommandError::fixed("ERR Replica can't interact with the keyspace"));
    }
    Ok(command)
}

/// Whether the command is put off until EXEC.
#[inline]
fn queues(session: &Session, command: &Command) -> bool {
    session.transaction.is_some()
        && !matches!(command.id, id::EXEC | id::DISCARD | id::MULTI | id::WATCH | id::QUIT | id::RESET)
}

fn queue(session: &mut Session, command: &'static Command, argv: &[&[u8]]) -> Result<(), NoMemory> {
    if let Some(transaction) = &mut session.transaction {
        transaction.queue.try_reserve(1)?;
        transaction.queue.push(QueuedCommand::new(command, argv)?);
        let commands = transaction.queue.len() as i64;
        let bytes = transaction.queue.last().map_or(0, QueuedCommand::bytes) as u64;
        session.note_queued(commands, session.client.queued_bytes.load(Relaxed) + bytes);
    }
    Ok(())
}

/// Locks, runs the handler, releases and accounts.
#[inline]
fn call(
    engine: &Engine,
    session: &mut Session,
    command: &'static Command,
    argv: &[&[u8]],
    hash: Option<KeyHash>,
    now_ms: i64,
    reply: &mut ReplyWriter,
) -> Timing {
    let timed = is_timed_alone(engine, command, argv);
    let started_us = if timed { engine.clock.elapsed_us() } else { 0 };
    let start = reply.len();
    let result = find_keys(engine, command, argv, hash).and_then(|keys| {
        let args = Args::new(argv, &keys);
        // In place: a result of a function is a copy of the set, which has room for several locks.
        let mut locks = match (locks_of(command, argv), args.key_positions()) {
            (Locks::Keys, [key]) => LockSet::one(&engine.keyspace, key.hash),
            (locks, keys) => lock(engine, session, locks, keys)?,
        };
        with_locks(engine, session, command, reply, &mut locks, now_ms, |ctx| {
            let result = run(ctx, &args);
            // Before others get at its keys: monitors see the commands on a key in the order in which they ran.
            monitor::feed(engine, ctx.session, command, argv);
            result
        })
    });

    session.counters.called(command.id);
    if let Err(error) = &result {
        fail(engine, session, command, error, start, reply);
        if *error == CommandError::DAMAGED && command.id == id::EXEC {
            transaction::end(session, engine);
        }
    }
    let took_us = if timed { engine.clock.elapsed_us().saturating_sub(started_us) } else { 0 };
    if let Some(parked) = &mut session.parked {
        match QueuedCommand::new(command, argv) {
            Ok(call) => {
                parked.call = Some(call);
                parked.took_us = took_us;
            }
            Err(NoMemory) => {
                session.stop_waiting(engine);
                session.parked = None;
                fail(engine, session, command, &CommandError::NO_MEMORY, start, reply);
            }
        }
    } else if timed {
        account(engine, session, command, argv, took_us);
    }
    engine.events.deliver(&mut session.events);
    if timed || session.parked.is_some() { Timing::Alone(took_us) } else { Timing::Shared(command.id) }
}

/// Runs a command that holds its locks, and does what has to be done before they are given up.
///
/// # Errors
/// Those of `body`, or that the data are damaged.
#[inline(always)]
pub(super) fn with_locks<'e, R>(
    engine: &'e Engine,
    session: &mut Session,
    command: &'static Command,
    reply: &mut ReplyWriter,
    locks: &mut LockSet<'e>,
    now_ms: i64,
    body: impl FnOnce(&mut Ctx) -> Result<R, CommandError>,
) -> Result<R, CommandError> {
    if engine.is_damaged() && meets_damage(command, locks) {
        return Err(CommandError::DAMAGED);
    }
    let guarded = Guarded::new(locks);
    let locks = &mut *guarded.locks;
    let mut ctx = Ctx { engine, session, command, reply, locks, changes: 0, now_ms, in_transaction: false };
    let result = body(&mut ctx);
    let (changes, now_ms) = (ctx.changes, ctx.now_ms);
    if !guarded.locks.holds_none() {
        blocking::release(engine, session, guarded.locks, now_ms);
    }
    guarded.done();
    if changes > 0 {
        bump(&session.counters.changes, changes);
    }
    result
}

/// Whether a command would look at data that a panic has damaged. FLUSHALL looks at none of it.
#[cold]
fn meets_damage(command: &Command, locks: &LockSet) -> bool {
    match command.locks {
        // INFO and its like tell numbers only.
        Locks::Visits => command.flags.contains(Flags::READONLY),
        _ => command.id != id::FLUSHALL && locks.has_damage(),
    }
}

/// Puts an error in the place of whatever a command has replied since `start`.
#[cold]
pub(super) fn fail(
    engine: &Engine,
    session: &Session,
    command: &Command,
    error: &CommandError,
    start: usize,
    reply: &mut ReplyWriter,
) {
    reply.truncate(start);
    write_error(engine, reply, error);
    bump(&session.counters.command(command.id).failed, 1);
}

/// Whether a call is worth two clock readings of its own. Short commands share the time of their window instead,
/// unless someone wants to see even short ones in the slow log.
#[inline]
pub(super) fn is_timed_alone(engine: &Engine, command: &Command, argv: &[&[u8]]) -> bool {
    !command.constant_time
        || argv.len() > MANY_ARGUMENTS
        || argv.last().is_some_and(|arg| arg.len() > LARGE_ARGUMENT_BYTES)
        || (0..TIME_EACH_BELOW_US).contains(&engine.settings.hot().slowlog_slower_than_us.load(Relaxed))
}

/// Runs the handler of a command whose keys are locked.
#[inline(always)]
pub(super) fn run(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reach("handler");
    let handler = ctx.command.handler.ok_or_else(|| CommandError::wrong_arity(ctx.command.name))?;
    if ctx.session.db != 0 {
        ctx.make_database_of(args)?;
    }
    handler(ctx, args)?;
    if ctx.reply.is_short_of_memory() { Err(CommandError::NO_MEMORY) } else { Ok(()) }
}

/// The keys of a command, hashed. A command whose arguments do not even show its keys has none; its handler then
/// finds the error before it looks for a key.
#[inline(always)]
pub(super) fn find_keys(
    engine: &Engine,
    command: &'static Command,
    argv: &[&[u8]],
    hash: Option<KeyHash>,
) -> Result<KeyList, CommandError> {
    match command.key_shape {
        KeyShape::None => Ok(KeyList::new()),
        KeyShape::Single(index) => {
            let hash = hash.unwrap_or_else(|| engine.keyspace.hash(argv[index as usize]));
            Ok(smallvec![KeyAt { index: u32::from(index), hash }])
        }
        KeyShape::Specs => find_specified_keys(engine, command, argv),
    }
}

/// [`find_keys`] of a command whose keys are at places that depend on its arguments.
#[inline(never)]
fn find_specified_keys(engine: &Engine, command: &'static Command, argv: &[&[u8]]) -> Result<KeyList, CommandError> {
    let at = |index: usize| KeyAt { index: index as u32, hash: engine.keyspace.hash(argv[index]) };
    if let Some(range) = stream::keys_at(command, argv) {
        let mut keys = KeyList::new();
        keys.try_reserve_exact(range.len()).map_err(|_| NoMemory)?;
        keys.extend(range.map(at));
        return Ok(keys);
    }
    let mut keys = KeyList::new();
    let mut is_short = false;
    let found = spec::extract_keys(command, argv, |index, _| {
        if keys.try_reserve(1).is_ok() {
            keys.push(at(index));
        } else {
            is_short = true;
        }
    });
    if is_short {
        return Err(CommandError::NO_MEMORY);
    }
    if found == Err(spec::KeyError::Syntax) {
        keys.clear();
    } else if let Some(index) = geo::repeated_store(command, argv)
        && keys.iter().all(|key| key.index as usize != index)
    {
        keys.try_reserve(1).map_err(|_| NoMemory)?;
        keys.push(at(index));
    }
    Ok(keys)
}

/// What a request locks.
#[inline]
pub(super) fn locks_of(command: &Command, argv: &[&[u8]]) -> Locks {
    match command.locks {
        Locks::Patterns if !sort::has_patterns(argv) => Locks::Keys,
        locks => locks,
    }
}

/// Locks what is not the shard of a single key.
#[inline(never)]
fn lock<'e>(engine: &'e Engine, session: &Session, locks: Locks, keys: &[KeyAt]) -> Result<LockSet<'e>, NoMemory> {
    let keyspace = &engine.keyspace;
    match locks {
        Locks::Keys if keys.is_empty() => Ok(LockSet::none(keyspace)),
        Locks::Keys => {
            let locks = LockSet::many(keyspace, keys.iter().map(|key| key.hash))?;
            if engine.is_damaged() {
                return Ok(locks);
            }
            for key in keys {
                locks.prefetch_bucket(session.db, key.hash);
            }
            for key in keys {
                locks.prefetch_entry(session.db, key.hash);
            }
            Ok(locks)
        }
        Locks::All | Locks::Patterns => LockSet::all(keyspace),
        Locks::Visits => Ok(LockSet::none(keyspace)),
        Locks::Queued => transaction::lock_queued(engine, session),
    }
}

/// Duration of one call: totals, slow log, latency monitor.
pub(super) fn account(engine: &Engine, session: &Session, command: &'static Command, argv: &[&[u8]], took_us: u64) {
    session.counters.took(command.id, took_us, 1);
    let hot = engine.settings.hot();
    let slower_than_us = hot.slowlog_slower_than_us.load(Relaxed);
    if slower_than_us >= 0 && took_us >= slower_than_us as u64 && !command.flags.contains(Flags::SKIP_SLOWLOG) {
        // A command that does not fit into memory any more is left out.
        if let Ok(shown) = redacted(command, argv) {
            let name = &session.client.text.lock().name;
            let at_s = engine.clock.now_ms() / 1000;
            let len_max = hot.slowlog_len_max.load(Relaxed);
            engine.slowlog.add(at_s, took_us, &shown, &session.client.addr, name, len_max);
        }
    }
    let event = if command.flags.contains(Flags::FAST) { "fast-command" } else { "command" };
    engine.note_latency(event, took_us);
}

pub(super) fn write_error(engine: &Engine, reply: &mut ReplyWriter, error: &CommandError) {
    engine.stats.error(&error.0);
    reply.error(&error.0);
}

/// CLIENT REPLY: takes back the reply of a command that began and ended muted (one that changes the mode has seen to
/// its own), and moves on to the mode of the next command.
fn apply_reply_mode(session: &mut Session, reply: &mut ReplyWriter, start: usize, was_muted: bool) {
    if was_muted && session.is_muted() {
        reply.truncate(start);
    }
    session.reply_mode = match session.reply_mode {
        ReplyMode::SkipNext => ReplyMode::Skip,
        ReplyMode::Skip => ReplyMode::On,
        mode => mode,
    };
}
