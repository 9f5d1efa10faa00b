//! SORT and SORT_RO of lists, sets and sorted sets by themselves, by strings and by fields of hashes.
//!
//! What Redis leaves open is compared as far as it is not, see `Rule::Sorted`, and not stored: the order of a set that is
//! not sorted, and the order of equal texts that BY names. Redis turns every sorted set that it sorts into a skiplist,
//! so here they begin as such.

use super::Line;

/// Sent first.
pub const OPENING: &[&str] = &["CONFIG", "SET", "ZSET-MAX-LISTPACK-ENTRIES", "0"];

pub const LINES: &[Line] = &[
    (8, "(RPUSH|LPUSH) number-list sort-number..."),
    (6, "SADD number-set sort-number..."),
    (6, "ZADD number-zset (float sort-number)..."),
    (6, "RPUSH text-list sort-text..."),
    (4, "SADD text-set sort-text..."),
    (4, "ZADD text-zset (float sort-text)..."),
    (1, "RPUSH number-list members"),
    (1, "SADD number-set members"),
    (12, "SET weight-key (sort-number|sort-number|sort-text)"),
    (4, "MSET (weight-key sort-number)..."),
    (10, "HSET object-key (object-field (sort-number|sort-text))..."),
    (1, "HDEL object-key object-field"),
    (2, "DEL (weight-key|object-key|number-list|text-list|number-set|number-zset|target)"),
    (1, "RPUSH (weight-key|object-key) value"),
    (1, "EXPIRE (number-list|target) seconds"),
    (14, "SORT sortable {ASC|DESC|ALPHA|LIMIT index index|LIMIT sort-count sort-count|STORE target}"),
    (8, "SORT number-sortable {ASC|DESC|LIMIT sort-count sort-count|STORE target}"),
    (8, "SORT sortable ALPHA {ASC|DESC|LIMIT sort-count sort-count|STORE target}"),
    (14, "SORT sortable {ALPHA|BY sort-pattern|GET sort-pattern|DESC|LIMIT sort-count sort-count|STORE target|ASC}"),
    (10, "SORT sortable BY sort-weight {GET sort-pattern|DESC|LIMIT sort-count sort-count|STORE target|ALPHA}"),
    (10, "SORT sortable BY no-sort {GET sort-pattern|DESC|ASC|LIMIT index index|STORE target|ALPHA}"),
    (8, "SORT sortable {ALPHA|BY no-sort} (GET sort-pattern)... {LIMIT sort-count sort-count|DESC|STORE target}"),
    (8, "SORT_RO sortable {ALPHA|BY sort-pattern|GET sort-pattern|DESC|LIMIT sort-count sort-count|STORE target}"),
    (4, "(SORT|SORT_RO) key {ALPHA|BY sort-pattern|nasty}"),
    (2, "(SORT|SORT_RO) sortable (LIMIT index|LIMIT|LIMIT nasty nasty|BY|GET|STORE|nasty)"),
    (1, "(SORT|SORT_RO) (weight-key|object-key) {ALPHA}"),
    (3, "LRANGE target 0 -1"),
    (2, "TTL target"),
    (2, "TYPE (target|number-zset)"),
    (1, "OBJECT ENCODING target"),
    (2, "SET target value"),
    (
        3,
        "COMMAND (GETKEYS|GETKEYSANDFLAGS) (SORT|SORT_RO) sortable {ALPHA|BY sort-pattern|STORE target|LIMIT 0 1|GET STORE}",
    ),
];
