//! Values of all types, for families whose commands work on any: some small, some beyond the borders of encodings.

use super::Line;

pub const LINES: &[Line] = &[
    (4, "(RPUSH|LPUSH) key item..."),
    (1, "RPUSH key items"),
    (1, "(LPOP|RPOP) key"),
    (4, "HSET key (member value)..."),
    (1, "HSET key pairs"),
    (1, "HDEL key member..."),
    (4, "SADD key member..."),
    (1, "SADD key members"),
    (1, "SREM key member..."),
    (4, "ZADD key (float member)..."),
    (1, "ZADD key pairs-by-score"),
    (1, "ZREM key member..."),
    (2, "XADD key new-id fields"),
    (1, "XDEL key stream-id"),
];
