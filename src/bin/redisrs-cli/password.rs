//! Asking for a password: what is typed shows as asterisks.

use std::borrow::Cow;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Config, Editor, Helper};

use crate::terminal;

struct Mask;

impl Highlighter for Mask {
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        Cow::Owned("*".repeat(line.chars().count()))
    }

    fn highlight_char(&self, _line: &str, _position: usize, _kind: CmdKind) -> bool {
        true
    }
}

impl Completer for Mask {
    type Candidate = String;
}
impl Hinter for Mask {
    type Hint = String;
}
impl Validator for Mask {}
impl Helper for Mask {}

/// The password, or nothing if the input ended first.
pub fn ask() -> Option<Vec<u8>> {
    if !terminal::input_is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).ok()?;
        return Some(line.trim_end_matches('\n').to_owned().into_bytes());
    }
    // The highlighter hides the text, so it must run even where colours are unwanted.
    let config = Config::builder().color_mode(ColorMode::Forced).build();
    let mut editor: Editor<Mask, MemHistory> = Editor::with_history(config, MemHistory::new()).ok()?;
    editor.set_helper(Some(Mask));
    editor.readline("Please input password: ").ok().map(String::into_bytes)
}
