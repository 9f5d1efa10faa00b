//! Configuration files, and the command line, which redis-server treats as further lines of the file.
//!
//! A load is all or nothing. What a value may be is checked line by line; whether its feature exists only at the end, so
//! that a later line or argument can put it right (`redisrs-server /etc/redis/redis.conf --daemonize no`).

use super::error::{LoadError, Reason, SettingError};
use super::kind::{self, Kind, Origin, Value};
use super::split::{quote, split_words};
use super::table::{self, Id};
use super::{Files, Settings, include, refusal};
use crate::engine::files;
use crate::engine::process::PathBuffer;
use crate::storage::{NoMemory, Text, try_collect, try_copy, try_push};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// Files that include each other end here.
const INCLUDE_DEPTH_MAX: usize = 16;

const BAD_DIRECTIVE: &str = "Bad directive or wrong number of arguments";

/// Why `daemonize yes` is refused.
pub(super) const NEVER_FORKS: &str = "'daemonize yes' is not for redisrs, which never forks: leave the background to a \
    service manager, or override it with --daemonize no";

/// Lines that are no settings: they have no value to get or set later.
pub(super) const DIRECTIVES: [&str; 5] = ["include", "rename-command", "user", "loadmodule", "sentinel"];

/// Settings of old versions that Redis 7.0 reads and ignores.
const IGNORED: [&str; 3] = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// What a command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandLine {
    /// To serve, with what the settings now say.
    Serve,
    /// To print the version.
    Version,
    /// To print how it is used.
    Help,
}

/// A `rename-command` and where it was written.
pub(super) struct Rename {
    pub command: Vec<u8>,
    pub new_name: Vec<u8>,
    pub place: Place,
}

impl Rename {
    pub fn try_clone(&self) -> Result<Self, NoMemory> {
        let (command, new_name) = (try_copy(&self.command)?, try_copy(&self.new_name)?);
        Ok(Self { command, new_name, place: self.place.try_clone()? })
    }
}

/// A line, for error texts.
pub(super) struct Place {
    number: usize,
    text: Vec<u8>,
}

impl Place {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        Ok(Self { number: self.number, text: try_copy(&self.text)? })
    }

    pub fn error(&self, reason: impl Into<Reason>) -> LoadError {
        match (reason.into(), try_copy(&self.text)) {
            (Reason::Text(reason), Ok(text)) => LoadError::Line { number: self.number, text, reason },
            _ => LoadError::NoMemory,
        }
    }
}

/// A copy of a path.
pub(super) fn copy_path(path: &Path) -> Result<PathBuf, NoMemory> {
    Ok(OsString::from_vec(try_copy(path.as_os_str().as_bytes())?).into())
}

/// What `std::path::absolute` gives, which takes memory that may be refused: the path seen from the root, links as they are.
fn absolute(path: &Path) -> Result<PathBuf, NoMemory> {
    let mut buffer = PathBuffer::empty();
    let here = if path.is_absolute() { None } else { buffer.working_directory() };
    let mut text = Text::new();
    let parts = here.into_iter().flat_map(Path::components).chain(path.components());
    for part in parts.filter(|part| !matches!(part, Component::RootDir | Component::CurDir)) {
        text.push(b"/");
        text.push(part.as_os_str().as_bytes());
    }
    Ok(OsString::from_vec(text.finish()?).into())
}

impl Settings {
    /// Loads a configuration file for a program that embeds an engine, and remembers it for CONFIG REWRITE.
    ///
    /// # Errors
    /// The first line with an error, which leaves the settings as they were.
    pub fn load_file(&self, path: &Path) -> Result<(), LoadError> {
        let mut loader = Loader::new(self)?;
        loader.is_host = true;
        let path = loader.main_file(path)?;
        let text = read(&path)?;
        loader.text(&text)?;
        loader.finish()
    }

    /// Loads lines in the syntax of a configuration file.
    ///
    /// # Errors
    /// As [`Self::load_file`].
    pub fn load_text(&self, text: &[u8]) -> Result<(), LoadError> {
        let mut loader = Loader::new(self)?;
        loader.text(text)?;
        loader.finish()
    }

    /// Loads the arguments of `redisrs-server`, without its name: `[redis.conf] [--name value …] [-]`, where `-`, first or
    /// last, stands for lines from `stdin`.
    ///
    /// # Errors
    /// As [`Self::load_file`].
    pub fn load_args(&self, args: &[OsString], stdin: &mut dyn Read) -> Result<CommandLine, LoadError> {
        match args {
            [only] if only == "-v" || only == "--version" => return Ok(CommandLine::Version),
            [only] if only == "-h" || only == "--help" => return Ok(CommandLine::Help),
            _ => {}
        }
        let mut loader = Loader::new(self)?;
        let mut text = Vec::new();
        let mut rest: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
        if let [first, ..] = args
            && !first.as_bytes().starts_with(b"-")
        {
            let path = loader.main_file(Path::new(first))?;
            text = read(&path)?;
            rest.remove(0);
        }
        let behind_dash = match rest.as_slice() {
            [b"-", behind @ ..] | [behind @ .., b"-"] => Some(behind.to_vec()),
            _ => None,
        };
        if let Some(behind) = behind_dash {
            rest = behind;
            stdin.read_to_end(&mut text).map_err(|error| LoadError::open(Path::new("-"), &error))?;
        }
        if !rest.is_empty() {
            text.push(b'\n');
            text.extend(lines_of_args(&rest)?);
        }
        loader.text(&text)?;
        loader.refuse_daemonize()?;
        loader.finish()?;
        Ok(CommandLine::Serve)
    }

    /// A line of the host that is no setting: `include` or `rename-command`.
    pub(super) fn set_directive(&self, name: &[u8], value: &[u8]) -> Result<(), SettingError> {
        let name_is = |directive: &&&str| directive.as_bytes().eq_ignore_ascii_case(name);
        let Some(directive) = DIRECTIVES.iter().find(name_is) else {
            return Err(SettingError::unknown(name));
        };
        let mut line = Text::new();
        line.push(directive.as_bytes());
        line.push(b" ");
        line.push(value);
        let line = line.finish()?;
        let mut loader = Loader::new(self)?;
        let loaded = loader.line(&line, 1).and_then(|()| loader.finish());
        loaded.map_err(|error| match error {
            LoadError::Line { reason, .. } => SettingError::Refused { name: (*directive).into(), reason },
            LoadError::NoMemory => SettingError::NoMemory,
            other => SettingError::refused(*directive, Reason::of(format_args!("{other}"))),
        })
    }
}

/// Arguments as lines. The first argument behind a bare `--name` is its value whatever it looks like, except that of
/// `--save`, which may be left out.
fn lines_of_args(args: &[&[u8]]) -> Result<Vec<u8>, NoMemory> {
    let mut lines = Text::new();
    let mut may_be_name = true;
    for (index, arg) in args.iter().enumerate() {
        let name = arg.strip_prefix(b"--").filter(|_| may_be_name);
        let Some(name) = name else {
            lines.push(&quote(arg)?);
            lines.push(b" ");
            may_be_name = true;
            continue;
        };
        if !lines.is_empty() {
            lines.push(b"\n");
        }
        lines.push(name);
        lines.push(b" ");
        let is_bare = split_words(arg)?.is_none_or(|words| words.len() <= 1);
        let is_followed_by_name = args.get(index + 1).is_none_or(|next| next.starts_with(b"--"));
        if name.eq_ignore_ascii_case(b"save") && is_followed_by_name {
            lines.push(b"\"\"");
        } else if is_bare {
            may_be_name = false;
        }
    }
    lines.finish()
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let mut text = Vec::new();
    match files::open(path).and_then(|mut file| file.read_to_end(&mut text)) {
        Ok(_) => Ok(text),
        Err(error) => Err(LoadError::open(path, &error)),
    }
}

/// A load that has not ended well yet.
struct Loader<'s> {
    settings: &'s Settings,
    values: Vec<Value>,
    files: Files,
    /// Where each setting was last set.
    set_at: Vec<(Id, Place)>,
    depth: usize,
    /// For a program that embeds an engine: it may say what only [`Settings::set`] takes otherwise.
    is_host: bool,
}

impl<'s> Loader<'s> {
    fn new(settings: &'s Settings) -> Result<Self, NoMemory> {
        let values = settings.copy_values()?;
        let files = settings.files.read().try_clone()?;
        Ok(Self { settings, values, files, set_at: Vec::new(), depth: 0, is_host: false })
    }

    fn main_file(&mut self, path: &Path) -> Result<PathBuf, NoMemory> {
        let path = absolute(path)?;
        self.files.config_file = Some(copy_path(&path)?);
        Ok(path)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), LoadError> {
        text.split(|&byte| byte == b'\n').enumerate().try_for_each(|(index, line)| self.line(line, index + 1))
    }

    fn line(&mut self, line: &[u8], number: usize) -> Result<(), LoadError> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let place = Place { number, text: try_copy(line)? };
        let words = split_words(line)?.ok_or_else(|| place.error("Unbalanced quotes in configuration line"))?;
        let words = try_collect(words.iter().map(Vec::as_slice))?;
        let Some((name, values)) = words.split_first() else { return Ok(()) };
        let Some((row, _)) = table::find(name) else { return self.directive(name, values, place) };
        let seen = self.set_at.binary_search_by_key(&row.id, |(id, _)| *id);
        let origin = match row.kind {
            Kind::Port if self.is_host => Origin::Host,
            _ if seen.is_err() => Origin::FileFirst,
            _ => Origin::File,
        };
        let slot = &mut self.values[row.id as usize];
        *slot = kind::parse(row, values, slot, origin).map_err(|reason| place.error(reason))?;
        match seen {
            Ok(at) => self.set_at[at].1 = place,
            Err(at) => {
                self.set_at.try_reserve(1).map_err(NoMemory::from)?;
                self.set_at.insert(at, (row.id, place));
            }
        }
        Ok(())
    }

    fn directive(&mut self, name: &[u8], values: &[&[u8]], place: Place) -> Result<(), LoadError> {
        let mut name = try_copy(name)?;
        name.make_ascii_lowercase();
        match (name.as_slice(), values) {
            (b"include", [path]) => self.include(path, &place),
            (b"rename-command", [command, new_name]) => {
                let (command, new_name) = (try_copy(command)?, try_copy(new_name)?);
                Ok(try_push(&mut self.files.renames, Rename { command, new_name, place })?)
            }
            // What CONFIG REWRITE of Redis writes when nobody has touched the users.
            (b"user", [b"default", b"on", rules @ ..]) if is_default_user(rules) => Ok(()),
            (b"user", [_, ..]) => Err(missing(&place, "user", "ACLs")),
            (b"loadmodule", [_, ..]) => Err(missing(&place, "loadmodule", "modules")),
            (b"sentinel", _) => Err(missing(&place, "sentinel", "Sentinel")),
            (name, [_]) if IGNORED.iter().any(|ignored| ignored.as_bytes() == name) => Ok(()),
            _ => Err(place.error(BAD_DIRECTIVE)),
        }
    }

    fn include(&mut self, pattern: &[u8], place: &Place) -> Result<(), LoadError> {
        if self.depth == INCLUDE_DEPTH_MAX {
            return Err(place.error("Too many files include each other"));
        }
        self.depth += 1;
        for path in include::expand(Path::new(OsStr::from_bytes(pattern)))? {
            let text = read(&path)?;
            self.text(&text)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// For the binary, the only one whom `daemonize` concerns.
    fn refuse_daemonize(&self) -> Result<(), LoadError> {
        match self.set_at.iter().find(|(id, _)| *id == Id::Daemonize) {
            Some((_, place)) if self.values[Id::Daemonize as usize] == Value::Bool(true) => {
                Err(place.error(NEVER_FORKS))
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(), LoadError> {
        for (id, place) in &self.set_at {
            if let Some(reason) = refusal(id.row(), &self.values[*id as usize]) {
                return Err(place.error(reason));
            }
        }
        let _changing = self.settings.changing.lock();
        self.settings.adopt(self.values);
        *self.settings.files.write() = self.files;
        Ok(())
    }
}

fn is_default_user(rules: &[&[u8]]) -> bool {
    let known: [&[u8]; 5] = [b"nopass", b"sanitize-payload", b"~*", b"&*", b"+@all"];
    rules.contains(&&b"nopass"[..]) && rules.iter().all(|rule| known.contains(rule))
}

fn missing(place: &Place, directive: &str, feature: &str) -> LoadError {
    place.error(Reason::of(format_args!("'{directive}' needs {feature}, which this version of redisrs does not have")))
}
