#!/usr/bin/env python3
"""Compiles the examples that stand in the comments of the headers and in redisrs(3): examples.py ROOT LIBRARY OUT

An example is what stands four columns further in than the text around it. Those of redisrs.h are compiled as C11 and as
C++17, those of redisrs.hpp as C++17, all warnings being errors; that of the manual page is a program and is run, too.

Definitions of functions stay outside, everything else becomes the body of a function. What an example takes for granted (a
session, a buffer, a function of the reader's own) is declared in HOST. A line of three dots is a gap.
"""
import os
import pathlib
import re
import subprocess
import sys

WARNINGS = "-g -Wall -Wextra -Wpedantic -Werror".split()
C11 = [os.environ.get("CC", "cc"), "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-x", "c"]
CXX17 = [os.environ.get("CXX", "c++"), "-std=c++17", "-x", "c++"]

HOST = """
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <%s>
"""
# What examples of the C header refer to without saying where it comes from.
HOST_C = """
extern rs_session *session;
extern rs_engine *engine;
extern rs_server *server;
extern rs_loop *loop;
extern rs_reader *reader;
extern rs_call *call;
extern rs_avl_node *root, *node;
extern rs_zset zset;
extern char buf[64], data[];
extern size_t len;
extern ssize_t n;
extern int fd;
uint64_t hash(const char *name);
bool is_less(const rs_avl_node *node, const rs_avl_node *other);
void free_big_tree(void *root);
void handle(rs_reply *reply);
"""
HOST_CXX = """
#include <iostream>
extern redisrs::Engine engine;
extern redisrs::Session session;
"""


def comments(text):
    """(line, text) of the lines of each comment, a list for each: text without what marks it as one."""
    comment, column = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        start = re.match(r"( *)(/\*|//) ?", line)
        if start and start[2] == "//":
            comment.append((number, line[start.end() :]))
            continue
        if start:
            column = start.end()
        if start or column:
            # The border of the first comment, if there is one.
            comment.append((number, re.sub(r"\s*\*/$", "", re.sub(r"^ \*", "  ", line)[column:])))
            if not line.endswith("*/"):
                continue
        if comment:
            yield comment
        comment, column = [], 0


def examples(text):
    """(line, lines) of each block of code in the comments."""
    for comment in comments(text):
        block = []
        for number, line in [*comment, (0, ".")]:
            if line.startswith("    "):
                block = block or [number]
                block.append(line[4:])
            elif block and not line.strip():
                block.append("")  # an empty line of the example, if more of it follows
            elif block:
                yield block[0], block[1:]
                block = []


def program(first, lines, source):
    """One example as a translation unit: definitions of functions outside, the rest inside of one function."""
    outside, body, depth, is_definition = [], [], 0, False
    for line in lines:
        code = "" if line.strip() == "..." else line
        if depth == 0 and code and not code.startswith((" ", "{", "}")):
            is_definition = code.startswith("static ") and not code.endswith(";")
        (outside if is_definition else body).append(code)
        (body if is_definition else outside).append("")
        depth += code.count("{") - code.count("}")
    returns = "int" if re.search(r"\breturn [^;]", "\n".join(body)) else "void"
    place = f'#line {first} "{source}"'
    end = "return 0; }" if returns == "int" else "}"
    return "\n".join([place, *outside, f"{returns} example(void);", f"{returns} example(void) {{", place, *body, end, ""])


def compile_each(host, compilers, header, out):
    found = list(examples(header.read_text()))
    for first, lines in found:
        file = out / f"{header.name}-{first}.txt"
        file.write_text(host + program(first, lines, header.name))
        for compiler in compilers:
            subprocess.run([*compiler, *WARNINGS, f"-I{header.parent}", "-c", file, "-o", file.with_suffix(".o")], check=True)
    return len(found)


def main(root, library, out):
    include = root / "include"
    out.mkdir(parents=True, exist_ok=True)
    c = compile_each(HOST % "redisrs.h" + HOST_C, [C11, CXX17], include / "redisrs.h", out)
    cxx = compile_each(HOST % "redisrs.hpp" + HOST_CXX, [CXX17], include / "redisrs.hpp", out)
    if c < 20 or cxx < 3:
        sys.exit(f"examples: only {c} and {cxx} found: have they another shape now?")

    page = (root / "docs/man/redisrs.3").read_text()
    code = re.search(r"^\.Sh EXAMPLES\n\.Bd -literal[^\n]*\n(.*?)^\.Ed", page, re.M | re.S)[1].replace(r"\e", "\\")
    source, binary = out / "manual.c", out / "manual"
    source.write_text(code)
    subprocess.run([*C11, *WARNINGS, f"-I{include}", source, "-x", "none", library, "-o", binary,
                    "-lpthread", "-ldl", "-lm"], check=True)
    said = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
    if said != "1\n":
        sys.exit(f"examples: the program of redisrs(3) prints {said!r}")
    print(f"examples: {c} of redisrs.h, {cxx} of redisrs.hpp, and the program of redisrs(3)")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]) / "examples")
