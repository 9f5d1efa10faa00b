//! Typed getters for settings that are read now and then: at start, by INFO, by an administrator's command.

use super::kind::{self, OutputLimit, PORT_AUTO, Value};
use super::load::Rename;
use super::table::Id;
use super::{LoadError, Settings};
use crate::engine::clients::ClientKind;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;
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
    fn value(&self, id: Id) -> Value {
        self.values.read()[id as usize].clone()
    }

    fn number(&self, id: Id) -> i64 {
        match self.value(id) {
            Value::Int(number) => number,
            _ => 0,
        }
    }

    fn bytes(&self, id: Id) -> Arc<[u8]> {
        match self.value(id) {
            Value::Text(text) => text,
            _ => Arc::from(&b""[..]),
        }
    }

    fn path(&self, id: Id) -> Option<PathBuf> {
        let bytes = self.bytes(id);
        (!bytes.is_empty()).then(|| PathBuf::from(OsString::from_vec(bytes.to_vec())))
    }

    /// A setting as CONFIG GET shows it.
    pub fn show(&self, id: Id) -> String {
        String::from_utf8_lossy(&kind::format(id.row(), &self.value(id))).into_owned()
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
    pub fn bind(&self) -> Vec<String> {
        match self.value(Id::Bind) {
            Value::Words(words) => words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
            _ => Vec::new(),
        }
    }

    /// Pending connections that the system holds.
    pub fn tcp_backlog(&self) -> i32 {
        i32::try_from(self.number(Id::TcpBacklog)).unwrap_or(i32::MAX)
    }

    /// The unix socket.
    pub fn unix_socket(&self) -> Option<PathBuf> {
        self.path(Id::Unixsocket)
    }

    /// Permissions of the unix socket, if they are set.
    pub fn unix_socket_mode(&self) -> Option<u32> {
        u32::try_from(self.number(Id::Unixsocketperm)).ok().filter(|&mode| mode != 0)
    }

    /// The working directory, absolute, if one was set. The library never enters it; the server binary does.
    pub fn dir(&self) -> Option<PathBuf> {
        self.path(Id::Dir)
    }

    /// The log file; without one the binary writes to standard output.
    pub fn logfile(&self) -> Option<PathBuf> {
        self.path(Id::Logfile)
    }

    /// Where the binary writes its process number.
    pub fn pidfile(&self) -> Option<PathBuf> {
        self.path(Id::Pidfile)
    }

    /// The password of the default user; empty if there is none.
    pub fn password(&self) -> Arc<[u8]> {
        self.bytes(Id::Requirepass)
    }

    /// Percentiles that INFO latencystats shows.
    pub fn latency_percentiles(&self) -> Vec<f64> {
        match self.value(Id::LatencyTrackingInfoPercentiles) {
            Value::Percentiles(percentiles) => percentiles,
            _ => Vec::new(),
        }
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
        match self.value(id) {
            Value::Choice(1) => true,
            Value::Choice(2) => is_local,
            _ => false,
        }
    }

    /// The file that was loaded, absolute; CONFIG REWRITE writes to it.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.files.read().config_file.clone()
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
        let renames = self.files.read().renames.clone();
        for Rename { command, new_name, place } in renames {
            rename(&command, &new_name).map_err(|error| {
                place.error(match error {
                    RenameError::NoSuchCommand => "No such command in rename-command",
                    RenameError::NameTaken => "Target command name already exists",
                })
            })?;
        }
        Ok(())
    }
}

/// Why a command cannot be renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameError {
    /// There is no such command.
    NoSuchCommand,
    /// Another command has the new name.
    NameTaken,
}
