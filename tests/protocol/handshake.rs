//! Cases about the state of a connection: HELLO, AUTH, SELECT, RESET, QUIT, CLIENT REPLY, and unknown commands.

use super::case::{Case, Ends, case, commands};

pub fn cases() -> Vec<Case> {
    let open: &[&[&[&str]]] = &[
        &[&["HELLO"]],
        &[&["HELLO", "2"]],
        &[&["HELLO", "3"]],
        &[&["hello", "3"], &["HELLO"], &["HELLO", "2"], &["GET", "missing"]],
        &[&["HELLO", "1"]],
        &[&["HELLO", "4"]],
        &[&["HELLO", "0"]],
        &[&["HELLO", "-1"]],
        &[&["HELLO", "abc"]],
        &[&["HELLO", ""]],
        &[&["HELLO", "3.0"]],
        &[&["HELLO", " 3"]],
        &[&["HELLO", "+3"]],
        &[&["HELLO", "03"]],
        &[&["HELLO", "9223372036854775807"]],
        &[&["HELLO", "9223372036854775808"]],
        &[&["HELLO", "-9223372036854775809"]],
        &[&["HELLO", "AUTH", "default", ""]],
        &[&["HELLO", "3", "AUTH", "default", ""]],
        &[&["HELLO", "3", "auth", "default", "whatever"], &["GET", "missing"]],
        &[&["HELLO", "3", "AUTH", "default"]],
        &[&["HELLO", "3", "AUTH"]],
        &[&["HELLO", "3", "AUTH", "nobody", "x"], &["GET", "missing"]],
        &[&["HELLO", "3", "AUTH", "DEFAULT", "x"]],
        &[&["HELLO", "3", "SETNAME", "me"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "SETNAME", ""], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "SETNAME", "bad name"], &["CLIENT", "GETNAME"], &["GET", "missing"]],
        &[&["HELLO", "3", "SETNAME", "bad\nname"]],
        &[&["HELLO", "3", "SETNAME"]],
        &[&["HELLO", "3", "SETNAME", "a", "SETNAME", "b"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "2", "AUTH", "default", "x", "SETNAME", "a"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "2", "SETNAME", "a", "AUTH", "nobody", "x"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "NOSUCH"]],
        &[&["HELLO", "3", "NOSUCH\r\nOPTION", "x"]],
        &[&["HELLO", "5", "NOSUCH"]],
        &[&["CLIENT", "SETNAME", "a"], &["HELLO", "3", "SETNAME", ""], &["CLIENT", "GETNAME"]],
        // Types that differ between the protocols.
        &[
            &["HELLO", "3"],
            &["GET", "missing"],
            &["MGET", "missing", "missing"],
            &["CONFIG", "GET", "databases"],
            &["CONFIG", "GET", "nosuch"],
        ],
        &[
            &["HELLO", "3"],
            &["NOSUCH"],
            &["GET"],
            &["COMMAND", "INFO", "nosuch"],
            &["CLIENT", "GETNAME"],
            &["SCAN", "0", "COUNT", "0"],
        ],
        &[
            &["HELLO", "3"],
            &["MSET", "l1", "ohmytext", "l2", "mynewtext"],
            &["LCS", "l1", "l2", "IDX", "WITHMATCHLEN"],
            &["HELLO", "2"],
            &["LCS", "l1", "l2", "IDX", "WITHMATCHLEN"],
            &["DEL", "l1", "l2"],
        ],
        &[
            &["HELLO", "3"],
            &["COMMAND", "INFO", "nosuch", "nosuch"],
            &["COMMAND", "DOCS", "nosuch"],
            &["RANDOMKEY"],
            &["KEYS", "*"],
        ],
        // AUTH without a password set.
        &[&["AUTH", "x"]],
        &[&["AUTH", ""]],
        &[&["AUTH", "default", "x"]],
        &[&["AUTH", "default", ""]],
        &[&["AUTH", "nobody", "x"]],
        &[&["AUTH"]],
        &[&["AUTH", "a", "b", "c"]],
        // SELECT.
        &[
            &["SELECT", "0"],
            &["SELECT", "15"],
            &["SELECT", "16"],
            &["SELECT", "-1"],
            &["SELECT", "abc"],
            &["SELECT", ""],
        ],
        &[
            &["SELECT", "1.0"],
            &["SELECT", " 1"],
            &["SELECT", "+1"],
            &["SELECT", "01"],
            &["SELECT", "1 "],
            &["SELECT", "-0"],
        ],
        &[&["SELECT", "2147483647"], &["SELECT", "2147483648"], &["SELECT", "4294967296"], &["SELECT", "-2147483649"]],
        &[
            &["SELECT", "9223372036854775807"],
            &["SELECT", "9223372036854775808"],
            &["SELECT", "99999999999999999999999"],
            &["SELECT", "0x1"],
        ],
        &[&["SELECT"], &["SELECT", "1", "2"]],
        &[&["SELECT", "3"], &["SET", "k", "3"], &["SELECT", "99"], &["GET", "k"], &["DEL", "k"]],
        // RESET.
        &[&["RESET"], &["RESET", "x"]],
        &[&["HELLO", "3"], &["RESET"], &["GET", "missing"]],
        &[&["CLIENT", "SETNAME", "a"], &["RESET"], &["CLIENT", "GETNAME"]],
        &[
            &["SELECT", "5"],
            &["SET", "k", "5"],
            &["RESET"],
            &["GET", "k"],
            &["SELECT", "5"],
            &["GET", "k"],
            &["DEL", "k"],
        ],
        &[&["CLIENT", "REPLY", "OFF"], &["RESET"], &["PING"]],
        &[&["CLIENT", "NO-EVICT", "ON"], &["RESET"], &["PING"]],
        // CLIENT REPLY.
        &[&["CLIENT", "REPLY", "ON"], &["PING"]],
        &[&["CLIENT", "REPLY", "OFF"], &["PING"], &["NOSUCH"], &["GET"], &["CLIENT", "REPLY", "ON"], &["PING"]],
        &[&["CLIENT", "REPLY", "SKIP"], &["PING"], &["ECHO", "after"]],
        &[&["CLIENT", "REPLY", "SKIP"], &["NOSUCH"], &["ECHO", "after"]],
        &[&["CLIENT", "REPLY", "SKIP"], &["CLIENT", "REPLY", "SKIP"], &["ECHO", "a"], &["ECHO", "b"]],
        &[&["CLIENT", "REPLY", "SKIP"], &["CLIENT", "REPLY", "ON"], &["ECHO", "a"], &["ECHO", "b"]],
        &[
            &["CLIENT", "REPLY", "SKIP"],
            &["CLIENT", "REPLY", "OFF"],
            &["ECHO", "a"],
            &["CLIENT", "REPLY", "ON"],
            &["ECHO", "b"],
        ],
        &[
            &["CLIENT", "REPLY", "OFF"],
            &["CLIENT", "REPLY", "SKIP"],
            &["ECHO", "a"],
            &["CLIENT", "REPLY", "ON"],
            &["ECHO", "b"],
        ],
        &[
            &["CLIENT", "REPLY", "OFF"],
            &["CLIENT", "REPLY", "nosuch"],
            &["CLIENT", "REPLY"],
            &["CLIENT", "REPLY", "ON"],
        ],
        &[
            &["CLIENT", "REPLY", "nosuch"],
            &["CLIENT", "REPLY"],
            &["CLIENT", "REPLY", "ON", "x"],
            &["CLIENT", "REPLY", ""],
        ],
        &[
            &["HELLO", "3"],
            &["CLIENT", "REPLY", "OFF"],
            &["HELLO", "2"],
            &["CLIENT", "REPLY", "ON"],
            &["GET", "missing"],
        ],
        &[&["CLIENT", "REPLY", "SKIP"], &["SET", "skipped", "1"], &["GET", "skipped"], &["DEL", "skipped"]],
    ];
    let mut cases: Vec<Case> = open.iter().map(|list| commands(list, Ends::Open)).collect();
    let closed: &[&[&[&str]]] = &[
        &[&["QUIT"]],
        &[&["quit", "x", "y"]],
        &[&["PING"], &["QUIT"], &["PING"], &["SET", "after-quit", "1"]],
        &[&["HELLO", "3"], &["QUIT"]],
    ];
    cases.extend(closed.iter().map(|list| commands(list, Ends::Closed)));
    // QUIT closes after its reply has been written: without a reply, it never does.
    cases.push(commands(&[&["CLIENT", "REPLY", "OFF"], &["PING"], &["QUIT"], &["PING"]], Ends::Waiting));
    cases.push(commands(&[&["CLIENT", "REPLY", "SKIP"], &["QUIT"]], Ends::Waiting));
    // Nothing after QUIT may have run.
    cases.push(commands(&[&["EXISTS", "after-quit"]], Ends::Open));
    cases
}

/// For servers started with `--requirepass secret`.
pub fn password_cases() -> Vec<Case> {
    let open: &[&[&[&str]]] = &[
        &[
            &["PING"],
            &["GET", "k"],
            &["COMMAND"],
            &["INFO"],
            &["CLIENT", "ID"],
            &["SELECT", "1"],
            &["ECHO", "x"],
            &["CONFIG", "GET", "*"],
        ],
        &[&["NOSUCH"], &["GET"], &["CONFIG", "NOSUCH"], &["RESET"], &["PING"]],
        &[&["AUTH", "secret"], &["PING"]],
        &[&["AUTH", "wrong"], &["PING"]],
        &[&["AUTH", "SECRET"], &["PING"]],
        &[&["AUTH", ""], &["AUTH", "secre"], &["AUTH", "secrets"], &["AUTH", "secret\0"], &["PING"]],
        &[&["AUTH", "default", "secret"], &["PING"]],
        &[&["AUTH", "DEFAULT", "secret"], &["PING"]],
        &[&["AUTH", "nobody", "secret"], &["PING"]],
        &[&["AUTH"], &["AUTH", "default", "secret", "x"], &["PING"]],
        &[&["AUTH", "secret"], &["AUTH", "wrong"], &["PING"]],
        &[&["AUTH", "secret"], &["RESET"], &["PING"]],
        &[&["AUTH", "secret"], &["CONFIG", "GET", "requirepass"]],
        &[&["HELLO"], &["HELLO", "2"], &["HELLO", "3"], &["PING"]],
        &[&["HELLO", "4"], &["HELLO", "abc"], &["HELLO", "3", "NOSUCH"], &["HELLO", "3", "SETNAME", "a"]],
        &[&["HELLO", "3", "AUTH", "default", "secret"], &["GET", "missing"]],
        &[&["HELLO", "3", "AUTH", "default", "wrong"], &["GET", "missing"]],
        &[&["HELLO", "3", "AUTH", "nobody", "secret"], &["GET", "missing"]],
        &[&["HELLO", "2", "AUTH", "default", "secret", "SETNAME", "a"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "SETNAME", "a", "AUTH", "default", "secret"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "SETNAME", "bad name", "AUTH", "default", "secret"], &["CLIENT", "GETNAME"]],
        &[&["HELLO", "3", "AUTH", "default", "secret", "NOSUCH"], &["PING"]],
        &[&["CLIENT", "REPLY", "OFF"], &["PING"]],
        &[
            &["AUTH", "secret"],
            &["CONFIG", "SET", "requirepass", ""],
            &["AUTH", "x"],
            &["CONFIG", "SET", "requirepass", "secret"],
            &["PING"],
        ],
    ];
    let mut cases: Vec<Case> = open.iter().map(|list| commands(list, Ends::Open)).collect();
    cases.push(commands(&[&["QUIT"]], Ends::Closed));
    cases.push(commands(&[&["PING"], &["QUIT"], &["PING"]], Ends::Closed));
    // What a stranger may make the server read.
    cases.push(case(b"*10\r\n", Ends::Waiting));
    cases.push(case(b"*11\r\n", Ends::Closed));
    cases.push(case(b"*2147483648\r\n", Ends::Closed));
    cases.push(case(b"*1\r\n$16384\r\n", Ends::Waiting));
    cases.push(case(b"*1\r\n$16385\r\n", Ends::Closed));
    cases.push(case(b"*1\r\n$536870913\r\n", Ends::Closed));
    cases.push(case(b"AUTH secret\r\n*11\r\n", Ends::Waiting));
    cases.push(case(b"AUTH secret\r\n*1\r\n$16385\r\n", Ends::Waiting));
    cases.push(case(b"AUTH wrong\r\n*11\r\n", Ends::Closed));
    cases.push(case(b"PING 1 2 3 4 5 6 7 8 9 10 11 12\r\n", Ends::Open));
    cases
}

/// The error names the command and the beginning of its arguments, both shortened and cleaned.
pub fn unknown_cases() -> Vec<Case> {
    let (long, longer) = ("x".repeat(100), "y".repeat(200));
    let many = vec!["arg"; 60];
    let numbers: Vec<String> = (0..80).map(|number| number.to_string()).collect();
    let numbered: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let lists: &[&[&str]] = &[
        &["NOSUCH"],
        &["nosuch", "a"],
        &["nosuch", ""],
        &["nosuch", "", "", "a"],
        &["", "a"],
        &["no such", "a b"],
        &["nosuch", "line\r\nbreak", "\n", "\r"],
        &["no\r\nsuch", "x"],
        &["nosuch", "quote'd", "\"double\""],
        &["nosuch", "nul\0byte", "after"],
        &["nul\0byte", "x"],
        &["nosuch", "\x01\x7f"],
        &["nosuch", &long],
        &["nosuch", &long, &long, &long],
        &["nosuch", &longer, "tail"],
        &[&long, "x"],
        &[&longer, "x"],
        &[&longer, &longer],
        &["config", "nosuch"],
        &["CONFIG", "NoSuch", "a", "b"],
        &["client", &longer],
        &["object", "no\r\nsuch", "key"],
        &["command", ""],
        &["get|x"],
        &["config|get", "x"],
        &["config", "get|x"],
    ];
    let mut cases: Vec<Case> = lists.iter().map(|list| commands(&[list], Ends::Open)).collect();
    cases.push(commands(&[&[&["nosuch"], &many[..]].concat()], Ends::Open));
    cases.push(commands(&[&[&["nosuch"], &numbered[..]].concat()], Ends::Open));
    // Arguments around the 128 bytes that are shown.
    for length in 110..135 {
        cases.push(commands(&[&["nosuch", &"z".repeat(length), "tail"]], Ends::Open));
        cases.push(commands(&[&["config", &"z".repeat(length)]], Ends::Open));
    }
    cases
}
