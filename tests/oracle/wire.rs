//! One client connection: bytes out in chosen pieces, replies in until a sentinel.
//!
//! How many replies a pipeline yields is part of what is compared, so it can't be counted beforehand. Every pipeline
//! therefore ends with `ECHO <unique token>`, and replies are read until that token, the end of the stream, or
//! silence. [`End`] says which, and is compared like a reply.

use super::command::encode_multibulk;
use super::resp::{Received, Reply, parse};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long a server may think. Far above anything honest, so that a busy machine is not a difference.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Why no further reply came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The sentinel was answered: the connection is in order.
    Sentinel,
    Closed,
    Silent,
    Garbage(String),
}

pub struct Connection {
    stream: TcpStream,
    /// Received, not yet parsed.
    input: Vec<u8>,
    sentinels: usize,
}

impl Connection {
    pub fn open(port: u16) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection { stream, input: Vec::new(), sentinels: 0 })
    }

    pub fn local_address(&self) -> String {
        self.stream.local_addr().map(|address| address.to_string()).unwrap_or_default()
    }

    /// Writes `bytes`, one write per piece. Errors are left for the reading side to find: the peer may have closed with
    /// good reason, and what it said before that is in the receive buffer.
    pub fn send(&mut self, bytes: &[u8], borders: &[usize]) {
        let mut start = 0;
        for &border in borders.iter().chain(std::iter::once(&bytes.len())) {
            if self.stream.write_all(&bytes[start..border]).is_err() {
                return;
            }
            start = border;
            // Gives the server a chance to see the piece on its own.
            std::thread::yield_now();
        }
    }

    /// Sends `bytes` followed by a sentinel.
    pub fn send_with_sentinel(&mut self, bytes: &[u8], borders: &[usize]) {
        self.sentinels += 1;
        let mut all = bytes.to_vec();
        encode_multibulk(&[b"ECHO".to_vec(), self.token()], &mut all);
        self.send(&all, borders);
    }

    /// All replies up to the latest sentinel.
    pub fn replies(&mut self) -> (Vec<Received>, End) {
        let mut replies = Vec::new();
        loop {
            match self.reply(PATIENCE) {
                Ok(received) if received.reply == Reply::Bulk(self.token()) => return (replies, End::Sentinel),
                Ok(received) => replies.push(received),
                Err(end) => return (replies, end),
            }
        }
    }

    /// The next reply.
    pub fn reply(&mut self, patience: Duration) -> Result<Received, End> {
        let deadline = Instant::now() + patience;
        loop {
            match parse(&self.input) {
                Ok(Some(received)) => {
                    self.input.drain(..received.raw.len());
                    return Ok(received);
                }
                Ok(None) => self.receive(deadline)?,
                Err(reason) => {
                    return Err(End::Garbage(format!("{reason}: {}", super::command::escape_short(&self.input))));
                }
            }
        }
    }

    /// Everything that arrives until `token` has been seen whole, the peer closes, or silence; unparsed.
    pub fn raw(&mut self, token: Option<&[u8]>, patience: Duration) -> (Vec<u8>, End) {
        let mut deadline = Instant::now() + patience;
        loop {
            if token.is_some_and(|token| self.input.ends_with(token)) {
                return (std::mem::take(&mut self.input), End::Sentinel);
            }
            let before = self.input.len();
            if let Err(end) = self.receive(deadline) {
                return (std::mem::take(&mut self.input), end);
            }
            if self.input.len() > before {
                deadline = Instant::now() + patience;
            }
        }
    }

    /// A single request and its reply, for the harness's own questions.
    pub fn try_request<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Reply, End> {
        let mut bytes = Vec::new();
        encode_multibulk(arguments, &mut bytes);
        self.send(&bytes, &[]);
        self.reply(PATIENCE).map(|received| received.reply)
    }

    fn token(&self) -> Vec<u8> {
        format!("oracle-sentinel-{}", self.sentinels).into_bytes()
    }

    fn receive(&mut self, deadline: Instant) -> Result<(), End> {
        let left = deadline.saturating_duration_since(Instant::now());
        // Without time, what is there already is still taken.
        if left.is_zero() {
            self.stream.set_nonblocking(true).expect("a socket can be made so");
        } else {
            self.stream.set_read_timeout(Some(left)).expect("a non-zero timeout is accepted");
        }
        let mut buffer = [0; 65536];
        let outcome = self.stream.read(&mut buffer);
        if left.is_zero() {
            self.stream.set_nonblocking(false).expect("a socket can be made so");
        }
        match outcome {
            Ok(0) => Err(End::Closed),
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(End::Silent),
                ErrorKind::Interrupted => Ok(()),
                // A reset is a close whose peer had unread input.
                _ => Err(End::Closed),
            },
        }
    }
}
