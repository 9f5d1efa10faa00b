"""Draws a record of compare.py: server CPU per request, lower is better.

usage: chart.py RECORD.json CHART.svg
"""

import json
import sys

import matplotlib

matplotlib.use("svg")
# Text stays text, and the same figures give the same file.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "redisrs", "font.family": "sans-serif"})
import matplotlib.pyplot as plt

COLOURS = {"redisrs": "#c0392b", "redis-server": "#8395a7", "valkey-server": "#576574", "memcached": "#c8d6e5"}
BAR_SHARE = 0.8


def draw_panel(axes, title, workloads, table, servers):
    width = BAR_SHARE / len(servers)
    for place, server in enumerate(servers):
        bars = [(at, table[name][server]["cpu_us"]) for at, name in enumerate(workloads) if server in table[name]]
        if not bars:
            continue
        xs = [at + (place - (len(servers) - 1) / 2) * width for at, _ in bars]
        drawn = axes.bar(xs, [height for _, height in bars], width * 0.94, label=server, color=COLOURS.get(server))
        axes.bar_label(drawn, fmt="%.2g" if title != "one request at a time" else "%.1f", fontsize=7, padding=1)
    axes.set_title(title, fontsize=10)
    axes.set_xticks(range(len(workloads)), workloads, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    with open(sys.argv[1]) as file:
        record = json.load(file)
    table, servers = record["workloads"], list(record["servers"])
    alone = [name for name in table if name.endswith(" P1")]
    pipelined = [name for name in table if name not in alone]
    panels = [panel for panel in (("one request at a time", alone), ("pipelined", pipelined)) if panel[1]]
    widths = [len(names) for _, names in panels]
    figure, axes = plt.subplots(1, len(panels), figsize=(10, 3.4), squeeze=False, width_ratios=widths)
    for panel, (title, names) in zip(axes[0], panels):
        draw_panel(panel, title, names, table, servers)
    axes[0][0].set_ylabel("server CPU per request, µs", fontsize=9)
    axes[0][-1].legend(frameon=False, fontsize=8)
    about = record["machine"]
    figure.suptitle(f"Lower is better. {record['keys']:,} keys, {record['value_bytes']}-byte values, one server thread; "
                    f"{about['cpus']} CPUs, {about['cpu']}, {record['date']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
