//! A server in this process on a port of the system's choice, and a raw client of it.

use redisrs::engine::Engine;
use redisrs::engine::clock::Clock;
use redisrs::engine::log::Log;
use redisrs::engine::settings::Settings;
use redisrs::keyspace::Shared;
use redisrs::server::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// How long a condition may take to come true before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server with its engine; stopped when dropped.
pub struct TestServer {
    pub engine: Shared<Engine>,
    pub server: Server,
}

impl TestServer {
    /// Starts with these settings; `port auto` and two reactors unless they say otherwise.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::with_clock(settings, Clock::system())
    }

    /// [`TestServer::start`] with a clock of the test's.
    pub fn with_clock(settings: &[(&str, &str)], clock: Clock) -> Self {
        let all = Settings::new();
        for (name, value) in [("port", "auto"), ("io-threads", "2")].iter().chain(settings) {
            all.set(name, value).expect("setting");
        }
        let engine = Engine::open(all, clock, Log::silent()).expect("engine");
        let server = Server::start(&engine).expect("server");
        Self { engine, server }
    }

    /// A new connection.
    pub fn connect(&self) -> RawClient<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.server.port())).expect("connect");
        stream.set_nodelay(true).expect("nodelay");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        RawClient { stream, received: Vec::new() }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.stop();
        self.engine.close();
    }
}

/// A connection that speaks bytes.
pub struct RawClient<S> {
    pub stream: S,
    received: Vec<u8>,
}

impl<S: Read + Write> RawClient<S> {
    /// A client over any stream.
    #[allow(dead_code, reason = "not every test program uses every helper")]
    pub fn over(stream: S) -> Self {
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("send");
    }

    /// Receives one whole reply.
    pub fn reply(&mut self) -> Vec<u8> {
        loop {
            if let Some(len) = redisrs::resp::reply_len(&self.received).expect("well-formed reply") {
                return self.received.drain(..len).collect();
            }
            let mut chunk = [0; 65536];
            let n = self.stream.read(&mut chunk).expect("receive");
            assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&self.received));
            self.received.extend_from_slice(&chunk[..n]);
        }
    }

    /// Sends a request and receives its reply.
    pub fn call(&mut self, argv: &[&str]) -> String {
        self.send(&request(argv));
        String::from_utf8_lossy(&self.reply()).into_owned()
    }

    /// Everything up to the end of the connection.
    #[allow(dead_code, reason = "not every test program uses every helper")]
    pub fn until_closed(&mut self) -> Vec<u8> {
        // A reset is an end, too: the server does not read what it does not want.
        let _ = self.stream.read_to_end(&mut self.received);
        std::mem::take(&mut self.received)
    }
}

/// A request in RESP.
pub fn request(argv: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", argv.len()).into_bytes();
    for arg in argv {
        bytes.extend(format!("${}\r\n{arg}\r\n", arg.len()).bytes());
    }
    bytes
}

/// Waits until `holds`, and fails when it does not come true.
#[allow(dead_code, reason = "not every test program uses every helper")]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}

/// A clock that a test moves.
#[allow(dead_code, reason = "not every test program uses every helper")]
pub fn manual_clock(start_ms: i64) -> (Clock, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(start_ms));
    let shared = Arc::clone(&now);
    (Clock::from_host(Box::new(move || shared.load(Ordering::SeqCst))), now)
}
