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
//! nothing: values are parsed into a copy, the copy replaces them, those who asked ([`Settings::on_change`]) apply
//! it, and if one of them fails everything goes back to what it was.

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

pub use error::{LoadError, SettingError};
pub use hot::{Hot, MaxmemoryPolicy};
pub use kind::OutputLimit;
pub use load::CommandLine;
pub use table::Id;

use super::glob;
use kind::{Origin, Value};
use parking_lot::{Mutex, RwLock};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;
use table::{IMMUTABLE, PROTECTED, Row, SENSITIVE, Status, TABLE};

/// Applies a changed setting; an error text undoes the change.
pub type Callback = dyn Fn(&Settings) -> Result<(), String> + Send + Sync;

/// The settings of one engine.
pub struct Settings {
    values: RwLock<Vec<Value>>,
    hot: Hot,
    callbacks: Mutex<Vec<(Id, Arc<Callback>)>>,
    /// The port that `auto` has become.
    auto_port: AtomicU16,
    /// Held during a change, callbacks included, so that changes happen one after the other.
    changing: Mutex<()>,
    /// What CONFIG REWRITE writes to, and the commands that files rename.
    files: RwLock<Files>,
}

#[derive(Clone, Default)]
struct Files {
    config_file: Option<PathBuf>,
    renames: Vec<load::Rename>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The defaults.
    pub fn new() -> Self {
        Self::with(TABLE.iter().map(default_of).collect(), Files::default())
    }

    /// The same values for another engine. Callbacks stay behind.
    pub fn duplicate(&self) -> Self {
        Self::with(self.values.read().clone(), self.files.read().clone())
    }

    fn with(values: Vec<Value>, files: Files) -> Self {
        let hot = Hot::default();
        hot.refresh(&values);
        hot.active_expire.store(true, Relaxed);
        Self {
            values: RwLock::new(values),
            hot,
            callbacks: Mutex::default(),
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
                Err(SettingError::Refused { name: row.name.into(), reason: load::NEVER_FORKS.into() })
            }
            Some(_) => self.change(&[(name, value)], Origin::Host, true),
            None => self.set_directive(name, value),
        }
    }

    /// CONFIG SET: sets all or none. `is_local` says whether the client is on this machine.
    ///
    /// # Errors
    /// As for [`Self::set`], and for what must not change while the server runs.
    pub fn set_many(&self, pairs: &[(&[u8], &[u8])], is_local: bool) -> Result<(), SettingError> {
        self.change(pairs, Origin::Client, is_local)
    }

    /// Calls `apply` after every change of `id`, in the thread that makes it. An error text undoes the change and is
    /// its reason. `apply` may read all settings; it must not change any.
    pub fn on_change(&self, id: Id, apply: Box<Callback>) {
        self.callbacks.lock().push((id, Arc::from(apply)));
    }

    /// CONFIG GET: names and values of what matches one of the patterns, each once. A name that is no pattern is
    /// shown as it was written, even if it is hidden.
    pub fn get_matching(&self, patterns: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let values = self.values.read();
        let mut found = Vec::new();
        for row in TABLE {
            for name in [Some(row.name), row.alias].into_iter().flatten() {
                let shown = patterns.iter().find_map(|pattern| {
                    if glob::has_wildcard(pattern) {
                        let is_shown = !row.has(table::HIDDEN) && glob::matches(pattern, name.as_bytes(), true);
                        return is_shown.then(|| name.as_bytes().to_vec());
                    }
                    pattern.eq_ignore_ascii_case(name.as_bytes()).then(|| pattern.to_vec())
                });
                if let Some(shown) = shown {
                    found.push((shown, self.format(row, &values[row.id as usize])));
                }
            }
        }
        found
    }

    fn format(&self, row: &Row, value: &Value) -> Vec<u8> {
        match value {
            Value::Int(kind::PORT_AUTO) if row.id == Id::Port => self.auto_port.load(Relaxed).to_string().into_bytes(),
            value => kind::format(row, value),
        }
    }

    /// Whether the value of this name must be kept out of logs.
    pub fn is_sensitive(name: &[u8]) -> bool {
        table::find(name).is_some_and(|(row, _)| row.has(SENSITIVE))
    }

    fn change(&self, pairs: &[(&[u8], &[u8])], origin: Origin, is_local: bool) -> Result<(), SettingError> {
        let targets = self.targets(pairs, origin, is_local)?;
        let _changing = self.changing.lock();
        let before = self.values.read().clone();
        let mut after = before.clone();
        for (&(row, name), (_, value)) in targets.iter().zip(pairs) {
            let refused = |reason| SettingError::Refused { name: name.into(), reason };
            let slot = &mut after[row.id as usize];
            *slot = kind::parse(row, &[value], slot, origin).map_err(refused)?;
            if let Some(reason) = refusal(row, slot) {
                return Err(refused(reason));
            }
        }
        let changed: Vec<_> =
            targets.into_iter().filter(|(row, _)| before[row.id as usize] != after[row.id as usize]).collect();
        self.adopt(after);
        let callbacks = self.callbacks.lock().clone();
        let mut applied: Vec<&Arc<Callback>> = Vec::new();
        for (row, name) in changed {
            for (_, apply) in callbacks.iter().filter(|(id, _)| *id == row.id) {
                applied.push(apply);
                if let Err(reason) = apply(self) {
                    self.adopt(before);
                    for apply in applied {
                        // What worked before works again; were it not so, the first reason is the one to tell.
                        drop(apply(self));
                    }
                    return Err(SettingError::Refused { name: name.into(), reason });
                }
            }
        }
        Ok(())
    }

    /// The rows behind the names, if all of them may be changed.
    fn targets(
        &self,
        pairs: &[(&[u8], &[u8])],
        origin: Origin,
        is_local: bool,
    ) -> Result<Vec<(&'static Row, &'static str)>, SettingError> {
        let mut targets: Vec<(&'static Row, &'static str)> = Vec::with_capacity(pairs.len());
        for (given, _) in pairs {
            let (row, name) = table::find(given).ok_or_else(|| SettingError::Unknown { name: given.to_vec() })?;
            let refused = |reason: &str| Err(SettingError::Refused { name: name.into(), reason: reason.into() });
            if origin == Origin::Client && row.has(IMMUTABLE) {
                return refused("can't set immutable config");
            }
            if origin == Origin::Client && row.has(PROTECTED) && !self.allows(Id::EnableProtectedConfigs, is_local) {
                return refused("can't set protected config");
            }
            if targets.iter().any(|(_, earlier)| *earlier == name) {
                let given = String::from_utf8_lossy(given).into_owned();
                return Err(SettingError::Refused { name: given.into(), reason: "duplicate parameter".into() });
            }
            targets.push((row, name));
        }
        Ok(targets)
    }

    fn adopt(&self, values: Vec<Value>) {
        self.hot.refresh(&values);
        *self.values.write() = values;
    }
}

/// The default of a row.
fn default_of(row: &Row) -> Value {
    // An absent directory is the present one, which is looked up when somebody asks.
    let absent = Value::Text(Arc::from(&b""[..]));
    if row.kind == kind::Kind::Text(kind::TextRule::Directory) {
        return absent;
    }
    match row.id {
        Id::Replicaof => return Value::Words(Vec::new()),
        Id::IoThreads => return Value::Int(kind::cpus()),
        _ => {}
    }
    kind::parse(row, &[row.default.as_bytes()], &absent, Origin::FileFirst).unwrap_or(absent)
}

/// Why this value cannot be had: its feature is missing and it is not the default.
fn refusal(row: &Row, value: &Value) -> Option<String> {
    if row.status == Status::Works || *value == default_of(row) {
        return None;
    }
    let value = if row.has(SENSITIVE) { "…".into() } else { kind::format(row, value) };
    let setting = format!("'{} {}'", row.name, String::from_utf8_lossy(&value));
    match row.status {
        Status::Works => None,
        Status::Unbuilt(feature) => {
            Some(format!("{setting} needs {feature}, which this version of redisrs does not have"))
        }
        Status::Foreign(why) => Some(format!("{setting} has no meaning for redisrs: {why}")),
    }
}
