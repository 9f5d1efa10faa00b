//! What COMMAND INFO and COMMAND DOCS answer about one command, in the shapes of Redis 7.0.

use super::{Arg, Begin, Command, Find, Flags, KeySpec};

/// Takes a reply piece by piece. A length comes first, the elements follow. RESP2 writes a map of
/// `n` pairs as an array of `2 * n` elements and a set as an array.
pub trait Sink {
    /// An array of `n` elements follows.
    fn array(&mut self, n: usize);
    /// A map of `n` pairs follows.
    fn map(&mut self, n: usize);
    /// A set of `n` elements follows.
    fn set(&mut self, n: usize);
    /// A bulk string.
    fn bulk(&mut self, bytes: &[u8]);
    /// A simple string.
    fn status(&mut self, text: &str);
    /// An integer.
    fn integer(&mut self, number: i64);
}

/// Writes the element of COMMAND and COMMAND INFO for `command`.
pub fn write_info(command: &Command, sink: &mut impl Sink) {
    sink.array(10);
    sink.bulk(command.name.as_bytes());
    sink.integer(i64::from(command.arity));
    let flags = command.flags.without(Flags::HIDDEN);
    write_names(flags.len(), flags.names(), sink);
    let (first, last, step) = command.legacy_keys;
    for number in [first, last, step] {
        sink.integer(i64::from(number));
    }
    write_names(command.acl.len(), command.acl.names(), sink);
    sink.set(command.tips.len());
    for tip in command.tips {
        sink.bulk(tip.as_bytes());
    }
    sink.set(command.keys.len());
    for spec in command.keys {
        write_key_spec(spec, sink);
    }
    // An empty list is a set in Redis 7.0, a filled one an array.
    match command.subcommands {
        [] => sink.set(0),
        subcommands => {
            sink.array(subcommands.len());
            for sub in subcommands {
                write_info(sub, sink);
            }
        }
    }
}

/// Writes the value that COMMAND DOCS gives for `command`; the key, its name, is the caller's.
pub fn write_docs(command: &Command, sink: &mut impl Sink) {
    let docs = command.docs;
    let optional = [
        docs.complexity.is_some(),
        !docs.history.is_empty(),
        !docs.flags.is_empty(),
        docs.deprecated_since.is_some(),
        docs.replaced_by.is_some(),
        !docs.arguments.is_empty(),
        !command.subcommands.is_empty(),
    ];
    sink.map(3 + count(optional));
    write_text("summary", Some(docs.summary), sink);
    write_text("since", Some(docs.since), sink);
    write_text("group", Some(docs.group), sink);
    write_text("complexity", docs.complexity, sink);
    if !docs.flags.is_empty() {
        sink.bulk(b"doc_flags");
        write_names(docs.flags.len(), docs.flags.names(), sink);
    }
    write_text("deprecated_since", docs.deprecated_since, sink);
    write_text("replaced_by", docs.replaced_by, sink);
    if !docs.history.is_empty() {
        sink.bulk(b"history");
        sink.set(docs.history.len());
        for (since, change) in docs.history {
            sink.array(2);
            sink.bulk(since.as_bytes());
            sink.bulk(change.as_bytes());
        }
    }
    write_arguments(docs.arguments, sink);
    if !command.subcommands.is_empty() {
        sink.bulk(b"subcommands");
        sink.map(command.subcommands.len());
        for sub in command.subcommands {
            sink.bulk(sub.name.as_bytes());
            write_docs(sub, sink);
        }
    }
}

fn write_key_spec(spec: &KeySpec, sink: &mut impl Sink) {
    sink.map(3 + usize::from(spec.notes.is_some()));
    write_text("notes", spec.notes, sink);
    sink.bulk(b"flags");
    write_names(spec.flags.len(), spec.flags.names(), sink);
    sink.bulk(b"begin_search");
    match spec.begin {
        Begin::Index(index) => {
            write_search("index", 1, sink);
            write_numbers(&[("index", index)], sink);
        }
        Begin::Keyword { keyword, startfrom } => {
            write_search("keyword", 2, sink);
            write_text("keyword", Some(keyword), sink);
            write_numbers(&[("startfrom", startfrom)], sink);
        }
        Begin::Unknown => write_search("unknown", 0, sink),
    }
    sink.bulk(b"find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            write_search("range", 3, sink);
            write_numbers(&[("lastkey", last), ("keystep", step), ("limit", limit)], sink);
        }
        Find::KeyNum { keynumidx, firstkey, keystep } => {
            write_search("keynum", 3, sink);
            write_numbers(&[("keynumidx", keynumidx), ("firstkey", firstkey), ("keystep", keystep)], sink);
        }
        Find::Unknown => write_search("unknown", 0, sink),
    }
}

/// The head of a search: its type, and a map of `fields` pairs, which the caller writes.
fn write_search(kind: &str, fields: usize, sink: &mut impl Sink) {
    sink.map(2);
    write_text("type", Some(kind), sink);
    sink.bulk(b"spec");
    sink.map(fields);
}

fn write_arguments(arguments: &[Arg], sink: &mut impl Sink) {
    if arguments.is_empty() {
        return;
    }
    sink.bulk(b"arguments");
    sink.array(arguments.len());
    for arg in arguments {
        let optional = [
            arg.key_spec.is_some(),
            arg.token.is_some(),
            arg.summary.is_some(),
            arg.since.is_some(),
            arg.deprecated_since.is_some(),
            !arg.flags.is_empty(),
            !arg.arguments.is_empty(),
        ];
        sink.map(2 + count(optional));
        write_text("name", Some(arg.name), sink);
        write_text("type", Some(arg.kind.name()), sink);
        if let Some(index) = arg.key_spec {
            write_numbers(&[("key_spec_index", i16::from(index))], sink);
        }
        write_text("token", arg.token, sink);
        write_text("summary", arg.summary, sink);
        write_text("since", arg.since, sink);
        write_text("deprecated_since", arg.deprecated_since, sink);
        if !arg.flags.is_empty() {
            sink.bulk(b"flags");
            write_names(arg.flags.len(), arg.flags.names(), sink);
        }
        write_arguments(arg.arguments, sink);
    }
}

fn count<const N: usize>(present: [bool; N]) -> usize {
    present.into_iter().filter(|&field| field).count()
}

fn write_names(n: usize, names: impl Iterator<Item = &'static str>, sink: &mut impl Sink) {
    sink.set(n);
    names.for_each(|name| sink.status(name));
}

/// A pair of a map, if there is a value.
fn write_text(field: &str, value: Option<&str>, sink: &mut impl Sink) {
    if let Some(value) = value {
        sink.bulk(field.as_bytes());
        sink.bulk(value.as_bytes());
    }
}

fn write_numbers(fields: &[(&str, i16)], sink: &mut impl Sink) {
    for (field, value) in fields {
        sink.bulk(field.as_bytes());
        sink.integer(i64::from(*value));
    }
}
