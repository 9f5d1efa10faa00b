//! Blocked clients over real sockets: what waits behind a blocked command, time, and connections that go away, with
//! blocked and writing clients on different reactors and on the same.

#[path = "common/server.rs"]
mod server;

use server::{RawClient, TestServer, eventually, manual_clock, request};
use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;

type Client = RawClient<TcpStream>;

impl TestServer {
    /// Waits until so many clients are blocked.
    fn until_blocked(&self, count: u64) {
        eventually("clients are blocked", || self.engine.clients.blocked.load(Ordering::Relaxed) == count);
    }
}

/// Whether nothing has come, and the connection is open.
fn is_silent(client: &mut Client) -> bool {
    client.stream.set_nonblocking(true).expect("nonblocking");
    let outcome = client.stream.read(&mut [0; 1]);
    client.stream.set_nonblocking(false).expect("blocking");
    matches!(outcome, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_push_reaches_a_client_of_any_reactor() {
    for reactors in ["1", "4"] {
        let server = TestServer::start(&[("io-threads", reactors)]);
        let mut writers: Vec<Client> = (0..4).map(|_| server.connect()).collect();
        let mut waiting: Vec<Client> = (0..8).map(|_| server.connect()).collect();
        for (index, client) in waiting.iter_mut().enumerate() {
            client.send(&request(&["BLPOP", "k", "0"]));
            server.until_blocked(index as u64 + 1);
        }
        for round in 0..2 {
            for (index, writer) in writers.iter_mut().enumerate() {
                let element = (round * 4 + index).to_string();
                assert_eq!(writer.call(&["RPUSH", "k", &element]), ":1\r\n");
            }
        }
        for (index, client) in waiting.iter_mut().enumerate() {
            assert_eq!(client.reply(), format!("*2\r\n$1\r\nk\r\n$1\r\n{index}\r\n").into_bytes());
        }
        assert_eq!(writers[0].call(&["EXISTS", "k"]), ":0\r\n");
    }
}

#[test]
fn what_stands_behind_a_blocked_command_waits() {
    let server = TestServer::start(&[]);
    let (mut writer, mut client) = (server.connect(), server.connect());
    let pipeline = [
        request(&["SET", "before", "1"]),
        request(&["BLPOP", "k", "0"]),
        request(&["SET", "after", "1"]),
        request(&["BLPOP", "l", "0"]),
        request(&["RPUSH", "own", "x"]),
        request(&["BLPOP", "own", "0"]),
        request(&["PING"]),
    ];
    client.send(&pipeline.concat());
    server.until_blocked(1);
    assert_eq!(client.reply(), b"+OK\r\n");
    client.send(&request(&["ECHO", "sent while blocked"]));
    assert_eq!(writer.call(&["EXISTS", "before", "after"]), ":1\r\n");
    assert!(is_silent(&mut client));
    writer.call(&["RPUSH", "k", "1"]);
    assert_eq!(client.reply(), b"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(client.reply(), b"+OK\r\n");
    server.until_blocked(1);
    assert_eq!(writer.call(&["EXISTS", "before", "after", "own"]), ":2\r\n");
    writer.call(&["RPUSH", "l", "2"]);
    for reply in ["*2\r\n$1\r\nl\r\n$1\r\n2\r\n", ":1\r\n", "*2\r\n$3\r\nown\r\n$1\r\nx\r\n", "+PONG\r\n"] {
        assert_eq!(client.reply(), reply.as_bytes());
    }
    assert_eq!(client.reply(), b"$18\r\nsent while blocked\r\n");
}

#[test]
fn a_long_pipeline_behind_a_blocked_command_is_not_lost() {
    let server = TestServer::start(&[]);
    let (mut writer, mut client) = (server.connect(), server.connect());
    let count = 20_000;
    let mut requests = request(&["BLPOP", "k", "0"]);
    (0..count).for_each(|i| requests.extend(request(&["ECHO", &i.to_string()])));
    let mut sending = client.stream.try_clone().expect("clone");
    let sender = std::thread::spawn(move || std::io::Write::write_all(&mut sending, &requests).expect("send"));
    server.until_blocked(1);
    writer.call(&["RPUSH", "k", "1"]);
    assert_eq!(client.reply(), b"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    for i in 0..count {
        let text = i.to_string();
        assert_eq!(client.reply(), format!("${}\r\n{text}\r\n", text.len()).into_bytes());
    }
    sender.join().expect("sender");
}

#[test]
fn time_is_that_of_the_engine() {
    let (clock, now_ms) = manual_clock(1_000_000);
    let server = TestServer::with_clock(&[], clock);
    let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    for (client, timeout) in clients.iter_mut().zip(["2", "0.5", "1", "0"]) {
        client.send(&[request(&["BLPOP", "k", timeout]), request(&["PING"])].concat());
    }
    server.until_blocked(4);
    for (passes_ms, index) in [(500, 1), (500, 2), (1000, 0)] {
        assert!(is_silent(&mut clients[index]));
        now_ms.fetch_add(passes_ms, Ordering::SeqCst);
        assert_eq!(clients[index].reply(), b"*-1\r\n");
        assert_eq!(clients[index].reply(), b"+PONG\r\n");
    }
    now_ms.fetch_add(1_000_000_000, Ordering::SeqCst);
    assert_eq!(clients[0].call(&["RPUSH", "k", "1"]), ":1\r\n");
    assert_eq!(clients[3].reply(), b"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(clients[3].reply(), b"+PONG\r\n");
}

#[test]
fn short_timeouts_come_true_by_the_systems_clock() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    for timeout in ["0.001", "1e-10", "0.01"] {
        assert_eq!(client.call(&["BLPOP", "k", timeout]), "*-1\r\n");
    }
}

#[test]
fn an_idle_timeout_spares_blocked_clients() {
    let (clock, now_ms) = manual_clock(1_000_000);
    let server = TestServer::with_clock(&[("timeout", "30")], clock);
    let (mut idle, mut client) = (server.connect(), server.connect());
    assert_eq!(idle.call(&["PING"]), "+PONG\r\n");
    client.send(&request(&["BLPOP", "k", "0"]));
    server.until_blocked(1);
    now_ms.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(idle.until_closed(), b"");
    assert_eq!(server.connect().call(&["RPUSH", "k", "1"]), ":1\r\n");
    assert_eq!(client.reply(), b"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(client.call(&["PING"]), "+PONG\r\n");
}

#[test]
fn who_disconnects_takes_nothing() {
    let server = TestServer::start(&[]);
    let mut writer = server.connect();
    let leave: [fn(Client); 3] = [
        drop,
        // No more requests will come; as in Redis that is the end, whatever was sent before.
        |client| {
            client.stream.shutdown(Shutdown::Write).expect("shutdown");
            RawClient::over(client.stream).until_closed();
        },
        |client| {
            // Closing with unread bytes in the buffer resets the connection.
            socket_reset(&client.stream);
            drop(client);
        },
    ];
    for leave in leave {
        let mut client = server.connect();
        client.send(&[request(&["BLPOP", "k", "0"]), request(&["RPUSH", "never", "x"])].concat());
        server.until_blocked(1);
        leave(client);
        server.until_blocked(0);
        assert_eq!(writer.call(&["RPUSH", "k", "1"]), ":1\r\n");
        assert_eq!(writer.call(&["LPOP", "k"]), "$1\r\n1\r\n");
        assert_eq!(writer.call(&["EXISTS", "never"]), ":0\r\n");
    }
}

fn socket_reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO)).expect("linger");
}

#[test]
fn a_request_and_the_end_in_one_segment_do_not_block() {
    let server = TestServer::start(&[]);
    let mut writer = server.connect();
    for _ in 0..20 {
        let mut client = server.connect();
        client.send(&request(&["BLPOP", "k", "0"]));
        client.stream.shutdown(Shutdown::Write).expect("shutdown");
        assert_eq!(client.until_closed(), b"");
    }
    server.until_blocked(0);
    assert_eq!(writer.call(&["RPUSH", "k", "1"]), ":1\r\n");
    assert_eq!(writer.call(&["LLEN", "k"]), ":1\r\n");
}

#[test]
fn killed_and_unblocked_by_another_client() {
    let server = TestServer::start(&[]);
    let (mut admin, mut killed, mut unblocked) = (server.connect(), server.connect(), server.connect());
    let id = |client: &mut Client| client.call(&["CLIENT", "ID"]).trim_matches([':', '\r', '\n']).to_owned();
    let (killed_id, unblocked_id) = (id(&mut killed), id(&mut unblocked));
    killed.send(&request(&["BLPOP", "k", "0"]));
    server.until_blocked(1);
    unblocked.send(&[request(&["BLPOP", "k", "0"]), request(&["PING"])].concat());
    server.until_blocked(2);
    assert_eq!(admin.call(&["CLIENT", "KILL", "ID", &killed_id]), ":1\r\n");
    assert_eq!(admin.call(&["CLIENT", "UNBLOCK", &unblocked_id, "ERROR"]), ":1\r\n");
    // From here on neither waits, whether or not its reactor has heard of it.
    assert_eq!(admin.call(&["RPUSH", "k", "1"]), ":1\r\n");
    assert_eq!(admin.call(&["LLEN", "k"]), ":1\r\n");
    assert_eq!(killed.until_closed(), b"");
    assert_eq!(unblocked.reply(), b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    assert_eq!(unblocked.reply(), b"+PONG\r\n");
}

/// Commands on a key are shown in the order in which they ran, whichever reactors their clients are on: those that wait
/// when they begin to, and what a client does after it was served behind the command that served it.
#[test]
fn monitors_see_who_waits_before_who_serves() {
    for reactors in ["1", "4"] {
        let server = TestServer::start(&[("io-threads", reactors)]);
        let (mut monitor, mut writer) = (server.connect(), server.connect());
        let mut waiting: Vec<Client> = (0..3).map(|_| server.connect()).collect();
        assert_eq!(monitor.call(&["MONITOR"]), "+OK\r\n");
        for round in 0..10 {
            let element = round.to_string();
            for (index, client) in waiting.iter_mut().enumerate() {
                client.send(&[request(&["BLPOP", "k", "0"]), request(&["GETSET", "after", &element])].concat());
                server.until_blocked(index as u64 + 1);
            }
            writer.call(&["RPUSH", "k", "1", "2", "3"]);
            for client in &mut waiting {
                client.reply();
                client.reply();
            }
            let shown: Vec<String> = (0..7).map(|_| command_shown(&monitor.reply())).collect();
            let (pop, after) = ("\"BLPOP\" \"k\" \"0\"", format!("\"GETSET\" \"after\" \"{round}\""));
            assert_eq!(shown[..4], [pop, pop, pop, "\"RPUSH\" \"k\" \"1\" \"2\" \"3\""]);
            assert_eq!(shown[4..], [&*after, &after, &after]);
        }
    }
}

/// A line of MONITOR without time, database and address.
fn command_shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    line.split_once("] ").expect("an address in brackets").1.trim_end().to_owned()
}

/// A blocked command is logged when it is over (on one reactor: behind the one that has served it), and not at all if its
/// time was over.
#[test]
fn the_slow_log_has_blocked_commands_when_they_are_over() {
    let server = TestServer::start(&[("slowlog-log-slower-than", "0"), ("io-threads", "1")]);
    let (mut writer, mut client) = (server.connect(), server.connect());
    writer.call(&["SLOWLOG", "RESET"]);
    client.send(&request(&["BLPOP", "k", "0"]));
    server.until_blocked(1);
    assert_eq!(writer.call(&["SLOWLOG", "LEN"]), ":1\r\n", "the RESET");
    writer.call(&["RPUSH", "k", "1"]);
    assert_eq!(client.reply(), b"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(client.call(&["BLPOP", "k", "0.001"]), "*-1\r\n");
    let log = client.call(&["SLOWLOG", "GET", "-1"]);
    let pushed = log.find("RPUSH").expect("the command that serves");
    let popped = log.find("BLPOP").expect("the command that was served");
    assert!(popped < pushed, "the newest comes first: {log}");
    assert_eq!(log.matches("BLPOP").count(), 1, "{log}");
}

#[test]
fn the_original_dialect_waits_too() {
    let server = TestServer::start(&[("original-replies", "typed")]);
    let mut writer = server.connect();
    let mut client = server.connect();
    // 4-byte count, then each argument behind its 4-byte length.
    let mut body = 3u32.to_le_bytes().to_vec();
    for arg in ["blpop", "k", "0"] {
        body.extend((arg.len() as u32).to_le_bytes());
        body.extend(arg.bytes());
    }
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes.extend(&body);
    client.send(&bytes);
    server.until_blocked(1);
    writer.call(&["RPUSH", "k", "ab"]);
    let mut reply = [0; 4];
    client.stream.read_exact(&mut reply).expect("length");
    let mut rest = vec![0; u32::from_le_bytes(reply) as usize];
    client.stream.read_exact(&mut rest).expect("reply");
    assert!(rest.ends_with(b"ab"), "{rest:?}");
}

#[test]
fn a_server_stops_while_clients_wait() {
    let server = TestServer::start(&[]);
    let mut client = server.connect();
    client.send(&request(&["BLPOP", "k", "0"]));
    server.until_blocked(1);
    server.server.stop();
    assert_eq!(client.until_closed(), b"");
    assert_eq!(server.engine.clients.blocked.load(Ordering::Relaxed), 0);
}
