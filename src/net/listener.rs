//! Listening sockets: opening them as the settings say, and accepting.

use super::stream::Stream;
use crate::storage::{NoMemory, Shared, Text, try_push};
use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// A listening socket of either family. A unix socket's file is removed when it closes.
pub enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, path: PathBuf },
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
            Self::Unix { listener, path } => {
                let (stream, _) = listener.accept()?;
                let name = || Text::string_of(format_args!("{}:0", path.display()));
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
pub fn listen_tcp(bind: &[String], port: u16, backlog: i32) -> Result<Vec<Listener>, (String, io::Error)> {
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
                try_push(&mut listeners, listener).map_err(|error| (String::new(), error.into()))?;
            }
            Err(error) if may_be_missing && is_missing(&error) => {}
            Err(error) => return Err((address.to_owned(), error)),
        }
    }
    Ok(listeners)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn listen_one(address: &str, port: u16, backlog: i32) -> io::Result<Listener> {
    let addr = match address {
        "*" => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        "::*" => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        name => match name.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port),
            Err(_) => (name, port)
                .to_socket_addrs()?
                .next()
                .ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address"))?,
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
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket()) {
        if is_listened_at(path) {
            return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
        }
        std::fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    if mode != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(Listener::Unix { listener: UnixListener::from_std(socket.into()), path: path.to_owned() })
}

/// Whether somebody accepts connections at a unix socket, or will when there is room for another one.
fn is_listened_at(path: &Path) -> bool {
    let connected = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|probe| {
        probe.set_nonblocking(true)?;
        probe.connect(&socket2::SockAddr::unix(path)?)
    });
    connected.map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |()| true)
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix { path, .. } = self {
            // Someone may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
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
