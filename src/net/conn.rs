//! One connection: its socket, its session, and what is left over between two turns of its reactor.

use super::output::{Output, write_once};
use super::stream::Stream;
use crate::commands::Session;
use crate::commands::session::Close;
use crate::engine::Engine;
use crate::engine::log::Level;
use crate::resp::ReplyWriter;
use crate::resp::RequestParser;
use crate::resp::looks_original;
use std::io::{self, Read};
use std::sync::atomic::Ordering::Relaxed;

/// Bytes read from one connection before the next one gets its turn.
pub const READ_BYTES_MAX: usize = 16 * 1024;
/// A client that lets this much of its replies lie is not read from until it has taken them. Large, because stock
/// clients send a whole pipeline before they read the first reply.
const UNREAD_REPLIES_MAX: usize = 64 * 1024 * 1024;
/// Leftover input up to this size is moved in front of the next read instead of growing by itself.
pub const LEFTOVER_MOVED_MAX: usize = 16 * 1024;

/// What the client speaks; the first four bytes decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Undecided,
    Resp,
    /// The length-prefixed protocol of the original project.
    Original,
}

/// What a read brought.
pub enum Received {
    /// Bytes, now in the given buffer or in the connection's own.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The peer will send no more, or the connection broke.
    End,
}

/// One connection of a reactor. While idle it owns no buffer.
pub struct Conn {
    pub stream: Stream,
    pub session: Session,
    pub parser: RequestParser,
    pub dialect: Dialect,
    /// Received and not executed: the beginning of a request, or what waits behind a command that gave way.
    pub input: Vec<u8>,
    /// Bytes that `input` needs at least before it can hold a whole request.
    pub want: usize,
    pub output: Output,
    /// The reply of a command that gave way, as far as it has come.
    pub parked_reply: ReplyWriter,
    /// The socket may have more to read.
    pub readable: bool,
    /// The peer will send no more: the end of the stream is there to be read, and no event will announce it again.
    pub peer_closed: bool,
    /// In the reactor's queue of connections that have work.
    pub queued: bool,
    /// To be removed at the end of this turn.
    pub gone: bool,
    /// When its wait ends, as noted with the reactor.
    pub deadline_ms: Option<i64>,
    over_soft_limit_since_ms: Option<i64>,
}

impl Conn {
    /// A connection nothing has been read from yet.
    pub fn new(stream: Stream, session: Session) -> Self {
        Self {
            stream,
            session,
            parser: RequestParser::new(),
            dialect: Dialect::Undecided,
            input: Vec::new(),
            want: 0,
            output: Output::default(),
            parked_reply: ReplyWriter::default(),
            readable: true,
            peer_closed: false,
            queued: false,
            gone: false,
            deadline_ms: None,
            over_soft_limit_since_ms: None,
        }
    }

    /// Whether requests of this connection may run now.
    pub fn may_run(&self) -> bool {
        !self.gone
            && self.session.close == Close::No
            && self.session.parked.is_none()
            && self.output.len() < UNREAD_REPLIES_MAX
    }

    /// Reads once into `buffer`.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            return match (&self.stream).read(buffer) {
                Ok(0) => Received::End,
                Ok(n) => {
                    // A short read has emptied the socket; the next bytes raise a new event.
                    self.readable = n == buffer.len() || self.peer_closed;
                    Received::Bytes(n)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    Received::Nothing
                }
                Err(_) => Received::End,
            };
        }
    }

    /// Reads towards a large request straight into the connection's own buffer, which grows with what has
    /// really arrived, never with what was announced.
    pub fn receive_large(&mut self) -> Received {
        let before = self.input.len();
        let missing = self.want.saturating_sub(before).clamp(READ_BYTES_MAX, before.max(READ_BYTES_MAX));
        if self.input.try_reserve_exact(missing).is_err() {
            return Received::End;
        }
        let outcome = (&self.stream).take(missing as u64).read_to_end(&mut self.input);
        match (self.input.len() - before, outcome) {
            (0, Ok(_)) => Received::End,
            (0, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                Received::Nothing
            }
            (0, Err(_)) => Received::End,
            (n, outcome) => {
                self.readable = outcome.is_ok() || self.peer_closed;
                Received::Bytes(n)
            }
        }
    }

    /// Settles the dialect when enough has arrived; `false` if more bytes are needed.
    pub fn settle_dialect(&mut self, input: &[u8]) -> bool {
        if self.dialect != Dialect::Undecided {
            return true;
        }
        let Some(first) = input.first_chunk::<4>() else {
            // A line of one or two characters is complete in fewer bytes and deserves its error.
            let is_line = input.len() > 1
                && input.ends_with(b"\n")
                && input[..input.len() - 1].iter().all(|&byte| byte == b'\r' || (b' '..=b'~').contains(&byte));
            if is_line {
                self.dialect = Dialect::Resp;
            }
            return is_line;
        };
        self.dialect = if looks_original(first) { Dialect::Original } else { Dialect::Resp };
        self.session.is_original = self.dialect == Dialect::Original;
        true
    }

    /// Sends replies: directly if nothing is waiting, else behind what is.
    pub fn send(&mut self, engine: &Engine, bytes: &[u8]) {
        if bytes.is_empty() || self.gone {
            return;
        }
        let mut rest = bytes;
        if self.output.is_empty() {
            match write_once(&self.stream, bytes) {
                Ok(n) => {
                    self.count_sent(n);
                    rest = &bytes[n..];
                }
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
        if !rest.is_empty() {
            if !self.output.push(rest) {
                // A reply of which a part is missing is worse than none.
                engine.log.warning("Out of memory: a client whose replies do not fit is closed");
                self.gone = true;
                return;
            }
            self.flush();
            self.check_output_limits(engine);
        }
    }

    /// Sends what is waiting.
    pub fn flush(&mut self) {
        match self.output.send(&self.stream) {
            Ok(n) => self.count_sent(n),
            Err(_) => self.gone = true,
        }
        self.session.client.output_bytes.store(self.output.len() as u64, Relaxed);
    }

    fn count_sent(&self, n: usize) {
        crate::engine::stats::bump(&self.session.counters.bytes_out, n as u64);
        crate::engine::stats::bump(&self.session.counters.writes, 1);
    }

    /// Disconnects a client whose unread replies exceed `client-output-buffer-limit`.
    pub fn check_output_limits(&mut self, engine: &Engine) {
        let len = self.output.len();
        let limit = engine.settings.output_limit(self.session.client.kind());
        let over_soft = limit.soft_bytes > 0 && len > limit.soft_bytes;
        let now_ms = engine.clock.now_ms();
        let since_ms = if over_soft { Some(*self.over_soft_limit_since_ms.get_or_insert(now_ms)) } else { None };
        self.over_soft_limit_since_ms = since_ms;
        let soft_is_over = since_ms.is_some_and(|since_ms| now_ms - since_ms > limit.soft_seconds as i64 * 1000);
        if (limit.hard_bytes > 0 && len > limit.hard_bytes) || soft_is_over {
            engine.stats.client_output_limit_disconnections.fetch_add(1, Relaxed);
            engine.log.note(
                Level::Warning,
                format_args!(
                    "Client id={} addr={} scheduled to be closed ASAP for overcoming of output buffer limits.",
                    self.session.id(),
                    self.session.client.addr
                ),
            );
            self.gone = true;
        }
    }

    /// Whether the connection has nothing more to do.
    pub fn is_finished(&self) -> bool {
        self.gone || (self.session.close == Close::AfterReplies && self.output.is_empty())
    }
}
