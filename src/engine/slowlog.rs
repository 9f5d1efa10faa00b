//! The slow log: the last commands that took longer than `slowlog-log-slower-than`
//! (<https://redis.io/docs/latest/commands/slowlog-get/>).

use parking_lot::Mutex;
use std::collections::VecDeque;

/// Arguments kept of one command; the last kept one says how many more there were.
const ARGUMENTS_MAX: usize = 32;
/// Bytes kept of one argument.
const ARGUMENT_BYTES_MAX: usize = 128;

/// One slow command.
#[derive(Clone, Debug)]
pub struct SlowCommand {
    pub id: u64,
    /// Seconds since the epoch.
    pub at_s: i64,
    pub took_us: u64,
    pub argv: Vec<Vec<u8>>,
    pub addr: String,
    pub client_name: Vec<u8>,
}

#[derive(Default)]
struct Entries {
    newest_first: VecDeque<SlowCommand>,
    next_id: u64,
}

/// The slow log of one engine.
#[derive(Default)]
pub struct Slowlog {
    entries: Mutex<Entries>,
}

impl Slowlog {
    /// Adds a command, and drops the oldest beyond `len_max`.
    pub fn add(&self, at_s: i64, took_us: u64, argv: &[&[u8]], addr: &str, client_name: &[u8], len_max: usize) {
        let mut entries = self.entries.lock();
        let id = entries.next_id;
        entries.next_id += 1;
        entries.newest_first.push_front(SlowCommand {
            id,
            at_s,
            took_us,
            argv: trimmed(argv),
            addr: addr.to_owned(),
            client_name: client_name.to_vec(),
        });
        entries.newest_first.truncate(len_max);
    }

    /// The newest `count` entries, newest first.
    pub fn newest(&self, count: usize) -> Vec<SlowCommand> {
        self.entries.lock().newest_first.iter().take(count).cloned().collect()
    }

    /// Entries now held.
    pub fn len(&self) -> usize {
        self.entries.lock().newest_first.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all entries; ids go on.
    pub fn reset(&self) {
        self.entries.lock().newest_first.clear();
    }
}

fn trimmed(argv: &[&[u8]]) -> Vec<Vec<u8>> {
    let kept = argv.len().min(ARGUMENTS_MAX);
    (0..kept)
        .map(|i| {
            if kept < argv.len() && i == kept - 1 {
                return format!("... ({} more arguments)", argv.len() - kept + 1).into_bytes();
            }
            let arg = argv[i];
            if arg.len() <= ARGUMENT_BYTES_MAX {
                return arg.to_vec();
            }
            let mut text = arg[..ARGUMENT_BYTES_MAX].to_vec();
            text.extend_from_slice(format!("... ({} more bytes)", arg.len() - ARGUMENT_BYTES_MAX).as_bytes());
            text
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_are_trimmed_and_old_ones_dropped() {
        let log = Slowlog::default();
        let long = vec![b'x'; 200];
        let argv: Vec<&[u8]> = (0..40).map(|_| long.as_slice()).collect();
        for _ in 0..5 {
            log.add(1, 2, &argv, "a:1", b"", 3);
        }
        assert_eq!(log.len(), 3);
        let newest = log.newest(1).remove(0);
        assert_eq!((newest.id, newest.argv.len()), (4, 32));
        assert_eq!(newest.argv[31], b"... (9 more arguments)");
        assert!(newest.argv[0].ends_with(b"xx... (72 more bytes)"));
        log.reset();
        assert!(log.is_empty());
        log.add(1, 2, &[b"get"], "", b"", 3);
        assert_eq!(log.newest(10)[0].id, 5);
    }
}
