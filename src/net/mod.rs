//! Reactors, listeners and connections: everything that knows sockets, nothing that knows commands.
//!
//! Each [`reactor::Reactor`] has its own poll and its own connections, and runs a request from its first byte to
//! its last on the thread that read it. Only what must reach a client of another thread goes through that
//! reactor's [`mailbox::Mailbox`].

mod batch;
mod conn;
mod deadlines;
mod doze;
mod drain;
mod events;
pub mod listener;
pub mod mailbox;
mod output;
pub mod reactor;
#[allow(unsafe_code)]
mod resolve;
mod stream;
