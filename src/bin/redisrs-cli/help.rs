//! `help`, answered from the server's own COMMAND DOCS: the commands are its, so is their description.

use crate::reply::Reply;
use crate::usage;
use std::fmt::Write as _;

/// One command or subcommand as the server documents it.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// In capitals, a subcommand after its container: `CLIENT LIST`.
    pub name: String,
    pub parameters: String,
    summary: String,
    since: String,
    group: String,
}

impl Entry {
    pub fn group(&self) -> &str {
        &self.group
    }

    #[cfg(test)]
    pub fn named(name: &str, parameters: &str, group: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            parameters: parameters.to_owned(),
            summary: String::new(),
            since: String::new(),
            group: group.to_owned(),
        }
    }
}

/// The text that answers `help` with these arguments. The documentation is only fetched if needed.
pub fn answer(topic: &[Vec<u8>], docs: impl FnOnce() -> Option<Reply>) -> String {
    let Some(first) = topic.first() else {
        return usage::interactive_help();
    };
    let entries = docs().map(|docs| entries(&docs)).unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let mut text = String::new();
    if let Some(group) = first.strip_prefix('@') {
        let members = entries.iter().filter(|entry| entry.group.eq_ignore_ascii_case(group));
        members.for_each(|entry| describe(&mut text, entry, false));
    } else {
        let words: Vec<String> = topic.iter().map(|word| String::from_utf8_lossy(word).to_uppercase()).collect();
        let matching = entries.iter().filter(|entry| {
            let mut name = entry.name.split(' ');
            words.iter().all(|word| name.next() == Some(word))
        });
        matching.for_each(|entry| describe(&mut text, entry, true));
    }
    text.push_str("\r\n");
    text
}

fn describe(text: &mut String, entry: &Entry, with_group: bool) {
    let _ = write!(text, "\r\n  \x1b[1m{}\x1b[0m \x1b[90m{}\x1b[0m\r\n", entry.name, entry.parameters);
    let _ = write!(text, "  \x1b[33msummary:\x1b[0m {}\r\n", entry.summary);
    let _ = write!(text, "  \x1b[33msince:\x1b[0m {}\r\n", entry.since);
    if with_group {
        let _ = write!(text, "  \x1b[33mgroup:\x1b[0m {}\r\n", entry.group);
    }
}

/// All documented commands, sorted by name.
pub fn entries(docs: &Reply) -> Vec<Entry> {
    let mut entries = Vec::new();
    collect(docs, &mut entries);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

fn collect(docs: &Reply, entries: &mut Vec<Entry>) {
    for (name, doc) in docs.pairs() {
        let text = |field: &str| doc.field(field).map(text_of).unwrap_or_default();
        let arguments = doc.field("arguments").and_then(Reply::elements);
        entries.push(Entry {
            name: text_of(name).to_uppercase().replace('|', " "),
            parameters: arguments.map(|list| join(list, " ")).unwrap_or_default(),
            summary: text("summary"),
            since: text("since"),
            group: text("group"),
        });
        if let Some(subcommands) = doc.field("subcommands") {
            collect(subcommands, entries);
        }
    }
}

fn text_of(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned()
}

fn join(arguments: &[Reply], separator: &str) -> String {
    let parameters: Vec<String> = arguments.iter().map(parameter).collect();
    parameters.join(separator)
}

/// One argument in the notation of the manual: `[TOKEN name [name ...]]`.
fn parameter(argument: &Reply) -> String {
    let text = |field: &str| argument.field(field).map(text_of);
    let flags = argument.field("flags").and_then(Reply::elements).unwrap_or_default();
    let flag = |name: &str| flags.iter().any(|flag| flag.text() == Some(name.as_bytes()));
    let nested = argument.field("arguments").and_then(Reply::elements).unwrap_or_default();
    let value = match text("type").as_deref() {
        Some("pure-token") => String::new(),
        Some("oneof") => join(nested, "|"),
        Some("block") => join(nested, " "),
        _ => text("display_text").or_else(|| text("name")).unwrap_or_default(),
    };
    // MIGRATE takes an empty string as a token.
    let token = text("token").map(|token| match token.as_str() {
        "" => "\"\"".to_owned(),
        _ => token,
    });
    let whole = match token {
        Some(token) if value.is_empty() => token,
        Some(token) => format!("{token} {value}"),
        None => value.clone(),
    };
    let repeated = if flag("multiple_token") {
        format!("{whole} [{whole} ...]")
    } else if flag("multiple") {
        format!("{whole} [{value} ...]")
    } else {
        whole
    };
    if flag("optional") { format!("[{repeated}]") } else { repeated }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.as_bytes().to_vec())
    }

    fn map(pairs: &[(&str, Reply)]) -> Reply {
        Reply::Map(pairs.iter().map(|(key, value)| (bulk(key), value.clone())).collect())
    }

    fn flags(names: &[&str]) -> Reply {
        Reply::Set(names.iter().map(|name| Reply::Status(name.as_bytes().to_vec())).collect())
    }

    fn argument(kind: &str, name: &str, more: &[(&str, Reply)]) -> Reply {
        let mut pairs = vec![("name", bulk(name)), ("type", bulk(kind))];
        pairs.extend_from_slice(more);
        map(&pairs)
    }

    #[test]
    fn parameters_in_manual_notation() {
        let key = argument("key", "key", &[("flags", flags(&["multiple"]))]);
        assert_eq!(parameter(&key), "key [key ...]");
        let choice = argument(
            "oneof",
            "condition",
            &[
                ("flags", flags(&["optional"])),
                (
                    "arguments",
                    Reply::Array(vec![
                        argument("pure-token", "nx", &[("token", bulk("NX"))]),
                        argument("integer", "seconds", &[("token", bulk("EX"))]),
                    ]),
                ),
            ],
        );
        assert_eq!(parameter(&choice), "[NX|EX seconds]");
        let get = argument(
            "pattern",
            "pattern",
            &[("token", bulk("GET")), ("flags", flags(&["optional", "multiple", "multiple_token"]))],
        );
        assert_eq!(parameter(&get), "[GET pattern [GET pattern ...]]");
    }

    #[test]
    fn topics() {
        let docs = map(&[
            (
                "client",
                map(&[
                    ("summary", bulk("container")),
                    ("group", bulk("connection")),
                    ("subcommands", map(&[("client|id", map(&[("group", bulk("connection"))]))])),
                ]),
            ),
            ("append", map(&[("group", bulk("string")), ("since", bulk("2.0.0"))])),
        ]);
        let names: Vec<String> = entries(&docs).into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["APPEND", "CLIENT", "CLIENT ID"]);
        let ask = |topic: &str| {
            let words: Vec<Vec<u8>> = topic.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            answer(&words, || Some(docs.clone()))
        };
        assert_eq!(ask("nosuch"), "\r\n");
        assert!(ask("@string").contains("APPEND") && !ask("@string").contains("CLIENT"));
        assert!(ask("client id").contains("CLIENT ID"));
        assert_eq!(ask("client").matches("summary").count(), 2);
        assert_eq!(answer(&[b"get".to_vec()], || None), "\r\n");
    }
}
