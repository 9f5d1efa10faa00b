//! Clients that wait, in process and over sockets, on several reactors: nothing is lost, nobody sleeps on.

use super::{Client, Socket, Store, bulk, integer};
// Not that of std, which ThreadSanitizer does not see into.
use parking_lot::Mutex;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Elements are pushed, handed from list to list by blocked clients, and taken by others, some of whom give up after a
/// moment and some of whom go away while they wait. Each element arrives exactly once.
pub fn no_element_is_lost_or_doubled(store: &Store) {
    let (pushers, movers, takers) = (2, 2, 4);
    let per_pusher = 300 * store.rounds;
    let taken = Mutex::new(Vec::new());
    let take = |reply: &str| {
        let element = reply.split("\r\n").nth(4).filter(|element| *element != "stop")?.to_owned();
        taken.lock().push(element);
        Some(())
    };
    let live_takers = AtomicU64::new(takers as u64);
    let work = |client: &mut dyn Client, thread: usize| {
        if thread < pushers {
            for i in 0..per_pusher {
                let (element, list) = (format!("{thread}-{i}"), format!("q:{}", i % 3));
                let reply = match i % 4 {
                    0 => {
                        client.call(&["MULTI"]);
                        client.call(&["RPUSH", &list, &element]);
                        client.call(&["INCR", "pushed"]);
                        client.call(&["EXEC"])
                    }
                    1 => client.call(&["LPUSH", &list, &element]),
                    _ => client.call(&["RPUSH", &list, &element]),
                };
                assert!(!reply.contains('-') || reply.starts_with("*2"), "{reply}");
            }
        } else if thread < pushers + movers {
            // From one half of the lists to the other: the destination's shard is often another one's.
            while live_takers.load(Ordering::SeqCst) > 0 {
                let (from, to) = if thread.is_multiple_of(2) { ("q:0", "out:0") } else { ("q:1", "out:1") };
                client.call(&["BLMOVE", from, to, "LEFT", "RIGHT", "0.01"]);
            }
        } else {
            let lists = ["q:0", "q:1", "q:2", "out:0", "out:1"];
            let mut idle = 0;
            while idle < 20 {
                let mut argv = vec!["BLPOP"];
                argv.extend((0..lists.len()).map(|i| lists[(i + thread) % lists.len()]));
                argv.push(["0.02", "0.003", "0.01"][thread % 3]);
                idle = if take(&client.call(&argv)).is_some() { 0 } else { idle + 1 };
            }
            live_takers.fetch_sub(1, Ordering::SeqCst);
        }
    };
    store.race(pushers + movers + takers, work, |client| {
        client.call(&["INFO", "clients"]);
        // One that is gone before anything can have been sent to it.
        let mut gone = Socket::new(store.server.port());
        gone.stream.write_all(b"*3\r\n$5\r\nBLPOP\r\n$7\r\nnothing\r\n$1\r\n0\r\n").expect("send");
    });
    let mut client = store.client(0);
    for list in ["q:0", "q:1", "q:2", "out:0", "out:1"] {
        while take(&client.call(&["BLPOP", list, "0.001"])).is_some() {}
    }
    let mut taken = taken.into_inner();
    taken.sort_unstable();
    let mut pushed: Vec<String> =
        (0..pushers).flat_map(|thread| (0..per_pusher).map(move |i| format!("{thread}-{i}"))).collect();
    pushed.sort_unstable();
    assert_eq!(taken, pushed);
    eventually_zero(&store.engine.clients.blocked);
}

/// Two sides that block on each other's answers, over sockets and in process: a lost wake-up would stop them for ever.
pub fn ping_pong_never_stops(store: &Store) {
    let rounds = 500 * store.rounds;
    let play = |client: &mut dyn Client, thread: usize| {
        let pair = thread / 2;
        let (mine, theirs) = (format!("ball:{pair}:{}", thread % 2), format!("ball:{pair}:{}", 1 - thread % 2));
        for round in 0..rounds {
            if thread.is_multiple_of(2) {
                client.call(&["LPUSH", &theirs, &round.to_string()]);
            }
            let reply = client.call(&["BRPOP", &mine, "0"]);
            assert_eq!(reply.split("\r\n").nth(4), Some(round.to_string().as_str()));
            if !thread.is_multiple_of(2) {
                client.call(&["LPUSH", &theirs, &round.to_string()]);
            }
        }
    };
    store.race(6, play, |client| {
        client.call(&["CLIENT", "LIST"]);
    });
}

/// CLIENT UNBLOCK, CLIENT KILL, deadlines and pushes decide about the same waits; an element is taken or still there.
pub fn a_wait_has_one_outcome(store: &Store) {
    let rounds = 150 * store.rounds;
    let outcomes = [const { AtomicU64::new(0) }; 3];
    let race = |client: &mut dyn Client, thread: usize| {
        let key = format!("o:{}", thread / 3);
        let (id_key, done_key) = (format!("id:{key}"), format!("done:{key}"));
        match thread % 3 {
            0 => {
                let id = client.call(&["CLIENT", "ID"]);
                client.call(&["SET", &id_key, id.trim_matches([':', '\r', '\n'])]);
                for _ in 0..rounds {
                    let reply = client.call(&["BLPOP", &key, "0.002"]);
                    let outcome = match reply.as_bytes() {
                        [b'-', b'U', ..] => 0,
                        [b'*', b'-', ..] => 1,
                        _ => 2,
                    };
                    outcomes[outcome].fetch_add(1, Ordering::SeqCst);
                }
                client.call(&["SET", &done_key, "1"]);
            }
            1 => {
                let mut pushed = 0u64;
                while client.call(&["EXISTS", &done_key]) == ":0\r\n" {
                    client.call(&["RPUSH", &key, "x"]);
                    pushed += 1;
                }
                client.call(&["INCRBY", "pushed", &pushed.to_string()]);
            }
            _ => {
                while client.call(&["EXISTS", &done_key]) == ":0\r\n" {
                    let id = client.call(&["GET", &id_key]);
                    if !bulk(&id).is_empty() {
                        client.call(&["CLIENT", "UNBLOCK", bulk(&id), "ERROR"]);
                    }
                }
            }
        }
    };
    store.race(6, race, |client| {
        client.call(&["INFO", "clients"]);
    });
    let mut client = store.client(0);
    let pushed: u64 = bulk(&client.call(&["GET", "pushed"])).parse().expect("a count");
    let left: u64 = ["o:0", "o:1"].iter().map(|key| integer(&client.call(&["LLEN", key]))).sum();
    assert_eq!(outcomes[2].load(Ordering::SeqCst) + left, pushed);
    assert_eq!(outcomes.iter().map(|outcome| outcome.load(Ordering::SeqCst)).sum::<u64>(), 2 * rounds as u64);
    eventually_zero(&store.engine.clients.blocked);
}

/// Clients in a ring, each moving what comes to it on to the next, across shards: one move that wakes nobody, and the
/// ring stands still.
pub fn tokens_go_round(store: &Store) {
    let (members, moves) = (6, 300 * store.rounds);
    let list = |member: usize| format!("ring:{}", member % members);
    store.client(0).call(&["RPUSH", &list(0), "a", "b"]);
    let work = |client: &mut dyn Client, thread: usize| {
        for i in 0..moves {
            let (from, to) = (list(thread), list(thread + 1));
            let reply = match i % 2 {
                0 => client.call(&["BLMOVE", &from, &to, "LEFT", "RIGHT", "0"]),
                _ => client.call(&["BRPOPLPUSH", &from, &to, "0"]),
            };
            assert!(["a", "b"].contains(&bulk(&reply)), "{reply}");
        }
    };
    store.race(members, work, |client| {
        client.call(&["MULTI"]);
        (0..members).for_each(|member| drop(client.call(&["LLEN", &list(member)])));
        let reply = client.call(&["EXEC"]);
        let tokens: u64 = reply.split("\r\n").filter_map(|line| line.strip_prefix(':')?.parse::<u64>().ok()).sum();
        assert_eq!(tokens, 2, "{reply}");
    });
    eventually_zero(&store.engine.clients.blocked);
}

/// Elements get into a list in many ways, among them whole lists under another name or from another database. Everyone
/// waits without a timeout for exactly as many elements as there will be.
pub fn whatever_makes_a_key_ready_wakes(store: &Store) {
    let (pushers, takers) = (3, 3);
    let per_thread = 200 * store.rounds;
    let taken = AtomicU64::new(0);
    let work = |client: &mut dyn Client, thread: usize| {
        let own = format!("own:{thread}");
        for i in 0..per_thread {
            if thread >= pushers {
                let reply = client.call(if i.is_multiple_of(2) { &["BLPOP", "w", "0"] } else { &["BRPOP", "w", "0"] });
                let element: u64 = reply.split("\r\n").nth(4).and_then(|text| text.parse().ok()).expect("an element");
                taken.fetch_add(element, Ordering::SeqCst);
                continue;
            }
            let element = (thread * per_thread + i).to_string();
            match i % 5 {
                0 => drop(client.call(&["LPUSH", "w", &element])),
                1 => {
                    client.call(&["RPUSH", &own, &element]);
                    client.call(&["LMOVE", &own, "w", "LEFT", "RIGHT"]);
                }
                2 => {
                    client.call(&["RPUSH", &own, &element]);
                    while client.call(&["RENAMENX", &own, "w"]) != ":1\r\n" {}
                }
                3 => {
                    client.call(&["RPUSH", &own, &element]);
                    while client.call(&["COPY", &own, "w"]) != ":1\r\n" {}
                    client.call(&["DEL", &own]);
                }
                _ => {
                    client.call(&["SELECT", "1"]);
                    client.call(&["RPUSH", "w", &element]);
                    // Another pusher may move it along with its own.
                    while client.call(&["EXISTS", "w"]) == ":1\r\n" && client.call(&["MOVE", "w", "0"]) != ":1\r\n" {}
                    client.call(&["SELECT", "0"]);
                }
            }
        }
    };
    store.race(pushers + takers, work, |client| {
        client.call(&["LLEN", "w"]);
    });
    let count = (pushers * per_thread) as u64;
    assert_eq!(taken.load(Ordering::SeqCst), count * (count - 1) / 2);
    assert_eq!(integer(&store.client(0).call(&["EXISTS", "w"])), 0);
    eventually_zero(&store.engine.clients.blocked);
}

/// Members of sorted sets are popped by clients that wait, some for one and some for several, while others wait for a
/// list of the same name.
pub fn members_are_popped_once(store: &Store) {
    let (adders, poppers) = (2, 4);
    let per_adder = 300 * store.rounds;
    let popped = Mutex::new(Vec::new());
    let live = AtomicU64::new(adders as u64);
    let work = |client: &mut dyn Client, thread: usize| {
        if thread < adders {
            for i in 0..per_adder {
                let (key, member) = (format!("p:{}", i % 2), format!("m{thread}-{i}"));
                let reply = client.call(&["ZADD", &key, &i.to_string(), &member]);
                assert_eq!(reply, ":1\r\n");
            }
            live.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        loop {
            let was_last = live.load(Ordering::SeqCst) == 0;
            let reply = match thread % 4 {
                0 => client.call(&["BZPOPMIN", "p:0", "p:1", "0.01"]),
                1 => client.call(&["BZPOPMAX", "p:1", "p:0", "0.01"]),
                2 => client.call(&["BZMPOP", "0.01", "2", "p:0", "p:1", "MIN", "COUNT", "3"]),
                _ => client.call(&["BLMPOP", "0.002", "1", "p:2", "LEFT"]),
            };
            if reply.starts_with("*-") {
                if was_last {
                    break;
                }
                continue;
            }
            let members = reply.split("\r\n").filter(|line| line.starts_with('m'));
            popped.lock().extend(members.map(str::to_owned));
        }
    };
    store.race(adders + poppers, work, |client| {
        client.call(&["CLIENT", "LIST"]);
    });
    let mut popped = popped.into_inner();
    popped.sort_unstable();
    let mut added: Vec<String> =
        (0..adders).flat_map(|thread| (0..per_adder).map(move |i| format!("m{thread}-{i}"))).collect();
    added.sort_unstable();
    assert_eq!(popped, added);
    eventually_zero(&store.engine.clients.blocked);
}

/// Consumers wait without a timeout while their stream and group are written, removed, renamed and swapped away: whatever
/// happens, they hear of it.
pub fn consumers_hear_of_everything(store: &Store) {
    let consumers = 3;
    let live = AtomicU64::new(consumers as u64);
    let work = |client: &mut dyn Client, thread: usize| {
        let consumer = format!("c{thread}");
        let argv = ["XREADGROUP", "GROUP", "g", &consumer, "BLOCK", "0", "STREAMS", "h", ">"];
        let mut heard = 0;
        while thread < consumers && heard < 150 * store.rounds {
            let reply = client.call(&argv);
            // It came too late to wait.
            if ["-NOGROUP No such key", "-WRONGTYPE"].iter().any(|start| reply.starts_with(start)) {
                continue;
            }
            assert!(["*1", "-UNBLOCKED", "-NOGROUP"].iter().any(|start| reply.starts_with(start)), "{reply}");
            heard += 1;
        }
        if thread < consumers {
            live.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        let ends: [&[&str]; 6] = [
            &["XGROUP", "DESTROY", "h", "g"],
            &["DEL", "h"],
            &["SET", "h", "text"],
            &["RENAME", "h", "elsewhere"],
            &["SWAPDB", "0", "1"],
            &["FLUSHALL"],
        ];
        for end in ends.iter().cycle() {
            if live.load(Ordering::SeqCst) == 0 {
                break;
            }
            client.call(&["XGROUP", "CREATE", "h", "g", "$", "MKSTREAM"]);
            client.call(&["XADD", "h", "*", "f", "v"]);
            client.call(end);
            client.call(&["DEL", "h"]);
        }
    };
    store.race(consumers + 1, work, |client| {
        client.call(&["CLIENT", "LIST"]);
    });
    eventually_zero(&store.engine.clients.blocked);
}

fn eventually_zero(count: &AtomicU64) {
    while count.load(Ordering::SeqCst) != 0 {
        thread::yield_now();
    }
}
