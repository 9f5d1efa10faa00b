//! Keyspace events for the host.

use super::cast::{self, UserData};
use super::engine::rs_engine;
use super::guard::{code, outermost};
use super::status::{RS_ERR_ARGUMENT, RS_ERR_NOT_FOUND, RS_OK, fail, rs_status};
use crate::engine::events::{Class, Event};
use crate::engine::threads::Outside;
use crate::storage::try_box;
use std::ffi::{c_char, c_int, c_void};

/// What any key can be subject to: "del", "expire", "rename_from", "restore" ... (g)
pub const RS_EVENT_GENERIC: u32 = 4;
/// Strings: "set", "incrby", "append" ... ($)
pub const RS_EVENT_STRING: u32 = 8;
/// Lists: "lpush", "rpop", "ltrim" ... (l)
pub const RS_EVENT_LIST: u32 = 16;
/// Sets: "sadd", "spop", "sinterstore" ... (s)
pub const RS_EVENT_SET: u32 = 32;
/// Hashes: "hset", "hdel", "hexpired" ... (h)
pub const RS_EVENT_HASH: u32 = 64;
/// Sorted sets: "zadd", "zincr", "zrem" ... (z)
pub const RS_EVENT_ZSET: u32 = 128;
/// "expired": a key is gone because its time was over. (x)
pub const RS_EVENT_EXPIRED: u32 = 256;
/// "evicted": a key is gone because memory was short. (e)
pub const RS_EVENT_EVICTED: u32 = 512;
/// Streams: "xadd", "xtrim", "xgroup-create" ... (t)
pub const RS_EVENT_STREAM: u32 = 1024;
/// "keymiss": a key that was read does not exist. (m)
pub const RS_EVENT_KEY_MISS: u32 = 2048;
/// What modules say in Redis; no built-in command does. (d)
pub const RS_EVENT_MODULE: u32 = 8192;
/// "new": a key was made; comes before the event that says how. (n)
pub const RS_EVENT_NEW: u32 = 16384;
/// All but RS_EVENT_KEY_MISS and RS_EVENT_NEW. (A)
pub const RS_EVENT_ALL: u32 = 10236;

const _: () = {
    assert!(RS_EVENT_GENERIC == Class::Generic as u32 && RS_EVENT_STRING == Class::String as u32);
    assert!(RS_EVENT_LIST == Class::List as u32 && RS_EVENT_SET == Class::Set as u32);
    assert!(RS_EVENT_HASH == Class::Hash as u32 && RS_EVENT_ZSET == Class::ZSet as u32);
    assert!(RS_EVENT_EXPIRED == Class::Expired as u32 && RS_EVENT_EVICTED == Class::Evicted as u32);
    assert!(RS_EVENT_STREAM == Class::Stream as u32 && RS_EVENT_KEY_MISS == Class::KeyMiss as u32);
    assert!(RS_EVENT_MODULE == Class::Module as u32 && RS_EVENT_NEW == Class::New as u32);
    assert!(RS_EVENT_ALL == Class::ALL);
};

/// Receives one keyspace event: `event` is its name, a static string, as Redis publishes it to `__keyevent@db__`; `key` has
/// `klen` bytes, valid during the call only; `db` is the number of the database.
///
/// Runs in the thread whose command made the change, after the command, or the whole EXEC, and before its reply: in a call
/// of the host, in a thread of a server, or, for a key that expires by itself, in the thread that expires keys. Nothing is
/// locked. Events of one command come in the order in which they happened, and so do all events of one key,
/// whichever threads caused them: a thread waits until earlier events of the key are delivered. Between different keys that
/// different threads change, there is no order, and calls may run at the same time.
///
/// Unlike other callbacks it may call the library: open sessions, run commands in any session but the one whose
/// command it is called for (RS_ERR_BUSY), call `rs_engine_on_event`. What it changes causes events, too; they are delivered
/// after it has returned, so calls do not nest. It must not end an engine, a server or the session it is called for, and
/// must not throw or longjmp. If it takes long, so does the command, and the thread of a server serves nobody meanwhile;
/// it must not wait for a thread that may change the same key.
pub type rs_event_fn =
    Option<unsafe extern "C" fn(event: *const c_char, key: *const c_void, klen: usize, db: c_int, ud: *mut c_void)>;

/// Has `f` called with every keyspace event of these classes (RS_EVENT_..., combined with |), and with `ud` as its last
/// argument: what Redis publishes with `notify-keyspace-events`, without pub/sub. The classes have the letters of that
/// setting. Any number of functions may listen; for an `f` and `ud` that listen already, the classes are replaced, and
/// `classes` 0 ends it. An event that happens while this is called may or may not be told.
///
/// After `classes` 0, `f` is not running any more and will not be called with this `ud` again: the call waits for those that
/// run in other threads, unless it comes from inside an event callback itself. `ud` must stay valid until then, or until
/// the engine is gone.
///
/// What nobody listens to costs next to nothing. Keys expire by themselves within about a millisecond of their time, and
/// "expired" is told then, or as soon as a command finds the key expired. A field of a hash is told as "hexpired".
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`; `RS_ERR_NOT_FOUND` if `classes` is 0 and nobody listens with this `f` and `ud`; `RS_ERR_BUSY` from inside
/// a callback other than an event callback; `RS_ERR_ARGUMENT` if `engine` or `f` is NULL or a class is unknown. Any thread.
///
///     static void on_expired(const char *event, const void *key, size_t klen, int db, void *ud)
///     {
///         (void)event, (void)db, (void)ud;
///         printf("%.*s is gone\n", (int)klen, (const char *)key);
///     }
///     ...
///     rs_engine_on_event(engine, RS_EVENT_EXPIRED, on_expired, NULL);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_engine_on_event(
    engine: *mut rs_engine,
    classes: u32,
    f: rs_event_fn,
    ud: *mut c_void,
) -> rs_status {
    code(outermost(|| {
        // SAFETY: by the rules of the header.
        let engine = unsafe { cast::shared(engine)? };
        let Some(f) = f else { return Err(fail(RS_ERR_ARGUMENT, format_args!("a function is NULL"))) };
        if classes & !Class::EVERY != 0 {
            return Err(fail(RS_ERR_ARGUMENT, format_args!("there is no such class of events: {classes:#x}")));
        }
        let engine = &engine.host().engine;
        let id = (f as usize, ud as usize);
        if classes == 0 {
            return match engine.unlisten(id) {
                true => Ok(RS_OK),
                false => Err(fail(RS_ERR_NOT_FOUND, format_args!("this function does not listen with this argument"))),
            };
        }
        let ud = UserData(ud);
        let callback = try_box(move |event: Event<'_>| {
            let ud = ud;
            let _outside = Outside::enter();
            let (name, key) = (event.name.as_ptr(), event.key.as_ptr().cast());
            // SAFETY: the host has given a function of this type, and `ud` for it; the strings outlive the call.
            unsafe { f(name, key, event.key.len(), event.db as c_int, ud.0) }
        });
        engine.listen(id, classes, callback?)?;
        Ok(RS_OK)
    }))
}
