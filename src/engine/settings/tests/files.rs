//! Configuration files and the command line.

use super::super::CommandLine;
use super::super::access::RenameError;
use super::*;
use std::ffi::OsString;
use std::path::Path;

fn load(text: &str) -> Result<Settings, String> {
    let settings = Settings::new();
    settings.load_text(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(settings)
}

fn args(args: &[&str], stdin: &str) -> Result<Settings, String> {
    let settings = Settings::new();
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    match settings.load_args(&args, &mut stdin.as_bytes()) {
        Ok(CommandLine::Serve) => Ok(settings),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn fatal(line: usize, text: &str, reason: &str) -> String {
    format!(
        "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line {line}\n>>> '{text}'\n{reason}"
    )
}

#[test]
fn lines_are_refused_as_redis_refuses_them() {
    let bad = "Bad directive or wrong number of arguments";
    let unbalanced = "Unbalanced quotes in configuration line";
    let cases = [
        ("port 1\n# c\n foo bar \"x y\"\n", 3, "foo bar \"x y\"", bad),
        ("port 1\nport \"a\n", 2, "port \"a", unbalanced),
        ("hz \"a\"b\n", 1, "hz \"a\"b", unbalanced),
        ("  # x\n\n timeout\t5\n\nfoo", 5, "foo", bad),
        ("timeout 5 6\n", 1, "timeout 5 6", "wrong number of arguments"),
        ("timeout", 1, "timeout", "wrong number of arguments"),
        ("\"port\" 1 2", 1, "\"port\" 1 2", "wrong number of arguments"),
        ("port 0\r\ntimeout 7\r\nfoo\r\n", 3, "foo", bad),
        ("\"\"\n", 1, "\"\"", bad),
        ("maxmemory 5%\n", 1, "maxmemory 5%", "argument must be a memory value"),
        ("port auto", 1, "port auto", "argument couldn't be parsed into an integer"),
        ("save 900", 1, "save 900", "Invalid save parameters"),
        ("rename-command GET", 1, "rename-command GET", bad),
        ("dir /nonexistent", 1, "dir /nonexistent", "No such file or directory"),
        (
            "latency-tracking-info-percentiles 1 200",
            1,
            "latency-tracking-info-percentiles 1 200",
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
        ),
        (
            "timeout 3\nappendonly yes",
            2,
            "appendonly yes",
            "'appendonly yes' needs persistence, which this version of redisrs does not have",
        ),
        ("save 900 1", 1, "save 900 1", "'save 900 1' needs persistence, which this version of redisrs does not have"),
        (
            "loadmodule x.so",
            1,
            "loadmodule x.so",
            "'loadmodule' needs modules, which this version of redisrs does not have",
        ),
        ("user foo on", 1, "user foo on", "'user' needs ACLs, which this version of redisrs does not have"),
        (
            "activedefrag yes",
            1,
            "activedefrag yes",
            "'activedefrag yes' has no meaning for redisrs: its allocator does not defragment in the background",
        ),
    ];
    for (text, number, line, reason) in cases {
        assert_eq!(load(text).err(), Some(fatal(number, line, reason)), "{text}");
    }
}

#[test]
fn lines_are_taken_as_redis_takes_them() {
    let settings = load(
        "TIMEOUT \"5\"\nhz \"1\\x30\"\nrequirepass 'a\\'b'\nslave-priority 100\nsave 900 1\nsave \"\"\n\
         client-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit \"replica 4 5 6\"\nbind\n\
         list-max-ziplist-entries 512\nuser default on nopass sanitize-payload ~* &* +@all\nreplicaof no one\n\
         appendonly yes\nappendonly no\ndaemonize yes\n",
    )
    .unwrap();
    let expected = [
        ("timeout", "5"),
        ("hz", "10"),
        ("requirepass", "a'b"),
        ("save", ""),
        ("client-output-buffer-limit", "normal 1 2 3 slave 4 5 6 pubsub 33554432 8388608 60"),
        ("bind", ""),
        ("slaveof", ""),
    ];
    for (name, value) in expected {
        assert_eq!(get(&settings, name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn a_failed_load_changes_nothing() {
    let settings = Settings::new();
    settings.load_text(b"timeout 5\nrename-command GET X\nfoo").unwrap_err();
    settings.load_text(b"timeout 5\nappendonly yes").unwrap_err();
    assert_eq!(get(&settings, "timeout").as_deref(), Some("0"));
    assert!(!settings.has_renames());
}

#[test]
fn arguments_are_further_lines() {
    let settings = args(&["--port", "0", "--save", "", "--timeout", "7", "--bind", "127.0.0.1", "::1"], "").unwrap();
    assert_eq!(get(&settings, "timeout").as_deref(), Some("7"));
    assert_eq!(settings.bind().unwrap(), ["127.0.0.1", "::1"]);
    for save in [&["--save"][..], &["--save", "--port", "7"], &["--port", "7", "--save", ""]] {
        assert!(args(save, "").is_ok());
    }
    let settings = args(&["-", "--timeout 8"], "timeout 3\nhz 11\n").unwrap();
    assert_eq!((get(&settings, "timeout"), get(&settings, "hz")), (Some("8".into()), Some("11".into())));
    assert_eq!(get(&args(&["--hz", "12", "-"], "timeout 3").unwrap(), "timeout").as_deref(), Some("3"));
    assert_eq!(
        get(&args(&["--requirepass", "a\"b\n -- x"], "").unwrap(), "requirepass").as_deref(),
        Some("a\"b\n -- x")
    );
    assert_eq!(args(&["-v"], "").err().as_deref(), Some("Version"));
    assert_eq!(args(&["--help"], "").err().as_deref(), Some("Help"));
    assert!(args(&[], "").is_ok());
    assert!(args(&["--appendonly", "no", "--save", ""], "").is_ok());
}

#[test]
fn arguments_are_refused_as_redis_refuses_them() {
    let cases: &[(&[&str], &str, usize, &str, &str)] = &[
        (&["--foo", "bar"], "", 2, "foo \"bar\"", "Bad directive or wrong number of arguments"),
        (&["--port", "1", "2"], "", 2, "port \"1\" \"2\"", "wrong number of arguments"),
        (&["--timeout"], "", 2, "timeout", "wrong number of arguments"),
        (&["-", "--timeout", "x"], "hz 5\n", 3, "timeout \"x\"", "argument couldn't be parsed into an integer"),
        (&["--TIMEOUT", "5x"], "", 2, "TIMEOUT \"5x\"", "argument couldn't be parsed into an integer"),
        (&["--timeout", "5", "-x"], "", 2, "timeout \"5\" \"-x\"", "wrong number of arguments"),
        (&["--timeout", "-- 5"], "", 2, "timeout \"-- 5\"", "argument couldn't be parsed into an integer"),
        (&["--appendonly", "--port", "0"], "", 2, "appendonly \"--port\" \"0\"", "wrong number of arguments"),
        (
            &["--unixsocketperm", "7777777"],
            "",
            2,
            "unixsocketperm \"7777777\"",
            "argument must be between 0 and 777 inclusive",
        ),
    ];
    for (arguments, stdin, number, line, reason) in cases {
        assert_eq!(args(arguments, stdin).err(), Some(fatal(*number, line, reason)), "{arguments:?}");
    }
    let here = std::env::current_dir().unwrap().join("timeout");
    assert_eq!(
        args(&["timeout", "5"], "").err(),
        Some(format!("Fatal error, can't open config file '{}': No such file or directory", here.display()))
    );
    assert!(args(&["--daemonize", "yes"], "").err().unwrap().contains("never forks"));
    assert!(args(&["--daemonize", "yes", "--daemonize", "no"], "").is_ok());
}

#[test]
fn files_include_files() {
    let dir = std::env::temp_dir().join(format!("redisrs-include-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = |name: &str| dir.join(name).display().to_string();
    std::fs::write(path("b.conf"), "timeout 2\nhz 20").unwrap();
    std::fs::write(path("a.conf"), "timeout 1").unwrap();
    std::fs::write(path(".c.conf"), "timeout 3").unwrap();
    std::fs::write(path("loop"), format!("include {}", path("loop"))).unwrap();
    std::fs::write(path("bad"), "\nbad").unwrap();
    let settings = load(&format!("include {}", path("*.conf"))).unwrap();
    assert_eq!((get(&settings, "timeout"), get(&settings, "hz")), (Some("2".into()), Some("20".into())));
    let settings = load(&format!("include {}\ntimeout 9", path("a.conf"))).unwrap();
    assert_eq!(get(&settings, "timeout").as_deref(), Some("9"));
    assert!(load(&format!("include {}", path("none*"))).is_ok());
    assert_eq!(
        load("include /nonexist").err().as_deref(),
        Some("Fatal error, can't open config file '/nonexist': No such file or directory")
    );
    let bad = load(&format!("include {}", path("bad"))).err();
    assert_eq!(bad, Some(fatal(2, "bad", "Bad directive or wrong number of arguments")));
    assert!(load(&format!("include {}", path("loop"))).err().unwrap().contains("include each other"));
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn renames_are_checked_against_the_commands() {
    let settings = load("rename-command GET g\n\nrename-command FOO bar").unwrap();
    let mut seen = Vec::new();
    let error = settings.apply_renames(|command, new_name| {
        seen.push((command.to_vec(), new_name.to_vec()));
        if command == b"FOO" { Err(RenameError::NoSuchCommand) } else { Ok(()) }
    });
    assert_eq!(error.unwrap_err().to_string(), fatal(3, "rename-command FOO bar", "No such command in rename-command"));
    assert_eq!(seen[0], (b"GET".to_vec(), b"g".to_vec()));
}

#[test]
fn the_file_of_the_debian_package_loads() {
    // Not everybody has it, and not everybody may read it.
    let Ok(text) = std::fs::read_to_string("/etc/redis/redis.conf") else { return };
    // Its directory exists where its package is set up.
    let text = if Path::new("/var/lib/redis").is_dir() { text } else { text.replace("\ndir ", "\n# dir ") };
    let settings = load(&text).unwrap();
    assert_eq!(settings.bind().unwrap(), ["127.0.0.1", "-::1"]);
    assert!(args(&["-"], &text).err().unwrap().contains("never forks"));
    let settings = args(&["-", "--daemonize", "no"], &text).unwrap();
    assert_eq!(settings.logfile().unwrap().as_deref(), Some(Path::new("/var/log/redis/redis-server.log")));
}

#[test]
fn bytes_of_any_kind_do_no_harm() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..2000 {
        let row = &super::super::table::TABLE[next(super::super::table::TABLE.len())];
        let value: Vec<u8> = (0..next(12)).map(|_| b"0123456789 -\"'\\xn%kmgb\0\xff*[]\n"[next(28)]).collect();
        let settings = Settings::new();
        // Either may be refused; neither may panic, and what is taken can be written and read again.
        let taken = settings.set(row.name, &value).is_ok()
            || settings.load_text(&[row.name.as_bytes(), b" ", &value].concat()).is_ok();
        if taken && row.name != "port" {
            let text = settings.rewrite_text(b"").unwrap();
            let again = Settings::new();
            again.load_text(&text).unwrap_or_else(|error| panic!("{error} for {} {value:?}", row.name));
            assert_eq!(all(&again), all(&settings), "{} {value:?}", row.name);
        }
    }
}
