//! The C ABI: every `extern "C"` function, and nothing that knows how a command works.
//!
//! | file | holds |
//! |---|---|
//! | [`status`] | codes, names, the last error |
//! | [`version`] | version numbers |
//! | [`config`], [`engine`], [`server`], [`session`] | one handle type each |
//! | [`events`] | keyspace events |
//! | `command`, `format` | commands with reply trees; the formatted form |
//! | [`reply`], `tree` | the reply as C sees it, and how it is made |
//! | [`typed`], [`typed_aggregates`] | the lane without reply trees |
//! | [`host_command`], [`call`] | commands of the host: registration; a running call |
//! | `inbox` | what other threads deliver to an in-process session |
//! | [`parts`] | structures, event loop, thread pool, protocol readers: parts to build from |
//! | `origin`, `register` | handles in a child of fork; handles that were ended |
//! | `cast`, `guard` | pointers to references; the panic guard |
//!
//! `include/redisrs.h` is generated from these files by `tests/ffi_header.rs`; doc comments of exported items are its
//! text, so they speak to a C programmer.

#![allow(unsafe_code, reason = "this layer is the boundary; casts are confined to `cast`")]
#![allow(non_camel_case_types, reason = "the names are C's")]
#![allow(clippy::missing_safety_doc, reason = "the contract of every function is the rules at the top of the header")]

pub mod call;
mod cast;
mod command;
pub mod config;
pub mod engine;
pub mod events;
mod format;
mod guard;
#[cfg(feature = "hooks")]
pub mod hooks;
pub mod host_command;
mod inbox;
mod origin;
pub mod parts;
mod register;
pub mod reply;
pub mod server;
pub mod session;
pub mod status;
mod tree;
pub mod typed;
pub mod typed_aggregates;
pub mod version;

#[cfg(test)]
mod tests;
