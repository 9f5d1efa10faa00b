//! Deadlines of keys at the ends of their range: any that Redis takes is kept to the millisecond, through every command that moves
//! it, and those that can never come hold nobody up.

#[path = "common/session.rs"]
mod session;

use session::Store;

/// What fits into 48 bits, what does not, and the largest there is.
const FAR_MS: [i64; 6] = [(1 << 47) + 1, (1 << 48) - 2, (1 << 48) - 1, 1 << 48, 1 << 62, i64::MAX];

#[test]
fn far_deadlines_are_exact() {
    let store = Store::new();
    let mut client = store.client();
    for (number, at_ms) in FAR_MS.into_iter().enumerate() {
        let told = format!(":{at_ms}\r\n");
        client.expect(&[
            (&format!("SET k{number} v"), "+OK\r\n"),
            (&format!("PEXPIREAT k{number} {at_ms}"), ":1\r\n"),
            (&format!("PEXPIRETIME k{number}"), &told),
            (&format!("EXPIRETIME k{number}"), &format!(":{}\r\n", (i128::from(at_ms) + 500) / 1000)),
            // It moves with its key, which itself moves when it grows.
            (&format!("RENAME k{number} r{number}"), "+OK\r\n"),
            (&format!("PEXPIRETIME r{number}"), &told),
            (&format!("COPY r{number} c{number}"), ":1\r\n"),
            (&format!("SETRANGE r{number} 200 x"), ":201\r\n"),
            (&format!("SETRANGE r{number} 3000 x"), ":3001\r\n"),
            (&format!("PEXPIRETIME r{number}"), &told),
            (&format!("PEXPIRETIME c{number}"), &told),
            (&format!("MOVE c{number} 1"), ":1\r\n"),
        ]);
    }
    // Each can be replaced by any other, and by none.
    for from in FAR_MS {
        for to in FAR_MS.into_iter().chain([1_800_000_000_000]) {
            client.expect(&[
                (&format!("SET k v PXAT {from}"), "+OK\r\n"),
                (&format!("PEXPIREAT k {to}"), ":1\r\n"),
                ("PEXPIRETIME k", &format!(":{to}\r\n")),
                (&format!("PEXPIREAT k {from}"), ":1\r\n"),
                ("PEXPIRETIME k", &format!(":{from}\r\n")),
                ("PERSIST k", ":1\r\n"),
                ("PEXPIRETIME k", ":-1\r\n"),
            ]);
        }
    }
    // Near ones go at their time, far ones stay.
    client.expect(&[("SET near v PX 10", "+OK\r\n"), ("DBSIZE", ":8\r\n")]);
    store.pass_ms(10);
    client.expect(&[("EXISTS near", ":0\r\n"), ("DBSIZE", ":7\r\n"), ("DEL r0 r1 r2 r3 r4 r5", ":6\r\n")]);
    client.expect(&[("SELECT 1", "+OK\r\n"), ("DBSIZE", ":6\r\n"), ("FLUSHDB", "+OK\r\n"), ("DBSIZE", ":0\r\n")]);
}

#[test]
fn one_deadline_too_many_is_refused() {
    Store::new().client().expect(&[
        ("SET k v", "+OK\r\n"),
        ("PEXPIREAT k 9223372036854775808", "-ERR value is not an integer or out of range\r\n"),
        ("PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command\r\n"),
        ("EXPIREAT k 9223372036854775807", "-ERR invalid expire time in 'expireat' command\r\n"),
        ("PEXPIRETIME k", ":-1\r\n"),
    ]);
}
