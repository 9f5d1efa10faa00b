//! The second opinion: everything needed to send the real redis-server and ours the same bytes and compare the replies.
//!
//! ```text
//! families  grammar lines per command family ─► grammar, arguments, pools ─► generate: a seeded log of entries
//! hazards   what may not be sent                                          │
//! pair      the two servers (server), reset to a known state              ▼
//! replay    sends the log over several connections (wire), parses the replies (resp),
//!           compares them (compare, reduce, intended), then compares the keyspaces (keyspace)
//! shrink    makes a failing log small          campaign   seeds, budgets and the report
//! ```
//!
//! `tests/oracle.rs` runs campaigns, `tests/protocol.rs` sends raw bytes, `tests/systematic.rs` enumerates arguments.
//! Environment: `campaign` for budgets, `server` for which servers.

// Three test binaries share these modules, and each uses only some of them.
#![allow(dead_code)]

pub mod arguments;
pub mod campaign;
pub mod command;
pub mod compare;
pub mod families;
pub mod generate;
pub mod grammar;
pub mod hazards;
pub mod intended;
pub mod keyspace;
pub mod mutant;
pub mod pair;
pub mod payloads;
pub mod pools;
pub mod random;
pub mod reduce;
pub mod replay;
pub mod resp;
pub mod server;
pub mod shrink;
pub mod wire;
