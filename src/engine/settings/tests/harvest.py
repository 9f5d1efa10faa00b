#!/usr/bin/env python3
"""Asks the real redis-server 7.0 how it takes every setting, and writes defaults.txt, config_set.txt and startup.txt.

Run it in this directory, with redis-server in PATH. Columns are separated by tabs; a result starts with `=` (what
CONFIG GET then shows) or `!` (the error's reason); behind it stand all values with this result.
"""
import os, re, socket, subprocess, tempfile, time

WORK = tempfile.mkdtemp()
SOCK = os.path.join(WORK, "s")
COMMON = ["", "abc", "yes", "NO", "0", "-1", "1", "5", "007", "+5", " 5", "5 ", "99999999999999999999", "9223372036854775807",
          "-9223372036854775808", "2147483648", "70000", "1kb", "1K", "2mb", "3Gb", "50%"]
SPECIAL = {
    "maxmemory": ["1b", "1k", "1m", "1g", "1t", "1.5mb", "0x10", "1kk", "mb", "18446744073709551615", "100mb"],
    "maxmemory-clients": ["100%", "101%", "0%", "-5%", "%", "5 %", "5%%", "050%"],
    "hz": ["500", "501"],
    "client-output-buffer-limit": [
        "normal 1 2 3", "slave 1mb 0 0", "replica 2mb 1k 5", "pubsub 1 1 -1", "foo 1 1 1", "normal 1 1 x", "normal",
        "normal 1 2", "normal 1 1 1 pubsub 2 2 2", "normal 1gb 1 1 normal 3 3 3", "normal -1 0 0", "NORMAL 4 4 4",
        "normal  5 5 5", "master 1 1 1"],
    "save": ["900 1", "900 1 300", "x y", "0 1", "1 0", "1 -1", "900 1 300 10", "\"900\" 1"],
    "notify-keyspace-events": ["KEA", "A", "E", "KElg", "$lshzxet", "Am", "KEAmn", "Kgd", "n", "gAmK", "KEx", "Kq"],
    "latency-tracking-info-percentiles": ["50", "50 99.9 100", "100.1", "50  99", "50 50", "0.1 1e1", "nan", "inf", "50x", ".5 5.",
                                          "99.123456789012345", "1 2 3 4 5 6 7"],
    "oom-score-adj-values": ["1 2", "1 2 3 4", "a b c", "-2001 0 0", "2000 2000 2000", "0 0 -5"],
    "maxmemory-policy": ["allkeys-LRU", "volatile-ttl", "allkeys-lfu"],
    "loglevel": ["DEBUG", "Verbose", "warning"],
    "shutdown-on-sigint": ["nosave force", "force nosave", "save nosave", "default force", "now x"],
    "bind": ["127.0.0.1", "127.0.0.1 -::1", " ".join("127.0.0.%d" % i for i in range(1, 19))],
    "requirepass": ["a b\"c", "x y"],
}
# They would end the server, this script's connection or the machine's memory.
SKIP = {"maxclients": ("2147483648", "70000", "1", "5"), "port": ("1", "5", "0"), "bind": ("abc", "yes", "NO", "0", "-1", "1", "5")}
UNHARVESTED = ("tls-", "cluster-announce-hostname", "activedefrag", "proc-title-template")
HIDDEN = ["watchdog-period", "key-load-delay", "rdb-key-save-delay", "loading-process-events-interval-bytes", "use-exit-on-panic",
          "lua-enable-deprecated-api"]


def start(args=(), timeout=3):
    if os.path.exists(SOCK):
        os.unlink(SOCK)
    process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", SOCK, "--dir", WORK, "--save", "", *args],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.time() + timeout
    while time.time() < deadline and process.poll() is None:
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(SOCK)
            return process, connection.makefile("rwb")
        except OSError:
            time.sleep(0.005)
    return process, None


def call(stream, *args):
    stream.write(b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in (a.encode() for a in args)))
    stream.flush()
    return reply(stream)


def reply(stream):
    line = stream.readline()
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2].decode()
    if kind == b"*":
        return [reply(stream) for _ in range(int(rest))]
    return kind.decode() + rest


def write(out, name, results):
    for result, values in results.items():
        out.write("\t".join([name, result, *values]) + "\n")


def main():
    process, stream = start()
    pairs = call(stream, "CONFIG", "GET", "*")
    values = dict(zip(pairs[::2], pairs[1::2]))
    with open("defaults.txt", "w") as out:
        for name in sorted(values):
            out.write(name + "\t" + ("" if name in ("dir", "unixsocket", "port") else values[name]) + "\n")
    for name in HIDDEN:
        values[name] = call(stream, "CONFIG", "GET", name)[1]
    immutable = []
    with open("config_set.txt", "w") as out:
        for name in sorted(values):
            results = {}
            if name.startswith(UNHARVESTED):
                continue
            for value in COMMON + SPECIAL.get(name, []):
                if value in SKIP.get(name, ()):
                    continue
                answer = call(stream, "CONFIG", "SET", name, value)
                if answer == "+OK":
                    result = "=" + call(stream, "CONFIG", "GET", name)[1]
                    assert call(stream, "CONFIG", "SET", name, values[name]) == "+OK", name
                else:
                    result = "!" + re.sub(r"^-ERR CONFIG SET failed \(possibly related to argument '[^']*'\) - ", "", answer)
                results.setdefault(result, []).append(value)
                if "immutable" in result:
                    immutable.append(name)
                    break
            write(out, name, results)
    process.kill()
    with open("startup.txt", "w") as out:
        for name in immutable:
            if name in ("unixsocket", "daemonize", "aclfile", "replicaof", "slaveof", "supervised", "logfile", "pidfile"):
                continue
            results = {}
            for value in ["", "abc", "YES", "7", "-1", "4", "99999999999999999999", "local", "1000", "0777"]:
                if name in ("databases", "tcp-backlog") and value == "99999999999999999999":
                    continue
                process, stream = start(["--" + name, value], 1)
                if stream:
                    result = "=" + call(stream, "CONFIG", "GET", name)[1]
                else:
                    text = process.communicate()[0].decode()
                    found = re.search(r">>> '.*'\n(.*)\n", text)
                    result = "!" + found.group(1) if found else None
                process.kill()
                process.wait()
                if result is not None:
                    results.setdefault(result, []).append(value)
            write(out, name, results)


main()
