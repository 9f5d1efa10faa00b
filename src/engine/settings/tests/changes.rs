//! CONFIG SET and CONFIG GET beyond single values: atomicity, order of errors, callbacks.

use super::super::{Id, Owner};
use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn errors_come_in_the_order_of_redis() {
    let settings = Settings::new();
    let failed =
        |name: &str, why: &str| Err(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"));
    let unknown = |name: &str| Err(format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'"));
    type Case = (&'static [(&'static str, &'static str)], Result<(), String>);
    let cases: &[Case] = &[
        (&[("foo", "bar")], unknown("foo")),
        (&[("timeout", "1"), ("foo", "2")], unknown("foo")),
        (&[("timeout", "abc"), ("foo", "yes")], unknown("foo")),
        (&[("rename-command", "a b")], unknown("rename-command")),
        (&[("include", "x")], unknown("include")),
        (&[("timeout", "1"), ("timeout", "2")], failed("timeout", "duplicate parameter")),
        (
            &[("timeout", "1"), ("daemonize", "yes"), ("timeout", "1")],
            failed("daemonize", "can't set immutable config"),
        ),
        (&[("timeout", "abc"), ("daemonize", "yes")], failed("daemonize", "can't set immutable config")),
        (&[("dir", "x"), ("daemonize", "y")], failed("dir", "can't set protected config")),
        (&[("port", "1"), ("maxmemory", "abc")], failed("maxmemory", "argument must be a memory value")),
        (&[("slave-serve-stale-data", "foo")], failed("slave-serve-stale-data", "argument must be 'yes' or 'no'")),
        (&[("TIMEOUT", "x")], failed("timeout", "argument couldn't be parsed into an integer")),
        (
            &[("appendonly", "yes")],
            failed("appendonly", "'appendonly yes' needs persistence, which this version of redisrs does not have"),
        ),
        (
            &[("masterauth", "secret")],
            failed("masterauth", "'masterauth …' needs replication, which this version of redisrs does not have"),
        ),
        (&[("hash-max-ziplist-value", "64"), ("hash-max-listpack-value", "64")], Ok(())),
        (&[("port", "auto")], failed("port", "argument couldn't be parsed into an integer")),
    ];
    for (pairs, expected) in cases {
        assert_eq!(config_set(&settings, pairs), *expected);
        assert_eq!(get(&settings, "timeout").as_deref(), Some("0"), "nothing of a failed change stays");
        assert_eq!(get(&settings, "port").as_deref(), Some("6379"));
    }
}

#[test]
fn names_are_shown_as_redis_shows_them() {
    let settings = Settings::new();
    let shown = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
        let mut names = Vec::new();
        settings.for_each_matching(&patterns, |name, _| names.push(String::from_utf8(name.to_vec()).unwrap())).unwrap();
        names
    };
    assert_eq!(shown(&["TIMEOUT"]), ["TIMEOUT"]);
    assert_eq!(shown(&["b?nd", "bind"]), ["bind"]);
    assert_eq!(shown(&["BIND", "bind"]), ["BIND"]);
    assert_eq!(shown(&["*PRIORITY"]), ["replica-priority", "slave-priority"]);
    assert_eq!(shown(&["key-load-delay"]), ["key-load-delay"]);
    assert_eq!(shown(&["k?y-load-delay", "nothing", "\\bind"]), [""; 0]);
    assert_eq!(shown(&["maxmemory*"]).len(), 5);
}

#[test]
fn a_failing_callback_takes_everything_back() {
    let settings = Settings::new();
    let (calls, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (calls_in, seen_in) = (Arc::clone(&calls), Arc::clone(&seen));
    let count = move |settings: &Settings| {
        calls_in.fetch_add(1, Relaxed);
        seen_in.store(settings.hot().maxclients.load(Relaxed) as usize, Relaxed);
        Ok(())
    };
    settings.on_change(Owner::ENGINE, Id::Maxclients, Box::new(count)).unwrap();
    let refuse = |settings: &Settings| match settings.port() {
        super::super::access::Port::Number(6379) => Ok(()),
        _ => Err("Unable to listen on this port(s)".into()),
    };
    let owner = settings.owner();
    settings.on_change(owner, Id::Port, Box::new(refuse)).unwrap();
    assert_eq!(
        config_set(&settings, &[("maxclients", "5"), ("port", "7"), ("timeout", "9")]),
        Err("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port(s)".into())
    );
    assert_eq!(calls.load(Relaxed), 2, "applied, and applied again with the old value");
    assert_eq!(seen.load(Relaxed), 10_000);
    assert_eq!(get(&settings, "timeout").as_deref(), Some("0"));
    config_set(&settings, &[("maxclients", "10000")]).unwrap();
    assert_eq!(calls.load(Relaxed), 2, "an unchanged value is not applied");
    config_set(&settings, &[("maxclients", "6")]).unwrap();
    assert_eq!(seen.load(Relaxed), 6);
    settings.forget(owner);
    config_set(&settings, &[("maxclients", "7"), ("port", "7")]).unwrap();
    assert_eq!(seen.load(Relaxed), 7, "who has not been forgotten is told");
}

#[test]
fn the_host_may_set_what_clients_may_not() {
    let settings = Settings::new();
    settings.set("port", "auto").unwrap();
    assert_eq!(settings.port(), super::super::access::Port::Auto);
    settings.record_port(1234);
    assert_eq!(get(&settings, "port").as_deref(), Some("1234"));
    settings.set("io-threads", "0").unwrap();
    assert_eq!(settings.io_threads(), 0);
    settings.set("shards", "16").unwrap();
    assert_eq!(settings.shards(), 16);
    assert!(settings.set("shards", "17").unwrap_err().to_string().contains("power of two"));
    assert!(settings.set("daemonize", "yes").unwrap_err().to_string().contains("never forks"));
    settings.set("bind", "127.0.0.1 ::1").unwrap();
    assert_eq!(settings.bind().unwrap(), ["127.0.0.1", "::1"]);
    settings.set("rename-command", "FLUSHALL \"\"").unwrap();
    assert!(settings.has_renames());
    assert_eq!(settings.set("nonsense", "1").unwrap_err().to_string(), "unknown setting 'nonsense'");
    let copy = settings.duplicate().unwrap();
    copy.set("timeout", "5").unwrap();
    assert_eq!((settings.hot().timeout_s.load(Relaxed), copy.hot().timeout_s.load(Relaxed)), (0, 5));
    assert!(copy.has_renames() && copy.shards() == 16);
}

#[test]
fn protected_settings_need_permission() {
    let settings = Settings::new();
    let set = |is_local| settings.set_many(&[b"dir", b"/tmp"], is_local);
    assert!(set(true).is_err());
    settings.set("enable-protected-configs", "local").unwrap();
    assert!(set(false).is_err());
    set(true).unwrap();
    assert_eq!(settings.dir().unwrap(), std::fs::canonicalize("/tmp").ok());
    settings.set("enable-protected-configs", "yes").unwrap();
    let error = settings.set_many(&[b"dir", b"/nonexistent"], false).unwrap_err().reply().unwrap();
    assert!(error.ends_with(b"(possibly related to argument 'dir') - No such file or directory"));
    assert!(!settings.allows_protected("debug|sleep", true));
    settings.set("enable-debug-command", "local").unwrap();
    assert!(settings.allows_protected("debug|sleep", true) && !settings.allows_protected("DEBUG", false));
    assert!(!settings.allows_protected("module|load", true));
    assert!(Settings::is_sensitive(b"RequirePass") && !Settings::is_sensitive(b"timeout"));
}

#[test]
fn hot_settings_follow() {
    use crate::engine::clients::ClientKind;
    let settings = Settings::new();
    let hot = settings.hot();
    assert!(hot.active_expire.load(Relaxed) && !hot.requires_password.load(Relaxed) && !hot.policy_is_lfu());
    assert_eq!(settings.output_limit(ClientKind::Replica).soft_seconds, 60);
    config_set(&settings, &[("maxmemory-policy", "allkeys-lfu"), ("requirepass", "x\u{e9}"), ("slowlog-max-len", "7")])
        .unwrap();
    assert!(hot.policy_is_lfu() && hot.requires_password.load(Relaxed));
    assert_eq!(hot.maxmemory_policy().name(), "allkeys-lfu");
    assert_eq!(hot.slowlog_len_max.load(Relaxed), 7);
    settings.with_password(|password| assert_eq!(password, "x\u{e9}".as_bytes()));
    config_set(&settings, &[("client-output-buffer-limit", "pubsub 1mb 2 3 normal 1 0 0")]).unwrap();
    assert_eq!(settings.output_limit(ClientKind::Pubsub).hard_bytes, 1 << 20);
    assert_eq!(settings.output_limit(ClientKind::Normal).hard_bytes, 1);
    config_set(&settings, &[("original-replies", "typed"), ("lazyfree-lazy-user-del", "yes"), ("hz", "9999")]).unwrap();
    assert!(hot.original_replies_typed.load(Relaxed));
    assert_eq!(hot.hz.load(Relaxed), 500);
}
