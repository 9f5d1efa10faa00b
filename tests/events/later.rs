//! Events of what Redis 7.0 does not have: commands of later versions, which name their events as their sources do, and of
//! keys whose time is over.

use crate::session::Store;
use redisrs::engine::events::{Class, Event};
use std::sync::{Arc, Mutex};

/// Runs commands, and compares what is told of each.
fn expect(exchange: &[(&str, &str)]) {
    let store = Store::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    let listener = move |event: Event<'_>| {
        let key = String::from_utf8_lossy(event.key);
        into.lock().expect("no panic").push(format!("{} {key}", event.name.to_string_lossy()));
    };
    store.engine.listen((0, 0), Class::EVERY, Box::new(listener)).expect("memory");
    let mut client = store.client();
    for (command, events) in exchange {
        if let Some(ms) = command.strip_prefix("pass ") {
            store.pass_ms(ms.parse().expect("milliseconds"));
        } else {
            let reply = client.say(command);
            assert!(!reply.starts_with("-ERR unknown"), "{command}: {reply}");
        }
        assert_eq!(std::mem::take(&mut *told.lock().expect("no panic")).join(", "), *events, "{command}");
    }
}

#[test]
fn fields_of_hashes() {
    expect(&[
        ("HSET h a 1 b 2 c 3", "new h, hset h"),
        ("HPEXPIRE h 100 FIELDS 2 a none", "hexpire h"),
        ("HPEXPIRE h 100 FIELDS 1 none", ""),
        ("HTTL none FIELDS 1 a", "keymiss none"),
        ("HPERSIST h FIELDS 1 a", "hpersist h"),
        ("HPERSIST h FIELDS 1 a", ""),
        ("HEXPIREAT h 1 FIELDS 1 a", "hdel h"),
        ("HGETEX h PX 100 FIELDS 1 b", "hexpire h"),
        ("HGETEX h PERSIST FIELDS 2 b c", "hpersist h"),
        ("HGETEX h FIELDS 1 b", ""),
        ("HGETEX h PXAT 1 FIELDS 1 b", "hdel h"),
        ("HGETDEL h FIELDS 1 none", ""),
        ("HGETDEL h FIELDS 1 c", "hdel h, del h"),
        ("HSETEX h FIELDS 1 a 1", "new h, hset h"),
        ("HSETEX h FNX FIELDS 1 a 1", ""),
        ("HSETEX h PX 100 FIELDS 1 b 1", "hset h, hexpire h"),
        ("HSETEX h PXAT 1 FIELDS 1 a 1", "hset h, hdel h"),
        ("HSETEX h PXAT 1 FIELDS 1 b 1", "hset h, hdel h, del h"),
        ("HSETEX h PXAT 1 FIELDS 1 b 1", "new h, hset h, hdel h, del h"),
        ("HSETEX h PX 100 FIELDS 1 a 1", "new h, hset h, hexpire h"),
        ("HSETEX h PX 200 FIELDS 1 b 1", "hset h, hexpire h"),
        ("pass 101", ""),
        ("HLEN h", "hexpired h"),
        ("pass 101", ""),
        ("HGET h b", "hexpired h, del h, keymiss h"),
    ]);
}

#[test]
fn strings() {
    expect(&[
        ("SET s v", "new s, set s"),
        ("SET s w IFEQ x", ""),
        ("SET s w IFEQ v", "set s"),
        ("DELEX s IFEQ v", ""),
        ("DELEX s IFEQ w", "del s"),
        ("DELIFEQ s w", ""),
        ("MSETEX 2 a 1 b 2 NX EX 100", "new a, set a, expire a, new b, set b, expire b"),
        ("MSETEX 2 a 1 c 2 NX", ""),
        ("DELIFEQ a 1", "del a"),
        ("INCREX n BYINT 5", "new n, incrby n"),
        ("INCREX n BYFLOAT 0.5 PX 100", "incrbyfloat n, expire n"),
        ("INCREX n PERSIST BYFLOAT 0.5", "incrbyfloat n, persist n"),
    ]);
}

#[test]
fn time_that_is_over() {
    expect(&[
        ("SET k v PX 10", "new k, set k, expire k"),
        ("pass 11", ""),
        ("SET k w", "expired k, new k, set k"),
        ("PEXPIRE k 10", "expire k"),
        ("pass 11", ""),
        ("SCAN 0 COUNT 100", "expired k"),
        ("RPUSH l 1", "new l, rpush l"),
        ("PEXPIRE l 10", "expire l"),
        ("pass 11", ""),
        ("RANDOMKEY", "expired l"),
        ("SET k v PX 10", "new k, set k, expire k"),
        ("WATCH other", ""),
        ("SELECT 1", ""),
        ("WATCH k", ""),
        ("pass 11", ""),
        ("SWAPDB 0 1", "expired k"),
    ]);
}
