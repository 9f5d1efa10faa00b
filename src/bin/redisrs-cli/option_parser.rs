//! Reading the command line, and refusing what cannot be done.
//!
//! Options come first; the first word that does not begin with `-` starts the command. Numbers are
//! read as leniently as redis-cli reads them (`-n abc` is 0).

use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use crate::arguments::{leading_float, leading_integer, unquote};
use crate::format::Output;
use crate::options::{Mode, Options, Resp3, StandardInput};
use crate::original::ReplyStyle;
use crate::uri;

/// Why the program ends here.
#[derive(Debug, PartialEq)]
pub enum Stop {
    Help,
    Version,
    Refused(String),
}

/// What the options said that only matters until all of them are known.
#[derive(Default)]
struct Seen {
    resp2: bool,
    no_auth_warning: bool,
    reply_style: Option<ReplyStyle>,
    original: bool,
}

/// Reads the arguments after the program's name. Warnings go to standard error.
pub fn parse(arguments: Vec<std::ffi::OsString>) -> Result<Options, Stop> {
    let mut arguments =
        arguments.into_iter().map(OsStringExt::into_vec).collect::<Vec<Vec<u8>>>().into_iter().peekable();
    let mut options = Options::new();
    let mut seen = Seen::default();
    while let Some(argument) = arguments.next_if(|argument| argument.first() == Some(&b'-')) {
        let name = String::from_utf8_lossy(&argument).into_owned();
        if flag(&mut options, &mut seen, &name, arguments.peek().is_none())? {
            continue;
        }
        if !takes_value(&name) {
            return Err(unrecognized(&name));
        }
        let value = arguments.next().ok_or_else(|| unrecognized(&name))?;
        valued(&mut options, &mut seen, &name, value)?;
    }
    options.command = arguments.collect();
    finish(options, &seen)
}

fn unrecognized(name: &str) -> Stop {
    Stop::Refused(format!("Unrecognized option or bad number of args for: '{name}'"))
}

fn refused<T>(text: &str) -> Result<T, Stop> {
    Err(Stop::Refused(text.to_owned()))
}

/// Options without a value; false when the name is none of them.
fn flag(options: &mut Options, seen: &mut Seen, name: &str, last: bool) -> Result<bool, Stop> {
    match name {
        "--help" => return Err(Stop::Help),
        "-h" if last => return Err(Stop::Help),
        "-v" | "--version" => return Err(Stop::Version),
        "-x" => set_input(options, StandardInput::LastArgument)?,
        "-2" => seen.resp2 = true,
        "-3" => options.resp3 = Resp3::Required,
        "-e" => options.exit_with_error = true,
        // Redirections exist only in a cluster, and a redisrs server is none.
        "-c" => return refused("Cluster mode (-c) is not supported by redisrs-cli."),
        "--askpass" => options.ask_password = true,
        "--raw" => options.format.output = Output::Raw,
        "--no-raw" => options.format.output = Output::Standard,
        "--csv" => options.format.output = Output::Csv,
        "--json" => options.format.output = Output::Json,
        "--quoted-json" => options.format.output = Output::QuotedJson,
        "--quoted-input" => options.quoted_input = true,
        "--no-auth-warning" => seen.no_auth_warning = true,
        // Accepted for scripts: it only ever made redis-cli's cluster manager talk more.
        "--verbose" => {}
        "--pipe" => options.mode = Mode::Pipe,
        "--scan" => options.mode = Mode::Scan,
        "--bigkeys" => options.mode = Mode::BigKeys,
        "--memkeys" => options.mode = Mode::MemoryKeys,
        "--hotkeys" => options.mode = Mode::HotKeys,
        "--latency" => options.mode = Mode::Latency,
        "--latency-history" => options.mode = Mode::LatencyHistory,
        "--latency-dist" => options.mode = Mode::LatencyDistribution,
        "--stat" => options.mode = Mode::Stat,
        "--original" => seen.original = true,
        _ => return refuse_unsupported(name).map(|()| false),
    }
    Ok(true)
}

/// redis-cli's options that have no meaning here, or none yet, each with its reason.
fn refuse_unsupported(name: &str) -> Result<(), Stop> {
    let reason = match name {
        "--tls" | "--sni" | "--cacert" | "--cacertdir" | "--cert" | "--key" | "--insecure" | "--tls-ciphers"
        | "--tls-ciphersuites" => {
            "TLS is not supported by this redisrs-cli yet; connect without it or through a TLS tunnel such as stunnel"
        }
        "--cluster" | "--cluster-yes" => "there is no cluster manager: redisrs servers do not form clusters",
        "--replica" | "--slave" => "redisrs-cli cannot act as a replica",
        "--rdb" | "--functions-rdb" => "redisrs-cli cannot transfer snapshots; use SAVE or BGSAVE and copy the file",
        "--ldb" | "--ldb-sync-mode" => "there is no Lua debugger in redisrs-cli",
        "--lru-test" => "redisrs-cli has no cache simulation",
        _ => return Ok(()),
    };
    Err(Stop::Refused(format!("Option {name} refused: {reason}.")))
}

fn takes_value(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "-h",
        "-p",
        "-s",
        "-n",
        "-a",
        "-u",
        "-r",
        "-i",
        "-d",
        "-D",
        "-X",
        "--user",
        "--pass",
        "--eval",
        "--show-pushes",
        "--pipe-timeout",
        "--memkeys-samples",
        "--pattern",
        "--quoted-pattern",
        "--count",
        "--intrinsic-latency",
        "--original-replies",
    ];
    NAMES.contains(&name)
}

fn valued(options: &mut Options, seen: &mut Seen, name: &str, value: Vec<u8>) -> Result<(), Stop> {
    let text = || String::from_utf8_lossy(&value).into_owned();
    match name {
        "-h" => options.host = text(),
        "-p" => options.port = leading_integer(&value),
        "-s" => options.socket = Some(text()),
        "-n" => options.database = leading_integer(&value),
        "-a" | "--pass" => options.password = Some(value),
        "--user" => options.user = Some(value),
        "-u" => apply_uri(options, &text())?,
        "-r" => options.repeat = leading_integer(&value),
        // A negative pause is no pause.
        "-i" => {
            options.interval = Duration::try_from_secs_f64(leading_float(&value)).unwrap_or_default();
        }
        "-d" => options.format.element_delimiter = value,
        "-D" => options.format.reply_delimiter = value,
        "-X" => set_input(options, StandardInput::Tag(value))?,
        "--eval" => options.mode = Mode::Eval(text()),
        "--show-pushes" => {
            options.show_pushes = match value.first() {
                Some(b'y' | b'Y') => true,
                Some(b'n' | b'N') => false,
                _ => {
                    // redis-cli says so and goes on.
                    let value = text();
                    eprintln!("Unknown --show-pushes value '{value}' (valid: '[y]es', '[n]o')");
                    options.show_pushes
                }
            };
        }
        "--pipe-timeout" => options.pipe_timeout_seconds = leading_integer(&value),
        "--memkeys-samples" => {
            options.mode = Mode::MemoryKeys;
            options.memory_samples = Some(leading_integer(&value));
        }
        "--pattern" => options.pattern = Some(value),
        "--quoted-pattern" => match unquote(&value) {
            Some(pattern) => options.pattern = Some(pattern),
            None => return refused("Invalid quoted string specified for --quoted-pattern."),
        },
        "--count" => options.scan_count = Some(leading_integer(&value)),
        "--intrinsic-latency" => options.mode = Mode::IntrinsicLatency(leading_integer(&value)),
        "--original-replies" => {
            seen.reply_style = Some(match value.as_slice() {
                b"typed" => ReplyStyle::Typed,
                b"status" => ReplyStyle::Status,
                _ => {
                    return refused(&format!(
                        "Unknown --original-replies value '{}' (valid: 'typed', 'status')",
                        text()
                    ));
                }
            });
        }
        _ => return Err(unrecognized(name)),
    }
    Ok(())
}

fn set_input(options: &mut Options, input: StandardInput) -> Result<(), Stop> {
    if options.input != StandardInput::Unused
        && std::mem::discriminant(&options.input) != std::mem::discriminant(&input)
    {
        return refused("Options -x and -X are mutually exclusive.");
    }
    options.input = input;
    Ok(())
}

fn apply_uri(options: &mut Options, text: &str) -> Result<(), Stop> {
    let uri = uri::parse(text).map_err(|reason| Stop::Refused(reason.to_owned()))?;
    if uri.password.is_some() {
        options.user = uri.user;
        options.password = uri.password;
    }
    if let Some(host) = uri.host {
        options.host = host;
    }
    options.port = uri.port.unwrap_or(options.port);
    options.database = uri.database.unwrap_or(options.database);
    Ok(())
}

fn finish(mut options: Options, seen: &Seen) -> Result<Options, Stop> {
    if seen.resp2 && options.resp3 != Resp3::No {
        return refused("Options -2 and -3 are mutually exclusive.");
    }
    if options.socket.is_none() && !(0..=65535).contains(&options.port) {
        return refused("Invalid server port.");
    }
    if options.password.is_some() && !seen.no_auth_warning {
        eprintln!("Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.");
    }
    let json = matches!(options.format.output, Output::Json | Output::QuotedJson);
    if json && !seen.resp2 && options.resp3 == Resp3::No {
        options.resp3 = Resp3::Preferred;
    }
    if options.password.is_none() {
        options.password = std::env::var_os("REDISCLI_AUTH").map(OsStringExt::into_vec);
    }
    if seen.original {
        options.original = Some(seen.reply_style.unwrap_or(ReplyStyle::Either));
        check_original(&options)?;
    } else if seen.reply_style.is_some() {
        return refused("Option --original-replies only works together with --original.");
    }
    Ok(options)
}

/// The length-prefixed protocol knows commands and nothing around them.
fn check_original(options: &Options) -> Result<(), Stop> {
    let conflict = if options.mode != Mode::Command {
        "special modes such as --pipe or --scan"
    } else if options.resp3 == Resp3::Required {
        "-3"
    } else if options.database != 0 {
        "-n"
    } else if options.user.is_some() || options.ask_password {
        "--user and --askpass"
    } else if matches!(options.format.output, Output::Csv | Output::Json | Output::QuotedJson) {
        "--csv and --json"
    } else {
        return Ok(());
    };
    refused(&format!("Option --original cannot be combined with {conflict}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Options, Stop> {
        parse(arguments.iter().map(Into::into).collect())
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let options = parsed(&["-p", "7000", "-3", "set", "-p", "-x"]).unwrap();
        assert_eq!(options.port, 7000);
        assert_eq!(options.resp3, Resp3::Required);
        assert_eq!(options.command, [b"set".to_vec(), b"-p".to_vec(), b"-x".to_vec()]);
    }

    #[test]
    fn json_prefers_resp3() {
        assert_eq!(parsed(&["--json"]).unwrap().resp3, Resp3::Preferred);
        assert_eq!(parsed(&["--json", "-2"]).unwrap().resp3, Resp3::No);
        assert_eq!(parsed(&["--json", "-3"]).unwrap().resp3, Resp3::Required);
    }

    #[test]
    fn a_uri_sets_what_it_names() {
        let options = parsed(&["-p", "1", "--no-auth-warning", "-u", "redis://u:p@h/2"]).unwrap();
        assert_eq!((options.host.as_str(), options.port), ("h", 1));
        assert_eq!(options.database, 2);
        assert_eq!(options.user.as_deref(), Some(&b"u"[..]));
    }

    #[test]
    fn refusals_say_why() {
        for arguments in [
            &["--bogus"][..],
            &["-p"],
            &["-2", "-3"],
            &["-x", "-X", "t"],
            &["--quoted-pattern", "\"a"],
            &["-p", "70000"],
            &["-u", "http://x"],
            &["--tls"],
            &["--cluster", "info"],
            &["-c"],
            &["--replica"],
            &["--rdb", "f"],
            &["--functions-rdb", "f"],
            &["--ldb"],
            &["--lru-test", "1"],
            &["--original-replies", "status"],
            &["--original", "-3"],
            &["--original", "--pipe"],
        ] {
            let Err(Stop::Refused(text)) = parsed(arguments) else {
                panic!("{arguments:?} accepted");
            };
            assert!(text.len() > 15, "{text}");
        }
    }

    #[test]
    fn help_and_version() {
        assert_eq!(parsed(&["--help"]).unwrap_err(), Stop::Help);
        assert_eq!(parsed(&["-h"]).unwrap_err(), Stop::Help);
        assert_eq!(parsed(&["-v"]).unwrap_err(), Stop::Version);
        assert_eq!(parsed(&["-h", "x"]).unwrap().host, "x");
    }
}
