#!/usr/bin/env python3
"""Compares redisrs-server with the peers that are installed: redis-server, valkey-server, memcached (GET and SET).

Every round starts each server afresh, fills it with a million keys and runs every workload against it, so that a
disturbance of the machine meets all of them. With two CPUs the server has CPU 0 and the load CPU 1. For each workload:

  rps      requests per second as the load generator saw them
  cpu      microseconds of server CPU per request, user and system, from /proc/PID/stat
  rps x    redisrs / this server, > 1: redisrs answers more requests per second
  cpu x    redisrs / this server, < 1: redisrs needs less CPU per request

All are medians over the rounds, the ratios taken round by round. CPU per request is the figure to trust: without
pipelining the load generator is the bottleneck, and other work on the machine moves rps first. memcached speaks another
protocol, so its load comes from memcached_load.c: compare its CPU per request, not its rps.

A whole run is written to benches/results/DATE-MACHINE.json and, if matplotlib can be installed into a virtual
environment in the target folder, drawn to latest.svg beside it. Partial runs (--quick, --only) are written only with --out.
Servers listen on loopback, on ports the system chooses, and are killed whatever happens.
"""

import argparse
import atexit
import datetime
import json
import os
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KEYS = 1_000_000
VALUE_BYTES = 64
START_SECONDS_MAX = 10
OURS = "redisrs"
REDIS_OPTIONS = '--port {port} --bind 127.0.0.1 --save "" --appendonly no --dir {dir}'
# Name, arguments of redis-benchmark, requests; --quick takes a fifth of them.
WORKLOADS = [
    ("SET P1", "-t set -P 1 -c 50 -d 64", 500_000),
    ("GET P1", "-t get -P 1 -c 50 -d 64", 500_000),
    ("SET P16", "-t set -P 16 -c 50 -d 64", 1_500_000),
    ("GET P16", "-t get -P 16 -c 50 -d 64", 1_500_000),
    ("SET P100", "-t set -P 100 -c 20 -d 64", 3_000_000),
    ("GET P100", "-t get -P 100 -c 20 -d 64", 3_000_000),
    ("INCR P16", "-t incr -P 16 -c 50", 1_500_000),
    ("SETEX P16", f"-P 16 -c 50 setex key:__rand_int__ 1000 {'x' * VALUE_BYTES}", 1_500_000),
    ("MSET P1", "-t mset -P 1 -c 50 -d 64", 100_000),
]
MEMCACHED_WORKLOADS = re.compile(r"(SET|GET) P(\d+)$")

# Process groups to kill when this program ends, however it ends.
running = set()


def say(text):
    print(text, file=sys.stderr, flush=True)


def kill(process):
    running.discard(process)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def pinned(cpu):
    """The words before a command that keep it on one CPU, if there is another for the other side."""
    if len(os.sched_getaffinity(0)) < 2 or not shutil.which("taskset"):
        return []
    return ["taskset", "-c", str(cpu)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, directory):
    """Starts a server; tries again if another process takes the port meanwhile."""
    for _ in range(3):
        port = free_port()
        argv = pinned(0) + [word.format(port=port, dir=directory) for word in shlex.split(command)]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        running.add(process)
        deadline = time.monotonic() + START_SECONDS_MAX
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return process, port
            except OSError:
                time.sleep(0.02)
        kill(process)
    sys.exit(f"did not start: {command}")


def fill(port, is_memcached):
    """Stores every key the workloads can ask for, so that every GET finds something."""
    value = b"x" * VALUE_BYTES
    if is_memcached:
        template, answer = b"set key:%%012d 0 0 %d\r\n%s\r\n" % (VALUE_BYTES, value), len(b"STORED\r\n")
    else:
        template = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%%012d\r\n$%d\r\n%s\r\n" % (VALUE_BYTES, value)
        answer = len(b"+OK\r\n")
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        for first in range(0, KEYS, 1000):
            connection.sendall(b"".join(template % key for key in range(first, first + 1000)))
            due = 1000 * answer
            while due > 0:
                due -= len(connection.recv(1 << 16)) or sys.exit("a server closed the connection that fills it")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND


def load_command(server, port, name, arguments, requests):
    if not server["memcached"]:
        words = f"redis-benchmark -p {port} -q --csv -n {requests} -r {KEYS} {arguments}"
        return pinned(1) + shlex.split(words)
    command, depth = MEMCACHED_WORKLOADS.match(name).groups()
    return pinned(1) + [server["loader"], str(port), command.lower(), depth, str(requests), str(KEYS)]


def run(server, process, port, name, arguments, requests):
    """One workload once; None if it failed."""
    user, system = cpu_seconds(process.pid)
    argv = load_command(server, port, name, arguments, requests)
    load = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    running.add(load)
    output, _ = load.communicate()
    kill(load)
    user, system = (after - before for after, before in zip(cpu_seconds(process.pid), (user, system)))
    # The last line is "test","rps",... ; the columns after them differ between versions.
    rows = [row.split('","') for row in output.splitlines() if row.startswith('"') and "rps" not in row]
    if load.returncode or not rows:
        return None
    per_request = 1e6 / requests
    return {
        "rps": float(rows[-1][1].strip('"')),
        "user_us": user * per_request,
        "system_us": system * per_request,
        "cpu_us": (user + system) * per_request,
    }


def first_line(*argv):
    return subprocess.run(argv, capture_output=True, text=True).stdout.partition("\n")[0].strip()


def servers(ours, target):
    """Our server and the peers that are installed, as name -> how to run it."""
    found = {OURS: {"command": f"{shlex.quote(ours)} {REDIS_OPTIONS} --io-threads 1", "memcached": False,
                    "version": first_line(ours, "--version")}}
    for name in ("redis-server", "valkey-server"):
        if shutil.which(name):
            found[name] = {"command": f"{name} {REDIS_OPTIONS}", "memcached": False,
                           "version": first_line(name, "--version")}
    compiler = shutil.which("cc")
    if shutil.which("memcached") and compiler:
        loader = os.path.join(target, "memcached_load")
        subprocess.run([compiler, "-O2", "-o", loader, os.path.join(HERE, "memcached_load.c")], check=True)
        user = "-u nobody " if os.geteuid() == 0 else ""
        found["memcached"] = {"command": f"memcached {user}-l 127.0.0.1 -p {{port}} -U 0 -t 1 -m 1024",
                              "memcached": True, "loader": loader, "version": first_line("memcached", "-V")}
    return found


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": os.uname().release, "load": os.getloadavg()[0]}


def machine_slug(facts):
    words = re.sub(r"\(.*?\)|@.*|CPU|Processor", "", facts["cpu"])
    return "-".join([f"{facts['cpus']}cpu", *re.findall(r"[a-z0-9]+", words.lower())])


def summary(samples):
    """Medians of every workload and server, and ours in multiples of each, round by round."""
    table = {}
    for workload, by_server in samples.items():
        ours = by_server[OURS]
        for name, rounds in by_server.items():
            good = [sample for sample in rounds if sample]
            if not good:
                continue
            row = {field: round(statistics.median(sample[field] for sample in good), 3) for field in good[0]}
            pairs = [(a, b) for a, b in zip(ours, rounds) if a and b]
            for field, ratio in (("rps", "rps_ratio"), ("cpu_us", "cpu_ratio")):
                ratios = [a[field] / b[field] for a, b in pairs if b[field] > 0]
                row[ratio] = round(statistics.median(ratios), 3) if ratios else None
            row["rounds"] = good
            table.setdefault(workload, {})[name] = row
    return table


def print_table(table, names):
    print(f"\n{'':10}" + "".join(f" | {name:^34}" for name in names))
    print(f"{'':10}" + f" | {'rps':>11} {'cpu us':>7} {'rps x':>6} {'cpu x':>6} " * len(names))
    for workload, by_server in table.items():
        line = f"{workload:10}"
        for name in names:
            row = by_server.get(name)
            if row is None:
                line += f" | {'-':>11} {'':>7} {'':>6} {'':>6} "
                continue
            ratios = [f"{row[ratio]:6.2f}" if row[ratio] else f"{'-':>6}" for ratio in ("rps_ratio", "cpu_ratio")]
            line += f" | {row['rps']:11,.0f} {row['cpu_us']:7.2f} {ratios[0]} {ratios[1]} "
        print(line)


def draw(record, chart, target):
    """Draws the chart, with a matplotlib of its own."""
    python = os.path.join(target, "bench-venv", "bin", "python")
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", os.path.dirname(os.path.dirname(python))], check=True,
                           capture_output=True)
        if subprocess.run([python, "-c", "import matplotlib"], capture_output=True).returncode:
            subprocess.run([python, "-m", "pip", "install", "--quiet", "matplotlib"], check=True, capture_output=True)
        subprocess.run([python, os.path.join(HERE, "chart.py"), record, chart], check=True)
        say(f"wrote {chart}")
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"no chart: matplotlib could not be installed or run ({error})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, help="path of redisrs-server (a release build)")
    parser.add_argument("--rounds", type=int, help="5 unless said, 2 with --quick")
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    parser.add_argument("--only", help="workloads, comma-separated, such as 'SET P16,GET P16' or 'get'")
    parser.add_argument("--json", action="store_true", help="print the record instead of the table")
    parser.add_argument("--out", help="folder for the record and the chart")
    options = parser.parse_args()
    if not shutil.which("redis-benchmark"):
        sys.exit("redis-benchmark is needed for the load (Debian package redis-tools)")
    rounds = options.rounds if options.rounds is not None else 2 if options.quick else 5
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    ours = os.path.abspath(options.ours)
    if not os.access(ours, os.X_OK):
        sys.exit(f"{ours} is not a program: build it with `make build`")
    target = os.path.dirname(os.path.dirname(ours))

    workloads = WORKLOADS
    if options.only:
        wanted = {word.strip().upper() for word in options.only.split(",")}
        workloads = [w for w in workloads if w[0] in wanted or w[0].split()[0] in wanted]
        if not workloads:
            sys.exit(f"--only knows {', '.join(name for name, _, _ in WORKLOADS)}")
    if options.quick:
        workloads = [(name, arguments, requests // 5) for name, arguments, requests in workloads]

    atexit.register(lambda: [kill(process) for process in list(running)])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    subjects = servers(ours, target)
    facts = machine()
    samples = {name: {subject: [] for subject in subjects} for name, _, _ in workloads}
    with tempfile.TemporaryDirectory(prefix="redisrs-bench-") as directory:
        for number in range(1, rounds + 1):
            for subject, server in subjects.items():
                process, port = start(server["command"], directory)
                fill(port, server["memcached"])
                for name, arguments, requests in workloads:
                    can = not server["memcached"] or MEMCACHED_WORKLOADS.match(name)
                    sample = run(server, process, port, name, arguments, requests) if can else None
                    if can and sample is None:
                        say(f"{subject}: {name} failed")
                    samples[name][subject].append(sample)
                kill(process)
                say(f"round {number} of {rounds}: {subject}")

    table = summary(samples)
    record = {
        "date": datetime.date.today().isoformat(), "machine": facts, "rounds": rounds,
        "quick": options.quick, "keys": KEYS,
        "value_bytes": VALUE_BYTES, "servers": {name: server["version"] for name, server in subjects.items()},
        "workloads": table,
    }
    text = json.dumps(record, indent=1) + "\n"
    print(text) if options.json else print_table(table, list(subjects))
    if options.out or not (options.quick or options.only):
        out = options.out or os.path.join(HERE, "results")
        os.makedirs(out, exist_ok=True)
        path = os.path.join(out, f"{record['date']}-{machine_slug(facts)}.json")
        with open(path, "w") as file:
            file.write(text)
        say(f"wrote {path}")
        draw(path, os.path.join(out, "latest.svg"), target)


if __name__ == "__main__":
    main()
