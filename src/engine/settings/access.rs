//! Typed getters for settings that are read now and then: at start, by INFO, by an administrator's command.

use super::kind::{self, OutputLimit, PORT_AUTO, Value};
use super::load::Rename;
use super::table::Id;
use super::{LoadError, Settings};
use crate::engine::clients::ClientKind;
use crate::storage::{NoMemory, Text, lossy, try_copy, try_push};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Where to listen for TCP connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Nowhere.
    None,
    /// Wherever a port is free.
    Auto,
    /// Here.
    Number(u16),
}

impl Settings {
    fn with_value<R>(&self, id: Id, look: impl FnOnce(&Value) -> R) -> R {
        look(&self.values.read()[id as usize])
    }

    fn number(&self, id: Id) -> i64 {
        self.with_value(id, |value| if let Value::Int(number) = value { *number } else { 0 })
    }

    fn with_text<R>(&self, id: Id, look: impl FnOnce(&[u8]) -> R) -> R {
        self.with_value(id, |value| look(if let Value::Text(text) = value { text } else { b"" }))
    }

    fn path(&self, id: Id) -> Result<Option<PathBuf>, NoMemory> {
        let path = self.with_text(id, try_copy)?;
        Ok((!path.is_empty()).then(|| PathBuf::from(OsString::from_vec(path))))
    }

    /// A setting as CONFIG GET shows it.
    ///
    /// # Errors
    /// If memory is short.
    pub fn show(&self, id: Id) -> Result<String, NoMemory> {
        let text = self.with_value(id, |value| kind::format(id.row(), value))?;
        Text::string_of(format_args!("{}", lossy(&text)))
    }

    /// Number of shards, a power of two.
    pub fn shards(&self) -> usize {
        usize::try_from(self.number(Id::Shards)).unwrap_or(1)
    }

    /// Number of databases.
    pub fn databases(&self) -> u32 {
        u32::try_from(self.number(Id::Databases)).unwrap_or(1)
    }

    /// Number of reactor threads; 0 if the host drives the server.
    pub fn io_threads(&self) -> usize {
        usize::try_from(self.number(Id::IoThreads)).unwrap_or(1)
    }

    /// The TCP port.
    pub fn port(&self) -> Port {
        match self.number(Id::Port) {
            PORT_AUTO => Port::Auto,
            number => u16::try_from(number).ok().filter(|&port| port != 0).map_or(Port::None, Port::Number),
        }
    }

    /// Remembers which port `auto` became, so that CONFIG GET tells it.
    pub fn record_port(&self, port: u16) {
        self.auto_port.store(port, Ordering::Relaxed);
    }

    /// Addresses to listen at, as they were written.
    ///
    /// # Errors
    /// If memory is short.
    pub fn bind(&self) -> Result<Vec<String>, NoMemory> {
        self.with_value(Id::Bind, |value| {
            let mut addresses = Vec::new();
            for word in if let Value::Words(words) = value { words.as_slice() } else { &[] } {
                try_push(&mut addresses, Text::string_of(format_args!("{}", lossy(word)))?)?;
            }
            Ok(addresses)
        })
    }

    /// Pending connections that the system holds.
    pub fn tcp_backlog(&self) -> i32 {
        i32::try_from(self.number(Id::TcpBacklog)).unwrap_or(i32::MAX)
    }

    /// The unix socket.
    ///
    /// # Errors
    /// If memory is short.
    pub fn unix_socket(&self) -> Result<Option<PathBuf>, NoMemory> {
        self.path(Id::Unixsocket)
    }

    /// Permissions of the unix socket, if they are set.
    pub fn unix_socket_mode(&self) -> Option<u32> {
        u32::try_from(self.number(Id::Unixsocketperm)).ok().filter(|&mode| mode != 0)
    }

    /// The working directory, absolute, if one was set. The library never enters it; the server binary does.
    ///
    /// # Errors
    /// If memory is short.
    pub fn dir(&self) -> Result<Option<PathBuf>, NoMemory> {
        self.path(Id::Dir)
    }

    /// The log file; without one the binary writes to standard output.
    ///
    /// # Errors
    /// If memory is short.
    pub fn logfile(&self) -> Result<Option<PathBuf>, NoMemory> {
        self.path(Id::Logfile)
    }

    /// Where the binary writes its process number.
    ///
    /// # Errors
    /// If memory is short.
    pub fn pidfile(&self) -> Result<Option<PathBuf>, NoMemory> {
        self.path(Id::Pidfile)
    }

    /// Shows `look` the password of the default user; empty if there is none.
    pub fn with_password<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        self.with_text(Id::Requirepass, look)
    }

    /// Percentiles that INFO latencystats shows.
    ///
    /// # Errors
    /// If memory is short.
    pub fn latency_percentiles(&self) -> Result<Vec<f64>, NoMemory> {
        self.with_value(Id::LatencyTrackingInfoPercentiles, |value| match value {
            Value::Percentiles(percentiles) => kind::copy_numbers(percentiles),
            _ => Ok(Vec::new()),
        })
    }

    /// When a client of this kind that does not read its replies is cut off.
    #[inline]
    pub fn output_limit(&self, kind: ClientKind) -> OutputLimit {
        self.hot.output_limit(kind)
    }

    /// Whether a protected command may run: DEBUG and MODULE, for a client on this machine or elsewhere.
    pub fn allows_protected(&self, command: &str, is_local: bool) -> bool {
        match command.split('|').next() {
            Some(name) if name.eq_ignore_ascii_case("debug") => self.allows(Id::EnableDebugCommand, is_local),
            Some(name) if name.eq_ignore_ascii_case("module") => self.allows(Id::EnableModuleCommand, is_local),
            _ => false,
        }
    }

    /// The answer of a setting with the words no, yes and local.
    pub(super) fn allows(&self, id: Id, is_local: bool) -> bool {
        self.with_value(id, |value| match value {
            Value::Choice(1) => true,
            Value::Choice(2) => is_local,
            _ => false,
        })
    }

    /// Shows `look` the file that was loaded, absolute; CONFIG REWRITE writes to it.
    pub fn with_config_file<R>(&self, look: impl FnOnce(Option<&Path>) -> R) -> R {
        look(self.files.read().config_file.as_deref())
    }

    /// Whether any command is renamed.
    pub fn has_renames(&self) -> bool {
        !self.files.read().renames.is_empty()
    }

    /// Gives every `rename-command`, in order, to `rename(command, new_name)`; an empty new name removes it.
    ///
    /// # Errors
    /// The line that `rename` had an objection to.
    pub fn apply_renames(
        &self,
        mut rename: impl FnMut(&[u8], &[u8]) -> Result<(), RenameError>,
    ) -> Result<(), LoadError> {
        for Rename { command, new_name, place } in &self.files.read().renames {
            rename(command, new_name).map_err(|error| match error {
                RenameError::NoSuchCommand => place.error("No such command in rename-command"),
                RenameError::NameTaken => place.error("Target command name already exists"),
                RenameError::NoMemory => LoadError::NoMemory,
            })?;
        }
        Ok(())
    }
}

impl From<NoMemory> for RenameError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// Why a command cannot be renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameError {
    /// There is no such command.
    NoSuchCommand,
    /// Another command has the new name.
    NameTaken,
    /// There is no memory to note it.
    NoMemory,
}
