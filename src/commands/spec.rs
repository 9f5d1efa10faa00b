//! The command table: everything that is to be known about a command before it runs.
//!
//! One JSON file per command group in `spec/` is the only place where a command is declared. The
//! build script (`spec/codegen.rs`) checks them and writes statics of the types below, sorted by
//! name, so the table costs nothing at startup. It feeds dispatch (handler, arity, flags, keys),
//! ACL (categories, key flags), COMMAND and its subcommands (`spec/render.rs`), and statistics
//! (`Command::id` indexes an array of counters).
//!
//! To add a command: `spec/extract.py PORT name=module::function` against the reference server, or
//! by hand for what the reference does not have. The build fails until the handler exists.
//!
//! [`lookup`] hashes at most 16 bytes of a name to a slot that at most one command owns, then
//! compares once: a few nanoseconds, nothing allocated. Which arguments are keys is told by
//! [`Command::key_shape`] for nearly every command; [`extract_keys`] interprets the key specs for
//! the rest.

mod hash;
mod keys;
// Half of it serves the build script.
#[allow(dead_code)]
mod names;
pub mod render;
mod table {
    use super::{
        AclCategories, Arg, ArgFlags, ArgType, Begin, Command, DocFlags, Docs, Find, Flags, KeyFlags, KeyShape,
        KeySpec, Locks, hash,
    };

    include!(concat!(env!("OUT_DIR"), "/commands.rs"));

    /// The position in [`COMMANDS`] of the only command that can have this name; beyond its end if
    /// there is none.
    #[inline]
    pub(super) fn candidate(name: &[u8]) -> u16 {
        NAME_SLOTS[hash::slot(name, NAME_SEED, NAME_SLOT_BITS)]
    }
}

pub use keys::{KeyError, extract_keys, key_flags};
pub use names::{AclCategories, ArgFlags, ArgType, DocFlags, Flags, KeyFlags, Locks};
pub use table::{COMMANDS, ID_COUNT, id};

/// The function that runs a command.
pub type Handler = crate::commands::Handler;

/// A command or a subcommand.
#[derive(Debug)]
pub struct Command {
    /// Its place among all commands and subcommands, below [`ID_COUNT`]; may change from build to
    /// build.
    pub id: u16,
    /// In lower case: `get`, or `client|id` for a subcommand.
    pub name: &'static str,
    /// The number of arguments with the name(s), or the least number as a negative.
    pub arity: i16,
    /// What it does and where it may run.
    pub flags: Flags,
    /// Its ACL categories, explicit and implied.
    pub acl: AclCategories,
    /// Where its keys are, for those who need no more than the positions of the usual commands.
    pub key_shape: KeyShape,
    /// Which shards dispatch locks for it.
    pub locks: Locks,
    /// Documented as O(1) or flagged as fast: its duration is told from that of its neighbours.
    pub constant_time: bool,
    /// It takes constant time, has one key at a fixed place, locks the shard of that, and neither waits nor needs
    /// permission: dispatch has a short way for it.
    pub is_plain: bool,
    /// Where its keys are, in full.
    pub keys: &'static [KeySpec],
    /// First, last and step as COMMAND prints them.
    pub legacy_keys: (i16, i16, i16),
    /// Tips for clients and proxies.
    pub tips: &'static [&'static str],
    /// The subcommands of a container, sorted by name.
    pub subcommands: &'static [Command],
    /// What runs it; a container may have none.
    pub handler: Option<Handler>,
    /// What COMMAND DOCS tells.
    pub docs: &'static Docs,
}

/// Where the keys of a command are, as far as it can be told without reading its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyShape {
    /// It has no key arguments.
    None,
    /// Exactly one, at this index; the arity ensures that it is there.
    Single(u8),
    /// [`extract_keys`] tells.
    Specs,
}

/// Where some of the keys of a command are and what it does with them.
#[derive(Debug)]
pub struct KeySpec {
    /// A remark for the reader.
    pub notes: Option<&'static str>,
    /// What the command does with these keys.
    pub flags: KeyFlags,
    /// Where to start.
    pub begin: Begin,
    /// What to take from there.
    pub find: Find,
}

/// Where the arguments that hold the keys of a spec begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begin {
    /// At this index.
    Index(i16),
    /// After a keyword.
    Keyword {
        /// Compared without regard to case.
        keyword: &'static str,
        /// Where the search starts; a negative index counts from the end and searches backwards.
        startfrom: i16,
    },
    /// Only the handler knows.
    Unknown,
}

/// Which arguments are keys, counted from where the spec begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Find {
    /// A run of keys.
    Range {
        /// The last one, relative to the first; a negative one counts from the last argument (-1).
        last: i16,
        /// The distance between keys.
        step: i16,
        /// With `last` -1: 2 stops halfway to the end, 3 after a third, and so on; 0 and 1 do not
        /// stop earlier.
        limit: i16,
    },
    /// As many keys as an argument says.
    KeyNum {
        /// Where the number is.
        keynumidx: i16,
        /// Where the first key is.
        firstkey: i16,
        /// The distance between keys.
        keystep: i16,
    },
    /// Only the handler knows.
    Unknown,
}

/// What COMMAND DOCS tells about a command.
#[derive(Debug)]
pub struct Docs {
    /// One line.
    pub summary: &'static str,
    /// The version of Redis that introduced it.
    pub since: &'static str,
    /// The family.
    pub group: &'static str,
    /// In O notation.
    pub complexity: Option<&'static str>,
    /// Changes as (version, text).
    pub history: &'static [(&'static str, &'static str)],
    /// Remarks.
    pub flags: DocFlags,
    /// The version that deprecated it.
    pub deprecated_since: Option<&'static str>,
    /// What to use instead.
    pub replaced_by: Option<&'static str>,
    /// Its arguments.
    pub arguments: &'static [Arg],
}

/// An argument of a command.
#[derive(Debug)]
pub struct Arg {
    /// What it is called.
    pub name: &'static str,
    /// What it holds.
    pub kind: ArgType,
    /// The spec in [`Command::keys`] that finds it.
    pub key_spec: Option<u8>,
    /// The word in front of it.
    pub token: Option<&'static str>,
    /// One line.
    pub summary: Option<&'static str>,
    /// The version that introduced it.
    pub since: Option<&'static str>,
    /// The version that deprecated it.
    pub deprecated_since: Option<&'static str>,
    /// Whether it is optional or repeats.
    pub flags: ArgFlags,
    /// The parts of a block or the alternatives of a choice.
    pub arguments: &'static [Arg],
}

impl Command {
    /// Whether `argc` arguments, the name(s) included, are an acceptable number.
    #[inline]
    pub fn accepts(&self, argc: usize) -> bool {
        let (argc, arity) = (argc as i64, i64::from(self.arity));
        argc == arity || (arity < 0 && argc + arity >= 0)
    }

    /// The last part of the name: `id` of `client|id`.
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('|').map_or(self.name, |(_, sub)| sub)
    }
}

/// The command of this name, in any case.
#[inline]
pub fn lookup(name: &[u8]) -> Option<&'static Command> {
    let command = COMMANDS.get(usize::from(table::candidate(name)))?;
    command.name.as_bytes().eq_ignore_ascii_case(name).then_some(command)
}

/// The subcommand of a container, in any case: `lookup_subcommand(client, b"ID")`.
pub fn lookup_subcommand(command: &Command, name: &[u8]) -> Option<&'static Command> {
    command.subcommands.iter().find(|sub| sub.short_name().as_bytes().eq_ignore_ascii_case(name))
}

/// The command or subcommand of a full name as COMMAND INFO, DOCS and ACL rules take it: `get`,
/// `client|id`.
pub fn lookup_full(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|&byte| byte == b'|') {
        None => lookup(name),
        Some(bar) => lookup_subcommand(lookup(&name[..bar])?, &name[bar + 1..]),
    }
}

/// The command that a request runs: the subcommand if the command is a container and a second word
/// is there. `None` if either word is unknown.
#[inline]
pub fn resolve(argv: &[&[u8]]) -> Option<&'static Command> {
    let command = lookup(argv.first()?)?;
    match argv.get(1) {
        Some(name) if !command.subcommands.is_empty() => lookup_subcommand(command, name),
        _ => Some(command),
    }
}

/// A command and its subcommands.
pub fn with_subcommands(command: &'static Command) -> impl Iterator<Item = &'static Command> {
    std::iter::once(command).chain(command.subcommands)
}

/// All commands and subcommands in the order of their ids.
pub fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().flat_map(with_subcommands)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upper case for every other letter.
    fn mixed(name: &str) -> String {
        let case = |(at, c): (usize, char)| {
            if at % 2 == 0 { c.to_ascii_uppercase() } else { c }
        };
        name.chars().enumerate().map(case).collect()
    }

    #[test]
    fn every_name_is_found_in_any_case() {
        for command in all() {
            for name in [command.name.to_owned(), command.name.to_ascii_uppercase(), mixed(command.name)] {
                assert_eq!(lookup_full(name.as_bytes()).map(|found| found.id), Some(command.id), "{name}");
            }
        }
    }

    #[test]
    fn near_misses_are_not_found() {
        for command in &COMMANDS {
            let name = command.name.as_bytes();
            for at in 0..name.len() {
                let mut changed = name.to_vec();
                for bit in 0..8 {
                    changed[at] = name[at] ^ (1 << bit);
                    let other = COMMANDS.iter().find(|c| c.name.as_bytes().eq_ignore_ascii_case(&changed));
                    assert_eq!(lookup(&changed).map(|found| found.id), other.map(|found| found.id), "{changed:?}");
                }
            }
            for other in [[name, b" "].concat(), [name, b"\0"].concat(), name[..name.len() - 1].to_vec()] {
                let exact = COMMANDS.iter().find(|c| c.name.as_bytes() == other);
                assert_eq!(lookup(&other).map(|found| found.id), exact.map(|found| found.id), "{other:?}");
            }
        }
    }

    #[test]
    fn odd_names_are_not_found() {
        let long = vec![b'g'; 1 << 20];
        for name in [&b""[..], b"\0", b"\xff\xff\xff", b" get", b"g\xe9t", b"client|id", b"|", b"*3", &long] {
            assert!(lookup(name).is_none(), "{name:?}");
        }
        for name in [&b""[..], b"|", b"get|", b"client|", b"|id", b"client|id|", b"client|client|id", b"get|get"] {
            assert!(lookup_full(name).is_none(), "{name:?}");
        }
        for byte in 0..=u8::MAX {
            for length in 1..40 {
                assert!(lookup(&vec![byte; length]).is_none(), "{length} times {byte}");
            }
        }
    }

    #[test]
    fn ids_count_from_zero_in_order() {
        assert!(all().map(|command| usize::from(command.id)).eq(0..ID_COUNT));
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        assert_eq!(lookup(b"get").map(|command| command.id), Some(id::GET));
    }

    #[test]
    fn a_request_resolves_to_its_subcommand() {
        let resolved = |argv: &[&[u8]]| resolve(argv).map(|command| command.name);
        assert_eq!(resolved(&[b"CLIENT", b"Id"]), Some("client|id"));
        assert_eq!(resolved(&[b"client"]), Some("client"));
        assert_eq!(resolved(&[b"client", b"nope"]), None);
        assert_eq!(resolved(&[b"get", b"id"]), Some("get"));
        assert_eq!(resolved(&[]), None);
    }

    #[test]
    fn argument_types_print_their_names() {
        assert!(ArgType::NAMES.iter().all(|(name, kind)| kind.name() == *name));
    }

    #[test]
    fn arity_is_exact_or_a_minimum() {
        let get = lookup(b"get").expect("GET is in the table");
        assert_eq!([1, 2, 3].map(|argc| get.accepts(argc)), [false, true, false]);
        let set = lookup(b"set").expect("SET is in the table");
        assert_eq!([2, 3, 9].map(|argc| set.accepts(argc)), [false, true, true]);
    }
}
