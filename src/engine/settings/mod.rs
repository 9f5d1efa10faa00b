//! Settings: everything that redis.conf, the command line, `rs_config_set` and CONFIG SET can say.
//!
//! | file | holds |
//! |---|---|
//! | [`table`] | one row per name: kind, default, flags, whether it works |
//! | [`kind`], [`list`] | reading and showing values |
//! | [`hot`] | atomics for the paths that must not wait |
//! | [`access`] | typed getters for the rest |
//! | [`load`], [`include`], [`split`] | configuration files and the command line |
//! | [`rewrite`] | CONFIG REWRITE |
//!
//! Every engine has its own [`Settings`]. All values change under one lock, in [`Settings::change`], which is all or
//! nothing: new values are parsed, they take the places of the old ones, those who asked ([`Settings::on_change`]) apply
//! them, and if one of them fails everything goes back to what it was. Nothing here ends the process when memory is
//! refused, except [`Settings::new`], which Rust programs and tests use.

pub mod access;
pub mod error;
pub mod hot;
mod include;
pub mod kind;
mod list;
pub mod load;
mod rewrite;
pub mod split;
pub mod table;

#[cfg(test)]
mod tests;

pub use error::{LoadError, Reason, SettingError};
pub use hot::{Hot, MaxmemoryPolicy};
pub use kind::OutputLimit;
pub use load::CommandLine;
pub use table::Id;

use super::glob;
use crate::storage::{NoMemory, Text, lossy, try_copy, try_push};
use kind::{Origin, Value};
use parking_lot::{Mutex, RwLock};
use std::alloc::{Layout, handle_alloc_error};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU16, AtomicU64};
use table::{IMMUTABLE, PROTECTED, Row, SENSITIVE, Status, TABLE};

/// Applies a changed setting; an error text undoes the change.
pub type Callback = dyn Fn(&Settings) -> Result<(), Reason> + Send + Sync;

/// Someone who asks about changes, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u64);

impl Owner {
    /// The engine, which asks as long as there are settings.
    pub const ENGINE: Self = Self(0);
}

/// Who asks, about what, and how it is told.
type Callbacks = Vec<(Owner, Id, Box<Callback>)>;

/// The settings of one engine.
pub struct Settings {
    values: RwLock<Vec<Value>>,
    hot: Hot,
    callbacks: Mutex<Callbacks>,
    last_owner: AtomicU64,
    /// The port that `auto` has become.
    auto_port: AtomicU16,
    /// Held during a change, callbacks included, so that changes happen one after the other.
    changing: Mutex<()>,
    /// What CONFIG REWRITE writes to, and the commands that files rename.
    files: RwLock<Files>,
}

#[derive(Default)]
struct Files {
    config_file: Option<PathBuf>,
    renames: Vec<load::Rename>,
}

impl Files {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        let config_file = self.config_file.as_deref().map(load::copy_path).transpose()?;
        let mut renames = Vec::new();
        for rename in &self.renames {
            try_push(&mut renames, rename.try_clone()?)?;
        }
        Ok(Self { config_file, renames })
    }
}

/// One setting of a change: whose, by which name it was called, and the value to take.
struct Change {
    row: &'static Row,
    name: &'static str,
    value: Value,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The defaults. Ends the process if memory is short, as `Vec` and `Box` of Rust do.
    pub fn new() -> Self {
        Self::try_new().unwrap_or_else(|NoMemory| handle_alloc_error(Layout::new::<Self>()))
    }

    /// The defaults.
    ///
    /// # Errors
    /// If memory is short.
    pub fn try_new() -> Result<Self, NoMemory> {
        let mut values = Vec::new();
        for row in TABLE {
            try_push(&mut values, default_of(row)?)?;
        }
        Ok(Self::with(values, Files::default()))
    }

    /// The same values for another engine. Callbacks stay behind.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self::with(self.copy_values()?, self.files.read().try_clone()?))
    }

    fn copy_values(&self) -> Result<Vec<Value>, NoMemory> {
        let values = self.values.read();
        let mut copy = Vec::new();
        for value in values.iter() {
            try_push(&mut copy, value.try_clone()?)?;
        }
        Ok(copy)
    }

    fn with(values: Vec<Value>, files: Files) -> Self {
        let hot = Hot::default();
        hot.refresh(&values);
        hot.active_expire.store(true, Relaxed);
        Self {
            values: RwLock::new(values),
            hot,
            callbacks: Mutex::default(),
            last_owner: AtomicU64::new(Owner::ENGINE.0),
            auto_port: AtomicU16::new(0),
            changing: Mutex::default(),
            files: RwLock::new(files),
        }
    }

    /// What is read often, without a lock.
    #[inline]
    pub fn hot(&self) -> &Hot {
        &self.hot
    }

    /// Sets one setting for the host: any setting, in the syntax of redis.conf, and `port auto`.
    ///
    /// # Errors
    /// An unknown name, a bad value, a feature that is not there, or a callback that fails.
    pub fn set(&self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), SettingError> {
        let (name, value) = (name.as_ref(), value.as_ref());
        match table::find(name) {
            Some((row, _)) if row.id == Id::Daemonize && value.eq_ignore_ascii_case(b"yes") => {
                Err(SettingError::refused(row.name, load::NEVER_FORKS))
            }
            Some(_) => self.change(&[name, value], Origin::Host, true),
            None => self.set_directive(name, value),
        }
    }

    /// CONFIG SET: sets all or none of `words`, names each followed by its value. `is_local` says whether the client is on this
    /// machine.
    ///
    /// # Errors
    /// As for [`Self::set`], and for what must not change while the server runs.
    pub fn set_many(&self, words: &[&[u8]], is_local: bool) -> Result<(), SettingError> {
        self.change(words, Origin::Client, is_local)
    }

    /// Someone new, who asks about changes until [`Self::forget`].
    pub fn owner(&self) -> Owner {
        Owner(self.last_owner.fetch_add(1, Relaxed) + 1)
    }

    /// Calls `apply` after every change of `id`, in the thread that makes it. An error text undoes the change and is
    /// its reason. `apply` may read all settings; it must not change any, nor call this or [`Self::forget`].
    ///
    /// # Errors
    /// If memory is short.
    pub fn on_change(&self, owner: Owner, id: Id, apply: Box<Callback>) -> Result<(), NoMemory> {
        try_push(&mut self.callbacks.lock(), (owner, id, apply))
    }

    /// Drops all callbacks of an owner; none of them runs any more.
    pub fn forget(&self, owner: Owner) {
        self.callbacks.lock().retain(|(of, ..)| *of != owner);
    }

    /// CONFIG GET: shows `visit` names and values of what matches one of the patterns, each once. A name that is no pattern
    /// is shown as it was written, even if it is hidden.
    ///
    /// # Errors
    /// If memory is short.
    pub fn for_each_matching(&self, patterns: &[&[u8]], mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), NoMemory> {
        let values = self.values.read();
        for row in TABLE {
            for name in [Some(row.name), row.alias].into_iter().flatten() {
                let shown = patterns.iter().find_map(|pattern| {
                    if glob::has_wildcard(pattern) {
                        let is_shown = !row.has(table::HIDDEN) && glob::matches(pattern, name.as_bytes(), true);
                        return is_shown.then_some(name.as_bytes());
                    }
                    pattern.eq_ignore_ascii_case(name.as_bytes()).then_some(*pattern)
                });
                if let Some(shown) = shown {
                    visit(shown, &self.format(row, &values[row.id as usize])?);
                }
            }
        }
        Ok(())
    }

    fn format(&self, row: &Row, value: &Value) -> Result<Vec<u8>, NoMemory> {
        match value {
            Value::Int(kind::PORT_AUTO) if row.id == Id::Port => {
                Text::of(format_args!("{}", self.auto_port.load(Relaxed)))
            }
            value => kind::format(row, value),
        }
    }

    /// Whether the value of this name must be kept out of logs.
    pub fn is_sensitive(name: &[u8]) -> bool {
        table::find(name).is_some_and(|(row, _)| row.has(SENSITIVE))
    }

    fn change(&self, words: &[&[u8]], origin: Origin, is_local: bool) -> Result<(), SettingError> {
        let targets = self.targets(words, origin, is_local)?;
        let _changing = self.changing.lock();
        let mut changes = self.parse(&targets, words, origin)?;
        self.swap(&mut changes);
        let callbacks = self.callbacks.lock();
        let Some((applied, name, reason)) = self.apply(&changes, &callbacks) else { return Ok(()) };
        self.swap(&mut changes);
        for apply in changes.iter().flat_map(|change| concerned(&callbacks, change)).take(applied) {
            // What worked before works again; were it not so, the first reason is the one to tell.
            drop(apply(self));
        }
        Err(SettingError::refused(name, reason))
    }

    /// The new values of what changes, one for each row.
    fn parse(
        &self,
        targets: &[(&'static Row, &'static str)],
        words: &[&[u8]],
        origin: Origin,
    ) -> Result<Vec<Change>, SettingError> {
        let values = self.values.read();
        let mut changes: Vec<Change> = Vec::new();
        for (&(row, name), pair) in targets.iter().zip(words.chunks_exact(2)) {
            let earlier = changes.iter_mut().find(|change| change.row.id == row.id);
            let old = earlier.as_ref().map_or(&values[row.id as usize], |change| &change.value);
            let value =
                kind::parse(row, &pair[1..], old, origin).map_err(|reason| SettingError::refused(name, reason))?;
            if let Some(reason) = refusal(row, &value) {
                return Err(SettingError::refused(name, reason));
            }
            match earlier {
                Some(change) => change.value = value,
                None => try_push(&mut changes, Change { row, name, value })?,
            }
        }
        changes.retain(|change| values[change.row.id as usize] != change.value);
        Ok(changes)
    }

    /// Exchanges the values with those of a change.
    fn swap(&self, changes: &mut [Change]) {
        let mut values = self.values.write();
        for change in changes {
            std::mem::swap(&mut values[change.row.id as usize], &mut change.value);
        }
        self.hot.refresh(&values);
    }

    /// Has a change applied; if that fails, how many were asked, the name of the setting, and why.
    fn apply(&self, changes: &[Change], callbacks: &Callbacks) -> Option<(usize, &'static str, Reason)> {
        let mut asked = 0;
        for change in changes {
            for apply in concerned(callbacks, change) {
                asked += 1;
                if let Err(reason) = apply(self) {
                    return Some((asked, change.name, reason));
                }
            }
        }
        None
    }

    /// The rows behind the names, if all of them may be changed.
    fn targets(
        &self,
        words: &[&[u8]],
        origin: Origin,
        is_local: bool,
    ) -> Result<Vec<(&'static Row, &'static str)>, SettingError> {
        let mut targets: Vec<(&'static Row, &'static str)> = Vec::new();
        for pair in words.chunks_exact(2) {
            let given = pair[0];
            let (row, name) = table::find(given).ok_or_else(|| SettingError::unknown(given))?;
            if origin == Origin::Client && row.has(IMMUTABLE) {
                return Err(SettingError::refused(name, "can't set immutable config"));
            }
            if origin == Origin::Client && row.has(PROTECTED) && !self.allows(Id::EnableProtectedConfigs, is_local) {
                return Err(SettingError::refused(name, "can't set protected config"));
            }
            if targets.iter().any(|(_, earlier)| *earlier == name) {
                let given = Text::string_of(format_args!("{}", lossy(given)))?;
                return Err(SettingError::refused(given, "duplicate parameter"));
            }
            try_push(&mut targets, (row, name))?;
        }
        Ok(targets)
    }

    fn adopt(&self, values: Vec<Value>) {
        self.hot.refresh(&values);
        *self.values.write() = values;
    }
}

/// Those who asked about a setting that changes.
fn concerned<'a>(callbacks: &'a Callbacks, change: &Change) -> impl Iterator<Item = &'a Callback> {
    let id = change.row.id;
    callbacks.iter().filter(move |(_, asked, _)| *asked == id).map(|(.., apply)| &**apply)
}

/// The default of a row.
fn default_of(row: &Row) -> Result<Value, NoMemory> {
    // An absent directory is the present one, which is looked up when somebody asks.
    let absent = Value::Text(Vec::new());
    if row.kind == kind::Kind::Text(kind::TextRule::Directory) {
        return Ok(absent);
    }
    match row.id {
        Id::Replicaof => return Ok(Value::Words(Vec::new())),
        Id::IoThreads => return Ok(Value::Int(kind::cpus())),
        _ => {}
    }
    match kind::parse(row, &[row.default.as_bytes()], &absent, Origin::FileFirst) {
        Ok(value) => Ok(value),
        Err(Reason::NoMemory) => Err(NoMemory),
        Err(Reason::Text(_)) => Ok(absent),
    }
}

/// Why this value cannot be had: its feature is missing and it is not the default.
fn refusal(row: &Row, value: &Value) -> Option<Reason> {
    if row.status == Status::Works {
        return None;
    }
    let value = match default_of(row) {
        Ok(default) if default == *value => return None,
        Ok(_) if row.has(SENSITIVE) => try_copy("…".as_bytes()),
        Ok(_) => kind::format(row, value),
        Err(error) => Err(error),
    };
    let Ok(value) = value else { return Some(Reason::NoMemory) };
    let (name, value) = (row.name, lossy(&value));
    match row.status {
        Status::Works => None,
        Status::Unbuilt(feature) => Some(Reason::of(format_args!(
            "'{name} {value}' needs {feature}, which this version of redisrs does not have"
        ))),
        Status::Foreign(why) => Some(Reason::of(format_args!("'{name} {value}' has no meaning for redisrs: {why}"))),
    }
}
