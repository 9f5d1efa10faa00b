//! By which names an engine's clients call commands: the table's, unless `rename-command` changed some, and those of the
//! host's own commands.

use super::host::Registry;
use super::spec::{self, Command};
use crate::engine::settings::access::RenameError;
use crate::engine::settings::{LoadError, Settings};
use crate::storage::{NoMemory, try_copy};
use smallvec::SmallVec;
use std::cell::Cell;
use std::collections::HashMap;

/// Command names of one engine.
#[derive(Default)]
pub struct Names {
    /// Names in lower case that differ from the table's: to another command, or to none. Absent when none does,
    /// so that the usual look-up costs one comparison more.
    changed: Option<HashMap<Vec<u8>, Option<&'static Command>>>,
    host: Registry,
}

impl Names {
    /// The names after all renames of `settings`.
    ///
    /// # Errors
    /// The line that renames an unknown command, or to a name that is taken.
    pub fn new(settings: &Settings) -> Result<Self, LoadError> {
        let mut names = Self::default();
        settings.apply_renames(|old, new| names.rename(old, new))?;
        Ok(names)
    }

    fn rename(&mut self, old: &[u8], new: &[u8]) -> Result<(), RenameError> {
        let command = self.lookup(old).ok_or(RenameError::NoSuchCommand)?;
        self.change(old, None)?;
        if new.is_empty() {
            return Ok(());
        }
        if self.lookup(new).is_some() {
            return Err(RenameError::NameTaken);
        }
        self.change(new, Some(command))?;
        Ok(())
    }

    fn change(&mut self, name: &[u8], command: Option<&'static Command>) -> Result<(), NoMemory> {
        let changed = self.changed.get_or_insert_default();
        changed.try_reserve(1)?;
        let mut name = try_copy(name)?;
        name.make_ascii_lowercase();
        changed.insert(name, command);
        Ok(())
    }

    /// The command or subcommand of a full name, as COMMAND INFO takes it: `get`, `client|id`.
    pub fn lookup_full(&self, name: &[u8]) -> Option<&'static Command> {
        match name.iter().position(|&byte| byte == b'|') {
            None => self.lookup(name),
            Some(bar) => spec::lookup_subcommand(self.lookup(&name[..bar])?, &name[bar + 1..]),
        }
    }

    /// All commands that have a name, in the order of the table, then those of the host.
    pub fn commands(&self) -> impl Iterator<Item = &'static Command> {
        spec::COMMANDS.iter().filter(|command| self.has_name(command)).chain(self.host.list())
    }

    /// All commands and subcommands in the order of their ids, whether they have a name or not.
    pub fn by_id(&self) -> impl Iterator<Item = &'static Command> {
        spec::all().chain(self.host.list())
    }

    /// The command or subcommand with this id.
    pub fn with_id(&self, id: u32) -> Option<&'static Command> {
        spec::all().nth(id as usize).or_else(|| self.host.by_id(id as usize))
    }

    /// The commands of the host.
    pub fn host(&self) -> &Registry {
        &self.host
    }

    /// Whether no command of the host can have this name, which is in lower case.
    pub fn is_taken(&self, name: &str) -> bool {
        spec::lookup(name.as_bytes()).is_some() || self.lookup(name.as_bytes()).is_some()
    }

    fn has_name(&self, command: &Command) -> bool {
        let Some(changed) = &self.changed else { return true };
        !changed.contains_key(command.name.as_bytes()) || changed.values().flatten().any(|other| other.id == command.id)
    }

    /// [`Names::lookup`], which first tries the most recent one of this client: clients repeat themselves. A name never
    /// changes its meaning.
    #[inline]
    pub fn lookup_after(&self, recent: &Cell<Option<Recent>>, name: &[u8]) -> Option<&'static Command> {
        if let Some(known) = recent.get()
            && Spelling::of(name) == Some(known.spelling)
        {
            return Some(known.command);
        }
        self.lookup_and_note(recent, name)
    }

    #[inline(never)]
    fn lookup_and_note(&self, recent: &Cell<Option<Recent>>, name: &[u8]) -> Option<&'static Command> {
        let command = self.lookup(name)?;
        if let Some(spelling) = Spelling::of(name) {
            recent.set(Some(Recent { spelling, command }));
        }
        Some(command)
    }

    /// The command of this name, in any case.
    #[inline]
    pub fn lookup(&self, name: &[u8]) -> Option<&'static Command> {
        let listed = match &self.changed {
            None => spec::lookup(name),
            Some(changed) => match lowercase(name).and_then(|name| changed.get(&*name)) {
                Some(command) => *command,
                None => spec::lookup(name),
            },
        };
        listed.or_else(|| self.host.lookup(name))
    }
}

/// A word in lower case; `None` for a long one if memory is short.
fn lowercase(word: &[u8]) -> Option<SmallVec<[u8; 64]>> {
    let mut lower: SmallVec<[u8; 64]> = SmallVec::new();
    lower.try_reserve_exact(word.len()).ok()?;
    lower.extend_from_slice(word);
    lower.make_ascii_lowercase();
    Some(lower)
}

/// What a client called its last command, and which one that was.
#[derive(Clone, Copy, Debug)]
pub struct Recent {
    spelling: Spelling,
    command: &'static Command,
}

/// A word of two to sixteen bytes as numbers, which are quick to compare: equal ones are of the same word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spelling {
    len: usize,
    /// Overlapping halves, or what there is of them.
    first: u64,
    last: u64,
}

impl Spelling {
    #[inline]
    fn of(word: &[u8]) -> Option<Self> {
        let len = word.len();
        let (first, last) = if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
            (u64::from_ne_bytes(*first), u64::from_ne_bytes(*last))
        } else if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
            (u64::from(u32::from_ne_bytes(*first)), u64::from(u32::from_ne_bytes(*last)))
        } else {
            let (first, last) = (word.first_chunk()?, word.last_chunk()?);
            (u64::from(u16::from_ne_bytes(*first)), u64::from(u16::from_ne_bytes(*last)))
        };
        (len <= 16).then_some(Self { len, first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renamed_commands_move_and_removed_ones_go() {
        let settings = Settings::new();
        settings.load_text(b"rename-command GET Fetch\nrename-command flushall \"\"\n").expect("renames");
        let names = Names::new(&settings).expect("known commands");
        assert!(names.lookup(b"get").is_none() && names.lookup(b"FlushAll").is_none());
        assert_eq!(names.lookup(b"FETCH").map(|command| command.name), Some("get"));
        assert_eq!(names.lookup(b"set").map(|command| command.name), Some("set"));
        assert_eq!(names.lookup_full(b"client|ID").map(|command| command.name), Some("client|id"));
        assert!(names.lookup_full(b"get|x").is_none() && names.lookup_full(b"client|").is_none());
        assert_eq!(names.commands().count(), spec::COMMANDS.len() - 1);
        assert!(names.commands().any(|command| command.name == "get"));
    }

    #[test]
    fn the_last_name_is_remembered_as_it_was_spelled() {
        let settings = Settings::new();
        settings.load_text(b"rename-command GET Fetch\n").expect("renames");
        let names = Names::new(&settings).expect("known commands");
        let recent = Cell::new(None);
        let words = [
            "set",
            "SET",
            "sEt",
            "se",
            "sett",
            "",
            "s",
            "get",
            "fetch",
            "FETCH",
            "mget",
            "hgetall",
            "hgetalL",
            "publish",
            "incrbyfloat",
            "zrangebyscore",
            "zrevrangebyscore",
            "zrevrangebylex",
            "georadiusbymember",
            "zadd",
            "za\x04d",
        ];
        // Twice in a row, so that the second is remembered, and after every other.
        for before in words {
            for word in words {
                for _ in 0..2 {
                    names.lookup_after(&recent, before.as_bytes());
                    let found = names.lookup_after(&recent, word.as_bytes()).map(|command| command.name);
                    assert_eq!(
                        found,
                        names.lookup(word.as_bytes()).map(|command| command.name),
                        "{word} after {before}"
                    );
                }
            }
        }
        for (a, b) in words.iter().flat_map(|a| words.iter().map(move |b| (a.as_bytes(), b.as_bytes()))) {
            if let (Some(of_a), Some(of_b)) = (Spelling::of(a), Spelling::of(b)) {
                assert_eq!(of_a == of_b, a == b);
            }
        }
        assert!(Spelling::of(b"s").is_none() && Spelling::of(b"georadiusbymember").is_none());
    }

    #[test]
    fn bad_renames_name_their_line() {
        for (line, reason) in [
            ("rename-command nope x", "No such command in rename-command"),
            ("rename-command get set", "Target command name already exists"),
        ] {
            let settings = Settings::new();
            settings.load_text(line.as_bytes()).expect("the syntax is right");
            let error = Names::new(&settings).err().expect("a bad rename").to_string();
            assert!(error.contains(reason) && error.contains(line), "{error}");
        }
    }
}
