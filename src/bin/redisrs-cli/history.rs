//! The lines typed before, kept in the file redis-cli keeps them in, one line each.
//!
//! Commands that carry a secret are remembered only until the program ends.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Lines kept in the file: enough to find a command again, small enough to rewrite at every line.
const LINES_MAX: usize = 1000;

pub struct History {
    file: Option<PathBuf>,
    lines: Vec<String>,
}

impl History {
    /// The lines of the history file, if there is one to be had.
    pub fn load() -> History {
        let file = dotfile("REDISCLI_HISTFILE", ".rediscli_history");
        let bytes = file.as_ref().and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        let lines = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        History { file, lines }
    }

    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Adds a line and rewrites the file, unless it repeats the line before.
    pub fn add(&mut self, line: &str) {
        if self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push(line.to_owned());
        let surplus = self.lines.len().saturating_sub(LINES_MAX);
        self.lines.drain(..surplus);
        // A history that cannot be written is no reason to disturb the session.
        let _ = self.save();
    }

    fn save(&self) -> std::io::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let mut text = self.lines.join("\n");
        text.push('\n');
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o600);
        open.open(path)?.write_all(text.as_bytes())
    }
}

/// A file of the user's named by an environment variable, else in the home directory. The name
/// `/dev/null` turns it off.
pub fn dotfile(variable: &str, name: &str) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(path) if path == "/dev/null" => None,
        Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
        _ => {
            let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
            Some(PathBuf::from(home).join(name))
        }
    }
}

/// True for a command that carries a secret.
pub fn is_sensitive(command: &[Vec<u8>]) -> bool {
    let words: Vec<Vec<u8>> = command.iter().map(|word| word.to_ascii_lowercase()).collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    match words.as_slice() {
        [b"auth", ..] | [b"acl", b"setuser" | b"deluser", ..] => true,
        [b"config", b"set", settings @ ..] => settings.iter().step_by(2).any(|setting| is_secret_setting(setting)),
        [b"hello", _, options @ ..] | [b"migrate", options @ ..] => {
            options.iter().any(|option| matches!(*option, b"auth" | b"auth2"))
        }
        [b"sentinel", b"set", _, options @ ..] => {
            options.iter().any(|option| matches!(*option, b"auth-pass" | b"auth-user"))
        }
        [b"sentinel", b"config", b"set", setting, ..] => {
            matches!(*setting, b"sentinel-pass" | b"sentinel-user")
        }
        _ => false,
    }
}

fn is_secret_setting(name: &[u8]) -> bool {
    matches!(name, b"requirepass" | b"masterauth" | b"masteruser" | b"tls-key-file-pass" | b"tls-client-key-file-pass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised() {
        let sensitive = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            is_sensitive(&words)
        };
        for line in [
            "auth x",
            "AUTH u x",
            "acl setuser a >p",
            "config set maxmemory 0 requirepass x",
            "hello 3 auth u p",
            "migrate h 1 k 0 10 AUTH2 u p",
            "sentinel set m auth-pass x",
        ] {
            assert!(sensitive(line), "{line}");
        }
        for line in ["get auth", "acl list", "config set maxmemory requirepass", "hello 3"] {
            assert!(!sensitive(line), "{line}");
        }
    }

    #[test]
    fn lines_are_saved_once_and_bounded() {
        let path = std::env::temp_dir().join(format!("redisrs-cli-history-{}", std::process::id()));
        let mut history = History { file: Some(path.clone()), lines: Vec::new() };
        for number in 0..LINES_MAX + 5 {
            history.add(&format!("get {number}"));
            history.add(&format!("get {number}"));
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), LINES_MAX);
        assert_eq!(text.lines().next(), Some("get 5"));
    }
}
