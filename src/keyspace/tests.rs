//! Property tests of a whole [`Db`] against naive models. `KEYSPACE_SEED=n` repeats a run.

use super::Db;
use crate::storage::GARBAGE_MIN;
use crate::storage::testing::Rng;
use crate::storage::{HashSeed, KeyHash, Loc, NewValue, StringEncoding, StringRef};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the model knows of a key.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    value: Value,
    deadline_ms: Option<i64>,
    access: u32,
    raw: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Int(i64),
    Str(Vec<u8>),
}

impl Value {
    fn as_new(&self) -> NewValue<'_> {
        match self {
            Self::Int(int) => NewValue::Int(*int),
            Self::Str(bytes) => NewValue::Str(bytes),
        }
    }

    fn is(&self, value: StringRef<'_>) -> bool {
        match (self, value) {
            (Self::Int(a), StringRef::Int(b)) => *a == b,
            (Self::Str(a), StringRef::Str(b)) => a == b,
            _ => false,
        }
    }
}

/// A database, its model and the hash they use, of which `hash_mask` bits count.
struct Subject {
    db: Db,
    model: HashMap<Vec<u8>, Known>,
    seed: HashSeed,
    hash_mask: u64,
    rng: Rng,
}

impl Subject {
    fn new(hash_mask: u64) -> Self {
        let mut rng = Rng::from_env();
        let seed = HashSeed::new(rng.next()).expect("memory");
        Self { db: Db::new(0), model: HashMap::new(), seed, hash_mask, rng }
    }

    fn hash(&self, key: &[u8]) -> KeyHash {
        KeyHash(self.seed.hash(key).0 & self.hash_mask)
    }

    fn locate(&self, key: &[u8]) -> Option<Loc> {
        self.db.locate(self.hash(key), key)
    }

    /// One of `keys` keys: mostly short, some as long as 70,000 bytes.
    fn some_key(&mut self, keys: u64) -> Vec<u8> {
        let number = self.rng.below(keys);
        let len = match number % 97 {
            0 => 70_000 - number % 7,
            1..=3 => 250 + number % 11,
            _ => number % 40,
        };
        let mut key = number.to_string().into_bytes();
        key.resize(key.len().max(len as usize), b'k');
        if number == 5 {
            key.clear();
        }
        key
    }

    fn some_value(&mut self) -> Value {
        let len = match self.rng.below(40) {
            0 => 60_000 + self.rng.below(10_000),
            1..4 => self.rng.below(3000),
            4..8 => 950 + self.rng.below(20),
            8..16 => return Value::Int(self.rng.next() as i64),
            _ => self.rng.below(100),
        };
        let byte = self.rng.next() as u8;
        Value::Str((0..len).map(|at| byte.wrapping_add(at as u8)).collect())
    }

    fn check_key(&self, key: &[u8]) {
        let loc = self.locate(key);
        assert_eq!(loc.is_some(), self.model.contains_key(key));
        let (Some(loc), Some(known)) = (loc, self.model.get(key)) else { return };
        assert_eq!(self.db.key(loc), key);
        assert_eq!(self.db.get(self.hash(key), key).map(|(loc, _)| loc), Some(loc));
        assert!(known.value.is(self.db.value(loc).string().unwrap()));
        assert_eq!(self.db.deadline_ms(loc), known.deadline_ms);
        assert_eq!(self.db.access(loc), known.access);
        let encoding = match &known.value {
            Value::Int(_) => StringEncoding::Int,
            Value::Str(bytes) if bytes.len() <= 44 && !known.raw => StringEncoding::Embstr,
            Value::Str(_) => StringEncoding::Raw,
        };
        assert_eq!(self.db.string_encoding(loc), encoding);
    }

    /// Compares everything with the model.
    fn check_all(&self) {
        assert_eq!(self.db.len(), self.model.len());
        let volatile: Vec<i64> = self.model.values().filter_map(|known| known.deadline_ms).collect();
        assert_eq!(self.db.volatile_len(), volatile.len());
        assert_eq!(self.db.next_deadline_ms(), volatile.into_iter().min().unwrap_or(i64::MAX));
        self.model.keys().for_each(|key| self.check_key(key));
        assert_eq!(self.db.iter().count(), self.model.len());
        let mut scanned = Vec::new();
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            cursor = self.db.scan(at, |loc| scanned.push(self.db.key(loc).to_vec()));
            assert!(cursor.is_none_or(|next| next > at));
        }
        assert_eq!(scanned.len(), self.model.len());
        assert!(scanned.iter().all(|key| self.model.contains_key(key)));
        let least: usize = self.db.iter().map(|loc| self.db.memory_usage(loc) - 26).sum();
        assert!(self.db.used() >= least);
    }

    fn set(&mut self, key: &[u8]) {
        let value = self.some_value();
        let hash = self.hash(key);
        match self.db.locate(hash, key) {
            Some(loc) => {
                self.db.set_value(loc, value.as_new()).unwrap();
                let known = self.model.get_mut(key).unwrap();
                (known.value, known.raw) = (value, false);
            }
            None => {
                let loc = self.db.insert(hash, key, value.as_new()).unwrap();
                assert_eq!(self.db.key(loc), key);
                let known = Known { value, deadline_ms: None, access: 0, raw: false };
                self.model.insert(key.to_vec(), known);
            }
        }
    }

    fn resize(&mut self, key: &[u8], loc: Loc) {
        let known = self.model.get_mut(key).unwrap();
        let mut text = match &known.value {
            Value::Int(int) => int.to_string().into_bytes(),
            Value::Str(bytes) => bytes.clone(),
        };
        let spread = if self.rng.below(20) == 0 { 70_000 } else { 300 };
        let len = (text.len() as u64 + self.rng.below(spread)).saturating_sub(self.rng.below(100)) as usize;
        text.resize(len, 0);
        let bytes = self.db.string_resize(loc, len).unwrap();
        assert_eq!(bytes, text);
        if let Some(last) = bytes.last_mut() {
            *last = b'!';
            *text.last_mut().unwrap() = b'!';
        }
        (known.value, known.raw) = (Value::Str(text), true);
    }

    fn rename(&mut self, key: &[u8], loc: Loc, to: &[u8]) {
        let known = self.model.remove(key).unwrap();
        let detached = self.db.detach(loc);
        assert_eq!((detached.key(), detached.deadline_ms()), (key, known.deadline_ms));
        assert!(known.value.is(detached.value().string().unwrap()));
        if let Some(loc) = self.locate(to) {
            self.db.remove(loc);
            self.model.remove(to);
        }
        let Ok(_) = self.db.attach(self.hash(to), to, detached) else { panic!("no memory") };
        self.db.tidy(self.hash(key));
        self.model.insert(to.to_vec(), known);
    }

    /// One random operation; the share of removals is `removals` in 16.
    fn step(&mut self, keys: u64, removals: u64) {
        let key = self.some_key(keys);
        let choice = self.rng.below(16);
        let Some(loc) = self.locate(&key) else {
            if choice >= removals {
                self.set(&key);
            }
            return self.check_key(&key);
        };
        match choice {
            _ if choice < removals => {
                self.db.remove(loc);
                self.model.remove(&key);
            }
            10 => self.resize(&key, loc),
            11 => {
                let to = self.some_key(keys);
                self.rename(&key, loc, &to);
            }
            12 => {
                let deadline_ms = self.rng.below(1_000_000) as i64;
                self.db.set_deadline(loc, deadline_ms).unwrap();
                self.model.get_mut(&key).unwrap().deadline_ms = Some(deadline_ms);
            }
            13 => {
                let had = self.model.get_mut(&key).unwrap().deadline_ms.take().is_some();
                assert_eq!(self.db.clear_deadline(loc), had);
            }
            14 => {
                let access = self.rng.next() as u32 >> 8;
                self.db.set_access(loc, access);
                self.model.get_mut(&key).unwrap().access = access;
            }
            _ => self.set(&key),
        }
        self.check_key(&key);
        if self.db.has_garbage() {
            assert!(self.db.take_garbage().iter().all(|garbage| garbage.memory() >= GARBAGE_MIN));
        }
    }

    fn expire(&mut self, now_ms: i64) {
        let mut last = i64::MIN;
        while let Some(loc) = self.db.expired_loc(now_ms) {
            let known = self.model.remove(self.db.key(loc)).unwrap();
            let deadline = known.deadline_ms.unwrap();
            assert!(deadline <= now_ms && deadline >= last);
            last = deadline;
            self.db.remove(loc);
        }
        assert!(self.model.values().all(|known| known.deadline_ms.is_none_or(|deadline| deadline > now_ms)));
    }

    fn remove_all(&mut self) {
        let mut keys: Vec<_> = self.model.drain().map(|(key, _)| key).collect();
        keys.sort_unstable();
        while !keys.is_empty() {
            let key = keys.swap_remove(self.rng.below(keys.len() as u64) as usize);
            let loc = self.locate(&key).unwrap();
            self.db.remove(loc);
        }
        assert_eq!((self.db.used(), self.db.len(), self.db.volatile_len()), (0, 0, 0));
        assert_eq!(self.db.scan(0, |_| ()), None);
    }
}

fn churn(hash_mask: u64, keys: u64, steps: u32) {
    let mut subject = Subject::new(hash_mask);
    for step in 0..steps {
        let removals = if (step / (steps / 4)).is_multiple_of(2) { 2 } else { 9 };
        subject.step(keys, removals);
        if step % (steps / 8) == 0 {
            subject.expire(subject.db.next_deadline_ms().saturating_add(100_000));
            subject.check_all();
        }
    }
    subject.check_all();
    subject.remove_all();
}

const STEPS: u32 = if cfg!(debug_assertions) { 40_000 } else { 200_000 };

#[test]
fn agrees_with_a_model() {
    churn(u64::MAX, 3000, STEPS);
}

#[test]
fn agrees_with_a_model_when_small() {
    churn(u64::MAX, 12, STEPS / 4);
}

#[test]
fn agrees_with_a_model_when_many_hashes_collide() {
    churn(0x8000_0000_0000_0000, 400, STEPS / 4);
    churn(0, 700, STEPS / 8);
    churn(0x0000_1FE0_0000_0000, 600, STEPS / 8);
    churn(0xF000_0000_0000_0000, 6000, STEPS / 4);
}

#[test]
fn grows_to_200_000_keys_and_shrinks_to_none() {
    let mut subject = Subject::new(u64::MAX);
    let mut numbers: Vec<u32> = (0..200_000).collect();
    for number in &numbers {
        let key = number.to_le_bytes();
        subject.db.insert(subject.hash(&key), &key, NewValue::Int(i64::from(*number))).unwrap();
    }
    let table_bytes = subject.db.used() - 200_000 * 32;
    assert!(table_bytes < 200_000 * 13, "{table_bytes} bytes of table");
    while !numbers.is_empty() {
        let number = numbers.swap_remove(subject.rng.below(numbers.len() as u64) as usize);
        let key = number.to_le_bytes();
        let loc = subject.locate(&key).unwrap();
        assert_eq!(subject.db.value(loc).string(), Some(StringRef::Int(i64::from(number))));
        subject.db.remove(loc);
        assert!(subject.locate(&key).is_none());
        if numbers.len().is_multiple_of(10_000) {
            let table_bytes = subject.db.used() - numbers.len() * 32;
            assert!(table_bytes <= numbers.len() * 40 + 64, "{table_bytes} bytes for {}", numbers.len());
            assert!(numbers.iter().step_by(97).all(|number| subject.locate(&number.to_le_bytes()).is_some()));
        }
    }
    assert_eq!(subject.db.used(), 0);
}

#[test]
fn scan_returns_every_key_that_stays() {
    for (hash_mask, stays, others) in
        [(u64::MAX, 500, 30_000), (u64::MAX, 20, 3000), (0xFC00_0000_0000_0000, 50, 3000), (0, 10, 400)]
    {
        let mut subject = Subject::new(hash_mask);
        let staying: BTreeSet<Vec<u8>> = (0..stays).map(|number: u32| format!("stay{number}").into_bytes()).collect();
        for key in &staying {
            subject.db.insert(subject.hash(key), key, NewValue::Int(0)).unwrap();
        }
        let mut present: Vec<Vec<u8>> = Vec::new();
        for round in 0..if cfg!(debug_assertions) { 6 } else { 30 } {
            let mut seen: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
            let mut cursor = Some(0);
            while let Some(at) = cursor {
                let db = &subject.db;
                cursor = db.scan(at, |loc| *seen.entry(db.key(loc).to_vec()).or_default() += 1);
                // Growing and shrinking by turns, so that every kind of change happens at every position.
                let growing = (at >> 55) % 4 < 2 || present.is_empty();
                for _ in 0..subject.rng.below(1 + others / 20) {
                    if growing && present.len() < others as usize {
                        let key = format!("come{round}-{}", subject.rng.next()).into_bytes();
                        subject.db.insert(subject.hash(&key), &key, NewValue::Str(b"v")).unwrap();
                        present.push(key);
                    } else if !present.is_empty() {
                        let at = subject.rng.below(present.len() as u64) as usize;
                        let key = present.swap_remove(at);
                        let loc = subject.locate(&key).unwrap();
                        subject.db.remove(loc);
                    }
                }
            }
            assert!(staying.iter().all(|key| seen.contains_key(key)), "round {round}");
        }
    }
}

#[test]
fn random_is_uniform() {
    let mut subject = Subject::new(u64::MAX);
    for number in 0..3000u32 {
        let key = number.to_le_bytes();
        subject.db.insert(subject.hash(&key), &key, NewValue::Int(i64::from(number))).unwrap();
    }
    let mut counts = vec![0u32; 3000];
    for _ in 0..300_000 {
        let loc = subject.db.random(|| subject.rng.next()).unwrap();
        let Some(StringRef::Int(number)) = subject.db.value(loc).string() else { panic!("not an integer") };
        counts[number as usize] += 1;
    }
    // Each count is Poisson distributed around 100: seven standard deviations.
    assert!(counts.iter().all(|&count| (30..170).contains(&count)), "{:?}", counts.iter().minmax());
    assert_eq!(Db::new(0).random(|| 0), None);
}

trait MinMax: Iterator + Clone {
    fn minmax(self) -> (Option<Self::Item>, Option<Self::Item>);
}

impl<I: Iterator + Clone> MinMax for I
where
    I::Item: Ord,
{
    fn minmax(self) -> (Option<I::Item>, Option<I::Item>) {
        (self.clone().min(), self.max())
    }
}

#[test]
fn a_detached_key_can_be_put_back_and_moved() {
    let mut subject = Subject::new(u64::MAX);
    let (mut other, big) = (Db::new(0), vec![7; 100_000]);
    let hash = subject.hash(b"key");
    let loc = subject.db.insert(hash, b"key", NewValue::Str(&big)).unwrap();
    subject.db.set_deadline(loc, 42).unwrap();
    subject.db.set_access(loc, 0xABCDEF);
    let used = subject.db.used();
    let detached = subject.db.detach(loc);
    let loc = subject.db.attach(hash, b"key", detached).map_err(|(error, _)| error).unwrap();
    assert_eq!((subject.db.used(), subject.db.deadline_ms(loc)), (used, Some(42)));
    let detached = subject.db.detach(loc);
    subject.db.tidy(hash);
    assert_eq!(subject.db.used(), 0);
    let loc = other.attach(hash, b"another", detached).map_err(|(error, _)| error).unwrap();
    assert_eq!(
        (other.value(loc).string(), other.deadline_ms(loc), other.access(loc)),
        (Some(StringRef::Str(&big)), Some(42), 0xABCDEF)
    );
    assert_eq!(other.expired_loc(41), None);
    assert_eq!(other.expired_loc(42), Some(loc));
    other.remove(loc);
    assert_eq!((other.used(), other.take_garbage().len()), (0, 1));
}

#[test]
fn refused_memory_leaves_everything_as_it_was() {
    let mut subject = Subject::new(u64::MAX);
    let hash = subject.hash(b"key");
    let loc = subject.db.insert(hash, b"key", NewValue::Str(b"value")).unwrap();
    let used = subject.db.used();
    for len in [usize::MAX, isize::MAX as usize, usize::MAX / 4] {
        assert!(subject.db.string_resize(loc, len).is_err());
    }
    assert_eq!((subject.db.value(loc).string(), subject.db.used()), (Some(StringRef::Str(b"value")), used));
    subject.db.clear().unwrap();
    assert_eq!(subject.db.used(), 0);
}

#[test]
fn a_database_can_change_threads() {
    fn is_send<T: Send>(_: &T) {}
    let mut db = Db::new(0);
    db.insert(KeyHash(1), b"key", NewValue::Str(&[1; 5000])).unwrap();
    is_send(&db);
    std::thread::spawn(move || assert_eq!(db.len(), 1)).join().unwrap();
}
