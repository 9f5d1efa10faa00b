//! The servers under comparison: found, started on free loopback ports, awaited, and always killed.
//!
//! "Theirs" is the real redis-server 7.0 (`REDIS_SERVER`, default `redis-server` from the PATH); "ours" is the binary of
//! this project, or what `REDISRS_SERVER` says (a command line, split at blanks). Both get the same options. Each runs
//! in a private directory that goes away with it; its output is kept there until then, and shown when it fails to start.

use super::wire::Connection;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time for a server to answer its first PING, on a machine that is busy building something else.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two attempts to reach a starting server.
const START_POLL: Duration = Duration::from_millis(5);
/// A free port can be taken by somebody else between choosing and binding it: try again.
const START_ATTEMPTS: usize = 5;

/// A running server; dropping it kills the process and removes its directory.
pub struct Server {
    pub port: u16,
    child: Child,
    watchdog: Option<Child>,
    directory: PathBuf,
}

/// Command lines of (ours, theirs); `None` when the real server is not installed and that is acceptable.
pub fn executables() -> Option<(Vec<String>, Vec<String>)> {
    let theirs = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let theirs: Vec<String> = theirs.split_whitespace().map(String::from).collect();
    if !is_executable(&theirs[0]) {
        let message = format!("{} is not installed: there is nothing to compare with", theirs[0]);
        assert!(std::env::var_os("CI").is_none(), "{message} (CI is set, so this is a failure)");
        eprintln!("SKIPPED: {message}");
        return None;
    }
    let ours = std::env::var("REDISRS_SERVER").ok().or(option_env!("CARGO_BIN_EXE_redisrs-server").map(String::from));
    let ours = ours.expect("no server to test: set REDISRS_SERVER to a command line");
    Some((ours.split_whitespace().map(String::from).collect(), theirs))
}

fn is_executable(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Server {
    /// Starts `command` with the options every comparison needs, plus `options`.
    pub fn start(command: &[String], options: &[&str]) -> Server {
        let mut failure = String::new();
        for _ in 0..START_ATTEMPTS {
            match Self::try_start(command, options) {
                Ok(server) => return server,
                Err(message) => failure = message,
            }
        }
        panic!("{} does not start: {failure}", command.join(" "));
    }

    fn try_start(command: &[String], options: &[&str]) -> Result<Server, String> {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("redisrs-oracle-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let log = File::create(directory.join("output.log")).map_err(|error| error.to_string())?;
        let port = free_port();
        let child = Command::new(&command[0])
            .args(&command[1..])
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&directory)
            .args(["--enable-debug-command", "yes"])
            .args(options)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stderr(log.try_clone().map_err(|error| error.to_string())?)
            .stdout(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", command[0]))?;
        let watchdog = watchdog(child.id(), &directory);
        let mut server = Server { port, child, watchdog, directory };
        server.await_pong()?;
        Ok(server)
    }

    fn await_pong(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("exited with {status}; its output:\n{}", self.output()));
            }
            if let Ok(mut connection) = Connection::open(self.port) {
                // NOAUTH is an answer as well: the server is up.
                if connection.try_request(&["PING"]).is_ok() {
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                return Err(format!("no PONG within {START_TIMEOUT:?}; its output:\n{}", self.output()));
            }
            std::thread::sleep(START_POLL);
        }
    }

    /// What the server has printed so far, from its end.
    pub fn output(&self) -> String {
        let text = std::fs::read(self.directory.join("output.log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4000)..]).into_owned()
    }

    /// Why the process is gone, if it is: a crash explains a difference better than the difference does.
    pub fn obituary(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("the server exited with {status}; its output:\n{}", self.output()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(watchdog) = &mut self.watchdog {
            let _ = watchdog.kill();
            let _ = watchdog.wait();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Drop does not run when the test process is killed (a time limit, an impatient human). The watchdog, a shell that waits
/// for the end of a pipe that only this process holds, then does what Drop would have done.
fn watchdog(server: u32, directory: &Path) -> Option<Child> {
    const SCRIPT: &str = r#"trap "" HUP INT TERM; read -r _; kill -9 "$0"; rm -rf -- "$1""#;
    let mut command = Command::new("sh");
    command.arg("-c").arg(SCRIPT).arg(server.to_string()).arg(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
