//! `--eval file key ... , argument ...`: runs a Lua script of a file once.

use crate::connection::os_text;
use crate::repl::Conversation;
use crate::session::{Failed, Session};

pub fn run(mut session: Session, path: &str) -> Result<(), Failed> {
    session.connect(false)?;
    let script = std::fs::read(path).map_err(|error| {
        eprintln!("Can't open file '{path}': {}", os_text(&error));
        Failed
    })?;
    let command = command(script, &session.options.command);
    let repeat = session.options.repeat;
    session.issue(&command, repeat)
}

/// EVAL with the words before the lone comma as keys and those after it as arguments.
fn command(script: Vec<u8>, words: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let comma = words.iter().position(|word| word == b",");
    let keys = &words[..comma.unwrap_or(words.len())];
    let arguments = comma.map_or(&[][..], |comma| &words[comma + 1..]);
    let mut command = vec![b"EVAL".to_vec(), script, keys.len().to_string().into_bytes()];
    command.extend_from_slice(keys);
    command.extend_from_slice(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_comma_separates() {
        let words =
            |line: &str| -> Vec<Vec<u8>> { line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect() };
        let made = |line: &str| command(b"s".to_vec(), &words(line));
        assert_eq!(made("k l , a"), words("EVAL s 2 k l a"));
        assert_eq!(made("k,a"), words("EVAL s 1 k,a"));
        assert_eq!(made(", a , b"), words("EVAL s 0 a , b"));
        assert_eq!(made(""), words("EVAL s 0"));
    }
}
