//! The streams whose instructions `tests/counted.rs` counts: one of them, so many requests, nothing else.
//!
//!     counted STREAM REQUESTS
//!
//! There is no network in it: [`redisrs::net`] needs a kernel, whose instructions nobody counts. The batched streams do what
//! `net::batch` does with a window of 16 requests (cut, look up and fetch buckets, fetch entries, execute) over a prebuilt
//! input, so they cost what a request costs between read and write. The others are the typed calls behind `rs_get`
//! and `rs_set`.
//!
//! Everything is repeatable: the keys, their order, and the time, which stands still.

use redisrs::commands::dispatch::{self, Prepared};
use redisrs::commands::session::Session;
use redisrs::commands::typed::Lane;
use redisrs::engine::Engine;
use redisrs::engine::clients::Origin;
use redisrs::engine::clock::Clock;
use redisrs::engine::log::Log;
use redisrs::engine::random::Random;
use redisrs::engine::settings::Settings;
use redisrs::keyspace::{Reader, Shared};
use redisrs::resp::{Limits, ReplyWriter, RequestParser, Step};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;

const KEYS: u64 = 10_000;
const VALUE: [u8; 64] = [b'v'; 64];
/// Requests of one window, as with a pipeline of 16.
const DEPTH: usize = 16;
/// Windows with different keys before they repeat.
const WINDOWS: usize = 64;
const NOW_MS: i64 = 1_700_000_000_000;

fn key(index: u64) -> [u8; 16] {
    let mut text = *b"key:000000000000";
    let mut rest = index;
    for digit in text[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text
}

/// A store with all keys, and a client of it.
struct Store {
    engine: Shared<Engine>,
    session: Session,
    reader: Reader,
    reply: ReplyWriter,
    random: Random,
}

impl Store {
    fn open() -> Self {
        let settings = Settings::new();
        settings.hot().active_expire.store(false, Relaxed);
        let engine = Engine::open(settings, Clock::from_host(Box::new(|| NOW_MS)), Log::silent()).expect("it opens");
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet: None };
        let session = Session::new(&engine, origin, engine.stats.add_block().expect("memory")).expect("memory");
        let reader = engine.keyspace.reader().expect("memory");
        let mut store = Self { engine, session, reader, reply: ReplyWriter::default(), random: Random::new(1) };
        for index in 0..KEYS {
            store.lane().set(&key(index), &VALUE, 0).expect("it is stored");
        }
        store
    }

    fn lane(&mut self) -> Lane<'_> {
        Lane { engine: &self.engine, session: &mut self.session, scratch: &mut self.reply, reader: &mut self.reader }
    }

    fn draw(&mut self) -> [u8; 16] {
        key(self.random.below(KEYS))
    }

    fn typed_get(&mut self, requests: usize) {
        for _ in 0..requests {
            let key = self.draw();
            let len = self.lane().get(&key, |value| black_box(value).len());
            assert_eq!(len.ok().flatten(), Some(VALUE.len()));
        }
    }

    fn typed_set(&mut self, requests: usize) {
        for _ in 0..requests {
            let key = self.draw();
            self.lane().set(&key, &VALUE, 0).expect("it is stored");
        }
    }

    /// One window after another through parser and dispatch.
    fn batched(&mut self, requests: usize, write: impl Fn(&mut Vec<u8>, &[u8])) {
        let windows: Vec<Vec<u8>> = (0..WINDOWS)
            .map(|_| {
                let mut input = Vec::new();
                (0..DEPTH).for_each(|_| write(&mut input, &self.draw()));
                input
            })
            .collect();
        let mut parser = RequestParser::new();
        let limits = Limits::default();
        let mut spans = Vec::new();
        let mut staged: Vec<(&[u8], usize, usize)> = Vec::new();
        let mut prepared = [Prepared::default(); DEPTH];
        let mut few: [&[u8]; 8] = [&[]; 8];
        for input in windows.iter().cycle().take(requests / DEPTH) {
            let mut rest = input.as_slice();
            while !rest.is_empty() {
                let from = spans.len();
                let Step::Request { end } = parser.next(rest, &limits, &mut spans) else { panic!("a whole request") };
                staged.push((&rest[..end], from, spans.len()));
                rest = &rest[end..];
            }
            for (&(request, from, to), prepared) in staged.iter().zip(&mut prepared) {
                let spans = &spans[from..to];
                let arg = |index: usize| spans[index].of(request);
                *prepared = dispatch::prepare(&self.engine, &self.session, spans.len(), arg);
            }
            dispatch::prefetch::<DEPTH>(&self.engine.keyspace.glance(&mut self.reader), &prepared);
            for (&(request, from, to), prepared) in staged.iter().zip(&prepared) {
                let argv = &mut few[..to - from];
                argv.iter_mut().zip(&spans[from..to]).for_each(|(arg, span)| *arg = span.of(request));
                dispatch::execute(&self.engine, &mut self.session, argv, prepared, NOW_MS, &mut self.reply);
            }
            assert!(matches!(black_box(self.reply.bytes()).first(), Some(b'$' | b'+')), "no error");
            self.reply.clear();
            spans.clear();
            staged.clear();
        }
    }
}

fn get_request(input: &mut Vec<u8>, key: &[u8]) {
    input.extend_from_slice(b"*2\r\n$3\r\nGET\r\n$16\r\n");
    input.extend_from_slice(key);
    input.extend_from_slice(b"\r\n");
}

fn set_request(input: &mut Vec<u8>, key: &[u8]) {
    input.extend_from_slice(b"*3\r\n$3\r\nSET\r\n$16\r\n");
    input.extend_from_slice(key);
    input.extend_from_slice(b"\r\n$64\r\n");
    input.extend_from_slice(&VALUE);
    input.extend_from_slice(b"\r\n");
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let (Some(stream), Some(requests)) = (args.get(1), args.get(2).and_then(|count| count.parse().ok())) else {
        eprintln!("usage: counted STREAM REQUESTS (see tests/counted.rs)");
        return ExitCode::FAILURE;
    };
    let mut store = Store::open();
    if !measured(&mut store, stream, requests) {
        eprintln!("no such stream: {stream}");
        return ExitCode::FAILURE;
    }
    store.session.end(&store.engine);
    ExitCode::SUCCESS
}

/// What is counted: callgrind looks for this name. False if there is no such stream.
#[inline(never)]
fn measured(store: &mut Store, stream: &str, requests: usize) -> bool {
    match stream {
        "typed-get" => store.typed_get(requests),
        "typed-set" => store.typed_set(requests),
        "p16-get" => store.batched(requests, get_request),
        "p16-set" => store.batched(requests, set_request),
        _ => return false,
    }
    true
}
