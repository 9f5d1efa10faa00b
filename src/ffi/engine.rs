//! Engines.

use super::cast::{self, Out};
use super::config::rs_config;
use super::guard::{code, ending, install_panic_hook, outermost};
use super::origin::Origin;
use super::status::{Failure, Outcome, RS_ERR_CONFIG, RS_ERR_IO, RS_OK, fail, no_memory, rs_status};
use crate::engine::{Engine, OpenError};
use crate::storage::{NoMemory, Shared};
use std::sync::atomic::AtomicUsize;

/// One store: data, settings, statistics. A process may have many; they share nothing.
pub struct rs_engine {
    host: Shared<Host>,
}

/// What the handles of one engine own together: the engine, which ends with the last of them.
pub struct Host {
    pub engine: Shared<Engine>,
    /// Servers now running.
    pub servers: AtomicUsize,
    pub origin: Origin,
}

impl Host {
    /// What the handles of an engine share that was just opened.
    ///
    /// # Errors
    /// If memory is short; the engine is closed then.
    pub fn of(engine: Shared<Engine>) -> Result<Shared<Self>, NoMemory> {
        Shared::new(Self { engine, servers: AtomicUsize::new(0), origin: Origin::here() })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Here and not in the engine's own destructor: this thread, which is the host's, waits until the engine's
        // threads are gone.
        self.engine.close();
    }
}

impl rs_engine {
    pub fn host(&self) -> &Shared<Host> {
        &self.host
    }

    /// An engine with this configuration.
    pub fn open(config: &rs_config) -> Outcome<Self> {
        let (settings, clock, log) = config.parts()?;
        let engine = Engine::open(settings, clock, log).map_err(|error| open_failure(&error))?;
        Ok(Self::of(Host::of(engine)?))
    }

    /// Another handle of an engine.
    pub fn of(host: Shared<Host>) -> Self {
        Self { host }
    }
}

fn open_failure(error: &OpenError) -> Failure {
    match error {
        OpenError::NoMemory => no_memory(),
        OpenError::Rename(_) => fail(RS_ERR_CONFIG, format_args!("{error}")),
        OpenError::Thread(_) => fail(RS_ERR_IO, format_args!("{error}")),
    }
}

/// Opens an engine; `config` NULL means the defaults. The configuration is copied and may be changed or freed
/// afterwards. The engine has a thread of its own for expiry and statistics, and another from the first large value on
/// that is to be freed; it listens nowhere until `rs_server_start`.
///
/// Returns `RS_OK` and writes the engine, to be ended with `rs_engine_close`; `RS_ERR_CONFIG` if a `rename-command` renames
/// what is no command, or to a name that is taken; `RS_ERR_IO` if a thread cannot be started; `RS_ERR_NO_MEMORY`;
/// `RS_ERR_BUSY` from inside a callback; `RS_ERR_ARGUMENT` if `out` is NULL. Any thread, any number of engines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_engine_open(config: *const rs_config, out: *mut *mut rs_engine) -> rs_status {
    install_panic_hook();
    code(outermost(|| {
        // SAFETY: by the rules of the header.
        let out = unsafe { Out::new(out)? };
        // SAFETY: by the rules of the header.
        let engine = unsafe { rs_config::or_default(config, rs_engine::open) }?;
        out.set(cast::try_give(engine)?);
        Ok(RS_OK)
    }))
}

/// Ends an engine and frees its data. Its sessions and servers should be ended before; those that are not go on
/// to work, and the last of them to end takes the engine with it. When the last handle is gone, so are all threads and
/// all memory of the engine, and the call has waited for that. NULL is a no-op; a call from inside a callback does nothing but
/// note a text for `rs_last_error`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_engine_close(engine: *mut rs_engine) {
    let _ = ending(|| {
        // SAFETY: by the rules of the header.
        if let Some(handle) = unsafe { cast::take(engine) } {
            handle.host.origin.end(handle);
        }
        Ok(())
    });
}
