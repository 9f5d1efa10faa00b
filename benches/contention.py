#!/usr/bin/env python3
"""Contention against threads and shards, simulated beyond the cores that a machine has.

    contention.py [--operations 200000] [--markdown]

A thread repeats: work outside any lock, then lock the shard of a random key, work under the lock, unlock. Three times make
the model; they are measured on one and two cores (benches/inprocess.c, versus.py) and given below:

  outside   ns of an operation without its lock
  held      ns for which the lock is held
  transfer  ns more if another core had the shard's lock last: its cache line has to travel. From two threads on
            10,000 keys against one.

Waiting is first come, first served. The table shows throughput in multiples of one thread's. What it leaves out: the memory bus,
hyperthreads, NUMA (a transfer between sockets costs two to three times as much), preempted lock holders. So it is an upper bound,
and says how many shards are enough, not how fast a machine with 64 cores would be.
"""
import argparse
import heapq
import random

CASES = [  # name, outside, held, transfer; ns
    ("in process, GET, 10k keys", 15, 27, 60),
    ("in process, GET, 1M keys", 90, 216, 60),
    ("network, GET at P16", 320, 40, 60),
    ("network, GET at P1", 4120, 130, 60),
]
THREADS = [1, 2, 4, 8, 16, 32, 64]
SHARDS = [64, 256, 1024]


def throughput(threads, shards, outside, held, transfer, operations, seed=1):
    """Operations per ns of so many threads."""
    rng = random.Random(seed)
    free_at, last = [0.0] * shards, [-1] * shards
    # Every thread's next wish to lock; served in the order of the wishes.
    wishes = [(rng.random() * (outside + held), thread) for thread in range(threads)]
    heapq.heapify(wishes)
    now = 0.0
    for _ in range(operations):
        wish, thread = heapq.heappop(wishes)
        shard = rng.randrange(shards)
        start = max(wish, free_at[shard])
        cost = held + (transfer if last[shard] not in (-1, thread) else 0)
        free_at[shard], last[shard] = start + cost, thread
        now = max(now, start)
        heapq.heappush(wishes, (start + cost + outside, thread))
    return operations / now


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=200_000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    cell = "| {} |" if options.markdown else "{}"
    bar = " | " if options.markdown else "  "
    for name, outside, held, transfer in CASES:
        print(f"\n{name} (outside {outside} ns, held {held} ns, transfer {transfer} ns)\n")
        print(cell.format(bar.join(["shards".rjust(8)] + [f"{t:>5} thr" for t in THREADS])))
        if options.markdown:
            print("|" + "---|" * (len(THREADS) + 1))
        for shards in SHARDS:
            one = throughput(1, shards, outside, held, transfer, options.operations)
            row = [throughput(t, shards, outside, held, transfer, options.operations) / one for t in THREADS]
            print(cell.format(bar.join([f"{shards:>8}"] + [f"{x:9.2f}" for x in row])))


if __name__ == "__main__":
    main()
