//! Sorted set commands: every reply below is what redis-server 7.0.15 answers to the same words, but for WITHSCORE of ZRANK,
//! which is of 7.2.

#[path = "common/session.rs"]
mod session;

use session::Store;
use std::collections::HashSet;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

/// What does not depend on the encoding must be so in both.
#[track_caller]
fn expect_in_both_encodings(exchange: &[(&str, &str)]) {
    Store::new().client().expect(exchange);
    Store::with(&[("zset-max-listpack-entries", "0")]).client().expect(exchange);
}

#[test]
fn zadd_changes_what_its_conditions_allow() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 3 c", ":3\r\n"),
        ("zadd z nx 9 a 4 d", ":1\r\n"),
        ("zadd z xx 9 a 9 e", ":0\r\n"),
        ("zadd z gt ch 5 a 10 b", ":1\r\n"),
        ("zadd z lt ch 8 a 20 b 6 f", ":2\r\n"),
        ("zadd z ch 8 a", ":0\r\n"),
        ("zadd z gt xx incr -3 a", "$-1\r\n"),
        ("zadd z incr 2 a", "$2\r\n10\r\n"),
        ("zadd z nx incr 2 a", "$-1\r\n"),
        ("zadd z nx incr 2 g", "$1\r\n2\r\n"),
        ("zincrby z 1.5 g", "$3\r\n3.5\r\n"),
        ("zincrby z -inf g", "$4\r\n-inf\r\n"),
        ("zincrby z +inf g", "-ERR resulting score is not a number (NaN)\r\n"),
        (
            "zrange z 0 -1 withscores",
            "*12\r\n$1\r\ng\r\n$4\r\n-inf\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nd\r\n$1\r\n4\r\n$1\r\nf\r\n$1\r\n6\r\n$1\r\na\r\n$2\r\n10\r\n$1\r\nb\r\n$2\r\n10\r\n",
        ),
        ("zadd z xx incr 1 nobody", "$-1\r\n"),
        ("zadd none xx 1 a", ":0\r\n"),
        ("exists none", ":0\r\n"),
    ]);
}

#[test]
fn arguments_are_complained_about_in_redis_order() {
    expect_in_both_encodings(&[
        ("zadd z 1", "-ERR wrong number of arguments for 'zadd' command\r\n"),
        ("zadd z 1 a 2", "-ERR syntax error\r\n"),
        ("zadd z nx", "-ERR wrong number of arguments for 'zadd' command\r\n"),
        ("zadd z nx xx 1 a", "-ERR XX and NX options at the same time are not compatible\r\n"),
        ("zadd z nx gt 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n"),
        ("zadd z gt lt 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n"),
        ("zadd z incr 1 a 2 b", "-ERR INCR option supports a single increment-element pair\r\n"),
        ("zadd z x a", "-ERR value is not a valid float\r\n"),
        ("zadd z nan a", "-ERR value is not a valid float\r\n"),
        ("zadd z 1 a x b", "-ERR value is not a valid float\r\n"),
        ("zincrby z x a", "-ERR value is not a valid float\r\n"),
        ("zincrby z nx a", "-ERR syntax error\r\n"),
        ("set s x", "+OK\r\n"),
        ("zadd s 1 a", WRONG_TYPE),
        ("zadd s x a", "-ERR value is not a valid float\r\n"),
        ("zincrby s 1 a", WRONG_TYPE),
        ("zrem s a", WRONG_TYPE),
        ("zscore s a", WRONG_TYPE),
        ("zcard s", WRONG_TYPE),
    ]);
}

#[test]
fn members_have_scores_and_ranks() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 2 c inf d", ":4\r\n"),
        ("zscore z b", "$1\r\n2\r\n"),
        ("zscore z x", "$-1\r\n"),
        ("zscore none x", "$-1\r\n"),
        ("zmscore z a x d", "*3\r\n$1\r\n1\r\n$-1\r\n$3\r\ninf\r\n"),
        ("zmscore none a b", "*2\r\n$-1\r\n$-1\r\n"),
        ("zcard z", ":4\r\n"),
        ("zcard none", ":0\r\n"),
        ("zrank z c", ":2\r\n"),
        ("zrevrank z c", ":1\r\n"),
        ("zrank z x", "$-1\r\n"),
        ("zrank none x", "$-1\r\n"),
        ("zcount z 2 +inf", ":3\r\n"),
        ("zcount z (2 (inf", ":0\r\n"),
        ("zcount z -inf 2", ":3\r\n"),
        ("zcount z a b", "-ERR min or max is not a float\r\n"),
        ("zcount z nan 1", "-ERR min or max is not a float\r\n"),
    ]);
}

#[test]
fn ranges_of_ranks_and_scores() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 3 c 4 d 5 e", ":5\r\n"),
        ("zrange z 1 2", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("zrange z -2 -1 withscores", "*4\r\n$1\r\nd\r\n$1\r\n4\r\n$1\r\ne\r\n$1\r\n5\r\n"),
        ("zrange z 0 1 rev withscores", "*4\r\n$1\r\ne\r\n$1\r\n5\r\n$1\r\nd\r\n$1\r\n4\r\n"),
        ("zrange z 3 1", "*0\r\n"),
        ("zrevrange z 0 1 withscores", "*4\r\n$1\r\ne\r\n$1\r\n5\r\n$1\r\nd\r\n$1\r\n4\r\n"),
        ("zrange z (1 3 byscore", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("zrange z 3 (1 byscore rev", "*2\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("zrange z -inf +inf byscore limit 1 2", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("zrange z +inf -inf byscore rev limit 1 2 withscores", "*4\r\n$1\r\nd\r\n$1\r\n4\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("zrange z -inf +inf byscore limit -1 2", "*0\r\n"),
        ("zrange z -inf +inf byscore limit 3 -1", "*2\r\n$1\r\nd\r\n$1\r\ne\r\n"),
        ("zrange z -inf +inf byscore limit 0 0", "*0\r\n"),
        ("zrangebyscore z 2 4 withscores limit 1 1", "*2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("zrevrangebyscore z 4 2", "*3\r\n$1\r\nd\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("zrangebyscore z 4 2", "*0\r\n"),
        (
            "zrange z 0 1 limit 0 1",
            "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX\r\n",
        ),
        ("zrange z 0 1 limit 0 -1", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("zrange z a 1", "-ERR value is not an integer or out of range\r\n"),
        ("zrange z 0 1 byscore bylex", "-ERR syntax error\r\n"),
        ("zrange z x 1 byscore", "-ERR min or max is not a float\r\n"),
        ("zrange z x 1 bylex", "-ERR min or max not valid string range item\r\n"),
        (
            "zrange z [a [b bylex withscores",
            "-ERR syntax error, WITHSCORES not supported in combination with BYLEX\r\n",
        ),
        ("zrange z 0 1 bad", "-ERR syntax error\r\n"),
        ("zrange z 0 1 limit 0", "-ERR syntax error\r\n"),
        ("zrevrange z 0 1 rev", "-ERR syntax error\r\n"),
        ("zrangebyscore z 1 2 byscore", "-ERR syntax error\r\n"),
        ("zrangebylex z [a [b withscores", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX\r\n"),
        ("zrange none 0 1", "*0\r\n"),
        ("zrangebyscore none x 1", "-ERR min or max is not a float\r\n"),
    ]);
}

#[test]
fn ranges_of_names() {
    expect_in_both_encodings(&[
        ("zadd l 0 a 0 b 0 c 0 d 0 aa", ":5\r\n"),
        ("zrangebylex l - +", "*5\r\n$1\r\na\r\n$2\r\naa\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("zrangebylex l [b +", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("zrangebylex l (a (c", "*2\r\n$2\r\naa\r\n$1\r\nb\r\n"),
        ("zrevrangebylex l + [aa", "*4\r\n$1\r\nd\r\n$1\r\nc\r\n$1\r\nb\r\n$2\r\naa\r\n"),
        ("zrevrangebylex l (c - limit 1 1", "*1\r\n$2\r\naa\r\n"),
        ("zrange l [a (c bylex limit 1 5", "*2\r\n$2\r\naa\r\n$1\r\nb\r\n"),
        ("zrange l + - bylex rev", "*5\r\n$1\r\nd\r\n$1\r\nc\r\n$1\r\nb\r\n$2\r\naa\r\n$1\r\na\r\n"),
        ("zlexcount l - +", ":5\r\n"),
        ("zlexcount l (a [b", ":2\r\n"),
        ("zlexcount l + -", ":0\r\n"),
        ("zlexcount l [b [a", ":0\r\n"),
        ("zremrangebylex l [aa (c", ":2\r\n"),
        ("zrange l 0 -1", "*3\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("zlexcount l x +", "-ERR min or max not valid string range item\r\n"),
    ]);
}

#[test]
fn ranges_are_stored() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 3 c 4 d", ":4\r\n"),
        ("zrangestore d z 1 2", ":2\r\n"),
        ("zrange d 0 -1 withscores", "*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("zrangestore d z 4 2 byscore rev limit 0 2", ":2\r\n"),
        ("zrange d 0 -1 withscores", "*4\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nd\r\n$1\r\n4\r\n"),
        ("zrangestore d z 9 9", ":0\r\n"),
        ("exists d", ":0\r\n"),
        ("zrangestore d none 0 1", ":0\r\n"),
        ("zrangestore d z 0 1 withscores", "-ERR syntax error\r\n"),
        ("set s x", "+OK\r\n"),
        ("zrangestore s z 0 0", ":1\r\n"),
        ("type s", "+zset\r\n"),
        ("zrangestore d str 0 x", "-ERR value is not an integer or out of range\r\n"),
        ("set str x", "+OK\r\n"),
        ("zrangestore d str 0 1", WRONG_TYPE),
    ]);
}

#[test]
fn members_and_ranges_are_removed() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 3 c 4 d 5 e 6 f", ":6\r\n"),
        ("zrem z a x c", ":2\r\n"),
        ("zremrangebyrank z 0 0", ":1\r\n"),
        ("zremrangebyscore z (4 5", ":1\r\n"),
        ("zremrangebyrank z 5 9", ":0\r\n"),
        ("zremrangebyscore z x 1", "-ERR min or max is not a float\r\n"),
        ("zremrangebyrank z x 1", "-ERR value is not an integer or out of range\r\n"),
        ("zrange z 0 -1", "*2\r\n$1\r\nd\r\n$1\r\nf\r\n"),
        ("zrem z d f g", ":2\r\n"),
        ("exists z", ":0\r\n"),
        ("zrem z a", ":0\r\n"),
    ]);
}

#[test]
fn members_are_popped_from_both_ends() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2 b 3 c 4 d 5 e 6 f", ":6\r\n"),
        ("zpopmin z", "*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("zpopmax z 2", "*4\r\n$1\r\nf\r\n$1\r\n6\r\n$1\r\ne\r\n$1\r\n5\r\n"),
        ("zpopmin z 0", "*0\r\n"),
        ("zpopmin z -1", "-ERR value is out of range, must be positive\r\n"),
        ("zpopmin z x", "-ERR value is out of range, must be positive\r\n"),
        ("zpopmin z 1 2", "-ERR syntax error\r\n"),
        ("zpopmin none", "*0\r\n"),
        ("zpopmax none 3", "*0\r\n"),
        ("zmpop 2 none z min", "*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n"),
        ("zmpop 1 z max count 2", "*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\nd\r\n$1\r\n4\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("exists z", ":0\r\n"),
        ("zmpop 1 z max", "*-1\r\n"),
        ("zmpop 0 z max", "-ERR numkeys should be greater than 0\r\n"),
        ("zmpop 1 z", "-ERR wrong number of arguments for 'zmpop' command\r\n"),
        ("zmpop 1 z mid", "-ERR syntax error\r\n"),
        ("zmpop 2 z max", "-ERR syntax error\r\n"),
        ("zmpop 1 z max count 0", "-ERR count should be greater than 0\r\n"),
        ("zmpop 1 z max count 1 count 1", "-ERR syntax error\r\n"),
        ("zmpop 1 z max count", "-ERR syntax error\r\n"),
        ("set s x", "+OK\r\n"),
        ("zmpop 2 none s min", WRONG_TYPE),
        ("zpopmin s", WRONG_TYPE),
    ]);
}

#[test]
fn sets_are_united_intersected_and_subtracted() {
    expect_in_both_encodings(&[
        ("zadd a 1 x 2 y 3 z", ":3\r\n"),
        ("zadd b 10 y 20 z 30 w", ":3\r\n"),
        ("sadd s x y q", ":3\r\n"),
        ("zunion 2 a b", "*4\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n$1\r\nw\r\n"),
        (
            "zunion 2 a b withscores",
            "*8\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$2\r\n12\r\n$1\r\nz\r\n$2\r\n23\r\n$1\r\nw\r\n$2\r\n30\r\n",
        ),
        (
            "zunion 3 a b s weights 1 2 100 withscores",
            "*10\r\n$1\r\nz\r\n$2\r\n43\r\n$1\r\nw\r\n$2\r\n60\r\n$1\r\nq\r\n$3\r\n100\r\n$1\r\nx\r\n$3\r\n101\r\n$1\r\ny\r\n$3\r\n122\r\n",
        ),
        ("zinter 2 a b aggregate max withscores", "*4\r\n$1\r\ny\r\n$2\r\n10\r\n$1\r\nz\r\n$2\r\n20\r\n"),
        ("zinter 3 a b s withscores", "*2\r\n$1\r\ny\r\n$2\r\n13\r\n"),
        ("zdiff 2 a b withscores", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n"),
        ("zdiff 2 s a", "*1\r\n$1\r\nq\r\n"),
        ("zunionstore d 2 a b aggregate min", ":4\r\n"),
        (
            "zrange d 0 -1 withscores",
            "*8\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n2\r\n$1\r\nz\r\n$1\r\n3\r\n$1\r\nw\r\n$2\r\n30\r\n",
        ),
        ("zinterstore d 2 a none", ":0\r\n"),
        ("exists d", ":0\r\n"),
        ("zdiffstore d 2 a s", ":1\r\n"),
        ("zrange d 0 -1 withscores", "*2\r\n$1\r\nz\r\n$1\r\n3\r\n"),
        ("zintercard 2 a b", ":2\r\n"),
        ("zintercard 2 a b limit 1", ":1\r\n"),
        ("zintercard 2 a b limit -1", "-ERR LIMIT can't be negative\r\n"),
        ("zintercard 2 a b limit x", "-ERR LIMIT can't be negative\r\n"),
        ("zunion 0 a", "-ERR at least 1 input key is needed for 'zunion' command\r\n"),
        ("zunion x a", "-ERR value is not an integer or out of range\r\n"),
        ("zunion 3 a b", "-ERR syntax error\r\n"),
        ("zunion 1 a weights 1 2", "-ERR syntax error\r\n"),
        ("zunion 2 a b weights 1", "-ERR syntax error\r\n"),
        ("zunion 2 a b weights 1 x", "-ERR weight value is not a float\r\n"),
        ("zunion 1 a aggregate avg", "-ERR syntax error\r\n"),
        ("zunionstore d 1 a withscores", "-ERR syntax error\r\n"),
        ("zdiff 1 a weights 1", "-ERR syntax error\r\n"),
        ("zinterstore d 0 a", "-ERR at least 1 input key is needed for 'zinterstore' command\r\n"),
        ("zdiffstore d 0 a", "-ERR at least 1 input key is needed for 'zdiffstore' command\r\n"),
        ("zintercard 0 a", "-ERR at least 1 input key is needed for 'zintercard' command\r\n"),
        ("set str 1", "+OK\r\n"),
        ("zunion 2 a str bad", WRONG_TYPE),
        ("zadd i inf m", ":1\r\n"),
        ("zadd j -inf m", ":1\r\n"),
        ("zunion 2 i j withscores", "*2\r\n$1\r\nm\r\n$1\r\n0\r\n"),
        ("zinter 2 i j weights 0 1 withscores", "*2\r\n$1\r\nm\r\n$4\r\n-inf\r\n"),
        ("zunion 1 i weights 0 withscores", "*2\r\n$1\r\nm\r\n$1\r\n0\r\n"),
    ]);
}

#[test]
fn random_members() {
    Store::new().client().expect(&[
        ("zrandmember none", "$-1\r\n"),
        ("zrandmember none 5", "*0\r\n"),
        ("zadd z 7 a", ":1\r\n"),
        ("zrandmember z", "$1\r\na\r\n"),
        ("zrandmember z 3", "*1\r\n$1\r\na\r\n"),
        ("zrandmember z -3", "*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"),
        ("zrandmember z 3 withscores", "*2\r\n$1\r\na\r\n$1\r\n7\r\n"),
        ("zrandmember z -2 withscores", "*4\r\n$1\r\na\r\n$1\r\n7\r\n$1\r\na\r\n$1\r\n7\r\n"),
        ("zrandmember z 0", "*0\r\n"),
        ("zrandmember z x", "-ERR value is not an integer or out of range\r\n"),
        ("zrandmember z 1 bad", "-ERR syntax error\r\n"),
        ("zrandmember z 1 withscores x", "-ERR syntax error\r\n"),
        (
            "zrandmember z -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
        ),
        ("zrandmember z 9223372036854775807 withscores", "-ERR value is out of range\r\n"),
    ]);
}

#[test]
fn zscan() {
    Store::new().client().expect(&[
        ("zscan none 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("zadd z 1 a 2.5 b 1e17 c", ":3\r\n"),
        ("zscan z 0", "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n2.5\r\n$1\r\nc\r\n$18\r\n100000000000000000\r\n"),
        ("zscan z 0 match a*", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("zscan z 0 count 1", "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n2.5\r\n$1\r\nc\r\n$18\r\n100000000000000000\r\n"),
        ("zscan z x", "-ERR invalid cursor\r\n"),
        ("zscan z 0 count 0", "-ERR syntax error\r\n"),
        ("zscan z 0 bad", "-ERR syntax error\r\n"),
        ("zscan z 0 type zset", "-ERR syntax error\r\n"),
        ("set s x", "+OK\r\n"),
        ("zscan s 0", WRONG_TYPE),
        ("zscan s x", "-ERR invalid cursor\r\n"),
        ("zscan s 0 bad", WRONG_TYPE),
    ]);
}

#[test]
fn encodings_have_redis_thresholds() {
    Store::new().client().expect(&[
        ("config set zset-max-listpack-entries 3", "+OK\r\n"),
        ("config set zset-max-listpack-value 4", "+OK\r\n"),
        ("zadd z 1 a 2 b 3 c", ":3\r\n"),
        ("object encoding z", "$8\r\nlistpack\r\n"),
        ("zadd z 1 a", ":0\r\n"),
        ("object encoding z", "$8\r\nlistpack\r\n"),
        ("zadd z 4 d", ":1\r\n"),
        ("object encoding z", "$8\r\nskiplist\r\n"),
        ("zrem z b c d", ":3\r\n"),
        ("object encoding z", "$8\r\nskiplist\r\n"),
        ("zadd y 1 abcd", ":1\r\n"),
        ("object encoding y", "$8\r\nlistpack\r\n"),
        ("zadd y 1 abcde", ":1\r\n"),
        ("object encoding y", "$8\r\nskiplist\r\n"),
        ("zunionstore d 1 z", ":1\r\n"),
        ("object encoding d", "$8\r\nlistpack\r\n"),
        ("zunionstore d 2 z y", ":3\r\n"),
        ("object encoding d", "$8\r\nskiplist\r\n"),
        ("zrangestore d y 0 0", ":1\r\n"),
        ("object encoding d", "$8\r\nlistpack\r\n"),
        ("zadd m 0 a -0 b", ":2\r\n"),
        ("zrange m 0 -1 withscores", "*4\r\n$1\r\na\r\n$1\r\n0\r\n$1\r\nb\r\n$1\r\n0\r\n"),
        ("zunion 1 m weights -1 withscores", "*4\r\n$1\r\na\r\n$2\r\n-0\r\n$1\r\nb\r\n$2\r\n-0\r\n"),
        ("config set zset-max-ziplist-entries 0", "+OK\r\n"),
        ("config get zset-max-listpack-entries", "*2\r\n$25\r\nzset-max-listpack-entries\r\n$1\r\n0\r\n"),
        ("zadd f 1 a", ":1\r\n"),
        ("object encoding f", "$8\r\nskiplist\r\n"),
        ("zadd f -0 b", ":1\r\n"),
        ("zscore f b", "$2\r\n-0\r\n"),
        ("config set zset-max-listpack-entries 128", "+OK\r\n"),
        ("config set zset-max-listpack-value 64", "+OK\r\n"),
    ]);
}

#[test]
fn ranks_come_with_scores_if_asked_for() {
    expect_in_both_encodings(&[
        ("zadd z 1 a 2.5 b", ":2\r\n"),
        ("zrank z b withscore", "*2\r\n:1\r\n$3\r\n2.5\r\n"),
        ("zrevrank z b WITHSCORE", "*2\r\n:0\r\n$3\r\n2.5\r\n"),
        ("zrank z x withscore", "*-1\r\n"),
        ("zrank none x withscore", "*-1\r\n"),
        ("zrank z b withscores", "-ERR syntax error\r\n"),
        ("zrank z b withscore x", "-ERR wrong number of arguments for 'zrank' command\r\n"),
    ]);
}

#[test]
fn in_resp3_scores_are_doubles_and_members_pairs() {
    let store = Store::new();
    let mut client = store.client();
    client.say("hello 3");
    client.expect(&[
        ("zadd z 1 a 2 b 3 c 4 d", ":4\r\n"),
        ("zscore z b", ",2\r\n"),
        ("zscore z x", "_\r\n"),
        ("zmscore z a x", "*2\r\n,1\r\n_\r\n"),
        ("zincrby z 0.5 a", ",1.5\r\n"),
        ("zadd z incr 1 b", ",3\r\n"),
        ("zadd z nx incr 1 b", "_\r\n"),
        ("zrange z 0 1 withscores", "*2\r\n*2\r\n$1\r\na\r\n,1.5\r\n*2\r\n$1\r\nb\r\n,3\r\n"),
        ("zrange z 0 1", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        (
            "zrangebyscore z 3 4 withscores",
            "*3\r\n*2\r\n$1\r\nb\r\n,3\r\n*2\r\n$1\r\nc\r\n,3\r\n*2\r\n$1\r\nd\r\n,4\r\n",
        ),
        ("zrank z x", "_\r\n"),
        ("zpopmin z", "*2\r\n$1\r\na\r\n,1.5\r\n"),
        ("zpopmin z 1", "*1\r\n*2\r\n$1\r\nb\r\n,3\r\n"),
        ("zpopmax z 1", "*1\r\n*2\r\n$1\r\nd\r\n,4\r\n"),
        ("zmpop 1 none min", "_\r\n"),
        ("zmpop 1 z min count 5", "*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nc\r\n,3\r\n"),
        ("zadd z 5 e", ":1\r\n"),
        ("zunion 1 z withscores", "*1\r\n*2\r\n$1\r\ne\r\n,5\r\n"),
        ("zunion 1 z", "*1\r\n$1\r\ne\r\n"),
        ("zdiff 1 z withscores", "*1\r\n*2\r\n$1\r\ne\r\n,5\r\n"),
        ("zrandmember z -2 withscores", "*2\r\n*2\r\n$1\r\ne\r\n,5\r\n*2\r\n$1\r\ne\r\n,5\r\n"),
        ("zrandmember z 1 withscores", "*1\r\n*2\r\n$1\r\ne\r\n,5\r\n"),
        ("zrandmember none", "_\r\n"),
        ("zscan z 0", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\ne\r\n$1\r\n5\r\n"),
    ]);
}

#[test]
fn a_large_set_goes_away_in_parts() {
    let store = Store::new();
    let mut client = store.client();
    for chunk in 0..40 {
        let members: String = (chunk * 100..chunk * 100 + 100).map(|n| format!(" {n} m{n:05}")).collect();
        assert_eq!(client.say(&format!("zadd big{members}")), ":100\r\n");
    }
    client.expect(&[
        ("object encoding big", "$8\r\nskiplist\r\n"),
        ("zrank big m02500", ":2500\r\n"),
        ("zcount big 100 (200", ":100\r\n"),
        ("zrevrange big 1000 1001", "*2\r\n$6\r\nm02999\r\n$6\r\nm02998\r\n"),
        ("zremrangebyrank big 100 199", ":100\r\n"),
        ("zrange big 99 100", "*2\r\n$6\r\nm00099\r\n$6\r\nm00200\r\n"),
        // Most of it at once: what stays is copied.
        ("zremrangebyscore big 300 3899", ":3600\r\n"),
        ("zcard big", ":300\r\n"),
        ("object encoding big", "$8\r\nskiplist\r\n"),
        ("zrange big 198 200", "*3\r\n$6\r\nm00298\r\n$6\r\nm00299\r\n$6\r\nm03900\r\n"),
        ("zrank big m03999", ":299\r\n"),
        ("zscore big m01000", "$-1\r\n"),
        ("copy big copy", ":1\r\n"),
        ("zremrangebyrank big 0 -1", ":300\r\n"),
        ("exists big", ":0\r\n"),
        ("zunionstore copy 1 copy weights -1", ":300\r\n"),
        ("zrange copy 0 0 withscores", "*2\r\n$6\r\nm03999\r\n$5\r\n-3999\r\n"),
    ]);
}

/// All members of a large set, put together from the steps of ZSCAN.
#[test]
fn a_scan_sees_every_member_that_stays() {
    let store = Store::new();
    let mut client = store.client();
    for number in 0..1000 {
        client.say(&format!("zadd z {number} m{number}"));
    }
    let (mut cursor, mut seen) = ("0".to_owned(), std::collections::BTreeSet::new());
    loop {
        let reply = client.say(&format!("zscan z {cursor} count 7"));
        let words: Vec<&str> = reply.split("\r\n").filter(|word| !word.starts_with(['*', '$'])).collect();
        seen.extend(words[1..].chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())));
        cursor = words[0].to_owned();
        if cursor == "0" {
            break;
        }
        // Others come and go.
        client.say(&format!("zadd z 5 other{}", seen.len()));
    }
    for number in 0..1000 {
        assert!(seen.contains(&(format!("m{number}"), number.to_string())), "{number}");
    }
}

#[test]
fn random_members_are_all_equally_likely() {
    for entries_max in ["0", "128"] {
        let store = Store::with(&[("zset-max-listpack-entries", entries_max)]);
        let mut client = store.client();
        client.say("zadd z 1 a 2 b 3 c 4 d");
        let mut drawn = std::collections::BTreeMap::<String, u32>::new();
        for count in ["", " 1", " 2", " 3", " -3"].iter().cycle().take(4000) {
            let reply = client.say(&format!("zrandmember z{count}"));
            for word in reply.split("\r\n").filter(|word| word.len() == 1) {
                *drawn.entry(word.to_owned()).or_default() += 1;
            }
        }
        // 800 of each form: 800 × (1 + 1 + 2 + 3 + 3) members.
        assert_eq!(drawn.values().sum::<u32>(), 8000);
        assert!(drawn.values().all(|count| (1800..2200).contains(count)), "{drawn:?}");
    }
}

/// Clients keep cursors in a signed or a floating number.
#[test]
fn cursors_are_below_two_to_the_53rd() {
    let store = Store::with(&[("zset-max-listpack-entries", "0"), ("set-max-intset-entries", "0")]);
    let mut client = store.client();
    for number in 0..2000_i64 {
        client.say(&format!("zadd z 1 m{number}"));
        client.say(&format!("hset h f{number} v"));
        client.say(&format!("sadd s m{number} {number} {}", number << 52));
    }
    for (scan, key, each, all) in [("zscan", "z", 2, 2000), ("hscan", "h", 2, 2000), ("sscan", "s", 1, 5999)] {
        let (mut cursor, mut seen) = (0_u64, HashSet::new());
        loop {
            let reply = client.say(&format!("{scan} {key} {cursor} count 10"));
            let texts: Vec<&str> = reply.split("\r\n").filter(|line| !line.starts_with(['*', '$'])).collect();
            cursor = texts[0].parse().expect("an unsigned number");
            assert!(cursor < 1 << 53, "{scan}: {cursor}");
            let members = texts[1..].iter().filter(|text| !text.is_empty()).step_by(each);
            seen.extend(members.map(|text| (*text).to_owned()));
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), all, "{scan}");
    }
}

/// A sum is only -0 if all that is added is.
#[test]
fn a_union_adds_zeros_with_their_signs() {
    expect_in_both_encodings(&[
        ("zadd a 0 m", ":1\r\n"),
        ("zadd b 0 m", ":1\r\n"),
        ("zunion 2 a b weights -1 1 withscores", "*2\r\n$1\r\nm\r\n$1\r\n0\r\n"),
        ("zunion 2 a b weights -1 inf withscores", "*2\r\n$1\r\nm\r\n$1\r\n0\r\n"),
        ("zunion 2 a b weights -1 -1 withscores", "*2\r\n$1\r\nm\r\n$2\r\n-0\r\n"),
        ("zunion 2 a b weights -1 1 aggregate min withscores", "*2\r\n$1\r\nm\r\n$2\r\n-0\r\n"),
    ]);
}
