//! Replies: results to RESP2 or RESP3 bytes, appended to one buffer.
//!
//! A command handler says what its result is (`map`, `double`, `null`); the writer knows how the
//! client's protocol version spells it. The bytes are those of Redis 7.0.15: in RESP2 a map is an array of
//! twice the length, a double or a verbatim text a bulk string, a boolean an integer.
//!
//! All lengths and integers below 1000 are built in a register and stored with one eight-byte copy;
//! the buffer is then cut back to what counts. An aggregate whose length is known
//! only afterwards is written between [`ReplyWriter::begin`] and one of the `end_` functions, which move
//! its elements once to make room for the header.
//!
//! **Invariant.** Text can never break the framing: CR and LF in a status or an error become spaces.
//!
//! **Cost.** `$64` plus its bytes: about 5 ns. No allocation while the buffer's capacity lasts.

use super::number::{IntegerText, write_double_17g};

/// The protocol version a session has chosen with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// Where the elements of an aggregate of unknown length begin.
#[derive(Clone, Copy, Debug)]
#[must_use = "an aggregate that is begun must be ended"]
pub struct Mark(usize);

/// The replies of one session, in order, in one buffer.
#[derive(Debug, Default)]
pub struct ReplyWriter {
    buffer: Vec<u8>,
    protocol: Protocol,
    /// Something did not fit into memory and is left out.
    is_short: bool,
}

/// CR and LF must not occur in a reply that is one line.
pub(super) fn breaks_line(byte: u8) -> bool {
    byte == b'\r' || byte == b'\n'
}

/// Room for a marker, an integer and the line's end.
const HEADER_BYTES_MAX: usize = 24;
/// Room for a double, its header and the line's end.
const DOUBLE_BYTES_MAX: usize = 64;

impl ReplyWriter {
    pub fn new(protocol: Protocol) -> Self {
        Self { buffer: Vec::new(), protocol, is_short: false }
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// What has been written and not taken.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Drops all bytes and keeps the capacity.
    pub fn clear(&mut self) {
        self.is_short = false;
        self.buffer.clear();
    }

    /// Takes back everything after the first `len` bytes, as when a command fails half-way.
    pub fn truncate(&mut self, len: usize) {
        self.is_short = false;
        self.buffer.truncate(len);
    }

    /// The bytes, leaving an empty buffer without capacity.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Whether anything was left out because there was no memory for it. Then the reply is none: whoever has asked for it
    /// takes it back by [`ReplyWriter::truncate`] and writes an error.
    #[inline]
    pub fn is_short_of_memory(&self) -> bool {
        self.is_short
    }

    /// Makes room for so many bytes; false if there is no memory, or was none before.
    #[inline]
    fn make_room(&mut self, bytes: usize) -> bool {
        bytes <= self.buffer.capacity() - self.buffer.len() || self.grow(bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> bool {
        self.is_short |= self.buffer.try_reserve(bytes).is_err();
        !self.is_short
    }

    /// Appends bytes, unless there is no memory for them.
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        if self.make_room(bytes.len()) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    #[inline(always)]
    fn put_byte(&mut self, byte: u8) {
        if self.make_room(1) {
            self.buffer.push(byte);
        }
    }

    /// The buffer itself, for swapping it, draining it, or appending finished reply bytes.
    #[inline]
    pub fn buffer_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    // ---- lines ----

    #[inline]
    pub fn ok(&mut self) {
        self.put(b"+OK\r\n");
    }

    #[inline]
    pub fn pong(&mut self) {
        self.put(b"+PONG\r\n");
    }

    /// A simple string, given without its marker.
    pub fn status(&mut self, text: &str) {
        self.status_bytes(text.as_bytes());
    }

    /// [`ReplyWriter::status`] whose text may be anything.
    pub fn status_bytes(&mut self, text: &[u8]) {
        self.line(b'+', &[text]);
    }

    /// An error; `text` begins with its code, as in `WRONGTYPE Operation against ...`.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'-', &[text.as_ref()]);
    }

    /// An error of the general code: `-ERR ` is put before `text`.
    pub fn err(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'-', &[b"ERR ", text.as_ref()]);
    }

    /// An error put together from pieces, some of them the client's own bytes.
    pub fn error_parts(&mut self, parts: &[&[u8]]) {
        self.line(b'-', parts);
    }

    /// One line of text that may hold anything: what would end the line early becomes a space.
    fn line(&mut self, marker: u8, parts: &[&[u8]]) {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if !self.make_room(len + 3) {
            return;
        }
        self.buffer.push(marker);
        let start = self.buffer.len();
        for part in parts {
            self.buffer.extend_from_slice(part);
        }
        if let Some(text) = self.buffer.get_mut(start..) {
            for byte in text.iter_mut().filter(|byte| breaks_line(**byte)) {
                *byte = b' ';
            }
        }
        self.crlf();
    }

    // ---- scalars ----

    #[inline]
    pub fn integer(&mut self, value: i64) {
        if (0..1000).contains(&value) {
            self.small(b':', value as u32);
        } else {
            self.large(b':', value);
        }
    }

    pub fn bulk(&mut self, data: &[u8]) {
        self.bulk_here(data);
    }

    /// [`ReplyWriter::bulk`] in the middle of its caller.
    #[inline(always)]
    pub fn bulk_here(&mut self, data: &[u8]) {
        // One place to grow, so that the three copies below find room.
        if !self.make_room(data.len() + HEADER_BYTES_MAX + 2) {
            return;
        }
        self.header(b'$', data.len());
        self.buffer.extend_from_slice(data);
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An integer as a bulk string, as GET answers for a value stored as a number.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(IntegerText::new().format(value));
    }

    #[inline]
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.put(b"$-1\r\n"),
            Protocol::Resp3 => self.put(b"_\r\n"),
        }
    }

    /// The absence of an array, which RESP2 tells from the absence of a string.
    #[inline]
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.put(b"*-1\r\n"),
            Protocol::Resp3 => self.put(b"_\r\n"),
        }
    }

    /// A double with 17 significant digits (`%.17g`), which is how Redis answers scores. INCRBYFLOAT's long doubles
    /// are bulk strings in both protocols.
    pub fn double(&mut self, value: f64) {
        match self.protocol {
            Protocol::Resp2 => {
                if !self.make_room(DOUBLE_BYTES_MAX) {
                    return;
                }
                let mark = self.begin();
                write_double_17g(value, &mut self.buffer);
                let len = self.buffer.len() - mark.0;
                self.insert_header(mark, b'$', len);
            }
            Protocol::Resp3 => {
                if !self.make_room(DOUBLE_BYTES_MAX) {
                    return;
                }
                self.put_byte(b',');
                write_double_17g(value, &mut self.buffer);
            }
        }
        self.crlf();
    }

    /// A double whose text the caller has made, as for a `long double`.
    pub fn double_text(&mut self, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(b',', &[text]),
        }
    }

    pub fn boolean(&mut self, value: bool) {
        let bytes = match (self.protocol, value) {
            (Protocol::Resp2, false) => b":0\r\n",
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
            (Protocol::Resp3, true) => b"#t\r\n",
        };
        self.put(bytes);
    }

    /// An integer beyond 64 bits, as decimal text.
    pub fn big_number(&mut self, digits: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits.as_bytes()),
            Protocol::Resp3 => self.line(b'(', &[digits.as_bytes()]),
        }
    }

    /// Text for people; `format` is three characters, `txt` or `mkd`.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        if self.protocol == Protocol::Resp2 {
            return self.bulk(text);
        }
        let mut tag = *b"   :";
        for (slot, byte) in tag.iter_mut().take(3).zip(format.bytes()) {
            *slot = byte;
        }
        if !self.make_room(text.len() + HEADER_BYTES_MAX + tag.len() + 2) {
            return;
        }
        self.header(b'=', text.len() + tag.len());
        self.put(&tag);
        self.put(text);
        self.crlf();
    }

    // ---- aggregates of known length: the elements follow ----

    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len);
    }

    /// `pairs` keys, each followed by its value.
    #[inline]
    pub fn map(&mut self, pairs: usize) {
        let (marker, len) = self.map_header(pairs);
        self.header(marker, len);
    }

    #[inline]
    pub fn set(&mut self, len: usize) {
        let marker = self.marker(b'~');
        self.header(marker, len);
    }

    /// An out-of-band message, such as one published to a channel.
    #[inline]
    pub fn push(&mut self, len: usize) {
        let marker = self.marker(b'>');
        self.header(marker, len);
    }

    /// `pairs` keys and values that annotate the next value; RESP3 only.
    pub fn attribute(&mut self, pairs: usize) {
        self.header(b'|', pairs);
    }

    // ---- aggregates whose length is known only after their elements ----

    /// Begins an aggregate; write its elements, then call one of the `end_` functions. Aggregates nest.
    #[inline]
    pub fn begin(&self) -> Mark {
        Mark(self.buffer.len())
    }

    pub fn end_array(&mut self, mark: Mark, len: usize) {
        self.insert_header(mark, b'*', len);
    }

    pub fn end_map(&mut self, mark: Mark, pairs: usize) {
        let (marker, len) = self.map_header(pairs);
        self.insert_header(mark, marker, len);
    }

    pub fn end_set(&mut self, mark: Mark, len: usize) {
        let marker = self.marker(b'~');
        self.insert_header(mark, marker, len);
    }

    /// Puts a header before everything written since `mark` by moving that once.
    fn insert_header(&mut self, mark: Mark, marker: u8, len: usize) {
        let end = self.buffer.len();
        let start = mark.0.min(end);
        self.header(marker, len);
        // The header stands behind the elements; keep it aside while they move over it.
        let mut header = [0u8; HEADER_BYTES_MAX];
        let written = self.buffer.len() - end;
        if let (Some(slot), Some(bytes)) = (header.get_mut(..written), self.buffer.get(end..)) {
            slot.copy_from_slice(bytes);
            self.buffer.copy_within(start..end, start + written);
            self.buffer[start..start + written].copy_from_slice(slot);
        }
    }

    /// Puts what `write` writes before everything written since `mark`, as for the cursor of a SCAN, which is known
    /// only after the keys.
    pub fn prepend(&mut self, mark: Mark, write: impl FnOnce(&mut Self)) {
        let end = self.buffer.len();
        write(self);
        let written = self.buffer.len() - end;
        if let Some(behind) = self.buffer.get_mut(mark.0.min(end)..) {
            behind.rotate_right(written);
        }
    }

    // ---- the one header routine ----

    #[inline(always)]
    fn marker(&self, resp3: u8) -> u8 {
        if self.protocol == Protocol::Resp3 { resp3 } else { b'*' }
    }

    #[inline(always)]
    fn map_header(&self, pairs: usize) -> (u8, usize) {
        match self.protocol {
            Protocol::Resp2 => (b'*', pairs.saturating_mul(2)),
            Protocol::Resp3 => (b'%', pairs),
        }
    }

    #[inline(always)]
    fn crlf(&mut self) {
        self.put(b"\r\n");
    }

    /// `marker`, the decimal `len`, CRLF.
    #[inline(always)]
    fn header(&mut self, marker: u8, len: usize) {
        if len < 1000 {
            self.small(marker, len as u32);
        } else {
            self.large(marker, len as i64);
        }
    }

    /// A header of at most three digits, put together in a register.
    #[inline(always)]
    fn small(&mut self, marker: u8, value: u32) {
        const CRLF: u64 = 0x0a0d;
        const ZERO: u64 = b'0' as u64;
        let value = u64::from(value);
        let (digits, count) = if value < 10 {
            (value + ZERO, 1)
        } else if value < 100 {
            ((value / 10 + ZERO) | (value % 10 + ZERO) << 8, 2)
        } else {
            let tens = value / 10;
            ((tens / 10 + ZERO) | (tens % 10 + ZERO) << 8 | (value % 10 + ZERO) << 16, 3)
        };
        let word = u64::from(marker) | digits << 8 | CRLF << (8 * (count + 1));
        if !self.make_room(size_of_val(&word)) {
            return;
        }
        let end = self.buffer.len() + count + 3;
        self.buffer.extend_from_slice(&word.to_le_bytes());
        self.buffer.truncate(end);
    }

    #[cold]
    fn large(&mut self, marker: u8, value: i64) {
        let mut text = IntegerText::new();
        let text = text.format(value);
        self.put_byte(marker);
        self.put(text);
        self.crlf();
    }
}
