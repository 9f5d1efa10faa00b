//! `--hotkeys`: the keys with the highest access counters of an LFU server.

use crate::connection::Connection;
use crate::escape::{as_float, quoted};
use crate::options::Options;
use crate::scan::{Scanner, key_count};
use crate::session::Failed;
use crate::terminal::print;
use std::fmt::Write as _;

/// Keys listed at the end.
const KEYS_MAX: usize = 16;

pub fn run(options: &Options, mut connection: Connection) -> Result<(), Failed> {
    print(
        "\n# Scanning the entire keyspace to find hot keys as well as\n\
         # average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n\
         # per 100 SCAN commands (not usually needed).\n\n",
    );
    let total = key_count(&mut connection)?;
    let mut sampled = 0;
    let mut ranking = Ranking::default();
    let mut scanner = Scanner::new(options);
    while let Some(keys) = scanner.step(&mut connection)? {
        let percent = if total == 0 { 0.0 } else { 100.0 * as_float(sampled) / as_float(total) };
        let questions: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"OBJECT"[..], b"FREQ", key]).collect();
        connection.send_all(&questions).map_err(Failed::because)?;
        for key in &keys {
            let reply = connection.receive_reply().map_err(Failed::because)?;
            if let Some(text) = reply.error() {
                return Err(Failed::because(String::from_utf8_lossy(text)));
            }
            sampled += 1;
            // A key that disappeared since SCAN has no counter.
            let counter = reply.integer().and_then(|counter| u64::try_from(counter).ok()).unwrap_or(0);
            let key = String::from_utf8_lossy(&quoted(key)).into_owned();
            if ranking.offer(counter, &key) {
                print(format!("[{percent:05.2}%] Hot key '{key}' found so far with counter {counter}\n"));
            }
        }
        scanner.pause();
    }
    let mut text = format!("\n-------- summary -------\n\nSampled {sampled} keys in the keyspace!\n");
    for (counter, key) in ranking.hottest.iter().rev() {
        let _ = writeln!(text, "hot key found with counter: {counter}\tkeyname: {key}");
    }
    print(text);
    Ok(())
}

/// The hottest keys seen, coldest first, at most [`KEYS_MAX`].
#[derive(Default)]
struct Ranking {
    hottest: Vec<(u64, String)>,
}

impl Ranking {
    /// Takes a key in if it is hotter than the coldest; false if not.
    fn offer(&mut self, counter: u64, key: &str) -> bool {
        let place = self.hottest.partition_point(|(other, _)| *other < counter);
        let full = self.hottest.len() == KEYS_MAX;
        if counter == 0 || full && place == 0 {
            return false;
        }
        self.hottest.insert(place, (counter, key.to_owned()));
        if full {
            self.hottest.remove(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranking_keeps_the_hottest() {
        let mut ranking = Ranking::default();
        assert!(!ranking.offer(0, "cold"));
        for counter in (1..=40).map(|n| n * 7 % 41) {
            ranking.offer(counter, &counter.to_string());
        }
        let counters: Vec<u64> = ranking.hottest.iter().map(|(counter, _)| *counter).collect();
        assert_eq!(counters, (25..=40).collect::<Vec<u64>>());
        assert!(!ranking.offer(25, "no hotter than the coldest"));
    }
}
