//! What the `redisrs-server` program does: arguments, log, signals, one server from start to stop, exit code.
//!
//! Only this file does process-wide things: it installs handlers for SIGINT and SIGTERM, raises the limit of open
//! files, changes into `dir` and writes the pid file. The library itself does none of them.

use super::log_sink::LogSink;
use super::{Server, StartError};
use crate::engine::clock::Clock;
use crate::engine::log::{Level, Log};
use crate::engine::process::os_text;
use crate::engine::settings::Settings;
use crate::engine::settings::load::CommandLine;
use crate::engine::settings::table::Id;
use crate::engine::{Engine, Shutdown, threads};
use crate::hooks::reach;
use crate::net::listener::ListenError;
use crate::storage::NoMemory;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// The version of Redis whose behaviour this server has.
pub const REDIS_VERSION: &str = "7.0.15";

/// Descriptors beside those of clients: listeners, polls, wakers, files.
const RESERVED_FILES: u64 = 32;

const USAGE: &str = "\
Usage: redisrs-server [/path/to/redis.conf] [options] [-]
       redisrs-server - (read config from stdin)
       redisrs-server -v or --version
       redisrs-server -h or --help

Examples:
       redisrs-server (run the server with default conf)
       echo 'maxmemory 128mb' | redisrs-server -
       redisrs-server /etc/redis/6379.conf
       redisrs-server --port 7777
       redisrs-server --port 7777 --io-threads 2 --original-replies typed
       redisrs-server /etc/myredis.conf --loglevel verbose -
";

/// Runs the program with these arguments, its name not among them. Returns the exit code.
pub fn run(args: &[OsString]) -> i32 {
    let settings = Settings::new();
    match settings.load_args(args, &mut std::io::stdin().lock()) {
        Ok(CommandLine::Serve) => {}
        Ok(CommandLine::Version) => {
            println!("redisrs server v={} (Redis {REDIS_VERSION}) bits={}", env!("CARGO_PKG_VERSION"), usize::BITS);
            return 0;
        }
        Ok(CommandLine::Help) => {
            print!("{USAGE}");
            return 0;
        }
        Err(error) => {
            eprintln!("\n{error}");
            return 1;
        }
    }
    let logfile = match settings.logfile() {
        Ok(logfile) => logfile,
        Err(error) => {
            eprintln!("Can't open the log file: {error}");
            return 1;
        }
    };
    let sink = match LogSink::open(logfile.as_deref()) {
        Ok(sink) => Arc::new(sink),
        Err(error) => {
            eprintln!("Can't open the log file: {error}");
            return 1;
        }
    };
    let to = Arc::clone(&sink);
    let log = Log::to(Box::new(move |level, text| to.write(level, text)));
    let log = match log.and_then(|log| log.follow(&settings).map(|()| log)) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("{error}");
            return 1;
        }
    };
    announce(&log, &settings, args);
    match serve(settings, &log, &sink) {
        Ok(()) => 0,
        Err(text) => {
            log.warning(&text);
            1
        }
    }
}

fn announce(log: &Log, settings: &Settings, args: &[OsString]) {
    log.warning("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
    log.warning(&format!(
        "Redis version={REDIS_VERSION}, bits={}, commit=00000000, modified=0, pid={}, just started",
        usize::BITS,
        std::process::id()
    ));
    log.notice(&format!("redisrs version={}", env!("CARGO_PKG_VERSION")));
    if args.is_empty() {
        log.warning(
            "Warning: no config file specified, using the default config. In order to specify a config file use \
             redisrs-server /path/to/redis.conf",
        );
    } else {
        log.warning("Configuration loaded");
    }
    settings.with_config_file(|path| {
        if let Some(path) = path {
            log.verbose(&format!("Configuration file: {}", path.display()));
        }
    });
}

fn serve(settings: Settings, log: &Log, sink: &LogSink) -> Result<(), String> {
    let no_memory = |error: NoMemory| error.to_string();
    if let Some(dir) = settings.dir().map_err(no_memory)? {
        std::env::set_current_dir(&dir).map_err(|error| format!("Can't chdir to '{}': {error}", dir.display()))?;
    }
    raise_file_limit(&settings, log);
    let pid_file = settings.pidfile().map_err(no_memory)?;
    let has_logfile = settings.logfile().map_err(no_memory)?.is_some();
    let shows_logo = settings.show(Id::AlwaysShowLogo).map_err(no_memory)? == "yes"
        || (!has_logfile && std::io::stdout().is_terminal());
    let unix_socket = settings.unix_socket().map_err(no_memory)?;
    let engine = Engine::open(settings, Clock::system(), log.clone()).map_err(|error| error.to_string())?;
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("Can't handle signals: {error}"))?;
    sink.ready();
    log.notice("monotonic clock: POSIX clock_gettime");

    let server = Server::start(&engine).map_err(|error| {
        if let StartError::Listen { socket, error } = error {
            let call = if matches!(error, ListenError::System(_)) { "bind: " } else { "" };
            log.warning(&format!("Warning: Could not create server {socket}: {call}{error}"));
        }
        let port = engine.settings.show(Id::Port).unwrap_or_default();
        format!("Failed listening on port {port} (TCP), aborting.")
    })?;
    show_mode(log, server.port(), shows_logo);
    log.warning("Server initialized");
    let pid_file = pid_file.and_then(|path| PidFile::create(path, log));
    if server.port() != 0 || unix_socket.is_none() {
        log.notice("Ready to accept connections");
    } else if let Some(path) = unix_socket {
        log.notice(&format!("The server is now ready to accept connections at {}", path.display()));
    }

    let handle = signals.handle();
    let signalled = engine.clone();
    let thread = threads::spawn(format_args!("rs-signals"), log, move || watch_signals(&mut signals, &signalled))
        .map_err(|error| format!("Can't start the signal thread: {}", os_text(&error)))?;
    server.run().map_err(|error| format!("Serving clients: {}", os_text(&error)))?;
    log.warning("User requested shutdown...");
    server.stop();
    drop(server);
    drop(pid_file);
    engine.close();
    handle.close();
    // The thread only waits for signals; it cannot have panicked.
    let _ = thread.join();
    log.warning("Redis is now ready to exit, bye bye...");
    Ok(())
}

/// The first signal asks for a clean shutdown, a second SIGINT does not wait for it.
fn watch_signals(signals: &mut Signals, engine: &Engine) {
    let mut interrupted = false;
    for signal in signals {
        let announce = || {
            reach("signal");
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            engine.log.warning(&format!("Received {name} scheduling shutdown..."));
        };
        // The panic hook has reported it; the signal counts all the same.
        let _ = catch_unwind(AssertUnwindSafe(announce));
        if signal == SIGINT && interrupted {
            engine.log.warning("You insist... exiting now.");
            std::process::exit(1);
        }
        interrupted |= signal == SIGINT;
        engine.request_shutdown(Shutdown::default());
    }
}

/// As many descriptors as `maxclients` needs, or as many as can be had.
fn raise_file_limit(settings: &Settings, log: &Log) {
    let wanted = settings.hot().maxclients.load(std::sync::atomic::Ordering::Relaxed) + RESERVED_FILES;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit < wanted => {
            let clients = limit.saturating_sub(RESERVED_FILES);
            log.warning(&format!(
                "You requested maxclients of {} requiring at least {wanted} max file descriptors.",
                wanted - RESERVED_FILES
            ));
            log.warning(&format!(
                "Current maximum open files is {limit}. maxclients has been reduced to {clients} to compensate for \
                 low ulimit. If you need higher maxclients increase 'ulimit -n'."
            ));
            if let Err(error) = settings.set("maxclients", clients.to_string()) {
                log.warning(&error.to_string());
            }
        }
        Ok(_) => {}
        Err(error) => log.warning(&format!("Unable to obtain the current NOFILE limit ({error})")),
    }
}

fn show_mode(log: &Log, port: u16, shows_logo: bool) {
    if !shows_logo {
        log.notice(&format!("Running mode=standalone, port={port}."));
        return;
    }
    log.notice(&format!(
        "\n\n    redisrs {}   (Redis {REDIS_VERSION}) {} bit\n\n    Running in standalone mode\n    Port: {port}\n    PID: {}\n",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        std::process::id()
    ));
}

/// The pid file, removed at the end.
struct PidFile {
    path: PathBuf,
    log: Log,
}

impl PidFile {
    fn create(path: PathBuf, log: &Log) -> Option<Self> {
        match std::fs::write(&path, format!("{}\n", std::process::id())) {
            Ok(()) => Some(Self { path, log: log.clone() }),
            Err(error) => {
                log.write(Level::Warning, &format!("Failed to write PID file: {}", os_text(&error)));
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        self.log.notice("Removing the pid file.");
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(&self.path);
    }
}
