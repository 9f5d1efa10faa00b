//! `redisrs-cli --original`: the length-prefixed protocol of the original project, against a server
//! that answers from a list.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

/// Answers requests of the length-prefixed protocol, each with the next of the given bodies, and
/// checks that the requests are the given ones.
fn server(exchanges: &'static [(&'static [&'static str], &'static [u8])]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        for (request, body) in exchanges {
            assert_eq!(read_request(&mut stream)?, *request);
            let length = u32::try_from(body.len()).expect("a short body");
            let reply = [&length.to_le_bytes()[..], body].concat();
            // In two pieces, to be put together again.
            let (first, second) = reply.split_at(3);
            stream.write_all(first)?;
            stream.write_all(second)?;
        }
        std::io::Result::Ok(())
    });
    port
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Vec<String>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut body)?;
    let mut rest = body.as_slice();
    let mut take = |count: usize| {
        let (field, after) = rest.split_at(count);
        rest = after;
        field
    };
    let number = |field: &[u8]| u32::from_le_bytes(field.try_into().expect("four bytes")) as usize;
    let count = number(take(4));
    let strings = (0..count).map(|_| {
        let length = number(take(4));
        String::from_utf8_lossy(take(length)).into_owned()
    });
    let strings = strings.collect();
    assert!(rest.is_empty(), "bytes left over");
    Ok(strings)
}

fn ask(port: u16, arguments: &[&str], input: &[u8]) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_redisrs-cli"))
        .args(["--original", "-p", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("its input");
    // Shorter than a pipe's buffer.
    stdin.write_all(input).expect("the input is read");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (stdout, output.status.code())
}

#[test]
fn the_original_protocol() {
    let port = server(&[
        (&["zscore", "zset", "n1"], b"\x04\x9a\x99\x99\x99\x99\x99\xf1\x3f"),
        (&["get", "a b"], b"\x02\x02\0\0\0xy"),
        (&["get", "nosuch"], b"\x00"),
        (&["zadd", "z", "1", "n"], b"\x03\x01\0\0\0\0\0\0\0"),
        (&["foo"], b"\x01\x01\0\0\0\x03\0\0\0bad"),
        (&["keys"], b"\x05\x02\0\0\0\x02\x01\0\0\0a\x02\x01\0\0\0b"),
    ]);
    let script = b"zscore zset n1\nget \"a b\"\nget nosuch\nzadd z 1 n\nfoo\nkeys\n";
    let expected = "(dbl) 1.1\n(str) xy\n(nil)\n(int) 1\n(err) 1 bad\n(arr) len=2\n(str) a\n(str) b\n(arr) end\n";
    assert_eq!(ask(port, &[], script), (expected.to_owned(), Some(0)));

    let port = server(&[(&["set", "k", "v\n"], b"\0\0\0\0"), (&["set", "k", "v\n"], b"\x01\0\0\0no")]);
    let arguments = ["--original-replies", "status", "-r", "2", "-x", "set", "k"];
    let expected = "server says: [0] \nserver says: [1] no\n";
    assert_eq!(ask(port, &arguments, b"v\n"), (expected.to_owned(), Some(0)));

    let port = server(&[(&["get", "k"], b"\x09")]);
    assert_eq!(ask(port, &["get", "k"], b""), (String::new(), Some(1)));
}
