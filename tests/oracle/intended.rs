//! Where redisrs differs from Redis on purpose. Every row has its reason, and the README repeats it.
//!
//! The tables are the only way to make a difference acceptable; they are empty until a decision is made, and a row is as
//! narrow as it can be.

use super::command::Command;
use super::resp::Received;

/// A difference in the replies to a command.
pub struct Intended {
    /// Upper case, with the subcommand if it has one: "CONFIG GET".
    pub title: &'static str,
    /// Which pairs of replies (ours, theirs) are meant.
    pub covers: fn(&Command, &Received, &Received) -> bool,
    pub reason: &'static str,
}

/// Replies.
pub const REPLIES: &[Intended] = &[];

/// Configuration parameters whose values differ: (name, reason).
pub const PARAMETERS: &[(&str, &str)] = &[];

/// INFO fields of Redis that redisrs does not print: ("section:field", reason).
pub const INFO_FIELDS_ABSENT: &[(&str, &str)] = &[];

/// Protocol cases (tests/protocol.rs) that end differently: (name of the case, reason).
pub const PROTOCOL_CASES: &[(&str, &str)] = &[];

/// Whether a row of [`REPLIES`] accepts this difference.
pub fn covers(command: &Command, ours: &Received, theirs: &Received) -> bool {
    REPLIES.iter().any(|row| row.title == command.title() && (row.covers)(command, ours, theirs))
}
