//! `--pipe`: standard input goes to the server as it is, as fast as it goes, while the replies are
//! read and counted. An ECHO of random bytes after the last of it marks the end of the replies.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::connection::{Connection, Stream, is_timeout, os_text};
use crate::options::Options;
use crate::reader::Reader;
use crate::reply::Reply;
use crate::session::Failed;
use crate::terminal;

const CHUNK_BYTES: usize = 64 * 1024;

/// How often a wait for replies looks at the clock.
const POLL: Duration = Duration::from_millis(100);

pub fn run(options: &Options, connection: Connection) -> Result<(), Failed> {
    let mut stream = connection.into_stream();
    let sender = stream.try_clone().map_err(|error| Failed::because(os_text(&error)))?;
    let marker = marker();
    let all_sent = Arc::<AtomicBool>::default();
    {
        let (marker, all_sent) = (marker.clone(), Arc::clone(&all_sent));
        std::thread::spawn(move || send_input(sender, &marker, &all_sent));
    }
    let patience = u64::try_from(options.pipe_timeout_seconds).ok().filter(|&seconds| seconds > 0);
    let tally = receive(&mut stream, &marker, &all_sent, patience.map(Duration::from_secs))?;
    terminal::print(format!("errors: {}, replies: {}\n", tally.errors, tally.replies));
    if tally.errors == 0 { Ok(()) } else { Err(Failed) }
}

/// Twenty characters nobody else sends.
fn marker() -> Vec<u8> {
    let mut digits = String::new();
    while digits.len() < 20 {
        let _ = write!(digits, "{:016x}", RandomState::new().hash_one(digits.len()));
    }
    digits.truncate(20);
    digits.into_bytes()
}

/// Runs on a thread of its own; the program ends when a write fails, for no reply will end it.
fn send_input(mut stream: Stream, marker: &[u8], all_sent: &AtomicBool) {
    let sent = copy_input(&mut stream).and_then(|()| {
        terminal::print("All data transferred. Waiting for the last reply...\n");
        // The line end in front completes an unfinished inline command.
        let mut last = b"\r\n*2\r\n$4\r\nECHO\r\n$20\r\n".to_vec();
        last.extend_from_slice(marker);
        last.extend_from_slice(b"\r\n");
        stream.write_all(&last)
    });
    if let Err(error) = sent {
        eprintln!("Error writing to the server: {}", os_text(&error));
        std::process::exit(1);
    }
    all_sent.store(true, Ordering::Release);
}

fn copy_input(stream: &mut Stream) -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk)? {
            0 => return Ok(()),
            count => stream.write_all(&chunk[..count])?,
        }
    }
}

struct Tally {
    errors: u64,
    replies: u64,
}

/// Counts replies until the marker comes back, or, once everything was sent, none came for the time
/// of `patience`.
fn receive(
    stream: &mut Stream,
    marker: &[u8],
    all_sent: &AtomicBool,
    patience: Option<Duration>,
) -> Result<Tally, Failed> {
    let because = |error: &std::io::Error| {
        eprintln!("Error reading from the server: {}", os_text(error));
        Failed
    };
    stream.set_read_timeout(Some(POLL)).map_err(|error| because(&error))?;
    let mut reader = Reader::default();
    let mut tally = Tally { errors: 0, replies: 0 };
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut last_read = Instant::now();
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => {
                eprintln!("Error reading from the server: Server closed the connection");
                return Err(Failed);
            }
            Ok(count) => {
                reader.feed(&chunk[..count]);
                last_read = Instant::now();
            }
            Err(error) if is_timeout(&error) => {
                if let Some(patience) = patience
                    && all_sent.load(Ordering::Acquire)
                    && last_read.elapsed() > patience
                {
                    eprintln!("No replies for {} seconds: exiting.", patience.as_secs());
                    tally.errors += 1;
                    return Ok(tally);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(because(&error)),
        }
        while let Some(reply) = reader.next_reply().map_err(|error| {
            eprintln!("Error reading replies from server: {error}");
            Failed
        })? {
            match reply {
                Reply::Push(_) => {}
                Reply::Bulk(text) if text == marker => {
                    terminal::print("Last reply received from server.\n");
                    return Ok(tally);
                }
                Reply::Error(text) => {
                    terminal::print_error(&text);
                    tally.errors += 1;
                    tally.replies += 1;
                }
                _ => tally.replies += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_differ() {
        assert_eq!(marker().len(), 20);
        assert_ne!(marker(), marker());
    }
}
