//! One running call of a host command.
//!
//! The host's function writes its reply piece by piece into the session's reply buffer. [`Call`] counts what is missing, so
//! that what reaches the client is always exactly one reply: a function that writes none, too much or too little, or breaks
//! another rule, is a fault, which is logged and becomes an error in the place of all it has written. What it has changed
//! stays changed, as after an error in the middle of a script.

use crate::commands::{Args, CmdResult, CommandError, Ctx, dispatch};
use crate::keyspace::{NoMemory, Text};
use smallvec::SmallVec;
use std::any::Any;

/// Aggregates within each other in one reply; clients and EXEC's own array need some room above.
const DEPTH_MAX: usize = 64;
/// Elements of one aggregate: what every reader of replies takes, also when RESP2 doubles a map's.
const ELEMENTS_MAX: usize = i32::MAX as usize;
/// Bytes of one string: as long as any client takes.
const BULK_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Bytes of a status or an error, which are one line each.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Room for what stands around a piece of a reply.
const FRAME_BYTES: usize = 48;

/// A rule of replying that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The reply was complete already.
    Complete,
    /// Too many elements, too long a text.
    TooLarge,
    /// Too many aggregates within each other.
    TooDeep,
    /// Memory is short.
    NoMemory,
}

impl Fault {
    /// What the function has done.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Complete => "has replied more than once",
            Self::TooLarge => "has replied with something too large",
            Self::TooDeep => "has nested its reply too deeply",
            Self::NoMemory => "found no memory for its reply",
        }
    }
}

/// A running call of a host command.
pub struct Call<'a, 'c, 'e> {
    pub(super) ctx: &'a mut Ctx<'c, 'e>,
    pub(super) args: &'a Args<'a>,
    /// Whether something was replied.
    is_begun: bool,
    /// Elements that are missing in each open aggregate, the innermost last.
    open: SmallVec<[usize; 8]>,
    /// The whole reply, if it is an error.
    error: Option<CommandError>,
    fault: Option<Fault>,
    /// Whether memory was above its limit when this was first asked.
    pub(super) is_out_of_memory: Option<bool>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<'a, 'c, 'e> Call<'a, 'c, 'e> {
    pub(super) fn new(ctx: &'a mut Ctx<'c, 'e>, args: &'a Args<'a>) -> Self {
        Self {
            ctx,
            args,
            is_begun: false,
            open: SmallVec::new(),
            error: None,
            fault: None,
            is_out_of_memory: None,
            panic: None,
        }
    }

    /// All arguments, the command's name first.
    pub fn argv(&self) -> &'a [&'a [u8]] {
        self.args.argv()
    }

    /// Replies with an integer.
    ///
    /// # Errors
    /// If a rule is broken, as for every reply; the call then ends with an error.
    pub fn reply_integer(&mut self, value: i64) -> Result<(), Fault> {
        self.value(0, |ctx| ctx.reply.integer(value))
    }

    /// Replies with a double.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_double(&mut self, value: f64) -> Result<(), Fault> {
        self.value(0, |ctx| ctx.reply.double(value))
    }

    /// Replies with a string of any bytes.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_bulk(&mut self, data: &[u8]) -> Result<(), Fault> {
        self.limit(data.len(), BULK_BYTES_MAX)?;
        self.value(data.len(), |ctx| ctx.reply.bulk(data))
    }

    /// Replies with a status, a text of one line: line breaks become spaces.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_status(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.limit(text.len(), LINE_BYTES_MAX)?;
        self.value(text.len(), |ctx| ctx.reply.status_bytes(text))
    }

    /// Replies with nothing.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_nil(&mut self) -> Result<(), Fault> {
        self.value(0, |ctx| ctx.reply.null())
    }

    /// Replies with an error; one without a code gets `ERR`. It is the outcome of the command, unless it is an element.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_error(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.limit(text.len(), LINE_BYTES_MAX)?;
        let Ok(text) = with_code(text) else { return Err(self.broken(Fault::NoMemory)) };
        let error = CommandError::text(text);
        if self.open.is_empty() {
            self.value(0, |_| ())?;
            self.error = Some(error);
            return Ok(());
        }
        self.value(error.0.len(), |ctx| dispatch::write_error(ctx.engine, ctx.reply, &error))
    }

    /// Replies with an array whose `len` elements are the next replies.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_array(&mut self, len: usize) -> Result<(), Fault> {
        self.aggregate(len, len, |ctx| ctx.reply.array(len))
    }

    /// Replies with a map of `pairs` pairs: key, value, key, value are the next replies.
    ///
    /// # Errors
    /// As [`Call::reply_integer`].
    pub fn reply_map(&mut self, pairs: usize) -> Result<(), Fault> {
        self.aggregate(pairs, pairs.saturating_mul(2), |ctx| ctx.reply.map(pairs))
    }

    /// Notes that the library itself has panicked while it worked for this call. The panic goes on when the host's
    /// function, which it cannot pass through, has returned.
    pub fn panicked(&mut self, payload: Box<dyn Any + Send>) {
        self.panic = Some(payload);
    }

    /// Whether [`Call::panicked`] was told of one. What the call works on may be damaged, so nothing more is done for it.
    pub fn has_panicked(&self) -> bool {
        self.panic.is_some()
    }

    fn aggregate(&mut self, len: usize, values: usize, write: impl FnOnce(&mut Ctx)) -> Result<(), Fault> {
        self.limit(len, ELEMENTS_MAX)?;
        if self.open.len() == DEPTH_MAX {
            return Err(self.broken(Fault::TooDeep));
        }
        self.put(0, values, write)
    }

    fn value(&mut self, bytes: usize, write: impl FnOnce(&mut Ctx)) -> Result<(), Fault> {
        self.put(bytes, 0, write)
    }

    /// Writes the next piece, which `values` others belong to.
    fn put(&mut self, bytes: usize, values: usize, write: impl FnOnce(&mut Ctx)) -> Result<(), Fault> {
        if self.is_begun && self.open.is_empty() {
            return Err(self.broken(Fault::Complete));
        }
        let has_room = self.ctx.reply.buffer_mut().try_reserve(bytes + FRAME_BYTES).is_ok();
        if !has_room || self.open.try_reserve(1).is_err() {
            return Err(self.broken(Fault::NoMemory));
        }
        self.is_begun = true;
        if let Some(missing) = self.open.last_mut() {
            *missing -= 1;
        }
        write(self.ctx);
        if values > 0 {
            self.open.push(values);
        }
        while self.open.last() == Some(&0) {
            self.open.pop();
        }
        Ok(())
    }

    fn limit(&mut self, len: usize, max: usize) -> Result<(), Fault> {
        if len > max { Err(self.broken(Fault::TooLarge)) } else { Ok(()) }
    }

    fn broken(&mut self, fault: Fault) -> Fault {
        *self.fault.get_or_insert(fault)
    }

    /// The outcome, after the host's function has returned.
    ///
    /// # Panics
    /// With the panic that [`Call::panicked`] was told of.
    pub(super) fn finish(self) -> CmdResult {
        if let Some(payload) = self.panic {
            std::panic::resume_unwind(payload);
        }
        let name = self.ctx.command.name;
        let complaint = match (self.fault, self.open.last()) {
            (Some(Fault::NoMemory), _) => return Err(CommandError::NO_MEMORY),
            (Some(fault), _) => fault.text(),
            (None, Some(_)) => "has replied with too few elements",
            (None, None) if !self.is_begun => "has not replied",
            (None, None) => return self.error.map_or(Ok(()), Err),
        };
        if let Ok(warning) = Text::string_of(format_args!("host command '{name}' {complaint}")) {
            self.ctx.engine.log.warning(&warning);
        }
        Err(CommandError::composed(format_args!("ERR host command '{name}' {complaint}")))
    }
}

/// An error's text with its code in front.
fn with_code(text: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_code = word.len() > 1
        && word[0].is_ascii_uppercase()
        && word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    let (code, text): (&[u8], &[u8]) = match (is_code, text) {
        (true, _) => (b"", text),
        (false, b"") => (b"ERR ", b"unknown error"),
        (false, _) => (b"ERR ", text),
    };
    let mut error = Vec::new();
    error.try_reserve_exact(code.len() + text.len())?;
    error.extend_from_slice(code);
    error.extend_from_slice(text);
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::with_code;

    #[test]
    fn an_error_always_has_a_code() {
        for (text, expected) in [
            ("", "ERR unknown error"),
            ("-", "ERR unknown error"),
            ("no", "ERR no"),
            ("A word", "ERR A word"),
            ("ERR no", "ERR no"),
            ("-LIMITED try later", "LIMITED try later"),
            ("BUSY", "BUSY"),
            ("Err no", "ERR Err no"),
            ("E_2 x", "E_2 x"),
            ("2BIG x", "ERR 2BIG x"),
            (" x", "ERR  x"),
        ] {
            assert_eq!(with_code(text.as_bytes()).as_deref(), Ok(expected.as_bytes()));
        }
    }
}
