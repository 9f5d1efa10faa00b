//! Order of delivery, and what listeners may do, without commands.

use super::*;
use crate::engine::clock::Clock;
use crate::engine::log::Log;
use crate::engine::settings::Settings;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, mpsc};
use std::thread;

fn engine() -> Shared<Engine> {
    Engine::open(Settings::new(), Clock::system(), Log::silent()).expect("an engine")
}

type Told = Vec<(Vec<u8>, u32)>;

/// Notes an event as a command would while the key is locked.
fn note(engine: &Engine, pending: &mut Pending, key: &[u8], db: u32) {
    let event = Event { class: Class::String, name: c"set", key, db };
    engine.event(pending, event, engine.keyspace.hash(key));
}

/// Listens, and returns what was told: key and database.
fn recorder(engine: &Engine, id: ListenerId) -> Arc<Mutex<Told>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    engine
        .listen(id, Class::ALL, Box::new(move |event| into.lock().push((event.key.to_vec(), event.db))))
        .expect("memory");
    told
}

#[test]
fn what_nobody_wants_is_not_noted() {
    let engine = engine();
    let mut pending = Pending::default();
    note(&engine, &mut pending, b"k", 0);
    assert!(pending.is_empty());
    let told = recorder(&engine, (1, 0));
    engine.listen((2, 0), Class::KeyMiss as u32, Box::new(|_| panic!("listens to something else"))).expect("memory");
    note(&engine, &mut pending, b"k", 3);
    engine.events.deliver(&mut pending);
    assert!(pending.is_empty());
    assert_eq!(*told.lock(), [(b"k".to_vec(), 3)]);
    assert!(engine.unlisten((1, 0)) && !engine.unlisten((1, 0)));
    note(&engine, &mut pending, b"k", 0);
    assert!(pending.is_empty(), "only the other one is left");
}

#[test]
fn events_of_a_key_keep_their_order_across_threads() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 500;
    let engine = engine();
    let told = recorder(&engine, (1, 0));
    let shard = Arc::new(Mutex::new(0));
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (engine, shard) = (engine.clone(), Arc::clone(&shard));
            thread::spawn(move || {
                let mut pending = Pending::default();
                for _ in 0..ROUNDS {
                    let mut changes = shard.lock();
                    note(&engine, &mut pending, b"other", *changes);
                    note(&engine, &mut pending, b"k", *changes);
                    *changes += 1;
                    drop(changes);
                    engine.events.deliver(&mut pending);
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().expect("worker"));
    let told = told.lock();
    for key in [&b"k"[..], b"other"] {
        let order: Vec<u32> = told.iter().filter(|(of, _)| of == key).map(|(_, db)| *db).collect();
        assert_eq!(order, (0..THREADS * ROUNDS).collect::<Vec<_>>());
    }
}

#[test]
fn a_slow_listener_holds_up_its_key_and_no_other() {
    let engine = engine();
    let (release, released) = mpsc::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    let released = Mutex::new(released);
    let told = recorder(&engine, (1, 0));
    let slow = move |event: Event<'_>| {
        if event.key == b"slow" && event.db == 0 {
            entered.send(()).expect("the test waits");
            released.lock().recv().expect("the test lets go");
        }
    };
    engine.listen((2, 0), Class::ALL, Box::new(slow)).expect("memory");
    let first = thread::spawn({
        let engine = engine.clone();
        move || {
            let mut pending = Pending::default();
            note(&engine, &mut pending, b"slow", 0);
            engine.events.deliver(&mut pending);
        }
    });
    has_entered.recv().expect("the listener runs");
    let mut pending = Pending::default();
    for number in 0..1000_u32 {
        note(&engine, &mut pending, &number.to_le_bytes(), 1);
        engine.events.deliver(&mut pending);
    }
    assert_eq!(told.lock().len(), 1001, "this thread was not held up");
    note(&engine, &mut pending, b"slow", 2);
    let second = thread::spawn({
        let engine = engine.clone();
        move || engine.events.deliver(&mut pending)
    });
    release.send(()).expect("the listener waits");
    first.join().expect("first");
    second.join().expect("second");
    assert_eq!(told.lock().last(), Some(&(b"slow".to_vec(), 2)));
}

#[test]
fn what_a_listener_causes_comes_after_what_was_pending() {
    let engine = engine();
    let told = recorder(&engine, (1, 0));
    let depth = Arc::new(AtomicUsize::new(0));
    let causes = {
        let (engine, depth) = (engine.downgrade(), Arc::clone(&depth));
        move |event: Event<'_>| {
            assert_eq!(depth.fetch_add(1, Ordering::SeqCst), 0, "calls do not nest");
            if event.db < 3 {
                let engine = engine.upgrade().expect("it is calling");
                let mut pending = Pending::default();
                note(&engine, &mut pending, event.key, event.db + 2);
                engine.events.deliver(&mut pending);
            }
            depth.fetch_sub(1, Ordering::SeqCst);
        }
    };
    engine.listen((2, 0), Class::ALL, Box::new(causes)).expect("memory");
    let mut pending = Pending::default();
    for db in [0, 1] {
        note(&engine, &mut pending, b"k", db);
    }
    engine.events.deliver(&mut pending);
    let order: Vec<u32> = told.lock().iter().map(|(_, db)| *db).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
    assert!(!is_delivering());
}

#[test]
fn a_listener_may_end_itself_and_make_another() {
    let engine = engine();
    let weak = engine.downgrade();
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    let once = move |event: Event<'_>| {
        let engine = weak.upgrade().expect("it is calling");
        assert!(engine.unlisten((1, 0)));
        let into = Arc::clone(&into);
        engine.listen((2, 0), Class::ALL, Box::new(move |event| into.lock().push(event.db))).expect("memory");
        assert_eq!(event.db, 0);
    };
    engine.listen((1, 0), Class::ALL, Box::new(once)).expect("memory");
    let mut pending = Pending::default();
    for db in 0..3 {
        note(&engine, &mut pending, b"k", db);
    }
    engine.events.deliver(&mut pending);
    assert_eq!(*told.lock(), [1, 2]);
}

#[test]
fn who_is_removed_is_not_running_any_more() {
    let engine = engine();
    let running = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running);
    let (entered, has_entered) = mpsc::channel();
    let callback = move |_: Event<'_>| {
        counted.fetch_add(1, Ordering::SeqCst);
        entered.send(()).expect("the test listens");
        thread::yield_now();
        counted.fetch_sub(1, Ordering::SeqCst);
    };
    engine.listen((1, 0), Class::ALL, Box::new(callback)).expect("memory");
    let worker = thread::spawn({
        let engine = engine.clone();
        move || {
            let mut pending = Pending::default();
            for _ in 0..2000 {
                note(&engine, &mut pending, b"k", 0);
                engine.events.deliver(&mut pending);
            }
        }
    });
    has_entered.recv().expect("it has begun");
    assert!(engine.unlisten((1, 0)));
    assert_eq!(running.load(Ordering::SeqCst), 0);
    worker.join().expect("worker");
    drop(engine);
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

/// A listener of this test may panic; one in C cannot.
#[test]
fn a_panic_while_one_event_is_told_loses_no_other() {
    let engine = engine();
    let told = recorder(&engine, (1, 0));
    let panicking = |event: Event<'_>| assert_ne!(event.db, 1, "on purpose");
    engine.listen((2, 0), Class::ALL, Box::new(panicking)).expect("memory");
    let mut pending = Pending::default();
    for db in 0..4 {
        note(&engine, &mut pending, b"k", db);
    }
    let delivered = catch_unwind(AssertUnwindSafe(|| engine.events.deliver(&mut pending)));
    assert!(delivered.is_err() && pending.is_empty());
    assert_eq!(told.lock().len(), 4);
    // Nobody waits for a turn of those before.
    note(&engine, &mut pending, b"k", 4);
    engine.events.deliver(&mut pending);
    assert_eq!(told.lock().len(), 5);
}
