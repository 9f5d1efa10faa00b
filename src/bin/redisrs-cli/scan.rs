//! Walking over all keys with SCAN, and `--scan`, which prints them.

use crate::connection::Connection;
use crate::escape;
use crate::format::Output;
use crate::options::Options;
use crate::reply::Reply;
use crate::session::Failed;
use crate::terminal;

/// Steps after which the scanning modes pause, when `-i` asks for a pause.
const STEPS_PER_PAUSE: u64 = 100;

/// A walk over the keys that match the options' pattern.
pub struct Scanner<'a> {
    options: &'a Options,
    cursor: Vec<u8>,
    steps: u64,
}

impl Scanner<'_> {
    pub fn new(options: &Options) -> Scanner<'_> {
        Scanner { options, cursor: b"0".to_vec(), steps: 0 }
    }

    /// The keys of the next step, maybe none; nothing when the walk is over.
    pub fn step(&mut self, connection: &mut Connection) -> Result<Option<Vec<Vec<u8>>>, Failed> {
        if self.steps > 0 && self.cursor == b"0" {
            return Ok(None);
        }
        self.steps += 1;
        let count = self.options.scan_count.map(|count| count.to_string());
        let mut command: Vec<&[u8]> = vec![b"SCAN", &self.cursor];
        if let Some(pattern) = &self.options.pattern {
            command.extend([&b"MATCH"[..], pattern]);
        }
        if let Some(count) = &count {
            command.extend([b"COUNT", count.as_bytes()]);
        }
        let reply = connection.call(&command).map_err(Failed::because)?;
        if let Some(text) = reply.error() {
            eprintln!("SCAN error: {}", String::from_utf8_lossy(text));
            return Err(Failed);
        }
        let Some([cursor, Reply::Array(keys)]) = reply.elements() else {
            return Err(Failed::because("invalid reply to SCAN"));
        };
        self.cursor = cursor.text().unwrap_or(b"0").to_vec();
        let keys = keys.iter().filter_map(Reply::text).map(<[u8]>::to_vec).collect();
        Ok(Some(keys))
    }

    /// Pauses if the options ask for it and it is time.
    pub fn pause(&self) {
        if self.steps.is_multiple_of(STEPS_PER_PAUSE) && !self.options.interval.is_zero() {
            std::thread::sleep(self.options.interval);
        }
    }
}

/// How many keys there are, for the progress shown by the scanning modes.
pub fn key_count(connection: &mut Connection) -> Result<u64, Failed> {
    let reply = connection.call(&["DBSIZE"]).map_err(Failed::because)?;
    let count = reply.integer().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| {
        let text = String::from_utf8_lossy(reply.error().unwrap_or(b"invalid reply")).into_owned();
        Failed::because(format!("Couldn't determine DBSIZE: {text}"))
    })
}

/// `--scan`: one key a line, quoted for people.
pub fn run(options: &Options, mut connection: Connection) -> Result<(), Failed> {
    let mut scanner = Scanner::new(options);
    while let Some(keys) = scanner.step(&mut connection)? {
        let mut out = Vec::new();
        for key in keys {
            if options.format.output == Output::Standard {
                out.extend_from_slice(&escape::quoted(&key));
            } else {
                out.extend_from_slice(&key);
            }
            out.push(b'\n');
        }
        terminal::print(out);
        if !options.interval.is_zero() {
            std::thread::sleep(options.interval);
        }
    }
    Ok(())
}
