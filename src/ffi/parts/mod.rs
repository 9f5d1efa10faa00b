//! The parts by themselves: structures and tools of a data store, for programs that build one of their own.
//!
//! | file | holds | `include/byor/` |
//! |---|---|---|
//! | `hm` | intrusive hash map that grows a little at a time | `hashtable.h` |
//! | `avl` | intrusive AVL tree with counts | `avl.h` |
//! | `zset` | sorted set: both of the above over the same nodes | `zset.h` |
//! | `heap` | binary heap of deadlines in the caller's array | `heap.h` |
//! | `pool` | threads that run functions of the host | `thread_pool.h` |
//! | `event_loop`, `timers` | descriptors and timers | |
//! | `reader`, `request_reader` | the protocol: bytes to replies and to requests, arguments to bytes | |
//!
//! The first four are *intrusive*: nodes are the host's, embedded in its own objects, and the library only ever reads and
//! links them. So they are made of raw pointers to memory that others may look at, never of references, and their
//! layouts are the interface. Programs of the original project use them through `include/byor/`.
//!
//! Why those four have no panic guard: it would cost as much as a short call does. Nothing in them can panic: pointers
//! instead of indices, and arithmetic that wraps.

pub mod avl;
pub mod event_loop;
pub mod heap;
pub mod hm;
pub mod pool;
pub mod reader;
pub mod request_reader;
mod timers;
pub mod zset;
