//! Error replies as values. The texts are Redis's, byte for byte.

use crate::storage::Text;
use std::borrow::Cow;
use std::fmt;

/// An error reply: its text without the leading `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(pub Cow<'static, [u8]>);

impl CommandError {
    /// An error with a fixed text.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// An error with a text that somebody else has made.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// An error with a composed text; [`CommandError::NO_MEMORY`] if there is no memory for it.
    pub fn composed(pieces: fmt::Arguments<'_>) -> Self {
        Self::finished(|text| text.put(pieces))
    }

    /// [`CommandError::composed`] of bytes one after the other.
    pub fn joined(parts: &[&[u8]]) -> Self {
        Self::finished(|text| parts.iter().for_each(|part| text.push(part)))
    }

    fn finished(write: impl FnOnce(&mut Text)) -> Self {
        let mut text = Text::new();
        write(&mut text);
        text.finish().map_or(Self::NO_MEMORY, |text| Self(Cow::Owned(text)))
    }

    /// An error that quotes the client's words. As in Redis, whose texts are C strings, they end at the first NUL.
    pub fn quoting(before: &str, words: &[u8], after: &str) -> Self {
        Self::joined(&[before.as_bytes(), shown(words), after.as_bytes()])
    }

    /// What EXEC answers when it is refused for this reason.
    pub fn aborting(&self) -> Self {
        let reason = self.0.strip_prefix(b"ERR ").unwrap_or(&self.0);
        Self::joined(&[b"EXECABORT Transaction discarded because of: ", reason])
    }

    pub const WRONG_TYPE: Self = Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub const SYNTAX: Self = Self::fixed("ERR syntax error");
    pub const NOT_INTEGER: Self = Self::fixed("ERR value is not an integer or out of range");
    pub const NOT_FLOAT: Self = Self::fixed("ERR value is not a valid float");
    pub const OUT_OF_RANGE: Self = Self::fixed("ERR value is out of range");
    pub const INT_OUT_OF_RANGE: Self =
        Self::fixed("ERR value is out of range, value must between -2147483648 and 2147483647");
    pub const NO_SUCH_KEY: Self = Self::fixed("ERR no such key");
    pub const SAME_OBJECT: Self = Self::fixed("ERR source and destination objects are the same");
    pub const INDEX_OUT_OF_RANGE: Self = Self::fixed("ERR index out of range");
    pub const DB_INDEX_OUT_OF_RANGE: Self = Self::fixed("ERR DB index is out of range");
    pub const OVERFLOW: Self = Self::fixed("ERR increment or decrement would overflow");
    pub const TOO_LONG: Self = Self::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    pub const OUT_OF_MEMORY: Self = Self::fixed("OOM command not allowed when used memory > 'maxmemory'.");
    pub const NO_MEMORY: Self = Self::fixed("OOM out of memory");
    pub const NO_AUTH: Self = Self::fixed("NOAUTH Authentication required.");
    pub const EXEC_ABORT: Self = Self::fixed("EXECABORT Transaction discarded because of previous errors.");
    pub const DAMAGED: Self =
        Self::fixed("ERR an internal error has damaged the data of these keys; they are not served until FLUSHALL");

    /// `ERR invalid expire time in 'set' command`.
    pub fn invalid_expire(command: &str) -> Self {
        Self::composed(format_args!("ERR invalid expire time in '{command}' command"))
    }

    /// `ERR wrong number of arguments for 'get' command`.
    pub fn wrong_arity(command: &str) -> Self {
        Self::composed(format_args!("ERR wrong number of arguments for '{command}' command"))
    }

    /// `ERR unknown command 'x', with args beginning with: 'a' 'b' `; of the arguments 128 bytes in all are shown.
    pub fn unknown_command(argv: &[&[u8]]) -> Self {
        Self::finished(|text| {
            let name = argv.first().map_or(&b""[..], |name| &name[..name.len().min(SHOWN_MAX)]);
            for part in [b"ERR unknown command '", shown(name), b"', with args beginning with: "] {
                text.push(part);
            }
            let mut left = SHOWN_MAX;
            for arg in argv.get(1..).unwrap_or_default() {
                if left == 0 {
                    break;
                }
                let shown = shown(&arg[..arg.len().min(left)]);
                for part in [b"'", shown, b"' "] {
                    text.push(part);
                }
                left = left.saturating_sub(shown.len() + 3);
            }
        })
    }

    /// `ERR unknown subcommand 'x'. Try CONFIG HELP.`
    pub fn unknown_subcommand(container: &[u8], subcommand: &[u8]) -> Self {
        Self::about_subcommand("ERR unknown subcommand '", container, subcommand)
    }

    /// What a command answers that `enable-debug-command` and its like do not allow.
    pub fn protected(command: &str) -> Self {
        let name = command.split('|').next().unwrap_or(command);
        Self::composed(format_args!(
            "ERR {} command not allowed. If the enable-{name}-command option is set to \"local\", you can run it from a \
             local connection, otherwise you need to set this option in the configuration file, and then restart the \
             server.",
            Upper(name.as_bytes())
        ))
    }

    fn about_subcommand(complaint: &str, container: &[u8], subcommand: &[u8]) -> Self {
        let subcommand = shown(&subcommand[..subcommand.len().min(SHOWN_MAX)]);
        Self::finished(|text| {
            text.push(complaint.as_bytes());
            text.push(subcommand);
            text.put(format_args!("'. Try {} HELP.", Upper(container)));
        })
    }

    /// `ERR unknown subcommand or wrong number of arguments for 'x'. Try CONFIG HELP.`
    pub fn bad_subcommand(container: &[u8], subcommand: &[u8]) -> Self {
        Self::about_subcommand("ERR unknown subcommand or wrong number of arguments for '", container, subcommand)
    }
}

/// A name in capitals; what is no text in it is shown as such.
pub(super) struct Upper<'a>(pub &'a [u8]);

impl fmt::Display for Upper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.utf8_chunks().try_for_each(|chunk| {
            chunk.valid().chars().try_for_each(|letter| fmt::Write::write_char(f, letter.to_ascii_uppercase()))?;
            if chunk.invalid().is_empty() { Ok(()) } else { fmt::Write::write_char(f, char::REPLACEMENT_CHARACTER) }
        })
    }
}

/// Bytes of an unknown command that its error quotes.
const SHOWN_MAX: usize = 128;

/// What an error text shows of a client's words.
pub(super) fn shown(words: &[u8]) -> &[u8] {
    words.split(|byte| *byte == 0).next().unwrap_or(words)
}

impl From<crate::keyspace::NoMemory> for CommandError {
    fn from(_: crate::keyspace::NoMemory) -> Self {
        Self::NO_MEMORY
    }
}
