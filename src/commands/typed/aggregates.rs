//! The typed lane for one field of a hash and one member of a sorted set.

use super::super::{CommandError, Key, hash, zset};
use super::{Lane, command};
use crate::commands::spec::Command;
use crate::keyspace::StringRef;
use crate::resp::number::{DOUBLE_TEXT_MAX, IntegerText, write_double_17g};

static HGET: &Command = command("hget");
static HSET: &Command = command("hset");
static ZADD: &Command = command("zadd");
static ZSCORE: &Command = command("zscore");

impl Lane<'_> {
    /// HGET: calls `found` with the value under the shard's lock; `None` if there is no such key or field.
    ///
    /// # Errors
    /// WRONGTYPE, or a refusal.
    pub fn hget<R>(
        &mut self,
        key: &[u8],
        field: &[u8],
        found: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, CommandError> {
        self.admit(HGET)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let value = self.run(HGET, key, |ctx| {
            hash::with_field(ctx, key, field, |item, _| match item?.value {
                StringRef::Str(bytes) => Some(found(bytes)),
                StringRef::Int(int) => Some(found(IntegerText::new().format(int))),
            })
        });
        self.tell_monitors(HGET, |tell| tell(&[b"hget", key.bytes, field]));
        value
    }

    /// HSET of one field: whether it is new.
    ///
    /// # Errors
    /// WRONGTYPE, lack of memory, or a refusal; nothing has changed then.
    pub fn hset(&mut self, key: &[u8], field: &[u8], value: &[u8]) -> Result<bool, CommandError> {
        self.admit(HSET)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(HSET, key, |ctx| hash::set_pairs(ctx, key, &[field, value]));
        self.tell_monitors(HSET, |tell| tell(&[b"hset", key.bytes, field, value]));
        outcome.map(|new| new > 0)
    }

    /// ZADD of one member: whether it is new. The score is a number.
    ///
    /// # Errors
    /// WRONGTYPE, lack of memory, or a refusal; nothing has changed then.
    pub fn zadd(&mut self, key: &[u8], score: f64, member: &[u8]) -> Result<bool, CommandError> {
        self.admit(ZADD)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(ZADD, key, |ctx| zset::set_score(ctx, key, member, score));
        let engine = self.engine;
        self.tell_monitors(ZADD, |tell| {
            let mut text = Vec::new();
            if text.try_reserve_exact(DOUBLE_TEXT_MAX).is_err() {
                return engine.clients.feed_monitors(None);
            }
            write_double_17g(score, &mut text);
            tell(&[b"zadd", key.bytes, &text, member]);
        });
        outcome
    }

    /// ZSCORE; `None` if there is no such key or member.
    ///
    /// # Errors
    /// WRONGTYPE, or a refusal.
    pub fn zscore(&mut self, key: &[u8], member: &[u8]) -> Result<Option<f64>, CommandError> {
        self.admit(ZSCORE)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let score = self.run(ZSCORE, key, |ctx| zset::score(ctx, key, member));
        self.tell_monitors(ZSCORE, |tell| tell(&[b"zscore", key.bytes, member]));
        score
    }
}
