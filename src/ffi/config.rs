//! Configuration of an engine before it is opened.

use super::cast::{self, UserData};
use super::guard::{code, install_panic_hook, plain};
use super::status::{Failure, Outcome, RS_ERR_CONFIG, RS_OK, fail, no_memory, rs_status};
use crate::engine::clock::Clock;
use crate::engine::log::{Level, Log};
use crate::engine::settings::{LoadError, SettingError, Settings};
use crate::storage::{lossy, try_box};
use std::ffi::{OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

/// Settings for one or more engines.
pub struct rs_config {
    settings: Settings,
    logger: (rs_log_fn, UserData),
    clock: (rs_clock_fn, UserData),
}

/// Receives one log message: `level` is 0 debug, 1 verbose, 2 notice, 3 warning; `msg` has `len` bytes and no line
/// break at its end, and is valid during the call only. Called from any thread, also at the same time from
/// several. Must not call functions of this library that take an engine, a server or a session (they answer
/// `RS_ERR_BUSY`), and must not throw or longjmp.
pub type rs_log_fn = Option<unsafe extern "C" fn(level: c_int, msg: *const c_char, len: usize, ud: *mut c_void)>;

/// Returns the time in milliseconds since 1970-01-01 UTC. Called often and from any thread, also at the same time
/// from several; the same rules as for `rs_log_fn`.
pub type rs_clock_fn = Option<unsafe extern "C" fn(ud: *mut c_void) -> i64>;

/// A new configuration that holds the defaults of `redis.conf`, except that there is no logger: then nothing is
/// logged (`logfile` is for `rs_server_main`). End it with `rs_config_free`. A configuration belongs to one thread at a time.
///
/// Returns the configuration, or NULL if there is no memory. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_config_new() -> *mut rs_config {
    install_panic_hook();
    plain(|| cast::try_give(rs_config::try_default()?)).unwrap_or(null_mut())
}

/// Ends a configuration. Engines opened with it have a copy and are not affected. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_config_free(config: *mut rs_config) {
    let _ = plain(|| {
        // SAFETY: by the rules of the header.
        drop(unsafe { cast::take(config) });
        Ok(())
    });
}

/// Sets one setting: name and value as in `redis.conf`, such as `"maxmemory", "100mb"`; what takes several values there takes
/// them here with spaces between, in one string (`"bind", "127.0.0.1 ::1"`). Setting a name again replaces its value. What
/// this library adds: `port` may be `auto` for any free port (0 means no TCP at all); `io-threads` 0 for a server that the
/// host drives with `rs_server_poll`.
///
/// Returns `RS_OK`; `RS_ERR_CONFIG` for an unknown name or a bad value, which the text of `rs_last_error` names;
/// `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is NULL. A failed call changes nothing. A setting that this
/// version knows but does not act on takes its default only, so nothing is accepted and then ignored.
///
///     rs_config *config = rs_config_new();
///     if (rs_config_set(config, "port", "auto") != RS_OK)
///         fprintf(stderr, "%s\n", rs_last_error());
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_config_set(config: *mut rs_config, name: *const c_char, value: *const c_char) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (config, name, value) = unsafe { (cast::shared(config)?, cast::text(name)?, cast::text(value)?) };
        config.settings.set(name, value).map_err(|error| match error {
            SettingError::NoMemory => no_memory(),
            error => fail(RS_ERR_CONFIG, format_args!("{error}")),
        })?;
        Ok(RS_OK)
    }))
}

/// Loads a file in the syntax of `redis.conf`, on top of what is set already. Names and values are those of `rs_config_set`,
/// `port auto` among them.
///
/// Returns `RS_OK`; `RS_ERR_CONFIG` if the file cannot be read or one of its lines is wrong, then nothing of it is
/// taken over and the text of `rs_last_error` tells the line; `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_config_load(config: *mut rs_config, path: *const c_char) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (config, path) = unsafe { (cast::shared(config)?, cast::text(path)?) };
        let path = Path::new(OsStr::from_bytes(path));
        config.settings.load_file(path).map_err(|error| load_failure(&error))?;
        Ok(RS_OK)
    }))
}

/// Has log messages of engines opened from now on sent to `logger`, with `ud` as its last argument; NULL: to nobody.
/// They tell what goes wrong (warning), that a server starts or stops (notice), what connects and leaves (verbose).
/// What is less important than the setting `loglevel` is left out. `ud` must stay valid until the engines are closed.
///
/// Returns `RS_OK`, or `RS_ERR_ARGUMENT` if `config` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_config_set_logger(config: *mut rs_config, logger: rs_log_fn, ud: *mut c_void) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let config = unsafe { cast::exclusive(config)? };
        config.logger = (logger, UserData(ud));
        Ok(RS_OK)
    }))
}

/// Has engines opened from now on ask `now_ms` for the time, with `ud` as its argument; NULL: the system. This time
/// decides when keys expire, when commands that wait (BLPOP) have waited long enough and when idle clients are closed; a test can
/// move it at will, backwards too, and while it stands still none of that happens. A negative time is taken for 0, one
/// beyond the year 6,428 for the end of that. How long functions of this library wait (`timeout_ms`), and what SLOWLOG tells,
/// goes by the system's monotonic clock. `ud` must stay valid until the engines are closed.
///
/// Returns `RS_OK`, or `RS_ERR_ARGUMENT` if `config` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_config_set_clock(
    config: *mut rs_config,
    now_ms: rs_clock_fn,
    ud: *mut c_void,
) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let config = unsafe { cast::exclusive(config)? };
        config.clock = (now_ms, UserData(ud));
        Ok(RS_OK)
    }))
}

/// In one line, and in a program that is not redis-server.
fn load_failure(error: &LoadError) -> Failure {
    match error {
        LoadError::Line { number, text, reason } => {
            fail(RS_ERR_CONFIG, format_args!("line {number}, '{}': {reason}", lossy(text)))
        }
        LoadError::Open { path, reason } => {
            fail(RS_ERR_CONFIG, format_args!("can't open config file '{}': {reason}", path.display()))
        }
        LoadError::NoMemory => no_memory(),
    }
}

impl rs_config {
    /// The defaults.
    fn try_default() -> Outcome<Self> {
        let settings = Settings::try_new().map_err(|_| no_memory())?;
        Ok(Self { settings, logger: (None, UserData(null_mut())), clock: (None, UserData(null_mut())) })
    }

    /// A configuration given by the host, the defaults for NULL.
    ///
    /// # Safety
    /// A pointer that is not NULL points to a live configuration that nobody changes during the call.
    pub unsafe fn or_default<R>(config: *const Self, f: impl FnOnce(&Self) -> Outcome<R>) -> Outcome<R> {
        if config.is_null() {
            return f(&Self::try_default()?);
        }
        // SAFETY: the caller's promise.
        f(unsafe { cast::shared(config)? })
    }

    /// What an engine is opened with.
    pub fn parts(&self) -> Outcome<(Settings, Clock, Log)> {
        let settings = self.settings.duplicate().map_err(|_| no_memory())?;
        let log = self.log()?;
        log.follow(&settings).map_err(|_| no_memory())?;
        Ok((settings, self.clock()?, log))
    }

    fn log(&self) -> Outcome<Log> {
        let (Some(logger), ud) = self.logger else { return Ok(Log::silent()) };
        let sink = try_box(move |level: Level, text: &str| {
            let ud = ud;
            // SAFETY: the host has given a function of this type, and `ud` for it.
            unsafe { logger(level as c_int, text.as_ptr().cast(), text.len(), ud.0) }
        });
        Ok(Log::to(sink?)?)
    }

    fn clock(&self) -> Outcome<Clock> {
        let (Some(now_ms), ud) = self.clock else { return Ok(Clock::system()) };
        let clock = try_box(move || {
            let ud = ud;
            // SAFETY: the host has given a function of this type, and `ud` for it.
            unsafe { now_ms(ud.0) }
        });
        Ok(Clock::from_host(clock.map_err(|_| no_memory())?))
    }
}
