#!/bin/sh
# Runs the C examples and tests and compares what they print: run.sh TITLE DIRECTORY PREFIX
# PREFIX is put before every program, such as valgrind with its options.
set -eu
title=$1 bin=$2 prefix=$3
case $prefix in
valgrind*) command -v valgrind >/dev/null || { echo "c ($title): skipped, no valgrind"; exit 0; } ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/redisrs-c.XXXXXX")
trap 'rm -rf "$work"' EXIT

expect() { # expect NAME COMMAND...; what it must print on standard input
    name=$1
    shift
    cat >"$work/expected"
    if ! timeout 300 "$@" >"$work/printed" 2>"$work/errors"; then
        echo "c ($title): $name failed" >&2
        cat "$work/printed" "$work/errors" >&2
        exit 1
    fi
    if ! diff "$work/expected" "$work/printed" >&2; then
        echo "c ($title): $name printed something else" >&2
        exit 1
    fi
    echo "c ($title): $name ok"
}

expect hello $prefix "$bin/hello" <<'OUT'
SET: OK
GET: hello, world
visits: 3
INCR: ERR value is not an integer or out of range
OUT
expect embedded_and_server $prefix "$bin/embedded_and_server" <<'OUT'
in process: blue
through the socket: green
OUT
expect threads $prefix "$bin/threads" <<'OUT'
16000 rounds in 8 threads
OUT
expect cpp_wrapper $prefix "$bin/cpp_wrapper" <<'OUT'
greeting: hello
nothing: (nil)
visits: 5
5 bytes
- hello
- 5
- (nil)
ERR value is not an integer or out of range
RS_ERR_COMMAND: ERR value is not an integer or out of range
OUT
expect job_queue $prefix "$bin/job_queue" <<'OUT'
left behind by a worker that died: 1
results: 200, sum of squares 2686700
keys left: 0
OUT
expect leaderboard $prefix "$bin/leaderboard" <<'OUT'
ann has 9995.5 points
the best
   1. player:2857  9999
   2. player:5714  9998
   3. player:8571  9997
around ann
   4. player:1428  9996
   5. ann          9995.5
   6. player:4285  9995
with 5000 to 5999 points: 1000 players
ann's rank now: 0
OUT
expect rate_limiter $prefix "$bin/rate_limiter" <<'OUT'
ann: 5 of 7 calls, the next one in 500 ms
bob: 3 of 3 calls, the next one in 0 ms
a second later
ann: 2 of 7 calls, the next one in 500 ms
a minute later: 0 buckets
four threads: 50 of 400 calls
by socket:*3 :1 :1 :0 *3 :1 :0 :1000 *3 :0 :0 :1000 
by socket:-ERR burst and rate must be positive numbers -ERR wrong number of arguments for 'ratelimit' command 
OUT
expect cache_with_events $prefix "$bin/cache_with_events" <<'OUT'
in the cache: 8 pages, the last one is <h1>page 7</h1>
deleted: 2, left: 6
expired: 4, left: 2
OUT
if [ -x "$bin/session_store" ]; then
    expect session_store $prefix "$bin/session_store" <<'OUT'
/                  401 log in first
/login?user=ann    200 welcome
/                  200 hello, ann
20 minutes later
/                  200 hello, ann
20 minutes later
/                  200 hello, ann
31 minutes later
/                  401 log in first
/login?user=bob    200 welcome
/logout            200 bye
/                  401 log in first
OUT
else
    echo "c ($title): session_store: skipped, libmicrohttpd is not installed (Debian package libmicrohttpd-dev)" >&2
    [ -z "${CI:-}" ] || exit 1
fi
expect server "$bin/run_server" "$work/socket" $prefix "$bin/server" port 0 unixsocket "$work/socket" </dev/null
expect "server, driven by its own thread" "$bin/run_server" "$work/socket" \
    $prefix "$bin/server" port 0 unixsocket "$work/socket" io-threads 0 </dev/null
printf 'set k v\nget k\nget none\ndel k\nnosuch\nkeys\nset t 5\npexpire t 100000\npexpire t -1\npttl t\n' >"$work/commands"
expect "original_client (status)" "$bin/with_server" -- sh -c "$prefix $bin/original_client -p \$0 <$work/commands" PORT <<'OUT'
server says: [0] 
server says: [0] v
server says: [2] 
server says: [0] 
server says: [1] 
server says: [0] 
server says: [0] 
server says: [0] 1
server says: [0] 1
server says: [0] -1
OUT
expect "original_client (typed)" "$bin/with_server" original-replies typed -- \
    sh -c "$prefix $bin/original_client -t -p \$0 <$work/commands" PORT <<'OUT'
(nil)
(str) v
(nil)
(int) 1
(err) 1 ERR unknown command 'nosuch', with args beginning with: 
(arr) len=0
(arr) end
(nil)
(int) 1
(int) 1
(int) -1
OUT
$prefix "$bin/abi" 20 >"$work/printed" 2>"$work/errors" || { cat "$work/printed" "$work/errors" >&2; exit 1; }
echo "c ($title): abi ok, $(cat "$work/printed")"
$prefix "$bin/blocking" >"$work/printed" 2>"$work/errors" || { cat "$work/printed" "$work/errors" >&2; exit 1; }
echo "c ($title): blocking ok, $(cat "$work/printed")"
$prefix "$bin/events" >"$work/printed" 2>"$work/errors" || { cat "$work/printed" "$work/errors" >&2; exit 1; }
echo "c ($title): events ok, $(cat "$work/printed")"
for test in parts parts_abused; do
    timeout 300 $prefix "$bin/$test" >"$work/printed" 2>"$work/errors" || { cat "$work/printed" "$work/errors" >&2; exit 1; }
    echo "c ($title): $test ok, $(cat "$work/printed")"
done
# Opened and closed so often; with valgrind, which looks at every block, fewer times do.
case $prefix in valgrind*) cycles=20 sequences=2 ;; *) cycles=1000 sequences=20 ;; esac
robust() { # robust NAME ARGUMENT...
    name=$1
    shift
    timeout 300 $prefix "$bin/$name" "$@" >"$work/printed" 2>"$work/errors" ||
        { echo "c ($title): $name failed" >&2; cat "$work/printed" "$work/errors" >&2; exit 1; }
    echo "c ($title): $name ok, $(cat "$work/printed")"
}
robust nonsense "$(dirname "$0")/../../include/redisrs.h"
robust host
robust closed
robust cycles $cycles
robust sequences 1 $sequences 1000
robust sequences 1 2 400 threads
# These need a library that fails on demand. What a panic has damaged is given up, which valgrind would call a leak.
if [ "$title" != valgrind ] && [ -x "$bin/panics" ]; then
    robust panics
    robust panics_each "$(dirname "$0")/abi.txt"
    robust panics_inside
    robust refusals
    robust sequences_refused 1 20 1000
    # Lanes know nothing of each other; the first takes as long as all others.
    lanes() { # lanes LANE...
        for lane in "$@"; do
            timeout 900 $prefix "$bin/refusals_each" "$lane" >"$work/$lane.printed" 2>"$work/$lane.errors" ||
                { echo "c ($title): refusals_each $lane failed" >&2; cat "$work/$lane.printed" "$work/$lane.errors" >&2; return 1; }
            echo "c ($title): refusals_each $lane ok, $(cat "$work/$lane.printed")"
        done
    }
    lanes batch batch_errors socket socket_errors calls admin admin_batch admin_socket admin_calls handles open &
    others=$!
    lanes argv argv_errors || { kill "$others"; exit 1; }
    wait "$others" || exit 1
fi
[ ! -f "$bin/wrapper" ] || robust wrapper
for test in host_commands typed_aggregates contract; do
    $prefix "$bin/$test" >"$work/printed" 2>"$work/errors" || { cat "$work/printed" "$work/errors" >&2; exit 1; }
    echo "c ($title): $test ok, $(cat "$work/printed")"
done
sh "$(dirname "$0")/byor.sh" "$title" "$bin" "$prefix"
