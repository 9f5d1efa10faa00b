//! Harvested: raw bytes sent to redis-server 7.0.15, and what it made of them.

use super::naive::{self, End};
use super::{Random, encode, for_seeds};
use crate::resp::{Limits, Protocol, ProtocolError, ReplyWriter, RequestParser, Span, Step};

type Args = Vec<Vec<u8>>;

/// Feeds a stream piece by piece, as a connection does, and collects all requests.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>, limits: &Limits) -> (Vec<Args>, End) {
    let mut parser = RequestParser::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut all = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let mut spans = vec![Span { start: 7, len: 7 }];
            let step = parser.next(&buffer, limits, &mut spans);
            assert_eq!(spans.remove(0), Span { start: 7, len: 7 }, "spans are appended");
            let (end, source) = match step {
                Step::Request { end } => (end, &buffer[..end]),
                Step::Unescaped { end } => (end, parser.unescaped()),
                Step::NeedMore { want } => {
                    assert!(spans.is_empty());
                    assert!(want > buffer.len());
                    break;
                }
                Step::Error { error } => {
                    assert!(spans.is_empty());
                    return (all, End::Error(error.to_string()));
                }
            };
            all.push(spans.iter().map(|span| span.of(source).to_vec()).collect());
            assert!(parser.is_idle());
            buffer.drain(..end);
        }
    }
    (all, End::More)
}

fn whole(stream: &[u8]) -> (Vec<Args>, End) {
    feed(std::iter::once(stream), &Limits::default())
}

fn ping() -> Args {
    vec![b"PING".to_vec()]
}

#[test]
fn accepted_by_the_server() {
    let cases: &[(&[u8], &[&[u8]])] = &[
        (b"*1\r\n$4\r\nPING\r\n", &[b"PING"]),
        (b"*1\rX$4\r\nPING\r\n", &[b"PING"]),
        (b"*1\r\n$4\rXPINGab", &[b"PING"]),
        (b"*1\r\n$0\r\n\r\n", &[b""]),
        (b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n", &[b"ECHO", b"\r\n"]),
        (b"*-1\r\n", &[]),
        (b"*-5\r\n", &[]),
        (b"*0\r\n", &[]),
        (b"\r\n", &[]),
        (b"\n", &[]),
        (b"  \t \r\n", &[]),
        (b"PING\n", &[b"PING"]),
        (b"PING\r\r\n", &[b"PING"]),
        (b"\rPING\r\n", &[b"PING"]),
        (b"PING a\rb\r\n", &[b"PING", b"a", b"b"]),
        (b"PING \x0b\x0ca\r\n", &[b"PING", b"a"]),
        (b"PING a\x0bb\r\n", &[b"PING", b"a\x0bb"]),
        (b"PING \x85a\xa0\r\n", &[b"PING", b"\x85a\xa0"]),
        (b"\"PING\"\r\n", &[b"PING"]),
        (b"PING \"a\" \r\n", &[b"PING", b"a"]),
        (b"PING \"a\"\t\"b\" c\r\n", &[b"PING", b"a", b"b", b"c"]),
        (b"PING \"a\"\x0bb\r\n", &[b"PING", b"a", b"b"]),
        (b"PING a\"b c\"\r\n", &[b"PING", b"ab c"]),
        (b"PING \"\" ''\r\n", &[b"PING", b"", b""]),
        (b"PING \"a\\x41\\n\\q\\\"\"\r\n", &[b"PING", b"aA\nq\""]),
        (b"PING \"\\xAf\\xfF\\r\\t\\b\\a\"\r\n", &[b"PING", b"\xaf\xff\r\t\x08\x07"]),
        (b"PING \"\\x4\" \"\\xZZ\"\r\n", &[b"PING", b"x4", b"xZZ"]),
        (b"PING 'a\\'b\\n'\r\n", &[b"PING", b"a'b\\n"]),
    ];
    for (bytes, expected) in cases {
        let mut stream = bytes.to_vec();
        stream.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
        let expected = expected.iter().map(|arg| arg.to_vec()).collect();
        assert_eq!(whole(&stream), (vec![expected, ping()], End::More), "{bytes:?}");
    }
}

#[test]
fn refused_by_the_server() {
    let cases: &[(&[u8], &str)] = &[
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*+1\r\n", "invalid multibulk length"),
        (b"*1 \r\n", "invalid multibulk length"),
        (b"*a\r\n", "invalid multibulk length"),
        (b"*1\n$4\r\nPING\r\n", "invalid multibulk length"),
        (b"*1\r\n\r\n", "expected '$', got ' '"),
        (b"*1\r\n\n\r\n", "expected '$', got ' '"),
        (b"*1\r\n:4\r\n", "expected '$', got ':'"),
        (b"*1\r\nx\ry", "expected '$', got 'x'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$\r\n", "invalid bulk length"),
        (b"*1\r\n$04\r\nPING\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$99999999999999999999999\r\n", "invalid bulk length"),
        (b"PING \"a\"b\r\n", "unbalanced quotes in request"),
        (b"PING \"a\r\n", "unbalanced quotes in request"),
        (b"PING 'a\r\n", "unbalanced quotes in request"),
        (b"PING 'a'b\n", "unbalanced quotes in request"),
        (b"PING a\"b c\"d\r\n", "unbalanced quotes in request"),
        (b"PING a\\\"b\r\n", "unbalanced quotes in request"),
        (b"PING \"\\\n", "unbalanced quotes in request"),
        (b"PING \"\\x\r\n", "unbalanced quotes in request"),
    ];
    for (bytes, text) in cases {
        let expected = End::Error(format!("-ERR Protocol error: {text}"));
        assert_eq!(whole(bytes), (vec![], expected), "{bytes:?}");
    }
}

#[test]
fn waited_for_by_the_server() {
    let cases: &[&[u8]] = &[
        b"",
        b"*1",
        b"*1\r",
        b"*2000000\r\n",
        b"*2147483647\r\n",
        b"*1\x00\r\n",
        b"*1\r\nx",
        b"*1\r\nx\r",
        b"*1\r\n\x00\r\n",
        b"*1\r\n$536870912\r\n",
        b"*1\r\n$4\r\nPING",
        b"*1\r\n$4\r\nPING\r",
        b"PING\x00\r\n*1\r\n$4\r\nPING\r\n",
        b"PING \"\\",
    ];
    for bytes in cases {
        assert_eq!(whole(bytes), (vec![], End::More), "{bytes:?}");
    }
}

#[test]
fn long_lines() {
    let of = |head: &str, len: usize| [head.as_bytes(), &vec![b'1'; len]].concat();
    let error = |text: &str| (vec![], End::Error(format!("-ERR Protocol error: {text}")));
    assert_eq!(whole(&of("", 65536)), (vec![], End::More));
    assert_eq!(whole(&of("", 65537)), error("too big inline request"));
    assert_eq!(whole(&of("*", 65536)), error("too big mbulk count string"));
    assert_eq!(whole(&of("*1\r\n$", 65535)), (vec![], End::More));
    assert_eq!(whole(&of("*1\r\n$", 65536)), error("too big bulk count string"));
    assert_eq!(whole(&of("*1\0", 70000)), error("too big mbulk count string"));
    let mut accepted = of("", 65536);
    accepted.push(b'\n');
    assert_eq!(whole(&accepted).0, vec![vec![vec![b'1'; 65536]]]);
    // The same end is refused one byte later, whether or not it has arrived with the rest.
    accepted.insert(0, b'1');
    assert_eq!(whole(&accepted), error("too big inline request"));
}

#[test]
fn limits() {
    let unauthenticated = Limits { authenticated: false, ..Limits::default() };
    let end = |bytes: &[u8], limits: &Limits| feed(std::iter::once(bytes), limits).1;
    let error = |text: &str| End::Error(format!("-ERR Protocol error: {text}"));
    assert_eq!(end(b"*10\r\n", &unauthenticated), End::More);
    assert_eq!(end(b"*11\r\n", &unauthenticated), error("unauthenticated multibulk length"));
    assert_eq!(end(b"*1\r\n$16384\r\n", &unauthenticated), End::More);
    assert_eq!(end(b"*1\r\n$16385\r\n", &unauthenticated), error("unauthenticated bulk length"));
    assert_eq!(end(b"*2147483648\r\n", &unauthenticated), error("invalid multibulk length"));
    assert_eq!(end(b"*1\r\n$536870913\r\n", &unauthenticated), error("invalid bulk length"));
    let unlimited = Limits { bulk_bytes_max: usize::MAX, authenticated: true };
    assert_eq!(end(b"*1\r\n$4294967280\r\n", &unlimited), error("invalid bulk length"));
    assert_eq!(end(b"*1\r\n$9223372036854775807\r\n", &unlimited), error("invalid bulk length"));
    assert_eq!(end(b"*1\r\n$4294967270\r\n", &unlimited), End::More);
}

#[test]
fn wanted_length_is_exact_for_a_big_argument() {
    let mut parser = RequestParser::new();
    let mut spans = Vec::new();
    let step = parser.next(b"*2\r\n$3\r\nSET\r\n$100000\r\nabc", &Limits::default(), &mut spans);
    assert_eq!(step, Step::NeedMore { want: 22 + 100_000 + 2 });
    assert!(!parser.is_idle());
    parser.reset();
    assert!(parser.is_idle());
}

#[test]
fn errors_as_the_server_sends_them() {
    let sent = |error: ProtocolError| {
        let mut writer = ReplyWriter::new(Protocol::Resp2);
        error.write_reply(&mut writer);
        writer.take()
    };
    assert_eq!(sent(ProtocolError::ExpectedBulk(0xff)), b"-ERR Protocol error: expected '$', got '\xff'\r\n");
    assert_eq!(sent(ProtocolError::ExpectedBulk(b'\r')), b"-ERR Protocol error: expected '$', got ' '\r\n");
    let error = ProtocolError::UnbalancedQuotes;
    assert_eq!(sent(error), format!("{error}\r\n").as_bytes());
    assert_eq!(sent(ProtocolError::Frame), b"");
}

#[test]
fn many_arguments_in_small_pieces_take_linear_time() {
    let args: Args = (0..200_000).map(|index: u32| index.to_string().into_bytes()).collect();
    let stream = encode(&args);
    let (all, end) = feed(stream.chunks(50_000), &Limits::default());
    assert_eq!((all, end), (vec![args], End::More));
    // Byte by byte, without the test's own copying: quadratic work would take hours.
    let mut parser = RequestParser::new();
    let mut spans = Vec::new();
    for end in 1..stream.len() {
        let step = parser.next(&stream[..end], &Limits::default(), &mut spans);
        assert!(matches!(step, Step::NeedMore { .. }));
    }
    let step = parser.next(&stream, &Limits::default(), &mut spans);
    assert_eq!(step, Step::Request { end: stream.len() });
    assert_eq!(spans.len(), 200_000);
}

#[test]
fn announced_counts_reserve_nothing() {
    let mut spans = Vec::new();
    let step = RequestParser::new().next(b"*2147483647\r\n", &Limits::default(), &mut spans);
    assert!(matches!(step, Step::NeedMore { .. }));
    assert!(spans.capacity() < 100);
}

/// Requests of both forms, some of them damaged, and plain garbage.
fn stream(random: &mut Random) -> Vec<u8> {
    const NOISE: &[u8] = b"*$0123456789\r\n\"'\\x \tab\0-\x0b\xff";
    let mut stream = Vec::new();
    for _ in 0..random.below(6) {
        let before = stream.len();
        match random.below(8) {
            0..=4 => {
                let args: Args = (0..random.below(14))
                    .map(|_| {
                        let len = random.pick(&[&0usize, &1, &3, &9, &10, &64, &99, &100, &1000]);
                        random.bytes(*len, NOISE)
                    })
                    .collect();
                stream.extend(encode(&args));
            }
            5 | 6 => {
                let len = random.below(40);
                stream.extend(random.bytes(len, b"ab \t\"'\\nx4fF\r\x0b"));
                stream.extend_from_slice(random.pick::<[u8]>(&[b"\r\n", b"\n"]));
            }
            _ => {
                let len = random.below(20);
                stream.extend(random.bytes(len, NOISE));
            }
        }
        if random.below(4) == 0 && stream.len() > before {
            let at = before + random.below(stream.len() - before);
            stream[at] = random.bytes(1, NOISE)[0];
        }
    }
    stream
}

#[test]
fn any_split_gives_the_naive_parsers_requests() {
    for_seeds(20_000, |random| {
        let stream = stream(random);
        let limits =
            Limits { bulk_bytes_max: *random.pick(&[&999, &(512 << 20)]), authenticated: random.below(4) != 0 };
        let expected = naive::requests(&stream, &limits);
        assert_eq!(feed(std::iter::once(&stream[..]), &limits), expected, "whole");
        assert_eq!(feed(stream.chunks(1), &limits), expected, "byte by byte");
        let size = 1 + random.below(40);
        assert_eq!(feed(stream.chunks(size), &limits), expected, "chunks of {size}");
    });
}

#[test]
fn requests_survive_the_round_trip() {
    for_seeds(2_000, |random| {
        let args: Args = (0..1 + random.below(30))
            .map(|_| {
                let len = random.below(300);
                (0..len).map(|_| random.next() as u8).collect()
            })
            .collect();
        assert_eq!(whole(&encode(&args)), (vec![args], End::More));
    });
}
