//! Turns the JSON command table beside this file into Rust statics; runs in the build script.
//!
//! `fields.rs` reads fields, this file checks and derives, `emit.rs` writes. The input is one file
//! per command group, an array of commands each (extract.py describes the fields). The output is
//! one source file of constants that `spec.rs` includes: every command is built by the compiler, so
//! nothing is parsed, allocated or registered at startup. What Redis computes while starting is
//! computed here: the ACL categories that follow from flags, first/last/step and `movablekeys` from
//! the key specs, the shape that lets dispatch skip the specs, and a hash seed that gives each
//! command name its own slot.
//!
//! A mistake in the JSON (unknown field or flag, duplicate name, key position beyond the arity …)
//! is a panic that names the file and the command, that is, a compile error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use serde_json::{Map, Value};

#[path = "emit.rs"]
mod emit;
#[path = "fields.rs"]
mod fields;
#[path = "hash.rs"]
mod hash;
// The build script needs only the names, the crate needs the rest.
#[allow(dead_code)]
#[path = "names.rs"]
mod names;

use fields::{Fields, Place};
use names::{AclCategories, ArgFlags, ArgType, DocFlags, Flags, KeyFlags, Locks};

/// The groups that COMMAND DOCS may print.
const GROUPS: &[&str] = &[
    "bitmap",
    "cluster",
    "connection",
    "generic",
    "geo",
    "hash",
    "hyperloglog",
    "list",
    "pubsub",
    "scripting",
    "sentinel",
    "server",
    "set",
    "sorted-set",
    "stream",
    "string",
    "transactions",
];

/// Reads every `*.json` of `spec_dir` and writes the Rust source `out`.
pub fn generate(spec_dir: &Path, out: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", spec_dir.display());
    let mut commands = BTreeMap::new();
    let mut paths = fs::read_dir(spec_dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "json")) {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let group = file.trim_end_matches(".json");
        let place = Place { file, command: "(the file)" };
        let list: Vec<Map<String, Value>> = match serde_json::from_str(&fs::read_to_string(path)?) {
            Ok(list) => list,
            Err(error) => place.fail(format_args!("not an array of commands: {error}")),
        };
        for entry in list {
            let command = Command::parse(entry, file, group, None);
            if let Some(other) = commands.insert(command.name.clone(), command) {
                place.fail(format_args!("duplicate command {:?}", other.name));
            }
        }
    }
    fs::write(out, emit::source_of(&commands.into_values().collect::<Vec<_>>()))
}

struct Command {
    /// "get", or "client|id" for a subcommand.
    name: String,
    arity: i16,
    flags: Flags,
    acl: AclCategories,
    keys: Vec<KeySpec>,
    locks: Locks,
    tips: Vec<String>,
    handler: Option<String>,
    docs: Docs,
    subcommands: Vec<Command>,
}

struct Docs {
    summary: String,
    since: String,
    group: String,
    complexity: Option<String>,
    history: Vec<(String, String)>,
    flags: DocFlags,
    deprecated_since: Option<String>,
    replaced_by: Option<String>,
    arguments: Vec<Arg>,
}

struct Arg {
    name: String,
    kind: ArgType,
    key_spec: Option<i16>,
    token: Option<String>,
    summary: Option<String>,
    since: Option<String>,
    deprecated_since: Option<String>,
    flags: ArgFlags,
    arguments: Vec<Arg>,
}

struct KeySpec {
    notes: Option<String>,
    flags: KeyFlags,
    begin: Begin,
    find: Find,
}

enum Begin {
    Index(i16),
    Keyword { keyword: String, startfrom: i16 },
    Unknown,
}

enum Find {
    Range { last: i16, step: i16, limit: i16 },
    KeyNum { keynumidx: i16, firstkey: i16, keystep: i16 },
    Unknown,
}

impl Command {
    fn parse(map: Map<String, Value>, file: &str, group: &str, container: Option<&str>) -> Command {
        let short = map.get("name").and_then(Value::as_str).unwrap_or("(without a name)");
        let name = container.map_or(short.to_owned(), |container| format!("{container}|{short}"));
        let place = Place { file, command: &name };
        if !name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()) {
            place.fail(format_args!("a name is printable and in lower case"));
        }
        let mut fields = Fields::new(place, Value::Object(map));
        fields.string("name");
        let arity = fields.integer_or_none("arity").unwrap_or(0);
        if arity == 0 {
            place.fail(format_args!("arity is missing or 0"));
        }
        let mut flags = fields.set("flags", Flags::EMPTY, Flags::from_name, Flags::union);
        let acl = fields.set("acl", AclCategories::EMPTY, AclCategories::from_name, AclCategories::union);
        let acl = acl.union(AclCategories::implied_by(flags, acl));
        let keys: Vec<KeySpec> =
            fields.array("keys").into_iter().map(|spec| KeySpec::parse(Fields::new(place, spec))).collect();
        if legacy_keys(&keys).1 {
            flags = flags.union(Flags::MOVABLEKEYS);
        }
        let docs = Docs::parse(&mut fields, group, keys.len());
        let tips = fields.strings("tips");
        let handler = fields.string_or_none("handler");
        let locks = match fields.string_or_none("locks") {
            None if keys.iter().all(KeySpec::is_complete) => Locks::Keys,
            None => Locks::All,
            Some(kind) => {
                Locks::from_name(&kind).unwrap_or_else(|| place.fail(format_args!("unknown kind of locks {kind:?}")))
            }
        };
        let mut seen = BTreeSet::new();
        let mut subcommands = Vec::new();
        for sub in fields.array("subcommands") {
            let sub = Command::parse(Fields::new(place, sub).map, file, &docs.group, Some(&name));
            if !seen.insert(sub.name.clone()) {
                place.fail(format_args!("duplicate subcommand {:?}", sub.name));
            }
            subcommands.push(sub);
        }
        subcommands.sort_by(|a, b| a.name.cmp(&b.name));
        fields.finish();
        match &handler {
            Some(path) if !is_rust_path(path) => place.fail(format_args!("handler {path:?} is not module::function")),
            None if subcommands.is_empty() => place.fail(format_args!("handler is missing")),
            _ => {}
        }
        let command = Command { arity, flags, acl, keys, locks, tips, handler, docs, subcommands, name: name.clone() };
        if let KeyShape::Single(at) = command.key_shape()
            && at >= arity.unsigned_abs()
        {
            place.fail(format_args!("the key at {at} is beyond the arity {arity}"));
        }
        command
    }

    fn key_shape(&self) -> KeyShape {
        let mut specs = self.keys.iter().filter(|spec| !spec.flags.contains(KeyFlags::NOT_KEY));
        match (specs.next(), specs.next()) {
            (None, _) => KeyShape::None,
            (Some(KeySpec { begin: Begin::Index(at), find: Find::Range { last: 0, .. }, flags, .. }), None)
                if !flags.contains(KeyFlags::INCOMPLETE) =>
            {
                KeyShape::Single(at.unsigned_abs())
            }
            _ => KeyShape::Specs,
        }
    }
}

/// What dispatch may assume about the keys of a command.
enum KeyShape {
    None,
    Single(u16),
    Specs,
}

/// `module::function`, in the spelling of Rust functions.
fn is_rust_path(path: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    path.contains("::") && path.split("::").all(is_name)
}

/// First, last and step as COMMAND prints them, and whether they miss keys
/// (`populateCommandLegacyRangeSpec` of Redis): several specs merge only if they are consecutive
/// ranges of step 1.
fn legacy_keys(specs: &[KeySpec]) -> ((i16, i16, i16), bool) {
    let absolute = |first: i16, last: i16| if last >= 0 { first + last } else { last };
    if let [KeySpec { begin: Begin::Index(first), find: Find::Range { last, step, .. }, flags, .. }] = specs {
        return ((*first, absolute(*first, *last), *step), flags.contains(KeyFlags::INCOMPLETE));
    }
    let mut movable = false;
    let mut merged: Option<(i16, i16)> = None;
    for spec in specs {
        let KeySpec { begin: Begin::Index(first), find: Find::Range { last, step: 1, .. }, .. } = *spec else {
            movable = true;
            continue;
        };
        if merged.is_some_and(|(_, previous_last)| previous_last != first - 1) {
            movable = true;
            continue;
        }
        movable |= spec.flags.contains(KeyFlags::INCOMPLETE);
        let last = absolute(first, last);
        merged = Some(match merged {
            None => (first, last),
            // As unsigned numbers, so that a negative last, counted from the end, is the greater
            // one.
            Some((earlier, previous)) => {
                (earlier.min(first), previous.cast_unsigned().max(last.cast_unsigned()).cast_signed())
            }
        });
    }
    (merged.map_or((0, 0, 0), |(first, last)| (first, last, 1)), movable)
}

impl KeySpec {
    /// Whether it tells all its keys.
    fn is_complete(&self) -> bool {
        let unknown = matches!(self.begin, Begin::Unknown) || matches!(self.find, Find::Unknown);
        !unknown && !self.flags.contains(KeyFlags::INCOMPLETE)
    }

    fn parse(mut fields: Fields<'_>) -> KeySpec {
        let place = fields.place;
        let begin = if fields.take_unknown("index") {
            Begin::Unknown
        } else if let Some(keyword) = fields.string_or_none("keyword") {
            Begin::Keyword { keyword, startfrom: fields.integer_or_none("startfrom").unwrap_or(1) }
        } else {
            match fields.integer_or_none("index") {
                Some(index) if index > 0 => Begin::Index(index),
                _ => place.fail(format_args!("a key spec needs an index above 0 or a keyword")),
            }
        };
        let find = if fields.take_unknown("range") {
            Find::Unknown
        } else if let Some([keynumidx, firstkey, keystep]) = fields.triple_or_none("keynum") {
            Find::KeyNum { keynumidx, firstkey, keystep }
        } else {
            let [last, step, limit] = fields.triple_or_none("range").unwrap_or([0, 1, 0]);
            Find::Range { last, step, limit }
        };
        if let Find::Range { step, .. } | Find::KeyNum { keystep: step, .. } = find
            && step <= 0
        {
            place.fail(format_args!("a key step is above 0"));
        }
        let flags = fields.set("flags", KeyFlags::EMPTY, KeyFlags::from_name, KeyFlags::union);
        let spec = KeySpec { notes: fields.string_or_none("notes"), flags, begin, find };
        fields.finish();
        spec
    }
}

impl Docs {
    fn parse(fields: &mut Fields<'_>, group: &str, specs: usize) -> Docs {
        let place = fields.place;
        let group = fields.string_or_none("group").unwrap_or_else(|| group.to_owned());
        if !GROUPS.contains(&group.as_str()) {
            place.fail(format_args!("unknown group {group:?}"));
        }
        let history = fields.array("history").into_iter().map(|change| match change.as_array().map(Vec::as_slice) {
            Some([Value::String(since), Value::String(text)]) => (since.clone(), text.clone()),
            _ => place.fail(format_args!("history must hold [since, change] pairs, not {change}")),
        });
        Docs {
            history: history.collect(),
            summary: fields.string("summary"),
            since: fields.string("since"),
            group,
            complexity: fields.string_or_none("complexity"),
            flags: fields.set("doc_flags", DocFlags::EMPTY, DocFlags::from_name, DocFlags::union),
            deprecated_since: fields.string_or_none("deprecated_since"),
            replaced_by: fields.string_or_none("replaced_by"),
            arguments: Arg::parse_all(fields, specs),
        }
    }
}

impl Arg {
    fn parse_all(fields: &mut Fields<'_>, specs: usize) -> Vec<Arg> {
        let place = fields.place;
        let arguments = fields.array("arguments").into_iter();
        arguments.map(|argument| Arg::parse(Fields::new(place, argument), specs)).collect()
    }

    fn parse(mut fields: Fields<'_>, specs: usize) -> Arg {
        let place = fields.place;
        let name = fields.string("name");
        let kind = fields.string("type");
        let Some(kind) = ArgType::from_name(&kind) else {
            place.fail(format_args!("unknown type {kind:?} of argument {name:?}"));
        };
        let key_spec = fields.integer_or_none("key_spec_index");
        if key_spec.is_some_and(|index| usize::try_from(index).map_or(true, |index| index >= specs)) {
            place.fail(format_args!("argument {name:?} points to a key spec that is not there"));
        }
        let arguments = Arg::parse_all(&mut fields, specs);
        if kind.has_arguments() == arguments.is_empty() {
            place.fail(format_args!("argument {name:?}: sub-arguments and type don't fit"));
        }
        let arg = Arg {
            name,
            kind,
            key_spec,
            token: fields.string_or_none("token"),
            summary: fields.string_or_none("summary"),
            since: fields.string_or_none("since"),
            deprecated_since: fields.string_or_none("deprecated_since"),
            flags: fields.set("flags", ArgFlags::EMPTY, ArgFlags::from_name, ArgFlags::union),
            arguments,
        };
        fields.finish();
        arg
    }
}
