//! The server program: see [`redisrs::server::program`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    ExitCode::from(u8::try_from(redisrs::server::program::run(&args)).unwrap_or(1))
}
