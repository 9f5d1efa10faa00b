//! Keyspace events: who is told that a key was changed, has expired or was missed, and when.
//!
//! # From the change to the listener
//!
//! Whoever changes a key calls `Ctx::notify` (or [`Engine::event`], without a command) while the key's shard is locked.
//! If anybody listens to that class, the event is copied to the [`Pending`] events of the session, with a place in the
//! line of its key ([`Turns`]). When the command, or the whole EXEC, is done and nothing is locked any more, the thread
//! that made the changes [delivers](Events::deliver) them one by one, in the order in which they happened, before the
//! command's reply is on its way.
//!
//! # Order between threads
//!
//! A thread may be overtaken between the change and the delivery by another one that changes the same key. So an
//! event waits for its turn: until all earlier events of its key are delivered. Events of different keys that were
//! changed by different threads have no order. Nobody waits with a lock held, and events wait only for earlier ones, so
//! this cannot deadlock by itself; a listener that waits for a thread which changes the key it was called for can.
//!
//! # What a listener may do
//!
//! Anything: nothing is locked. What it changes through another session is delivered in the same thread after all that
//! was pending before; calls of listeners do not nest. It may add and remove listeners, itself too.
//!
//! # Panics
//!
//! Others wait for the turns of what is pending, so nothing of it may get lost. A panic while one event is told does not
//! keep the rest from being told, and goes on afterwards; who catches a panic of a command delivers what the
//! command has noted.
//!
//! # Cost
//!
//! Where nobody listens to a class: one load of a word beside the hot settings per event, and one of the session per
//! command. Otherwise a copy of the key, and two short locks of the key's line; buffers are kept.
//!
//! `notify-keyspace-events` has its place in [`Events::tell`], which sees every event that anybody wants, and in
//! `Events::update_classes`, which decides what anybody wants.

mod pending;
#[cfg(test)]
mod tests;
mod turns;

pub use pending::Pending;

use super::Engine;
use super::settings::Hot;
use crate::hooks::reach;
use crate::keyspace::expiry::What;
use crate::keyspace::{KeyHash, Loc, ShardData};
use crate::storage::{NoMemory, Shared, try_collect};
use parking_lot::RwLock;
use std::cell::{Cell, RefCell};
use std::collections::TryReserveError;
use std::ffi::CStr;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use turns::Turns;

/// What an event is about. The bits are those of Redis (`NOTIFY_*`), the letters those of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Class {
    /// `g`: what any key can be subject to, such as DEL, EXPIRE, RENAME.
    Generic = 1 << 2,
    /// `$`: strings.
    String = 1 << 3,
    /// `l`: lists.
    List = 1 << 4,
    /// `s`: sets.
    Set = 1 << 5,
    /// `h`: hashes.
    Hash = 1 << 6,
    /// `z`: sorted sets.
    ZSet = 1 << 7,
    /// `x`: a key has expired.
    Expired = 1 << 8,
    /// `e`: a key was evicted.
    Evicted = 1 << 9,
    /// `t`: streams.
    Stream = 1 << 10,
    /// `m`: a key that was read does not exist.
    KeyMiss = 1 << 11,
    /// `d`: what modules, or commands of the host, say.
    Module = 1 << 13,
    /// `n`: a key was made.
    New = 1 << 14,
}

impl Class {
    const EACH: [Self; 12] = [
        Self::Generic,
        Self::String,
        Self::List,
        Self::Set,
        Self::Hash,
        Self::ZSet,
        Self::Expired,
        Self::Evicted,
        Self::Stream,
        Self::KeyMiss,
        Self::Module,
        Self::New,
    ];

    /// The bits of all classes there are.
    pub const EVERY: u32 = {
        let (mut bits, mut index) = (0, 0);
        while index < Self::EACH.len() {
            bits |= Self::EACH[index] as u32;
            index += 1;
        }
        bits
    };

    /// `A`: the bits of what Redis calls all, which is without key misses and new keys.
    pub const ALL: u32 = Self::EVERY & !(Self::KeyMiss as u32 | Self::New as u32);
}

/// Something that happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'e> {
    pub class: Class,
    pub name: &'static CStr,
    pub key: &'e [u8],
    pub db: u32,
}

/// Called with each event, by the thread that has caused it.
pub type Callback = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// What tells one listener from others: in C a function and its argument.
pub type ListenerId = (usize, usize);

struct Listener {
    id: ListenerId,
    /// What it listens to; 0 once it is removed.
    classes: AtomicU32,
    callback: Callback,
    /// Held for reading while the callback runs, so that a removal can wait for that.
    running: RwLock<()>,
}

/// The listeners of one engine: a handle that is cloned for what is delivered later.
#[derive(Clone)]
pub struct Events(Shared<Common>);

#[derive(Default)]
struct Common {
    /// Replaced as a whole, so that nothing is locked while it is walked; `None` without any.
    listeners: RwLock<Option<Listeners>>,
    turns: Turns,
}

type Listeners = Shared<Vec<Shared<Listener>>>;

impl Listener {
    fn is_removed(&self) -> bool {
        self.classes.load(Ordering::Relaxed) == 0
    }
}

/// More sessions than run one inside the other in one thread.
const PARCELS_AT_ONCE: usize = 16;

/// Events that came about while the thread was delivering others.
type Later = Vec<(Events, Pending)>;

thread_local! {
    /// Whether this thread is in [`Events::deliver`].
    static IS_DELIVERING: Cell<bool> = const { Cell::new(false) };
    /// Without a destructor, because one would stay behind in threads of the host; it owns nothing while the
    /// thread does not deliver.
    static LATER: RefCell<ManuallyDrop<Later>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Whether the calling thread is inside a listener.
pub fn is_delivering() -> bool {
    IS_DELIVERING.get()
}

fn take_later() -> Later {
    LATER.with_borrow_mut(|later| ManuallyDrop::into_inner(std::mem::replace(later, ManuallyDrop::new(Vec::new()))))
}

/// Inside a listener: makes room for what the sessions now running one inside the other have to deliver later.
fn reserve_later() -> Result<(), TryReserveError> {
    if !is_delivering() {
        return Ok(());
    }
    LATER.with_borrow_mut(|later| later.try_reserve(PARCELS_AT_ONCE))
}

/// Ends delivering.
struct Delivering;

impl Delivering {
    fn start() -> Self {
        IS_DELIVERING.set(true);
        Self
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        IS_DELIVERING.set(false);
        drop(take_later());
    }
}

impl Events {
    /// Nobody listens.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new() -> Result<Self, NoMemory> {
        Shared::new(Common::default()).map(Self)
    }

    /// Has `callback` told of events of these classes (bits of [`Class`]). If there is a listener of this id already,
    /// only its classes change.
    ///
    /// # Errors
    /// If memory is short; nothing has changed then.
    pub fn listen(&self, hot: &Hot, id: ListenerId, classes: u32, callback: Callback) -> Result<(), NoMemory> {
        let mut listeners = self.0.listeners.write();
        let all = listeners.iter().flat_map(|listeners| listeners.iter());
        match all.clone().find(|listener| listener.id == id) {
            Some(listener) => listener.classes.store(classes, Ordering::Relaxed),
            None => {
                let new = Listener { id, classes: AtomicU32::new(classes), callback, running: RwLock::default() };
                let left = all.filter(|listener| !listener.is_removed()).cloned();
                *listeners = Some(Shared::new(try_collect(left.chain([Shared::new(new)?]))?)?);
            }
        }
        Self::update_classes(hot, listeners.as_ref());
        Ok(())
    }

    /// Removes a listener; false if there is none of this id. Unless the calling thread is inside a listener itself,
    /// this one is not running any more afterwards.
    pub fn unlisten(&self, hot: &Hot, id: ListenerId) -> bool {
        let mut listeners = self.0.listeners.write();
        let mut all = listeners.iter().flat_map(|listeners| listeners.iter());
        let Some(found) = all.find(|listener| listener.id == id && !listener.is_removed()).cloned() else {
            return false;
        };
        found.classes.store(0, Ordering::Relaxed);
        Self::update_classes(hot, listeners.as_ref());
        // Without memory for a list without it, it stays there, removed, until there is another list.
        let left = listeners.iter().flat_map(|listeners| listeners.iter());
        if let Ok(left) = try_collect(left.filter(|listener| !listener.is_removed()).cloned()).and_then(Shared::new) {
            *listeners = Some(left);
        }
        drop(listeners);
        if !is_delivering() {
            drop(found.running.write());
        }
        true
    }

    fn update_classes(hot: &Hot, listeners: Option<&Listeners>) {
        let all = listeners.into_iter().flat_map(|listeners| listeners.iter());
        let classes = all.fold(0, |bits, listener| bits | listener.classes.load(Ordering::Relaxed));
        hot.event_classes.store(classes, Ordering::Relaxed);
    }

    /// Tells everybody who listens. The calling thread holds no locks; inside a listener this is put off until all that
    /// is pending is delivered.
    #[inline]
    pub fn deliver(&self, pending: &mut Pending) {
        if !pending.is_empty() {
            self.deliver_some(pending);
        }
    }

    #[cold]
    fn deliver_some(&self, pending: &mut Pending) {
        if is_delivering() {
            return LATER.with_borrow_mut(|later| {
                // There is room: `reserve_later`. If there were none, they would be delivered with the next ones of their session.
                if later.len() < later.capacity() {
                    later.push((self.clone(), std::mem::take(pending)));
                }
            });
        }
        let delivering = Delivering::start();
        let mut panic = self.tell_all(pending).err();
        pending.clear();
        // Front to back: an event waits for earlier ones, which must not be behind it.
        let mut later = take_later();
        while !later.is_empty() {
            for (events, pending) in later {
                panic = events.tell_all(&pending).err().or(panic);
            }
            later = take_later();
        }
        drop(delivering);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Tells everybody of everything. All turns have passed then, also if one event, or several, could not be told, of which
    /// the last panic is the result.
    fn tell_all(&self, pending: &Pending) -> std::thread::Result<()> {
        let mut outcome = Ok(());
        for (event, turn) in pending.events() {
            self.0.turns.wait(turn);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.tell(event))) {
                outcome = Err(panic);
            }
            self.0.turns.pass(turn);
        }
        outcome
    }

    /// Tells everybody of one event whose turn it is.
    fn tell(&self, event: Event<'_>) {
        reach("event");
        let listeners = self.0.listeners.read().clone();
        for listener in listeners.iter().flat_map(|listeners| listeners.iter()) {
            let _running = listener.running.read();
            if listener.classes.load(Ordering::Relaxed) & event.class as u32 != 0 {
                (listener.callback)(event);
            }
        }
    }
}

impl Engine {
    /// Whether somebody listens to events of this class.
    #[inline]
    pub fn wants_events(&self, class: Class) -> bool {
        self.settings.hot().event_classes.load(Ordering::Relaxed) & class as u32 != 0
    }

    /// Notes an event of a key whose shard is locked, if anybody wants it; to be delivered when nothing is locked.
    #[inline]
    pub fn event(&self, pending: &mut Pending, event: Event<'_>, hash: KeyHash) {
        if self.wants_events(event.class) {
            self.note_event(pending, event, hash);
        }
    }

    #[cold]
    fn note_event(&self, pending: &mut Pending, event: Event<'_>, hash: KeyHash) {
        let room = reserve_later().and_then(|()| pending.reserve(event.key.len()));
        match room.and_then(|()| self.events.0.turns.take(hash)) {
            Ok(turn) => pending.push(event, turn),
            Err(_) => self.log.warning("Out of memory: a keyspace event is lost"),
        }
    }

    /// Notes the events of a key of a locked shard that has expired, or of a hash that has lost fields.
    pub fn note_expired(&self, pending: &mut Pending, db: u32, key: &[u8], what: What) {
        let noted: &[_] = match what {
            What::Key => &[(Class::Expired, c"expired")],
            What::Fields => &[(Class::Hash, c"hexpired")],
            What::LastFields => &[(Class::Hash, c"hexpired"), (Class::Generic, c"del")],
        };
        for &(class, name) in noted {
            if self.wants_events(class) {
                self.event(pending, Event { class, name, key, db }, self.keyspace.hash(key));
            }
        }
    }

    /// Removes a key that is gone (`Db::is_gone`), which is told as that it has expired.
    pub fn expire_gone(&self, data: &mut ShardData, db: u32, loc: Loc, now_ms: i64, pending: &mut Pending) {
        if let Some(values) = data.existing_db(db) {
            let is_due = values.deadline_ms(loc).is_some_and(|deadline_ms| deadline_ms <= now_ms);
            self.note_expired(pending, db, values.key(loc), if is_due { What::Key } else { What::LastFields });
        }
        data.expire(db, loc);
    }

    /// Has `callback` told of events: [`Events::listen`].
    ///
    /// # Errors
    /// If memory is short.
    pub fn listen(&self, id: ListenerId, classes: u32, callback: Callback) -> Result<(), NoMemory> {
        self.events.listen(self.settings.hot(), id, classes, callback)
    }

    /// [`Events::unlisten`].
    pub fn unlisten(&self, id: ListenerId) -> bool {
        self.events.unlisten(self.settings.hot(), id)
    }
}
