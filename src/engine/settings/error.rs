//! Why a setting was refused, in Redis's words.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// The version whose texts and file format are followed.
pub const REDIS_VERSION: &str = "7.0.15";

/// A refused CONFIG SET, or a refused setting of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// No such name.
    Unknown {
        /// As it was given.
        name: Vec<u8>,
    },
    /// The name exists, its value cannot be set.
    Refused {
        /// The setting; as it was given if it was given twice.
        name: Cow<'static, str>,
        /// Why.
        reason: String,
    },
}

impl SettingError {
    /// The error reply of CONFIG SET, without the leading `-`.
    pub fn reply(&self) -> Vec<u8> {
        match self {
            Self::Unknown { name } => {
                // Redis prints it as a C string.
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                [b"ERR Unknown option or number of arguments for CONFIG SET - '", name, b"'"].concat()
            }
            Self::Refused { name, reason } => {
                format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}").into_bytes()
            }
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(out, "unknown setting '{}'", String::from_utf8_lossy(name)),
            Self::Refused { name, reason } => write!(out, "setting '{name}': {reason}"),
        }
    }
}

impl std::error::Error for SettingError {}

/// Why a configuration file, or the command line, could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// A line of it.
    Line {
        /// Which, from 1. Arguments of the command line count as lines after those of the file.
        number: usize,
        /// The line without surrounding blanks.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read.
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for LoadError {
    /// As redis-server prints it before it gives up.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { number, text, reason } => write!(
                out,
                "*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n\
                 Reading the configuration file, at line {number}\n>>> '{text}'\n{reason}"
            ),
            Self::Open { path, reason } => {
                write!(out, "Fatal error, can't open config file '{}': {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// The system's text for an error, without the number that `std` appends.
pub(crate) fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}
