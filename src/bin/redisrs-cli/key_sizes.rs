//! `--bigkeys` and `--memkeys`: the largest key of each type, by elements or by memory.

use crate::connection::Connection;
use crate::escape::{as_float, quoted};
use crate::options::{Mode, Options};
use crate::reply::Reply;
use crate::scan::{Scanner, key_count};
use crate::session::Failed;
use crate::terminal::print;
use std::fmt::Write as _;

/// What was seen of one type of value.
struct TypeStatistics {
    name: String,
    /// The command that tells a value's size; empty for types the program does not know.
    size_command: &'static str,
    unit: &'static str,
    biggest: u64,
    /// Quoted.
    biggest_key: Option<String>,
    count: u64,
    total: u64,
}

impl TypeStatistics {
    fn new(name: &str, size_command: &'static str, unit: &'static str) -> TypeStatistics {
        TypeStatistics { name: name.to_owned(), size_command, unit, biggest: 0, biggest_key: None, count: 0, total: 0 }
    }
}

struct Survey<'a> {
    options: &'a Options,
    types: Vec<TypeStatistics>,
    sampled: u64,
    key_bytes: u64,
}

/// What a key was found to be: the index of its type, and its size.
struct Measured {
    key: Vec<u8>,
    type_index: usize,
    size: u64,
}

pub fn run(options: &Options, mut connection: Connection) -> Result<(), Failed> {
    print(
        "\n# Scanning the entire keyspace to find biggest keys as well as\n\
         # average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n\
         # per 100 SCAN commands (not usually needed).\n\n",
    );
    let total = key_count(&mut connection)?;
    let mut survey = Survey::new(options);
    let mut scanner = Scanner::new(options);
    while let Some(keys) = scanner.step(&mut connection)? {
        let percent = percentage(survey.sampled, total);
        for measured in survey.measure(&mut connection, &keys)? {
            survey.note(&measured, percent);
        }
        scanner.pause();
    }
    survey.print_summary();
    Ok(())
}

impl Survey<'_> {
    fn new(options: &Options) -> Survey<'_> {
        let types = [
            ("list", "LLEN", "items"),
            ("hash", "HLEN", "fields"),
            ("string", "STRLEN", "bytes"),
            ("stream", "XLEN", "entries"),
            ("set", "SCARD", "members"),
            ("zset", "ZCARD", "members"),
        ];
        Survey {
            options,
            types: types.into_iter().map(|(name, command, unit)| TypeStatistics::new(name, command, unit)).collect(),
            sampled: 0,
            key_bytes: 0,
        }
    }

    fn by_memory(&self) -> bool {
        self.options.mode == Mode::MemoryKeys
    }

    fn unit(&self, statistics: &TypeStatistics) -> &'static str {
        if self.by_memory() { "bytes" } else { statistics.unit }
    }

    /// Asks for the types of the keys, then for their sizes, each in one round trip.
    fn measure(&mut self, connection: &mut Connection, keys: &[Vec<u8>]) -> Result<Vec<Measured>, Failed> {
        let questions: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"TYPE"[..], key.as_slice()]).collect();
        connection.send_all(&questions).map_err(Failed::because)?;
        let mut known = Vec::new();
        for key in keys {
            let reply = connection.receive_reply().map_err(Failed::because)?;
            let Some(name) = reply.text() else {
                let text = String::from_utf8_lossy(reply.error().unwrap_or(b"invalid reply")).into_owned();
                return Err(Failed::because(format!("TYPE returned an error: {text}")));
            };
            // A key may disappear between SCAN and TYPE.
            if name != b"none" {
                known.push((key, self.type_index(&String::from_utf8_lossy(name))));
            }
        }
        let samples = self.options.memory_samples.map(|samples| samples.to_string());
        let mut questions: Vec<Vec<&[u8]>> = Vec::new();
        for (key, type_index) in &known {
            let size_command = self.types[*type_index].size_command;
            if self.by_memory() {
                let mut question: Vec<&[u8]> = vec![b"MEMORY", b"USAGE", key];
                if let Some(samples) = &samples {
                    question.extend([b"SAMPLES", samples.as_bytes()]);
                }
                questions.push(question);
            } else if !size_command.is_empty() {
                questions.push(vec![size_command.as_bytes(), key]);
            }
        }
        connection.send_all(&questions).map_err(Failed::because)?;
        let mut measured = Vec::new();
        for (key, type_index) in known {
            let asked = self.by_memory() || !self.types[type_index].size_command.is_empty();
            let size = if asked {
                let reply = connection.receive_reply().map_err(Failed::because)?;
                size_of(&reply, key)
            } else {
                0
            };
            measured.push(Measured { key: key.clone(), type_index, size });
        }
        Ok(measured)
    }

    fn type_index(&mut self, name: &str) -> usize {
        let known = self.types.iter().position(|statistics| statistics.name == name);
        known.unwrap_or_else(|| {
            self.types.push(TypeStatistics::new(name, "", "?"));
            self.types.len() - 1
        })
    }

    fn note(&mut self, measured: &Measured, percent: f64) {
        let statistics = &mut self.types[measured.type_index];
        statistics.total += measured.size;
        statistics.count += 1;
        self.key_bytes += measured.key.len() as u64;
        self.sampled += 1;
        if statistics.biggest < measured.size {
            statistics.biggest = measured.size;
            let key = String::from_utf8_lossy(&quoted(&measured.key)).into_owned();
            let (name, size) = (&statistics.name, measured.size);
            let line = format!("[{percent:05.2}%] Biggest {name:<6} found so far '{key}' with {size}");
            statistics.biggest_key = Some(key);
            let unit = self.unit(&self.types[measured.type_index]);
            print(format!("{line} {unit}\n"));
        }
        if self.sampled.is_multiple_of(1_000_000) {
            print(format!("[{percent:05.2}%] Sampled {} keys so far\n", self.sampled));
        }
    }

    fn print_summary(&self) {
        let average = if self.sampled == 0 { 0.0 } else { as_float(self.key_bytes) / as_float(self.sampled) };
        let mut text = format!(
            "\n-------- summary -------\n\nSampled {} keys in the keyspace!\n\
             Total key length in bytes is {} (avg len {average:.2})\n\n",
            self.sampled, self.key_bytes
        );
        for statistics in &self.types {
            if let Some(key) = &statistics.biggest_key {
                let (name, size, unit) = (&statistics.name, statistics.biggest, self.unit(statistics));
                let _ = writeln!(text, "Biggest {name:>6} found '{key}' has {size} {unit}");
            }
        }
        text.push('\n');
        for statistics in &self.types {
            let TypeStatistics { name, count, total, .. } = statistics;
            let unit = self.unit(statistics);
            let share = percentage(*count, self.sampled);
            let average = if *count == 0 { 0.0 } else { as_float(*total) / as_float(*count) };
            let _ =
                writeln!(text, "{count} {name}s with {total} {unit} ({share:05.2}% of keys, avg size {average:.2})");
        }
        print(text);
    }
}

/// The size in a reply; 0, with a warning, if the key changed its type since it was asked for.
fn size_of(reply: &Reply, key: &[u8]) -> u64 {
    let size = reply.integer().and_then(|size| u64::try_from(size).ok());
    size.unwrap_or_else(|| {
        let key = String::from_utf8_lossy(&quoted(key)).into_owned();
        eprintln!("Warning: the size of {key} is unknown (it may have changed its type)");
        0
    })
}

fn percentage(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * as_float(part) / as_float(whole) }
}
