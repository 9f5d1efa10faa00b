//! A server: listeners and reactors over an engine, from start to stop.

pub mod log_sink;
pub mod program;

use crate::engine::log::Level;
use crate::engine::process::os_text;
use crate::engine::settings::access::Port;
use crate::engine::settings::{Id, Owner, Settings};
use crate::engine::{Engine, Shutdown, threads};
use crate::net::listener::{ListenError, Listener, Listeners, listen_tcp, listen_unix};
use crate::net::mailbox::{Mailbox, Orders};
use crate::net::reactor::Reactor;
use crate::storage::{NoMemory, Shared, Text, Weak, try_box, try_collect, try_push};
use parking_lot::Mutex;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// A socket, of this kind and address, cannot be listened on.
    Listen { socket: String, error: ListenError },
    /// Neither a port nor a unix socket is configured.
    NothingToListenOn,
    /// Out of descriptors or threads.
    Io(io::Error),
}

impl StartError {
    /// The reason given by the system, if it was asked.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Listen { error: ListenError::System(error), .. } | Self::Io(error) => Some(error),
            Self::Listen { .. } | Self::NothingToListenOn => None,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { socket, error } => write!(f, "Could not create server {socket}: {error}"),
            Self::NothingToListenOn => f.write_str("Configured to not listen anywhere, exiting."),
            Self::Io(error) => write!(f, "Could not start a reactor: {}", os_text(error)),
        }
    }
}

impl std::error::Error for StartError {}

impl From<NoMemory> for StartError {
    fn from(error: NoMemory) -> Self {
        Self::Io(error.into())
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A running server. Dropping it stops it.
pub struct Server {
    engine: Shared<Engine>,
    mailboxes: Vec<Shared<Mailbox>>,
    threads: Mutex<Vec<threads::Handle>>,
    /// The reactor of a server that the host drives, when `io-threads` is 0.
    driven: Option<Mutex<Reactor>>,
    port: AtomicU32,
    fd: i32,
    _asks: Asks,
}

/// A server asks about changes of settings, and does not any more when it ends.
struct Asks {
    engine: Shared<Engine>,
    owner: Owner,
}

impl Asks {
    fn new(engine: &Shared<Engine>) -> Self {
        Self { engine: engine.clone(), owner: engine.settings.owner() }
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        self.engine.settings.forget(self.owner);
    }
}

impl Server {
    /// Opens the configured sockets and serves them: in `io-threads` threads, or, if that is 0, whenever the host
    /// calls [`Server::poll`].
    ///
    /// # Errors
    /// If a socket cannot be opened or a thread not be started; nothing is left behind then.
    pub fn start(engine: &Shared<Engine>) -> Result<Self, StartError> {
        let mut listeners = listen_as_configured(&engine.settings)?;
        if let Some(path) = engine.settings.unix_socket()? {
            let listener = open_unix(&engine.settings, &path)?;
            try_push(&mut listeners, listener)?;
        }
        if listeners.is_empty() {
            return Err(StartError::NothingToListenOn);
        }
        let port = listeners.iter().find_map(Listener::port).unwrap_or(0);
        let listeners: Listeners = Shared::new(Mutex::new(listeners))?;
        let count = engine.settings.io_threads();
        let mut reactors = Vec::new();
        for _ in 0..count.max(1) {
            try_push(&mut reactors, Reactor::new(engine.clone())?)?;
        }
        let mailboxes = try_collect(reactors.iter().map(Reactor::mailbox))?;
        reactors[0].listen(listeners.clone(), try_collect(mailboxes.iter().cloned())?)?;
        if count == 0 {
            reactors[0].be_driven()?;
        }
        let fd = reactors[0].fd();
        let asks = Asks::new(engine);
        asks.follow_settings(&listeners, &mailboxes[0])?;
        asks.wake_on_timeout(&mailboxes)?;
        engine.settings.record_port(port);
        engine.port.store(port.into(), Ordering::Relaxed);
        let mut threads = Vec::new();
        threads.try_reserve_exact(count).map_err(NoMemory::from)?;
        let mut server = Self {
            engine: engine.clone(),
            mailboxes,
            threads: Mutex::new(threads),
            driven: None,
            port: AtomicU32::new(port.into()),
            fd,
            _asks: asks,
        };
        if count == 0 {
            server.driven = reactors.pop().map(Mutex::new);
        }
        for (index, mut reactor) in reactors.into_iter().enumerate() {
            let engine = engine.clone();
            let log = engine.log.clone();
            let thread = threads::spawn(format_args!("rs-reactor-{index}"), &log, move || {
                loop {
                    match catch_unwind(AssertUnwindSafe(|| reactor.run())) {
                        Ok(Ok(())) => return,
                        Ok(Err(error)) => {
                            let error = os_text(&error);
                            return engine.log.note(Level::Warning, format_args!("A reactor has failed: {error}"));
                        }
                        Err(_) if recover(&mut reactor, &engine) => {}
                        // Its connections have nobody left.
                        Err(_) => return engine.request_shutdown(Shutdown::default()),
                    }
                }
            })?;
            server.threads.lock().push(thread);
        }
        Ok(server)
    }

    /// The TCP port, 0 without one.
    pub fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed) as u16
    }

    /// The engine that is served.
    pub fn engine(&self) -> &Shared<Engine> {
        &self.engine
    }

    /// A descriptor that becomes readable when [`Server::poll`] has something to do; -1 if threads do it.
    pub fn fd(&self) -> i32 {
        if self.driven.is_some() { self.fd } else { -1 }
    }

    /// Waits up to `timeout` for something to do and does it; false if this server runs in its own threads.
    ///
    /// # Errors
    /// If polling fails.
    pub fn poll(&self, timeout: Option<Duration>) -> io::Result<bool> {
        match &self.driven {
            Some(reactor) => {
                let mut reactor = reactor.lock();
                match catch_unwind(AssertUnwindSafe(|| reactor.driven_turn(timeout))) {
                    Ok(turned) => turned.map(|_| true),
                    Err(panic) => {
                        recover(&mut reactor, &self.engine);
                        resume_unwind(panic)
                    }
                }
            }
            None => Ok(false),
        }
    }

    /// Serves until somebody asks for a shutdown, in this thread if the server has none of its own.
    ///
    /// # Errors
    /// If polling fails.
    pub fn run(&self) -> io::Result<()> {
        while self.driven.is_some() && self.engine.shutdown_requested().is_none() {
            // After a panic, which the panic hook has reported, the reactor goes on.
            if let Ok(turned) = catch_unwind(AssertUnwindSafe(|| self.poll(None))) {
                turned?;
            }
        }
        self.engine.wait_for_shutdown(None);
        Ok(())
    }

    /// Stops accepting, finishes what was read, sends the replies to clients that take them, joins the threads. Idempotent.
    pub fn stop(&self) {
        for mailbox in &self.mailboxes {
            mailbox.order(Orders::STOP);
        }
        for thread in self.threads.lock().drain(..) {
            // A panic of a reactor has already been reported by the panic hook.
            let _ = thread.join();
        }
        if let Some(reactor) = &self.driven {
            let _ = catch_unwind(AssertUnwindSafe(|| reactor.lock().wind_up()));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Has a reactor go on after a panic, which the panic hook has reported; false if it cannot.
fn recover(reactor: &mut Reactor, engine: &Engine) -> bool {
    let recovered = catch_unwind(AssertUnwindSafe(|| {
        engine.after_panic();
        reactor.recover();
    }));
    recovered.is_ok()
}

/// The TCP sockets that `port`, `bind` and `tcp-backlog` ask for.
fn listen_as_configured(settings: &Settings) -> Result<Vec<Listener>, StartError> {
    let port = match settings.port() {
        Port::None => return Ok(Vec::new()),
        Port::Auto => 0,
        Port::Number(port) => port,
    };
    listen_tcp(&settings.bind()?, port, settings.tcp_backlog())
        .map_err(|(address, error)| listen_error(format_args!("TCP listening socket {address}:{port}"), error))
}

fn open_unix(settings: &Settings, path: &Path) -> Result<Listener, StartError> {
    listen_unix(path, settings.unix_socket_mode().unwrap_or(0), settings.tcp_backlog())
        .map_err(|error| listen_error(format_args!("unix socket {}", path.display()), error.into()))
}

fn listen_error(socket: fmt::Arguments<'_>, error: ListenError) -> StartError {
    match Text::string_of(socket) {
        Ok(socket) => StartError::Listen { socket, error },
        Err(error) => error.into(),
    }
}

impl Asks {
    /// CONFIG SET timeout makes reactors look at idle connections that have slept without.
    fn wake_on_timeout(&self, mailboxes: &[Shared<Mailbox>]) -> Result<(), NoMemory> {
        let mailboxes = try_collect(mailboxes.iter().map(Shared::downgrade))?;
        let wake = move |_: &Settings| {
            mailboxes.iter().filter_map(Weak::upgrade).for_each(|mailbox| mailbox.wake());
            Ok(())
        };
        self.engine.settings.on_change(self.owner, Id::Timeout, try_box(wake)?)
    }

    /// CONFIG SET port and bind move the TCP sockets; when the new ones cannot be opened,
    /// the settings go back and call again, which opens the old ones.
    fn follow_settings(&self, listeners: &Listeners, mailbox: &Shared<Mailbox>) -> Result<(), NoMemory> {
        for (id, refusal) in [
            (Id::Port, "Unable to listen on this port. Check server logs."),
            (Id::Bind, "Failed to bind to specified addresses."),
        ] {
            let (listeners, mailbox) = (listeners.downgrade(), mailbox.downgrade());
            let weak = self.engine.downgrade();
            let relisten = move |settings: &Settings| {
                let (Some(listeners), Some(mailbox), Some(engine)) =
                    (listeners.upgrade(), mailbox.upgrade(), weak.upgrade())
                else {
                    return Ok(());
                };
                let mut current = listeners.lock();
                // An address cannot be bound twice, so the old sockets have to go first.
                current.retain(|listener| listener.port().is_none());
                let opened = listen_as_configured(settings).map_err(|error| {
                    engine.log.note(Level::Warning, format_args!("{error}"));
                    refusal
                })?;
                current.try_reserve(opened.len()).map_err(NoMemory::from)?;
                let port = opened.iter().find_map(Listener::port).unwrap_or(0);
                engine.port.store(port.into(), Ordering::Relaxed);
                current.extend(opened);
                mailbox.order(Orders::LISTENERS_CHANGED);
                Ok(())
            };
            self.engine.settings.on_change(self.owner, id, try_box(relisten)?)?;
        }
        Ok(())
    }
}
