//! A server that is almost right: a proxy in front of a real one that changes one byte sequence for another.
//!
//! Used to show that the comparison notices. Sequences cut by the borders of a read get through unchanged.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

/// What a mutant does wrong.
#[derive(Clone, Copy)]
pub enum Fault {
    /// In requests: (from, to).
    Request(&'static [u8], &'static [u8]),
    /// In replies: (from, to).
    Reply(&'static [u8], &'static [u8]),
    /// Closes the connection when a request contains this.
    Close(&'static [u8]),
}

/// Starts a proxy for the server at `upstream`; returns its port. Its threads end with their connections, the listener
/// with the process.
pub fn start(upstream: u16, fault: Fault) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { return };
            let (Ok(client_reader), Ok(server_reader)) = (client.try_clone(), server.try_clone()) else { return };
            std::thread::spawn(move || {
                relay(client_reader, server, |bytes| match fault {
                    Fault::Request(from, to) => Some(replace(bytes, from, to)),
                    Fault::Close(mark) if contains(bytes, mark) => None,
                    _ => Some(bytes.to_vec()),
                })
            });
            std::thread::spawn(move || {
                relay(server_reader, client, |bytes| match fault {
                    Fault::Reply(from, to) => Some(replace(bytes, from, to)),
                    _ => Some(bytes.to_vec()),
                })
            });
        }
    });
    port
}

/// `change` returning nothing closes the connection. Otherwise an end is passed on in its own direction only: after a QUIT
/// the requests that follow can't be delivered any more, while the replies still can.
fn relay(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let _ = to.set_nodelay(true);
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let Some(bytes) = change(&buffer[..count]) else {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        };
        if to.write_all(&bytes).is_err() {
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            output.extend_from_slice(to);
            at += from.len();
        } else {
            output.push(bytes[at]);
            at += 1;
        }
    }
    output
}
