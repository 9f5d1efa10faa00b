#!/usr/bin/env python3
"""Fills the command table from a running redis-server (the reference is 7.0.15).

    extract.py PORT [--module M] [NAME[=HANDLER] ...]   add or refresh commands, write <group>.json
    extract.py PORT                                     refresh every command that is already in the files
    extract.py PORT --getkeys getkeys.txt               refresh the expected side of the key tests

NAME is a command (`get`), one subcommand (`client|id`), or a container, which then brings all its subcommands.
A command goes to the file of its group. HANDLER is the Rust path under crate::commands; without it a new
command gets `<module>::<name>`, where <module> is --module, or the container's name for a subcommand, or the
group. What the server does not tell stays as it is in the file on a refresh: the handler, the locks, the
"protected" flag, and commands the server does not know (later versions' commands, added by hand).

A key spec starts at "index" (or after "keyword", searched from "startfrom") and covers "range" = [lastkey, keystep,
limit], or [0, 1, 0], one key, if there is none, or "keynum" = [keynumidx, firstkey, keystep].

Left out of the files because codegen.rs derives it as Redis does: first/last/step, the movablekeys flag, the ACL
categories that follow from flags, and the group when it is the file's name.
"""

import json
import pathlib
import socket
import sys

HERE = pathlib.Path(__file__).resolve().parent
WIDTH = 116
RUST_KEYWORDS = {"type", "move", "loop", "match", "ref", "self", "super", "use", "where", "static", "yield"}
HIDDEN_FLAGS = ["protected"]
IMPLIED_BY_FLAG = {"write": ["@write"], "admin": ["@admin", "@dangerous"], "pubsub": ["@pubsub"],
                   "fast": ["@fast"], "blocking": ["@blocking"]}


class Server:
    """A RESP3 connection; errors are returned as exceptions' text with a leading '!'."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.call("HELLO", "3")

    def call(self, *argv):
        self.stream.write(b"*%d\r\n" % len(argv))
        for arg in argv:
            self.stream.write(b"$%d\r\n%s\r\n" % (len(arg.encode()), arg.encode()))
        self.stream.flush()
        return self.read()

    def read(self):
        line = self.stream.readline()[:-2].decode()
        kind, rest = line[0], line[1:]
        if kind == "+":
            return rest
        if kind == "-":
            return "!" + rest
        if kind == ":":
            return int(rest)
        if kind == "$":
            return self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == "_":
            return None
        if kind in "*~":
            return [self.read() for _ in range(int(rest))]
        if kind == "%":
            return {self.read(): self.read() for _ in range(int(rest))}
        raise SystemExit(f"unexpected reply {line!r}")


def implied_categories(flags, categories):
    """The categories that Redis adds by itself (setImplicitACLCategories)."""
    implied = {c for flag in flags for c in IMPLIED_BY_FLAG.get(flag, [])}
    if "readonly" in flags and "@scripting" not in categories:
        implied.add("@read")
    if "fast" not in flags:
        implied.add("@slow")
    return implied


def key_spec(reply):
    spec = {}
    if "notes" in reply:
        spec["notes"] = reply["notes"]
    spec["flags"] = reply["flags"]
    begin, find = reply["begin_search"], reply["find_keys"]
    if begin["type"] == "index":
        spec["index"] = begin["spec"]["index"]
    elif begin["type"] == "keyword":
        spec["keyword"], spec["startfrom"] = begin["spec"]["keyword"], begin["spec"]["startfrom"]
    else:
        spec["index"] = "unknown"
    if find["type"] == "range":
        last_step_limit = [find["spec"][field] for field in ("lastkey", "keystep", "limit")]
        if last_step_limit != [0, 1, 0]:
            spec["range"] = last_step_limit
    elif find["type"] == "keynum":
        spec["keynum"] = [find["spec"][field] for field in ("keynumidx", "firstkey", "keystep")]
    else:
        spec["range"] = "unknown"
    return spec


def argument(reply):
    arg = dict(reply)
    if "arguments" in arg:
        arg["arguments"] = [argument(sub) for sub in arg.pop("arguments")]
    return arg


def command(info, docs, old, group, module, handlers, wanted):
    """One table entry; `old` is the entry it replaces, `wanted` the subcommands to take (None: all)."""
    full, arity, flags, _, _, _, acl, tips, specs, subs = info
    name = full.split("|")[-1]
    entry = {"name": name, "arity": arity, "since": docs["since"]}
    if docs["group"] != group:
        entry["group"] = docs["group"]
    if full in handlers:
        entry["handler"] = handlers[full]
    elif "handler" in old:
        entry["handler"] = old["handler"]
    elif not subs:
        owner = full.split("|")[0] if "|" in full else module
        rust = name.replace("-", "_")
        entry["handler"] = f"{owner.replace('-', '_')}::{rust + '_' if rust in RUST_KEYWORDS else rust}"
    if "locks" in old:
        entry["locks"] = old["locks"]
    entry["summary"] = docs["summary"]
    for field in ("complexity", "deprecated_since", "replaced_by", "doc_flags", "history"):
        if field in docs:
            entry[field] = docs[field]
    implied = implied_categories(flags, acl)
    lists = {
        "flags": [f for f in flags if f != "movablekeys"] + [f for f in old.get("flags", []) if f in HIDDEN_FLAGS],
        "acl": [c for c in acl if c not in implied],
        "tips": tips,
        "keys": [key_spec(spec) for spec in specs],
        "arguments": [argument(arg) for arg in docs.get("arguments", [])],
    }
    entry.update((field, value) for field, value in lists.items() if value)
    if subs:
        old_subs = {sub["name"]: sub for sub in old.get("subcommands", [])}
        for sub in subs:
            sub_name = sub[0].split("|")[1]
            if wanted is None or sub_name in wanted:
                old_subs[sub_name] = command(sub, docs["subcommands"][sub[0]], old_subs.get(sub_name, {}),
                                             docs["group"], module, handlers, None)
        entry["subcommands"] = [old_subs[sub_name] for sub_name in sorted(old_subs)]
    return entry


def text(value, indent):
    """JSON in at most WIDTH columns: what fits stays on a line, the fields of a broken object share lines."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (list, dict)) or (indent > 0 and indent + len(flat) <= WIDTH):
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, list):
        body = ",\n".join(inner + text(item, indent + 2) for item in value)
        return f"[\n{body}\n{' ' * indent}]"
    lines, open_line = [], ""
    for field, item in value.items():
        label = json.dumps(field) + ": "
        flat = label + json.dumps(item, ensure_ascii=False)
        simple = not isinstance(item, (list, dict)) or all(isinstance(part, str) for part in item)
        if simple and open_line and len(inner) + len(open_line) + 2 + len(flat) <= WIDTH:
            open_line += ", " + flat
            continue
        if open_line:
            lines.append(open_line)
        open_line = flat if simple else ""
        if not simple:
            # The list of commands and of their arguments is always broken: one item a line.
            broken = field in ("subcommands", "arguments") and "arity" in value
            fits = not broken and len(inner) + len(flat) <= WIDTH
            lines.append(flat if fits else label + text_broken(item, indent + 2))
    if open_line:
        lines.append(open_line)
    return "{\n" + ",\n".join(inner + line for line in lines) + f"\n{' ' * indent}}}"


def text_broken(value, indent):
    if isinstance(value, dict):
        return text(value, indent)
    inner = " " * (indent + 2)
    body = ",\n".join(inner + text(item, indent + 2) for item in value)
    return f"[\n{body}\n{' ' * indent}]"


def extract(server, names, module, handlers):
    tables = {path.stem: {entry["name"]: entry for entry in json.loads(path.read_text())}
              for path in sorted(HERE.glob("*.json"))}
    if names:
        wanted = {}
        for name in names:
            container, _, sub = name.partition("|")
            wanted.setdefault(container, set()).add(sub)
    else:
        wanted = {entry["name"]: {sub["name"] for sub in entry.get("subcommands", [])}
                  for table in tables.values() for entry in table.values()}
    for name, subs in wanted.items():
        info = server.call("COMMAND", "INFO", name)[0]
        if info is None:
            if names:
                raise SystemExit(f"the server does not know {name!r}")
            continue
        docs = server.call("COMMAND", "DOCS", name)[name]
        table = tables.setdefault(docs["group"], {})
        table[name] = command(info, docs, table.get(name, {}), docs["group"], module or docs["group"], handlers,
                              None if "" in subs else subs)
    for group, table in tables.items():
        entries = [table[name] for name in sorted(table)]
        (HERE / f"{group}.json").write_text(text(entries, 0) + "\n")


def getkeys(server, path):
    """Each line is `argv => key:flags …` or `argv => !error`; the argv decides, the rest is rewritten."""
    lines = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            argv = line.partition(" =>")[0].split()
            reply = server.call("COMMAND", "GETKEYSANDFLAGS", *argv)
            expected = reply if isinstance(reply, str) else " ".join(f"{key}:{','.join(flags)}" for key, flags in reply)
            line = f"{' '.join(argv)} => {expected}".rstrip()
        lines.append(line)
    path.write_text("\n".join(lines) + "\n")


def main(args):
    if not args or not args[0].isdigit():
        raise SystemExit(__doc__)
    server, args = Server(int(args[0])), args[1:]
    if args[:1] == ["--getkeys"]:
        return getkeys(server, pathlib.Path(args[1]))
    module = None
    if args[:1] == ["--module"]:
        module, args = args[1], args[2:]
    names, handlers = [], {}
    for arg in args:
        name, _, handler = arg.partition("=")
        names.append(name)
        if handler:
            handlers[name] = handler
    extract(server, names, module, handlers)


main(sys.argv[1:])
