#!/usr/bin/env python3
"""What new memory costs a server: CPU per SET at P16 while its keys come into being.

Each round starts every server twice, empty. The first time nothing has been given back for some seconds, after which a host
that takes back what its guests do not use has done so. The second time another process has just used and given back as
much, so that it is at hand. The distance is what the machine takes for new memory, whoever asks for it.

Server on CPU 0, load on CPU 1; medians over the rounds, nanoseconds per request.

    python3 benches/new_keys.py --server 'redisrs=target/release/redisrs-server --port {port} --save ""' \\
        --server 'redis=redis-server --port {port} --save "" --appendonly no'
"""

import argparse
import mmap
import shlex
import statistics
import subprocess
import time

from compare import cpu_seconds, kill, pinned, start

REQUESTS = 1_500_000
KEYS = 1_000_000
WARM_MB = 600
PAUSE_SECONDS = 8
# include/uapi/asm-generic/mman-common.h
MADV_HUGEPAGE = 14


def warm():
    """Uses memory and gives it back."""
    with mmap.mmap(-1, WARM_MB << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(MADV_HUGEPAGE)
        for page in range(0, len(memory), mmap.PAGESIZE):
            memory[page] = 1


def measure(command, is_warm):
    """Nanoseconds of server CPU per request: user, system."""
    process, port = start(command, "/tmp")
    try:
        if is_warm:
            warm()
        else:
            time.sleep(PAUSE_SECONDS)
        user, system = cpu_seconds(process.pid)
        load = f"redis-benchmark -p {port} -q -t set -P 16 -c 50 -d 64 -r {KEYS} -n {REQUESTS}"
        subprocess.run(pinned(1) + shlex.split(load), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        user_end, system_end = cpu_seconds(process.pid)
    finally:
        kill(process)
    return (user_end - user) / REQUESTS * 1e9, (system_end - system) / REQUESTS * 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="append", required=True, metavar="NAME=COMMAND", help="{port} stands for the port")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    servers = [server.split("=", 1) for server in args.server]
    taken = {}
    for _ in range(args.rounds):
        for name, command in servers:
            for memory in ("new", "at hand"):
                taken.setdefault((name, memory), []).append(measure(command, memory == "at hand"))
    print(f"{'server':12} {'memory':8} {'cpu':>6} {'user':>6} {'system':>6}   ns per SET, P16, {REQUESTS} of {KEYS} keys")
    for (name, memory), rounds in taken.items():
        cpu, user, system = (statistics.median(column) for column in zip(*((u + s, u, s) for u, s in rounds)))
        print(f"{name:12} {memory:8} {cpu:6.0f} {user:6.0f} {system:6.0f}")


if __name__ == "__main__":
    main()
