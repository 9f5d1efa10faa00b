//! A panic in the middle of a command, also of one inside a command of the host, which no C program can cause: a clock that
//! panics when it is told to.

use super::call::{rs_call, rs_call_command_argv, rs_call_reply_integer};
use super::cast;
use super::command::{rs_command_argv, rs_command_batch};
use super::engine::{Host, rs_engine, rs_engine_close};
use super::host_command::{rs_command_spec, rs_engine_register_command};
use super::reply::{RS_REPLY_ERROR, rs_reply, rs_reply_free};
use super::session::{rs_session, rs_session_close, rs_session_open};
use super::status::{RS_ERR_PANIC, RS_NIL, RS_OK, rs_last_error, rs_last_status, rs_status};
use super::typed::{rs_exists, rs_set, rs_slice};
use crate::engine::Engine;
use crate::engine::clock::Clock;
use crate::engine::log::Log;
use crate::engine::settings::Settings;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An engine whose clock panics on demand, with a session.
struct Subject {
    engine: *mut rs_engine,
    session: *mut rs_session,
    panics: Arc<AtomicBool>,
    log: Arc<Mutex<String>>,
}

impl Subject {
    fn new() -> Self {
        super::guard::install_panic_hook();
        let (panics, log) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(String::new())));
        let (armed, written) = (Arc::clone(&panics), Arc::clone(&log));
        let host = std::thread::current().id();
        let clock = Clock::from_host(Box::new(move || {
            assert!(!(armed.load(Ordering::SeqCst) && std::thread::current().id() == host), "the clock has stopped");
            1_000_000
        }));
        let sink = Log::to(Box::new(move |_, text| written.lock().unwrap().push_str(text))).unwrap();
        let engine = Engine::open(Settings::new(), clock, sink).unwrap();
        let engine = cast::try_give(rs_engine::of(Host::of(engine).unwrap())).expect("memory");
        let mut session = null_mut();
        // SAFETY: the engine was just made.
        assert_eq!(unsafe { rs_session_open(engine, &raw mut session) }, RS_OK);
        Self { engine, session, panics, log }
    }

    fn set(&self, key: &[u8], ttl_ms: i64) -> rs_status {
        // SAFETY: the session is open.
        unsafe { rs_set(self.session, key.as_ptr().cast(), key.len(), c"v".as_ptr().cast(), 1, ttl_ms) }
    }

    fn exists(&self, key: &[u8]) -> rs_status {
        // SAFETY: the session is open.
        unsafe { rs_exists(self.session, key.as_ptr().cast(), key.len()) }
    }

    fn command(&self, words: &[&CStr]) -> *mut rs_reply {
        let mut argv: Vec<*const c_char> = words.iter().map(|word| word.as_ptr()).collect();
        // SAFETY: the session is open and the words are terminated.
        unsafe { rs_command_argv(self.session, argv.len() as i32, argv.as_mut_ptr(), null()) }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.panics.store(false, Ordering::SeqCst);
        // SAFETY: both were made by `new` and are used nowhere else.
        unsafe {
            rs_session_close(self.session);
            rs_engine_close(self.engine);
        }
    }
}

fn last_error() -> String {
    // SAFETY: the text is terminated and this thread makes no other call meanwhile.
    unsafe { CStr::from_ptr(rs_last_error()) }.to_str().unwrap().to_owned()
}

#[test]
fn a_panic_under_a_lock_is_a_status_and_the_engine_refuses_further_work() {
    let (subject, other) = (Subject::new(), Subject::new());
    assert_eq!(subject.set(b"k", 0), RS_OK);
    subject.panics.store(true, Ordering::SeqCst);
    assert_eq!(subject.set(b"k", 1000), RS_ERR_PANIC);
    assert!(last_error().contains("the clock has stopped"));
    assert!(subject.log.lock().unwrap().contains("the clock has stopped"), "the panic went to the logger");
    subject.panics.store(false, Ordering::SeqCst);

    // The shard is not locked for ever, but nothing is served from it.
    assert_eq!((subject.set(b"k", 0), subject.exists(b"k")), (RS_ERR_PANIC, RS_ERR_PANIC));
    assert!(last_error().contains("internal error"));
    let reply = subject.command(&[c"GET", c"k"]);
    // SAFETY: a reply is freed once.
    unsafe {
        assert_eq!((*reply).r#type, RS_REPLY_ERROR);
        rs_reply_free(reply);
    }
    assert_eq!((other.set(b"k", 0), other.exists(b"k"), other.exists(b"none")), (RS_OK, RS_OK, RS_NIL));
}

#[test]
fn a_panic_in_a_command_gives_no_reply_and_writes_no_output() {
    let subject = Subject::new();
    subject.panics.store(true, Ordering::SeqCst);
    assert!(subject.command(&[c"SET", c"k", c"v", c"PX", c"5"]).is_null());
    assert!(last_error().contains("the clock has stopped"));

    let subject = Subject::new();
    subject.panics.store(true, Ordering::SeqCst);
    let mut words = [c"TIME".as_ptr()];
    let mut argv = [words.as_mut_ptr(); 3];
    let mut out = [null_mut(); 3];
    // SAFETY: three commands of one word, and room for three replies.
    let status = unsafe {
        rs_command_batch(subject.session, 3, [1; 3].as_ptr(), argv.as_mut_ptr(), null_mut(), out.as_mut_ptr())
    };
    assert_eq!((status, out), (RS_ERR_PANIC, [null_mut(); 3]));
}

/// A command of the host that sets its key for five milliseconds, and counts how often it comes to its end.
unsafe extern "C" fn set_inside(call: *mut rs_call, _: c_int, argv: *const rs_slice, finished: *mut c_void) {
    // SAFETY: the second argument is there, by the arity; the counter outlives the engine.
    let (key, finished) = unsafe { (&*argv.add(1), &*finished.cast::<AtomicUsize>()) };
    let mut words = [c"SET".as_ptr(), key.data.cast(), c"v".as_ptr(), c"PX".as_ptr(), c"5".as_ptr()];
    // SAFETY: five words and their lengths.
    let reply = unsafe { rs_call_command_argv(call, 5, words.as_mut_ptr(), [3, key.len, 1, 2, 1].as_ptr()) };
    assert_eq!(reply.is_null(), rs_last_status() == RS_ERR_PANIC);
    // Nothing more is done for a call after a panic in it.
    let expected = if reply.is_null() { RS_ERR_PANIC } else { RS_OK };
    // SAFETY: a reply is freed once; NULL is a no-op.
    unsafe {
        rs_reply_free(reply);
        assert_eq!(rs_call_reply_integer(call, 1), expected);
    }
    finished.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_panic_inside_a_command_of_the_host_reaches_its_caller_around_the_handler() {
    let finished = AtomicUsize::new(0);
    let subject = Subject::new();
    let spec = rs_command_spec {
        name: c"set.inside".as_ptr(),
        arity: 2,
        flags: c"write denyoom".as_ptr(),
        first_key: 1,
        last_key: 1,
        key_step: 1,
        handler: Some(set_inside),
        userdata: (&raw const finished).cast_mut().cast(),
        free_userdata: None,
    };
    // SAFETY: the engine is open.
    assert_eq!(unsafe { rs_engine_register_command(subject.engine, &raw const spec) }, RS_OK);
    let reply = subject.command(&[c"set.inside", c"k"]);
    // SAFETY: a reply is freed once.
    unsafe {
        assert_eq!((*reply).integer, 1);
        rs_reply_free(reply);
    }
    assert_eq!((finished.load(Ordering::SeqCst), subject.exists(b"k")), (1, RS_OK));

    // The handler learns of it and comes to its end; then it is what a panic in any command is.
    subject.panics.store(true, Ordering::SeqCst);
    assert!(subject.command(&[c"set.inside", c"k"]).is_null());
    assert_eq!((finished.load(Ordering::SeqCst), rs_last_status()), (2, RS_ERR_PANIC));
    assert!(last_error().contains("the clock has stopped"));
    subject.panics.store(false, Ordering::SeqCst);
    assert_eq!(subject.exists(b"k"), RS_ERR_PANIC, "the engine does not trust its data any more");
}
