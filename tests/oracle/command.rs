//! What is sent: commands, how they are put on the wire, and how they are shown to a human.
//!
//! An [`Entry`] is the atom of a log: commands that belong together on one connection (`CLIENT REPLY OFF … ON`), which
//! the shrinker keeps or drops as a whole, or a probe that needs several round trips to get an answer worth comparing.

/// How a command is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Multibulk,
    Inline,
}

/// One command with its arguments, name first.
#[derive(Clone, Debug)]
pub struct Command {
    pub arguments: Vec<Vec<u8>>,
    pub form: Form,
    /// No reply is expected, because of a `CLIENT REPLY` before it.
    pub silent: bool,
}

/// A question that one reply can't answer.
#[derive(Clone, Debug)]
pub enum Probe {
    /// SCAN with these options, iterated to the end; the union of the keys is compared.
    Scan(Vec<Vec<u8>>),
    /// SSCAN, HSCAN or ZSCAN of a key with these options, iterated to the end; the union of the members is compared.
    MemberScan { command: Vec<u8>, key: Vec<u8>, options: Vec<Vec<u8>> },
    /// RANDOMKEY, then EXISTS of what it returned.
    RandomKey,
    /// DBSIZE after a full SCAN, which removes what has expired but not been collected.
    DatabaseSize,
}

#[derive(Clone, Debug)]
pub enum Action {
    Send(Vec<Command>),
    Probe(Probe),
}

/// One step of a log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub connection: usize,
    pub action: Action,
}

impl Command {
    pub fn new<A: AsRef<[u8]>>(arguments: &[A]) -> Self {
        let arguments = arguments.iter().map(|argument| argument.as_ref().to_vec()).collect();
        Command { arguments, form: Form::Multibulk, silent: false }
    }

    /// The argument in upper case, or nothing if there are not so many: for looking up names and options.
    pub fn upper(&self, index: usize) -> Vec<u8> {
        self.arguments.get(index).map(|argument| argument.to_ascii_uppercase()).unwrap_or_default()
    }

    /// Name and subcommand, for tables and messages; the subcommand only where the command has some.
    pub fn title(&self) -> String {
        const CONTAINERS: &[&[u8]] =
            &[b"CLIENT", b"CONFIG", b"COMMAND", b"DEBUG", b"MEMORY", b"SLOWLOG", b"LATENCY", b"FUNCTION", b"OBJECT"];
        let name = self.upper(0);
        let mut title = escape(&name);
        if CONTAINERS.contains(&name.as_slice()) && self.arguments.len() > 1 {
            title.push(' ');
            title.push_str(&escape(&self.upper(1)));
        }
        title
    }

    pub fn encode(&self, output: &mut Vec<u8>) {
        match self.form {
            Form::Multibulk => encode_multibulk(&self.arguments, output),
            Form::Inline => {
                let words: Vec<String> = self.arguments.iter().map(|argument| quote(argument)).collect();
                output.extend_from_slice(words.join(" ").as_bytes());
                output.extend_from_slice(b"\r\n");
            }
        }
    }

    /// As one would type it into redis-cli.
    pub fn line(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|argument| word(argument)).collect();
        words.join(" ")
    }
}

impl Entry {
    pub fn send(connection: usize, command: Command) -> Self {
        Entry { connection, action: Action::Send(vec![command]) }
    }

    pub fn lines(&self) -> Vec<String> {
        match &self.action {
            Action::Send(commands) => commands.iter().map(Command::line).collect(),
            Action::Probe(Probe::Scan(options)) => {
                let options: Vec<String> = options.iter().map(|option| word(option)).collect();
                vec![format!("SCAN 0 {}   (iterated to the end)", options.join(" "))]
            }
            Action::Probe(Probe::MemberScan { command, key, options }) => {
                let options: Vec<String> = options.iter().map(|option| word(option)).collect();
                vec![format!("{} {} 0 {}   (iterated to the end)", word(command), word(key), options.join(" "))]
            }
            Action::Probe(Probe::RandomKey) => vec!["RANDOMKEY   (then EXISTS of the answer)".into()],
            Action::Probe(Probe::DatabaseSize) => vec!["DBSIZE   (after SCAN 0 COUNT 1000000)".into()],
        }
    }
}

pub fn encode_multibulk<A: AsRef<[u8]>>(arguments: &[A], output: &mut Vec<u8>) {
    output.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        let argument = argument.as_ref();
        output.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        output.extend_from_slice(argument);
        output.extend_from_slice(b"\r\n");
    }
}

/// Printable form of arbitrary bytes, with the escapes of redis-cli.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            0x20..=0x7e => text.push(byte as char),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// [`escape`], shortened in the middle when it would fill the screen.
pub fn escape_short(bytes: &[u8]) -> String {
    const SHOWN_MAX: usize = 1500;
    if bytes.len() <= SHOWN_MAX {
        return escape(bytes);
    }
    let half = SHOWN_MAX / 2;
    let hidden = bytes.len() - 2 * half;
    format!("{} …({hidden} bytes)… {}", escape(&bytes[..half]), escape(&bytes[bytes.len() - half..]))
}

fn quote(bytes: &[u8]) -> String {
    format!("\"{}\"", escape(bytes))
}

fn word(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !bytes.is_empty() && bytes.iter().all(plain) {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        quote(bytes)
    }
}
