//! The two servers, and bringing both to the same known state between two runs.

use super::pools::PARAMETERS;
use super::resp::Reply;
use super::server::{Server, executables};
use super::wire::Connection;
use std::collections::BTreeSet;

/// Ours and theirs, started alike.
pub struct Pair {
    pub ours: Server,
    pub theirs: Server,
    /// Names of the commands that both know, lower case.
    pub common: BTreeSet<String>,
    commands: (Vec<String>, Vec<String>),
    options: Vec<String>,
    defaults: (Vec<Setting>, Vec<Setting>),
}

type Setting = (Vec<u8>, Vec<u8>);

impl Pair {
    /// `None` if there is no real server to compare with; `server` has said so.
    pub fn start(options: &[&str]) -> Option<Pair> {
        let commands = executables()?;
        Some(Self::start_commands(commands, options))
    }

    pub fn start_commands(commands: (Vec<String>, Vec<String>), options: &[&str]) -> Pair {
        let ours = Server::start(&commands.0, options);
        let theirs = Server::start(&commands.1, options);
        let mut pair = Pair {
            ours,
            theirs,
            common: BTreeSet::new(),
            commands,
            options: options.iter().map(|option| option.to_string()).collect(),
            defaults: Default::default(),
        };
        // With a password these questions get no answer, and such pairs don't need them.
        let (ours, theirs) = (command_names(pair.ours.port), command_names(pair.theirs.port));
        // A server that can't list its commands is compared on all of them.
        pair.common = if ours.is_empty() { theirs } else { ours.intersection(&theirs).cloned().collect() };
        pair.defaults = (settings(pair.ours.port), settings(pair.theirs.port));
        pair
    }

    /// Empties both servers, undoes CONFIG SET, and starts again whichever has died. Returns the last words of the dead.
    pub fn reset(&mut self) -> Option<String> {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let mut words = None;
        if let Some(obituary) = self.theirs.obituary() {
            self.theirs = Server::start(&self.commands.1, &options);
            words = Some(format!("theirs: {obituary}"));
        }
        if let Some(obituary) = self.ours.obituary() {
            self.ours = Server::start(&self.commands.0, &options);
            words = Some(format!("ours: {obituary}"));
        }
        restore(self.ours.port, &self.defaults.0);
        restore(self.theirs.port, &self.defaults.1);
        words
    }
}

/// The names COMMAND LIST gives, lower case; none if the server does not understand it.
pub fn command_names(port: u16) -> BTreeSet<String> {
    let reply =
        Connection::open(port).ok().and_then(|mut connection| connection.try_request(&["COMMAND", "LIST"]).ok());
    let name = |item: &Reply| item.text().map(|name| String::from_utf8_lossy(name).to_lowercase());
    reply.as_ref().and_then(Reply::elements).map(|items| items.iter().filter_map(name).collect()).unwrap_or_default()
}

fn settings(port: u16) -> Vec<Setting> {
    let Ok(mut connection) = Connection::open(port) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, _) in PARAMETERS {
        let Ok(reply) = connection.try_request(&["CONFIG", "GET", name]) else { break };
        for (name, value) in reply.pairs().unwrap_or_default() {
            if let (Some(name), Some(value)) = (name.text(), value.text()) {
                found.push((name.to_vec(), value.to_vec()));
            }
        }
    }
    found
}

fn restore(port: u16, settings: &[Setting]) {
    let Ok(mut connection) = Connection::open(port) else { return };
    // A command that one side lacks is reported by other tests; here its error is of no interest.
    for housekeeping in
        [&["FLUSHALL"][..], &["CONFIG", "RESETSTAT"], &["SLOWLOG", "RESET"], &["DEBUG", "SET-ACTIVE-EXPIRE", "1"]]
    {
        let _ = connection.try_request(housekeeping);
    }
    for (name, value) in settings {
        let _ = connection.try_request(&[&b"CONFIG"[..], b"SET", name, value]);
    }
}
