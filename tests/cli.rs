//! `redisrs-cli` beside redis-cli: the same arguments, the same input, the same server; standard output
//! and exit status must be equal byte for byte.
//!
//! The server is a real redis-server on a port of its own per test. Where redis-server or redis-cli is
//! missing the tests are skipped with a message, except under `CI`, where that is a failure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const OURS: &str = env!("CARGO_BIN_EXE_redisrs-cli");
const REFERENCE: &str = "/usr/bin/redis-cli";
const SERVER: &str = "/usr/bin/redis-server";

/// The data every comparison starts from.
const SEED: &[u8] = b"flushall\nconfig resetstat\nset str hello\nset n 5\nrpush l a b c\nsadd s a\n\
    zadd z 1.5 a 2 b\nhset h f v g w\nxadd x 1-1 f v\nset \"h\\n2\" \"\\xff\\x00bin\"\n";

/// Every way to print a reply.
const MODES: &[&str] = &[
    "",
    "--no-raw",
    "--csv",
    "--json",
    "--quoted-json",
    "-3",
    "-3 --no-raw",
    "-3 --csv",
    "-3 --json",
    "-2 --json",
    "-d , -D ;",
];

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Server {
    process: Process,
    port: u16,
    directory: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Server {
    /// A fresh server, or nothing if the test is to be skipped.
    fn start() -> Option<Server> {
        if !Path::new(SERVER).exists() || !Path::new(REFERENCE).exists() {
            assert!(std::env::var_os("CI").is_none(), "{SERVER} and {REFERENCE} are needed under CI");
            eprintln!("skipped: {SERVER} or {REFERENCE} is missing");
            return None;
        }
        // Somebody else may take the port between its choice and the server's start.
        (0..5).find_map(|_| Server::try_start()).or_else(|| panic!("{SERVER} does not start"))
    }

    fn try_start() -> Option<Server> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("redisrs-cli-test-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a free port").port();
        let child = Command::new(SERVER)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--enable-debug-command", "yes", "--unixsocket", "sock"])
            .current_dir(&directory)
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server runs");
        let mut server = Server { process: Process(child), port, directory };
        let mut log = BufReader::new(server.process.0.stdout.take().expect("its log"));
        let mut line = String::new();
        while log.read_line(&mut line).expect("a readable log") > 0 {
            if line.contains("Ready to accept connections") {
                // The rest of the log must go somewhere.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Some(server);
            }
            line.clear();
        }
        None
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .current_dir(&self.directory)
            .env("HOME", &self.directory)
            .env_remove("REDISCLI_AUTH")
            .env_remove("FAKETTY");
        command
    }

    fn seed(&self) {
        run(self.command(REFERENCE, &[]), SEED);
    }

    /// Runs both programs on the same data and compares what they print.
    fn compare(&self, arguments: &[&str], input: &[u8]) {
        self.compare_with(arguments, input, |_| {}, <[u8]>::to_vec);
    }

    fn compare_with(
        &self,
        arguments: &[&str],
        input: &[u8],
        prepare: impl Fn(&mut Command),
        normalise: impl Fn(&[u8]) -> Vec<u8>,
    ) {
        let [expected, found] = [REFERENCE, OURS].map(|program| {
            self.seed();
            let mut command = self.command(program, arguments);
            prepare(&mut command);
            let output = run(command, input);
            let stdout = String::from_utf8_lossy(&normalise(&output.stdout)).into_owned();
            (stdout, output.status.code())
        });
        assert_eq!(found, expected, "{arguments:?} < {:?}", String::from_utf8_lossy(input));
    }
}

fn run(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Process(command.spawn().expect("the program runs"));
    let mut stdin = child.0.stdin.take().expect("its input");
    let mut stdout = child.0.stdout.take().expect("its output");
    let mut stderr = child.0.stderr.take().expect("its errors");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // It may end without reading its input.
            let _ = stdin.write_all(input);
        });
        let errors = scope.spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).expect("readable output");
        let stderr = errors.join().expect("no panic").expect("readable errors");
        let status = child.0.wait().expect("an exit status");
        Output { status, stdout: text, stderr }
    })
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn sorted_lines(text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    lines.sort_unstable();
    lines.join(&b'\n')
}

#[test]
fn one_command_in_every_mode() {
    let Some(server) = Server::start() else {
        return;
    };
    let commands = [
        "ping",
        "get str",
        "get nosuch",
        "foo",
        "set a b",
        "lrange l 0 -1",
        "smembers s",
        "incr n",
        "zrange z 0 -1 withscores",
        "hgetall h",
        "xrange x - +",
        "xinfo stream x full",
        "type l",
        "config get maxmemory*",
        "scan 0 match l*",
        "command info get",
        "command docs get",
        "acl getuser default",
        "mget str nosuch",
        "lrange nosuch 0 -1",
        "select 1",
        "auth x",
        "multi",
        "exec",
        "latency doctor",
        "cluster info",
        "debug htstats 0",
        "lcs a b c",
        "geopos z a",
        "quit",
    ];
    for mode in MODES {
        for command in commands {
            server.compare(&words(&format!("{mode} {command}")), b"");
        }
    }
    for command in commands {
        server.compare(&words(&format!("-e {command}")), b"");
        let terminal = |command: &mut Command| {
            command.env("FAKETTY", "1");
        };
        server.compare_with(&words(command), b"", terminal, <[u8]>::to_vec);
    }
}

#[test]
fn every_type_of_reply() {
    let Some(server) = Server::start() else {
        return;
    };
    let types = ["string", "integer", "double", "null", "array", "set", "map", "push", "verbatim", "true", "false"];
    for mode in MODES {
        for kind in types {
            server.compare(&words(&format!("{mode} debug protocol {kind}")), b"");
            server.compare(&words(&format!("{mode} --show-pushes yes debug protocol {kind}")), b"");
        }
        let nested = "return {1,{2,{3,false,'x\\n'}},{},{ok='fine'},{err='ERR bad'}}";
        let mut arguments = words(mode);
        arguments.extend(["eval", nested, "0"]);
        server.compare(&arguments, b"");
    }
}

#[test]
fn arguments_from_standard_input() {
    let Some(server) = Server::start() else {
        return;
    };
    for mode in MODES {
        let case = |more: &[&str], input: &[u8]| {
            let mut arguments = words(mode);
            arguments.extend(more);
            server.compare(&arguments, input);
        };
        case(&["-x", "set", "k"], b"some\nbytes\xff\x00");
        case(&["-x", "echo"], b"some\nbytes\xff\x00");
        case(&["-X", "tag", "mget", "str", "tag"], b"n");
        case(&["-X", "tag", "mget", "str"], b"n");
        case(&["--quoted-input", "get", r#""h\n2""#], b"");
        case(&["--quoted-input", "get", r#""h"#], b"");
    }
}

#[test]
fn scripts() {
    let Some(server) = Server::start() else {
        return;
    };
    let scripts: [&[u8]; 12] = [
        b"set a 1\nget a\nselect 2\nset b \"x\\ny\"\nget b\nfoo\n5 incr c\n0 incr c\n-1 incr c\nping",
        b"ping\r\nping\r\n  \n\nquit\nping\n",
        b"\"unbalanced\n'a'b\n\"a\" b\n'it\\'s' x\nset k \"\\x41\\n\\q\"\nget k\n5\n+3 get k\n3x get k\n",
        b"multi\nget str\nlrange l 0 -1\nexec\nmulti\nselect 4\nset a b\ndiscard\nset c d\nkeys *\n",
        b"hgetall h\nreset\nselect 1\nkeys *\n",
        b"connect\nconnect 127.0.0.1 1\nping\n",
        b":foo\n:set\n:get x\n:set foo\n:set hints\nrestart\nclear x\n",
        b"auth x\nselect 1\nauth y\n",
        b"client kill type normal skipme no\nping\nping\n",
        b"monitor x\nping\nsubscribe\nping\n",
        b"client tracking on\nget str\nset str x\nping\n",
        b"set \xff \xc3\xa9\nget \xff\nhelp get\nhelp @string\nmulti\nhelp set\nexec\n",
    ];
    for script in scripts {
        for mode in ["", "--no-raw", "--json", "-3 --no-raw --show-pushes y", "-e", "-n 2"] {
            server.compare(&words(mode), script);
        }
    }
}

#[test]
fn mass_insertion() {
    let Some(server) = Server::start() else {
        return;
    };
    let many = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\x00\xff\n\r\n".repeat(20_000);
    let inputs: [&[u8]; 5] = [
        b"*1\r\n$4\r\nPING\r\nSET a b\r\nGET a\r\nBOGUS\r\n",
        b"SET a b\r\nGET a",
        b"",
        b"hgetall h\r\nsmembers s\r\n",
        &many,
    ];
    for input in inputs {
        for mode in ["--pipe", "-3 --pipe", "--no-raw --pipe", "--pipe --pipe-timeout 0"] {
            server.compare(&words(mode), input);
        }
    }
    server.compare(&words("--pipe --pipe-timeout 1"), b"blpop nosuch 0\r\n");
}

#[test]
fn options() {
    let Some(server) = Server::start() else {
        return;
    };
    let port = server.port;
    let lines = [
        "-r 3 incr n",
        "-r 3 -i 0.01 incr n",
        "-r 0 ping",
        "-r abc ping",
        "-r 2 foo",
        "-e -r 2 foo",
        "-n 3 get str",
        "-n 99 get str",
        "-n abc get str",
        "-a bad ping",
        "--user u --pass p ping",
        "--no-auth-warning -a bad get str",
        "--bogus",
        "-p",
        "-2 -3 ping",
        "-x -X t set a",
        "--show-pushes foo ping",
        "--quoted-pattern \"x --scan",
        "-u http://x ping",
        "-u redis://a%zzb@x ping",
        "-s sock get str",
        "-s /nosuch ping",
        "-p 1 ping",
        "-p 1",
        "-p 1 --scan",
        "-p 1 --pipe",
        "--verbose ping",
        "connect a 1",
        ":set hints",
        "5 ping",
        "monitor x",
        "subscribe",
        "-r 2 quit",
        "help get",
        "? acl",
        "help @sorted-set",
        "help nosuch",
        "HELP client list",
        "--eval /nosuch",
        "--latency-history -p",
    ];
    for line in lines {
        server.compare(&words(line), b"");
    }
    for uri in ["redis://u:p@127.0.0.1:PORT/2", "redis://127.0.0.1:PORT/4?x=1", "redis://"] {
        let uri = uri.replace("PORT", &port.to_string());
        server.compare(&["-u", &uri, "get", "str"], b"");
    }
    let script = server.directory.join("script.lua");
    std::fs::write(&script, "return {KEYS[1],ARGV[1],#KEYS,#ARGV}").expect("a script");
    for line in ["k , a b", "", "k,a", "k", ", x"] {
        for mode in ["--eval", "-3 --json --eval", "-r 2 --eval"] {
            let mut arguments = words(mode);
            arguments.push("script.lua");
            arguments.extend(words(line));
            server.compare(&arguments, b"");
        }
    }
}

#[test]
fn looking_at_all_keys() {
    let Some(server) = Server::start() else {
        return;
    };
    for line in
        ["--scan", "--no-raw --scan", "--csv --scan", "--scan --pattern l*", "--scan --quoted-pattern \"h\\n*\""]
    {
        server.compare(&words(line), b"");
    }
    // The order of the types in their summaries is not defined.
    for line in ["--bigkeys", "--memkeys", "--memkeys-samples 5", "--bigkeys --pattern s*", "--hotkeys"] {
        server.compare_with(&words(line), b"", |_| {}, sorted_lines);
    }
    run(server.command(REFERENCE, &["config", "set", "maxmemory-policy", "allkeys-lfu"]), b"");
    server.compare(&["--hotkeys"], b"");
}

#[test]
fn every_command_has_the_same_help() {
    let Some(server) = Server::start() else {
        return;
    };
    let names = run(server.command(REFERENCE, &["command", "list"]), b"").stdout;
    let names = String::from_utf8(names).expect("command names");
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    let script: String = names.iter().flat_map(|name| ["help ", name, "\n"]).collect();
    server.compare(&[], script.as_bytes());
}

/// Lines of a program that goes on printing.
fn streaming(server: &Server, arguments: &[&str]) -> (Process, BufReader<impl Read + use<>>) {
    let mut command = server.command(OURS, arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Process(command.spawn().expect("the program runs"));
    let output = process.0.stdout.take().expect("its output");
    (process, BufReader::new(output))
}

fn next_lines(reader: &mut impl BufRead, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        reader.read_line(&mut text).expect("another line");
    }
    text
}

#[test]
fn messages_and_monitoring_stream() {
    let Some(server) = Server::start() else {
        return;
    };
    for (mode, prologue, message) in [
        (
            "--no-raw",
            "Reading messages... (press Ctrl-C to quit)\n1) \"subscribe\"\n2) \"a\"\n3) (integer) 1\n",
            "1) \"message\"\n2) \"a\"\n3) \"b\"\n",
        ),
        ("-3 --raw", "subscribe\na\n1\n", "message\na\nb\n"),
        ("--csv", "Reading messages... (press Ctrl-C to quit)\n\"subscribe\",\"a\",1\n", "\"message\",\"a\",\"b\"\n"),
    ] {
        let mut arguments = words(mode);
        arguments.extend(["subscribe", "a"]);
        let (_process, mut output) = streaming(&server, &arguments);
        assert_eq!(next_lines(&mut output, prologue.lines().count()), prologue);
        run(server.command(REFERENCE, &["publish", "a", "b"]), b"");
        assert_eq!(next_lines(&mut output, message.lines().count()), message);
    }
    let (_process, mut output) = streaming(&server, &["monitor"]);
    assert_eq!(next_lines(&mut output, 1), "OK\n");
    run(server.command(REFERENCE, &["get", "watched"]), b"");
    assert!(next_lines(&mut output, 1).ends_with("\"get\" \"watched\"\n"));
}

#[test]
fn a_lost_server_ends_a_single_command() {
    let Some(server) = Server::start() else {
        return;
    };
    let output = run(server.command(OURS, &["-r", "2", "quit"]), b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.starts_with(b"Error: "), "{:?}", output.stderr);
    let output = run(server.command(OURS, &["shutdown", "nosave"]), b"");
    assert_eq!((output.status.code(), output.stdout), (Some(0), vec![]));
}

#[test]
fn what_is_not_supported_is_refused() {
    for line in [
        "--tls",
        "--cacert x",
        "--cluster info",
        "-c",
        "--replica",
        "--rdb x",
        "--functions-rdb x",
        "--ldb",
        "--lru-test 1",
        "-u rediss://x",
        "--original -3",
        "--original --pipe",
        "--original-replies status",
    ] {
        let mut command = Command::new(OURS);
        command.args(words(line));
        let output = run(command, b"");
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(output.stdout.is_empty() && output.stderr.len() > 20, "{line}");
    }
}
