//! Streams with explicit ids, so that both servers have the same; the limits of a node change on the way.
//!
//! Entries stay smaller than a node, because Redis 7.0.15 loses them otherwise: a new node that grows while its first
//! entry is added moves, and is then compared with a pointer that is stale or was never set.

use super::Line;

pub const LINES: &[Line] = &[
    (30, "XADD stream new-id fields"),
    (
        6,
        "XADD stream {NOMKSTREAM|MAXLEN item-count|MINID stream-id|MAXLEN ~ item-count|MINID = stream-id} new-id fields",
    ),
    (4, "XADD stream (MAXLEN|MINID) ~ (item-count|stream-id) LIMIT (item-count|0) new-id fields"),
    (3, "XLEN stream"),
    (6, "XRANGE stream range-id range-id {COUNT item-count}"),
    (6, "XREVRANGE stream range-id range-id {COUNT item-count}"),
    (8, "XDEL stream stream-id..."),
    (5, "XTRIM stream (MAXLEN|MINID) (item-count|stream-id)"),
    (4, "XTRIM stream (MAXLEN|MINID) (=|~) (item-count|stream-id) {LIMIT item-count}"),
    (2, "XTRIM stream {MAXLEN item-count|MINID ~ stream-id|LIMIT item-count|nasty}"),
    (3, "XSETID stream stream-id {ENTRIESADDED item-count|MAXDELETEDID stream-id}"),
    (4, "XREAD {COUNT item-count} STREAMS stream stream-id"),
    (3, "XREAD {COUNT item-count|NOACK|GROUP group consumer} STREAMS stream stream stream-id stream-id"),
    (14, "XGROUP CREATE stream group (0|$|stream-id) {MKSTREAM|ENTRIESREAD item-count}"),
    (3, "XGROUP SETID stream group (0|$|stream-id) {ENTRIESREAD item-count|ENTRIESREAD -1}"),
    (1, "XGROUP DESTROY stream group"),
    (2, "XGROUP CREATECONSUMER stream group consumer"),
    (2, "XGROUP DELCONSUMER stream group consumer"),
    (1, "XGROUP (HELP|nasty)"),
    (14, "XREADGROUP GROUP group consumer {COUNT item-count|NOACK} STREAMS stream >"),
    (5, "XREADGROUP GROUP group consumer {COUNT item-count} STREAMS stream (0|stream-id)"),
    (
        3,
        "XREADGROUP GROUP group consumer {COUNT item-count|NOACK|GROUP group consumer} STREAMS stream stream (>|0) (>|stream-id)",
    ),
    (6, "XACK stream group stream-id..."),
    (3, "XPENDING stream group"),
    (6, "XPENDING stream group [IDLE idle] range-id range-id item-count [consumer]"),
    (
        9,
        "XCLAIM stream group consumer idle stream-id... {IDLE idle|TIME idle|RETRYCOUNT item-count|FORCE|JUSTID|LASTID stream-id}",
    ),
    (6, "XAUTOCLAIM stream group consumer idle range-id {COUNT item-count|JUSTID}"),
    (5, "XINFO STREAM stream"),
    (4, "XINFO STREAM stream FULL [COUNT item-count]"),
    (4, "XINFO GROUPS stream"),
    (4, "XINFO CONSUMERS stream group"),
    (1, "XINFO (HELP|nasty)"),
    (2, "CONFIG SET STREAM-NODE-MAX-BYTES (4096|0) STREAM-NODE-MAX-ENTRIES (100|1|2|3|10)"),
    (2, "CONFIG SET STREAM-NODE-MAX-BYTES (4096|0|1500|2500) STREAM-NODE-MAX-ENTRIES (0|20)"),
    (1, "OBJECT ENCODING stream"),
    (1, "TYPE stream"),
    (1, "SET key value"),
    (1, "GET stream"),
    (4, "DEL stream"),
    (2, "COPY stream stream REPLACE"),
    (1, "RENAME stream stream"),
    (1, "EXPIRE stream seconds"),
];
