//! Reactors and connections through real sockets: partial input, vanishing clients, backpressure, limits, timeouts,
//! every kind of listener, starting and stopping.

#[path = "common/server.rs"]
mod server;

use server::{RawClient, TestServer, eventually, manual_clock, request};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn requests_may_arrive_byte_by_byte() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    for byte in [request(&["SET", "k", "v"]), request(&["GET", "k"]), b"GET k\r\n".to_vec()].concat() {
        client.send(&[byte]);
    }
    assert_eq!(client.reply(), b"+OK\r\n");
    assert_eq!(client.reply(), b"$1\r\nv\r\n");
    assert_eq!(client.reply(), b"$1\r\nv\r\n");
}

#[test]
fn a_deep_pipeline_is_answered_in_order() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    let count = 50_000;
    let requests: Vec<u8> = (0..count).flat_map(|i| request(&["ECHO", &i.to_string()])).collect();
    let mut writer = client.stream.try_clone().expect("clone");
    let sender = std::thread::spawn(move || writer.write_all(&requests).expect("send"));
    for i in 0..count {
        let text = i.to_string();
        assert_eq!(client.reply(), format!("${}\r\n{text}\r\n", text.len()).into_bytes());
    }
    sender.join().expect("sender");
}

/// Their members are fetched before they run, while others change the values and put other types under the keys.
#[test]
fn pipelines_on_one_large_value_are_answered_in_order() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    let mut other = server.connect();
    const MEMBERS: usize = 20_000;
    let name = |i: usize| format!("a member with a long name {i}");
    let fill = |client: &mut RawClient<TcpStream>, words: &[&str], extra: &[&str]| {
        for chunk in (0..MEMBERS).collect::<Vec<_>>().chunks(1000) {
            let names: Vec<String> = chunk.iter().map(|&i| name(i)).collect();
            let mut argv = words.to_vec();
            for member in &names {
                argv.extend(extra.iter().chain([&member.as_str()]));
                if words[0] == "HSET" {
                    argv.push("v");
                }
            }
            assert_eq!(client.call(&argv), ":1000\r\n");
        }
    };
    fill(&mut client, &["SADD", "set"], &[]);
    fill(&mut client, &["HSET", "hash"], &[]);
    fill(&mut client, &["ZADD", "zset"], &["1"]);
    let pipelines: [(&[&str], &[&str], [&str; 2]); 4] = [
        (&["SISMEMBER", "set"], &[], [":1\r\n", ":0\r\n"]),
        (&["HEXISTS", "hash"], &[], [":1\r\n", ":0\r\n"]),
        (&["ZADD", "zset", "2"], &[], [":0\r\n", ":1\r\n"]),
        (&["HSET", "hash"], &["w"], [":0\r\n", ":1\r\n"]),
    ];
    for (words, rest, [present, absent]) in pipelines {
        let indices: Vec<usize> = (0..200).map(|i| i * 7919 % (2 * MEMBERS)).collect();
        let names: Vec<String> = indices.iter().map(|&i| name(i)).collect();
        let bytes: Vec<u8> = names.iter().flat_map(|name| request(&[words, &[name.as_str()], rest].concat())).collect();
        client.send(&bytes);
        for i in indices {
            let expected = if i < MEMBERS { present } else { absent };
            assert_eq!(String::from_utf8_lossy(&client.reply()), expected, "{words:?} {i}");
        }
    }
    // The value goes away, becomes small, and becomes another type in the middle.
    let reads: Vec<u8> = (0..64).flat_map(|i| request(&["SISMEMBER", "set", &name(i)])).collect();
    for (change, expected) in [
        (&["DEL", "set"][..], ":0\r\n"),
        (&["SADD", "set", "x"], ":0\r\n"),
        (&["SET", "set", "x"], "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ] {
        client.send(&[&request(change)[..], &reads].concat());
        client.reply();
        other.call(&["SCARD", "set"]);
        for _ in 0..64 {
            assert_eq!(String::from_utf8_lossy(&client.reply()), expected);
        }
    }
}

#[test]
fn large_values_come_back_whole() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    let value: String = (0..3_000_000).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
    assert_eq!(client.call(&["SET", "big", &value]), "+OK\r\n");
    assert_eq!(client.call(&["GET", "big"]), format!("${}\r\n{value}\r\n", value.len()));
    // Small requests behind a large one in the same bytes.
    client.send(&[request(&["SET", "big", &value]), request(&["PING"]), request(&["STRLEN", "big"])].concat());
    assert_eq!(client.reply(), b"+OK\r\n");
    assert_eq!(client.reply(), b"+PONG\r\n");
    assert_eq!(client.reply(), b":3000000\r\n");
}

#[test]
fn clients_that_vanish_in_the_middle_leave_nothing() {
    let server = TestServer::start(&[]);
    for half in [
        &b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf"[..],
        b"*",
        b"PIN",
        b"*2\r\n$1000000\r\nabc",
        b"\x05\x00\x00\x00",
    ] {
        let mut client = server.connect();
        client.send(half);
    }
    eventually("all connections are gone", || server.engine.clients.connected() == 0);
    assert_eq!(server.connect().call(&["PING"]), "+PONG\r\n");
}

#[test]
fn an_announced_length_reserves_nothing() {
    let server = TestServer::start(&[]);
    let mut clients: Vec<_> = (0..50).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(b"*2\r\n$4\r\nECHO\r\n$536870912\r\nx");
    }
    assert_eq!(server.connect().call(&["PING"]), "+PONG\r\n");
    let resident: u64 = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
        .map_or(0, |pages| pages * 4096);
    assert!(resident < 2 << 30, "50 announced values of 512 MB take {resident} bytes");
}

#[test]
fn garbage_gets_an_error_and_an_end() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    client.send(b"*1\r\n$4\r\nPING\r\n*1\r\n+nonsense\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!(client.until_closed(), b"+PONG\r\n-ERR Protocol error: expected '$', got '+'\r\n");
}

#[test]
fn a_client_that_stops_sending_still_gets_its_replies() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    client.send(&request(&["PING"]).repeat(1000));
    client.stream.shutdown(Shutdown::Write).expect("shutdown");
    assert_eq!(client.until_closed(), b"+PONG\r\n".repeat(1000));
}

#[test]
fn quit_answers_and_ignores_what_follows() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    client.send(&[request(&["QUIT"]), request(&["SET", "after", "quit"])].concat());
    assert_eq!(client.until_closed(), b"+OK\r\n");
    assert_eq!(server.connect().call(&["EXISTS", "after"]), ":0\r\n");
}

#[test]
fn replies_that_nobody_reads_are_bounded() {
    let server = TestServer::start(&[("io-threads", "1")]);
    let mut client = server.connect();
    client.call(&["SET", "big", &"x".repeat(1 << 20)]);
    let count = 300;
    let mut writer = client.stream.try_clone().expect("clone");
    let sender = std::thread::spawn(move || writer.write_all(&request(&["GET", "big"]).repeat(count)).expect("send"));
    eventually("the server stops reading from the client", || {
        let waiting = server.engine.clients.list().expect("memory")[0].output_bytes.load(Ordering::Relaxed);
        assert!(waiting < 80 << 20, "{waiting} bytes of replies are waiting");
        waiting > 60 << 20
    });
    assert_eq!(server.connect().call(&["PING"]), "+PONG\r\n", "others are served");
    for _ in 0..count {
        assert_eq!(client.reply().len(), (1 << 20) + 12);
    }
    sender.join().expect("sender");
}

#[test]
fn an_output_limit_disconnects() {
    let server = TestServer::start(&[("client-output-buffer-limit", "normal 4mb 0 0")]);
    let mut client = server.connect();
    client.call(&["SET", "big", &"x".repeat(1 << 20)]);
    client.send(&request(&["GET", "big"]).repeat(40));
    eventually("the client is disconnected", || server.engine.clients.connected() == 0);
    assert_eq!(server.engine.stats.client_output_limit_disconnections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_query_limit_disconnects() {
    let server = TestServer::start(&[("client-query-buffer-limit", "1mb")]);
    let mut client = server.connect();
    client.send(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n");
    // The connection breaks while this is being sent.
    let _ = client.stream.write_all(&vec![b'x'; 3_000_000]);
    eventually("the client is disconnected", || server.engine.clients.connected() == 0);
}

#[test]
fn clients_beyond_maxclients_are_refused() {
    let server = TestServer::start(&[("maxclients", "2")]);
    let (mut first, mut second) = (server.connect(), server.connect());
    assert_eq!(first.call(&["PING"]), "+PONG\r\n");
    assert_eq!(second.call(&["PING"]), "+PONG\r\n");
    assert_eq!(server.connect().until_closed(), b"-ERR max number of clients reached\r\n");
    drop(first);
    eventually("a place is free", || server.engine.clients.connected() == 1);
    assert_eq!(server.connect().call(&["PING"]), "+PONG\r\n");
}

#[test]
fn idle_clients_are_closed_by_the_engines_clock() {
    let (clock, now_ms) = manual_clock(1_000_000);
    let server = TestServer::with_clock(&[("timeout", "30")], clock);
    let mut client = server.connect();
    assert_eq!(client.call(&["PING"]), "+PONG\r\n");
    now_ms.fetch_add(20_000, Ordering::SeqCst);
    assert_eq!(client.call(&["PING"]), "+PONG\r\n");
    now_ms.fetch_add(31_000, Ordering::SeqCst);
    assert_eq!(client.until_closed(), b"");
}

#[test]
fn a_timeout_set_later_reaches_reactors_that_sleep() {
    let server = TestServer::start(&[("io-threads", "2")]);
    let mut idle: Vec<_> = (0..4).map(|_| server.connect()).collect();
    for client in &mut idle {
        assert_eq!(client.call(&["PING"]), "+PONG\r\n");
    }
    assert_eq!(server.connect().call(&["CONFIG", "SET", "timeout", "1"]), "+OK\r\n");
    for client in &mut idle {
        assert_eq!(client.until_closed(), b"");
    }
}

#[test]
fn keys_expire_without_being_read() {
    let (clock, now_ms) = manual_clock(1_000_000);
    let server = TestServer::with_clock(&[], clock);
    let mut client = server.connect();
    for i in 0..1000 {
        client.call(&["SET", &format!("k{i}"), "v", "PX", &(100 + i).to_string()]);
    }
    client.call(&["SET", "stays", "v"]);
    now_ms.fetch_add(99, Ordering::SeqCst);
    assert_eq!(client.call(&["DBSIZE"]), ":1001\r\n");
    now_ms.fetch_add(2000, Ordering::SeqCst);
    eventually("all volatile keys are gone", || server.engine.stats.expired_keys.load(Ordering::Relaxed) == 1000);
    assert_eq!(client.call(&["DBSIZE"]), ":1\r\n");
}

#[test]
fn unix_sockets_have_their_mode_and_leave_no_file() {
    let dir = std::env::temp_dir().join(format!("redisrs-net-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("dir");
    let path = dir.join("s.sock");
    let name = path.to_str().expect("utf-8");
    // A stale socket of a server that crashed.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("stale socket"));
    let server = TestServer::start(&[("port", "0"), ("unixsocket", name), ("unixsocketperm", "700")]);
    assert_eq!(std::fs::metadata(&path).expect("socket").permissions().mode() & 0o777, 0o700);
    let mut client = RawClient::over(UnixStream::connect(&path).expect("connect"));
    assert_eq!(client.call(&["SET", "k", "v"]), "+OK\r\n");
    assert_eq!(client.call(&["GET", "k"]), "$1\r\nv\r\n");
    drop(server);
    assert!(!path.exists());
    std::fs::remove_dir(&dir).expect("empty directory");
}

#[test]
fn several_addresses_share_one_port() {
    let server = TestServer::start(&[("bind", "127.0.0.1 127.0.0.2 -::1")]);
    for address in ["127.0.0.1", "127.0.0.2"] {
        let stream = TcpStream::connect((address, server.server.port())).expect("connect");
        assert_eq!(RawClient::over(stream).call(&["PING"]), "+PONG\r\n");
    }
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        let stream = TcpStream::connect(("::1", server.server.port())).expect("connect over IPv6");
        assert_eq!(RawClient::over(stream).call(&["PING"]), "+PONG\r\n");
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_it() {
    let server = TestServer::start(&[]);
    let port = server.server.port().to_string();
    let settings = redisrs::engine::settings::Settings::new();
    settings.set("port", &port).expect("port");
    let engine = redisrs::engine::Engine::open(
        settings,
        redisrs::engine::clock::Clock::system(),
        redisrs::engine::log::Log::silent(),
    )
    .expect("engine");
    let error = redisrs::server::Server::start(&engine).err().expect("the port is taken").to_string();
    assert!(error.contains(&port), "{error}");
}

#[test]
fn stopping_sends_what_was_answered_and_closes() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.call(&["PING"]), "+PONG\r\n");
    server.server.stop();
    assert_eq!(client.until_closed(), b"");
    assert_eq!(server.engine.clients.connected(), 0);
    assert!(TcpStream::connect(("127.0.0.1", server.server.port())).is_err(), "nobody listens any more");
}

#[test]
fn a_server_runs_until_shutdown_with_threads_and_without() {
    for io_threads in ["0", "1"] {
        let server = TestServer::start(&[("io-threads", io_threads)]);
        std::thread::scope(|scope| {
            let running = scope.spawn(|| server.server.run());
            let mut client = server.connect();
            assert_eq!(client.call(&["PING"]), "+PONG\r\n");
            client.send(&request(&["SHUTDOWN", "NOSAVE"]));
            running.join().expect("no panic").expect("poll");
        });
    }
}

#[test]
fn a_host_can_drive_the_server_itself() {
    let server = TestServer::start(&[("io-threads", "0")]);
    assert!(server.server.fd() >= 0);
    let mut client = server.connect();
    client.stream.set_nonblocking(true).expect("nonblocking");
    client.send(&request(&["PING"]));
    let mut reply = Vec::new();
    eventually("the reply is there", || {
        server.server.poll(Some(Duration::from_millis(5))).expect("poll");
        let mut chunk = [0; 64];
        if let Ok(n) = client.stream.read(&mut chunk) {
            reply.extend_from_slice(&chunk[..n]);
        }
        reply == b"+PONG\r\n"
    });
}

#[test]
fn servers_share_an_engine_and_engines_share_nothing() {
    let first = TestServer::start(&[]);
    let second_door = redisrs::server::Server::start(&first.engine).expect("second server");
    let other = TestServer::start(&[]);
    assert_eq!(first.connect().call(&["SET", "k", "v"]), "+OK\r\n");
    let stream = TcpStream::connect(("127.0.0.1", second_door.port())).expect("connect");
    assert_eq!(RawClient::over(stream).call(&["GET", "k"]), "$1\r\nv\r\n");
    assert_eq!(other.connect().call(&["GET", "k"]), "$-1\r\n");
}
