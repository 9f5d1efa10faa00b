#!/bin/sh
# Stock clients against redisrs-server: redis-py, node-redis, hiredis, redis-cli, redis-benchmark.
# What a client needs is fetched by its own package manager into target/clients; a client that cannot be had is
# skipped with a sentence, or fails when CI is set.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
home=$target/clients
mkdir -p "$home"
cargo build --quiet --bin redisrs-server
passed=0 skipped=0

missing() { # missing CLIENT
    echo "skipped: $1 cannot be installed here"
    skipped=$((skipped + 1))
    [ -z "${CI:-}" ] || exit 1
}
ok() {
    echo "ok: $1"
    passed=$((passed + 1))
}

# A unix socket needs no free port; TCP clients get one from the system.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$target/debug/redisrs-server" --port "$port" --bind 127.0.0.1 --loglevel warning >"$home/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null' EXIT
tries=0
until redis-cli -p "$port" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || { cat "$home/server.log"; echo "the server does not answer" >&2; exit 1; }
done

# redis-py
if [ ! -x "$home/venv/bin/python" ]; then
    python3 -m venv "$home/venv" && "$home/venv/bin/pip" install --quiet --disable-pip-version-check redis || rm -rf "$home/venv"
fi
if [ -x "$home/venv/bin/python" ]; then
    "$home/venv/bin/python" tests/clients/smoke.py "$port"
    ok redis-py
else
    missing redis-py
fi

# node-redis
if command -v npm >/dev/null 2>&1; then
    [ -d "$home/node/node_modules/redis" ] || npm install --silent --no-audit --no-fund --prefix "$home/node" redis >/dev/null || true
fi
if [ -d "$home/node/node_modules/redis" ]; then
    NODE_PATH="$home/node/node_modules" node tests/clients/smoke.cjs "$port"
    ok node-redis
else
    missing node-redis
fi

# hiredis
if cc -O1 -Wall -Werror -o "$home/hiredis_smoke" tests/clients/hiredis_smoke.c -lhiredis 2>"$home/hiredis.log"; then
    "$home/hiredis_smoke" "$port"
    ok hiredis
else
    missing hiredis
fi

# redis-benchmark: every reply is checked by the tool; an error ends it.
for args in "-P 1 -c 50" "-P 16 -c 50" "-P 1 -c 500"; do
    # shellcheck disable=SC2086
    out=$(redis-benchmark -p "$port" -q -t ping,set,get,incr,mset -n 20000 -r 10000 $args --csv)
    [ "$(echo "$out" | grep -c '^"')" -ge 6 ] || { echo "$out"; exit 1; }
    ! echo "$out" | grep -qi error || { echo "$out"; exit 1; }
done
ok redis-benchmark

# redis-cli: mass insertion, sampling, latency, statistics.
redis-cli -p "$port" flushall >/dev/null
python3 -c '
import sys
for i in range(100000):
    key = "mass:%d" % i
    sys.stdout.write("*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$1\r\nv\r\n" % (len(key), key))
' | redis-cli -p "$port" --pipe | grep -q 'errors: 0, replies: 100000'
[ "$(redis-cli -p "$port" dbsize)" = 100000 ]
redis-cli -p "$port" --bigkeys | grep -q '100000 strings with 100000 bytes'
timeout 3 redis-cli -p "$port" --latency --raw | grep -qE '^[0-9]+ [0-9]+ [0-9.]+ [0-9]+$'
timeout 2 stdbuf -oL redis-cli -p "$port" --stat -i 0.2 | grep -q 100000
[ "$(redis-cli -p "$port" --scan --pattern 'mass:9999?' | wc -l)" = 10 ]
printf 'set a 1\nincr a\nget a\n' | redis-cli -p "$port" | tr '\n' ' ' | grep -q 'OK 2 2'
ok redis-cli

kill -TERM $server
wait $server || { echo "the server did not end cleanly" >&2; exit 1; }
trap - EXIT
printf '\nclients: %s passed, 0 failed, %s skipped\n' $passed $skipped
