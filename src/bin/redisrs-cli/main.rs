//! `redisrs-cli`: a command line client for redisrs and every other server that speaks RESP.
//!
//! It takes the arguments of redis-cli 7.0 and prints, byte for byte, what redis-cli prints; what it
//! does not do it refuses with a reason. It shares no code with the redisrs library: it has its own
//! small reply reader, and its own half of the original project's length-prefixed protocol.
//!
//! ```text
//! options ──► session ──► connection ──► reader       the conversation, in RESP
//!    │           │
//!    │           ├──► repl ──► editor, history        commands typed one after the other
//!    │           └──► format, format_export           replies as text
//!    ├──► pipe, scan, key_sizes, hot_keys, latency,   one file per special mode
//!    │    spectrum, intrinsic, stat, eval
//!    └──► original_client ──► original                the length-prefixed protocol
//! ```

#![deny(unsafe_code)]

mod arguments;
mod command_kind;
mod connection;
mod editor;
mod escape;
mod eval;
mod format;
mod format_export;
mod help;
mod history;
mod hot_keys;
mod intrinsic;
mod key_sizes;
mod latency;
mod option_parser;
mod options;
mod original;
mod original_client;
mod password;
mod pipe;
mod reader;
mod repl;
mod reply;
mod scan;
mod session;
mod spectrum;
mod stat;
mod terminal;
mod uri;
mod usage;

use std::process::ExitCode;

use option_parser::Stop;
use options::{Mode, Options, StandardInput};
use repl::Conversation;
use session::{Failed, Session};

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    let outcome = match option_parser::parse(arguments) {
        Ok(options) => run(options),
        Err(Stop::Help) => {
            terminal::print(usage::options());
            Ok(())
        }
        Err(Stop::Version) => {
            terminal::print(usage::version());
            Ok(())
        }
        Err(Stop::Refused(reason)) => {
            eprintln!("{reason}");
            Err(Failed)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::FAILURE,
    }
}

fn run(mut options: Options) -> Result<(), Failed> {
    if options.ask_password {
        options.password = password::ask();
    }
    if let Some(style) = options.original {
        return original_client::run(options, style);
    }
    match options.mode.clone() {
        Mode::Command => run_commands(options),
        Mode::Eval(path) => eval::run(Session::new(options), &path),
        Mode::Stat => stat::run(Session::new(options)),
        Mode::IntrinsicLatency(seconds) => intrinsic::run(seconds),
        mode => {
            let (options, connection) = Session::new(options).into_connection()?;
            match mode {
                Mode::Pipe => pipe::run(&options, connection),
                Mode::Scan => scan::run(&options, connection),
                Mode::HotKeys => hot_keys::run(&options, connection),
                Mode::Latency => latency::run(&options, connection, false),
                Mode::LatencyHistory => latency::run(&options, connection, true),
                Mode::LatencyDistribution => spectrum::run(&options, connection),
                _ => key_sizes::run(&options, connection),
            }
        }
    }
}

fn run_commands(options: Options) -> Result<(), Failed> {
    let mut session = Session::new(options);
    if session.options.command.is_empty() {
        repl::run(&mut session);
        return Ok(());
    }
    let command = complete_command(&session.options)?;
    let repeat = session.options.repeat;
    // What fails here was said, and a refused password still lets some commands through.
    let _ = session.connect(true);
    session.issue(&command, repeat)
}

/// The command of the command line, unquoted and with what standard input contributes.
fn complete_command(options: &Options) -> Result<Vec<Vec<u8>>, Failed> {
    let mut command = options.command.clone();
    if options.quoted_input {
        let unquoted: Option<Vec<_>> = command.iter().map(|word| arguments::unquote(word)).collect();
        let Some(unquoted) = unquoted else {
            terminal::print("Invalid quoted string\n");
            return Err(Failed);
        };
        command = unquoted;
    }
    let read_input = || {
        terminal::read_input().map_err(|error| {
            eprintln!("Error reading standard input: {}", connection::os_text(&error));
            Failed
        })
    };
    match &options.input {
        StandardInput::Unused => {}
        StandardInput::LastArgument => command.push(read_input()?),
        StandardInput::Tag(tag) => {
            let Some(place) = command.iter_mut().find(|word| *word == tag) else {
                eprintln!("Using -X option but stdin tag not match.");
                return Err(Failed);
            };
            *place = read_input()?;
        }
    }
    Ok(command)
}
