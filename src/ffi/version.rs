//! The version of the library at run time; the header has the same as macros, made from Cargo.toml.

use std::ffi::{CStr, c_char};

const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => panic!("a version holds no NUL"),
};

/// The decimal number in a part of the version.
const fn number(digits: &str) -> u32 {
    let digits = digits.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        assert!(digits[at].is_ascii_digit());
        value = value * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    value
}

/// `major * 1000000 + minor * 1000 + patch`.
pub const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 1000
    + number(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library that runs, such as `"0.1.0"`; compare with `RS_VERSION`, that of the header the
/// program was compiled with. A static string. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_version() -> *const c_char {
    TEXT.as_ptr()
}

/// The same as a number that grows with every version: major * 1000000 + minor * 1000 + patch; compare with
/// `RS_VERSION_NUMBER`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_version_number() -> u32 {
    NUMBER
}
