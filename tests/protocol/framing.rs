//! Cases about multibulk requests: lengths, limits, incomplete and malformed frames.

use super::case::{Case, Ends, case, commands};

/// Makes the limit on bulk strings small enough to reach.
pub const LIMIT_OPTIONS: &[&str] = &["--proto-max-bulk-len", "1mb"];

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // Requests without arguments are skipped.
    for bytes in [&b"*0\r\n"[..], b"*-1\r\n", b"*-10\r\n", b"*0\r\n*0\r\n*1\r\n$4\r\nPING\r\n", b"*00\r\n", PING] {
        let odd = bytes == b"*00\r\n";
        cases.push(case(bytes, if odd { Ends::Closed } else { Ends::Open }));
    }
    // Lengths that are no integers, or too large.
    for count in [
        "abc",
        "",
        " 1",
        "+1",
        "1 ",
        "01",
        "-0",
        "1.0",
        "0x1",
        "2147483648",
        "9223372036854775808",
        "-9223372036854775809",
        "--1",
    ] {
        cases.push(case(format!("*{count}\r\n$4\r\nPING\r\n").as_bytes(), Ends::Closed));
    }
    for length in ["abc", "", " 4", "+4", "4 ", "04", "-0", "-1", "-2", "536870913", "9223372036854775808", "4.0"] {
        cases.push(case(format!("*1\r\n${length}\r\nPING\r\n").as_bytes(), Ends::Closed));
        cases.push(case(format!("*2\r\n$4\r\nECHO\r\n${length}\r\nPING\r\n").as_bytes(), Ends::Closed));
    }
    // What came before the error is answered.
    cases.push(case(&[PING, b"*x\r\n", PING].concat(), Ends::Closed));
    cases.push(case(&[PING, PING, b"*1\r\n$-5\r\n"].concat(), Ends::Closed));
    // Something else than a bulk string where one must be.
    for marker in [
        "x4\r\n",
        "+PING\r\n",
        ":1\r\n",
        "*1\r\n",
        "\r\n",
        "\n\r\n",
        "\x7f\r\n",
        " $4\r\n",
        "'\r\n",
        "\"\r\n",
        "\\\r\n",
    ] {
        cases.push(case(format!("*1\r\n{marker}PING\r\n").as_bytes(), Ends::Closed));
    }
    cases.push(case(b"*1\r\n\xff\r\n", Ends::Closed));
    // The two bytes after a bulk string, and the second byte of a line end, are not looked at.
    cases.push(case(b"*1\r\n$4\r\nPINGxx", Ends::Open));
    cases.push(case(b"*1\rx$4\rxPING\r\n", Ends::Open));
    // The search for the end of a length line stops at a NUL.
    for bytes in [
        &b"*1\0\r\n$4\r\nPING\r\n"[..],
        b"*1\r\n$4\0\r\nPING\r\n",
        b"*2\r\n$4\r\nECHO\r\n$4\0\r\nPING\r\n",
        b"*1\r\n\0\r\nPING\r\n",
    ] {
        cases.push(case(bytes, Ends::Waiting));
    }
    // Lines end in CR LF, not LF.
    cases.push(case(b"*1\n$4\nPING\n", Ends::Waiting));
    for prefix in [
        &b"*"[..],
        b"*1",
        b"*1\r",
        b"*1\r\n",
        b"*1\r\n$",
        b"*1\r\n$4",
        b"*1\r\n$4\r\n",
        b"*1\r\n$4\r\nPIN",
        b"*1\r\n$4\r\nPING",
        b"*1\r\n$4\r\nPING\r",
    ] {
        cases.push(case(prefix, Ends::Waiting));
        cases.push(case(&[PING, prefix].concat(), Ends::Waiting));
    }
    for count in ["2", "1024", "1048576", "1048577", "2147483647"] {
        cases.push(case(format!("*{count}\r\n$4\r\nPING\r\n").as_bytes(), Ends::Waiting));
    }
    // Names and arguments are binary safe.
    cases.push(case(b"*1\r\n$0\r\n\r\n", Ends::Open));
    // Not PING\0: Redis compares a name with that of the last command on the connection as C strings, so its answer
    // depends on what came before.
    cases.push(case(b"*1\r\n$5\r\nXING\0\r\n", Ends::Open));
    cases.push(case(b"*2\r\n$4\r\nECHO\r\n$6\r\n\r\n\0*1\n\r\n", Ends::Open));
    cases.push(case(b"*2\r\n$4\r\neChO\r\n$0\r\n\r\n", Ends::Open));
    // Pipelines and large requests.
    cases.push(case(&PING.repeat(300), Ends::Open));
    let long = "x".repeat(200_000);
    cases.push(commands(&[&["SET", "k", &long], &["STRLEN", "k"], &["GET", "k"], &["DEL", "k"]], Ends::Open));
    let many: Vec<&str> = std::iter::once("EXISTS").chain(std::iter::repeat_n("k", 5000)).collect();
    cases.push(commands(&[&many, &["PING"]], Ends::Open));
    // Length lines that never end: one byte more than 64 KB, so that nothing is left unread.
    cases.push(case(&[b"*".to_vec(), vec![b'1'; 65536]].concat(), Ends::Closed));
    cases.push(case(&[b"*".to_vec(), vec![b'1'; 65535]].concat(), Ends::Waiting));
    cases.push(case(&[b"*1\r\n$".to_vec(), vec![b'1'; 65536]].concat(), Ends::Closed));
    cases.push(case(&[b"*1\r\n$".to_vec(), vec![b'1'; 65535]].concat(), Ends::Waiting));
    // Mixed with inline requests, which any other first byte begins.
    cases.push(case(b"PING\r\n*1\r\n$4\r\nPING\r\nECHO x\r\n", Ends::Open));
    cases.push(case(b"$4\r\nPING\r\n", Ends::Open));
    cases
}

pub fn limit_cases() -> Vec<Case> {
    let bulk = |length: usize| format!("*2\r\n$4\r\nECHO\r\n${length}\r\n").into_bytes();
    let body = "y".repeat(1024 * 1024);
    vec![
        case(&bulk(1024 * 1024), Ends::Waiting),
        case(&bulk(1024 * 1024 + 1), Ends::Closed),
        case(&[&bulk(1024 * 1024)[..], body.as_bytes(), b"\r\n"].concat(), Ends::Open),
        // The limit holds for what commands make as well.
        commands(&[&["SET", "k", &body], &["APPEND", "k", "z"], &["STRLEN", "k"], &["DEL", "k"]], Ends::Open),
        commands(
            &[&["SETRANGE", "k", "1048576", "z"], &["SETRANGE", "k", "1048575", "z"], &["STRLEN", "k"], &["DEL", "k"]],
            Ends::Open,
        ),
        commands(
            &[&["SETRANGE", "k", "9223372036854775807", "z"], &["SETRANGE", "k", "1048576", ""], &["EXISTS", "k"]],
            Ends::Open,
        ),
        commands(
            &[&["CONFIG", "GET", "proto-max-bulk-len"], &["CONFIG", "SET", "proto-max-bulk-len", "1mb"]],
            Ends::Open,
        ),
        commands(
            &[&["CONFIG", "SET", "proto-max-bulk-len", "1023kb"], &["CONFIG", "SET", "proto-max-bulk-len", "-1"]],
            Ends::Open,
        ),
    ]
}
