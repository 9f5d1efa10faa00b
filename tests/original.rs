//! The original project's protocol through a real socket: both reply formats, pipelines, split and malformed frames.

#[path = "common/server.rs"]
mod server;

use server::{RawClient, TestServer, eventually};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

/// One request.
fn frame(argv: &[&[u8]]) -> Vec<u8> {
    let mut body = (argv.len() as u32).to_le_bytes().to_vec();
    for arg in argv {
        body.extend((arg.len() as u32).to_le_bytes());
        body.extend(*arg);
    }
    [&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn words(request: &str) -> Vec<u8> {
    let argv: Vec<&[u8]> = request.split(' ').filter(|word| !word.is_empty()).map(str::as_bytes).collect();
    frame(&argv)
}

/// The body of one reply.
fn receive(stream: &mut impl Read) -> Vec<u8> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).expect("a reply");
    let mut body = vec![0; u32::from_le_bytes(len) as usize];
    stream.read_exact(&mut body).expect("the whole reply");
    body
}

/// A reply as the clients of the book print it.
trait Shown {
    fn shown(body: &[u8]) -> String;
}

/// `[status] data`.
struct Status;

impl Shown for Status {
    fn shown(body: &[u8]) -> String {
        let (status, data) = body.split_first_chunk::<4>().expect("a status");
        format!("[{}] {}", u32::from_le_bytes(*status), String::from_utf8_lossy(data))
    }
}

/// The values of the book's later chapters, on one line.
struct Typed;

impl Typed {
    fn take(rest: &mut &[u8], out: &mut Vec<String>) {
        let (tag, mut behind) = rest.split_first().expect("a tag");
        let number = |behind: &mut &[u8]| {
            let (number, rest) = behind.split_first_chunk::<4>().expect("a length");
            *behind = rest;
            u32::from_le_bytes(*number)
        };
        let text = |behind: &mut &[u8]| {
            let len = number(behind) as usize;
            let (text, rest) = behind.split_at(len);
            *behind = rest;
            String::from_utf8_lossy(text).into_owned()
        };
        match tag {
            0 => out.push("(nil)".to_owned()),
            1 => {
                let code = number(&mut behind);
                let text = text(&mut behind);
                out.push(format!("(err) {code} {text}"));
            }
            2 => out.push(format!("(str) {}", text(&mut behind))),
            3 => {
                let (int, rest) = behind.split_first_chunk::<8>().expect("an integer");
                behind = rest;
                out.push(format!("(int) {}", i64::from_le_bytes(*int)));
            }
            4 => {
                let (double, rest) = behind.split_first_chunk::<8>().expect("a double");
                behind = rest;
                out.push(format!("(dbl) {}", f64::from_le_bytes(*double)));
            }
            5 => {
                let len = number(&mut behind);
                out.push(format!("(arr) len={len}"));
                for _ in 0..len {
                    Self::take(&mut behind, out);
                }
                out.push("(arr) end".to_owned());
            }
            tag => panic!("tag {tag}"),
        }
        *rest = behind;
    }
}

impl Shown for Typed {
    fn shown(body: &[u8]) -> String {
        let (mut rest, mut out) = (body, Vec::new());
        Self::take(&mut rest, &mut out);
        assert!(rest.is_empty(), "bytes behind the value: {rest:?}");
        out.join(" ")
    }
}

fn exchange<S: Shown>(client: &mut RawClient<TcpStream>, exchange: &[(&str, &str)]) {
    for (request, reply) in exchange {
        client.send(&words(request));
        assert_eq!(S::shown(&receive(&mut client.stream)), *reply, "{request}");
    }
}

#[test]
fn status_format() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    exchange::<Status>(
        &mut client,
        &[
            ("get k", "[2] "),
            ("set k v", "[0] "),
            ("get k", "[0] v"),
            ("GET k", "[0] v"),
            ("del k", "[0] "),
            ("Del k", "[0] "),
            ("get k", "[2] "),
            ("keys", "[0] "),
            ("set k 42", "[0] "),
            ("get k", "[0] 42"),
            ("keys", "[0] k"),
            ("set l v", "[0] "),
            ("del k l m", "[0] 2"),
            ("pttl k", "[0] -2"),
            ("nonsense", "[1] "),
            ("get", "[1] "),
            ("get a b", "[1] "),
            ("set a", "[1] "),
            ("del", "[1] "),
            ("zadd z 1 n", "[0] 1"),
            ("zadd z 2.5 o", "[0] 1"),
            ("zquery z 1 n 0 10", "[0] n\n1\no\n2.5"),
            ("zscore z n", "[0] 1"),
            ("zscore z x", "[2] "),
            ("zquery z 1 n 0", "[1] "),
            ("zquery z x n 0 1", "[1] ERR value is not a valid float"),
            ("del z", "[0] "),
            ("set s x", "[0] "),
            ("incr s", "[1] ERR value is not an integer or out of range"),
            ("incrbyfloat f 1.5", "[0] 1.5"),
            ("mget s no f", "[0] x\n\n1.5"),
            ("exists s f", "[0] 2"),
            ("pexpire s x", "[1] ERR value is not an integer or out of range"),
        ],
    );
    // No strings at all.
    client.send(&frame(&[]));
    assert_eq!(Status::shown(&receive(&mut client.stream)), "[1] ");
    // Any bytes.
    client.send(&frame(&[b"set", b"\0\r\n", b"\xff\0"]));
    client.send(&frame(&[b"get", b"\0\r\n"]));
    assert_eq!(receive(&mut client.stream), [0; 4]);
    assert_eq!(receive(&mut client.stream), b"\0\0\0\0\xff\0");
}

#[test]
fn typed_format() {
    let server = TestServer::start(&[("original-replies", "typed")]);
    let mut client = server.connect();
    exchange::<Typed>(
        &mut client,
        &[
            ("get k", "(nil)"),
            ("set k v", "(nil)"),
            ("get k", "(str) v"),
            ("del k", "(int) 1"),
            ("del k", "(int) 0"),
            ("keys", "(arr) len=0 (arr) end"),
            ("pttl k", "(int) -2"),
            ("set k v", "(nil)"),
            ("keys", "(arr) len=1 (str) k (arr) end"),
            ("pttl k", "(int) -1"),
            ("pexpire no 100", "(int) 0"),
            ("pexpire no -1", "(int) 0"),
            ("pexpire k -1", "(int) 1"),
            ("pttl k", "(int) -1"),
            ("pexpire k x", "(err) 4 ERR value is not an integer or out of range"),
            ("pexpire k 9223372036854775807", "(err) 4 ERR invalid expire time in 'pexpire' command"),
            ("pexpire k 0", "(int) 1"),
            ("get k", "(nil)"),
            ("nonsense", "(err) 1 ERR unknown command 'nonsense', with args beginning with: "),
            ("zquery z 1 n", "(err) 1 ERR unknown command 'zquery', with args beginning with: 'z' '1' 'n' "),
            ("get", "(err) 1 ERR wrong number of arguments for 'get' command"),
            ("mset a 1 b 2", "(nil)"),
            ("mget a b c", "(arr) len=3 (str) 1 (str) 2 (nil) (arr) end"),
            ("keys a*", "(arr) len=1 (str) a (arr) end"),
            ("scan 0 match b", "(arr) len=2 (str) 0 (arr) len=1 (str) b (arr) end (arr) end"),
            ("incr a", "(int) 2"),
            ("ping", "(str) PONG"),
        ],
    );
}

/// The sequence of the book's test, and what it does not test. `_` is the empty name.
#[test]
fn sorted_sets() {
    let server = TestServer::start(&[("original-replies", "typed")]);
    let mut client = server.connect();
    let empty = "(arr) len=0 (arr) end";
    let bad = "(err) 4 ERR value is not an integer or out of range";
    let float = "(err) 4 ERR value is not a valid float";
    let wrong = "(err) 3 WRONGTYPE Operation against a key holding the wrong kind of value";
    for (command, reply) in [
        ("zscore asdf n1", "(nil)"),
        ("zquery xxx 1 asdf 1 10", empty),
        ("zadd zset 1 n1", "(int) 1"),
        ("zadd zset 2 n2", "(int) 1"),
        ("zadd zset 1.1 n1", "(int) 0"),
        ("zscore zset n1", "(dbl) 1.1"),
        ("zquery zset 1 _ 0 10", "(arr) len=4 (str) n1 (dbl) 1.1 (str) n2 (dbl) 2 (arr) end"),
        ("zquery zset 1.1 _ 1 10", "(arr) len=2 (str) n2 (dbl) 2 (arr) end"),
        ("zquery zset 1.1 _ 2 10", empty),
        ("zrem zset adsf", "(int) 0"),
        ("zrem zset n1", "(int) 1"),
        ("zquery zset 1 _ 0 10", "(arr) len=2 (str) n2 (dbl) 2 (arr) end"),
        ("zrem none n", "(int) 0"),
        ("zadd z 1 a", "(int) 1"),
        ("zadd z 1 b", "(int) 1"),
        ("zadd z 2 c", "(int) 1"),
        ("zadd z 3 d", "(int) 1"),
        ("ZQuery z 1 b 0 2", "(arr) len=2 (str) b (dbl) 1 (arr) end"),
        ("zquery z 1 b 0 3", "(arr) len=4 (str) b (dbl) 1 (str) c (dbl) 2 (arr) end"),
        ("zquery z 1 bb 0 1", "(arr) len=2 (str) c (dbl) 2 (arr) end"),
        ("zquery z 1 b -1 2", "(arr) len=2 (str) a (dbl) 1 (arr) end"),
        ("zquery z 1 b -2 2", empty),
        ("zquery z 3 d 1 2", empty),
        ("zquery z 4 _ -1 2", empty),
        ("zquery z 1 a 0 0", empty),
        ("zquery z 1 a 0 -5", empty),
        ("zquery z -inf _ 9223372036854775807 2", empty),
        ("zquery z inf _ -9223372036854775808 2", empty),
        ("zquery z 1 _ -9223372036854775808 2", empty),
        (
            "zquery z 1 _ 0 9223372036854775807",
            "(arr) len=8 (str) a (dbl) 1 (str) b (dbl) 1 (str) c (dbl) 2 (str) d (dbl) 3 (arr) end",
        ),
        ("zqueryr z 2 _ 0 10", "(arr) len=4 (str) b (dbl) 1 (str) a (dbl) 1 (arr) end"),
        ("zqueryr z 2 c 0 2", "(arr) len=2 (str) c (dbl) 2 (arr) end"),
        ("zqueryr z 2 c 1 2", "(arr) len=2 (str) b (dbl) 1 (arr) end"),
        ("zqueryr z 2 c -1 2", "(arr) len=2 (str) d (dbl) 3 (arr) end"),
        ("zqueryr z 2 c -2 2", empty),
        ("zqueryr z 0 x 0 2", empty),
        ("zqueryr none 0 x 0 2", empty),
        ("zcount z 1 a 2 c", "(int) 3"),
        ("zcount z 1 aa 2 _", "(int) 1"),
        ("zcount z 3 a 1 a", "(int) 0"),
        ("zcount none 1 a 2 c", "(int) 0"),
        ("zcount z 1 2", "(int) 3"),
        ("zrank z c", "(int) 2"),
        ("zrank z x", "(nil)"),
        ("zadd z x a", float),
        ("zquery z x a 0 1", float),
        ("zquery z nan a 0 1", float),
        ("zcount z 1 a x b", float),
        ("zquery z 1 a x 1", bad),
        ("zquery z 1 a 0 1.5", bad),
        ("set s v", "(nil)"),
        ("zadd s 1 n", wrong),
        ("zscore s n", wrong),
        ("zquery s 1 n 0 1", wrong),
        ("zcount s 1 n 2 m", wrong),
        ("set z v", wrong),
    ] {
        let argv: Vec<&[u8]> =
            command.split(' ').map(|word| if word == "_" { &b""[..] } else { word.as_bytes() }).collect();
        client.send(&frame(&argv));
        assert_eq!(Typed::shown(&receive(&mut client.stream)), reply, "{command}");
    }
}

#[test]
fn times_to_live() {
    let server = TestServer::start(&[("original-replies", "typed")]);
    let mut client = server.connect();
    exchange::<Typed>(&mut client, &[("set k v", "(nil)"), ("pexpire k 100000", "(int) 1")]);
    // `set` keeps the deadline, the Redis command with options does not.
    exchange::<Typed>(&mut client, &[("set k w", "(nil)"), ("expire k 1000 lt", "(int) 0"), ("get k", "(str) w")]);
    exchange::<Typed>(&mut client, &[("PEXPIRE k -5", "(int) 1"), ("pttl k", "(int) -1")]);
    exchange::<Typed>(&mut client, &[("set k w EX 100", "(nil)"), ("ttl k", "(int) 100")]);
    exchange::<Typed>(&mut client, &[("set k w XX", "(nil)"), ("pttl k", "(int) -1"), ("pexpire k 1", "(int) 1")]);
    eventually("the key expires", || {
        client.send(&words("keys"));
        Typed::shown(&receive(&mut client.stream)) == "(arr) len=0 (arr) end"
    });
}

#[test]
fn the_data_is_that_of_resp_clients() {
    let server = TestServer::start(&[]);
    let (mut original, mut resp) = (server.connect(), server.connect());
    exchange::<Status>(&mut original, &[("set k v", "[0] "), ("select 1", "[0] "), ("get k", "[2] ")]);
    assert_eq!(resp.call(&["GET", "k"]), "$1\r\nv\r\n");
    assert_eq!(resp.call(&["CONFIG", "SET", "original-replies", "typed"]), "+OK\r\n");
    exchange::<Typed>(&mut original, &[("get k", "(nil)"), ("select 0", "(nil)"), ("get k", "(str) v")]);
    // A transaction of the dialect keeps the dialect's meanings.
    exchange::<Typed>(&mut original, &[("multi", "(nil)"), ("set k w", "(str) QUEUED"), ("keys", "(str) QUEUED")]);
    assert_eq!(resp.call(&["PEXPIRE", "k", "100000"]), ":1\r\n");
    exchange::<Typed>(&mut original, &[("exec", "(arr) len=2 (str) OK (arr) len=1 (str) k (arr) end (arr) end")]);
    assert!(resp.call(&["PTTL", "k"]).len() > 5, "the deadline is kept");
}

#[test]
fn pipelines_are_answered_in_order_and_requests_may_arrive_byte_by_byte() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    let requests: Vec<u8> =
        (0..20_000).flat_map(|i| [words(&format!("set k{i} {i}")), words(&format!("get k{i}"))].concat()).collect();
    let mut writer = client.stream.try_clone().expect("clone");
    let sender = std::thread::spawn(move || writer.write_all(&requests).expect("send"));
    for i in 0..20_000 {
        assert_eq!(Status::shown(&receive(&mut client.stream)), "[0] ");
        assert_eq!(Status::shown(&receive(&mut client.stream)), format!("[0] {i}"));
    }
    sender.join().expect("sender");
    let mut slow = server.connect();
    slow.stream.set_nodelay(true).expect("nodelay");
    for byte in [words("get k7"), words("del k7"), words("get k7")].concat() {
        slow.send(&[byte]);
    }
    for reply in ["[0] 7", "[0] ", "[2] "] {
        assert_eq!(Status::shown(&receive(&mut slow.stream)), reply);
    }
}

#[test]
fn keys_of_a_large_store_give_way_and_come_whole() {
    let server = TestServer::start(&[("original-replies", "typed"), ("io-threads", "1")]);
    let (mut client, mut other) = (server.connect(), server.connect());
    for i in 0..300 {
        let pairs: Vec<String> = (0..100).map(|j| format!("key:{i}:{j} x")).collect();
        client.send(&words(&format!("mset {}", pairs.join(" "))));
        receive(&mut client.stream);
    }
    client.send(&[words("keys"), words("get key:0:0"), words("keys no*")].concat());
    assert_eq!(other.call(&["GET", "key:7:7"]), "$1\r\nx\r\n");
    let all = Typed::shown(&receive(&mut client.stream));
    assert!(all.starts_with("(arr) len=30000 (str) key:"), "{}", &all[..60]);
    assert_eq!(Typed::shown(&receive(&mut client.stream)), "(str) x");
    assert_eq!(Typed::shown(&receive(&mut client.stream)), "(arr) len=0 (arr) end");
}

#[test]
fn replies_over_the_limit_are_errors() {
    let server = TestServer::start(&[("original-replies", "typed")]);
    let mut client = server.connect();
    let value = vec![b'v'; 20 << 20];
    for key in [&b"a"[..], b"b"] {
        client.send(&frame(&[b"set", key, &value]));
        assert_eq!(Typed::shown(&receive(&mut client.stream)), "(nil)");
    }
    client.send(&[words("mget a b"), words("strlen a"), words("get a")].concat());
    assert_eq!(Typed::shown(&receive(&mut client.stream)), "(err) 2 response is too big.");
    assert_eq!(Typed::shown(&receive(&mut client.stream)), format!("(int) {}", 20 << 20));
    assert_eq!(receive(&mut client.stream).len(), 5 + (20 << 20));
}

#[test]
fn malformed_frames_close_the_connection_behind_the_answers() {
    let server = TestServer::start(&[]);
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    for (what, bad) in [
        ("too long", u32s(&[(32 << 20) + 1])),
        ("too short for a count", u32s(&[3, 0])),
        ("too many strings", u32s(&[32 << 20, 200_001])),
        ("a string past the end", u32s(&[8, 1, 5])),
        ("a string's length past the end", u32s(&[4, 1])),
        ("bytes left over", u32s(&[8, 0, 7])),
        ("RESP", b"*1\r\n$4\r\nPING\r\n".to_vec()),
    ] {
        let mut client = server.connect();
        client.send(&[words("set k v"), words("get k"), bad, words("get k")].concat());
        assert_eq!(Status::shown(&receive(&mut client.stream)), "[0] ", "{what}");
        assert_eq!(Status::shown(&receive(&mut client.stream)), "[0] v", "{what}");
        assert!(client.until_closed().is_empty(), "{what}");
    }
    // The largest frame allowed is no error, and half a frame is none before its end.
    let mut client = server.connect();
    client.send(&u32s(&[32 << 20, 200_000]));
    client.stream.shutdown(Shutdown::Write).expect("shutdown");
    assert!(client.until_closed().is_empty());
    assert_eq!(server.connect().call(&["PING"]), "+PONG\r\n");
}
