//! The commands about connections, with replies as redis-server 7.0.15 gave them.

#[path = "common/session.rs"]
mod session;

use redisrs::commands::session::Close;
use session::{Client, Store};

const OK: &str = "+OK\r\n";
const QUEUED: &str = "+QUEUED\r\n";
const NULL: &str = "$-1\r\n";
const SYNTAX: &str = "-ERR syntax error\r\n";
const WRONG_PASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const BAD_NAME: &str = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";

fn hello(client: &Client, version: u8) -> String {
    let id = client.session.id();
    let map = if version == 3 { "%7" } else { "*14" };
    format!(
        "{map}\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:{version}\r\n$2\r\nid\r\n:{id}\r\n\
         $4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
    )
}

#[test]
fn ping_and_echo_give_back_what_they_get() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("PING", "+PONG\r\n"),
        ("ping x", "$1\r\nx\r\n"),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command\r\n"),
        ("ECHO x", "$1\r\nx\r\n"),
        ("ECHO", "-ERR wrong number of arguments for 'echo' command\r\n"),
    ]);
    assert_eq!(client.run(&[b"ECHO", b"\0\xff\r\n"]), b"$4\r\n\0\xff\r\n\r\n");
}

#[test]
fn select_takes_a_database_number() {
    let store = Store::with(&[("databases", "4")]);
    let mut client = store.client();
    client.expect(&[
        ("SELECT 3", OK),
        ("SELECT 4", "-ERR DB index is out of range\r\n"),
        ("SELECT -1", "-ERR DB index is out of range\r\n"),
        ("SELECT abc", "-ERR value is not an integer or out of range\r\n"),
        ("SELECT 99999999999", "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"),
    ]);
    assert_eq!(client.session.db, 3);
}

#[test]
fn hello_switches_protocol_and_names() {
    let store = Store::new();
    let mut client = store.client();
    let (two, three) = (hello(&client, 2), hello(&client, 3));
    client.expect(&[
        ("HELLO", &two),
        ("HELLO 3", &three),
        ("GET no", "_\r\n"),
        ("HELLO", &three),
        ("HELLO 2 setname bob AUTH default any", &two),
        ("CLIENT GETNAME", "$3\r\nbob\r\n"),
        ("HELLO 4", "-NOPROTO unsupported protocol version\r\n"),
        ("HELLO 4 nonsense", "-NOPROTO unsupported protocol version\r\n"),
        ("HELLO abc", "-ERR Protocol version is not an integer or out of range\r\n"),
        ("HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"),
        ("HELLO 3 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'\r\n"),
        ("HELLO 3 AUTH nobody x", WRONG_PASS),
        ("HELLO 3 SETNAME early bad", "-ERR Syntax error in HELLO option 'bad'\r\n"),
        ("CLIENT GETNAME", "$5\r\nearly\r\n"),
    ]);
    assert_eq!(client.run(&[b"HELLO", b"3", b"SETNAME", b"a b"]), BAD_NAME.as_bytes());
    assert_eq!(client.run(&[b"HELLO", b"3", b"a\0b"]), b"-ERR Syntax error in HELLO option 'a'\r\n");
}

#[test]
fn a_password_locks_out_those_who_do_not_know_it() {
    let store = Store::with(&[("requirepass", "sekrit")]);
    let mut client = store.client();
    let three = hello(&client, 3);
    client.expect(&[
        ("PING", "-NOAUTH Authentication required.\r\n"),
        ("FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
        (
            "HELLO 3",
            "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> \
             option can be used to authenticate the client and select the RESP protocol version at the same time\r\n",
        ),
        ("AUTH wrong", WRONG_PASS),
        ("AUTH nobody sekrit", WRONG_PASS),
        ("AUTH default sekrit x", SYNTAX),
        ("MULTI", "-NOAUTH Authentication required.\r\n"),
        ("AUTH sekrit", OK),
        ("PING", "+PONG\r\n"),
        ("AUTH wrong", WRONG_PASS),
        ("PING", "+PONG\r\n"),
        ("RESET", "+RESET\r\n"),
        ("PING", "-NOAUTH Authentication required.\r\n"),
        ("HELLO 3 AUTH default sekrit", &three),
        ("CONFIG SET requirepass", "-ERR wrong number of arguments for 'config|set' command\r\n"),
    ]);
    assert_eq!(client.run(&[b"AUTH", b"sekrit\0"]), WRONG_PASS.as_bytes());
    let mut other = store.client();
    assert_eq!(client.run(&[b"CONFIG", b"SET", b"requirepass", b""]), OK.as_bytes());
    assert_eq!(other.say("GET a"), NULL, "without a password nobody needs one");
    assert_eq!(
        other.say("AUTH x"),
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
         configuration is correct?\r\n"
    );
    assert_eq!(other.say("AUTH default x"), OK);
}

#[test]
fn clients_have_names() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("CLIENT GETNAME", NULL),
        ("CLIENT SETNAME foo", OK),
        ("client getname", "$3\r\nfoo\r\n"),
        ("CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command\r\n"),
        ("CLIENT SETINFO LIB-NAME redis-py(x)", OK),
        ("CLIENT SETINFO lib-ver 1.2", OK),
        ("CLIENT SETINFO lib 1.2", "-ERR Unrecognized option 'lib'\r\n"),
        ("CLIENT", "-ERR wrong number of arguments for 'client' command\r\n"),
        ("CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n"),
        ("CLIENT ID x", "-ERR wrong number of arguments for 'client|id' command\r\n"),
    ]);
    for bad in [&b"a b"[..], b"a\n", b"\x7f", b"\xff", b"\0"] {
        assert_eq!(client.run(&[b"CLIENT", b"SETNAME", bad]), BAD_NAME.as_bytes());
    }
    assert_eq!(
        client.run(&[b"CLIENT", b"SETINFO", b"lib-ver", b"a b"]),
        b"-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n"
    );
    let info = client.say("CLIENT INFO");
    assert!(info.contains(" name=foo ") && info.contains(" lib-name=redis-py(x) lib-ver=1.2\n"), "{info}");
    assert_eq!(client.run(&[b"CLIENT", b"SETNAME", b""]), OK.as_bytes());
    assert_eq!(client.say("CLIENT GETNAME"), NULL);
}

#[test]
fn client_list_shows_state() {
    let store = Store::new();
    let (mut a, mut b) = (store.client(), store.client());
    a.expect(&[("SELECT 3", OK), ("CLIENT NO-EVICT on", OK), ("SET w 1", OK), ("WATCH w", OK), ("MULTI", OK)]);
    a.expect(&[("GET w", QUEUED), ("GET w", QUEUED)]);
    b.expect(&[("SELECT 3", OK), ("SET w 2", OK)]);
    let id = a.session.id();
    let line = b.say(&format!("CLIENT LIST ID {id}"));
    let fields = [format!("id={id} "), " flags=xde ".into(), " db=3 ".into(), " multi=2 ".into(), " cmd=get ".into()];
    assert!(fields.iter().all(|field| line.contains(field)), "{line}");
    assert_eq!(a.say("EXEC"), "*-1\r\n");
    let line = b.say(&format!("CLIENT LIST ID {id} {id} 99 -1"));
    assert_eq!(line.matches(" flags=e db=3 ").count(), 2, "{line}");
    assert_eq!(b.say("CLIENT LIST").matches("id=").count(), 2);
    b.expect(&[
        ("CLIENT LIST TYPE master", "$0\r\n\r\n"),
        ("CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'\r\n"),
        ("CLIENT LIST TYPE", SYNTAX),
        ("CLIENT LIST ID", SYNTAX),
        ("CLIENT LIST ID 1 x", "-ERR Invalid client ID\r\n"),
        ("CLIENT NO-EVICT maybe", SYNTAX),
    ]);
}

#[test]
fn client_kill_parses_its_filters() {
    let store = Store::new();
    let mut client = store.client();
    let id = client.session.id();
    client.expect(&[
        ("CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n"),
        ("CLIENT KILL ID 0", "-ERR client-id should be greater than 0\r\n"),
        ("CLIENT KILL ID abc", "-ERR client-id should be greater than 0\r\n"),
        ("CLIENT KILL ID 99999", ":0\r\n"),
        ("CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'\r\n"),
        ("CLIENT KILL TYPE slave", ":0\r\n"),
        ("CLIENT KILL USER nobody", "-ERR No such user 'nobody'\r\n"),
        ("CLIENT KILL SKIPME maybe", SYNTAX),
        ("CLIENT KILL ADDR a LADDR", SYNTAX),
        ("CLIENT KILL foo bar", SYNTAX),
        (&format!("CLIENT KILL USER default ID {id}"), ":0\r\n"),
    ]);
    assert_eq!(client.session.close, Close::No);
    client.expect(&[
        ("MULTI", OK),
        (&format!("CLIENT KILL ID {id} SKIPME no"), QUEUED),
        ("PING", QUEUED),
        // What stands behind the end of a connection is not answered.
        ("EXEC", "*2\r\n:1\r\n"),
    ]);
    assert_eq!(client.session.close, Close::AfterReplies);
}

#[test]
fn replies_can_be_left_out() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("CLIENT REPLY ON", OK),
        ("CLIENT REPLY OFF", ""),
        ("PING", ""),
        ("FOO", ""),
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("KEYS *", ""),
        ("CLIENT REPLY ON", OK),
        ("CLIENT REPLY SKIP", ""),
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("PING", "+PONG\r\n"),
        ("CLIENT REPLY SKIP", ""),
        ("KEYS *", ""),
        ("PING", "+PONG\r\n"),
        ("CLIENT REPLY SKIP", ""),
        ("CLIENT REPLY FOO", ""),
        ("CLIENT REPLY FOO", SYNTAX),
        ("CLIENT REPLY", "-ERR wrong number of arguments for 'client|reply' command\r\n"),
        ("MULTI", OK),
        ("PING", QUEUED),
        ("CLIENT REPLY OFF", QUEUED),
        ("PING", QUEUED),
        ("CLIENT REPLY ON", QUEUED),
        ("EXEC", "*4\r\n+PONG\r\n+OK\r\n"),
        ("MULTI", OK),
        ("CLIENT REPLY SKIP", QUEUED),
        ("PING", QUEUED),
        ("EXEC", "*2\r\n+PONG\r\n"),
        ("PING", ""),
        ("PING", "+PONG\r\n"),
        ("CLIENT REPLY OFF", ""),
        ("RESET", "+RESET\r\n"),
    ]);
}

#[test]
fn reset_forgets_everything_but_the_connection() {
    let store = Store::new();
    let mut client = store.client();
    let three = hello(&client, 3);
    client.expect(&[
        ("HELLO 3 SETNAME foo", &three),
        ("SELECT 5", OK),
        ("WATCH a", OK),
        ("MONITOR", OK),
        ("MULTI", OK),
        ("RESET", "+RESET\r\n"),
        ("EXEC", "-ERR EXEC without MULTI\r\n"),
        ("CLIENT GETNAME", NULL),
        ("RESET x", "-ERR wrong number of arguments for 'reset' command\r\n"),
    ]);
    assert_eq!(client.session.db, 0);
    assert!(!store.engine.clients.has_monitors());
}

#[test]
fn transactions_are_refused_as_a_whole() {
    let store = Store::new();
    let mut client = store.client();
    let aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    client.expect(&[
        ("MULTI", OK),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
        ("EXEC", aborted),
        ("MULTI", OK),
        ("FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n"),
        ("EXEC", aborted),
        ("MULTI", OK),
        ("SHUTDOWN", "-ERR Command not allowed inside a transaction\r\n"),
        ("EXEC", aborted),
        ("MULTI", OK),
        ("EXEC x", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"),
        ("EXEC", "-ERR EXEC without MULTI\r\n"),
        ("MULTI", OK),
        ("SELECT 99", QUEUED),
        ("AUTH x y", QUEUED),
        ("PING", QUEUED),
        ("EXEC", &format!("*3\r\n-ERR DB index is out of range\r\n{WRONG_PASS}+PONG\r\n")),
    ]);
    let stats = store.engine.stats.totals().expect("memory");
    let named = |name: &str| redisrs::commands::spec::lookup(name.as_bytes()).map(|command| usize::from(command.id));
    let of = |name: &str| stats.per_command[named(name).expect("a known command")].clone();
    assert_eq!((of("get").calls, of("get").rejected, of("get").failed), (0, 1, 0));
    assert_eq!((of("exec").calls, of("exec").rejected, of("exec").failed), (5, 1, 4));
    assert_eq!((of("select").calls, of("select").rejected, of("select").failed), (1, 0, 1));
    let mut aborts = 0;
    store.engine.stats.for_each_error(|prefix, count| aborts += if prefix == b"EXECABORT" { count } else { 0 });
    assert_eq!(aborts, 4);
}

#[test]
fn unknown_words_are_quoted_up_to_a_limit() {
    let store = Store::new();
    let mut client = store.client();
    let long = vec![b'a'; 200];
    let a128 = "a".repeat(128);
    let unknown = format!("-ERR unknown command '{a128}', with args beginning with: '{a128}' \r\n");
    assert_eq!(client.run(&[&long, &long, b"b"]), unknown.as_bytes());
    let subcommand = format!("-ERR unknown subcommand '{a128}'. Try CLIENT HELP.\r\n");
    assert_eq!(client.run(&[b"client", &long]), subcommand.as_bytes());
    assert_eq!(
        client.run(&[b"foo\r\n", b"a\0b", b"c"]),
        b"-ERR unknown command 'foo  ', with args beginning with: 'a' 'c' \r\n"
    );
    assert_eq!(client.run(&[b""]), b"-ERR unknown command '', with args beginning with: \r\n");
}

#[test]
fn quit_closes() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("MULTI", OK), ("QUIT now", OK)]);
    assert_eq!(client.session.close, Close::AfterReplies);
}
