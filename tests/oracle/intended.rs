//! Where redisrs differs from Redis on purpose. Every row has its reason, and the README repeats it.
//!
//! The tables are the only way to make a difference acceptable; they are empty until a decision is made, and a row is as
//! narrow as it can be.

use super::command::Command;
use super::resp::{Received, Reply};

/// A difference in the replies to a command.
pub struct Intended {
    /// Upper case, with the subcommand if it has one: "CONFIG GET".
    pub title: &'static str,
    /// Which pairs of replies (ours, theirs) are meant.
    pub covers: fn(&Command, &Received, &Received) -> bool,
    pub reason: &'static str,
}

/// Replies.
pub const REPLIES: &[Intended] = &[
    Intended {
        title: "CLIENT INFO",
        covers: has_library_fields,
        reason: "lib-name and lib-ver of CLIENT SETINFO (7.2) stand behind the fields of 7.0",
    },
    Intended {
        title: "CLIENT LIST",
        covers: has_library_fields,
        reason: "lib-name and lib-ver of CLIENT SETINFO (7.2) stand behind the fields of 7.0",
    },
    Intended {
        title: "CLIENT HELP",
        covers: names_fewer,
        reason: "what needs tracking or blocking commands is not there, and SETINFO (7.2) is",
    },
    Intended { title: "ZRANK", covers: is_with_score, reason: "the WITHSCORE of 7.2 is there" },
    Intended { title: "ZREVRANK", covers: is_with_score, reason: "the WITHSCORE of 7.2 is there" },
    Intended { title: "FUNCTION HELP", covers: names_fewer, reason: "there is no scripting engine yet" },
    Intended { title: "FUNCTION STATS", covers: has_no_engine, reason: "there is no scripting engine yet" },
];

/// Commands that are documented otherwise than in 7.0, and may fail less often: (name, reason).
pub const COMMANDS_CHANGED: &[(&str, &str)] = &[("zrank", "WITHSCORE of 7.2"), ("zrevrank", "WITHSCORE of 7.2")];

/// Configuration parameters whose values differ: (name, reason).
pub const PARAMETERS: &[(&str, &str)] = &[
    ("io-threads", "reactors that run commands, one per CPU unless configured"),
    ("shards", "ours"),
    ("original-replies", "ours"),
];

/// Commands that take more arguments: (name, reason).
pub const ARITIES: &[(&str, &str)] = &[("zrank", "WITHSCORE of 7.2"), ("zrevrank", "WITHSCORE of 7.2")];

/// INFO fields of Redis that redisrs does not print: ("section:field", reason).
pub const INFO_FIELDS_ABSENT: &[(&str, &str)] = &[];

/// Protocol cases (tests/protocol.rs) that end differently: (name of the case, reason).
pub const PROTOCOL_CASES: &[(&str, &str)] = &[
    (r#"["CLIENT", "REPLY", "OFF"] ["PING"] ["QUIT"] ["PING"]"#, QUIT_CLOSES),
    (r#"["CLIENT", "REPLY", "SKIP"] ["QUIT"]"#, QUIT_CLOSES),
];

const QUIT_CLOSES: &str = "QUIT closes the connection even when its reply is suppressed; Redis leaves it open for ever";

/// The same fields in every line, but for the two of CLIENT SETINFO.
fn has_library_fields(_: &Command, ours: &Received, theirs: &Received) -> bool {
    let fields = |received: &Received| -> Vec<Vec<String>> {
        let (Reply::Bulk(text) | Reply::Verbatim(text)) = &received.reply else { return Vec::new() };
        let text = String::from_utf8_lossy(text).replace(" lib-name= lib-ver=", "");
        text.lines()
            .map(|line| line.split(' ').map(|f| f.split('=').next().unwrap_or("").to_owned()).collect())
            .collect()
    };
    ours.reply.kind() == theirs.reply.kind() && !fields(ours).is_empty() && fields(ours) == fields(theirs)
}

/// Every line of ours is one of theirs, apart from those about SETINFO.
fn names_fewer(_: &Command, ours: &Received, theirs: &Received) -> bool {
    let lines = |received: &Received| -> Vec<Vec<u8>> {
        let (Reply::Array(items) | Reply::Set(items)) = &received.reply else { return Vec::new() };
        let text = |item: &Reply| match item {
            Reply::Simple(text) | Reply::Bulk(text) => text.clone(),
            _ => Vec::new(),
        };
        items.iter().map(text).collect()
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    let is_setinfo = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        ["SETINFO", "setinfo", "meta attr", "LIB-NAME", "LIB-VER"].iter().any(|word| line.contains(word))
    };
    !ours.is_empty() && ours.iter().all(|line| theirs.contains(line) || is_setinfo(line))
}

/// Too many arguments for 7.0.
fn is_with_score(command: &Command, _: &Received, theirs: &Received) -> bool {
    command.arguments.len() == 4 && theirs.reply.is_error()
}

fn has_no_engine(_: &Command, ours: &Received, _: &Received) -> bool {
    let pairs: Vec<&Reply> = match &ours.reply {
        Reply::Array(items) => items.iter().collect(),
        Reply::Map(pairs) => pairs.iter().flat_map(|(name, value)| [name, value]).collect(),
        _ => return false,
    };
    matches!(pairs.last(), Some(Reply::Array(engines)) if engines.is_empty())
        || matches!(pairs.last(), Some(Reply::Map(engines)) if engines.is_empty())
}

/// Whether a row of [`REPLIES`] accepts this difference.
pub fn covers(command: &Command, ours: &Received, theirs: &Received) -> bool {
    REPLIES.iter().any(|row| row.title == command.title() && (row.covers)(command, ours, theirs))
}
