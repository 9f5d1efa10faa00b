//! SORT and SORT_RO: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use redisrs::resp::Protocol;
use session::Store;

#[test]
fn lists_are_sorted_by_their_numbers() {
    Store::new().client().expect(&[
        ("RPUSH l 3 1 10 2.5 -4 1e2 0x10 inf -inf +7", ":10\r\n"),
        ("SORT l", "*10\r\n$4\r\n-inf\r\n$2\r\n-4\r\n$1\r\n1\r\n$3\r\n2.5\r\n$1\r\n3\r\n$2\r\n+7\r\n$2\r\n10\r\n$4\r\n0x10\r\n$3\r\n1e2\r\n$3\r\ninf\r\n"),
        ("SORT l ASC", "*10\r\n$4\r\n-inf\r\n$2\r\n-4\r\n$1\r\n1\r\n$3\r\n2.5\r\n$1\r\n3\r\n$2\r\n+7\r\n$2\r\n10\r\n$4\r\n0x10\r\n$3\r\n1e2\r\n$3\r\ninf\r\n"),
        ("SORT l DESC", "*10\r\n$3\r\ninf\r\n$3\r\n1e2\r\n$4\r\n0x10\r\n$2\r\n10\r\n$2\r\n+7\r\n$1\r\n3\r\n$3\r\n2.5\r\n$1\r\n1\r\n$2\r\n-4\r\n$4\r\n-inf\r\n"),
        ("sort l desc asc", "*10\r\n$4\r\n-inf\r\n$2\r\n-4\r\n$1\r\n1\r\n$3\r\n2.5\r\n$1\r\n3\r\n$2\r\n+7\r\n$2\r\n10\r\n$4\r\n0x10\r\n$3\r\n1e2\r\n$3\r\ninf\r\n"),
        ("SORT l ASC DESC", "*10\r\n$3\r\ninf\r\n$3\r\n1e2\r\n$4\r\n0x10\r\n$2\r\n10\r\n$2\r\n+7\r\n$1\r\n3\r\n$3\r\n2.5\r\n$1\r\n1\r\n$2\r\n-4\r\n$4\r\n-inf\r\n"),
        ("LRANGE l 0 -1", "*10\r\n$1\r\n3\r\n$1\r\n1\r\n$2\r\n10\r\n$3\r\n2.5\r\n$2\r\n-4\r\n$3\r\n1e2\r\n$4\r\n0x10\r\n$3\r\ninf\r\n$4\r\n-inf\r\n$2\r\n+7\r\n"),
        ("SORT none", "*0\r\n"),
        ("SORT none DESC ALPHA LIMIT 0 1 GET #", "*0\r\n"),
    ]);
}

#[test]
fn sets_and_sorted_sets_are_sorted_too() {
    Store::new().client().expect(&[
        ("SADD s 3 1 10 -2", ":4\r\n"),
        ("SORT s", "*4\r\n$2\r\n-2\r\n$1\r\n1\r\n$1\r\n3\r\n$2\r\n10\r\n"),
        ("SORT s DESC LIMIT 1 2", "*2\r\n$1\r\n3\r\n$1\r\n1\r\n"),
        ("SADD t pear apple 10 9 Fig", ":5\r\n"),
        ("SORT t ALPHA", "*5\r\n$2\r\n10\r\n$1\r\n9\r\n$3\r\nFig\r\n$5\r\napple\r\n$4\r\npear\r\n"),
        ("ZADD z 3 5 2 10 1 7", ":3\r\n"),
        ("SORT z", "*3\r\n$1\r\n5\r\n$1\r\n7\r\n$2\r\n10\r\n"),
        ("SORT z DESC", "*3\r\n$2\r\n10\r\n$1\r\n7\r\n$1\r\n5\r\n"),
        ("ZADD y 1 b 2 a 3 c", ":3\r\n"),
        ("SORT y ALPHA", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("SORT y ALPHA DESC", "*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n"),
        ("SORT y", "-ERR One or more scores can't be converted into double\r\n"),
    ]);
}

#[test]
fn texts_are_collated_with_alpha() {
    Store::new().client().expect(&[
        ("RPUSH l pear apple 10 9 fig 1 é aa a A", ":10\r\n"),
        ("SORT l ALPHA", "*10\r\n$1\r\n1\r\n$2\r\n10\r\n$1\r\n9\r\n$1\r\nA\r\n$1\r\na\r\n$2\r\naa\r\n$5\r\napple\r\n$3\r\nfig\r\n$4\r\npear\r\n$2\r\né\r\n"),
        ("SORT l ALPHA DESC", "*10\r\n$2\r\né\r\n$4\r\npear\r\n$3\r\nfig\r\n$5\r\napple\r\n$2\r\naa\r\n$1\r\na\r\n$1\r\nA\r\n$1\r\n9\r\n$2\r\n10\r\n$1\r\n1\r\n"),
        ("SORT l", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l ALPHA LIMIT 0 3", "*3\r\n$1\r\n1\r\n$2\r\n10\r\n$1\r\n9\r\n"),
    ]);
}

#[test]
fn what_is_no_number_cannot_be_weighed() {
    Store::new().client().expect(&[
        ("RPUSH l 1 2 x", ":3\r\n"),
        ("SORT l", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT_RO l", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l STORE d", "-ERR One or more scores can't be converted into double\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SORT l LIMIT 0 1", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l LIMIT 0 0", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l BY nosort", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\nx\r\n"),
        ("RPUSH m 1 1.5x", ":2\r\n"),
        ("SORT m", "-ERR One or more scores can't be converted into double\r\n"),
        ("RPUSH n nan 1", ":2\r\n"),
        ("SORT n", "-ERR One or more scores can't be converted into double\r\n"),
        ("RPUSH e 1e999 1", ":2\r\n"),
        ("SORT e ALPHA", "*2\r\n$1\r\n1\r\n$5\r\n1e999\r\n"),
        ("RPUSH s 5e-324 1", ":2\r\n"),
        ("SORT s", "-ERR One or more scores can't be converted into double\r\n"),
        ("RPUSH h 0x1p-1074 1", ":2\r\n"),
        ("SORT h", "*2\r\n$9\r\n0x1p-1074\r\n$1\r\n1\r\n"),
        ("RPUSH b 0x", ":1\r\n"),
        ("SORT b", "-ERR One or more scores can't be converted into double\r\n"),
    ]);
}

#[test]
fn limits_cut_out_a_part() {
    Store::new().client().expect(&[
        ("RPUSH l 5 3 1 4 2", ":5\r\n"),
        ("SORT l LIMIT 0 2", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l LIMIT 1 2", "*2\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l LIMIT 3 10", "*2\r\n$1\r\n4\r\n$1\r\n5\r\n"),
        ("SORT l LIMIT 5 1", "*0\r\n"),
        ("SORT l LIMIT 99 1", "*0\r\n"),
        ("SORT l LIMIT 0 0", "*0\r\n"),
        ("SORT l LIMIT 0 -1", "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n"),
        ("SORT l LIMIT -3 2", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l LIMIT -1 -1", "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n"),
        ("SORT l LIMIT 1 2 DESC", "*2\r\n$1\r\n4\r\n$1\r\n3\r\n"),
        ("SORT l LIMIT 0 9 LIMIT 1 1", "*1\r\n$1\r\n2\r\n"),
        ("SORT l LIMIT 9223372036854775807 9223372036854775807", "*0\r\n"),
        (
            "SORT l LIMIT -9223372036854775808 9223372036854775807",
            "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n",
        ),
        ("SORT l LIMIT 0 9223372036854775808", "-ERR value is not an integer or out of range\r\n"),
        ("SORT l LIMIT a 1", "-ERR value is not an integer or out of range\r\n"),
        ("SORT l LIMIT 1 b", "-ERR value is not an integer or out of range\r\n"),
        ("SORT l LIMIT 1", "-ERR syntax error\r\n"),
        ("SORT l LIMIT", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn by_takes_the_weight_from_other_keys() {
    Store::new().client().expect(&[
        ("RPUSH l 1 2 3", ":3\r\n"),
        ("MSET w_1 30 w_2 20 w_3 10 t_1 pear t_2 fig t_3 apple", "+OK\r\n"),
        ("SORT l BY w_*", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("SORT l BY w_* DESC", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY w_* LIMIT 1 1", "*1\r\n$1\r\n2\r\n"),
        ("SORT l BY t_* ALPHA", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("SORT l BY t_* ALPHA DESC", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY t_*", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l BY w_* BY t_* ALPHA", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("HSET h_1 f 2 g 1", ":2\r\n"),
        ("HSET h_2 f 3", ":1\r\n"),
        ("HSET h_3 f 1 g 7", ":2\r\n"),
        ("SORT l BY h_*->f", "*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l BY h_*->f DESC", "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n"),
        ("SORT l BY h_*->g", "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n"),
        ("SORT l BY h_*->none", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY w_*->f", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY h_*", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY *_1", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT l BY w_*_*", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        // The first asterisk is the element's place; an arrow before it, or at the end, belongs to the name.
        ("MSET -> 1 1-> 3 2-> 2 3-> 1", "+OK\r\n"),
        ("SORT l BY *->", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("HSET h_->1 f 9", ":1\r\n"),
        ("SORT l BY h_->*", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
    ]);
}

#[test]
fn elements_without_a_weight_count_as_nothing() {
    Store::new().client().expect(&[
        ("RPUSH l c a b", ":3\r\n"),
        ("SET w_a 5", "+OK\r\n"),
        ("SORT l BY w_*", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("SORT l BY w_* DESC", "*3\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("SET w_b -5", "+OK\r\n"),
        ("SORT l BY w_*", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("SET w_c text", "+OK\r\n"),
        ("SORT l BY w_*", "-ERR One or more scores can't be converted into double\r\n"),
        ("SORT l BY w_* ALPHA", "*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("DEL w_a", ":1\r\n"),
        ("SORT l BY w_* ALPHA", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("SORT l BY w_* ALPHA DESC", "*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n"),
        ("RPUSH w_a a", ":1\r\n"),
        ("SORT l BY w_* ALPHA", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("SET w_c 1", "+OK\r\n"),
        ("SORT l BY w_* ALPHA", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
    ]);
}

#[test]
fn equal_numbers_are_ordered_by_their_texts() {
    Store::new().client().expect(&[
        ("RPUSH l b a c", ":3\r\n"),
        ("SORT l BY w_*", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("RPUSH n 1.0 1 +1 01", ":4\r\n"),
        ("SORT n", "*4\r\n$2\r\n+1\r\n$2\r\n01\r\n$1\r\n1\r\n$3\r\n1.0\r\n"),
        ("SORT n DESC", "*4\r\n$3\r\n1.0\r\n$1\r\n1\r\n$2\r\n01\r\n$2\r\n+1\r\n"),
        ("SORT n BY w_*", "*4\r\n$2\r\n+1\r\n$2\r\n01\r\n$1\r\n1\r\n$3\r\n1.0\r\n"),
    ]);
}

#[test]
fn a_pattern_without_a_place_sorts_nothing() {
    Store::new().client().expect(&[
        ("RPUSH l 3 1 2", ":3\r\n"),
        ("SORT l BY nosort", "*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l BY nosort DESC", "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n"),
        ("SORT l BY nosort LIMIT 1 1", "*1\r\n$1\r\n1\r\n"),
        ("SORT l BY nosort LIMIT 1 5 DESC", "*2\r\n$1\r\n1\r\n$1\r\n3\r\n"),
        ("SORT l BY #", "*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l BY nosort BY w_*", "*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SORT l BY w_* BY nosort", "*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("RPUSH t x 1", ":2\r\n"),
        ("SORT t BY nosort", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n"),
        ("ZADD z 3 a 1 b 2 c", ":3\r\n"),
        ("SORT z BY nosort", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("SORT z BY nosort DESC", "*3\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("SORT z BY nosort LIMIT 1 1", "*1\r\n$1\r\nc\r\n"),
        ("SORT z BY nosort DESC LIMIT 0 2", "*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("SORT z BY nosort DESC LIMIT 2 5", "*1\r\n$1\r\nb\r\n"),
        ("SORT z BY nosort LIMIT 3 1", "*0\r\n"),
        ("SORT z BY nosort LIMIT -2 2", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("SADD s 2 1 3", ":3\r\n"),
        ("SORT s BY nosort STORE d", ":3\r\n"),
        ("LRANGE d 0 -1", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SADD u b a c", ":3\r\n"),
        ("SORT u BY nosort DESC STORE d", ":3\r\n"),
        ("LRANGE d 0 -1", "*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n"),
        ("SORT u BY nosort LIMIT 1 1 STORE d", ":1\r\n"),
        ("LRANGE d 0 -1", "*1\r\n$1\r\nb\r\n"),
    ]);
}

#[test]
fn get_answers_with_other_keys() {
    Store::new().client().expect(&[
        ("RPUSH l 2 1 3", ":3\r\n"),
        ("MSET v_1 one v_2 two w_1 10", "+OK\r\n"),
        ("SORT l GET v_*", "*3\r\n$3\r\none\r\n$3\r\ntwo\r\n$-1\r\n"),
        ("SORT l GET # GET v_*", "*6\r\n$1\r\n1\r\n$3\r\none\r\n$1\r\n2\r\n$3\r\ntwo\r\n$1\r\n3\r\n$-1\r\n"),
        (
            "SORT l GET v_* GET # GET w_*",
            "*9\r\n$3\r\none\r\n$1\r\n1\r\n$2\r\n10\r\n$3\r\ntwo\r\n$1\r\n2\r\n$-1\r\n$-1\r\n$1\r\n3\r\n$-1\r\n",
        ),
        ("SORT l GET nosuch_*", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET nosuch", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET v_1", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l DESC LIMIT 0 2 GET # GET v_*", "*4\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$3\r\ntwo\r\n"),
        ("HSET h_1 f x 0 y", ":2\r\n"),
        ("RPUSH v_3 a", ":1\r\n"),
        ("SORT l GET h_*->f", "*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET h_*->0 GET v_*", "*6\r\n$1\r\ny\r\n$3\r\none\r\n$-1\r\n$3\r\ntwo\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET h_*->", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET v_*->f", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET h_*", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET *", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l GET ##", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("SORT l BY nosort GET v_*", "*3\r\n$3\r\ntwo\r\n$3\r\none\r\n$-1\r\n"),
        ("SORT none GET v_* GET #", "*0\r\n"),
    ]);
}

#[test]
fn results_are_stored_as_a_list() {
    Store::new().client().expect(&[
        ("RPUSH l 3 1 2", ":3\r\n"),
        ("SORT l STORE d", ":3\r\n"),
        ("LRANGE d 0 -1", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("TYPE d", "+list\r\n"),
        ("OBJECT ENCODING d", "$9\r\nquicklist\r\n"),
        ("SORT l DESC STORE d", ":3\r\n"),
        ("LRANGE d 0 -1", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n"),
        ("SORT l STORE l", ":3\r\n"),
        ("LRANGE l 0 -1", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("MSET v_1 one v_3 three", "+OK\r\n"),
        ("SORT l GET # GET v_* STORE d", ":6\r\n"),
        ("LRANGE d 0 -1", "*6\r\n$1\r\n1\r\n$3\r\none\r\n$1\r\n2\r\n$0\r\n\r\n$1\r\n3\r\n$5\r\nthree\r\n"),
        ("SORT l STORE a STORE b", ":3\r\n"),
        ("EXISTS a b", ":1\r\n"),
        ("SORT l LIMIT 5 1 STORE d", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SET d text", "+OK\r\n"),
        ("EXPIRE d 100", ":1\r\n"),
        ("SORT l STORE d", ":3\r\n"),
        ("TTL d", ":-1\r\n"),
        ("SORT none STORE d", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SORT none STORE none", ":0\r\n"),
        ("EXPIRE l 100", ":1\r\n"),
        ("SORT l STORE l", ":3\r\n"),
        ("TTL l", ":-1\r\n"),
    ]);
}

#[test]
fn other_types_are_refused() {
    Store::new().client().expect(&[
        ("SET s 1", "+OK\r\n"),
        ("HSET h f 1", ":1\r\n"),
        ("XADD x 1-1 f v", "$3\r\n1-1\r\n"),
        ("SORT s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SORT h", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SORT x ALPHA", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SORT_RO s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SORT s STORE d", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SORT s LIMIT a b", "-ERR value is not an integer or out of range\r\n"),
        ("SORT s BY", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn words_out_of_place_are_refused() {
    Store::new().client().expect(&[
        ("RPUSH l 1", ":1\r\n"),
        ("SORT l nonsense", "-ERR syntax error\r\n"),
        ("SORT l BY", "-ERR syntax error\r\n"),
        ("SORT l GET", "-ERR syntax error\r\n"),
        ("SORT l STORE", "-ERR syntax error\r\n"),
        ("SORT l BY w_* GET", "-ERR syntax error\r\n"),
        ("SORT l ALPHA 5", "-ERR syntax error\r\n"),
        ("SORT l LIMIT STORE d", "-ERR value is not an integer or out of range\r\n"),
        ("SORT l STORE LIMIT", ":1\r\n"),
        ("EXISTS LIMIT", ":1\r\n"),
        ("SORT l BY STORE STORE BY", ":1\r\n"),
        ("EXISTS BY", ":1\r\n"),
        ("SORT", "-ERR wrong number of arguments for 'sort' command\r\n"),
        ("SORT_RO", "-ERR wrong number of arguments for 'sort_ro' command\r\n"),
        ("SORT_RO l STORE d", "-ERR syntax error\r\n"),
        ("SORT_RO l LIMIT 0 1 GET # BY w_*", "*1\r\n$1\r\n1\r\n"),
        ("SORT_RO none", "*0\r\n"),
    ]);
}

#[test]
fn sort_ro_reads_only() {
    Store::new().client().expect(&[
        ("RPUSH l 3 1 2", ":3\r\n"),
        ("SORT_RO l", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SORT_RO l DESC LIMIT 0 2", "*2\r\n$1\r\n3\r\n$1\r\n2\r\n"),
        ("SORT_RO l BY nosort GET # GET v_*", "*6\r\n$1\r\n3\r\n$-1\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n$-1\r\n"),
        ("SORT_RO l ALPHA ASC", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("COMMAND GETKEYS SORT l STORE d", "*2\r\n$1\r\nl\r\n$1\r\nd\r\n"),
        ("COMMAND GETKEYS SORT l BY w_* STORE d STORE e", "*2\r\n$1\r\nl\r\n$1\r\ne\r\n"),
        ("COMMAND GETKEYS SORT_RO l BY w_*", "*1\r\n$1\r\nl\r\n"),
        ("MULTI", "+OK\r\n"),
        ("SORT l STORE d", "+QUEUED\r\n"),
        ("SORT_RO d", "+QUEUED\r\n"),
        ("EXEC", "*2\r\n:3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
    ]);
}

#[test]
fn missing_values_are_null_in_resp3() {
    let store = Store::new();
    let mut client = store.client();
    client.session.set_protocol(Protocol::Resp3);
    client.expect(&[
        ("RPUSH l 1 2", ":2\r\n"),
        ("SET v_1 one", "+OK\r\n"),
        ("SORT l GET v_* GET #", "*4\r\n$3\r\none\r\n$1\r\n1\r\n_\r\n$1\r\n2\r\n"),
        ("SORT none", "*0\r\n"),
        ("SORT l STORE d", ":2\r\n"),
    ]);
}

/// Sorted in slices, between which others get their turn.
#[test]
fn many_elements_are_sorted_as_few_are() {
    const COUNT: usize = 10_000;
    let store = Store::new();
    let mut client = store.client();
    let numbers: Vec<usize> = (0..COUNT).map(|index| index * 7919 % COUNT).collect();
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let argv: Vec<&[u8]> =
        ["RPUSH", "l"].into_iter().chain(words.iter().map(String::as_str)).map(str::as_bytes).collect();
    client.run(&argv);
    let reply = |sorted: &[String]| {
        let bulks: String = sorted.iter().map(|text| format!("${}\r\n{text}\r\n", text.len())).collect();
        format!("*{}\r\n{bulks}", sorted.len())
    };
    let (mut by_number, mut by_text) = (numbers, words);
    by_number.sort_unstable();
    let by_number: Vec<String> = by_number.iter().map(usize::to_string).collect();
    by_text.sort_unstable();
    let twice: Vec<String> = by_number[..3].iter().flat_map(|text| [text.clone(), text.clone()]).collect();
    by_text.reverse();
    client.expect(&[
        ("SORT l", &reply(&by_number)),
        ("SORT_RO l LIMIT 9990 100", &reply(&by_number[9990..])),
        ("SORT l LIMIT 20000 5", "*0\r\n"),
        ("SORT l LIMIT 5 0", "*0\r\n"),
        ("SORT l LIMIT 0 3 GET # GET #", &reply(&twice)),
        ("SORT l ALPHA DESC", &reply(&by_text)),
        ("MULTI", "+OK\r\n"),
        ("SORT l LIMIT 0 2", "+QUEUED\r\n"),
        ("EXEC", &format!("*1\r\n{}", reply(&by_number[..2]))),
        ("RPUSH l x", ":10001\r\n"),
        ("SORT l", "-ERR One or more scores can't be converted into double\r\n"),
    ]);
}
