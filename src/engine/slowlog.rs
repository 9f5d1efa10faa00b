//! The slow log: the last commands that took longer than `slowlog-log-slower-than`
//! (<https://redis.io/docs/latest/commands/slowlog-get/>).

use crate::storage::{NoMemory, Text, try_copy};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Arguments kept of one command; the last kept one says how many more there were.
const ARGUMENTS_MAX: usize = 32;
/// Bytes kept of one argument.
const ARGUMENT_BYTES_MAX: usize = 128;

/// One slow command.
#[derive(Debug)]
pub struct SlowCommand {
    pub id: u64,
    /// Seconds since the epoch.
    pub at_s: i64,
    pub took_us: u64,
    pub argv: Vec<Vec<u8>>,
    pub addr: Vec<u8>,
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
    /// Adds a command, and drops the oldest beyond `len_max`. One that finds no memory is left out; the next id tells that
    /// there was one.
    pub fn add(&self, at_s: i64, took_us: u64, argv: &[&[u8]], addr: &str, client_name: &[u8], len_max: usize) {
        let mut entries = self.entries.lock();
        let id = entries.next_id;
        entries.next_id += 1;
        let command = || {
            let (argv, addr) = (trimmed(argv)?, try_copy(addr.as_bytes())?);
            Ok::<_, NoMemory>(SlowCommand { id, at_s, took_us, argv, addr, client_name: try_copy(client_name)? })
        };
        if entries.newest_first.try_reserve(1).is_ok()
            && let Ok(command) = command()
        {
            entries.newest_first.push_front(command);
        }
        entries.newest_first.truncate(len_max);
    }

    /// Shows `visit` how many there are of the newest `count` entries, and them, newest first.
    pub fn newest<R>(&self, count: usize, visit: impl FnOnce(usize, &mut dyn Iterator<Item = &SlowCommand>) -> R) -> R {
        let entries = &self.entries.lock().newest_first;
        visit(entries.len().min(count), &mut entries.iter().take(count))
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

fn trimmed(argv: &[&[u8]]) -> Result<Vec<Vec<u8>>, NoMemory> {
    let is_long = argv.len() > ARGUMENTS_MAX;
    let whole = if is_long { &argv[..ARGUMENTS_MAX - 1] } else { argv };
    let mut kept = Vec::new();
    kept.try_reserve_exact(argv.len().min(ARGUMENTS_MAX))?;
    for arg in whole {
        kept.push(trimmed_argument(arg)?);
    }
    if is_long {
        kept.push(Text::of(format_args!("... ({} more arguments)", argv.len() - whole.len()))?);
    }
    Ok(kept)
}

fn trimmed_argument(arg: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let Some((shown, rest)) = arg.split_at_checked(ARGUMENT_BYTES_MAX).filter(|(_, rest)| !rest.is_empty()) else {
        return try_copy(arg);
    };
    let mut text = Text::new();
    text.push(shown);
    text.put(format_args!("... ({} more bytes)", rest.len()));
    text.finish()
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
        log.newest(1, |count, entries| {
            let newest = entries.next().expect("an entry");
            assert_eq!((count, newest.id, newest.argv.len()), (1, 4, 32));
            assert_eq!(newest.argv[31], b"... (9 more arguments)");
            assert!(newest.argv[0].ends_with(b"xx... (72 more bytes)"));
            assert!(entries.next().is_none());
        });
        log.reset();
        assert!(log.is_empty());
        log.add(1, 2, &[b"get"], "", b"", 3);
        assert_eq!(log.newest(10, |_, entries| entries.next().map(|entry| entry.id)), Some(5));
    }
}
