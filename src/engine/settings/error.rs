//! Why a setting was refused, in Redis's words.

use crate::engine::process::os_text;
use crate::storage::{NoMemory, Text, lossy, try_copy};
use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The version whose texts and file format are followed.
pub const REDIS_VERSION: &str = "7.0.15";

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// This.
    Text(Cow<'static, str>),
    /// Nothing; there was no memory to hold it, or to tell.
    NoMemory,
}

impl Reason {
    /// A reason that is put together.
    pub fn of(pieces: fmt::Arguments<'_>) -> Self {
        Text::string_of(pieces).map_or(Self::NoMemory, |text| Self::Text(text.into()))
    }

    /// A reason of the system's.
    pub fn of_system(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::OutOfMemory {
            Self::NoMemory
        } else {
            Self::of(format_args!("{}", os_text(error)))
        }
    }
}

impl From<&'static str> for Reason {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<NoMemory> for Reason {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::NoMemory => NoMemory.fmt(out),
        }
    }
}

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
        reason: Cow<'static, str>,
    },
    /// There was no memory for it.
    NoMemory,
}

impl SettingError {
    /// A name that there is not.
    pub fn unknown(name: &[u8]) -> Self {
        try_copy(name).map_or(Self::NoMemory, |name| Self::Unknown { name })
    }

    /// A setting that is refused.
    pub fn refused(name: impl Into<Cow<'static, str>>, reason: impl Into<Reason>) -> Self {
        match reason.into() {
            Reason::Text(reason) => Self::Refused { name: name.into(), reason },
            Reason::NoMemory => Self::NoMemory,
        }
    }

    /// The error reply of CONFIG SET, without the leading `-`.
    ///
    /// # Errors
    /// If memory is short, or was.
    pub fn reply(&self) -> Result<Vec<u8>, NoMemory> {
        let mut text = Text::new();
        match self {
            Self::Unknown { name } => {
                // Redis prints it as a C string.
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                text.push(b"ERR Unknown option or number of arguments for CONFIG SET - '");
                text.push(name);
                text.push(b"'");
            }
            Self::Refused { name, reason } => {
                text.put(format_args!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"));
            }
            Self::NoMemory => return Err(NoMemory),
        }
        text.finish()
    }
}

impl From<NoMemory> for SettingError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(out, "unknown setting '{}'", lossy(name)),
            Self::Refused { name, reason } => write!(out, "setting '{name}': {reason}"),
            Self::NoMemory => NoMemory.fmt(out),
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
        text: Vec<u8>,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// A file could not be read.
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: Cow<'static, str>,
    },
    /// There was no memory for it.
    NoMemory,
}

impl LoadError {
    /// A file that cannot be read.
    pub fn open(path: &Path, error: &io::Error) -> Self {
        match (Reason::of_system(error), try_copy(path.as_os_str().as_bytes())) {
            (Reason::Text(reason), Ok(path)) => Self::Open { path: OsString::from_vec(path).into(), reason },
            _ => Self::NoMemory,
        }
    }
}

impl From<NoMemory> for LoadError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for LoadError {
    /// As redis-server prints it before it gives up.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { number, text, reason } => write!(
                out,
                "*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n\
                 Reading the configuration file, at line {number}\n>>> '{}'\n{reason}",
                lossy(text)
            ),
            Self::Open { path, reason } => {
                write!(out, "Fatal error, can't open config file '{}': {reason}", path.display())
            }
            Self::NoMemory => write!(out, "Fatal error, {NoMemory}"),
        }
    }
}

impl std::error::Error for LoadError {}
