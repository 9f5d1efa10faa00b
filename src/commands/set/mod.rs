//! Sets (<https://redis.io/docs/latest/develop/data-types/sets/>): the commands over [`types::set`](crate::types::set).
//!
//! | file | commands |
//! |---|---|
//! | `membership` | SISMEMBER SMISMEMBER SCARD SMEMBERS SSCAN |
//! | `change` | SADD SREM SMOVE |
//! | `random` | SPOP SRANDMEMBER |
//! | `algebra` | SINTER SINTERCARD SUNION SDIFF and their STORE forms |
//! | `value` | the set at a key, for these and for other families |
//!
//! How long they hold the locks of their shards: those that name members, O(members). SMEMBERS, SUNION and the like
//! read all members, about 50 ns each once they do not fit into the cache. They are not cut into slices, because a
//! reply must show the sets as they are at one moment.

mod algebra;
mod change;
mod membership;
mod random;
pub mod value;

pub use algebra::{sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore};
pub use change::{sadd, smove, srem};
pub use membership::{scard, sismember, smembers, smismember, sscan};
pub use random::{spop, srandmember};

use crate::resp::ReplyWriter;
use crate::types::set::Member;

/// Replies one member.
#[inline]
fn reply_member(reply: &mut ReplyWriter, member: Member) {
    match member {
        Member::Int(int) => reply.bulk_integer(int),
        Member::Text(text) => reply.bulk(text),
    }
}

/// Replies members of which there are `len`.
fn reply_members<'a>(reply: &mut ReplyWriter, len: usize, members: impl Iterator<Item = Member<'a>>) {
    reply.set(len);
    members.for_each(|member| reply_member(reply, member));
}
