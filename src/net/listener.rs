//! Listening sockets: opening them as the settings say, and accepting.

use super::resolve::{Unresolved, resolve};
use super::stream::Stream;
use crate::engine::process::os_text;
use crate::storage::{NoMemory, Shared, Text, try_copy, try_push};
use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A listening socket of either family.
pub enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, file: SocketFile },
}

/// The file of a unix socket, which is removed when it closes.
pub struct SocketFile {
    path: PathBuf,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Someone may have removed it already.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Why an address cannot be listened at.
#[derive(Debug)]
pub enum ListenError {
    /// The system refuses.
    System(io::Error),
    /// The name of the host says nothing.
    Name(Unresolved),
}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<NoMemory> for ListenError {
    fn from(error: NoMemory) -> Self {
        Self::System(error.into())
    }
}

impl From<Unresolved> for ListenError {
    fn from(error: Unresolved) -> Self {
        if error.is_short_of_memory() { NoMemory.into() } else { Self::Name(error) }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => os_text(error).fmt(f),
            Self::Name(error) => error.fmt(f),
        }
    }
}

/// The sockets one reactor accepts from; whoever changes `port` or `bind` replaces them.
pub type Listeners = Shared<Mutex<Vec<Listener>>>;

/// A connection that nobody serves yet.
pub struct Accepted {
    pub stream: Stream,
    /// As CLIENT LIST prints it.
    pub addr: String,
    pub laddr: String,
    /// Neither loopback nor a unix socket: what protected mode is about.
    pub is_remote: bool,
}

impl Listener {
    /// Accepts one connection; `WouldBlock` when there is none.
    ///
    /// # Errors
    /// Those of accept.
    pub fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // Without this every reply waits for the client's delayed acknowledgement.
                stream.set_nodelay(true)?;
                let local = stream.local_addr()?;
                Ok(Accepted {
                    is_remote: !peer.ip().to_canonical().is_loopback(),
                    addr: printed(peer)?,
                    laddr: printed(local)?,
                    stream: Stream::Tcp(stream),
                })
            }
            Self::Unix { listener, file } => {
                let (stream, _) = listener.accept()?;
                let name = || Text::string_of(format_args!("{}:0", file.path.display()));
                Ok(Accepted { stream: Stream::Unix(stream), addr: name()?, laddr: name()?, is_remote: false })
            }
        }
    }

    /// The port of a TCP listener.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|addr| addr.port()),
            Self::Unix { .. } => None,
        }
    }
}

fn printed(addr: SocketAddr) -> Result<String, NoMemory> {
    match addr.ip().to_canonical() {
        IpAddr::V4(ip) => Text::string_of(format_args!("{ip}:{}", addr.port())),
        IpAddr::V6(ip) => Text::string_of(format_args!("[{ip}]:{}", addr.port())),
    }
}

/// Listens on `port` at every address of `bind`, in redis.conf syntax: `*` all IPv4, `::*` all IPv6, a name or an
/// address; behind a leading `-` an address may be missing on this machine. Port 0 takes any free one, the same
/// for all addresses.
///
/// # Errors
/// The first address that cannot be bound, with the reason.
pub fn listen_tcp(bind: &[String], port: u16, backlog: i32) -> Result<Vec<Listener>, (&str, ListenError)> {
    let mut listeners = Vec::new();
    let mut port = port;
    for address in bind {
        let (address, may_be_missing) = match address.strip_prefix('-') {
            Some(address) => (address, true),
            None => (address.as_str(), false),
        };
        match listen_one(address, port, backlog) {
            Ok(listener) => {
                port = listener.port().unwrap_or(port);
                try_push(&mut listeners, listener).map_err(|error| (address, error.into()))?;
            }
            Err(ListenError::System(error)) if may_be_missing && is_missing(&error) => {}
            Err(error) => return Err((address, error)),
        }
    }
    Ok(listeners)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn listen_one(address: &str, port: u16, backlog: i32) -> Result<Listener, ListenError> {
    let addr = match address {
        "*" => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        "::*" => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        name => match name.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port),
            Err(_) => SocketAddr::new(resolve(name)?, port),
        },
    };
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(Listener::Tcp(TcpListener::from_std(socket.into())))
}

/// Listens on a unix socket, replacing the file that a dead server has left; `mode` are its permissions, 0 leaves them.
///
/// # Errors
/// Those of bind, listen and chmod; that the address is in use if a server listens there.
pub fn listen_unix(path: &Path, mode: u32, backlog: i32) -> io::Result<Listener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    // First, because only short paths are those of sockets: std takes memory for long ones.
    let addr = socket2::SockAddr::unix(path)?;
    let copy = PathBuf::from(OsString::from_vec(try_copy(path.as_os_str().as_bytes())?));
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket()) {
        if is_listened_at(path) {
            return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
        }
        std::fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&addr)?;
    let file = SocketFile { path: copy };
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    if mode != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(Listener::Unix { listener: UnixListener::from_std(socket.into()), file })
}

/// Whether somebody accepts connections at a unix socket, or will when there is room for another one.
fn is_listened_at(path: &Path) -> bool {
    let connected = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|probe| {
        probe.set_nonblocking(true)?;
        probe.connect(&socket2::SockAddr::unix(path)?)
    });
    connected.map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |()| true)
}

impl Source for Listener {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.register(registry, token, interests),
            Self::Unix { listener, .. } => listener.register(registry, token, interests),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.reregister(registry, token, interests),
            Self::Unix { listener, .. } => listener.reregister(registry, token, interests),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.deregister(registry),
            Self::Unix { listener, .. } => listener.deregister(registry),
        }
    }
}
