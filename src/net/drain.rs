//! The end of a reactor's connections, once it takes no more requests.
//!
//! A client that has been answered gets its replies, though its socket does not take all of them at once: they are sent for as
//! long as some client takes any. What clients have sent since is read and let go of, because closing a socket with
//! unread input resets the connection, and the kernel then throws away the replies that are under way to the client.

use super::conn::{Conn, Received};
use super::events::Events;
use crate::engine::clock::Clock;
use crate::storage::Slots;
use mio::Poll;
use std::io::ErrorKind;
use std::time::Duration;

/// Longest time for all of it. A client that takes its replies more slowly loses the rest.
const ALL_US_MAX: u64 = 5_000_000;
/// Longest wait for any client to take replies.
const UNSENT_US_MAX: u64 = 200_000;
/// For how long nothing must have arrived from clients who were sending.
const QUIET_US: u64 = 10_000;
/// Read at once from one client.
const READ_BYTES: usize = 16 * 1024;

/// Sends what is left to send, and reads what will not be answered.
pub fn drain(conns: &mut Slots<Conn>, poll: &mut Poll, events: &mut Events, clock: &Clock) {
    let mut unwanted = [0; READ_BYTES];
    let started_us = clock.elapsed_us();
    let (mut moved_us, mut were_sending) = (started_us, false);
    loop {
        let (mut has_unsent, mut has_moved) = (false, false);
        for (_, conn) in conns.iter_mut() {
            let unsent = conn.output.len();
            conn.flush();
            let has_sent = conn.output.len() < unsent;
            let has_received = !conn.gone && matches!(conn.receive(&mut unwanted), Received::Bytes(_));
            has_unsent |= !conn.gone && !conn.output.is_empty();
            has_moved |= has_sent || has_received;
            were_sending |= has_received;
        }
        let now_us = clock.elapsed_us();
        if has_moved {
            moved_us = now_us;
        }
        let patience_us = match (has_unsent, were_sending) {
            (true, _) => UNSENT_US_MAX,
            (false, true) => QUIET_US,
            (false, false) => 0,
        };
        let ends_us = (moved_us + patience_us).min(started_us + ALL_US_MAX);
        let wait = if has_moved { Duration::ZERO } else { Duration::from_micros(ends_us.saturating_sub(now_us)) };
        if ends_us <= now_us {
            return;
        }
        // All are looked at, whoever is ready.
        if events.wait(poll, Some(wait), |_| {}).is_err_and(|error| error.kind() != ErrorKind::Interrupted) {
            return;
        }
    }
}
