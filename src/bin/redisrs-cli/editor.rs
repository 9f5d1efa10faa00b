//! Typing a command: completion and hints from the server's documentation.

use std::borrow::Cow;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use crate::arguments;
use crate::help::Entry;

/// A line editor that knows the server's commands.
pub type CommandEditor = Editor<Assistant, MemHistory>;

/// What helps with the line being typed.
pub struct Assistant {
    entries: Vec<Entry>,
    pub show_hints: bool,
}

/// An editor; nothing if the terminal cannot be used.
pub fn open(entries: Vec<Entry>) -> Option<CommandEditor> {
    let config = Config::builder().auto_add_history(false).completion_show_all_if_ambiguous(false).build();
    let mut editor = Editor::with_history(config, MemHistory::new()).ok()?;
    editor.set_helper(Some(Assistant { entries, show_hints: true }));
    Some(editor)
}

impl Assistant {
    /// What is still to be typed after this beginning of a command.
    fn hint_for(&self, line: &str) -> Option<String> {
        let words = arguments::split(line.as_bytes())?;
        let ends_in_blank = line.ends_with(' ');
        if words.is_empty() {
            return None;
        }
        let (entry, matched) = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry, words_matched(&entry.name, &words)?)))
            .max_by_key(|(_, matched)| *matched)?;
        // The last word may still be growing into another command.
        if words.len() == matched && !ends_in_blank && entry.parameters.is_empty() {
            return None;
        }
        let rest = without_typed(&entry.parameters, words.len() - matched);
        if rest.is_empty() {
            return None;
        }
        Some(if ends_in_blank { rest.to_owned() } else { format!(" {rest}") })
    }

    fn completions(&self, line: &str) -> Vec<String> {
        let (before, typed) = match line.get(..5) {
            Some(start) if start.eq_ignore_ascii_case("help ") => (start, &line[5..]),
            _ => ("", line),
        };
        if typed.is_empty() && before.is_empty() {
            return Vec::new();
        }
        let groups = self.entries.iter().map(|entry| format!("@{}", entry.group()));
        let mut topics: Vec<String> = if before.is_empty() { Vec::new() } else { groups.collect() };
        topics.extend(self.entries.iter().map(|entry| entry.name.clone()));
        topics.sort();
        topics.dedup();
        let in_capitals = typed.bytes().any(|byte| byte.is_ascii_uppercase());
        topics
            .into_iter()
            .filter(|topic| topic.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed)))
            .map(|topic| if in_capitals { topic } else { topic.to_lowercase() })
            .map(|topic| format!("{before}{topic}"))
            .collect()
    }
}

/// How many words the name has, if the typed words begin with them.
fn words_matched(name: &str, words: &[Vec<u8>]) -> Option<usize> {
    let mut count = 0;
    for part in name.split(' ') {
        if !words.get(count)?.eq_ignore_ascii_case(part.as_bytes()) {
            return None;
        }
        count += 1;
    }
    Some(count)
}

/// The parameters after the first `typed` ones; an optional one is never taken as typed.
fn without_typed(parameters: &str, typed: usize) -> &str {
    let mut rest = parameters;
    for _ in 0..typed {
        if rest.starts_with('[') {
            break;
        }
        rest = rest.split_once(' ').map_or("", |(_, after)| after);
    }
    rest
}

impl Hinter for Assistant {
    type Hint = GreyHint;

    fn hint(&self, line: &str, position: usize, _context: &Context<'_>) -> Option<GreyHint> {
        if !self.show_hints || position < line.len() {
            return None;
        }
        self.hint_for(line).map(GreyHint)
    }
}

/// A hint that is shown and never inserted: it names parameters, not values.
pub struct GreyHint(String);

impl rustyline::hint::Hint for GreyHint {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _context: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok((0, self.completions(&line[..position])))
    }
}

impl Validator for Assistant {}
impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use super::*;

    fn assistant() -> Assistant {
        let entry = |name: &str, parameters: &str| Entry::named(name, parameters, "string");
        Assistant {
            entries: vec![
                entry("CLIENT", ""),
                entry("CLIENT KILL", "ip:port [ID id]"),
                entry("SET", "key value [NX|XX]"),
                entry("SETEX", "key seconds value"),
            ],
            show_hints: true,
        }
    }

    #[test]
    fn hints_name_what_is_missing() {
        let assistant = assistant();
        let hint = |line: &str| assistant.hint_for(line);
        assert_eq!(hint("set").as_deref(), Some(" key value [NX|XX]"));
        assert_eq!(hint("SET ").as_deref(), Some("key value [NX|XX]"));
        assert_eq!(hint("set a ").as_deref(), Some("value [NX|XX]"));
        assert_eq!(hint("set a b").as_deref(), Some(" [NX|XX]"));
        assert_eq!(hint("client kill ").as_deref(), Some("ip:port [ID id]"));
        assert_eq!(hint("client "), None);
        assert_eq!(hint("nosuch "), None);
        assert_eq!(hint("set \"a"), None);
    }

    #[test]
    fn completion_keeps_the_case() {
        let assistant = assistant();
        assert_eq!(assistant.completions("se"), ["set", "setex"]);
        assert_eq!(assistant.completions("CLIENT K"), ["CLIENT KILL"]);
        assert_eq!(assistant.completions("help @"), ["help @string"]);
        assert_eq!(assistant.completions("é"), Vec::<String>::new());
        assert_eq!(assistant.completions(""), Vec::<String>::new());
    }
}
