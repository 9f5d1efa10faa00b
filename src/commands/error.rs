//! Error replies as values. The texts are Redis's, byte for byte.

use std::borrow::Cow;

/// An error reply: its text without the leading `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(pub Cow<'static, [u8]>);

impl CommandError {
    /// An error with a fixed text.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// An error with a composed text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// An error that quotes the client's words. As in Redis, whose texts are C strings, they end at the first NUL.
    pub fn quoting(before: &str, words: &[u8], after: &str) -> Self {
        Self::text([before.as_bytes(), shown(words), after.as_bytes()].concat())
    }

    /// What EXEC answers when it is refused for this reason.
    pub fn aborting(&self) -> Self {
        let reason = self.0.strip_prefix(b"ERR ").unwrap_or(&self.0);
        Self::text([b"EXECABORT Transaction discarded because of: ", reason].concat())
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
        Self::text(format!("ERR invalid expire time in '{command}' command"))
    }

    /// `ERR wrong number of arguments for 'get' command`.
    pub fn wrong_arity(command: &str) -> Self {
        Self::text(format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// `ERR unknown command 'x', with args beginning with: 'a' 'b' `; of the arguments 128 bytes in all are shown.
    pub fn unknown_command(argv: &[&[u8]]) -> Self {
        let mut args = Vec::new();
        for arg in argv.get(1..).unwrap_or_default() {
            let Some(room @ 1..) = SHOWN_MAX.checked_sub(args.len()) else { break };
            args.push(b'\'');
            args.extend_from_slice(shown(&arg[..arg.len().min(room)]));
            args.extend_from_slice(b"' ");
        }
        let name = argv.first().map_or(&b""[..], |name| &name[..name.len().min(SHOWN_MAX)]);
        let text = [b"ERR unknown command '", shown(name), b"', with args beginning with: ", &args];
        Self::text(text.concat())
    }

    /// `ERR unknown subcommand 'x'. Try CONFIG HELP.`
    pub fn unknown_subcommand(container: &[u8], subcommand: &[u8]) -> Self {
        Self::about_subcommand("ERR unknown subcommand '", container, subcommand)
    }

    /// What a command answers that `enable-debug-command` and its like do not allow.
    pub fn protected(command: &str) -> Self {
        let name = command.split('|').next().unwrap_or(command);
        Self::text(format!(
            "ERR {} command not allowed. If the enable-{name}-command option is set to \"local\", you can run it from a \
             local connection, otherwise you need to set this option in the configuration file, and then restart the \
             server.",
            name.to_ascii_uppercase()
        ))
    }

    fn about_subcommand(complaint: &str, container: &[u8], subcommand: &[u8]) -> Self {
        let hint = format!("'. Try {} HELP.", String::from_utf8_lossy(container).to_ascii_uppercase());
        Self::quoting(complaint, &subcommand[..subcommand.len().min(SHOWN_MAX)], &hint)
    }

    /// `ERR unknown subcommand or wrong number of arguments for 'x'. Try CONFIG HELP.`
    pub fn bad_subcommand(container: &[u8], subcommand: &[u8]) -> Self {
        Self::about_subcommand("ERR unknown subcommand or wrong number of arguments for '", container, subcommand)
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
