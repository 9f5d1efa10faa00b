//! Reading commands one after the other, from a person or from a script on standard input.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::arguments::{leading_integer, split, whole_integer};
use crate::editor::{self, CommandEditor};
use crate::help::Entry;
use crate::history::{History, dotfile, is_sensitive};
use crate::session::Failed;
use crate::terminal;

/// A command that took longer has its time printed.
const SLOW: Duration = Duration::from_millis(500);

/// What the loop needs of whatever answers the commands.
pub trait Conversation {
    /// `interrupt` is set by Ctrl-C while a person waits.
    fn begin(&mut self, interrupt: Option<Arc<AtomicBool>>);
    fn prompt(&self) -> String;
    /// Commands to complete and hint at.
    fn documented_commands(&self) -> Vec<Entry>;
    /// True when the time of slow commands is to be shown.
    fn shows_time(&self) -> bool;
    /// Problems have been reported when it fails.
    fn issue(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<(), Failed>;
    fn connect_to(&mut self, host: String, port: i64);
}

/// Runs commands until the input ends or says `quit`.
pub fn run(conversation: &mut dyn Conversation) {
    let interrupt = terminal::input_is_terminal().then(Arc::<AtomicBool>::default);
    if let Some(flag) = &interrupt {
        // Without the handler Ctrl-C ends the program, which is acceptable.
        let _ = signal_hook::flag::register(SIGINT, Arc::clone(flag));
    }
    conversation.begin(interrupt.clone());
    let mut input = Input::open(conversation);
    while let Some(line) = input.next_line(&conversation.prompt()) {
        if let Some(flag) = &interrupt {
            flag.store(false, Ordering::Relaxed);
        }
        let Some(words) = split(&line) else {
            terminal::print("Invalid argument(s)\n");
            input.remember(&line, false);
            continue;
        };
        if words.is_empty() {
            continue;
        }
        let Some((repeat, command)) = split_repeat(&words) else {
            terminal::print("Invalid redis-cli repeat command option value.\n");
            continue;
        };
        input.remember(&line, is_sensitive(command));
        if is_word(&words[0], "quit") || is_word(&words[0], "exit") {
            return;
        }
        obey(conversation, &mut input, &words, command, repeat);
    }
}

/// The repeat count before a command, and the command; nothing if the count is not positive.
fn split_repeat(words: &[Vec<u8>]) -> Option<(i64, &[Vec<u8>])> {
    match whole_integer(&words[0]) {
        Some(count) if words.len() > 1 => (1..i64::MAX).contains(&count).then_some((count, &words[1..])),
        _ => Some((1, words)),
    }
}

fn is_word(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

fn obey(conversation: &mut dyn Conversation, input: &mut Input, words: &[Vec<u8>], command: &[Vec<u8>], repeat: i64) {
    match words {
        [name, ..] if name.first() == Some(&b':') => input.set_preference(words, true),
        [name, ..] if is_word(name, "restart") => {
            terminal::print("Use 'restart' only in Lua debugging mode.\n");
        }
        [name, host, port] if is_word(name, "connect") => {
            let host = String::from_utf8_lossy(host).into_owned();
            conversation.connect_to(host, leading_integer(port));
        }
        [name] if is_word(name, "clear") => terminal::print("\x1b[H\x1b[2J"),
        _ => {
            let start = Instant::now();
            // Reported by the conversation; the next line gets its chance.
            let _ = conversation.issue(command, repeat);
            if start.elapsed() >= SLOW && conversation.shows_time() {
                terminal::print(format!("({:.2}s)\n", start.elapsed().as_secs_f64()));
            }
        }
    }
}

/// Where lines come from.
enum Input {
    Person { editor: Box<CommandEditor>, history: History },
    Script,
}

impl Input {
    fn open(conversation: &dyn Conversation) -> Input {
        if !terminal::input_is_terminal() {
            return Input::Script;
        }
        let Some(mut editor) = editor::open(conversation.documented_commands()) else {
            return Input::Script;
        };
        let history = History::load();
        for line in history.lines() {
            let _ = editor.add_history_entry(line);
        }
        let mut input = Input::Person { editor: Box::new(editor), history };
        input.load_preferences();
        input
    }

    /// The next line without its end; nothing at the end of input and when a person wants to leave.
    fn next_line(&mut self, prompt: &str) -> Option<Vec<u8>> {
        match self {
            Input::Person { editor, .. } => editor.readline(prompt).ok().map(String::into_bytes),
            Input::Script => {
                let mut line = Vec::new();
                let count = std::io::stdin().lock().read_until(b'\n', &mut line).ok()?;
                if count == 0 {
                    return None;
                }
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Some(line)
            }
        }
    }

    fn remember(&mut self, line: &[u8], secret: bool) {
        if let Input::Person { editor, history } = self {
            let line = String::from_utf8_lossy(line);
            let _ = editor.add_history_entry(line.as_ref());
            if !secret {
                history.add(&line);
            }
        }
    }

    /// Runs the `:set` lines of the preferences file.
    fn load_preferences(&mut self) {
        let text = dotfile("REDISCLI_RCFILE", ".redisclirc").and_then(|path| std::fs::read(path).ok());
        for line in text.unwrap_or_default().split(|&byte| byte == b'\n') {
            if let Some(words) = split(line)
                && words.first().is_some_and(|word| word.first() == Some(&b':'))
            {
                self.set_preference(&words, false);
            }
        }
    }

    fn set_preference(&mut self, words: &[Vec<u8>], typed: bool) {
        let complain = |what: &str, word: &[u8]| {
            let file = if typed { "" } else { ".redisclirc: " };
            let word = String::from_utf8_lossy(word);
            terminal::print(format!("{file}unknown redis-cli {what} '{word}'\n"));
        };
        match words {
            [name, preference, ..] if is_word(name, ":set") => {
                let show = match preference.to_ascii_lowercase().as_slice() {
                    b"hints" => true,
                    b"nohints" => false,
                    _ => return complain("preference", preference),
                };
                if let Input::Person { editor, .. } = self
                    && let Some(assistant) = editor.helper_mut()
                {
                    assistant.show_hints = show;
                }
            }
            [name, ..] => complain("internal command", name),
            [] => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeat_counts() {
        let words = |line: &str| -> Vec<Vec<u8>> { split(line.as_bytes()).unwrap() };
        assert_eq!(split_repeat(&words("5 incr x")).map(|(count, _)| count), Some(5));
        assert_eq!(split_repeat(&words("5")).map(|(count, _)| count), Some(1));
        assert_eq!(split_repeat(&words("5x y")).map(|(count, _)| count), Some(1));
        assert_eq!(split_repeat(&words("0 incr x")), None);
        assert_eq!(split_repeat(&words("-1 incr x")), None);
        assert_eq!(split_repeat(&words("99999999999999999999 incr x")), None);
    }
}
