//! What a host says about its command, checked, and the table entry that follows from it.

use super::registry::NAME_BYTES_MAX;
use crate::commands::spec::{
    AclCategories, Begin, Command, DocFlags, Docs, Find, Flags, KeyFlags, KeyShape, KeySpec, Locks,
};
use crate::storage::{NoMemory, Text, try_collect, try_copy};
use std::fmt;

/// Why a declaration was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum DeclarationError {
    /// There is no memory, if only for the text that tells what is wrong.
    NoMemory,
    /// The name or a number is impossible.
    Argument(String),
    /// The flags are not what COMMAND INFO knows, or contradict each other.
    Flags(String),
}

impl From<NoMemory> for DeclarationError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

fn argument(text: fmt::Arguments<'_>) -> DeclarationError {
    Text::string_of(text).map_or_else(DeclarationError::from, DeclarationError::Argument)
}

fn wrong_flags(text: fmt::Arguments<'_>) -> DeclarationError {
    Text::string_of(text).map_or_else(DeclarationError::from, DeclarationError::Flags)
}

/// A command as its host declares it.
#[derive(Debug)]
pub struct Declaration {
    name: String,
    arity: i16,
    flags: Flags,
    keys: Option<KeySpec>,
    legacy_keys: (i16, i16, i16),
}

/// Flags that tell something about a command's implementation, which a host cannot claim.
const NOT_FOR_HOSTS: Flags = Flags::MODULE.union(Flags::MOVABLEKEYS).union(Flags::HIDDEN);

/// What COMMAND DOCS tells about every host command.
static DOCS: Docs = Docs {
    summary: "A command of the program that embeds this server",
    since: env!("CARGO_PKG_VERSION"),
    group: "module",
    complexity: None,
    history: &[],
    flags: DocFlags::EMPTY,
    deprecated_since: None,
    replaced_by: None,
    arguments: &[],
};

impl Declaration {
    /// Checks a declaration; `keys` are first, last and step as in COMMAND INFO, first 0 for a command without keys.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(name: &[u8], arity: i32, flags: &[u8], keys: (i32, i32, i32)) -> Result<Self, DeclarationError> {
        let name = check_name(name)?;
        let flags = parse_flags(&name, flags)?;
        let number = |what, number: i32| {
            let text = || argument(format_args!("the {what} of '{name}' is out of range: {number}"));
            i16::try_from(number).map_err(|_| text())
        };
        let arity = number("arity", arity)?;
        if arity == 0 {
            return Err(argument(format_args!("the arity of '{name}' cannot be 0: its name counts")));
        }
        let legacy_keys = (number("first key", keys.0)?, number("last key", keys.1)?, number("key step", keys.2)?);
        let keys = key_spec(&name, arity, flags, legacy_keys)?;
        let legacy_keys = if keys.is_some() { legacy_keys } else { (0, 0, 0) };
        Ok(Self { name, arity, flags, keys, legacy_keys })
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the keys are, for the table entry.
    ///
    /// # Errors
    /// If memory is short.
    pub fn key_specs(&self) -> Result<Box<[KeySpec]>, NoMemory> {
        let copy = |spec: &KeySpec| KeySpec { notes: None, flags: spec.flags, begin: spec.begin, find: spec.find };
        Ok(try_collect(self.keys.iter().map(copy))?.into_boxed_slice())
    }

    /// The table entry.
    pub fn command(&self, id: u16, name: &'static str, keys: &'static [KeySpec]) -> Command {
        let (first, last, _) = self.legacy_keys;
        let key_shape = match (keys.is_empty(), u8::try_from(first)) {
            (true, _) => KeyShape::None,
            (false, Ok(index)) if first == last && first.unsigned_abs() < self.arity.unsigned_abs() => {
                KeyShape::Single(index)
            }
            _ => KeyShape::Specs,
        };
        Command {
            id,
            name,
            arity: self.arity,
            flags: self.flags,
            acl: AclCategories::implied_by(self.flags, AclCategories::EMPTY),
            key_shape,
            locks: Locks::Keys,
            // What a host's function does nobody knows beforehand: each call is timed by itself.
            constant_time: false,
            is_plain: false,
            keys,
            legacy_keys: self.legacy_keys,
            tips: &[],
            subcommands: &[],
            handler: Some(super::run),
            docs: &DOCS,
        }
    }
}

fn check_name(name: &[u8]) -> Result<String, DeclarationError> {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:".contains(byte);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.iter().all(is_allowed) {
        return Err(argument(format_args!(
            "a command's name has 1 to {NAME_BYTES_MAX} letters, digits or characters of '._-:', not '{}'",
            name[..name.len().min(NAME_BYTES_MAX)].escape_ascii()
        )));
    }
    let mut lower = try_copy(name)?;
    lower.make_ascii_lowercase();
    Ok(String::from_utf8(lower).unwrap_or_default())
}

fn parse_flags(name: &str, words: &[u8]) -> Result<Flags, DeclarationError> {
    let mut flags = Flags::EMPTY;
    for word in words.split(|byte| byte.is_ascii_whitespace() || *byte == b',').filter(|word| !word.is_empty()) {
        let mut lower = try_copy(word)?;
        lower.make_ascii_lowercase();
        let flag = std::str::from_utf8(&lower).ok().and_then(Flags::from_name);
        let unknown = || wrong_flags(format_args!("unknown flag '{}' of '{name}'", lower.escape_ascii()));
        flags = flags | flag.filter(|&flag| !NOT_FOR_HOSTS.contains(flag)).ok_or_else(unknown)?;
    }
    if flags.contains(Flags::READONLY | Flags::WRITE) {
        return Err(wrong_flags(format_args!("'{name}' cannot be both readonly and write")));
    }
    Ok(flags)
}

fn key_spec(
    name: &str,
    arity: i16,
    flags: Flags,
    (first, last, step): (i16, i16, i16),
) -> Result<Option<KeySpec>, DeclarationError> {
    let refuse = |why: &str| Err(argument(format_args!("the keys of '{name}' {why}")));
    match (first, last) {
        (0, 0) => return Ok(None),
        (..=0, _) => return refuse("begin at argument 1 at the earliest; without keys, first_key and last_key are 0"),
        _ if step < 1 => return refuse("have a key_step of at least 1"),
        (first, 0..) if last < first => return refuse("end before they begin; last_key -1 is the last argument"),
        (first, last) if arity > 0 && (first >= arity || last >= arity) => return refuse("lie beyond its arity"),
        _ => {}
    }
    let flags = if flags.contains(Flags::READONLY) {
        KeyFlags::READ_ONLY | KeyFlags::ACCESS
    } else {
        KeyFlags::READ_WRITE | KeyFlags::ACCESS | KeyFlags::UPDATE
    };
    let last = if last > 0 { last - first } else { last };
    Ok(Some(KeySpec { notes: None, flags, begin: Begin::Index(first), find: Find::Range { last, step, limit: 0 } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(flags: &str, arity: i32, keys: (i32, i32, i32)) -> Result<Command, DeclarationError> {
        let declaration = Declaration::new(b"Host.Try", arity, flags.as_bytes(), keys)?;
        let keys = Box::leak(declaration.key_specs()?);
        Ok(declaration.command(1000, "host.try", keys))
    }

    #[test]
    fn flags_and_keys_become_a_table_entry() {
        let command = declare("write denyoom,FAST", -3, (1, 1, 1)).expect("a good declaration");
        assert_eq!(command.flags, Flags::WRITE | Flags::DENYOOM | Flags::FAST);
        assert_eq!(command.acl, AclCategories::WRITE | AclCategories::FAST);
        assert_eq!((command.key_shape, command.legacy_keys), (KeyShape::Single(1), (1, 1, 1)));
        assert_eq!(declare("", 1, (0, 0, 0)).map(|command| command.key_shape), Ok(KeyShape::None));
        assert_eq!(declare("", 1, (0, 0, 5)).map(|command| command.legacy_keys), Ok((0, 0, 0)));
        let pairs = declare("readonly", -2, (1, -1, 2)).expect("a good declaration");
        assert_eq!((pairs.key_shape, pairs.legacy_keys), (KeyShape::Specs, (1, -1, 2)));
        assert_eq!(pairs.keys[0].flags, KeyFlags::READ_ONLY | KeyFlags::ACCESS);
        // A key that may be absent is looked for, not assumed.
        assert_eq!(declare("", -1, (1, 1, 1)).map(|command| command.key_shape), Ok(KeyShape::Specs));
        let two = declare("write", 4, (2, 3, 1)).expect("a good declaration");
        assert_eq!(two.keys[0].find, Find::Range { last: 1, step: 1, limit: 0 });
    }

    #[test]
    fn what_is_wrong_is_told() {
        let text = |flags, arity, keys| match declare(flags, arity, keys) {
            Err(DeclarationError::Argument(text) | DeclarationError::Flags(text)) => text,
            other => panic!("{other:?}"),
        };
        for (flags, arity, keys, expected) in [
            ("wrote", 1, (0, 0, 0), "unknown flag 'wrote' of 'host.try'"),
            ("module", 1, (0, 0, 0), "unknown flag 'module'"),
            ("movablekeys", 1, (0, 0, 0), "unknown flag"),
            ("protected", 1, (0, 0, 0), "unknown flag"),
            ("write readonly", 1, (0, 0, 0), "both"),
            ("", 0, (0, 0, 0), "the arity of 'host.try' cannot be 0"),
            ("", 40_000, (0, 0, 0), "out of range: 40000"),
            ("", -32_769, (0, 0, 0), "out of range"),
            ("", -1, (-1, 1, 1), "at the earliest"),
            ("", -1, (0, 1, 1), "at the earliest"),
            ("", -1, (1, 1, 0), "key_step"),
            ("", -1, (2, 1, 1), "before they begin"),
            ("", -1, (1, 0, 1), "before they begin"),
            ("", 2, (2, 2, 1), "beyond its arity"),
            ("", 3, (1, 3, 1), "beyond its arity"),
            ("", -1, (1, i32::MAX, 1), "out of range"),
        ] {
            let text = text(flags, arity, keys);
            assert!(text.contains(expected), "{flags} {arity} {keys:?}: {text}");
        }
        for name in [&b""[..], b"two words", b"a|b", b"\xff", b"quote'", b"nul\0", &[b'a'; NAME_BYTES_MAX + 1]] {
            assert!(Declaration::new(name, 1, b"", (0, 0, 0)).is_err(), "{name:?}");
        }
        assert!(Declaration::new(&[b'a'; NAME_BYTES_MAX], 1, b"", (0, 0, 0)).is_ok());
    }
}
