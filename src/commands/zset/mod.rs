//! Sorted sets (<https://redis.io/docs/latest/develop/data-types/sorted-sets/>).
//!
//! | file | commands |
//! |---|---|
//! | `add` | ZADD ZINCRBY |
//! | `remove` | ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX |
//! | `lookup` | ZCARD ZSCORE ZMSCORE ZRANK ZREVRANK ZCOUNT ZLEXCOUNT |
//! | `range` | ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZRANGESTORE |
//! | `pop` | ZPOPMIN ZPOPMAX ZMPOP |
//! | `random` | ZRANDMEMBER |
//! | `algebra` | ZUNION ZINTER ZDIFF, their STORE forms, ZINTERCARD |
//! | `scan` | ZSCAN |
//! | `bounds` | how ranges are written |
//! | [`value`] | the sorted set at a key, for these commands and all others that work on one |

mod add;
mod algebra;
pub mod bounds;
mod lookup;
mod pop;
mod random;
mod range;
mod remove;
mod scan;
pub mod value;

pub(super) use add::set_score;
pub use add::{zadd, zincrby};
pub use algebra::{zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore};
pub(super) use lookup::score;
pub use lookup::{zcard, zcount, zlexcount, zmscore, zrank, zrevrank, zscore};
pub use pop::{End, End::Max, End::Min, parse_mpop, pop, reply_popped, zmpop, zpopmax, zpopmin};
pub use random::zrandmember;
pub use range::{zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore};
pub use remove::{zrem, zremrangebylex, zremrangebyrank, zremrangebyscore};
pub use scan::zscan;

use crate::resp::{Protocol, ReplyWriter};

/// Begins an array of `count` members, with their scores if asked for.
fn begin_members(reply: &mut ReplyWriter, count: usize, with_scores: bool) {
    let is_flat = with_scores && reply.protocol() == Protocol::Resp2;
    reply.array(if is_flat { count.saturating_mul(2) } else { count });
}

/// Replies a member, with its score if asked for: side by side in RESP2, as a pair in RESP3.
#[inline]
fn reply_member(reply: &mut ReplyWriter, name: &[u8], score: f64, with_scores: bool) {
    if with_scores && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply.bulk(name);
    if with_scores {
        reply.double(score);
    }
}
