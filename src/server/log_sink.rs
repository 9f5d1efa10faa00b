//! The server binary's log: lines in Redis 7.0's format, on standard output or appended to `logfile`.
//!
//! `PID:ROLE DAY MONTH YEAR HH:MM:SS.mmm MARK text`, in local time. The role is `C` until [`LogSink::ready`] and then `M`;
//! the mark tells the level. The file is opened for every line, as Redis does, so that it may be rotated away at any
//! time. The time zone is read by `jiff`, in safe code and without the C library's global state.

use crate::engine::log::Level;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Writes log lines of this process.
#[derive(Debug)]
pub struct LogSink {
    /// `None` is standard output.
    file: Option<PathBuf>,
    is_ready: AtomicBool,
}

impl LogSink {
    /// A sink to `file`, or to standard output.
    ///
    /// # Errors
    /// If the file cannot be opened for appending.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = file {
            append_to(path)?;
        }
        Ok(Self { file: file.map(Path::to_path_buf), is_ready: AtomicBool::new(false) })
    }

    /// From now on lines are those of a running server.
    pub fn ready(&self) {
        self.is_ready.store(true, Relaxed);
    }

    /// Writes one line, with one system call so that lines of several threads do not mix. What cannot be written
    /// is lost.
    pub fn write(&self, level: Level, text: &str) {
        let role = if self.is_ready.load(Relaxed) { 'M' } else { 'C' };
        let line = format_line(std::process::id(), role, &jiff::Zoned::now(), level, text);
        let written = match &self.file {
            None => io::stdout().lock().write_all(line.as_bytes()),
            Some(path) => append_to(path).and_then(|mut file| file.write_all(line.as_bytes())),
        };
        drop(written);
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn format_line(pid: u32, role: char, now: &jiff::Zoned, level: Level, text: &str) -> String {
    let mark = match level {
        Level::Debug => '.',
        Level::Verbose => '-',
        Level::Notice => '*',
        Level::Warning => '#',
    };
    format!("{pid}:{role} {} {mark} {text}\n", now.strftime("%d %b %Y %H:%M:%S.%3f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_look_like_those_of_redis() {
        let time =
            jiff::civil::datetime(2026, 11, 2, 13, 11, 43, 23_900_000).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let line = format_line(77, 'M', &time, Level::Notice, "Ready to accept connections");
        assert_eq!(line, "77:M 02 Nov 2026 13:11:43.023 * Ready to accept connections\n");
    }

    #[test]
    fn a_rotated_file_is_made_again() {
        let path = std::env::temp_dir().join(format!("redisrs-log-{}", std::process::id()));
        let sink = LogSink::open(Some(&path)).unwrap();
        sink.write(Level::Warning, "one");
        std::fs::remove_file(&path).unwrap();
        sink.ready();
        sink.write(Level::Verbose, "two");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(text.starts_with(&format!("{}:M ", std::process::id())) && text.ends_with(" - two\n"), "{text}");
        assert!(!text.contains("one"));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error() {
        assert!(LogSink::open(Some(Path::new("/nonexistent/log"))).is_err());
    }
}
