//! One connection to a server: a stream socket, requests out, replies in.
//!
//! Blocking. While a person waits at the terminal, reads wake up every [`POLL`] to see whether Ctrl-C
//! was pressed.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::options::Options;
use crate::reader::{ProtocolError, Reader};
use crate::reply::Reply;

/// How long Ctrl-C may go unnoticed.
const POLL: Duration = Duration::from_millis(100);

const READ_BYTES: usize = 64 * 1024;

/// Why a connection cannot be used any more.
#[derive(Debug)]
pub enum ConnectionError {
    /// The server closed it.
    Closed,
    Io(io::Error),
    Protocol(ProtocolError),
    /// Ctrl-C while waiting; the reply still to come makes the connection useless.
    Interrupted,
}

impl ConnectionError {
    /// True when a new connection may help: the old one is gone, rather than misunderstood.
    pub fn is_lost(&self) -> bool {
        match self {
            ConnectionError::Closed => true,
            ConnectionError::Io(error) => {
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
            }
            ConnectionError::Protocol(_) | ConnectionError::Interrupted => false,
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionError::Closed => formatter.write_str("Server closed the connection"),
            ConnectionError::Io(error) => formatter.write_str(&os_text(error)),
            ConnectionError::Protocol(error) => error.fmt(formatter),
            ConnectionError::Interrupted => formatter.write_str("Interrupted"),
        }
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        ConnectionError::Io(error)
    }
}

impl From<ProtocolError> for ConnectionError {
    fn from(error: ProtocolError) -> Self {
        ConnectionError::Protocol(error)
    }
}

/// The operating system's words for an error, without what Rust adds around them.
pub fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

/// A TCP or Unix stream socket.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub fn connect(options: &Options) -> io::Result<Stream> {
        if let Some(path) = &options.socket {
            return UnixStream::connect(path).map(Stream::Unix);
        }
        let port = u16::try_from(options.port)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "Invalid server port"))?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "Name or service not known");
        for address in (options.host.as_str(), port).to_socket_addrs()? {
            match TcpStream::connect(address) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Stream::Tcp(stream));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    pub fn try_clone(&self) -> io::Result<Stream> {
        match self {
            Stream::Tcp(stream) => stream.try_clone().map(Stream::Tcp),
            Stream::Unix(stream) => stream.try_clone().map(Stream::Unix),
        }
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_read_timeout(timeout),
            Stream::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }

    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Unix(stream) => stream.write_all(bytes),
        }
    }
}

/// True for a read that only ran into its timeout.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A stream that Ctrl-C can end the waiting on.
#[derive(Debug)]
pub struct Channel {
    stream: Stream,
    interrupt: Option<Arc<AtomicBool>>,
}

impl Channel {
    pub fn open(options: &Options, interrupt: Option<Arc<AtomicBool>>) -> io::Result<Channel> {
        let stream = Stream::connect(options)?;
        if interrupt.is_some() {
            stream.set_read_timeout(Some(POLL))?;
        }
        Ok(Channel { stream, interrupt })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ConnectionError> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Waits for bytes and returns how many came; never 0.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ConnectionError> {
        loop {
            // Looked at before every read: a flood of replies must not hide it.
            if let Some(flag) = &self.interrupt
                && flag.swap(false, Ordering::Relaxed)
            {
                return Err(ConnectionError::Interrupted);
            }
            match self.stream.read(buffer) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted || is_timeout(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

/// A connection that speaks RESP.
pub struct Connection {
    channel: Channel,
    reader: Reader,
    /// Where reads land before the reader takes them.
    landing: Vec<u8>,
}

impl Connection {
    pub fn open(options: &Options, interrupt: Option<Arc<AtomicBool>>) -> io::Result<Connection> {
        Ok(Connection {
            channel: Channel::open(options, interrupt)?,
            reader: Reader::default(),
            landing: vec![0; READ_BYTES],
        })
    }

    pub fn send(&mut self, command: &[impl AsRef<[u8]>]) -> Result<(), ConnectionError> {
        let mut request = Vec::new();
        encode_command(&mut request, command);
        self.channel.write(&request)
    }

    /// Sends many commands in one write; their replies are then read one by one.
    pub fn send_all(&mut self, commands: &[Vec<&[u8]>]) -> Result<(), ConnectionError> {
        let mut request = Vec::new();
        for command in commands {
            encode_command(&mut request, command);
        }
        self.channel.write(&request)
    }

    /// The next reply, out-of-band messages included.
    pub fn receive(&mut self) -> Result<Reply, ConnectionError> {
        loop {
            if let Some(reply) = self.reader.next_reply()? {
                return Ok(reply);
            }
            let count = self.channel.read(&mut self.landing)?;
            self.reader.feed(&self.landing[..count]);
        }
    }

    /// One command, one reply; out-of-band messages are dropped.
    pub fn call(&mut self, command: &[impl AsRef<[u8]>]) -> Result<Reply, ConnectionError> {
        self.send(command)?;
        self.receive_reply()
    }

    /// The next reply; out-of-band messages are dropped.
    pub fn receive_reply(&mut self) -> Result<Reply, ConnectionError> {
        loop {
            match self.receive()? {
                Reply::Push(_) => {}
                reply => return Ok(reply),
            }
        }
    }

    pub fn into_stream(self) -> Stream {
        self.channel.into_stream()
    }
}

fn encode_command(out: &mut Vec<u8>, command: &[impl AsRef<[u8]>]) {
    out.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
    for argument in command {
        let argument = argument.as_ref();
        out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_length_prefixed() {
        let mut out = Vec::new();
        encode_command(&mut out, &[&b"SET"[..], b"a\r\n", b""]);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$0\r\n\r\n");
    }

    #[test]
    fn system_errors_read_like_strerror() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(os_text(&error), "No such file or directory");
    }
}
