"""Sends byor_server exact bytes and compares what comes back: byor_server.py COMMAND...

Every command with every kind of answer, arguments that are none, requests in pieces and in pipelines, messages larger than
the buffers, malformed ones, idle connections. Whatever the server ends with is the caller's result.
"""
import contextlib
import signal
import socket
import struct
import subprocess
import sys

TIMEOUT_S = 120  # under valgrind on a loaded machine
MESSAGE_MAX = 32 << 20
STRINGS_MAX = 200_000


def request(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    body = struct.pack("<I", len(words)) + b"".join(struct.pack("<I", len(word)) + word for word in words)
    return struct.pack("<I", len(body)) + body


NIL = b"\x00"


def error(code, text):
    return b"\x01" + struct.pack("<II", code, len(text)) + text.encode()


def string(text):
    text = text if isinstance(text, bytes) else text.encode()
    return b"\x02" + struct.pack("<I", len(text)) + text


def integer(value):
    return b"\x03" + struct.pack("<q", value)


def double(value):
    return b"\x04" + struct.pack("<d", value)


def array(*items):
    return b"\x05" + struct.pack("<I", len(items)) + b"".join(items)


def pairs(*members):
    return array(*(item for name, score in members for item in (string(name), double(score))))


UNKNOWN = error(1, "unknown command")
NO_INT, NO_FLOAT = error(4, "expect int"), error(4, "expect float")
NO_STRING, NO_ZSET = error(3, "not a string"), error(3, "expect zset")


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)

    def send(self, data):
        self.socket.sendall(data)

    def take(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(min(size - len(data), 1 << 20))
            assert piece, f"the connection ended after {len(data)} of {size} bytes"
            data += piece
        return data

    def reply(self):
        return self.take(struct.unpack("<I", self.take(4))[0])

    def ask(self, *words):
        self.send(request(*words))
        return self.reply()

    def expect(self, expected, *words):
        got = self.ask(*words)
        assert got == expected, f"{words}: {got!r}, not {expected!r}"

    def expect_end(self):
        try:
            rest = self.socket.recv(100)
        except ConnectionResetError:
            rest = b""
        assert rest == b"", f"the connection goes on: {rest!r}"


@contextlib.contextmanager
def server(command, *options):
    process = subprocess.Popen([*command, "0", *options], stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline().split()[1])
        process.send_signal(signal.SIGTERM)
        status = process.wait(TIMEOUT_S)
        assert status == 0, f"the server ended with {status}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def strings_and_deadlines(client):
    expect = client.expect
    expect(NIL, "get", "k")
    expect(NIL, "set", "k", b"a\r\n\0b")
    expect(string(b"a\r\n\0b"), "get", "k")
    expect(NIL, "set", "", "")
    expect(string(""), "get", "")
    expect(integer(-1), "pttl", "k")
    expect(integer(1), "pexpire", "k", 100_000)
    tag, left = struct.unpack("<bq", client.ask("pttl", "k"))
    assert tag == 3 and 0 < left <= 100_000, left
    expect(NIL, "set", "k", "v")  # keeps the deadline
    assert struct.unpack("<bq", client.ask("pttl", "k"))[1] > 0
    expect(integer(1), "pexpire", "k", -1)
    expect(integer(-1), "pttl", "k")
    expect(integer(-2), "pttl", "none")
    expect(integer(0), "pexpire", "none", 1)
    for ms in ["", "x", "1x", "1.5", "9223372036854775808", b"1\0"]:
        expect(NO_INT, "pexpire", "k", ms)
    assert client.ask("keys") in (array(string("k"), string("")), array(string(""), string("k")))
    expect(integer(1), "del", "k")
    expect(integer(0), "del", "k")
    expect(integer(1), "del", "")
    expect(array(), "keys")
    # Many deadlines, of which those that have come are served in order, and none of the others.
    for i in range(300):
        client.send(request("set", f"t{i}", i) + request("pexpire", f"t{i}", 1 + i % 2 * 10**9))
    assert [client.reply() for _ in range(600)] == [NIL, integer(1)] * 300
    while len(client.ask("keys")) > 5 + 150 * 10:
        pass  # until the last of those has gone
    for i in range(300):
        expect(string(str(i)) if i % 2 else NIL, "get", f"t{i}")
        expect(integer(i % 2), "del", f"t{i}")
    expect(array(), "keys")


def sorted_sets(client):
    expect = client.expect
    expect(NIL, "zscore", "asdf", "n1")
    expect(array(), "zquery", "xxx", 1, "asdf", 1, 10)
    expect(integer(0), "zrem", "xxx", "n1")
    expect(NIL, "zrank", "xxx", "n1")
    expect(integer(0), "zcount", "xxx", 1, "", 2, "")
    expect(integer(1), "zadd", "zset", 1, "n1")
    expect(integer(1), "zadd", "zset", 2, "n2")
    expect(integer(0), "zadd", "zset", 1.1, "n1")
    expect(double(1.1), "zscore", "zset", "n1")
    expect(pairs(("n1", 1.1), ("n2", 2)), "zquery", "zset", 1, "", 0, 10)
    expect(pairs(("n2", 2)), "zquery", "zset", 1.1, "", 1, 10)
    expect(array(), "zquery", "zset", 1.1, "", 2, 10)
    expect(integer(0), "zrem", "zset", "adsf")
    expect(integer(1), "zrem", "zset", "n1")
    expect(pairs(("n2", 2)), "zquery", "zset", 1, "", 0, 10)
    # Equal scores are ordered by name, a name before those that begin with it.
    names = ["", "a", "aa", "ab", "b", b"b\0", b"b\xff"]
    for name in reversed(names):
        expect(integer(1), "zadd", "tie", 5, name)
    members = [(name, 5) for name in names]
    everything = len(names) * 2
    expect(pairs(*members), "zquery", "tie", 5, "", 0, everything)
    expect(pairs(*members[2:]), "zquery", "tie", 5, "aa", 0, everything)
    expect(pairs(*members[3:]), "zquery", "tie", 5, "aaa", 0, everything)
    expect(pairs(*members[1:]), "zquery", "tie", 5, "aa", -1, everything)
    expect(array(), "zquery", "tie", 5, "aa", -3, everything)
    expect(array(), "zquery", "tie", 5, "", len(names), everything)
    for offset in [2**63 - 1, -(2**63)]:
        expect(array(), "zquery", "tie", 5, "", offset, everything)
        expect(array(), "zqueryr", "tie", 5, "b", offset, everything)
    for limit in [0, -1, -(2**63)]:
        expect(array(), "zquery", "tie", 5, "", 0, limit)
    expect(pairs(*members[:1]), "zquery", "tie", 5, "", 0, 1)  # two by two
    expect(pairs(*members[:2]), "zquery", "tie", "-inf", "", 0, 3)
    expect(pairs(*members), "zquery", "tie", 5, "", 0, 2**63 - 1)
    expect(array(), "zquery", "tie", 5.1, "", 0, 10)
    expect(pairs(*members[2::-1]), "zqueryr", "tie", 5, "aa", 0, everything)
    expect(pairs(*members[::-1]), "zqueryr", "tie", "inf", "", 0, everything)
    expect(integer(3), "zcount", "tie", 5, "a", 5, "ab")
    expect(integer(0), "zcount", "tie", 5, "b", 5, "a")
    expect(integer(len(names)), "zcount", "tie", "-inf", "", "inf", "")
    for rank, name in enumerate(names):
        expect(integer(rank), "zrank", "tie", name)
    expect(NIL, "zrank", "tie", "c")
    # What is no number, and what is of another type.
    for score in ["", "x", "1x", "nan"]:
        expect(NO_FLOAT, "zadd", "tie", score, "n")
        expect(NO_FLOAT, "zquery", "tie", score, "", 0, 1)
        expect(NO_FLOAT, "zcount", "tie", 1, "", score, "")
    for number in ["", "x", "1.0"]:
        expect(NO_INT, "zquery", "tie", 1, "", number, 1)
        expect(NO_INT, "zquery", "tie", 1, "", 0, number)
    expect(NIL, "set", "str", "v")
    expect(NO_STRING, "get", "tie")
    expect(NO_STRING, "set", "tie", "v")
    for words in [("zadd", 1, "n"), ("zrem", "n"), ("zscore", "n"), ("zrank", "n"), ("zquery", 1, "", 0, 1)]:
        expect(NO_ZSET, words[0], "str", *words[1:])
    expect(NO_ZSET, "zcount", "str", 1, "", 2, "")
    for key in ["zset", "tie", "str"]:
        expect(integer(1), "del", key)


def unknown_commands(client):
    for words in [(), ("",), ("GET", "k"), ("get",), ("get", "k", "k"), ("set", "k"), ("keys", "k"), ("zadd", "z", 1)]:
        client.expect(UNKNOWN, *words)


def pieces_and_pipelines(port):
    client = Client(port)
    for byte in request("set", "slow", "v") + request("get", "slow"):
        client.send(bytes([byte]))
    assert (client.reply(), client.reply()) == (NIL, string("v"))
    many = 5_000
    client.send(b"".join(request("set", "slow", i) + request("get", "slow") for i in range(many)))
    for i in range(many):
        assert (client.reply(), client.reply()) == (NIL, string(str(i)))
    # Who ends its half gets its answers.
    client.send(request("del", "slow") * 2)
    client.socket.shutdown(socket.SHUT_WR)
    assert (client.reply(), client.reply()) == (integer(1), integer(0))
    client.expect_end()


def large_messages(port):
    client = Client(port)
    value = bytes(range(256)) * 4096 * 4
    client.expect(NIL, "set", "large", value)
    client.expect(string(value), "get", "large")
    client.send(request("get", "large") * 8)
    assert all(client.reply() == string(value) for _ in range(8))
    # The largest message there may be.
    value = bytes(MESSAGE_MAX - len(request("set", "large", b"")) + 4)
    assert len(request("set", "large", value)) == MESSAGE_MAX + 4
    client.expect(NIL, "set", "large", value)
    client.expect(string(value), "get", "large")
    client.expect(integer(1), "del", "large")
    client.expect(UNKNOWN, *["x"] * STRINGS_MAX)
    # A set of which the reply would be too large, and which is freed in the background.
    name = bytes(1 << 20)
    for i in range(40):
        client.expect(integer(1), "zadd", "z", i, name + bytes([i]))
    client.expect(error(2, "the reply is too big"), "zquery", "z", 0, "", 0, 80)
    client.expect(integer(1), "del", "z")
    many = 1_500
    client.send(b"".join(request("zadd", "z", i, i) for i in range(many)) + request("del", "z") + request("zscore", "z", 1))
    assert [client.reply() for _ in range(many + 2)] == [integer(1)] * (many + 1) + [NIL]


def malformed(port):
    word = struct.pack("<I", 3) + b"get"
    for body in [
        b"",  # no number of strings
        b"\x01\x00\x00",
        struct.pack("<I", 1),  # a string too few
        struct.pack("<I", 1) + word + b"x",  # bytes left over
        struct.pack("<I", 0) + b"x",
        struct.pack("<I", 2) + word + struct.pack("<I", 4) + b"abc",  # past the end
        struct.pack("<I", 2) + word + struct.pack("<I", 0xFFFF_FFFF) + b"abc",
        struct.pack("<I", 1) + b"\x00\x00",
        struct.pack("<I", STRINGS_MAX + 1) + struct.pack("<I", 0) * (STRINGS_MAX + 1),
    ]:
        client = Client(port)
        client.send(request("set", "ok", "1") + struct.pack("<I", len(body)) + body)
        assert client.reply() == NIL  # what was answered stays answered
        client.expect_end()
    for length in [MESSAGE_MAX + 1, 0xFFFF_FFFF]:
        client = Client(port)
        client.send(struct.pack("<I", length))
        client.expect_end()
    client = Client(port)
    client.expect(string("1"), "get", "ok")
    client.expect(integer(1), "del", "ok")


def idle(command):
    with server(command, "300") as port:
        silent, started = Client(port), Client(port)
        started.send(request("get", "k")[:5])  # and no more
        busy = Client(port)
        busy.socket.setblocking(True)
        silent.socket.setblocking(False)
        while True:  # Who asks is not idle.
            busy.expect(NIL, "get", "k")
            try:
                silent.expect_end()
                break
            except BlockingIOError:
                pass
        started.expect_end()
        busy.expect(NIL, "get", "k")


def main():
    command = sys.argv[1:]
    with server(command) as port:
        client = Client(port)
        strings_and_deadlines(client)
        sorted_sets(client)
        unknown_commands(client)
        pieces_and_pipelines(port)
        large_messages(port)
        malformed(port)
    idle(command)


main()
