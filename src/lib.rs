//! redisrs: a Redis-compatible in-memory data store that lives in a library.
//!
//! # The map
//!
//! | folder | holds | may use |
//! |---|---|---|
//! | [`ffi`] | every `extern "C"` function: handles, casts, panic guard, status codes | all below |
//! | [`server`] | start, stop, command line, log sink | `net` and below |
//! | [`net`] | reactors, listeners, connections | `commands` and below |
//! | [`commands`] | the command table, dispatch, one file per family | `engine` and below |
//! | [`engine`] | what hangs off one store: settings, clock, clients, sessions, statistics | `keyspace`, `resp` |
//! | [`persist`] | values as bytes that outlive the process: RDB | `keyspace` and below, `resp::number` |
//! | [`keyspace`] | shards, databases, locks, prefetching without them, expiry, watched and blocked keys | `types`, `storage` |
//! | [`types`] | list, set, hash, sorted set, stream, bits, HyperLogLog, geo: pure structures | `storage`, `numeric` |
//! | `storage` | hash table, entries, order-statistic tree, TTL heap, raw memory | nothing |
//! | `numeric` | numbers that Rust does not have: canonical integers, `long double` | nothing |
//! | [`resp`] | request parsers, reply writer, the dialect of the original project | `numeric` |
//!
//! # The life of one command
//!
//! A [`net::reactor`] reads what has arrived, [`resp`] cuts it into requests (slices of the input), and the keys of a window
//! of them are prefetched together. For each, [`commands::dispatch`] looks the command up, extracts and hashes its keys and
//! locks their shards, the handler works on the locked data and writes its reply, and the reactor sends all replies of one
//! connection with one write. A host thread enters at dispatch with a [`engine::Session`] of its own.
//!
//! All state hangs off an [`engine::Engine`]; a process may open as many as it likes.

pub mod commands;
pub mod engine;
pub mod ffi;
mod hooks;
pub mod keyspace;
pub mod net;
mod numeric;
#[doc(hidden)]
pub mod persist;
#[doc(hidden)]
pub mod resp;
pub mod server;
mod storage;
pub mod types;

#[cfg(all(feature = "mimalloc", not(test)))]
#[global_allocator]
static ALLOCATOR: engine::global_allocator::Mimalloc = engine::global_allocator::Mimalloc;

#[cfg(all(feature = "mimalloc", test))]
#[global_allocator]
static ALLOCATOR: storage::counting::Counting<engine::global_allocator::Mimalloc> =
    storage::counting::Counting(engine::global_allocator::Mimalloc);

#[cfg(all(feature = "hooks", not(feature = "mimalloc"), not(test)))]
#[global_allocator]
static ALLOCATOR: ffi::hooks::Refusing = ffi::hooks::Refusing;

#[cfg(all(not(feature = "mimalloc"), test))]
#[global_allocator]
static ALLOCATOR: storage::counting::Counting<std::alloc::System> = storage::counting::Counting(std::alloc::System);
