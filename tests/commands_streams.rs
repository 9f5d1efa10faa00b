//! Stream commands: every reply below is what redis-server 7.0.15 answers to the same words. A client that is blocked has
//! no reply.

#[path = "common/session.rs"]
mod session;

use session::{Client, START_MS, Store};

#[test]
fn ids_grow_and_are_completed() {
    Store::new().client().expect(&[
        ("XADD s 1-1 f v", "$3\r\n1-1\r\n"),
        ("XADD s 1-1 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"),
        ("XADD s 1-0 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"),
        ("XADD s 1-* f v", "$3\r\n1-2\r\n"),
        ("XADD s 2-* f v", "$3\r\n2-0\r\n"),
        ("XADD s 3 f v", "$3\r\n3-0\r\n"),
        ("XADD s 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0\r\n"),
        ("XADD t 0-* f v", "$3\r\n0-1\r\n"),
        ("XADD t 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0\r\n"),
        ("XADD s 4 f", "-ERR wrong number of arguments for 'xadd' command\r\n"),
        ("XADD s 4 f v g", "-ERR wrong number of arguments for 'xadd' command\r\n"),
        ("XADD s 06--01 f v", "$22\r\n6-18446744073709551615\r\n"),
        ("XADD s x f v", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XADD s - f v", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XADD s + f v", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XADD s 1-2-3 f v", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XADD none NOMKSTREAM 1-1 f v", "$-1\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("XADD s NOMKSTREAM 7-1 f v", "$3\r\n7-1\r\n"),
        ("XLEN s", ":6\r\n"),
        ("XLEN none", ":0\r\n"),
        (
            "XADD m 18446744073709551615-18446744073709551615 f v",
            "$41\r\n18446744073709551615-18446744073709551615\r\n",
        ),
        ("XADD m * f v", "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n"),
        ("TYPE s", "+stream\r\n"),
        ("OBJECT ENCODING s", "$6\r\nstream\r\n"),
        ("SET k v", "+OK\r\n"),
        ("XADD k 1-1 f v", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("XLEN k", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ]);
}

#[test]
fn options_are_checked_in_order() {
    Store::new().client().expect(&[
        (
            "XADD s MAXLEN 1 MINID 1 1-1 f v",
            "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
        ),
        ("XADD s MAXLEN -1 1-1 f v", "-ERR The MAXLEN argument must be >= 0.\r\n"),
        ("XADD s MAXLEN x 1-1 f v", "-ERR value is not an integer or out of range\r\n"),
        ("XADD s MINID x 1-1 f v", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        (
            "XADD s LIMIT 5 1-1 f v",
            "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n",
        ),
        ("XADD s LIMIT 0 1-1 f v", "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n"),
        ("XADD s MAXLEN 5 LIMIT 5 1-1 f v", "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n"),
        ("XADD s MAXLEN ~ 5 LIMIT -1 1-1 f v", "-ERR The LIMIT argument must be >= 0.\r\n"),
        ("XADD s MAXLEN ~ 5 LIMIT x 1-1 f v", "-ERR value is not an integer or out of range\r\n"),
        ("XADD s MAXLEN = 5 nomkSTREAM 1-1 f v", "$-1\r\n"),
        ("XTRIM s MAXLEN", "-ERR wrong number of arguments for 'xtrim' command\r\n"),
        ("XTRIM s LIMIT 5 MAXLEN ~ 5", ":0\r\n"),
        ("XTRIM s LIMIT 5", "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n"),
        ("XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy\r\n"),
        ("XTRIM s MAXLEN 5 x", "-ERR syntax error\r\n"),
        ("XTRIM s NOMKSTREAM MAXLEN 5", "-ERR syntax error\r\n"),
        ("XTRIM s MAXLEN = 5 LIMIT 0", "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n"),
        ("XTRIM s minid ~ 5 limit 0", ":0\r\n"),
        (
            "XTRIM s minid 5 maxlen 5",
            "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
        ),
        ("XTRIM none MAXLEN 0", ":0\r\n"),
    ]);
}

#[test]
fn ranges_in_both_directions() {
    Store::new().client().expect(&[
        ("XADD s 1-1 a 1", "$3\r\n1-1\r\n"),
        ("XADD s 1-2 b 2 c 3", "$3\r\n1-2\r\n"),
        ("XADD s 2-0 a 007", "$3\r\n2-0\r\n"),
        (
            "XRANGE s - +",
            "*3\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n\
             2\r\n$1\r\nc\r\n$1\r\n3\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$3\r\n007\r\n",
        ),
        (
            "XREVRANGE s + -",
            "*3\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$3\r\n007\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n\
             $1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
        ),
        (
            "XRANGE s 1 1",
            "*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n\
             2\r\n$1\r\nc\r\n$1\r\n3\r\n",
        ),
        ("XRANGE s 1-2 1", "*1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("XRANGE s (1-1 (2-0", "*1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("XREVRANGE s (2-0 (1-1", "*1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("XRANGE s - + COUNT 1", "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("XREVRANGE s + - COUNT 1", "*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$3\r\n007\r\n"),
        ("XRANGE s - + COUNT 0", "*-1\r\n"),
        ("XRANGE s - + COUNT -5", "*-1\r\n"),
        (
            "XRANGE s - + COUNT 5 COUNT 2",
            "*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nb\r\n$1\r\n\
             2\r\n$1\r\nc\r\n$1\r\n3\r\n",
        ),
        ("XRANGE s 2 1", "*0\r\n"),
        ("XRANGE none - +", "*0\r\n"),
        ("XRANGE none x +", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XRANGE s ( +", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XRANGE s (- +", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XRANGE s (18446744073709551615-18446744073709551615 +", "-ERR invalid start ID for the interval\r\n"),
        ("XRANGE s - (0-0", "-ERR invalid end ID for the interval\r\n"),
        ("XRANGE s - + COUNT", "-ERR syntax error\r\n"),
        ("XRANGE s - + LIMIT 1", "-ERR syntax error\r\n"),
        ("XRANGE s - + COUNT x", "-ERR value is not an integer or out of range\r\n"),
    ]);
}

#[test]
fn deleting_and_trimming() {
    Store::new().client().expect(&[
        ("XADD s 1-0 f v", "$3\r\n1-0\r\n"),
        ("XADD s 2-0 f v", "$3\r\n2-0\r\n"),
        ("XADD s 3-0 f v", "$3\r\n3-0\r\n"),
        ("XADD s 4-0 f v", "$3\r\n4-0\r\n"),
        ("XDEL s 2-0 2-0 9-9", ":1\r\n"),
        ("XDEL s 3-0 x", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XDEL none 1", ":0\r\n"),
        (
            "XINFO STREAM s",
            "*20\r\n$6\r\nlength\r\n:3\r\n$15\r\nradix-tree-keys\r\n:1\r\n$16\r\nradix-tree-nodes\r\n:2\r\n\
             $17\r\nlast-generated-id\r\n$3\r\n4-0\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n2-0\r\n$13\r\n\
             entries-added\r\n:4\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n1-0\r\n$6\r\ngroups\r\n:0\r\n\
             $11\r\nfirst-entry\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n$10\r\nlast-entry\r\n\
             *2\r\n$3\r\n4-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XTRIM s MAXLEN ~ 1", ":0\r\n"),
        ("XTRIM s MAXLEN 2", ":1\r\n"),
        (
            "XRANGE s - +",
            "*2\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XADD s MINID 4 5-0 f v", "$3\r\n5-0\r\n"),
        (
            "XRANGE s - +",
            "*2\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XADD s MAXLEN 1 6-0 f v", "$3\r\n6-0\r\n"),
        ("XLEN s", ":1\r\n"),
        ("XDEL s 6-0", ":1\r\n"),
        ("XLEN s", ":0\r\n"),
        ("EXISTS s", ":1\r\n"),
        (
            "XINFO STREAM s",
            "*20\r\n$6\r\nlength\r\n:0\r\n$15\r\nradix-tree-keys\r\n:0\r\n$16\r\nradix-tree-nodes\r\n:1\r\n\
             $17\r\nlast-generated-id\r\n$3\r\n6-0\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n6-0\r\n$13\r\n\
             entries-added\r\n:6\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n0-0\r\n$6\r\ngroups\r\n:0\r\n\
             $11\r\nfirst-entry\r\n$-1\r\n$10\r\nlast-entry\r\n$-1\r\n",
        ),
        ("XADD s 5-9 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"),
        ("XADD s MAXLEN 0 7-0 f v", "$3\r\n7-0\r\n"),
        (
            "XINFO STREAM s",
            "*20\r\n$6\r\nlength\r\n:0\r\n$15\r\nradix-tree-keys\r\n:0\r\n$16\r\nradix-tree-nodes\r\n:1\r\n\
             $17\r\nlast-generated-id\r\n$3\r\n7-0\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n6-0\r\n$13\r\n\
             entries-added\r\n:7\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n0-0\r\n$6\r\ngroups\r\n:0\r\n\
             $11\r\nfirst-entry\r\n$-1\r\n$10\r\nlast-entry\r\n$-1\r\n",
        ),
        ("XSETID s 8-0", "+OK\r\n"),
        ("XADD s 7-9 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"),
        ("XSETID s 9-0 ENTRIESADDED 100 MAXDELETEDID 3-0", "+OK\r\n"),
        (
            "XINFO STREAM s",
            "*20\r\n$6\r\nlength\r\n:0\r\n$15\r\nradix-tree-keys\r\n:0\r\n$16\r\nradix-tree-nodes\r\n:1\r\n\
             $17\r\nlast-generated-id\r\n$3\r\n9-0\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n3-0\r\n$13\r\n\
             entries-added\r\n:100\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n0-0\r\n$6\r\ngroups\r\n:0\r\n\
             $11\r\nfirst-entry\r\n$-1\r\n$10\r\nlast-entry\r\n$-1\r\n",
        ),
        ("XSETID s 9-0 ENTRIESADDED -1", "-ERR entries_added must be positive\r\n"),
        (
            "XSETID s 9-0 MAXDELETEDID 10-0",
            "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n",
        ),
        ("XSETID s 9-0 MAXDELETEDID", "-ERR syntax error\r\n"),
        ("XSETID s 9-0 x", "-ERR syntax error\r\n"),
        ("XSETID none 1-1", "-ERR no such key\r\n"),
        ("XADD s 10-0 f v", "$4\r\n10-0\r\n"),
        ("XSETID s 9-9", "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n"),
        (
            "XSETID s 10-5 ENTRIESADDED 0",
            "-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n",
        ),
    ]);
}

#[test]
fn reading() {
    Store::new().client().expect(&[
        ("XADD s 1-0 f v", "$3\r\n1-0\r\n"),
        ("XADD s 2-0 g w", "$3\r\n2-0\r\n"),
        ("XADD t 5-5 h x", "$3\r\n5-5\r\n"),
        (
            "XREAD STREAMS s 0",
            "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n\
             *2\r\n$1\r\ng\r\n$1\r\nw\r\n",
        ),
        (
            "XREAD COUNT 1 STREAMS s t 0 5-5",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        (
            "XREAD COUNT 1 STREAMS s t 1-0 0",
            "*2\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n*2\r\n$1\r\nt\r\n\
             *1\r\n*2\r\n$3\r\n5-5\r\n*2\r\n$1\r\nh\r\n$1\r\nx\r\n",
        ),
        ("XREAD STREAMS s $", "*-1\r\n"),
        ("XREAD STREAMS s 18446744073709551615-18446744073709551615", "*-1\r\n"),
        ("XREAD STREAMS s none 2 0", "*-1\r\n"),
        (
            "XREAD STREAMS s t 0",
            "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.\r\n",
        ),
        ("XREAD STREAMS s", "-ERR wrong number of arguments for 'xread' command\r\n"),
        ("XREAD COUNT x STREAMS s 0", "-ERR value is not an integer or out of range\r\n"),
        ("XREAD COUNT -1 STREAMS t 0", "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-5\r\n*2\r\n$1\r\nh\r\n$1\r\nx\r\n"),
        (
            "XREAD STREAMS s >",
            "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> \
             option.\r\n",
        ),
        ("XREAD STREAMS s +", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        (
            "XREAD GROUP g c STREAMS s 0",
            "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.\r\n",
        ),
        (
            "XREAD NOACK STREAMS s 0",
            "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.\r\n",
        ),
        ("XREAD COUNT 1 s 0", "-ERR syntax error\r\n"),
        ("XREAD BLOCK x STREAMS s 0", "-ERR timeout is not an integer or out of range\r\n"),
        ("XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative\r\n"),
        (
            "XREAD BLOCK 1000 STREAMS s 0",
            "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n\
             *2\r\n$1\r\ng\r\n$1\r\nw\r\n",
        ),
        (
            "XREADGROUP GROUP g c STREAMS s >",
            "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
        ),
        ("XREADGROUP COUNT 1 NOACK STREAMS s >", "-ERR Missing GROUP option for XREADGROUP\r\n"),
        ("XREADGROUP STREAMS s t u GROUP g c", "-ERR Missing GROUP option for XREADGROUP\r\n"),
        ("SET k v", "+OK\r\n"),
        ("XREAD STREAMS s k 0 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ]);
}

#[test]
fn groups() {
    Store::new().client().expect(&[
        (
            "XGROUP CREATE s g $",
            "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use \
             the MKSTREAM option to create an empty stream automatically.\r\n",
        ),
        ("XGROUP CREATE s g $ MKSTREAM", "+OK\r\n"),
        ("XGROUP CREATE s g 0", "-BUSYGROUP Consumer Group name already exists\r\n"),
        ("XADD s 1-0 f v", "$3\r\n1-0\r\n"),
        ("XADD s 2-0 f v", "$3\r\n2-0\r\n"),
        ("XGROUP CREATE s h $", "+OK\r\n"),
        ("XGROUP CREATE s i 1 ENTRIESREAD 1", "+OK\r\n"),
        ("XGROUP CREATE s j 1 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1\r\n"),
        ("XGROUP CREATE s j 1 ENTRIESREAD x", "-ERR value is not an integer or out of range\r\n"),
        ("XGROUP CREATE s j x", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        (
            "XGROUP CREATE s j 0 NOPE",
            "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
        ),
        (
            "XGROUP CREATE s j 0 MKSTREAM ENTRIESREAD 1 MKSTREAM",
            "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
        ),
        (
            "XINFO GROUPS s",
            "*3\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\n\
             last-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:2\r\n*12\r\n\
             $4\r\nname\r\n$1\r\nh\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\n\
             last-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:0\r\n*12\r\n\
             $4\r\nname\r\n$1\r\ni\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\n\
             last-delivered-id\r\n$3\r\n1-0\r\n$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:1\r\n",
        ),
        (
            "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        (
            "XREADGROUP GROUP g d STREAMS s >",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XREADGROUP GROUP g d STREAMS s >", "*-1\r\n"),
        (
            "XREADGROUP GROUP g c STREAMS s 0",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XREADGROUP GROUP g c STREAMS s 1", "*1\r\n*2\r\n$1\r\ns\r\n*0\r\n"),
        (
            "XREADGROUP GROUP none c STREAMS s 0",
            "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option\r\n",
        ),
        (
            "XREADGROUP GROUP g c STREAMS s $",
            "-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of \
             this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would \
             just return an empty result set.\r\n",
        ),
        (
            "XINFO GROUPS s",
            "*3\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:2\r\n$7\r\npending\r\n:2\r\n$17\r\n\
             last-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n$3\r\nlag\r\n:0\r\n*12\r\n$4\r\n\
             name\r\n$1\r\nh\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n\
             $3\r\n2-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:0\r\n*12\r\n$4\r\nname\r\n$1\r\ni\r\n\
             $9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n1-0\r\n\
             $12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:1\r\n",
        ),
        ("XDEL s 1-0", ":1\r\n"),
        ("XREADGROUP GROUP g c STREAMS s 0", "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n"),
        ("XGROUP CREATECONSUMER s g e", ":1\r\n"),
        ("XGROUP CREATECONSUMER s g e", ":0\r\n"),
        ("XGROUP CREATECONSUMER s none e", "-NOGROUP No such consumer group 'none' for key name 's'\r\n"),
        ("XGROUP DELCONSUMER s g d", ":1\r\n"),
        ("XGROUP DELCONSUMER s g d", ":0\r\n"),
        ("XGROUP SETID s g 0 ENTRIESREAD 0", "+OK\r\n"),
        (
            "XREADGROUP GROUP g c NOACK STREAMS s >",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XGROUP SETID s none 0", "-NOGROUP No such consumer group 'none' for key name 's'\r\n"),
        (
            "XGROUP SETID s g $ ENTRIESREAD 1 ENTRIESREAD 1",
            "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.\r\n",
        ),
        ("XGROUP SETID s g +", "+OK\r\n"),
        (
            "XINFO GROUPS s",
            "*3\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:2\r\n$7\r\npending\r\n:1\r\n$17\r\n\
             last-delivered-id\r\n$41\r\n18446744073709551615-18446744073709551615\r\n$12\r\n\
             entries-read\r\n$-1\r\n$3\r\nlag\r\n$-1\r\n*12\r\n$4\r\nname\r\n$1\r\nh\r\n$9\r\nconsumers\r\n\
             :0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n\
             $-1\r\n$3\r\nlag\r\n:0\r\n*12\r\n$4\r\nname\r\n$1\r\ni\r\n$9\r\nconsumers\r\n:0\r\n$7\r\n\
             pending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n1-0\r\n$12\r\nentries-read\r\n:1\r\n$3\r\n\
             lag\r\n:1\r\n",
        ),
        ("XGROUP DESTROY s h", ":1\r\n"),
        ("XGROUP DESTROY s h", ":0\r\n"),
        (
            "XGROUP DESTROY none h",
            "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use \
             the MKSTREAM option to create an empty stream automatically.\r\n",
        ),
        ("XGROUP CREATE", "-ERR wrong number of arguments for 'xgroup|create' command\r\n"),
        ("XGROUP NOPE s g", "-ERR unknown subcommand 'NOPE'. Try XGROUP HELP.\r\n"),
        (
            "XGROUP HELP",
            "*17\r\n+XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n\
             +CREATE <key> <groupname> <id|$> [option]\r\n+    Create a new consumer group. Options are:\r\n\
             +    * MKSTREAM\r\n+      Create the empty stream if it does not exist.\r\n\
             +    * ENTRIESREAD entries_read\r\n\
             +      Set the group's entries_read counter (internal use).\r\n\
             +CREATECONSUMER <key> <groupname> <consumer>\r\n\
             +    Create a new consumer in the specified group.\r\n\
             +DELCONSUMER <key> <groupname> <consumer>\r\n+    Remove the specified consumer.\r\n\
             +DESTROY <key> <groupname>\r\n+    Remove the specified group.\r\n\
             +SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]\r\n\
             +    Set the current group ID and entries_read counter.\r\n+HELP\r\n+    Prints this help.\r\n",
        ),
        ("SET k v", "+OK\r\n"),
        ("XGROUP CREATE k g 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("XINFO GROUPS k", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("XINFO GROUPS none", "-ERR no such key\r\n"),
        ("XINFO CONSUMERS s none", "-NOGROUP No such consumer group 'none' for key name 's'\r\n"),
        ("XINFO NOPE s", "-ERR unknown subcommand 'NOPE'. Try XINFO HELP.\r\n"),
        (
            "XINFO HELP",
            "*9\r\n+XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n\
             +CONSUMERS <key> <groupname>\r\n+    Show consumers of <groupname>.\r\n+GROUPS <key>\r\n\
             +    Show the stream consumer groups.\r\n+STREAM <key> [FULL [COUNT <count>]\r\n\
             +    Show information about the stream.\r\n+HELP\r\n+    Prints this help.\r\n",
        ),
        (
            "XINFO STREAM s FULL COUNT",
            "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
        ),
        (
            "XINFO STREAM s FUL",
            "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
        ),
    ]);
}

#[test]
fn pending_entries() {
    Store::new().client().expect(&[
        ("XGROUP CREATE s g 0 MKSTREAM", "+OK\r\n"),
        ("XADD s 1-0 f v", "$3\r\n1-0\r\n"),
        ("XADD s 2-0 f v", "$3\r\n2-0\r\n"),
        ("XADD s 3-0 f v", "$3\r\n3-0\r\n"),
        ("XPENDING s g", "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"),
        (
            "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
            "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n\
             *2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        (
            "XREADGROUP GROUP g d STREAMS s >",
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        (
            "XPENDING s g",
            "*4\r\n:3\r\n$3\r\n1-0\r\n$3\r\n3-0\r\n*2\r\n*2\r\n$1\r\nc\r\n$1\r\n2\r\n*2\r\n$1\r\nd\r\n$1\r\n1\r\n",
        ),
        ("XPENDING s g - + 10 nobody", "*0\r\n"),
        ("XPENDING s g - + 0", "*0\r\n"),
        ("XPENDING s g IDLE 100000 - + 10", "*0\r\n"),
        ("XPENDING s g 3 1 10", "*0\r\n"),
        ("XPENDING s g - +", "-ERR syntax error\r\n"),
        ("XPENDING s g - + x", "-ERR value is not an integer or out of range\r\n"),
        ("XPENDING s g x + 10", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XPENDING s g IDLE x - + 10", "-ERR value is not an integer or out of range\r\n"),
        ("XPENDING s g IDLE 1 - +", "-ERR syntax error\r\n"),
        ("XPENDING s g - + 10 c d e f", "-ERR syntax error\r\n"),
        ("XPENDING none g", "-NOGROUP No such key 'none' or consumer group 'g'\r\n"),
        ("XPENDING s none - + 10", "-NOGROUP No such key 's' or consumer group 'none'\r\n"),
        ("XACK s g 1-0 1-0 9-9", ":1\r\n"),
        ("XACK s g x", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XACK none g x", ":0\r\n"),
        ("XACK s none x", ":0\r\n"),
        (
            "XPENDING s g",
            "*4\r\n:2\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n*2\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n*2\r\n$1\r\nd\r\n$1\r\n1\r\n",
        ),
        (
            "XCLAIM s g d 0 2-0 3-0 9-9",
            "*2\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
        ),
        ("XCLAIM s g d 0 2-0 JUSTID", "*1\r\n$3\r\n2-0\r\n"),
        ("XCLAIM s g d 100000 2-0", "*0\r\n"),
        ("XCLAIM s g e 0 1-0", "*0\r\n"),
        ("XCLAIM s g e 0 1-0 FORCE RETRYCOUNT 7 JUSTID", "*1\r\n$3\r\n1-0\r\n"),
        (
            "XPENDING s g",
            "*4\r\n:3\r\n$3\r\n1-0\r\n$3\r\n3-0\r\n*2\r\n*2\r\n$1\r\nd\r\n$1\r\n2\r\n*2\r\n$1\r\ne\r\n$1\r\n1\r\n",
        ),
        ("XDEL s 1-0", ":1\r\n"),
        ("XCLAIM s g e 0 1-0 2-0 JUSTID", "*1\r\n$3\r\n2-0\r\n"),
        ("XCLAIM s g e x 1-0", "-ERR Invalid min-idle-time argument for XCLAIM\r\n"),
        ("XCLAIM s g e 0 1-0 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM\r\n"),
        ("XCLAIM s g e 0 1-0 TIME", "-ERR Unrecognized XCLAIM option 'TIME'\r\n"),
        ("XCLAIM s g e 0 1-0 NOPE", "-ERR Unrecognized XCLAIM option 'NOPE'\r\n"),
        ("XCLAIM s g e 0 1-0 RETRYCOUNT x", "-ERR Invalid RETRYCOUNT option argument for XCLAIM\r\n"),
        ("XCLAIM s g e 0 1-0 LASTID x", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XCLAIM s none e 0 1-0", "-NOGROUP No such key 's' or consumer group 'none'\r\n"),
        ("XDEL s 2-0", ":1\r\n"),
        ("XAUTOCLAIM s g f 0 - COUNT 1", "*3\r\n$3\r\n3-0\r\n*0\r\n*1\r\n$3\r\n2-0\r\n"),
        (
            "XAUTOCLAIM s g f 0 0 COUNT 10",
            "*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n",
        ),
        ("XAUTOCLAIM s g f 0 (3-0 JUSTID", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n"),
        ("XAUTOCLAIM s g f 100000 0", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n"),
        ("XAUTOCLAIM s g f x 0", "-ERR Invalid min-idle-time argument for XAUTOCLAIM\r\n"),
        ("XAUTOCLAIM s g f 0 x", "-ERR Invalid stream ID specified as stream command argument\r\n"),
        ("XAUTOCLAIM s g f 0 0 COUNT 0", "-ERR COUNT must be > 0\r\n"),
        ("XAUTOCLAIM s g f 0 0 COUNT x", "-ERR COUNT must be > 0\r\n"),
        ("XAUTOCLAIM s g f 0 0 COUNT 576460752303423488", "-ERR COUNT must be > 0\r\n"),
        ("XAUTOCLAIM s g f 0 0 NOPE", "-ERR syntax error\r\n"),
        ("XAUTOCLAIM s none f 0 0", "-NOGROUP No such key 's' or consumer group 'none'\r\n"),
        ("XPENDING s g", "*4\r\n:1\r\n$3\r\n3-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$1\r\nf\r\n$1\r\n1\r\n"),
    ]);
}

#[test]
fn ids_come_from_the_clock_and_never_go_back() {
    let store = Store::new();
    let mut client = store.client();
    let id = |ms: i64, seq: u64| {
        let id = format!("{}-{seq}", START_MS + ms);
        format!("${}\r\n{id}\r\n", id.len())
    };
    assert_eq!(client.say("XADD s * f v"), id(0, 0));
    assert_eq!(client.say("XADD s * f v"), id(0, 1));
    store.pass_ms(5);
    assert_eq!(client.say("XADD s * f v"), id(5, 0));
    store.pass_ms(-3);
    assert_eq!(client.say("XADD s * f v"), id(5, 1));
    assert_eq!(client.say(&format!("XADD s {}-* f v", START_MS + 9)), id(9, 0));
    store.pass_ms(4);
    assert_eq!(client.say("XADD s * f v"), id(9, 1));
}

#[test]
fn idle_times_are_told_from_the_clock() {
    let store = Store::new();
    let mut client = store.client();
    client.say("XGROUP CREATE s g 0 MKSTREAM");
    client.say("XADD s 1-0 f v");
    client.say("XREADGROUP GROUP g c STREAMS s >");
    store.pass_ms(250);
    client.expect(&[
        ("XPENDING s g - + 1", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nc\r\n:250\r\n:1\r\n"),
        ("XPENDING s g IDLE 251 - + 1", "*0\r\n"),
        ("XPENDING s g IDLE 250 - + 1", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nc\r\n:250\r\n:1\r\n"),
        ("XCLAIM s g d 251 1-0 JUSTID", "*0\r\n"),
        ("XINFO CONSUMERS s g", "*1\r\n*6\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:1\r\n$4\r\nidle\r\n:250\r\n"),
        ("XAUTOCLAIM s g d 250 - JUSTID", "*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n1-0\r\n*0\r\n"),
        ("XPENDING s g - + 1", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nd\r\n:0\r\n:1\r\n"),
        ("XCLAIM s g d 0 1-0 IDLE 1000 JUSTID", "*1\r\n$3\r\n1-0\r\n"),
        ("XPENDING s g - + 1", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nd\r\n:1000\r\n:1\r\n"),
    ]);
}

#[test]
fn nodes_are_cut_where_the_settings_say() {
    let mut client = Store::new().client();
    let nodes = |client: &mut Client| {
        let info = client.say("XINFO STREAM s");
        let numbers: Vec<&str> = info.split("\r\n").filter(|line| line.starts_with(':')).take(3).collect();
        numbers.join("")
    };
    client.say("CONFIG SET stream-node-max-entries 3");
    (1..=7).for_each(|n| drop(client.say(&format!("XADD s {n} f v"))));
    assert_eq!(nodes(&mut client), ":7:3:8");
    client.expect(&[("XTRIM s MAXLEN ~ 2", ":3\r\n"), ("XTRIM s MAXLEN ~ 1 LIMIT 2", ":0\r\n")]);
    client.say("CONFIG SET stream-node-max-entries 0 stream-node-max-bytes 60");
    (8..=20).for_each(|n| drop(client.say(&format!("XADD s {n} f value"))));
    assert_eq!(nodes(&mut client), ":17:6:14");
    client.expect(&[("XTRIM s MINID ~ 13", ":9\r\n"), ("XTRIM s MINID 13", ":0\r\n")]);
}

/// What a blocked client has been answered by now.
fn answer(client: &mut Client) -> String {
    String::from_utf8_lossy(&client.answer()).into_owned()
}

/// Clients, each blocked by a command.
fn blocked<const N: usize>(store: &Store, commands: [&str; N]) -> [Client; N] {
    commands.map(|command| {
        let mut client = store.client();
        assert_eq!(client.say(command), BLOCKED, "{command}");
        client
    })
}

const BLOCKED: &str = "";
const ONE: &str = "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n";

#[test]
fn readers_wait_for_what_comes_after_their_id() {
    let store = Store::new();
    let mut writer = store.client();
    writer.say("XADD s 1-1 f v");
    let commands = ["XREAD BLOCK 0 STREAMS s $", "XREAD BLOCK 0 STREAMS none s 0 1-1", "XREAD BLOCK 0 STREAMS s s 5 $"];
    let [mut a, mut b, mut late] = blocked(&store, commands);
    writer.say("XADD s 2-1 f v");
    assert_eq!([answer(&mut a), answer(&mut b)], [ONE, ONE]);
    assert_eq!(answer(&mut late), BLOCKED);
    writer.say("DEL s");
    writer.say("SET s v");
    writer.say("DEL s");
    assert_eq!(answer(&mut late), BLOCKED);
    writer.say("XADD s 6-0 f v");
    assert_ne!(answer(&mut late), BLOCKED);
}

#[test]
fn one_write_serves_a_whole_transaction() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut all, mut one] = blocked(&store, ["XREAD BLOCK 0 STREAMS s 0", "XREAD COUNT 1 BLOCK 0 STREAMS s 2"]);
    for command in ["MULTI", "XADD s 2-1 f v", "XADD s 2-2 f v", "XDEL s 2-2", "EXEC"] {
        writer.say(command);
    }
    assert_eq!([answer(&mut all), answer(&mut one)], [ONE, ONE]);
    let [mut none] = blocked(&store, ["XREAD BLOCK 0 STREAMS s $"]);
    for command in ["MULTI", "XADD s 3-1 f v", "XDEL s 3-1", "EXEC"] {
        writer.say(command);
    }
    assert_eq!(answer(&mut none), "*1\r\n*2\r\n$1\r\ns\r\n*0\r\n");
}

#[test]
fn consumers_are_served_in_turn_and_become_known() {
    let store = Store::new();
    let mut writer = store.client();
    writer.say("XGROUP CREATE s g $ MKSTREAM");
    let commands = ["c", "d"].map(|name| format!("XREADGROUP GROUP g {name} BLOCK 0 STREAMS s >"));
    let [mut a, mut b] = blocked(&store, [&commands[0], &commands[1]]);
    writer.say("XADD s 2-1 f v");
    assert_eq!([&answer(&mut a), &answer(&mut b)], [ONE, BLOCKED]);
    writer.say("XADD s 2-2 f v");
    assert_ne!(answer(&mut b), BLOCKED);
    writer.expect(&[(
        "XPENDING s g",
        "*4\r\n:2\r\n$3\r\n2-1\r\n$3\r\n2-2\r\n*2\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n*2\r\n$1\r\nd\r\n$1\r\n1\r\n",
    )]);
}

#[test]
fn consumers_learn_that_their_group_is_gone() {
    const NO_KEY: &str = "-UNBLOCKED the stream key no longer exists\r\n";
    const NO_GROUP: &str = "-NOGROUP the consumer group this client was blocked on no longer exists\r\n";
    let cases: [(&[&str], &str); 8] = [
        (&["DEL s"], NO_KEY),
        (&["SET s v"], NO_KEY),
        (&["FLUSHALL"], NO_KEY),
        (&["RENAME s t"], NO_KEY),
        (&["XGROUP DESTROY s g"], NO_GROUP),
        (&["XADD t 1-1 f v", "RENAME t s"], NO_GROUP),
        (&["XGROUP SETID s g 0", "XDEL s 1-1", "XTRIM s MAXLEN 0"], BLOCKED),
        (&["XADD t 2-1 f v", "XGROUP CREATE t g 0", "RENAME t s"], ONE),
    ];
    for (commands, expected) in cases {
        let store = Store::new();
        let mut writer = store.client();
        writer.say("XADD s 1-1 f v");
        writer.say("XADD s 1-2 f v");
        writer.say("XGROUP CREATE s g $");
        let [mut reader] = blocked(&store, ["XREADGROUP GROUP g c BLOCK 0 STREAMS s >"]);
        commands.iter().for_each(|command| drop(writer.say(command)));
        assert_eq!(answer(&mut reader), expected, "{commands:?}");
    }
}

#[test]
fn only_changes_of_the_log_end_a_transaction() {
    let store = Store::new();
    let mut client = store.client();
    let mut other = store.client();
    for (command, aborts) in [
        ("XADD s 1-1 f v", true),
        ("XADD s 2-1 f v", true),
        ("XGROUP CREATE s g 0", false),
        ("XREADGROUP GROUP g c COUNT 1 STREAMS s >", false),
        ("XCLAIM s g d 0 1-1", false),
        ("XACK s g 1-1", false),
        ("XGROUP DESTROY s g", false),
        ("XSETID s 3-1", false),
        ("XDEL s 1-1", true),
        ("XTRIM s MAXLEN 0", true),
        ("XGROUP CREATE t g 0 MKSTREAM", true),
    ] {
        client.say("WATCH s t");
        other.say(command);
        client.say("MULTI");
        assert_eq!(client.say("EXEC"), if aborts { "*-1\r\n" } else { "*0\r\n" }, "{command}");
    }
}

#[test]
fn a_consumer_may_be_named_as_the_option() {
    Store::new().client().expect(&[
        ("XADD s 2-1 f v", "$3\r\n2-1\r\n"),
        ("XGROUP CREATE s streams 0", "+OK\r\n"),
        ("XREADGROUP NOACK COUNT 1 GROUP streams streams STREAMS s >", ONE),
        ("XREADGROUP GROUP none streams NOACK STREAMS s", UNBALANCED),
        ("XREADGROUP STREAMS a b c d GROUP g", "-ERR Missing GROUP option for XREADGROUP\r\n"),
        ("XREADGROUP COUNT streams GROUP g c STREAMS s >", "-ERR value is not an integer or out of range\r\n"),
    ]);
}

const UNBALANCED: &str =
    "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.\r\n";
