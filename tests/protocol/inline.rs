//! Cases about inline requests: line ends, blanks, quoting and escapes as in sds.c, limits.

use super::case::{Case, Ends, case};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let open: &[&[u8]] = &[
        b"PING\r\n",
        b"PING\n",
        b"ping\n",
        // Empty lines are skipped.
        b"\r\n",
        b"\n",
        b"\n\n\r\n\n",
        b"\r\n\r\nPING\r\n",
        b"   \r\nPING\r\n",
        b"\t\r\nPING\r\n",
        // Blanks.
        b"  PING  \r\n",
        b"\tECHO\t\tx\t\r\n",
        b"\x0bECHO\x0cx\r\n",
        b"ECHO  a\r\nECHO b\n",
        b"ECHO a\r\r\n",
        b"ECHO a\rb\r\n",
        b"\rPING\r\n",
        // Double quotes.
        b"ECHO \"\"\r\n",
        b"ECHO \"a b\"\r\n",
        b"ECHO \"a\\nb\\rc\\td\\be\\af\\\\g\\\"h\"\r\n",
        b"ECHO \"\\x00\\xff\\xFf\\x41\"\r\n",
        b"ECHO \"\\xZZ \\x4 \\x\"\r\n",
        b"ECHO \"\\q\\'\\0\"\r\n",
        b"\"ECHO\" \"a\"\r\n",
        b"ECHO \"it's\"\r\n",
        b"\"\"\r\n",
        b"\"\" x\r\n",
        b"\"\\x45CHO\" x\r\n",
        // Single quotes.
        b"ECHO ''\r\n",
        b"ECHO 'a b'\r\n",
        b"ECHO 'a\\nb'\r\n",
        b"ECHO 'it\\'s'\r\n",
        b"ECHO '\\x41'\r\n",
        b"ECHO 'a\"b'\r\n",
        b"''\r\n",
        // Quotes that begin inside a word.
        b"ECHO a\"b c\"\r\n",
        b"ECHO a'b c'\r\n",
        b"ECHO a\\nb\r\n",
        // Not a multibulk, though it looks like one.
        b" *1\r\n",
        b"$4\r\n",
        b"+OK\r\n",
        b"-ERR x\r\n",
        b":1\r\n",
        b"\xff\xfe\r\n",
        b"ECHO \xc3\xa9\r\n",
        // Arity and unknown names as for any request.
        b"ECHO\r\n",
        b"ECHO a b\r\n",
        b"NOSUCH a b c\r\n",
        b"SET inline 1\r\nINCR inline\r\nGET inline\r\nDEL inline\r\n",
        b"GET / HTTP/1.1\r\n",
    ];
    cases.extend(open.iter().map(|bytes| case(bytes, Ends::Open)));
    let closed: &[&[u8]] = &[
        b"ECHO \"a\r\n",
        b"ECHO 'a\r\n",
        b"ECHO \"\r\n",
        b"ECHO '\r\n",
        b"ECHO \"a\\\"\r\n",
        b"ECHO 'a\\'\r\n",
        // A closing quote must be followed by a blank.
        b"ECHO \"a\"b\r\n",
        b"ECHO 'a'b\r\n",
        b"ECHO \"a\"\"b\"\r\n",
        // A backslash outside quotes escapes nothing.
        b"ECHO \\\"x\r\n",
        b"PING\r\nECHO \"a\r\nPING\r\n",
        b"\"\r\n",
        b"QUIT\r\n",
        b"quit\n",
        b"QUIT\r\nPING\r\n",
        b"PING\r\nQUIT now please\r\nPING\r\n",
        // Browsers are turned away.
        b"POST / HTTP/1.1\r\n",
        b"post\r\n",
        b"Host: localhost\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    cases.extend(closed.iter().map(|bytes| case(bytes, Ends::Closed)));
    // The search for the line end stops at a NUL.
    for bytes in [
        &b"PING\0\r\n"[..],
        b"\0\r\n",
        b"\0PING\r\n",
        b"ECHO a\0b\r\n",
        b"ECHO a \0b c\r\n",
        b"PING \0\r\n",
        b"ECHO \"a\0b\"\r\n",
        b"PING\r\nPING\0\r\nPING\r\n",
    ] {
        cases.push(case(bytes, Ends::Waiting));
    }
    for prefix in [&b"P"[..], b"PING", b"PING\r", b"ECHO \"a", b" ", b"\r"] {
        cases.push(case(prefix, Ends::Waiting));
    }
    // 64 KB without a line end are borne, one byte more is not; it is the last byte sent, so that nothing is left unread.
    cases.push(case(&[b'a'; 65536], Ends::Waiting));
    cases.push(case(&[b'a'; 65537], Ends::Closed));
    cases.push(case(&[b"PING\r\n".to_vec(), vec![b'a'; 65537]].concat(), Ends::Closed));
    cases.push(case(&[b"ECHO ".to_vec(), vec![b'a'; 60000], b"\r\n".to_vec()].concat(), Ends::Open));
    cases.push(case(
        &[b"ECHO ".to_vec(), b"\"\\x41\"".to_vec(), b" ".repeat(10000), b"\r\n".to_vec()].concat(),
        Ends::Open,
    ));
    cases
}
