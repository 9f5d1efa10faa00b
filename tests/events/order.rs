//! Threads that change the same keys at once, over sockets and in process, while keys expire by themselves: whoever mirrors
//! the keys by their events must never see one appear that is there, or go that is not.

use crate::harness::random::Random;
use parking_lot::Mutex;
use redisrs::commands::dispatch::{self, Prepared};
use redisrs::commands::session::Session;
use redisrs::engine::Engine;
use redisrs::engine::clients::Origin;
use redisrs::engine::clock::Clock;
use redisrs::engine::events::{Class, Event};
use redisrs::engine::log::Log;
use redisrs::engine::settings::Settings;
use redisrs::resp::ReplyWriter;
use redisrs::server::Server;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

const THREADS: u64 = 3;
const COMMANDS: usize = 1500;
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Whether each key exists, by its events alone.
#[derive(Default)]
struct Mirror {
    exists: HashMap<Vec<u8>, bool>,
    events: usize,
    wrong: Vec<String>,
}

impl Mirror {
    fn follow(&mut self, event: Event<'_>) {
        let appears = match event.name.to_bytes() {
            b"new" => true,
            b"del" | b"expired" | b"rename_from" => false,
            _ => return,
        };
        self.events += 1;
        let existed = self.exists.insert(event.key.to_vec(), appears).unwrap_or(false);
        // No command here writes over a key that is there.
        if existed == appears {
            self.wrong.push(format!("{:?} {}", event.name, String::from_utf8_lossy(event.key)));
        }
    }
}

fn command(random: &mut Random) -> Vec<Vec<u8>> {
    let (key, other) = (*random.pick(&KEYS), *random.pick(&KEYS));
    let line = match random.below(8) {
        0 => format!("SETNX {key} v"),
        1 => format!("SET {key} v NX PX 1"),
        2 => format!("DEL {key} {other}"),
        3 => format!("GETDEL {key}"),
        4 => format!("RENAMENX {key} {other}"),
        5 => format!("PEXPIRE {key} 1"),
        6 => format!("COPY {key} {other}"),
        _ => format!("GET {key}"),
    };
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// In transactions now and then, so that several keys change at once.
fn commands(seed: u64) -> Vec<Vec<Vec<u8>>> {
    let mut random = Random::new(seed);
    let mut commands = Vec::new();
    while commands.len() < COMMANDS {
        if random.percent(20) {
            commands.push(vec![b"MULTI".to_vec()]);
            commands.extend((0..3).map(|_| command(&mut random)));
            commands.push(vec![b"EXEC".to_vec()]);
        } else {
            commands.push(command(&mut random));
        }
    }
    commands
}

fn in_process(engine: &Engine, commands: &[Vec<Vec<u8>>]) {
    let outlet = None;
    let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet };
    let mut session = Session::new(engine, origin, engine.stats.add_block().expect("memory")).expect("memory");
    let mut reply = ReplyWriter::default();
    for command in commands {
        let argv: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
        reply.clear();
        dispatch::execute(engine, &mut session, &argv, &Prepared::default(), 0, &mut reply);
    }
    session.end(engine);
}

fn over_a_socket(port: u16, seed: u64) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    let mut bytes = Vec::new();
    for command in commands(seed).iter().chain([&vec![b"QUIT".to_vec()]]) {
        crate::harness::command::encode_multibulk(command, &mut bytes);
    }
    stream.write_all(&bytes).expect("send");
    stream.read_to_end(&mut bytes).expect("answered up to QUIT");
}

#[test]
fn a_mirror_follows_all_threads() {
    let settings = Settings::new();
    for (name, value) in [("port", "auto"), ("io-threads", "2")] {
        settings.set(name, value).expect("a setting");
    }
    let engine = Engine::open(settings, Clock::system(), Log::silent()).expect("engine");
    let mirror = Arc::new(Mutex::new(Mirror::default()));
    let follower = Arc::clone(&mirror);
    let classes = Class::New as u32 | Class::Generic as u32 | Class::Expired as u32;
    engine.listen((1, 1), classes, Box::new(move |event| follower.lock().follow(event))).expect("memory");
    let server = Server::start(&engine).expect("server");
    let port = server.port();
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let engine = &engine;
            scope.spawn(move || in_process(engine, &commands(seed)));
            scope.spawn(move || over_a_socket(port, 1000 + seed));
        }
    });
    // What is left: it is removed by hand, so that the mirror ends empty, too.
    in_process(&engine, &KEYS.map(|key| vec![b"DEL".to_vec(), key.as_bytes().to_vec()]));
    server.stop();
    assert!(engine.unlisten((1, 1)));
    let mirror = mirror.lock();
    assert!(mirror.wrong.is_empty(), "{} of {} events: {:?}", mirror.wrong.len(), mirror.events, &mirror.wrong);
    assert!(mirror.events > COMMANDS, "{} events", mirror.events);
    let left: Vec<_> = mirror.exists.iter().filter(|(_, exists)| **exists).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    drop(server);
    engine.close();
}
