//! The log of one engine: levels, and a sink that the host supplies.
//!
//! A library prints nothing, so without a sink a message costs one comparison. A [`Log`] is a handle: clones write to the
//! same sink and share the level, which follows the `loglevel` setting once [`Log::follow`] was called.

use super::settings::{Id, Owner, Settings};
use crate::storage::{NoMemory, Shared, Text, try_box};
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// How important a message is; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For developers.
    Debug,
    /// Much of little use.
    Verbose,
    /// What an operator wants to know.
    Notice,
    /// What an operator must know.
    Warning,
}

impl Level {
    /// The level of number `index`, as in `loglevel`'s list of words; too great a number is a warning.
    pub fn from_index(index: u8) -> Self {
        match index {
            0 => Self::Debug,
            1 => Self::Verbose,
            2 => Self::Notice,
            _ => Self::Warning,
        }
    }
}

/// Where messages go. It may be called from any thread, and must not call back into the engine.
pub type Sink = Box<dyn Fn(Level, &str) + Send + Sync>;

/// The log of one engine.
#[derive(Clone, Default)]
pub struct Log {
    shared: Option<Shared<Common>>,
}

/// What clones have in common.
struct Common {
    level: AtomicU8,
    sink: Sink,
}

impl Log {
    /// A log that nobody reads.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A log whose messages of level notice and above go to `sink`.
    ///
    /// # Errors
    /// If memory is short.
    pub fn to(sink: Sink) -> Result<Self, NoMemory> {
        let common = Shared::new(Common { level: AtomicU8::new(Level::Notice as u8), sink })?;
        Ok(Self { shared: Some(common) })
    }

    /// Takes the level from the settings, now and whenever it changes.
    ///
    /// # Errors
    /// If memory is short.
    pub fn follow(&self, settings: &Settings) -> Result<(), NoMemory> {
        let log = self.clone();
        let adopt = move |settings: &Settings| {
            log.set_level(settings.hot().loglevel());
            Ok(())
        };
        self.set_level(settings.hot().loglevel());
        settings.on_change(Owner::ENGINE, Id::Loglevel, try_box(adopt)?)
    }

    /// Drops what is less important than `level`.
    pub fn set_level(&self, level: Level) {
        if let Some(shared) = &self.shared {
            shared.level.store(level as u8, Relaxed);
        }
    }

    /// Whether a message of this level would be written, for those that are costly to compose.
    #[inline]
    pub fn is_enabled(&self, level: Level) -> bool {
        self.shared.as_ref().is_some_and(|shared| level as u8 >= shared.level.load(Relaxed))
    }

    /// Writes a message.
    pub fn write(&self, level: Level, text: &str) {
        if let Some(shared) = &self.shared
            && self.is_enabled(level)
        {
            (shared.sink)(level, text);
        }
    }

    /// Writes a message that is put together only if somebody reads it. One that finds no memory is left out.
    pub fn note(&self, level: Level, message: fmt::Arguments<'_>) {
        if self.is_enabled(level)
            && let Ok(text) = Text::string_of(message)
        {
            self.write(level, &text);
        }
    }

    /// Writes a message for developers.
    pub fn debug(&self, text: &str) {
        self.write(Level::Debug, text);
    }

    /// Writes a message of little use.
    pub fn verbose(&self, text: &str) {
        self.write(Level::Verbose, text);
    }

    /// Writes what an operator wants to know.
    pub fn notice(&self, text: &str) {
        self.write(Level::Notice, text);
    }

    /// Writes what an operator must know.
    pub fn warning(&self, text: &str) {
        self.write(Level::Warning, text);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log").field("is_silent", &self.shared.is_none()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn the_level_follows_the_settings() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&written);
        let log = Log::to(Box::new(move |level, text| copy.lock().unwrap().push((level, text.to_string())))).unwrap();
        let settings = Settings::new();
        log.follow(&settings).unwrap();
        log.verbose("a");
        log.notice("b");
        settings.set("loglevel", "debug").unwrap();
        log.debug("c");
        settings.set("loglevel", "warning").unwrap();
        log.notice("d");
        log.warning("e");
        Log::silent().warning("f");
        let expected = [(Level::Notice, "b"), (Level::Debug, "c"), (Level::Warning, "e")];
        assert_eq!(*written.lock().unwrap(), expected.map(|(level, text)| (level, text.to_string())));
    }
}
