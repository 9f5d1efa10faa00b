#!/usr/bin/env python3
"""What commands on large values do to other clients: redisrs-server and redis-server side by side.

Each row fills one value of a million members (--members), then runs one command on it, while another client asks PING and GET
of another key in turn, one request every 200 us. Printed for each server, in milliseconds:

  took    from sending the command until its whole reply has arrived, or until the key is gone (EXPIRE)
  ran     what the server itself says the command took (INFO commandstats): for commands that are not cut into slices,
          nearly all of it is the time for which the shard is locked, or, in redis-server, everything stands still
  pause   the longest wait of the other client, from when its request was due, until 300 ms after that

Rows that remove or replace a value should pause nobody: what is freed is freed in the background. Rows that read a
whole value hold the lock of its shard as long as they compute their reply; the other key lies in a shard of its own, so what its
client waits for is the thread (one reactor, --threads 1) or nothing (more of them). All figures are medians over the rounds.

The first server is started with `--io-threads N`. With two CPUs the servers have CPU 0 and the clients CPU 1, unless there
is more than one thread. Servers listen on loopback, on ports the system chooses, and are killed whatever happens. "none" is
the floor of the machine: a pause that is not well above it says nothing.

usage: large_values.py --ours target/release/redisrs-server [--quick] [--only WORD,WORD] [--rounds N] [--out FILE]
"""

import argparse
import atexit
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare

INTERVAL_S = 200e-6
AFTER_S = 0.3
BEFORE_S = 0.05
BATCH = 1000
OTHER_KEY = "other"
# DUMP of the string "x" by Redis 7.0.
PAYLOAD = bytes.fromhex("0001780a002280865fbde848d0")
LONG_FIELDS, LONG_FIELD_BYTES = 64, 1 << 20
# Each is freed at once if it is alone.
MEDIUM_VALUES = 1000


def request(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Client:
    """A connection that reads replies no further than it must."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self, *words):
        """Sends a command and reads all of its reply; the reply if it is one line, and the time it took."""
        return self.run_many([words])

    def run_all(self, *words):
        """The whole reply of a command."""
        return self.run_many([words], whole=True)[0]

    def run_many(self, commands, whole=False):
        end = b"$4\r\n-end\r\n"
        started = time.perf_counter()
        self.socket.sendall(b"".join(request(*words) for words in commands) + request("ECHO", "-end"))
        head = tail = b""
        while not tail.endswith(end):
            chunk = self.socket.recv(1 << 20) or sys.exit("a server closed the connection")
            if whole or len(head) < 4096:
                head += chunk
            tail = (tail + chunk)[-len(end):]
        return head[:-len(end)] if whole or len(head) < 4096 else head, (time.perf_counter() - started) * 1e3


def probe(port, pipe):
    """Asks in turn until told to stop; sends the longest wait in ms."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # The client that reads a million elements on the same CPU is not to be taken for a pause.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass
    client = socket.create_connection(("127.0.0.1", port), 600)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    questions = [request("PING"), request("GET", OTHER_KEY)]
    pipe.send("ready")
    while pipe.recv() == "go":
        worst, asked, due = 0.0, 0, time.perf_counter()
        while not pipe.poll():
            client.sendall(questions[asked % 2])
            client.recv(4096)
            now = time.perf_counter()
            worst = max(worst, now - due)
            asked += 1
            # What fell due meanwhile is not asked for later: one pause counts once.
            due = max(due + INTERVAL_S, now)
            time.sleep(due - now)
        pipe.recv()
        pipe.send(worst * 1e3)


def members(kind, key, first, last):
    """The command that adds members `first` to `last` to a value."""
    numbers = range(first, last)
    if kind == "list":
        return ["RPUSH", key, *(f"element:{n:010}" for n in numbers)]
    if kind == "set":
        return ["SADD", key, *(f"member:{n:010}" for n in numbers)]
    if kind == "intset":
        return ["SADD", key, *numbers]
    if kind == "hash":
        return ["HSET", key, *(word for n in numbers for word in (f"field:{n:010}", f"value:{n:010}"))]
    return ["ZADD", key, *(word for n in numbers for word in (n * 7919 % 1_000_003, f"member:{n:010}"))]


def fill(client, kind, key, count):
    if kind == "string":
        client.run("SET", key, b"x" * (count * 30))
    elif kind == "long fields":
        for n in range(LONG_FIELDS):
            client.run("HSET", key, f"field:{n}", b"x" * LONG_FIELD_BYTES)
    elif kind == "medium values":
        for n in range(MEDIUM_VALUES):
            client.run(*members("set", f"medium:{n}", 0, BATCH))
    elif kind in ("stream", "pending"):
        for first in range(0, count, BATCH):
            client.run_many([("XADD", key, "*", "field", f"value:{n:010}") for n in range(first, first + BATCH)])
        if kind == "pending":
            client.run("XGROUP", "CREATE", key, "group", 0)
            for _ in range(0, count, BATCH):
                client.run("XREADGROUP", "GROUP", "group", "consumer", "COUNT", BATCH, "STREAMS", key, ">")
    else:
        for first in range(0, count, BATCH):
            client.run(*members(kind, key, first, min(first + BATCH, count)))


def rows(count):
    """Name, kinds of values at `big` and `big2` (None: not there), command."""
    half = count // 2
    for kind in ("zset", "hash", "set", "intset", "list", "stream", "string"):
        yield f"{kind} DEL", kind, None, ["DEL", "big"]
        yield f"{kind} UNLINK", kind, None, ["UNLINK", "big"]
        yield f"{kind} EXPIRE", kind, None, ["PEXPIRE", "big", 1]
        yield f"{kind} SET over", kind, None, ["SET", "big", "x"]
        yield f"{kind} RENAME over", kind, None, ["RENAME", OTHER_KEY + ":2", "big"]
        yield f"{kind} COPY over", kind, None, ["COPY", OTHER_KEY + ":2", "big", "REPLACE"]
        yield f"{kind} RESTORE over", kind, None, ["RESTORE", "big", 0, PAYLOAD, "REPLACE"]
        yield f"{kind} SUNIONSTORE over", kind, None, ["SUNIONSTORE", "big", "none"]
        yield f"{kind} FLUSHALL", kind, None, ["FLUSHALL"]
        yield f"{kind} FLUSHDB", kind, None, ["FLUSHDB"]
    yield "list LTRIM to 1", "list", None, ["LTRIM", "big", 0, 0]
    yield "list LTRIM to middle 10", "list", None, ["LTRIM", "big", half, half + 9]
    yield "list LPOP half", "list", None, ["LPOP", "big", half]
    yield "list RPOP all but 1", "list", None, ["RPOP", "big", count - 1]
    yield "list SORT STORE over", "list", None, ["SORT", "none", "STORE", "big"]
    yield "zset ZREMRANGEBYRANK all", "zset", None, ["ZREMRANGEBYRANK", "big", 0, -1]
    yield "zset ZREMRANGEBYRANK all but 1", "zset", None, ["ZREMRANGEBYRANK", "big", 0, -2]
    yield "zset ZREMRANGEBYRANK half", "zset", None, ["ZREMRANGEBYRANK", "big", 0, half - 1]
    yield "zset ZREMRANGEBYSCORE all", "zset", None, ["ZREMRANGEBYSCORE", "big", "-inf", "+inf"]
    yield "zset ZREMRANGEBYSCORE nearly all", "zset", None, ["ZREMRANGEBYSCORE", "big", 10, "+inf"]
    yield "zset ZREMRANGEBYLEX all", "zset", None, ["ZREMRANGEBYLEX", "big", "-", "+"]
    yield "zset ZPOPMIN all but 1", "zset", None, ["ZPOPMIN", "big", count - 1]
    yield "zset ZRANGESTORE over", "zset", None, ["ZRANGESTORE", "big", "big", 0, 0]
    yield "zset ZUNIONSTORE over", "zset", None, ["ZUNIONSTORE", "big", 1, "none"]
    yield "hash HDEL 1000", "hash", None, ["HDEL", "big", *(f"field:{n:010}" for n in range(1000))]
    yield "long fields HDEL", "long fields", None, ["HDEL", "big", *(f"field:{n}" for n in range(LONG_FIELDS))]
    yield "set SPOP half", "set", None, ["SPOP", "big", half]
    yield "set SPOP all but 1", "set", None, ["SPOP", "big", count - 1]
    yield "medium values DEL", "medium values", None, ["DEL", *(f"medium:{n}" for n in range(MEDIUM_VALUES))]
    yield "set SINTERSTORE over", "set", None, ["SINTERSTORE", "big", "big", "none"]
    yield "stream XTRIM to 1", "stream", None, ["XTRIM", "big", "MAXLEN", 1]
    yield "stream XADD MAXLEN 1", "stream", None, ["XADD", "big", "MAXLEN", 1, "*", "field", "value"]
    yield "stream XGROUP DESTROY", "pending", None, ["XGROUP", "DESTROY", "big", "group"]
    yield "set SMEMBERS", "set", None, ["SMEMBERS", "big"]
    yield "intset SMEMBERS", "intset", None, ["SMEMBERS", "big"]
    yield "hash HGETALL", "hash", None, ["HGETALL", "big"]
    yield "list LRANGE all", "list", None, ["LRANGE", "big", 0, -1]
    yield "zset ZRANGE all", "zset", None, ["ZRANGE", "big", 0, -1, "WITHSCORES"]
    yield "stream XRANGE all", "stream", None, ["XRANGE", "big", "-", "+"]
    yield "set SINTER of 2", "set", "set", ["SINTER", "big", "big2"]
    yield "set SUNION of 2", "set", "set", ["SUNION", "big", "big2"]
    yield "set SUNIONSTORE of 2", "set", "set", ["SUNIONSTORE", "big3", "big", "big2"]
    yield "zset ZUNION of 2", "zset", "zset", ["ZUNION", 2, "big", "big2"]
    yield "zset ZUNIONSTORE of 2", "zset", "zset", ["ZUNIONSTORE", "big3", 2, "big", "big2"]
    yield "list SORT ALPHA", "list", None, ["SORT", "big", "ALPHA"]
    yield "intset SORT LIMIT 10", "intset", None, ["SORT", "big", "LIMIT", 0, 10]
    for kind in ("zset", "hash", "set", "list", "stream"):
        yield f"{kind} COPY", kind, None, ["COPY", "big", "big3"]
    yield "none", None, None, ["PING"]


class Server:
    def __init__(self, name, command):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix="large-values-")
        self.process, self.port = compare.start(command, self.directory)
        self.client = Client(self.port)
        self.pipe, end = multiprocessing.Pipe()
        self.prober = multiprocessing.Process(target=probe, args=(self.port, end), daemon=True)
        self.prober.start()
        self.pipe.recv()

    def measure(self, kind, second, words, count):
        """Time of the command, what of it the server spent, and longest pause of the other client, in ms."""
        client = self.client
        client.run("FLUSHALL")
        for key, kind in (("big", kind), ("big2", second)):
            if kind:
                fill(client, kind, key, count)
        client.run("SET", OTHER_KEY, "x")
        client.run("SET", OTHER_KEY + ":2", "x")
        client.run("CONFIG", "RESETSTAT")
        time.sleep(0.1)
        self.pipe.send("go")
        time.sleep(BEFORE_S)
        reply, took = client.run(*words)
        if reply.startswith(b"-"):
            sys.exit(f"{self.name}: {words[:4]}: {reply[:80]}")
        if words[0] == "PEXPIRE":
            started = time.perf_counter()
            # DBSIZE does not look at the key, so it is not what removes it.
            while not client.run("DBSIZE")[0].startswith(b":2\r"):
                time.sleep(0.001)
            took = (time.perf_counter() - started) * 1e3
        ran = self.ran(words)
        time.sleep(AFTER_S)
        self.pipe.send("stop")
        return took, ran, self.pipe.recv()

    def ran(self, words):
        """What the server says it spent on the command, in ms."""
        is_container = words[0] in ("XGROUP",)
        name = "|".join(words[:1 + is_container]).lower()
        for line in self.client.run_all("INFO", "commandstats").decode().splitlines():
            if line.startswith(f"cmdstat_{name}:"):
                return int(re.search(r"usec=(\d+)", line)[1]) / 1e3
        sys.exit(f"{self.name}: no statistics of {name}")

    def stop(self):
        self.prober.kill()
        compare.kill(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default="target/release/redisrs-server")
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="reactors of redisrs-server")
    parser.add_argument("--only", default="", help="rows that contain one of these words")
    parser.add_argument("--quick", action="store_true", help="100,000 members, one round")
    parser.add_argument("--out", help="write the figures to this file as JSON")
    options = parser.parse_args()
    if options.quick:
        options.members, options.rounds = 100_000, 1
    if options.threads > 1:
        compare.pinned = lambda cpu: []
    elif len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[1:])

    atexit.register(lambda: [compare.kill(process) for process in list(compare.running)])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    commands = {compare.OURS: f"{options.ours} --io-threads {options.threads} {compare.REDIS_OPTIONS}"}
    if shutil.which("redis-server"):
        commands["redis-server"] = f"redis-server {compare.REDIS_OPTIONS}"
    words = [word.lower() for word in options.only.split(",") if word]
    chosen = [row for row in rows(options.members) if not words or any(word in row[0].lower() for word in words)]
    print(f"{options.members:,} members" + "".join(f"{name:>36}" for name in commands))
    print(f"{'':32}" + f"{'took ms':>12}{'ran ms':>12}{'pause ms':>12}" * len(commands), flush=True)
    figures = {}
    servers = [Server(name, command) for name, command in commands.items()]
    try:
        for name, kind, second, command in chosen:
            measured = {server.name: [] for server in servers}
            for _ in range(options.rounds):
                for server in servers:
                    measured[server.name].append(server.measure(kind, second, command, options.members))
            figures[name] = {
                server: dict(zip(("took_ms", "ran_ms", "pause_ms"), map(statistics.median, zip(*runs))))
                for server, runs in measured.items()
            }
            cells = "".join(f"{each['took_ms']:12.2f}{each['ran_ms']:12.2f}{each['pause_ms']:12.2f}" for each in figures[name].values())
            print(f"{name:32}{cells}", flush=True)
    finally:
        for server in servers:
            server.stop()
    if options.out:
        with open(options.out, "w") as out:
            json.dump({"members": options.members, "rounds": options.rounds, "threads": options.threads,
                       "figures": figures}, out, indent=1)


if __name__ == "__main__":
    main()
