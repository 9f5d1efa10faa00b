#!/bin/sh
# Runs the programs in the style of the book, c_examples/byor/: byor.sh TITLE DIRECTORY PREFIX, as run.sh is called.
set -eu
title=$1 bin=$2 prefix=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/redisrs-byor.XXXXXX")
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

# Sizes: all that the harness does by itself, less under valgrind, which is slow.
avl= offset= heap= hashtable= zset=
case $prefix in
valgrind*) avl=40 offset=60 heap=40 hashtable=4000 zset=1000 ;;
esac

check() { # check PROGRAM ARGUMENT...
    if ! timeout 300 $prefix "$bin/$@" >"$work/printed" 2>"$work/errors"; then
        echo "c ($title): $1 failed" >&2
        cat "$work/printed" "$work/errors" >&2
        exit 1
    fi
    echo "c ($title): $(cat "$work/printed")"
}
check byor_avl $avl
check byor_offset $offset
check byor_heap $heap
check byor_hashtable $hashtable
check byor_zset $zset
check byor_thread_pool
check byor_first_edition

# The server, asked what the book's test asks, and more, by a client of the book's protocol.
: >"$work/port"
$prefix "$bin/byor_server" 0 >"$work/port" 2>"$work/errors" &
server=$!
tries=0
until port=$(sed -n 's/^port //p' "$work/port") && [ -n "$port" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "c ($title): byor_server does not listen" >&2; cat "$work/errors" >&2; exit 1; }
    sleep 0.1
done
while read -r line; do
    case $line in
    "> "*) eval "\"\$bin/original_client\" -t -p $port ${line#> }" >>"$work/got" ;;
    *) echo "$line" >>"$work/expected" ;;
    esac
done <<'SESSION'
> zscore asdf n1
(nil)
> zquery xxx 1 asdf 1 10
(arr) len=0
(arr) end
> zadd zset 1 n1
(int) 1
> zadd zset 2 n2
(int) 1
> zadd zset 1.1 n1
(int) 0
> zscore zset n1
(dbl) 1.1
> zquery zset 1 "" 0 10
(arr) len=4
(str) n1
(dbl) 1.1
(str) n2
(dbl) 2
(arr) end
> zquery zset 1.1 "" 1 10
(arr) len=2
(str) n2
(dbl) 2
(arr) end
> zquery zset 1.1 "" 2 10
(arr) len=0
(arr) end
> zqueryr zset 2 "" 0 10
(arr) len=2
(str) n1
(dbl) 1.1
(arr) end
> zcount zset 1 "" 2 n2
(int) 2
> zrank zset n2
(int) 1
> zrem zset adsf
(int) 0
> zrem zset n1
(int) 1
> zquery zset 1 "" 0 10
(arr) len=2
(str) n2
(dbl) 2
(arr) end
> get zset
(err) 3 not a string
> set k v
(nil)
> pexpire k 100000
(int) 1
> pexpire k -1
(int) 1
> pttl k
(int) -1
> get k
(str) v
> del k
(int) 1
> pttl k
(int) -2
> keys
(arr) len=1
(str) zset
(arr) end
> nosuch
(err) 1 unknown command
SESSION
if ! diff "$work/expected" "$work/got" >&2; then
    echo "c ($title): byor_server answered something else" >&2
    exit 1
fi
# A value that is freed by the thread pool, and a pipeline.
{
    i=0
    while [ $i -lt 1500 ]; do
        echo "zadd big $i name$i"
        i=$((i + 1))
    done
    echo "del big"
} | "$bin/original_client" -t -p "$port" | sort | uniq -c | grep -q ' 1501 (int) 1$' ||
    { echo "c ($title): byor_server lost something" >&2; exit 1; }
# Byte for byte: every command, what is wrong, pipelines, large messages, idle connections.
timeout 600 python3 "$(dirname "$0")/byor_server.py" $prefix "$bin/byor_server" 2>"$work/errors" ||
    { echo "c ($title): byor_server answered something else" >&2; cat "$work/errors" >&2; exit 1; }
kill -TERM "$server"
wait "$server" || { echo "c ($title): byor_server ended badly" >&2; cat "$work/errors" >&2; exit 1; }
server=
echo "c ($title): byor_server ok"
