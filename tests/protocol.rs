//! Protocol cases: raw bytes in, raw bytes out, until the connection ends as expected; both servers must agree.
//!
//! The tables are in `protocol/`; each case says how it ends, and the real server is asked whether that is true, so a
//! wrong table is noticed. Every short case runs twice: written at once, and byte by byte.

#[path = "oracle/mod.rs"]
mod harness;

#[path = "protocol/arity.rs"]
mod arity;
#[path = "protocol/case.rs"]
mod case;
#[path = "protocol/clients.rs"]
mod clients;
#[path = "protocol/framing.rs"]
mod framing;
#[path = "protocol/handshake.rs"]
mod handshake;
#[path = "protocol/inline.rs"]
mod inline;

#[test]
fn multibulk_framing() {
    case::run(&[], framing::cases());
}

#[test]
fn limits() {
    case::run(framing::LIMIT_OPTIONS, framing::limit_cases());
}

#[test]
fn inline_commands() {
    case::run(&[], inline::cases());
}

#[test]
fn handshake_without_password() {
    case::run(&[], handshake::cases());
}

#[test]
fn handshake_with_password() {
    case::run(&["--requirepass", "secret"], handshake::password_cases());
}

#[test]
fn unknown_commands() {
    case::run(&[], handshake::unknown_cases());
}

#[test]
fn wrong_arity_of_every_command() {
    arity::run();
}

#[test]
fn client_kill() {
    clients::kill();
}

#[test]
fn monitor() {
    clients::monitor();
}
