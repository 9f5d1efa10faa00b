//! Members of one large value that a pipeline asks for one by one: `SADD set a`, `SADD set b`, ...
//!
//! Dispatch prefetches keys, not what is inside a value: that can't be read without the lock. But where several requests in a
//! row have the same key, one hold of its lock is enough to start loading the members of them all.

use super::spec::{Command, id};
use crate::engine::Engine;
use crate::keyspace::KeyHash;

/// Requests in a row for which it is worth it.
pub const RUN_MIN: usize = 4;

/// Which argument is the member or field, the first one if there may be several. ZADD may have options in front of it:
/// then something else is looked for, which costs little.
pub fn position(command: &Command) -> Option<usize> {
    match command.id {
        id::SADD | id::SREM | id::SISMEMBER | id::SMISMEMBER => Some(2),
        id::HGET | id::HSET | id::HSETNX | id::HDEL | id::HEXISTS | id::HSTRLEN | id::HINCRBY | id::HINCRBYFLOAT => {
            Some(2)
        }
        id::ZSCORE | id::ZREM | id::ZRANK | id::ZREVRANK => Some(2),
        id::ZADD | id::ZINCRBY => Some(3),
        _ => None,
    }
}

/// Starts loading members of a large value, if there is one under this key and nobody holds its lock.
pub fn fetch<'m>(engine: &Engine, db: u32, hash: KeyHash, key: &[u8], members: impl Iterator<Item = &'m [u8]>) {
    engine.keyspace.peek_large(db, hash, key, |object| object.fetch(members, engine.keyspace.seed()));
}
