//! Replies that the socket did not take yet.

use super::stream::Stream;
use std::io::{self, Write};

/// A backlog whose sent part is larger than this, and larger than the rest, is moved to the front.
const COMPACT_BYTES: usize = 64 * 1024;

/// The unsent replies of one connection; owns no memory while there are none.
#[derive(Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// Bytes not sent yet.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether everything is sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds bytes behind those not sent yet; false if there is no memory for them.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        if self.sent > COMPACT_BYTES && self.sent > self.len() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        if self.bytes.try_reserve(bytes.len()).is_err() {
            return false;
        }
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// Sends as much as the socket takes; how many bytes that were.
    ///
    /// # Errors
    /// Those of write, except `WouldBlock`.
    pub fn send(&mut self, stream: &Stream) -> io::Result<usize> {
        let before = self.sent;
        while self.sent < self.bytes.len() {
            match write_once(stream, &self.bytes[self.sent..])? {
                0 => return Ok(self.sent - before),
                n => self.sent += n,
            }
        }
        let sent = self.sent - before;
        *self = Self::default();
        Ok(sent)
    }
}

/// Writes what the socket takes of `bytes`, 0 when it takes none now.
///
/// # Errors
/// Those of write, except `WouldBlock`.
#[inline]
pub fn write_once(mut stream: &Stream, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(bytes) {
            Ok(n) => return Ok(n),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
