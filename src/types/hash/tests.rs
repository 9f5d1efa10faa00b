//! Hashes against a naive model, at the borders of their encodings and with a clock that the test moves.
//! `KEYSPACE_SEED=n` repeats a run.

use super::flat::{self, Flat};
use super::{Deadline, Editor, Hash, HashRef, Holder, Item, Limits, NOTHING_DUE, Opened, Owned, Text, text_of};
use crate::storage::testing::Rng;
use crate::storage::{HashSeed, StringRef};

/// What the model knows of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    field: Vec<u8>,
    value: Vec<u8>,
    deadline_ms: Option<i64>,
}

fn known(item: Item<'_>) -> Known {
    let text = |element: StringRef<'_>| text_of(element, &mut [0; 20]).to_vec();
    Known { field: text(item.field), value: text(item.value), deadline_ms: item.deadline_ms }
}

fn text(bytes: &[u8]) -> Text<'_> {
    let int = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<i64>().ok());
    Text { bytes, int: int.filter(|int| int.to_string().as_bytes() == bytes) }
}

/// A hash that is not stored, and its model.
struct Subject<'s> {
    seed: &'s HashSeed,
    limits: Limits,
    hash: Owned,
    model: Vec<Known>,
    now_ms: i64,
    rng: &'s mut Rng,
}

impl<'s> Subject<'s> {
    fn new(seed: &'s HashSeed, limits: Limits, rng: &'s mut Rng) -> Self {
        Self { seed, limits, hash: Owned::default(), model: Vec::new(), now_ms: 1000, rng }
    }

    fn edit<R>(&mut self, edit: impl FnOnce(&mut Editor<'_, Owned>) -> R) -> R {
        let mut editor = Editor::new(std::mem::take(&mut self.hash), self.seed, self.limits, self.now_ms);
        let result = edit(&mut editor);
        self.hash = editor.into_holder();
        result
    }

    fn some_text(&mut self, count: u64) -> Vec<u8> {
        let number = self.rng.below(count);
        match number % 7 {
            0 => (number as i64 - count as i64 / 2).to_string().into_bytes(),
            1 => (number << (number % 60)).to_string().into_bytes(),
            2 => number.to_string().repeat(1 + number as usize % 20).into_bytes(),
            3 => [&[0xE0, 0xFF, b'0'][..], &number.to_le_bytes()].concat(),
            4 if number.is_multiple_of(5) => vec![b'x'; number as usize % 300],
            _ => format!("field:{number}").into_bytes(),
        }
    }

    /// As a lookup of the key does it: what is due goes, from a large hash only a part.
    fn settle(&mut self) {
        let now_ms = self.now_ms;
        let due = self.model.iter().filter(|known| known.deadline_ms.is_some_and(|ms| ms <= now_ms)).count();
        self.model.retain(|known| known.deadline_ms.is_none_or(|ms| ms > now_ms));
        match self.hash.open() {
            Opened::Flat(mut bytes) => assert_eq!(flat::expire(&mut bytes, now_ms), due),
            Opened::Large(hash) => assert!(hash.expire(now_ms, 2) <= 2),
        }
    }

    fn step(&mut self, fields: u64) {
        let field = self.some_text(fields);
        let at = self.model.iter().position(|known| known.field == field);
        match self.rng.below(12) {
            0..=4 => {
                let value = self.some_text(1 << 20);
                let keep = if self.rng.below(2) == 0 { Deadline::Keep } else { Deadline::Drop };
                assert_eq!(self.edit(|hash| hash.set(text(&field), text(&value), keep)), Ok(at.is_none()));
                match at {
                    Some(at) => {
                        self.model[at].value = value;
                        if keep == Deadline::Drop {
                            self.model[at].deadline_ms = None;
                        }
                    }
                    None => self.model.push(Known { field, value, deadline_ms: None }),
                }
            }
            5 | 6 => {
                assert_eq!(self.edit(|hash| hash.remove(text(&field))), at.is_some());
                if let Some(at) = at {
                    self.model.remove(at);
                }
            }
            7 | 8 => {
                let deadline_ms = (self.rng.below(3) > 0).then(|| self.now_ms + 1 + self.rng.below(50) as i64);
                self.edit(|hash| hash.set_deadline(text(&field), deadline_ms)).unwrap();
                if let Some(at) = at {
                    self.model[at].deadline_ms = deadline_ms;
                }
            }
            9 => self.now_ms += self.rng.below(10) as i64,
            _ => {
                let got = self.edit(|hash| hash.get(text(&field)).map(known));
                assert_eq!(got.as_ref(), at.map(|at| &self.model[at]));
            }
        }
    }

    fn check(&mut self) {
        let hash = self.hash.read();
        assert_eq!(hash.len(self.now_ms), self.model.len());
        assert_eq!(hash.is_spent(self.now_ms), self.model.is_empty());
        let mut all: Vec<Known> = hash.iter(self.now_ms).map(known).collect();
        match hash {
            HashRef::Flat(_) => {
                assert_eq!(all, self.model);
                let next = self.model.iter().filter_map(|known| known.deadline_ms).min();
                assert_eq!(hash.next_deadline_ms(), next.unwrap_or(i64::MAX));
                assert!(all.len() <= self.limits.entries);
            }
            HashRef::Large(hash) => {
                all.sort();
                let mut model = self.model.clone();
                model.sort();
                assert_eq!(all, model);
                let rng = &mut *self.rng;
                let random = hash.random(self.now_ms, || rng.next()).map(known);
                assert!(random.as_ref().map_or(model.is_empty(), |random| model.contains(random)));
                let mut scanned = Vec::new();
                let mut cursor = Some(0);
                while let Some(at) = cursor {
                    cursor = hash.scan(at, self.now_ms, |item| scanned.push(known(item)));
                }
                scanned.sort();
                assert_eq!(scanned, model);
                let copy = hash.duplicate().unwrap();
                let mut copied: Vec<Known> = copy.iter(self.now_ms).map(known).collect();
                copied.sort();
                assert_eq!((copied, copy.next_deadline_ms()), (model, hash.next_deadline_ms()));
            }
        }
    }
}

#[test]
fn agrees_with_the_model_at_the_borders_of_its_encodings() {
    let mut rng = Rng::from_env();
    let seed = HashSeed::new(rng.next()).expect("memory");
    let (mut flat, mut large) = (0, 0);
    for round in 0..60 {
        let entries = [0, 1, 5, 8, 40, 600][round % 6];
        let limits = Limits { entries, value_bytes: [64, 100, 10_000][round % 3] };
        let fields = entries as u64 * [1, 2][round % 2] + 3;
        let mut subject = Subject::new(&seed, limits, &mut rng);
        for step in 0..600 {
            subject.settle();
            subject.step(fields);
            if step % 8 == 0 {
                subject.settle();
                subject.check();
            }
        }
        match subject.hash.open() {
            Opened::Flat(_) => flat += 1,
            Opened::Large(_) => large += 1,
        }
        // Time passes, and all fields with deadlines go.
        subject.now_ms += 1000;
        subject.settle();
        subject.check();
    }
    assert!(flat > 5 && large > 20, "{flat} {large}");
}

#[test]
fn is_a_hashtable_exactly_where_the_limits_say() {
    let seed = HashSeed::new(1).expect("memory");
    let limits = Limits { entries: 3, value_bytes: 4 };
    let is_hashtable = |pairs: &[(&str, &str)]| {
        let mut editor = Editor::create(&seed, limits);
        for (field, value) in pairs {
            editor.set(text(field.as_bytes()), text(value.as_bytes()), Deadline::Drop).unwrap();
        }
        editor.into_holder().read().is_hashtable()
    };
    assert!(!is_hashtable(&[("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")]));
    assert!(is_hashtable(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]));
    assert!(!is_hashtable(&[("abcd", "abcd"), ("1234", "-999")]));
    assert!(is_hashtable(&[("abcde", "")]));
    assert!(is_hashtable(&[("", "abcde")]));
    // The text of an integer counts, not the bytes it is packed into.
    assert!(is_hashtable(&[("a", "12345")]));
}

#[test]
fn a_long_value_makes_a_small_hash_a_hashtable_by_name_only() {
    let seed = HashSeed::new(1).expect("memory");
    let mut editor = Editor::create(&seed, Limits { entries: 5, value_bytes: 64 });
    let (long, longer) = ([b'x'; 100], [b'y'; 2000]);
    let set = |editor: &mut Editor<'_, Owned>, field: &str, value: &[u8]| {
        editor.set(text(field.as_bytes()), text(value), Deadline::Drop).unwrap()
    };
    let form = |editor: &mut Editor<'_, Owned>| {
        let hash = editor.holder().read();
        (matches!(hash, HashRef::Flat(_)), hash.is_hashtable(), hash.len(NOTHING_DUE))
    };
    assert!(set(&mut editor, "a", b"1") && set(&mut editor, "b", &long));
    assert_eq!(form(&mut editor), (true, true, 2));
    // Once a hash table, it stays one.
    assert!(editor.remove(text(b"b")));
    editor.set_deadline(text(b"a"), Some(5)).unwrap();
    assert_eq!(form(&mut editor), (true, true, 1));
    let Opened::Flat(bytes) = editor.holder().open() else { panic!("flat") };
    assert_eq!((flat::expire(bytes, 5), super::flat_encoding(bytes)), (1, "hashtable"));
    assert!(set(&mut editor, "c", &longer));
    assert_eq!(form(&mut editor), (true, true, 1));
    assert!(!set(&mut editor, "c", &long) && set(&mut editor, "d", &longer[..1900]));
    assert_eq!(form(&mut editor), (true, true, 2));
    assert!(set(&mut editor, "e", &long));
    assert_eq!(form(&mut editor), (false, true, 3));
    assert_eq!(editor.get(text(b"d")).map(|item| item.value), Some(StringRef::Str(&longer[..1900])));
    // Too many fields for a listpack are too many for this, too.
    let mut editor = Editor::create(&seed, Limits { entries: 5, value_bytes: 64 });
    for number in 0..6 {
        set(&mut editor, &number.to_string(), &long);
        assert_eq!(form(&mut editor), (number < 5, true, number + 1));
    }
}

#[test]
fn overwrites_in_place_what_has_the_same_size() {
    let mut bytes = flat::EMPTY.to_vec();
    let set = |bytes: &mut Vec<u8>, field: &[u8], value: &[u8]| {
        flat::set(bytes, &text(field).coded(), &text(value).coded(), Deadline::Drop).unwrap()
    };
    assert!(set(&mut bytes, b"field", b"value"));
    assert!(set(&mut bytes, b"count", b"1000"));
    assert_eq!(bytes.len(), 2 + 6 + 6 + 6 + 3);
    let place = bytes.as_ptr();
    assert!(!set(&mut bytes, b"field", b"other"));
    assert!(!set(&mut bytes, b"count", b"-999"));
    assert_eq!((bytes.as_ptr(), bytes.len()), (place, 2 + 6 + 6 + 6 + 3));
    // A deadline takes seven bytes, none takes one.
    flat::set_deadline(&mut bytes, &text(b"count").coded(), Some(1_700_000_000_000)).unwrap();
    assert_eq!(bytes.len(), 2 + 6 + 6 + 6 + 3 + 1 + 7);
    assert_eq!(Flat::new(&bytes).next_deadline_ms(), 1_700_000_000_000);
}

#[test]
fn a_million_due_fields_are_seen_to_be_gone_at_once() {
    let seed = HashSeed::new(1).expect("memory");
    let mut hash = Hash::default();
    let count = 20_000;
    for number in 0..count {
        let field = format!("field:{number}");
        let at = seed.hash(field.as_bytes());
        hash.set(at, field.as_bytes(), StringRef::Int(number), Deadline::Drop, i64::MIN).unwrap();
        hash.set_deadline(at, field.as_bytes(), Some(1000 + number % 2)).unwrap();
    }
    assert_eq!(hash.len(999), 20_000);
    assert_eq!((hash.len(1000), hash.iter(1000).count(), hash.is_spent(1000)), (10_000, 10_000, false));
    assert!(hash.is_surely_spent(1001) && hash.is_spent(1001));
    let (at, field) = (seed.hash(b"field:1"), b"field:1");
    hash.set_deadline(at, field, Some(5000)).unwrap();
    assert!(!hash.is_spent(1001) && hash.len(1001) == 1);
    assert_eq!(known(hash.random(1001, || 7).unwrap()).field, field);
    assert!(hash.remove(at, field, 1001));
    assert!(!hash.is_surely_spent(1001) && hash.is_spent(1001));
    assert_eq!(hash.expire(1001, 50), 50);
    // A field that is gone but still there is new when it is set.
    let left = hash.iter(0).next().map(known).unwrap();
    let at = seed.hash(&left.field);
    assert_eq!(hash.set(at, &left.field, StringRef::Str(b"new"), Deadline::Keep, 1001), Ok(true));
    assert_eq!(hash.get(at, &left.field, 1001).and_then(|item| item.deadline_ms), None);
}

#[test]
fn random_fields_are_equally_likely() {
    let seed = HashSeed::new(1).expect("memory");
    let mut rng = Rng::from_env();
    let mut hash = Hash::default();
    for number in 0..40 {
        let field = [b'a' + number];
        hash.set(seed.hash(&field), &field, StringRef::Int(1), Deadline::Drop, i64::MIN).unwrap();
    }
    let mut counts = [0; 40];
    for _ in 0..4000 {
        let mut chosen = Vec::new();
        hash.sample(10, i64::MIN, || rng.next(), |item| chosen.push(known(item).field[0])).unwrap();
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!(chosen.len(), 10);
        chosen.iter().for_each(|field| counts[usize::from(field - b'a')] += 1);
    }
    assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

/// Whatever the bytes are, reading them does not panic, nor does changing them if they have a header.
#[test]
fn survives_bytes_that_are_no_hash() {
    let mut rng = Rng::from_env();
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = (0..rng.below(40)).map(|_| rng.next() as u8).collect();
        let flat = Flat::new(&bytes);
        let count = flat.iter().count();
        assert!(count <= flat.len());
        let field = [rng.next() as u8];
        let field = text(&field[..rng.below(2) as usize]);
        flat.get(&field.coded());
        match rng.below(4) {
            _ if bytes.len() < flat::EMPTY.len() => {}
            0 => drop(flat::set(&mut bytes, &field.coded(), &text(b"v").coded(), Deadline::Drop)),
            1 => drop(flat::remove(&mut bytes, &field.coded())),
            2 => drop(flat::set_deadline(&mut bytes, &field.coded(), Some(5))),
            _ => drop(flat::expire(&mut bytes, 100)),
        }
    }
}
