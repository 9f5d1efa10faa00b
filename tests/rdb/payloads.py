#!/usr/bin/env python3
"""Makes payloads.txt: DUMP payloads of every type and encoding, one `name hex` a line.

    payloads.py PORT > payloads.txt       PORT is that of a redis-server 7.0.15 with --enable-debug-command yes

The first part is what that server answers to DUMP. The second is made here, encodings of older versions that it still
reads: it is asked to RESTORE each and must read the same from it. The third it does not know: Redis 7.2 and 7.4.
"""

import socket
import struct
import sys


class Server:
    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.stream.write(b"*%d\r\n" % len(words))
        for word in words:
            self.stream.write(b"$%d\r\n%s\r\n" % (len(word), word))
        self.stream.flush()
        return self.read()

    def read(self):
        line = self.stream.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest


# The formats.

def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


def payload(type_id, body, version=10):
    data = bytes([type_id]) + body + struct.pack("<H", version)
    return data + struct.pack("<Q", crc64(data))


def length(n):
    if n < 64:
        return bytes([n])
    if n < 16384:
        return struct.pack(">H", n | 0x4000)
    return b"\x80" + struct.pack(">I", n) if n < 1 << 32 else b"\x81" + struct.pack(">Q", n)


def text(data):
    data = data if isinstance(data, bytes) else str(data).encode()
    return length(len(data)) + data


def integer(element):
    """The integer whose canonical text an element is, or None."""
    element = element if isinstance(element, bytes) else str(element).encode()
    try:
        value = int(element)
    except ValueError:
        return None
    return value if str(value).encode() == element and -2**63 <= value < 2**63 else None


def ziplist(elements):
    entries, before, last = b"", 0, 10
    for element in elements:
        value = integer(element)
        element = element if isinstance(element, bytes) else str(element).encode()
        if value is None:
            if len(element) < 64:
                body = bytes([len(element)]) + element
            elif len(element) < 16384:
                body = struct.pack(">H", len(element) | 0x4000) + element
            else:
                body = b"\x80" + struct.pack(">I", len(element)) + element
        elif 0 <= value <= 12:
            body = bytes([0xF1 + value])
        elif -128 <= value < 128:
            body = b"\xfe" + struct.pack("<b", value)
        elif -2**15 <= value < 2**15:
            body = b"\xc0" + struct.pack("<h", value)
        elif -2**23 <= value < 2**23:
            body = b"\xf0" + struct.pack("<i", value)[:3]
        elif -2**31 <= value < 2**31:
            body = b"\xd0" + struct.pack("<i", value)
        else:
            body = b"\xe0" + struct.pack("<q", value)
        entry = (bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)) + body
        last = 10 + len(entries)
        entries += entry
        before = len(entry)
    return struct.pack("<IIH", 11 + len(entries), last, len(elements)) + entries + b"\xff"


def listpack(elements):
    entries = b""
    for element in elements:
        value = integer(element)
        element = element if isinstance(element, bytes) else str(element).encode()
        if value is None:
            if len(element) < 64:
                entry = bytes([0x80 | len(element)]) + element
            elif len(element) < 4096:
                entry = struct.pack(">H", 0xE000 | len(element)) + element
            else:
                entry = b"\xf0" + struct.pack("<I", len(element)) + element
        elif 0 <= value < 128:
            entry = bytes([value])
        elif -4096 <= value < 4096:
            entry = struct.pack(">H", 0xC000 | value & 0x1FFF)
        elif -2**15 <= value < 2**15:
            entry = b"\xf1" + struct.pack("<h", value)
        elif -2**23 <= value < 2**23:
            entry = b"\xf2" + struct.pack("<i", value)[:3]
        elif -2**31 <= value < 2**31:
            entry = b"\xf3" + struct.pack("<i", value)
        else:
            entry = b"\xf4" + struct.pack("<q", value)
        size = len(entry)
        assert size < 16383
        entries += entry + (bytes([size]) if size < 128 else bytes([size >> 7, size & 127 | 128]))
    return struct.pack("<IH", 7 + len(entries), len(elements)) + entries + b"\xff"


def zipmap(pairs):
    def size(n):
        return bytes([n]) if n < 254 else b"\xfe" + struct.pack("<I", n)

    data = bytes([min(len(pairs), 254)])
    for field, value in pairs:
        data += size(len(field)) + field + size(len(value)) + b"\x02" + value + b"??"
    return data + b"\xff"


def intset(values):
    code = {2: "h", 4: "i", 8: "q"}
    width = 2 if all(-2**15 <= v < 2**15 for v in values) else 4 if all(-2**31 <= v < 2**31 for v in values) else 8
    return struct.pack("<II", width, len(values)) + b"".join(struct.pack("<" + code[width], v) for v in values)


def score_text(score):
    special = {float("inf"): 254, float("-inf"): 255}
    data = repr(score).encode()
    return bytes([special[score]]) if score in special else bytes([len(data)]) + data


# The values. tests.rs knows what each name means.

ITEMS = [b"a", b"1", b"-70000", b"", b"\x00\xff\r\n", b"x" * 100, b"y" * 5000, b"12", b"-128", b"9000000000", b"007"]
PAIRS = [(b"f%d" % i, v) for i, v in enumerate(ITEMS[:6])]
SCORES = [(b"low", float("-inf")), (b"n", -1.5), (b"zero", 0.0), (b"third", 1 / 3), (b"7", 3.0), (b"big", 3e20), (b"high", float("inf"))]


def flat(pairs):
    return [element for pair in pairs for element in pair]


def harvest(ask):
    """What the server dumps: yields names with keys."""
    for name, value in [("empty", b""), ("hello", b"hello"), ("int8", b"-5"), ("int16", b"1234"), ("int32", b"-2000000000"),
                        ("int64", b"9000000000"), ("packed", b"abc" * 100), ("bytes", bytes(range(256)))]:
        ask("SET", "string-" + name, value)
    ask("RPUSH", "list-small", *ITEMS)
    ask("RPUSH", "list-large", *[b"item:%d" % i for i in range(2000)])
    ask("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "99b")
    ask("RPUSH", "list-plain", *ITEMS)
    ask("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0")
    ask("SADD", "set-int16", *range(-5, 100, 7))
    ask("SADD", "set-int32", 70000, -70000, 3)
    ask("SADD", "set-int64", 2**63 - 1, -2**63, 0)
    ask("SADD", "set-mixed", *ITEMS)
    ask("SADD", "set-large", *[b"member:%d" % i for i in range(700)])
    ask("HSET", "hash-small", *flat(PAIRS[:5]))
    ask("HSET", "hash-long", *flat(PAIRS))
    ask("HSET", "hash-large", *flat([(b"field:%d" % i, i * i) for i in range(600)]))
    ask("ZADD", "zset-small", *[word for member, score in SCORES for word in (repr(score), member)])
    ask("ZADD", "zset-large", *[word for i in range(200) for word in (i / 4, b"member:%d" % i)])
    ask("XGROUP", "CREATE", "stream-empty", "group", "5-5", "MKSTREAM")
    for i in range(250):
        ask("XADD", "stream-large", "%d-%d" % (1000 + i // 3, i), "a", i, "b", b"x" * (i % 50))
    for i in range(0, 250, 10):
        ask("XDEL", "stream-large", "%d-%d" % (1000 + i // 3, i))
    stream = "stream-groups"
    for words in [("1-1", "a", "1"), ("2-1", "a", "2"), ("2-7", "b", "", "c", "-5", "b", "again"), ("9-1", "a", "9"), ("10-0", "z", "z")]:
        ask("XADD", stream, *words)
    ask("XDEL", stream, "9-1")
    ask("XGROUP", "CREATE", stream, "first", "0", "ENTRIESREAD", "0")
    ask("XGROUP", "CREATE", stream, "second", "2-1")
    ask("XGROUP", "CREATECONSUMER", stream, "first", "idle")
    ask("XREADGROUP", "GROUP", "first", "alice", "COUNT", "2", "STREAMS", stream, ">")
    ask("XREADGROUP", "GROUP", "first", "bob", "COUNT", "1", "STREAMS", stream, ">")
    ask("XACK", stream, "first", "1-1")
    ask("XCLAIM", stream, "first", "bob", "0", "2-7", "TIME", "1700000000000", "RETRYCOUNT", "7")
    ask("XCLAIM", stream, "first", "alice", "0", "2-1", "TIME", "1600000000000", "RETRYCOUNT", "300")
    return sorted(ask("KEYS", "*"))


def made():
    """Encodings of older versions: name, payload, and the command that makes the same value."""
    yield "list-linked", payload(1, length(len(ITEMS)) + b"".join(map(text, ITEMS)), 6), ["RPUSH", *ITEMS]
    yield "list-ziplist", payload(10, text(ziplist(ITEMS)), 6), ["RPUSH", *ITEMS]
    nodes = [ITEMS[:3], ITEMS[3:4], [], ITEMS[4:]]
    body = length(len(nodes)) + b"".join(text(ziplist(node)) for node in nodes)
    yield "list-quicklist", payload(14, body, 7), ["RPUSH", *ITEMS]
    body = length(2) + length(2) + text(listpack(ITEMS[:5])) + length(1) + text(b"plain")
    yield "list-quicklist-2", payload(18, body), ["RPUSH", *ITEMS[:5], b"plain"]
    yield "set-of-integers", payload(2, length(3) + b"".join(map(text, [3, 1, 2])), 6), ["SADD", 1, 2, 3]
    yield "set-wide-intset", payload(11, text(struct.pack("<IIqq", 8, 2, 1, 2)), 6), ["SADD", 1, 2]
    yield "hash-table", payload(4, length(len(PAIRS)) + b"".join(map(text, flat(PAIRS))), 6), ["HSET", *flat(PAIRS)]
    yield "hash-zipmap", payload(9, text(zipmap(PAIRS + [(b"long", b"v" * 300)])), 6), ["HSET", *flat(PAIRS), b"long", b"v" * 300]
    yield "hash-ziplist", payload(13, text(ziplist(flat(PAIRS))), 9), ["HSET", *flat(PAIRS)]
    body = length(len(SCORES)) + b"".join(text(member) + score_text(score) for member, score in SCORES)
    zadd = ["ZADD", *[word for member, score in SCORES for word in (repr(score), member)]]
    yield "zset-text", payload(3, body, 6), zadd
    body = length(len(SCORES)) + b"".join(text(member) + struct.pack("<d", score) for member, score in SCORES)
    yield "zset-binary", payload(5, body, 8), zadd
    scored = [word for member, score in SCORES for word in (member, repr(score).encode().replace(b".0", b""))]
    yield "zset-ziplist", payload(12, text(ziplist(scored)), 6), zadd


def stream(type_id):
    """A stream as Redis 5 wrote it, or as 7.2: entries 5-1 and 6-0, a group that has read 5-1."""
    node = listpack([2, 1, 1, b"f", 0, 2, 0, 0, b"v1", 4, 3, 0, 5, b"gone", 4, 0, 1, -1, 2, b"f", b"v2", b"g", 3, 8])
    body = length(1) + text(struct.pack(">QQ", 5, 1)) + text(node)
    body += length(2) + length(6) + length(0)
    if type_id != 15:
        body += length(5) + length(1) + length(5) + length(6) + length(3)
    body += length(1) + text("group") + length(5) + length(1)
    if type_id != 15:
        body += length(1)
    body += length(1) + struct.pack(">QQ", 5, 1) + struct.pack("<q", 1700000000000) + length(3)
    body += length(1) + text("alice") + struct.pack("<q", 1700000000001)
    if type_id == 21:
        body += struct.pack("<q", 1700000000002)
    return payload(type_id, body + length(1) + struct.pack(">QQ", 5, 1), {15: 9, 19: 10, 21: 11}[type_id])


def newer():
    yield "set-listpack", payload(20, text(listpack(ITEMS)), 11)
    yield "stream-listpacks-3", stream(21)
    base = 1_700_000_000_000
    # Redis orders them by deadline, those without at the end.
    triples = [(b"b", b"2", base), (b"c", b"3", base + 5000), (b"a", b"1", 0)]
    ex = text(listpack([word for field, value, at in triples for word in (field, value, at)]))
    yield "hash-listpack-ex-rc", payload(23, ex, 12)
    yield "hash-listpack-ex", payload(25, struct.pack("<q", base) + ex, 12)
    body = b"".join(length(at) + text(field) + text(value) for field, value, at in triples)
    yield "hash-metadata-rc", payload(22, length(3) + body, 12)
    body = b"".join(length(at and at - base + 1) + text(field) + text(value) for field, value, at in triples)
    yield "hash-metadata", payload(24, struct.pack("<q", base) + length(3) + body, 12)


def main():
    ask = Server(int(sys.argv[1]))
    lines = []
    ask("FLUSHALL")
    for key in harvest(ask):
        lines.append((key.decode(), ask("DUMP", key)))
    for name, data, (command, *words) in made():
        ask("FLUSHALL")
        ask(command, "expected", *words)
        ask("RESTORE", "made", 0, data)
        expected, restored = ask("DEBUG", "DIGEST-VALUE", "expected", "made")
        assert expected == restored, name
        lines.append((name, data))
    ask("FLUSHALL")
    for name, type_id in [("stream-listpacks", 15), ("stream-listpacks-2", 19)]:
        ask("RESTORE", name, 0, stream(type_id))
        lines.append((name, stream(type_id)))
    both = [ask("XINFO", "STREAM", key, "FULL") for key in ("stream-listpacks", "stream-listpacks-2")]
    assert both[0][both[0].index(b"entries"):][1] == both[1][both[1].index(b"entries"):][1]
    lines += newer()
    for name, data in lines:
        print(name, data.hex())


main()
