//! The real server with a subscriber, and an engine of ours with a listener.

use crate::harness::command::{Command, escape};
use crate::harness::pair::command_names;
use crate::harness::resp::Reply;
use crate::harness::server::{Server, executables};
use crate::harness::wire::{Connection, PATIENCE};
use crate::session::{Client, Store};
use redisrs::engine::events::{Class, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Event, key, database.
pub type Told = (String, String, u32);

pub struct Both {
    server: Server,
    subscriber: Connection,
    theirs: BTreeMap<usize, Connection>,
    store: Store,
    ours: BTreeMap<usize, Client>,
    told: Arc<Mutex<Vec<Told>>>,
    common: BTreeSet<String>,
    names: BTreeSet<String>,
    events: usize,
    markers: usize,
}

impl Both {
    /// `None` if there is no real server to compare with.
    pub fn start() -> Option<Self> {
        let (_, command) = executables()?;
        let server = Server::start(&command, &["--notify-keyspace-events", "AKEmn"]);
        let mut subscriber = Connection::open(server.port).expect("the server accepts");
        // One notification of two, and the markers.
        for request in [["PSUBSCRIBE", "__keyevent@*__:*"], ["SUBSCRIBE", "marker"]] {
            subscriber.try_request(&request).expect("the server subscribes");
        }
        let mut common = command_names(server.port);
        let store = Store::new();
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        let listener = move |event: Event<'_>| {
            let name = event.name.to_string_lossy().into_owned();
            into.lock().expect("no panic").push((name, escape(event.key), event.db));
        };
        store.engine.listen((0, 0), Class::EVERY, Box::new(listener)).expect("memory");
        // Whoever is not in the table is unknown to ours.
        common.retain(|name| redisrs::commands::spec::COMMANDS.iter().any(|command| command.name == name));
        let (theirs, ours) = (BTreeMap::new(), BTreeMap::new());
        let mut both = Self {
            server,
            subscriber,
            theirs,
            store,
            ours,
            told,
            common,
            names: BTreeSet::new(),
            events: 0,
            markers: 0,
        };
        both.their(0).try_request(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]).expect("an answer");
        Some(both)
    }

    /// Whether both know a command.
    pub fn is_common(&self, command: &str) -> bool {
        self.common.contains(&command.to_lowercase())
    }

    pub fn events_seen(&self) -> usize {
        self.events
    }

    pub fn has_seen(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn their(&mut self, connection: usize) -> &mut Connection {
        let port = self.server.port;
        self.theirs.entry(connection).or_insert_with(|| Connection::open(port).expect("the server accepts"))
    }

    fn our(&mut self, connection: usize) -> &mut Client {
        let store = &self.store;
        self.ours.entry(connection).or_insert_with(|| store.client())
    }

    /// Runs commands on both; what each told.
    pub fn run(&mut self, connection: usize, commands: &[Command]) -> (Vec<Told>, Vec<Told>) {
        for command in commands {
            let argv: Vec<&[u8]> = command.arguments.iter().map(Vec::as_slice).collect();
            self.our(connection).run(&argv);
        }
        let ours = std::mem::take(&mut *self.told.lock().expect("no panic"));

        let mut bytes = Vec::new();
        commands.iter().for_each(|command| command.encode(&mut bytes));
        let their = self.their(connection);
        their.send_with_sentinel(&bytes, &[]);
        their.replies();
        self.markers += 1;
        let marker = self.markers.to_string();
        self.their(usize::MAX).try_request(&["PUBLISH", "marker", &marker]).expect("published");
        let mut theirs = Vec::new();
        loop {
            let push = self.subscriber.reply(PATIENCE).expect("the marker comes").reply;
            let words: Vec<&[u8]> =
                push.elements().unwrap_or_default().iter().map(|word| word.text().unwrap_or_default()).collect();
            match words[..] {
                [b"pmessage", _, channel, key] => {
                    let channel = String::from_utf8_lossy(channel);
                    let (db, name) = channel.trim_start_matches("__keyevent@").split_once("__:").expect("a channel");
                    theirs.push((name.to_string(), escape(key), db.parse().expect("a number")));
                }
                [b"message", b"marker", number] if number == marker.as_bytes() => break,
                [b"subscribe", ..] => {}
                _ => panic!("not expected: {push:?}"),
            }
        }
        self.names.extend(theirs.iter().map(|(name, ..)| name.clone()));
        self.events += theirs.len();
        (ours, theirs)
    }

    /// Sends a command that blocks.
    pub fn block(&mut self, connection: usize, command: &Command) {
        let argv: Vec<&[u8]> = command.arguments.iter().map(Vec::as_slice).collect();
        self.our(connection).run(&argv);
        assert!(self.our(connection).session.waiter().is_some(), "{} waits", command.line());
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        self.their(connection).send(&bytes, &[]);
        self.await_blocked();
    }

    /// Until as many clients are blocked there as here.
    fn await_blocked(&mut self) {
        let blocked = self.ours.values().filter(|client| client.session.waiter().is_some()).count();
        let expected = format!("blocked_clients:{blocked}\r");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let info = self.their(usize::MAX).try_request(&["INFO", "clients"]).expect("an answer");
            if matches!(&info, Reply::Bulk(text) if String::from_utf8_lossy(text).contains(&expected)) {
                return;
            }
            assert!(Instant::now() < deadline, "never {expected}");
        }
    }

    /// Ends the connections that have waited, served or not.
    pub fn forget_waiting(&mut self) {
        self.ours.retain(|connection, _| *connection == 0);
        self.theirs.retain(|connection, _| *connection == 0 || *connection == usize::MAX);
        self.await_blocked();
    }
}
