//! The texts that describe the program itself.

/// Name and version, one line.
pub fn version() -> String {
    format!("redisrs-cli {}\n", env!("CARGO_PKG_VERSION"))
}

/// What `help` without a topic says.
pub fn interactive_help() -> String {
    let mut text = version();
    text.push_str(
        r#"To get help about Redis commands type:
      "help @<group>" to get a list of commands in <group>
      "help <command>" for help on <command>
      "help <tab>" to get a list of possible help topics
      "quit" to exit

To set redisrs-cli preferences:
      ":set hints" enable online hints
      ":set nohints" disable online hints
Set your preferences in ~/.redisclirc
"#,
    );
    text
}

/// What `--help` says.
pub fn options() -> String {
    let mut text = version();
    text.push_str(OPTIONS);
    text
}

const OPTIONS: &str = r#"
Usage: redisrs-cli [OPTIONS] [cmd [arg [arg ...]]]

Without a command, commands are read from the terminal or from standard input.

Where to connect:
  -h <host>             Server name or address (default 127.0.0.1).
  -p <port>             Server port (default 6379).
  -s <path>             Unix socket; host and port are then ignored.
  -u <uri>              redis://[user:][password@]host[:port][/database]
  -a, --pass <text>     Password. Safer in the environment: REDISCLI_AUTH.
  --user <name>         User the password belongs to.
  --askpass             Ask for the password.
  --no-auth-warning     Do not warn about a password on the command line.
  -n <number>           Database.
  -2, -3                Speak RESP2 or RESP3.

What to send:
  -r <count>            Repeat the command; -1 for ever.
  -i <seconds>          Pause between repetitions, samples or scans; 0.1 is fine.
  -x                    Read the last argument from standard input.
  -X <tag>              Read the argument equal to <tag> from standard input.
  --quoted-input        Arguments are quoted strings: '"a\x00b"'.
  --eval <file>         Run a Lua script: --eval file key ... , argument ...
  --pipe                Send standard input, which is protocol or commands, as fast as it goes.
  --pipe-timeout <n>    Give up after n seconds without a reply (default 30, 0 never).

How to print:
  --raw, --no-raw       Plain bytes (default into a pipe) or typed (default on a terminal).
  --csv, --json         For other programs; JSON asks for RESP3 unless -2 is given.
  --quoted-json         JSON in ASCII, strings in the escapes of quoted strings.
  -d <text>             Between the elements of a raw reply (default a newline).
  -D <text>             After each raw reply (default a newline).
  --show-pushes <yn>    Print out-of-band messages of RESP3 (default yes on a terminal).
  -e                    Exit with 1 when a command fails.

Watching a server:
  --stat                A line of figures per second.
  --latency             Round trip times; into a pipe, for one second (-i changes it).
  --latency-history     The same, a line per 15 seconds (-i changes it).
  --latency-dist        Round trip times as a coloured spectrum.
  --intrinsic-latency <s>  How long this machine stalls by itself; no server needed.
  --scan                Print all key names.
  --bigkeys             Look for keys with many elements.
  --memkeys             Look for keys that take much memory.
  --memkeys-samples <n> The same, looking at n elements of each key.
  --hotkeys             Look for keys used often; needs an LFU maxmemory-policy.
  --pattern <pattern>   Only these keys, for the scanning options.
  --quoted-pattern <p>  The same, as a quoted string.
  --count <n>           Keys per step of --scan and the others.

The original project's protocol:
  --original            Speak the length-prefixed protocol instead of RESP.
  --original-replies <format>
                        Format of the replies: typed or status (default: recognised).

  --verbose             Accepted, changes nothing.
  --help, --version     Print this, or the version.

Examples:
  redisrs-cli -x set picture < picture.png
  redisrs-cli -D '' --raw dump key | redisrs-cli -X tag restore copy 0 tag
  redisrs-cli -r -1 -i 1 info clients
  redisrs-cli --scan --pattern 'user:*' | head
  redisrs-cli --original -p 8963 zadd z 1 name

Not available: TLS, cluster mode and its manager, --replica, --rdb, --ldb, --lru-test.
"#;
