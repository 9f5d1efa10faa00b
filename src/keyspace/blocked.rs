//! Who waits for which keys of one shard (BLPOP and its like), and which of these keys have become ready.
//!
//! ```text
//!  WaitTable ── key ──► Place (one per database) ── what is awaited ──► line: ticket ──► Waiter
//!      └─ signals: keys that were changed while somebody waited for them, in order
//! ```
//!
//! A ticket is a number that only grows, so the order of tickets is the order in which clients began to wait, and a
//! waiter has the same one in the line of each of its keys. Clients that wait for a list and clients that wait for a
//! sorted set stand in different lines even for the same key: whoever serves a line looks at nobody whom the key, as
//! it is now, has nothing to give.
//!
//! What a waiter is, the keyspace does not know. A waiter that has been served through one of its keys may still stand
//! in lines of others; whoever finds it there removes it.
//!
//! A key counts as ready from the change on after which it is what somebody waits for. One that was changed otherwise is
//! signalled, too, so that it costs nobody a wake-up if what makes it ready comes without a signal, but its place among
//! the others is settled only when it is ready.
//!
//! **Invariants.** There is no empty line and no place without lines. A key is signalled at most once, until
//! [`WaitTable::take_signals`]. No signal is lost: a place that there was no memory to signal, or to serve, is marked as missed
//! and signalled anew by [`WaitTable::retry_missed`]. Everything happens under the lock of the shard.
//!
//! **Cost.** A write asks [`WaitTable::is_empty`], one load. Joining, leaving and finding the next in line take a look-up
//! of the key and O(log n) in the line; who leaves from its middle moves those before or behind, whoever are fewer.

use super::{Kind, NoMemory, Shared, try_copy};
use smallvec::SmallVec;
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that waits; only those who put it in line know what it is.
pub type Waiter = dyn Any + Send + Sync;

/// The order of everything that has to do with waiting in one keyspace: of waiters by when they began to wait, of
/// keys by when they became ready.
#[derive(Clone, Debug)]
pub struct Tickets(Shared<AtomicU64>);

impl Tickets {
    /// None drawn yet.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new() -> Result<Self, NoMemory> {
        Shared::new(AtomicU64::new(0)).map(Self)
    }

    /// A number greater than all before it.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What a waiter waits for a key to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    pub kind: Kind,
    /// Also to be told when the key is something else, or gone, as XREADGROUP is.
    pub or_gone: bool,
}

impl Awaited {
    fn is_met_by(self, present: Option<Kind>) -> bool {
        self.or_gone || present == Some(self.kind)
    }
}

/// A key that was changed while somebody waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its place among the signals of all shards.
    pub ticket: u64,
    pub db: u32,
    pub key: Box<[u8]>,
    /// It is, or was for a moment, what somebody waits for.
    is_ready: bool,
}

/// Those who wait for one kind of value at one key, by ascending ticket.
struct Line {
    awaited: Awaited,
    waiters: VecDeque<(u64, Shared<Waiter>)>,
}

impl Line {
    /// How many have a ticket up to this one.
    fn count_to(&self, ticket: u64) -> usize {
        self.waiters.partition_point(|(other, _)| *other <= ticket)
    }

    fn join(&mut self, ticket: u64, waiter: Shared<Waiter>) -> Result<(), NoMemory> {
        self.waiters.try_reserve(1)?;
        // Nearly always the end.
        self.waiters.insert(self.count_to(ticket), (ticket, waiter));
        Ok(())
    }

    fn leave(&mut self, ticket: u64) {
        if let Some(at) = self.count_to(ticket).checked_sub(1)
            && self.waiters[at].0 == ticket
        {
            self.waiters.remove(at);
        }
    }
}

/// One key of one database.
struct Place {
    db: u32,
    /// Its place in the signals.
    signal: Option<u32>,
    /// A change of the key has not been followed up for lack of memory.
    is_missed: bool,
    lines: SmallVec<[Line; 1]>,
}

impl Place {
    fn new(db: u32) -> Self {
        Self { db, signal: None, is_missed: false, lines: SmallVec::new() }
    }

    /// The line of those who wait for this, perhaps an empty one.
    fn line(&mut self, awaited: Awaited) -> Result<&mut Line, NoMemory> {
        let at = match self.lines.iter().position(|line| line.awaited == awaited) {
            Some(at) => at,
            None => {
                self.lines.try_reserve(1).map_err(|_| NoMemory)?;
                self.lines.push(Line { awaited, waiters: VecDeque::new() });
                self.lines.len() - 1
            }
        };
        Ok(&mut self.lines[at])
    }

    /// Adds a signal, or marks the place as missed and returns false.
    #[must_use]
    fn signal(&mut self, signals: &mut Vec<Signal>, tickets: &Tickets, key: &[u8], present: Option<Kind>) -> bool {
        let is_ready = self.lines.iter().any(|line| line.awaited.is_met_by(present));
        match self.signal.and_then(|at| signals.get_mut(at as usize)) {
            Some(signal) if is_ready && !signal.is_ready => {
                signal.is_ready = true;
                signal.ticket = tickets.next();
            }
            Some(_) => {}
            None => {
                let (Ok(()), Ok(key)) = (signals.try_reserve(1), try_copy(key)) else {
                    self.is_missed = true;
                    return false;
                };
                self.signal = u32::try_from(signals.len()).ok();
                signals.push(Signal { ticket: tickets.next(), db: self.db, key: key.into(), is_ready });
            }
        }
        true
    }
}

/// The waiters of one shard. See the module's comment.
pub struct WaitTable {
    places: HashMap<Box<[u8]>, SmallVec<[Place; 1]>>,
    signals: Vec<Signal>,
    /// There are places that are missed.
    has_missed: bool,
    /// There are signals or such places: what every command asks.
    has_signals: bool,
    tickets: Tickets,
}

impl WaitTable {
    /// A table without waiters; all tables of a keyspace share their tickets.
    pub fn new(tickets: Tickets) -> Self {
        Self { places: HashMap::new(), signals: Vec::new(), has_missed: false, has_signals: false, tickets }
    }

    /// Whether nobody waits for anything here.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Puts a waiter in the line of a key, at the place its ticket gives it.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn join(
        &mut self,
        db: u32,
        key: &[u8],
        awaited: Awaited,
        ticket: u64,
        waiter: Shared<Waiter>,
    ) -> Result<(), NoMemory> {
        let joined = self.place(db, key).and_then(|place| place.line(awaited)?.join(ticket, waiter));
        if joined.is_err() {
            self.tidy(db, key);
        }
        joined
    }

    /// The place of a key in a database, perhaps one without lines.
    fn place(&mut self, db: u32, key: &[u8]) -> Result<&mut Place, NoMemory> {
        if !self.places.contains_key(key) {
            self.places.try_reserve(1)?;
            self.places.insert(try_copy(key)?.into(), SmallVec::new());
        }
        let places = self.places.get_mut(key).ok_or(NoMemory)?;
        let at = match places.iter().position(|place| place.db == db) {
            Some(at) => at,
            None => {
                places.try_reserve(1).map_err(|_| NoMemory)?;
                places.push(Place::new(db));
                places.len() - 1
            }
        };
        Ok(&mut places[at])
    }

    /// Takes a waiter out of the line of a key, if it is in it.
    pub fn leave(&mut self, db: u32, key: &[u8], ticket: u64) {
        let places = self.places.get_mut(key);
        if let Some(place) = places.and_then(|places| places.iter_mut().find(|place| place.db == db)) {
            place.lines.iter_mut().for_each(|line| line.leave(ticket));
            self.tidy(db, key);
        }
    }

    /// Removes what is empty of a key in a database.
    fn tidy(&mut self, db: u32, key: &[u8]) {
        let Some(places) = self.places.get_mut(key) else { return };
        if let Some(at) = places.iter().position(|place| place.db == db) {
            let lines = &mut places[at].lines;
            lines.retain(|line| !line.waiters.is_empty());
            if lines.is_empty() {
                places.swap_remove(at);
            }
        }
        if places.is_empty() {
            self.places.remove(key);
        }
    }

    /// The first waiter behind `ticket` to whom a key that is now `present` has something to give.
    pub fn next_in_line(
        &self,
        db: u32,
        key: &[u8],
        present: Option<Kind>,
        ticket: u64,
    ) -> Option<(u64, Shared<Waiter>)> {
        let place = self.places.get(key)?.iter().find(|place| place.db == db)?;
        let lines = place.lines.iter().filter(|line| line.awaited.is_met_by(present));
        let firsts = lines.filter_map(|line| line.waiters.get(line.count_to(ticket)));
        firsts.min_by_key(|(ticket, _)| *ticket).cloned()
    }

    /// Notes that a key was changed, if anybody waits for it, whatever it is now.
    pub fn signal(&mut self, db: u32, key: &[u8]) {
        self.signal_as(db, key, None);
    }

    /// Notes that a key was changed, if anybody waits for it, and is now `present`.
    pub fn signal_as(&mut self, db: u32, key: &[u8], present: Option<Kind>) {
        let Some(places) = self.places.get_mut(key) else { return };
        let Some(place) = places.iter_mut().find(|place| place.db == db) else { return };
        self.has_missed |= !place.signal(&mut self.signals, &self.tickets, key, present);
        self.has_signals = true;
    }

    /// [`WaitTable::signal`] for those awaited keys for which `changed` holds, whatever they are now.
    pub fn signal_where(&mut self, mut changed: impl FnMut(u32, &[u8]) -> bool) {
        self.signal_places(|place, key| changed(place.db, key));
    }

    fn signal_places(&mut self, mut chosen: impl FnMut(&mut Place, &[u8]) -> bool) {
        for (key, places) in &mut self.places {
            for place in places {
                if chosen(place, key) {
                    self.has_missed |= !place.signal(&mut self.signals, &self.tickets, key, None);
                    self.has_signals = true;
                }
            }
        }
    }

    /// Whether a key was signalled since the last [`WaitTable::take_signals`], or missed.
    #[inline]
    pub fn has_signals(&self) -> bool {
        self.has_signals
    }

    /// Notes that a signalled key could not be served for lack of memory.
    pub fn miss(&mut self, db: u32, key: &[u8]) {
        let places = self.places.get_mut(key);
        if let Some(place) = places.and_then(|places| places.iter_mut().find(|place| place.db == db)) {
            place.is_missed = true;
            (self.has_missed, self.has_signals) = (true, true);
        }
    }

    /// Signals the keys that were missed, before others are signalled because of it.
    pub fn retry_missed(&mut self) {
        if std::mem::take(&mut self.has_missed) {
            self.signal_places(|place, _| std::mem::take(&mut place.is_missed));
            self.has_signals = self.has_missed || !self.signals.is_empty();
        }
    }

    /// Moves the signals to `out`; from now on their keys can be signalled anew. Without memory for that they stay.
    pub fn take_signals(&mut self, out: &mut Vec<Signal>) {
        if out.try_reserve(self.signals.len()).is_err() {
            return;
        }
        for signal in self.signals.drain(..) {
            if let Some(places) = self.places.get_mut(&signal.key) {
                places.iter_mut().filter(|place| place.db == signal.db).for_each(|place| place.signal = None);
            }
            out.push(signal);
        }
        self.has_signals = self.has_missed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Awaited = Awaited { kind: Kind::List, or_gone: false };
    const STREAM: Awaited = Awaited { kind: Kind::Stream, or_gone: false };
    const GROUP: Awaited = Awaited { kind: Kind::Stream, or_gone: true };

    fn table() -> WaitTable {
        WaitTable::new(Tickets::new().expect("memory"))
    }

    fn join(table: &mut WaitTable, db: u32, key: &[u8], awaited: Awaited) -> u64 {
        let ticket = table.tickets.next();
        let waiter = Shared::new(ticket).expect("memory");
        table.join(db, key, awaited, ticket, waiter.widen(|counted| counted)).expect("memory");
        ticket
    }

    fn line(table: &WaitTable, db: u32, key: &[u8], present: Option<Kind>) -> Vec<u64> {
        let mut tickets = Vec::new();
        while let Some((ticket, _)) = table.next_in_line(db, key, present, tickets.last().copied().unwrap_or(0)) {
            tickets.push(ticket);
        }
        tickets
    }

    #[test]
    fn lines_are_kept_in_order_by_database_and_kind() {
        let mut table = table();
        let a = join(&mut table, 0, b"k", LIST);
        let b = join(&mut table, 0, b"k", STREAM);
        let c = join(&mut table, 0, b"k", GROUP);
        let d = join(&mut table, 0, b"k", LIST);
        let e = join(&mut table, 0, b"k", STREAM);
        let f = join(&mut table, 1, b"k", LIST);
        assert_eq!(line(&table, 0, b"k", Some(Kind::List)), [a, c, d]);
        assert_eq!(line(&table, 0, b"k", Some(Kind::Stream)), [b, c, e]);
        assert_eq!(line(&table, 0, b"k", None), [c]);
        assert_eq!(line(&table, 1, b"k", Some(Kind::List)), [f]);
        assert!(line(&table, 2, b"k", Some(Kind::List)).is_empty());
        assert!(line(&table, 0, b"other", Some(Kind::List)).is_empty());
        table.leave(0, b"k", a);
        table.leave(0, b"k", a);
        table.leave(3, b"k", d);
        table.leave(0, b"other", d);
        assert_eq!(line(&table, 0, b"k", Some(Kind::List)), [c, d]);
        for ticket in [b, c, d, e, f] {
            assert!(!table.is_empty());
            table.leave(0, b"k", ticket);
            table.leave(1, b"k", ticket);
        }
        assert!(table.is_empty());
    }

    #[test]
    fn awaited_keys_are_signalled_once_and_in_order() {
        let mut table = table();
        for (db, key) in [(0, b"a"), (0, b"b"), (1, b"a")] {
            join(&mut table, db, key, LIST);
        }
        for (db, key) in [(0, b"b"), (0, b"x"), (1, b"a"), (0, b"b"), (2, b"b")] {
            table.signal_as(db, key, Some(Kind::List));
        }
        table.signal_where(|db, key| (db, key) != (1, b"b"));
        let mut taken = Vec::new();
        table.take_signals(&mut taken);
        taken.sort_by_key(|signal| signal.ticket);
        let keys: Vec<(u32, &[u8])> = taken.iter().map(|signal| (signal.db, &*signal.key)).collect();
        assert_eq!(keys, [(0, &b"b"[..]), (1, b"a"), (0, b"a")]);
        assert!(!table.has_signals());
        table.signal(0, b"b");
        assert!(table.has_signals());
    }

    #[test]
    fn a_key_takes_its_place_when_it_is_ready() {
        let mut table = table();
        for key in [b"a", b"b", b"c"] {
            join(&mut table, 0, key, LIST);
        }
        // As by SADD a, RPUSH b, DEL a, RPUSH a, DEL b, RPUSH b, and c in passing.
        for (key, present) in [
            (b"c", None),
            (b"a", Some(Kind::Set)),
            (b"b", Some(Kind::List)),
            (b"a", None),
            (b"a", Some(Kind::List)),
            (b"b", None),
            (b"b", Some(Kind::List)),
        ] {
            table.signal_as(0, key, present);
        }
        let mut taken = Vec::new();
        table.take_signals(&mut taken);
        taken.sort_by_key(|signal| signal.ticket);
        let keys: Vec<&[u8]> = taken.iter().map(|signal| &*signal.key).collect();
        assert_eq!(keys, [b"c", b"b", b"a"]);
    }

    #[test]
    fn what_is_missed_is_signalled_when_it_is_tried_again() {
        let mut table = table();
        join(&mut table, 0, b"a", LIST);
        join(&mut table, 1, b"a", LIST);
        table.miss(0, b"a");
        table.miss(0, b"nobody waits for this");
        let mut taken = Vec::new();
        table.take_signals(&mut taken);
        assert!(taken.is_empty() && table.has_signals());
        table.retry_missed();
        table.take_signals(&mut taken);
        assert!(matches!(taken.as_slice(), [signal] if signal.db == 0 && *signal.key == *b"a"));
        assert!(!table.has_signals());
    }
}
