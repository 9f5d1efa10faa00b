//! `--original`: commands and replies in the length-prefixed protocol, one-shot and interactive.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::connection::{Channel, ConnectionError, os_text};
use crate::help::Entry;
use crate::options::Options;
use crate::original::{ReplyStyle, encode, frame, print_body};
use crate::repl::{self, Conversation};
use crate::session::Failed;
use crate::{complete_command, terminal};

const READ_BYTES: usize = 64 * 1024;

struct OriginalSession {
    options: Options,
    style: ReplyStyle,
    channel: Option<Channel>,
    /// Bytes that arrived after the last reply.
    unread: Vec<u8>,
    interrupt: Option<Arc<AtomicBool>>,
}

pub fn run(options: Options, style: ReplyStyle) -> Result<(), Failed> {
    let mut session = OriginalSession { options, style, channel: None, unread: Vec::new(), interrupt: None };
    if session.options.command.is_empty() {
        repl::run(&mut session);
        return Ok(());
    }
    let command = complete_command(&session.options)?;
    let repeat = session.options.repeat;
    session.issue(&command, repeat)
}

impl OriginalSession {
    fn connect(&mut self) -> Result<(), Failed> {
        self.unread.clear();
        self.channel = None;
        match Channel::open(&self.options, self.interrupt.clone()) {
            Ok(channel) => {
                self.channel = Some(channel);
                Ok(())
            }
            Err(error) => {
                let address = self.options.address();
                eprintln!("Could not connect to {address}: {}", os_text(&error));
                Err(Failed)
            }
        }
    }

    /// Sends one request and returns the text of its reply; the inner error is a reply that makes no
    /// sense.
    fn exchange(&mut self, request: &[u8]) -> Result<Result<Vec<u8>, &'static str>, ConnectionError> {
        let channel = self.channel.as_mut().ok_or(ConnectionError::Closed)?;
        channel.write(request)?;
        let mut chunk = vec![0; READ_BYTES];
        loop {
            match frame(&self.unread) {
                Ok(Some((body, length))) => {
                    let text = print_body(body, self.style);
                    self.unread.drain(..length);
                    return Ok(text);
                }
                Ok(None) => {
                    let count = channel.read(&mut chunk)?;
                    self.unread.extend_from_slice(&chunk[..count]);
                }
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
}

impl Conversation for OriginalSession {
    fn begin(&mut self, interrupt: Option<Arc<AtomicBool>>) {
        self.interrupt = interrupt;
        // Reported; the prompt says the rest.
        let _ = self.connect();
    }

    fn prompt(&self) -> String {
        match self.channel {
            Some(_) => format!("{}> ", self.options.address()),
            None => "not connected> ".to_owned(),
        }
    }

    fn documented_commands(&self) -> Vec<Entry> {
        Vec::new()
    }

    fn shows_time(&self) -> bool {
        false
    }

    fn issue(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<(), Failed> {
        let request = encode(command).map_err(Failed::because)?;
        if self.channel.is_none() {
            self.connect()?;
        }
        let mut left = repeat;
        while left != 0 {
            left = left.saturating_sub(1);
            match self.exchange(&request) {
                Ok(Ok(text)) => terminal::print(text),
                Ok(Err(reason)) => {
                    // What follows on this connection cannot be trusted.
                    self.channel = None;
                    return Err(Failed::because(format!("bad response: {reason}")));
                }
                Err(ConnectionError::Interrupted) => {
                    terminal::print("\n");
                    return self.connect();
                }
                Err(error) => {
                    self.channel = None;
                    return Err(Failed::because(error));
                }
            }
            if !self.options.interval.is_zero() {
                std::thread::sleep(self.options.interval);
            }
        }
        Ok(())
    }

    fn connect_to(&mut self, host: String, port: i64) {
        self.options.host = host;
        self.options.port = port;
        self.options.socket = None;
        // Reported; the prompt says the rest.
        let _ = self.connect();
    }
}
