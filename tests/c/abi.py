#!/usr/bin/env python3
"""Holds include/redisrs.h against the interface that was promised: tests/c/abi.txt.

    abi.py check      fail if anything differs, and say whether it needs a new version
    abi.py update     record the interface as it is (make abi); refuses what needs a new version first
    abi.py selftest   check that each kind of change is noticed

The rules are in docs/abi.md. A line of abi.txt is one promise: a function with its signature, a type, a constant with
its value, a struct with size and alignment, a field with type, offset and size (on 64-bit targets, all of which agree).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "include/redisrs.h"
SNAPSHOT = ROOT / "tests/c/abi.txt"


def version():
    return re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]


def interface_of(number):
    """The part of a version that changes when the interface does: the major one, below 1.0 the minor one too."""
    major, minor, _ = number.split(".", 2)
    return major if major != "0" else f"0.{minor}"


def released(interface):
    changes = (ROOT / "CHANGELOG.md").read_text()
    return re.search(rf"^## \[{re.escape(interface)}\.", changes, re.M) is not None


def squeeze(text):
    """One way of writing for one meaning: spaces and the place of asterisks."""
    text = re.sub(r"\s*([()*])\s*", r"\1", re.sub(r"\s+", " ", text)).replace(" ,", ",")
    return re.sub(r"(?<![*( ])\*", " *", text.replace(")(", ") (")).strip()


def promises(header):
    """Every line that abi.txt should have for this header."""
    text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S).replace("\\\n", " ")
    lines = set()
    for name, value in re.findall(r"^#define (\w+)[ \t]+(.+?)\s*$", text, re.M):
        if not name.startswith("RS_VERSION"):
            lines.add(f"constant {name} {value}")
    code = re.sub(r"^\s*#.*$", "", text, flags=re.M).replace('extern "C" {', "")
    structs = {}
    for match in re.finditer(r"(?:typedef )?struct (\w+) \{(.*?)\}\s*\w*;", code, re.S):
        structs[match[1]] = [squeeze(field) for field in match[2].split(";") if field.strip()]
    code = re.sub(r"(?:typedef )?struct \w+ \{.*?\}\s*\w*;", "", code, flags=re.S)
    for item in re.sub(r"\{.*?\}", ";", code, flags=re.S).split(";"):
        item = squeeze(item)
        if re.fullmatch(r"typedef char \w+\[.*\]", item) or not re.search(r"\brs_", item):
            continue  # an assertion about layout; the end of extern "C"
        lines.add(("type " if item.startswith("typedef") else "function ") + item)
    return lines | layout(header, structs)


def layout(header, structs):
    """Sizes and offsets, from the compiler."""
    if not structs:
        return set()
    source = [f'#include "{header.resolve()}"', "#include <stdio.h>", "int main(void) {"]
    for name, fields in structs.items():
        source.append(f'printf("struct {name} size %zu align %zu\\n", sizeof(struct {name}), _Alignof(struct {name}));')
        for field in fields:
            member = re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?$", field)
            member = member[1] or member[2]
            kind = re.sub(rf"\b{member}\b", "", field, count=1).replace('"', "").strip()
            source.append(
                f'printf("field {name}.{member} {kind} at %zu size %zu\\n", offsetof(struct {name}, {member}),'
                f" sizeof(((struct {name} *)0)->{member}));"
            )
    source.append("return 0; }")
    with tempfile.TemporaryDirectory() as work:
        program = pathlib.Path(work) / "layout"
        program.with_suffix(".c").write_text("\n".join(source))
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-std=c11", "-o", program, program.with_suffix(".c")], check=True)
        return set(subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines())


def recorded():
    lines = SNAPSHOT.read_text().splitlines() if SNAPSHOT.exists() else ["interface 0"]
    return lines[0].removeprefix("interface "), set(filter(None, lines[1:]))


def verdict(old_interface, old, new_interface, new):
    """None if all is well; else what to do, and whether abi.txt may be updated without a new version."""
    gone, added = sorted(old - new), sorted(new - old)
    text = "".join(f"  - {line}\n" for line in gone) + "".join(f"  + {line}\n" for line in added)
    if old_interface != new_interface:
        return f"the version is new; record its interface: make abi\n{text}", True
    if gone:
        return f"programs that were built for {new_interface} break; this needs a new version, see docs/abi.md\n{text}", False
    return (f"new in the interface; record it: make abi\n{text}", True) if added else None


def check():
    old_interface, old = recorded()
    new = promises(HEADER)
    problem = verdict(old_interface, old, interface_of(version()), new)
    if problem:
        sys.exit(f"abi: {problem[0]}")
    functions = sum(line.startswith("function") for line in new)
    print(f"abi: interface {old_interface} is as promised, {functions} functions, {len(new) - functions} types, fields and constants")


def update():
    old_interface, old = recorded()
    interface, new = interface_of(version()), promises(HEADER)
    problem = verdict(old_interface, old, interface, new)
    if problem and not problem[1] and released(interface):
        sys.exit(f"abi: {problem[0]}")
    SNAPSHOT.write_text("\n".join([f"interface {interface}", *sorted(new)]) + "\n")
    print(f"abi: {SNAPSHOT.relative_to(ROOT)} has {len(new)} lines")


def selftest():
    interface, _ = recorded()
    old = promises(HEADER)
    # What is replaced by what, and whether that is compatible.
    changes = [
        ("rs_status rs_del(rs_session *session, const void *key, size_t klen);",
         "rs_status rs_del(rs_session *session, const void *key, uint32_t klen);", False),
        ("rs_status rs_del(rs_session *session, const void *key, size_t klen);", "", False),
        ("#define RS_ERR_IO (-3)", "#define RS_ERR_IO (-33)", False),
        ("    double dval;", "    float dval;", False),
        ("    const void *data;\n    size_t len;\n} rs_slice;", "    size_t len;\n    const void *data;\n} rs_slice;", False),
        ("typedef int64_t (*rs_clock_fn)(void *ud);", "typedef int32_t (*rs_clock_fn)(void *ud);", False),
        ("rs_status rs_del(", "rs_status rs_new_one(rs_session *session);\nrs_status rs_del(", True),
        ("#define RS_OK 0", "#define RS_NEW 99\n#define RS_OK 0", True),
    ]
    for before, behind, compatible in changes:
        text = HEADER.read_text()
        # The assertions of the header itself would stop some of these changes first.
        text = re.sub(r"^typedef char \w+\[.*$", "", text, flags=re.M)
        assert before in text, f"redisrs.h no longer has: {before}"
        with tempfile.TemporaryDirectory() as work:
            changed = pathlib.Path(work) / "redisrs.h"
            changed.write_text(text.replace(before, behind, 1))
            problem = verdict(interface, old, interface, promises(changed))
        assert problem and problem[1] == compatible, f"not noticed as {'' if compatible else 'in'}compatible: {behind!r}"
    assert verdict(interface, old, interface + "1", old), "a new version goes unnoticed"
    assert verdict(interface, old, interface, old) is None
    assert (interface_of("0.3.7"), interface_of("2.3.7")) == ("0.3", "2")
    print(f"abi: {len(changes)} kinds of change are noticed")


if __name__ == "__main__":
    commands = {"check": check, "update": update, "selftest": selftest}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
