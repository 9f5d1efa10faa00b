//! A conversation with a server: connecting, running commands, and what follows from their replies.
//!
//! The session remembers what the server knows about its connection (database, transaction, protocol)
//! so that the prompt tells the truth and a new connection can be put into the same state.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::arguments::leading_integer;
use crate::command_kind::CommandKind;
use crate::connection::{Connection, ConnectionError, os_text};
use crate::format::Output;
use crate::help::Entry;
use crate::options::{Options, Resp3};
use crate::repl::Conversation;
use crate::reply::Reply;
use crate::{help, terminal};

/// Something went wrong and the user has been told.
#[derive(Debug)]
pub struct Failed;

impl Failed {
    /// Tells the user.
    pub fn because(reason: impl std::fmt::Display) -> Failed {
        eprintln!("Error: {reason}");
        Failed
    }
}

/// Why running a command ended early.
enum Interruption {
    Connection(ConnectionError),
    /// An error reply under `-e`, already printed.
    ErrorReply,
}

impl From<ConnectionError> for Interruption {
    fn from(error: ConnectionError) -> Self {
        Interruption::Connection(error)
    }
}

pub struct Session {
    /// `database` is the one wanted, which reconnecting selects again.
    pub options: Options,
    connection: Option<Connection>,
    /// The database selected on the server.
    database: i64,
    database_before_transaction: i64,
    in_transaction: bool,
    /// Commands are read one after the other; errors do not end the program.
    interactive: bool,
    /// Set by Ctrl-C while a person types the commands.
    interrupt: Option<Arc<AtomicBool>>,
}

impl Session {
    pub fn new(options: Options) -> Session {
        Session {
            options,
            connection: None,
            database: 0,
            database_before_transaction: 0,
            in_transaction: false,
            interactive: false,
            interrupt: None,
        }
    }

    /// Opens a new connection in place of the old one and prepares it. Says what fails, except, when
    /// `quiet`, that the server cannot be reached. A server that refuses the password leaves the
    /// connection open: it still answers some commands.
    pub fn connect(&mut self, quiet: bool) -> Result<(), Failed> {
        self.connection = None;
        self.database = 0;
        if self.in_transaction {
            // What the transaction selected was never executed.
            self.options.database = self.database_before_transaction;
            self.in_transaction = false;
        }
        match Connection::open(&self.options, self.interrupt.clone()) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
                if !quiet {
                    eprintln!("Could not connect to Redis at {}: {}", self.options.address(), os_text(&error));
                }
                return Err(Failed);
            }
        }
        self.authenticate()?;
        self.select_wanted_database()?;
        self.switch_protocol()
    }

    /// One command of a special mode, over the connection there is.
    pub fn call(&mut self, command: &[&str]) -> Result<Reply, ConnectionError> {
        let connection = self.connection.as_mut().ok_or(ConnectionError::Closed)?;
        connection.call(command)
    }

    /// The connection for a mode that needs nothing but one; the session is used up.
    pub fn into_connection(mut self) -> Result<(Options, Connection), Failed> {
        self.connect(false)?;
        match self.connection.take() {
            Some(connection) => Ok((self.options, connection)),
            None => Err(Failed),
        }
    }

    /// The server's documentation of its commands, over a connection of its own: the main one may be
    /// inside a transaction.
    pub fn command_docs(&self) -> Option<Reply> {
        let mut connection = Connection::open(&self.options, self.interrupt.clone()).ok()?;
        if let Some(command) = self.authentication() {
            connection.call(&command).ok()?;
        }
        connection.call(&["COMMAND", "DOCS"]).ok()
    }

    fn authentication(&self) -> Option<Vec<&[u8]>> {
        let password = self.options.password.as_deref()?;
        Some(match &self.options.user {
            Some(user) => vec![b"AUTH", user, password],
            None => vec![b"AUTH", password],
        })
    }

    fn authenticate(&mut self) -> Result<(), Failed> {
        let Some(command) = self.authentication() else {
            return Ok(());
        };
        let command: Vec<Vec<u8>> = command.into_iter().map(<[u8]>::to_vec).collect();
        let reply = self.prepare(&command)?;
        check(&reply, "AUTH failed")
    }

    fn select_wanted_database(&mut self) -> Result<(), Failed> {
        let wanted = self.options.database;
        if wanted == self.database {
            return Ok(());
        }
        let reply = self.prepare(&[b"SELECT".to_vec(), wanted.to_string().into_bytes()])?;
        check(&reply, &format!("SELECT {wanted} failed"))?;
        self.database = wanted;
        Ok(())
    }

    fn switch_protocol(&mut self) -> Result<(), Failed> {
        if self.options.resp3 == Resp3::No {
            return Ok(());
        }
        let reply = self.prepare(&[b"HELLO".to_vec(), b"3".to_vec()])?;
        match check(&reply, "HELLO 3 failed") {
            Err(Failed) if self.options.resp3 == Resp3::Required => Err(Failed),
            _ => Ok(()),
        }
    }

    /// A command of the program's own, whose reply is not shown.
    fn prepare(&mut self, command: &[Vec<u8>]) -> Result<Reply, Failed> {
        let connection = self.connection.as_mut().ok_or(Failed)?;
        connection.call(command).map_err(|_| {
            eprintln!("\nI/O error");
            self.connection = None;
            Failed
        })
    }

    fn run(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<(), Interruption> {
        let kind = match CommandKind::of(command) {
            // Only queued; what it starts comes with the reply to EXEC.
            CommandKind::Monitor | CommandKind::Subscribe if self.in_transaction => CommandKind::Ordinary,
            kind => kind,
        };
        let mut left = repeat;
        while left != 0 {
            left = left.saturating_sub(1);
            let Some(connection) = self.connection.as_mut() else {
                return Ok(());
            };
            connection.send(command)?;
            match kind {
                CommandKind::Monitor => return self.stream(),
                CommandKind::Subscribe => {
                    if self.options.format.output != Output::Raw {
                        terminal::print("Reading messages... (press Ctrl-C to quit)\n");
                    }
                    self.stream()?;
                    continue;
                }
                CommandKind::Shutdown | CommandKind::Verbatim | CommandKind::Ordinary => {}
            }
            let reply = match self.receive() {
                Ok(reply) => reply,
                // The server did what it was told.
                Err(error) if kind == CommandKind::Shutdown && error.is_lost() => {
                    self.connection = None;
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            self.show(&reply, kind == CommandKind::Verbatim)?;
            self.follow(command, &reply);
            if !self.options.interval.is_zero() {
                std::thread::sleep(self.options.interval);
            }
        }
        Ok(())
    }

    /// The next reply; out-of-band messages that come before it are shown if wanted.
    fn receive(&mut self) -> Result<Reply, ConnectionError> {
        let connection = self.connection.as_mut().ok_or(ConnectionError::Closed)?;
        loop {
            match connection.receive()? {
                push @ Reply::Push(_) if self.options.show_pushes => {
                    terminal::print(self.options.format.push(&push));
                }
                Reply::Push(_) => {}
                reply => return Ok(reply),
            }
        }
    }

    /// Prints whatever arrives until an error reply, Ctrl-C or the end of the connection.
    fn stream(&mut self) -> Result<(), Interruption> {
        loop {
            let connection = self.connection.as_mut().ok_or(ConnectionError::Closed)?;
            let reply = connection.receive()?;
            self.show(&reply, false)?;
            if reply.error().is_some() {
                return Ok(());
            }
        }
    }

    fn show(&self, reply: &Reply, verbatim: bool) -> Result<(), Interruption> {
        if let Some(text) = reply.error()
            && self.options.exit_with_error
            && !self.interactive
        {
            terminal::print_error(text);
            return Err(Interruption::ErrorReply);
        }
        terminal::print(self.options.format.reply(reply, verbatim));
        Ok(())
    }

    /// Notes what a command changed about the connection.
    fn follow(&mut self, command: &[Vec<u8>], reply: &Reply) {
        let name = command[0].to_ascii_lowercase();
        let failed = reply.error().is_some();
        match (name.as_slice(), command.len()) {
            (b"select", 2) if !failed => self.set_database(leading_integer(&command[1])),
            (b"auth", 2 | 3) => {
                // Told to the user by the function itself; the command has been answered.
                let _ = self.select_wanted_database();
            }
            (b"multi", 1) if !failed => {
                self.in_transaction = true;
                self.database_before_transaction = self.database;
            }
            (b"exec", 1) if self.in_transaction => {
                self.in_transaction = false;
                if failed || *reply == Reply::Nil {
                    self.set_database(self.database_before_transaction);
                }
            }
            (b"discard", 1) if !failed => {
                self.in_transaction = false;
                self.set_database(self.database_before_transaction);
            }
            (b"reset", 1) if !failed => {
                self.in_transaction = false;
                self.set_database(0);
                self.options.resp3 = Resp3::No;
            }
            (b"hello", 2..) if !failed => {
                self.options.resp3 = match command[1].as_slice() {
                    b"3" => Resp3::Required,
                    _ => Resp3::No,
                };
            }
            _ => {}
        }
    }

    fn set_database(&mut self, database: i64) {
        self.database = database;
        self.options.database = database;
    }
}

impl Conversation for Session {
    fn begin(&mut self, interrupt: Option<Arc<AtomicBool>>) {
        self.interactive = true;
        self.interrupt = interrupt;
        // Not reaching the server is no reason to leave: `connect` may follow.
        let _ = self.connect(false);
    }

    fn prompt(&self) -> String {
        if self.connection.is_none() {
            return "not connected> ".to_owned();
        }
        let options = &self.options;
        let mut prompt = match &options.socket {
            Some(path) => format!("redis {path}"),
            None if options.host.contains(':') => format!("[{}]:{}", options.host, options.port),
            None => format!("{}:{}", options.host, options.port),
        };
        if self.database != 0 {
            let _ = write!(prompt, "[{}]", self.database);
        }
        if self.in_transaction {
            prompt.push_str("(TX)");
        }
        prompt.push_str("> ");
        prompt
    }

    fn documented_commands(&self) -> Vec<Entry> {
        match (&self.connection, self.command_docs()) {
            (Some(_), Some(docs)) => help::entries(&docs),
            _ => Vec::new(),
        }
    }

    fn shows_time(&self) -> bool {
        self.options.format.output == Output::Standard
    }

    /// Runs a command `repeat` times (for ever if negative) and prints the replies, after
    /// reconnecting if the connection was lost.
    fn issue(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<(), Failed> {
        let is = |name: &str| command.first().is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        if is("help") || is("?") {
            let docs = || {
                let docs = self.command_docs();
                if docs.is_none() {
                    eprintln!("The server cannot be asked for the documentation of its commands.");
                }
                docs
            };
            terminal::print(help::answer(&command[1..], docs));
            return Ok(());
        }
        if is("sync") || is("psync") {
            eprintln!("SYNC and PSYNC refused: redisrs-cli cannot act as a replica.");
            return Err(Failed);
        }
        if self.connection.is_none() {
            self.connect(false)?;
        }
        match self.run(command, repeat) {
            Ok(()) => Ok(()),
            Err(Interruption::ErrorReply) => Err(Failed),
            Err(Interruption::Connection(ConnectionError::Interrupted)) => {
                terminal::print("\n");
                self.connect(false)
            }
            Err(Interruption::Connection(error)) => {
                eprintln!("Error: {error}");
                self.connection = None;
                Err(Failed)
            }
        }
    }

    fn connect_to(&mut self, host: String, port: i64) {
        self.options.host = host;
        self.options.port = port;
        self.options.socket = None;
        // Reported; the prompt says the rest.
        let _ = self.connect(false);
    }
}

fn check(reply: &Reply, what: &str) -> Result<(), Failed> {
    match reply.error() {
        Some(text) => {
            eprintln!("{what}: {}", String::from_utf8_lossy(text));
            Err(Failed)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_fails_restores_the_database() {
        let mut session = Session::new(Options::new());
        let ok = Reply::Status(b"OK".to_vec());
        let command = |line: &str| -> Vec<Vec<u8>> { line.split(' ').map(|word| word.as_bytes().to_vec()).collect() };
        session.follow(&command("select 3"), &ok);
        session.follow(&command("multi"), &ok);
        session.follow(&command("select 5"), &Reply::Status(b"QUEUED".to_vec()));
        assert_eq!((session.database, session.in_transaction), (5, true));
        session.follow(&command("exec"), &Reply::Nil);
        assert_eq!((session.database, session.in_transaction), (3, false));
        session.follow(&command("reset"), &ok);
        assert_eq!(session.options.database, 0);
    }
}
