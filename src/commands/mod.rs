//! Commands: one declarative table ([`spec`]), one [`dispatch`], one file per family.
//!
//! A handler parses its options, then works on data that dispatch has locked for it, and writes its reply. It
//! never locks, never sees a socket, and returns errors as values; dispatch writes them.

pub mod args;
mod ctx;
pub mod dispatch;
mod error;
mod help;
pub mod names;
pub mod session;
pub mod spec;

pub mod bitmap;
pub mod blocking;
pub mod client;
pub mod command;
pub mod config;
pub mod connection;
pub mod debug;
pub mod dump;
pub mod expire;
pub mod flush;
pub mod function;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod host;
pub mod hyperloglog;
pub mod info;
pub mod latency;
pub mod list;
pub mod lolwut;
pub mod members;
pub mod memory;
pub mod monitor;
pub mod object;
pub mod original;
mod redact;
pub mod scan;
pub mod scripting;
pub mod server;
pub mod set;
pub mod slowlog;
pub mod sort;
pub mod stream;
pub mod string;
pub mod transaction;
pub mod typed;
pub mod zset;

#[cfg(test)]
mod large_values;

pub use crate::engine::events::Class;
pub use args::{Args, Key};
pub use ctx::Ctx;
pub use error::CommandError;
pub use session::Session;

/// What a handler returns: nothing, its reply is written, or the error to reply instead.
pub type CmdResult = Result<(), CommandError>;

/// A command's implementation.
pub type Handler = fn(&mut Ctx, &Args) -> CmdResult;
