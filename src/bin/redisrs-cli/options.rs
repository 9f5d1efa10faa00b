//! What can be asked for on the command line.

use std::time::Duration;

use crate::format::{Format, Output};
use crate::original::ReplyStyle;
use crate::terminal;

/// What to do once connected.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Run the command of the command line, or read commands if there is none.
    Command,
    Eval(String),
    Pipe,
    Scan,
    BigKeys,
    MemoryKeys,
    HotKeys,
    Latency,
    LatencyHistory,
    LatencyDistribution,
    IntrinsicLatency(i64),
    Stat,
}

/// Which protocol version to ask the server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resp3 {
    No,
    /// Ask, carry on with RESP2 if refused.
    Preferred,
    Required,
}

/// Where arguments are taken from besides the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum StandardInput {
    Unused,
    LastArgument,
    /// Replaces the argument equal to this tag.
    Tag(Vec<u8>),
}

#[allow(clippy::struct_excessive_bools)] // each is one flag of the command line
#[derive(Clone, Debug)]
pub struct Options {
    pub host: String,
    pub port: i64,
    pub socket: Option<String>,
    pub user: Option<Vec<u8>>,
    pub password: Option<Vec<u8>>,
    pub ask_password: bool,
    pub database: i64,
    pub repeat: i64,
    /// Zero when `-i` was not given.
    pub interval: Duration,
    pub resp3: Resp3,
    pub input: StandardInput,
    pub quoted_input: bool,
    pub exit_with_error: bool,
    pub format: Format,
    pub show_pushes: bool,
    pub mode: Mode,
    pub pipe_timeout_seconds: i64,
    pub memory_samples: Option<i64>,
    pub pattern: Option<Vec<u8>>,
    pub scan_count: Option<i64>,
    /// Speak the length-prefixed protocol, printing replies this way.
    pub original: Option<ReplyStyle>,
    /// The command and its arguments.
    pub command: Vec<Vec<u8>>,
}

impl Options {
    /// What holds when nothing is asked for.
    pub fn new() -> Options {
        let people = terminal::output_is_for_people();
        Options {
            host: "127.0.0.1".to_owned(),
            port: 6379,
            socket: None,
            user: None,
            password: None,
            ask_password: false,
            database: 0,
            repeat: 1,
            interval: Duration::ZERO,
            resp3: Resp3::No,
            input: StandardInput::Unused,
            quoted_input: false,
            exit_with_error: false,
            format: Format {
                output: if people { Output::Standard } else { Output::Raw },
                element_delimiter: b"\n".to_vec(),
                reply_delimiter: b"\n".to_vec(),
            },
            show_pushes: people,
            mode: Mode::Command,
            pipe_timeout_seconds: 30,
            memory_samples: None,
            pattern: None,
            scan_count: None,
            original: None,
            command: Vec::new(),
        }
    }

    /// Where the server is, for messages.
    pub fn address(&self) -> String {
        match &self.socket {
            Some(path) => path.clone(),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}
