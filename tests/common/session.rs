//! A store and clients of it without sockets or real time: what the command tests drive.
//!
//! Include it with `#[path = "common/session.rs"] mod session;`.

use redisrs::commands::dispatch::{self, Prepared};
use redisrs::commands::session::Session;
use redisrs::engine::Engine;
use redisrs::engine::clients::Origin;
use redisrs::engine::clock::Clock;
use redisrs::engine::log::Log;
use redisrs::engine::settings::Settings;
use redisrs::keyspace::Shared;
use redisrs::resp::ReplyWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the clock of a [`Store`] starts: some moment in 2023, in milliseconds since the epoch.
pub const START_MS: i64 = 1_700_000_000_000;

/// An engine whose clock only the test moves.
pub struct Store {
    pub engine: Shared<Engine>,
    now_ms: Arc<AtomicI64>,
}

#[allow(dead_code, reason = "no test file uses all of it")]
impl Store {
    /// A store with default settings.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A store with these settings. Keys expire only when they are looked at.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let values = Settings::new();
        for (name, value) in settings {
            values.set(name, value).expect("a valid setting");
        }
        values.hot().active_expire.store(false, Ordering::Relaxed);
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let hand = Arc::clone(&now_ms);
        let clock = Clock::from_host(Box::new(move || hand.load(Ordering::SeqCst)));
        Self { engine: Engine::open(values, clock, Log::silent()).expect("an engine opens"), now_ms }
    }

    /// A new client in this process.
    pub fn client(&self) -> Client {
        let outlet = None;
        self.client_from(Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet })
    }

    /// A new client from elsewhere.
    pub fn client_from(&self, origin: Origin) -> Client {
        let session =
            Session::new(&self.engine, origin, self.engine.stats.add_block().expect("memory")).expect("memory");
        Client { engine: self.engine.clone(), session, reply: ReplyWriter::default() }
    }

    /// Moves the clock.
    pub fn pass_ms(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A client in this process.
pub struct Client {
    engine: Shared<Engine>,
    pub session: Session,
    reply: ReplyWriter,
}

#[allow(dead_code, reason = "no test file uses all of it")]
impl Client {
    /// Runs one command to its end; the bytes of its reply. None, and it goes on waiting, if it is blocked.
    pub fn run(&mut self, argv: &[&[u8]]) -> Vec<u8> {
        self.reply.clear();
        dispatch::execute(&self.engine, &mut self.session, argv, &Prepared::default(), 0, &mut self.reply);
        self.answer()
    }

    /// What a blocked command has been answered so far.
    pub fn answer(&mut self) -> Vec<u8> {
        while !dispatch::resume(&self.engine, &mut self.session, 0, &mut self.reply) && self.session.waiter().is_none()
        {
        }
        self.reply.bytes().to_vec()
    }

    /// Runs a command given as words between spaces; its reply as text.
    pub fn say(&mut self, command: &str) -> String {
        let argv: Vec<&[u8]> = command.split_ascii_whitespace().map(str::as_bytes).collect();
        String::from_utf8_lossy(&self.run(&argv)).into_owned()
    }

    /// Runs commands given as words and compares each reply with the expected text.
    #[track_caller]
    pub fn expect(&mut self, exchange: &[(&str, &str)]) {
        for (command, reply) in exchange {
            assert_eq!(self.say(command), *reply, "{command}");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.session.end(&self.engine);
    }
}
