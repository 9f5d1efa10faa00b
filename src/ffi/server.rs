//! Servers: an engine on sockets.

use super::cast::{self, Out};
use super::config::rs_config;
use super::engine::{Host, rs_engine};
use super::guard::{code, ending, install_panic_hook, not_in_listener, on, outermost};
use super::status::{
    Failure, Outcome, RS_ERR_ADDR_IN_USE, RS_ERR_ARGUMENT, RS_ERR_CLOSED, RS_ERR_CONFIG, RS_ERR_IO, RS_ERR_NO_MEMORY,
    RS_ERR_TIMEOUT, RS_OK, fail, rs_status,
};
use crate::engine::Engine;
use crate::engine::log::Level;
use crate::engine::process::os_text;
use crate::server::{Server, StartError, program};
use crate::storage::Shared;
use std::ffi::{CStr, OsString, c_char, c_int};
use std::fmt;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// An engine that listens and serves.
pub struct rs_server {
    server: Server,
    /// Calls of other threads that wait for something.
    waiting: AtomicUsize,
    stopping: AtomicBool,
    // Behind the server, because it must end after it.
    host: Shared<Host>,
}

/// Time between two looks whether the last waiting call has left.
const LEAVE_CHECK: Duration = Duration::from_micros(100);

impl rs_server {
    fn start(host: &Shared<Host>) -> Outcome<Self> {
        // An engine that was shut down is served again; one that others serve keeps its request.
        if host.servers.fetch_add(1, Ordering::AcqRel) == 0 {
            host.engine.clear_shutdown();
        }
        match Server::start(&host.engine) {
            Ok(server) => {
                host.engine.log.note(
                    Level::Notice,
                    format_args!("Ready to accept connections{}", Places(&host.engine, server.port())),
                );
                Ok(Self { server, waiting: AtomicUsize::new(0), stopping: AtomicBool::new(false), host: host.clone() })
            }
            Err(error) => {
                host.servers.fetch_sub(1, Ordering::AcqRel);
                Err(start_failure(&error))
            }
        }
    }

    /// Runs a call that [`rs_server_stop`] in another thread must wait for.
    fn while_running<R>(&self, body: impl FnOnce() -> Outcome<R>) -> Outcome<R> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let body = || if self.is_stopping() { Err(stopped()) } else { body() };
        let outcome = not_in_listener().and_then(|()| on(&self.host.engine, body));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits for SHUTDOWN.
    fn wait(&self, timeout: Option<Duration>) -> Outcome<rs_status> {
        if self.host.engine.wait_for_shutdown_unless(timeout, || self.is_stopping()).is_some() {
            return Ok(RS_OK);
        }
        if self.is_stopping() {
            return Err(stopped());
        }
        Err(fail(RS_ERR_TIMEOUT, format_args!("no client has asked for a shutdown")))
    }

    /// One turn of a server that the host drives.
    fn turn(&self, timeout: Option<Duration>) -> Outcome<rs_status> {
        match self.server.poll(timeout) {
            Ok(true) if self.is_stopping() => Err(stopped()),
            Ok(true) if self.host.engine.shutdown_requested().is_some() => {
                Err(fail(RS_ERR_CLOSED, format_args!("a client has asked for a shutdown")))
            }
            Ok(true) => Ok(RS_OK),
            Ok(false) => {
                Err(fail(RS_ERR_ARGUMENT, format_args!("this server has threads of its own: io-threads is not 0")))
            }
            Err(error) => Err(fail(RS_ERR_IO, format_args!("polling failed: {}", os_text(&error)))),
        }
    }

    fn serve(&self) -> Outcome<rs_status> {
        if self.server.fd() < 0 {
            return self.wait(None);
        }
        while self.host.engine.shutdown_requested().is_none() {
            match self.turn(None) {
                Ok(_) | Err(Failure(RS_ERR_CLOSED)) => {}
                failure => return failure,
            }
        }
        Ok(RS_OK)
    }
}

impl Drop for rs_server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.server.stop();
        self.host.engine.wake_shutdown_waiters();
        while self.waiting.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(LEAVE_CHECK);
        }
        self.host.servers.fetch_sub(1, Ordering::AcqRel);
        let engine = &self.host.engine;
        let places = Places(engine, self.server.port());
        engine.log.note(Level::Notice, format_args!("No more connections accepted{places}"));
    }
}

/// Where a server listens, for the log: ` on port 6379 at /run/redis.sock`.
struct Places<'a>(&'a Engine, u16);

impl fmt::Display for Places<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 != 0 {
            write!(out, " on port {}", self.1)?;
        }
        match self.0.settings.unix_socket() {
            Ok(Some(path)) => write!(out, " at {}", path.display()),
            _ => Ok(()),
        }
    }
}

#[cold]
fn stopped() -> Failure {
    fail(RS_ERR_CLOSED, format_args!("the server is being stopped"))
}

fn start_failure(error: &StartError) -> Failure {
    let status = match error {
        StartError::NothingToListenOn => {
            return fail(
                RS_ERR_CONFIG,
                format_args!("there is nothing to listen at: port is 0 and unixsocket is not set"),
            );
        }
        _ if error.io().is_some_and(|io| io.kind() == ErrorKind::AddrInUse) => RS_ERR_ADDR_IN_USE,
        _ if error.io().is_some_and(|io| io.kind() == ErrorKind::OutOfMemory) => RS_ERR_NO_MEMORY,
        _ => RS_ERR_IO,
    };
    fail(status, format_args!("{error}"))
}

/// How long to wait: `None` without limit, for a negative number.
pub fn timeout(ms: i64) -> Option<Duration> {
    u64::try_from(ms).ok().map(Duration::from_millis)
}

/// Opens an engine, serves it until a client sends SHUTDOWN, and closes it: a whole server in one call, which blocks
/// the calling thread. `config` NULL means the defaults: port 6379 at every address, where `protected-mode` turns other
/// machines away until there is a password. No signal handler is installed and nothing is printed; for a server that can be
/// stopped from another thread use `rs_server_start`.
///
/// Returns `RS_OK` after a SHUTDOWN; `RS_ERR_ADDR_IN_USE` if the port or socket is taken; `RS_ERR_IO` if the system refuses
/// a socket or thread; `RS_ERR_NO_MEMORY`; `RS_ERR_CONFIG` if the settings name nothing to listen at, or a `rename-command`
/// cannot be followed; `RS_ERR_BUSY` from inside a callback. Any thread.
///
///     rs_config *config = rs_config_new();
///     if (rs_config_load(config, "redis.conf") != RS_OK || rs_server_run(config) != RS_OK)
///         fprintf(stderr, "%s\n", rs_last_error());
///     rs_config_free(config);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_run(config: *const rs_config) -> rs_status {
    install_panic_hook();
    code(
        ending(|| {
            // SAFETY: by the rules of the header.
            unsafe { rs_config::or_default(config, rs_engine::open) }
        })
        .and_then(|engine| {
            let status = on(&engine.host().engine, || rs_server::start(engine.host())?.serve());
            outermost(|| {
                drop(engine);
                Ok(())
            })?;
            status
        }),
    )
}

/// Does what the program `redisrs-server` does with these arguments (`argv[0]` is its name and is skipped): reads a
/// configuration file, handles SIGINT and SIGTERM, logs to standard output or a file, serves until it is told to stop.
/// This is the one function that does process-wide things; call it only from a `main` that is a server and
/// nothing else.
///
/// Returns the exit code for `main`: 0 after a clean shutdown, 1 after an error, which was printed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_main(argc: c_int, argv: *mut *mut c_char) -> c_int {
    install_panic_hook();
    let exit_code = outermost(|| {
        let count = usize::try_from(argc).map_err(|_| fail(RS_ERR_ARGUMENT, format_args!("argc is negative")))?;
        // SAFETY: by the rules of the header.
        let argv = unsafe { cast::array(argv, count)? };
        let given = argv.iter().skip(1).take_while(|arg| !arg.is_null());
        // SAFETY: by the rules of the header; the end of `argv` at a NULL is respected.
        let text = |arg: &*mut c_char| OsString::from_vec(unsafe { CStr::from_ptr(*arg) }.to_bytes().to_vec());
        Ok(program::run(&given.map(text).collect::<Vec<_>>()))
    });
    exit_code.unwrap_or(1)
}

/// Serves an engine on sockets: opens those of its settings (`port`, `bind`, `unixsocket`) and serves them in
/// `io-threads` background threads, or, if `io-threads` is 0, whenever the host calls `rs_server_poll`. Several servers
/// can serve one engine, each on its own port if `port` is `auto`.
///
/// Returns `RS_OK` and writes the server, to be ended with `rs_server_stop`; `RS_ERR_ADDR_IN_USE` if an address is taken;
/// `RS_ERR_IO` if the system refuses a socket or thread; `RS_ERR_NO_MEMORY`; `RS_ERR_CONFIG` if the settings name
/// nothing to listen at; `RS_ERR_BUSY` from inside a callback; `RS_ERR_ARGUMENT` if a pointer is NULL. Any thread.
///
///     rs_server *server;
///     if (rs_server_start(engine, &server) == RS_OK) {
///         printf("port %u\n", (unsigned)rs_server_port(server));
///         rs_server_wait(server, -1);
///         rs_server_stop(server);
///     }
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_start(engine: *mut rs_engine, out: *mut *mut rs_server) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = outermost(|| unsafe { Ok((cast::shared(engine)?, Out::new(out)?)) });
    code(arguments.and_then(|(engine, out)| {
        let server = on(&engine.host().engine, || rs_server::start(engine.host()))?;
        out.set(cast::try_give(server)?);
        Ok(RS_OK)
    }))
}

/// The TCP port that a server listens at, which is how to learn what `auto` became; 0 without one, and for NULL. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_port(server: *const rs_server) -> u16 {
    // SAFETY: by the rules of the header.
    unsafe { cast::shared(server) }.map_or(0, |server| server.server.port())
}

/// Waits until a client sends SHUTDOWN, `timeout_ms` milliseconds at most, without limit if negative. The server goes on
/// to serve until `rs_server_stop`.
///
/// Returns `RS_OK` when a shutdown was asked for; `RS_ERR_TIMEOUT`; `RS_ERR_CLOSED` if another thread calls
/// `rs_server_stop` meanwhile; `RS_ERR_BUSY` from inside a callback; `RS_ERR_ARGUMENT` if `server` is NULL. Any thread, several at
/// the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_wait(server: *mut rs_server, timeout_ms: i64) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { cast::shared(server) }.and_then(|server| server.while_running(|| server.wait(timeout(timeout_ms)))))
}

/// Stops a server and ends its handle: accepts no more connections, finishes what was read, sends the replies (to clients that
/// take them within 200 ms, for 5 seconds at most), closes the connections, waits for its threads. The engine and its data stay, and can be served again. Calls of
/// `rs_server_wait` and `rs_server_poll` that other threads are in return `RS_ERR_CLOSED` first. NULL is a no-op.
///
/// Returns `RS_OK`; `RS_ERR_BUSY` from inside a callback, and then the server still runs. Any thread that is not in another call
/// with this server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_stop(server: *mut rs_server) -> rs_status {
    code(ending(|| {
        // SAFETY: by the rules of the header.
        if let Some(handle) = unsafe { cast::take(server) } {
            handle.host.origin.end(handle);
        }
        Ok(RS_OK)
    }))
}

/// Does what a server opened with `io-threads` 0 has to do: accepts, reads, runs commands, replies, expires keys. Waits
/// up to `timeout_ms` milliseconds for something to do, not at all if 0, without limit if negative.
///
/// Returns `RS_OK`; `RS_ERR_CLOSED` after a client has sent SHUTDOWN, or while another thread stops the server;
/// `RS_ERR_IO` if the system fails; `RS_ERR_BUSY` from inside a callback; `RS_ERR_ARGUMENT` if `server` is NULL or has threads
/// of its own. One thread at a time drives a server.
///
///     struct pollfd p = { rs_server_fd(server), POLLIN, 0 };
///     while (poll(&p, 1, -1) >= 0 && rs_server_poll(server, 0) == RS_OK) { }
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_poll(server: *mut rs_server, timeout_ms: i64) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { cast::shared(server) }.and_then(|server| server.while_running(|| server.turn(timeout(timeout_ms)))))
}

/// A descriptor for the host's own poll, epoll or kqueue: readable when `rs_server_poll` has something to do, whether a client
/// has sent something, a key expires, the wait of a blocked client is over, or SHUTDOWN was sent. Only to be waited for, not
/// read or closed. -1 if the server has threads of its own, and for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_server_fd(server: *const rs_server) -> c_int {
    // SAFETY: by the rules of the header.
    unsafe { cast::shared(server) }.map_or(-1, |server| server.server.fd())
}
