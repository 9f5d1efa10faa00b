//! What one turn of a reactor executes: the requests that have arrived on all ready connections.
//!
//! Input is read side by side into one arena and cut into requests in place. They run in order of arrival, in
//! windows: first all commands of the window are looked up, their keys hashed and the buckets prefetched, then the
//! entries, then each request runs. So up to [`WINDOW`] cache misses are under way at once instead of one after
//! the other. Replies of one connection are contiguous in the writer, so each needs one write.
//!
//! All buffers are kept from turn to turn: serving small requests allocates nothing. What there is one of for each connection has
//! room since that was accepted; a connection whose requests find no memory is closed.

use super::conn::{Conn, Dialect, LEFTOVER_MOVED_MAX, READ_BYTES_MAX, Received};
use crate::commands::dispatch::{self, Prepared, Timing};
use crate::commands::members;
use crate::commands::original;
use crate::commands::session::Close;
use crate::engine::Engine;
use crate::engine::log::Level;
use crate::engine::stats::bump;
use crate::keyspace::Reader;
use crate::resp::ReplyWriter;
use crate::resp::next_original_request;
use crate::resp::{Limits, ProtocolError, Span, Step};
use crate::storage::{NoMemory, Slots, try_collect, try_zeroed};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// Requests whose cache misses overlap. More do not help: the processor has fewer fill buffers than that.
const WINDOW: usize = 64;
/// Bytes of the arena.
const ARENA_BYTES: usize = 512 * 1024;
/// Replies are sent before more than this has gathered.
const REPLY_BYTES_SENT_AT: usize = 256 * 1024;
/// Requests staged before they run.
const STAGED_MAX: usize = 16 * 1024;
/// Arguments of most requests.
const FEW_ARGUMENTS: usize = 8;
/// Room for so many is kept for requests with more than that.
const MANY_ARGUMENTS_KEPT: usize = 16 * 1024;

/// One request.
struct Staged {
    source: u32,
    is_unescaped: bool,
    /// Where the spans of its arguments begin, and how many there are.
    spans: u32,
    argc: u32,
    /// Where its bytes are: an offset in the source, or in `unescaped`.
    start: usize,
    /// Where the next request starts in the source.
    end: usize,
}

const _: () = assert!(size_of::<Staged>() == 32);

enum Bytes {
    Arena(Range<usize>),
    Own(Vec<u8>),
}

/// What one connection has contributed.
struct Source {
    token: u32,
    bytes: Bytes,
    staged: Range<usize>,
    /// Bytes cut into requests so far.
    parsed: usize,
    error: Option<ProtocolError>,
}

impl Source {
    fn bytes<'a>(&'a self, arena: &'a [u8]) -> &'a [u8] {
        match &self.bytes {
            Bytes::Arena(range) => &arena[range.clone()],
            Bytes::Own(bytes) => bytes,
        }
    }
}

/// The buffers of a reactor's turn.
pub struct Batch {
    arena: Box<[u8]>,
    used: usize,
    sources: Vec<Source>,
    staged: Vec<Staged>,
    /// Room for the arguments of a request that has many; empty.
    many: Vec<&'static [u8]>,
    /// What is known of the requests of the window.
    prepared: Box<[Prepared]>,
    /// Commands of the window that share its time.
    sharing: Sharing,
    spans: Vec<Span>,
    /// Arguments of inline requests with quotes, which do not stand in the input.
    unescaped: Vec<u8>,
    /// Connections of the last run, the first one last.
    served: Vec<u32>,
    /// Connections whose replies are not sent yet, and where those end in the writer.
    unsent: Vec<(u32, usize)>,
    writer: ReplyWriter,
    /// Replies in RESP3 before they are translated for the original dialect.
    translated: ReplyWriter,
    reader: Reader,
}

impl Batch {
    /// Empty buffers. Their pages are touched only when used.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(engine: &Engine) -> Result<Self, NoMemory> {
        let mut sharing = Sharing::default();
        sharing.0.try_reserve_exact(WINDOW)?;
        Ok(Self {
            arena: try_zeroed(ARENA_BYTES)?,
            used: 0,
            sources: Vec::new(),
            staged: Vec::new(),
            many: Vec::new(),
            prepared: try_collect((0..WINDOW).map(|_| Prepared::default()))?.into_boxed_slice(),
            sharing,
            spans: Vec::new(),
            unescaped: Vec::new(),
            served: Vec::new(),
            unsent: Vec::new(),
            writer: ReplyWriter::default(),
            translated: ReplyWriter::default(),
            reader: engine.keyspace.reader()?,
        })
    }

    /// Makes room for what there is one of for each of so many connections.
    ///
    /// # Errors
    /// If memory is short.
    pub fn make_room(&mut self, connections: u32) -> Result<(), NoMemory> {
        let connections = connections as usize;
        self.sources.try_reserve(connections.saturating_sub(self.sources.len()))?;
        self.served.try_reserve(connections.saturating_sub(self.served.len()))?;
        Ok(self.unsent.try_reserve(connections.saturating_sub(self.unsent.len()))?)
    }

    /// Drops everything that is under way. The connections that took part are [`Batch::next_served`].
    pub fn abandon(&mut self) {
        // One of the two is empty.
        self.served.extend(self.sources.iter().map(|source| source.token));
        self.clear();
        self.sharing.0.clear();
        self.unsent.clear();
        self.writer.take();
        self.translated.take();
    }

    /// Drops all requests.
    fn clear(&mut self) {
        self.sources.clear();
        self.staged.clear();
        self.spans.clear();
        self.unescaped.clear();
        self.used = 0;
    }

    /// Whether another connection fits in.
    pub fn has_room(&self) -> bool {
        self.arena.len() - self.used >= READ_BYTES_MAX + LEFTOVER_MOVED_MAX && self.staged.len() < STAGED_MAX
    }

    /// A connection that took part in the last [`Batch::run`]; each comes once.
    pub fn next_served(&mut self) -> Option<u32> {
        self.served.pop()
    }

    /// Reads from a connection and cuts what is there into requests; false if there is nothing to work on.
    pub fn gather(&mut self, token: u32, conn: &mut Conn, engine: &Engine) -> bool {
        let Some(bytes) = self.read(conn) else { return false };
        let hot = engine.settings.hot();
        let mut source = Source { token, bytes, staged: self.staged.len()..self.staged.len(), parsed: 0, error: None };
        let input = source.bytes(&self.arena);
        if conn.settle_dialect(input) {
            let limits = Limits {
                bulk_bytes_max: hot.proto_max_bulk_len.load(Relaxed),
                authenticated: conn.session.authenticated,
            };
            // Behind an AUTH other limits hold, so before it requests are cut one by one.
            let requests_max = if limits.authenticated { STAGED_MAX } else { 1 };
            let mut parsed = 0;
            let mut error = None;
            conn.want = 0;
            while parsed < input.len() && self.staged.len() - source.staged.start < requests_max {
                let spans_from = self.spans.len() as u32;
                let step = match conn.dialect {
                    Dialect::Original => next_original_request(&input[parsed..], &mut self.spans),
                    _ => conn.parser.next(&input[parsed..], &limits, &mut self.spans),
                };
                let (end, unescaped) = match step {
                    Step::Request { end } => (parsed + end, None),
                    Step::Unescaped { end } => (parsed + end, Some(conn.parser.unescaped())),
                    Step::NeedMore { want } => {
                        conn.want = want;
                        break;
                    }
                    Step::Error { error: reason } => {
                        error = Some(reason);
                        break;
                    }
                };
                let argc = self.spans.len() as u32 - spans_from;
                let mut start = parsed;
                parsed = end;
                // RESP passes over a request without arguments in silence; the other dialect owes it an answer.
                if argc == 0 && conn.dialect == Dialect::Resp {
                    continue;
                }
                if self.staged.len() == self.staged.capacity() && self.staged.try_reserve(1).is_err() {
                    error = Some(no_memory(conn.dialect));
                    break;
                }
                if let Some(text) = unescaped {
                    start = self.unescaped.len();
                    if self.unescaped.try_reserve(text.len()).is_err() {
                        error = Some(no_memory(conn.dialect));
                        break;
                    }
                    self.unescaped.extend_from_slice(text);
                }
                let is_unescaped = unescaped.is_some();
                let index = self.sources.len() as u32;
                self.staged.push(Staged { source: index, is_unescaped, spans: spans_from, argc, start, end });
            }
            // More to parse without anything to read.
            if requests_max == 1 && parsed < input.len() && conn.want == 0 && error.is_none() {
                conn.readable = true;
            }
            source.parsed = parsed;
            source.error = error;
            source.staged.end = self.staged.len();
        }
        self.sources.push(source);
        true
    }

    /// Reads once; `None` if there is nothing to work on.
    fn read(&mut self, conn: &mut Conn) -> Option<Bytes> {
        let leftover = conn.input.len();
        if leftover > LEFTOVER_MOVED_MAX {
            if conn.readable {
                self.note(conn.receive_large(), conn);
            }
            return Some(Bytes::Own(std::mem::take(&mut conn.input)));
        }
        let start = self.used;
        self.arena[start..start + leftover].copy_from_slice(&conn.input);
        let mut received = 0;
        if conn.readable {
            let buffer = &mut self.arena[start + leftover..start + leftover + READ_BYTES_MAX];
            let outcome = conn.receive(buffer);
            received = self.note(outcome, conn);
        }
        if conn.gone || leftover + received == 0 {
            return None;
        }
        conn.input = Vec::new();
        self.used = start + leftover + received;
        Some(Bytes::Arena(start..self.used))
    }

    fn note(&self, outcome: Received, conn: &mut Conn) -> usize {
        match outcome {
            Received::Bytes(n) => {
                bump(&conn.session.counters.bytes_in, n as u64);
                bump(&conn.session.counters.reads, 1);
                n
            }
            Received::Nothing => 0,
            Received::End => {
                conn.gone = true;
                0
            }
        }
    }

    /// Runs everything that was gathered and sends the replies.
    pub fn run(&mut self, conns: &mut Slots<Conn>, engine: &Engine, now_ms: i64) {
        let mut window = Window { staged: 0..0, started_us: 0, timed_apart_us: 0 };
        for index in 0..self.sources.len() {
            let Source { token, parsed, staged: Range { start, end }, .. } = self.sources[index];
            conns[token].session.client.last_active_ms.store(now_ms, Relaxed);
            let mut done = parsed;
            let mut at = start;
            while at < end {
                if at >= window.staged.end {
                    self.account(&window, &conns[token], engine);
                    window = self.prepare(at, conns, engine);
                }
                at =
                    self.execute(index, at..end.min(window.staged.end), &mut conns[token], &mut window, engine, now_ms);
                if self.writer.len() > REPLY_BYTES_SENT_AT {
                    self.unsent.push((token, self.writer.len()));
                    self.send(conns, engine);
                }
                if !conns[token].may_run() {
                    // What stands behind it has to wait.
                    done = self.staged[at - 1].end;
                    break;
                }
            }
            self.finish(index, done, &mut conns[token], engine);
            self.unsent.push((token, self.writer.len()));
        }
        if let Some(source) = self.sources.last() {
            self.account(&window, &conns[source.token], engine);
        }
        self.send(conns, engine);
        self.served.extend(self.sources.iter().rev().map(|source| source.token));
        self.clear();
    }

    /// The passes over the next window before it runs: look up and hash; fetch buckets; fetch entries.
    #[inline(never)] // Loops of a smaller function find more registers.
    fn prepare(&mut self, from: usize, conns: &Slots<Conn>, engine: &Engine) -> Window {
        let started_us = engine.clock.elapsed_us();
        let to = self.staged.len().min(from + WINDOW);
        // A single request gains nothing from being prefetched just before it runs.
        if to - from == 1 {
            self.prepared[0] = Prepared::default();
            return Window { staged: from..to, started_us, timed_apart_us: 0 };
        }
        let Self { arena, unescaped, spans, sources, staged, prepared, reader, .. } = self;
        let mut places = prepared.iter_mut();
        let mut key_before = None;
        let mut has_runs = false;
        for staged in staged[from..to].chunk_by(|a, b| a.source == b.source) {
            let source = &sources[staged[0].source as usize];
            let bytes = source.bytes(arena);
            let session = &conns[source.token].session;
            for (staged, prepared) in staged.iter().zip(&mut places) {
                let bytes = staged.bytes(bytes, unescaped);
                let spans = staged.spans(spans);
                let arg = |index: usize| spans[index].at(staged.start, bytes);
                *prepared = dispatch::prepare(engine, session, spans.len(), arg);
                has_runs |= prepared.key() == key_before;
                key_before = prepared.key();
            }
        }
        dispatch::prefetch::<WINDOW>(&engine.keyspace.glance(reader), &prepared[..to - from]);
        if has_runs {
            self.fetch_members(from..to, engine);
        }
        Window { staged: from..to, started_us, timed_apart_us: 0 }
    }

    /// For requests in a row with the same key: fetches the members of its value that they name.
    fn fetch_members(&self, window: Range<usize>, engine: &Engine) {
        let argument = |staged: &Staged, at: usize| {
            let bytes = self.sources[staged.source as usize].bytes(&self.arena);
            let span = staged.spans(&self.spans).get(at)?;
            Some(span.at(staged.start, staged.bytes(bytes, &self.unescaped)))
        };
        let mut staged = &self.staged[window.clone()];
        for run in self.prepared[..window.len()].chunk_by(Prepared::has_key_of) {
            let (staged_of_run, rest) = staged.split_at(run.len());
            staged = rest;
            if run.len() >= members::RUN_MIN
                && let Some((db, hash, key, _)) = run[0].member()
                && let Some(key) = argument(&staged_of_run[0], key)
            {
                let requests = run.iter().zip(staged_of_run);
                let members = requests.filter_map(|(prepared, staged)| argument(staged, prepared.member()?.3));
                members::fetch(engine, db, hash, key, members);
            }
        }
    }

    /// Runs some requests of one source, up to one after which its connection may run no more or much is to be sent; returns
    /// the next one.
    #[inline(never)] // As above.
    fn execute(
        &mut self,
        source: usize,
        requests: Range<usize>,
        conn: &mut Conn,
        window: &mut Window,
        engine: &Engine,
        now_ms: i64,
    ) -> usize {
        let Self { arena, unescaped, spans, sources, staged, prepared, writer, translated, sharing, many, .. } = self;
        let bytes = sources[source].bytes(arena);
        let prepared = &prepared[requests.start - window.staged.start..];
        let mut few = [&[][..]; FEW_ARGUMENTS];
        let mut many_here: Vec<&[u8]> = std::mem::take(many);
        let mut next = requests.start;
        let mut shares = Shares::default();
        for (staged, prepared) in staged[requests].iter().zip(prepared) {
            next += 1;
            let bytes = staged.bytes(bytes, unescaped);
            let spans = staged.spans(spans);
            let argv = if let Some(argv) = few.get_mut(..spans.len()) {
                argv.iter_mut().zip(spans).for_each(|(arg, span)| *arg = span.at(staged.start, bytes));
                &*argv
            } else {
                many_here.clear();
                if many_here.try_reserve(spans.len()).is_err() {
                    conn.session.close = Close::Now;
                    break;
                }
                many_here.extend(spans.iter().map(|span| span.at(staged.start, bytes)));
                &*many_here
            };
            let start = writer.len();
            let timing = if conn.dialect == Dialect::Original {
                original::execute(engine, &mut conn.session, argv, prepared, now_ms, translated, writer)
            } else {
                dispatch::execute(engine, &mut conn.session, argv, prepared, now_ms, writer)
            };
            let may_run = match timing {
                Timing::Plain(id) => {
                    if id != shares.id {
                        sharing.add(shares);
                        shares = Shares { id, calls: 0 };
                    }
                    shares.calls += 1;
                    true
                }
                Timing::Shared(id) => {
                    sharing.add(std::mem::replace(&mut shares, Shares { id, calls: 1 }));
                    conn.may_run()
                }
                Timing::Alone(took_us) => {
                    window.timed_apart_us += took_us;
                    conn.may_run()
                }
                Timing::None => conn.may_run(),
            };
            if writer.is_short_of_memory() {
                // Not even the error found room. Without a reply to one request, those to others would be taken for it.
                writer.truncate(start);
                conn.session.close = Close::Now;
                break;
            }
            if writer.len() > REPLY_BYTES_SENT_AT || !may_run {
                break;
            }
        }
        sharing.add(shares);
        if many_here.capacity() <= MANY_ARGUMENTS_KEPT {
            *many = emptied(many_here);
        }
        next
    }

    /// Shares the time of a window among its requests that were not measured alone.
    fn account(&mut self, window: &Window, conn: &Conn, engine: &Engine) {
        let requests: u64 = self.sharing.0.iter().map(|shares| shares.calls).sum();
        if requests == 0 {
            return;
        }
        let took_us = engine.clock.elapsed_us().saturating_sub(window.started_us + window.timed_apart_us);
        // Which of them it was that took so long is not known, but they are all short ones.
        engine.note_latency("fast-command", took_us);
        let mut given = (0, 0);
        for shares in self.sharing.0.drain(..) {
            // Rounding errors do not add up: each share is the difference of two running totals.
            let total_us = took_us * (given.0 + shares.calls) / requests;
            conn.session.counters.took(shares.id, total_us - given.1, shares.calls);
            given = (given.0 + shares.calls, total_us);
        }
    }

    /// Keeps what was not executed, and answers a protocol error.
    fn finish(&mut self, index: usize, done: usize, conn: &mut Conn, engine: &Engine) {
        let source = &mut self.sources[index];
        let is_whole = done == source.parsed;
        match &mut source.bytes {
            Bytes::Arena(range) => {
                let rest = &self.arena[range.start + done..range.end];
                if !rest.is_empty() {
                    match conn.input.try_reserve_exact(rest.len()) {
                        Ok(()) => conn.input.extend_from_slice(rest),
                        Err(_) => conn.gone = true,
                    }
                }
            }
            Bytes::Own(bytes) => {
                bytes.drain(..done);
                if !bytes.is_empty() {
                    conn.input = std::mem::take(bytes);
                }
            }
        }
        if !is_whole {
            // The parser was ahead: what it remembers belongs to a request further behind.
            conn.parser.reset();
            conn.want = 0;
        } else if let Some(error) = source.error.take() {
            error.write_reply(&mut self.writer);
            conn.session.close = Close::AfterReplies;
            conn.input = Vec::new();
        }
        if conn.session.close != Close::No {
            conn.input = Vec::new();
            conn.gone |= conn.session.close == Close::Now;
        }
        let client = &conn.session.client;
        client.query_bytes.store(conn.input.len() as u64, Relaxed);
        client.query_capacity.store(conn.input.capacity() as u64, Relaxed);
        if conn.input.len() > engine.settings.hot().client_query_buffer_limit.load(Relaxed) {
            engine.stats.client_query_limit_disconnections.fetch_add(1, Relaxed);
            engine.log.note(
                Level::Warning,
                format_args!(
                    "Closing client that reached max query buffer length: id={} addr={}",
                    client.id, client.addr
                ),
            );
            conn.gone = true;
        }
    }

    /// Sends the replies gathered so far: each connection's end at the noted offset.
    fn send(&mut self, conns: &mut Slots<Conn>, engine: &Engine) {
        let mut start = 0;
        for (token, end) in self.unsent.drain(..) {
            if end > start {
                conns[token].send(engine, &self.writer.bytes()[start..end]);
            }
            start = end;
        }
        self.writer.clear();
        if self.writer.buffer_mut().capacity() > 2 * REPLY_BYTES_SENT_AT {
            // One giant reply must not be paid for ever after.
            self.writer.take();
        }
    }
}

/// What becomes of a connection whose requests find no room.
fn no_memory(dialect: Dialect) -> ProtocolError {
    if dialect == Dialect::Original { ProtocolError::Frame } else { ProtocolError::NoMemory }
}

/// The same memory for arguments of other lifetimes: collecting nothing from a vector keeps its allocation.
fn emptied(mut arguments: Vec<&[u8]>) -> Vec<&'static [u8]> {
    arguments.clear();
    arguments.into_iter().map(|_| &[][..]).collect()
}

impl Staged {
    /// The bytes that [`Staged::start`] refers to; `source` are those of its source.
    #[inline(always)]
    fn bytes<'a>(&self, source: &'a [u8], unescaped: &'a [u8]) -> &'a [u8] {
        if self.is_unescaped { unescaped } else { source }
    }

    /// Where its arguments are, from [`Staged::start`] on.
    #[inline(always)]
    fn spans<'a>(&self, spans: &'a [Span]) -> &'a [Span] {
        &spans[self.spans as usize..][..self.argc as usize]
    }
}

/// So many calls of one command in a row.
#[derive(Clone, Copy, Default)]
struct Shares {
    id: u16,
    calls: u64,
}

/// Calls that share the time of their window; no more of them than it has requests.
#[derive(Default)]
struct Sharing(Vec<Shares>);

impl Sharing {
    fn add(&mut self, shares: Shares) {
        match self.0.last_mut() {
            _ if shares.calls == 0 => {}
            Some(last) if last.id == shares.id => last.calls += shares.calls,
            _ => self.0.push(shares),
        }
    }
}

/// Requests that were prepared together.
struct Window {
    staged: Range<usize>,
    started_us: u64,
    /// Time of requests in it that were measured alone.
    timed_apart_us: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_for_arguments_is_used_again() {
        let mut many = Vec::with_capacity(100);
        let text = b"argument".to_vec();
        many.push(&text[..]);
        let (room, capacity) = (many.as_ptr() as usize, many.capacity());
        let many = emptied(many);
        assert!(many.is_empty() && many.as_ptr() as usize == room && many.capacity() == capacity);
    }
}
