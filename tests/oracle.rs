//! Random differential test: our server and the real one get the same seeded commands and must give the same replies.
//!
//! `cargo test --test oracle` runs a small fixed budget; `oracle/campaign.rs` lists the variables that change it, and
//! `oracle/mod.rs` has the map of the harness.

#[path = "oracle/mod.rs"]
mod harness;

#[path = "oracle/coverage.rs"]
mod coverage;

#[path = "oracle/exchange.rs"]
mod exchange;

#[path = "oracle/waits.rs"]
mod waits;

use harness::campaign::run_family;

#[test]
fn knows_every_command_of_the_grammars() {
    coverage::commands();
}

#[test]
fn prints_every_info_field() {
    coverage::info_fields();
}

#[test]
fn strings() {
    run_family("strings");
}

#[test]
fn keys() {
    run_family("keys");
}

#[test]
fn connection() {
    run_family("connection");
}

#[test]
fn server() {
    run_family("server");
}

#[test]
fn bits() {
    run_family("bits");
}

#[test]
fn sets() {
    run_family("sets");
}

#[test]
fn lists() {
    run_family("lists");
}

#[test]
fn hashes() {
    run_family("hashes");
}

#[test]
fn sort() {
    run_family("sort");
}

#[test]
fn types() {
    run_family("types");
}

#[test]
fn payloads_are_exchanged() {
    exchange::compare();
}

#[test]
fn dump() {
    run_family("dump");
}

#[test]
fn streams() {
    run_family("streams");
}

#[test]
fn zsets() {
    run_family("zsets");
}

#[test]
fn geo() {
    run_family("geo");
}

#[test]
fn clients_that_wait() {
    waits::compare();
}

#[test]
fn mixed() {
    run_family("mixed");
}
