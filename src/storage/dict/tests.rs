//! Dictionaries with values that count how often they are dropped, and against models.

use super::*;
use crate::storage::hash::HashSeed;

/// A large value that counts how often it was dropped.
#[derive(Debug)]
struct Tally<'t>(usize, &'t std::sync::atomic::AtomicUsize);

impl Object for Tally<'_> {
    fn memory(&self) -> usize {
        self.0
    }

    fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self(self.0, self.1))
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn large_values_are_counted_moved_and_dropped_once() {
    let dropped = std::sync::atomic::AtomicUsize::new(0);
    let count = || dropped.load(std::sync::atomic::Ordering::Relaxed);
    let seed = HashSeed::new(7).expect("memory");
    let (a, b) = (seed.hash(b"a"), seed.hash(b"b"));
    let mut dict = Dict::<Tally>::new(0);
    let loc = dict.insert(a, b"a", NewValue::Flat(Kind::Hash, b"flat")).unwrap();
    assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::Hash, b"flat")));
    assert!(dict.object_mut(loc).is_none());
    // The pointer takes as much as eight bytes of a flat encoding do.
    let mut like = Dict::<Tally>::new(0);
    like.insert(a, b"a", NewValue::Flat(Kind::Hash, b"8 bytes.")).unwrap();
    dict.set_object(loc, Kind::Hash, Box::new(Tally(1000, &dropped))).unwrap();
    dict.object_mut(loc).unwrap().0 = 5000;
    assert_eq!((dict.used(), dict.kind(loc)), (like.used() + 5000, Kind::Hash));
    assert!(dict.flat_mut(loc).is_none() && dict.string_mut(loc).is_none());

    let copy = dict.duplicate(loc).unwrap();
    let copied = dict.attach(b, b"b", copy).unwrap();
    dict.set_deadline(copied, 42).unwrap();
    assert!(matches!(dict.value(copied), ValueRef::Object(Kind::Hash, Tally(5000, _))));
    let loc = dict.locate(a, b"a").unwrap();
    dict.set_value(loc, NewValue::Str(b"text")).unwrap();
    assert_eq!((count(), dict.value(loc).string()), (1, Some(StringRef::Str(b"text"))));
    let moved = dict.detach(loc);
    dict.bury(moved);
    let loc = dict.locate(b, b"b").unwrap();
    dict.object_mut(loc).unwrap().0 = GARBAGE_MIN;
    dict.remove(loc);
    assert_eq!((count(), dict.has_garbage(), dict.used()), (1, true, 0));
    drop(dict.take_garbage());
    assert_eq!(count(), 2);
}

#[test]
fn strings_are_overwritten_and_counted_up_in_place() {
    let seed = HashSeed::new(7).expect("memory");
    for key in [&b"k"[..], b"sixteen bytes...", b"of more than 16 bytes", &[b'x'; 300]] {
        let hash = seed.hash(key);
        let mut dict = Dict::<Nothing>::new(0);
        assert_eq!(dict.overwrite(hash, key, NewValue::Int(1), 5), Err(None));
        let loc = dict.insert_used(hash, key, NewValue::Int(1), 4).unwrap();
        assert_eq!((dict.access(loc), dict.add(loc, 41), dict.add(loc, i64::MAX)), (4, Some(42), None));
        assert_eq!(dict.overwrite(hash, key, NewValue::Int(7), 5), Ok(()));
        assert_eq!((dict.access(loc), dict.value(loc).string()), (5, Some(StringRef::Int(7))));
        assert_eq!(dict.overwrite(hash, key, NewValue::Str(b"text"), 6), Err(Some(loc)));
        assert_eq!((dict.access(loc), dict.value(loc).string()), (6, Some(StringRef::Int(7))));
        dict.set_value(loc, NewValue::Str(b"text")).unwrap();
        assert_eq!((dict.add(loc, 1), dict.overwrite(hash, key, NewValue::Str(b"Text"), 6)), (None, Ok(())));
        dict.set_deadline(loc, 42).unwrap();
        let loc = dict.locate(hash, key).unwrap();
        assert_eq!(dict.overwrite(hash, key, NewValue::Str(b"TEXT"), 7), Ok(()));
        assert_eq!((dict.value(loc).string(), dict.deadline_ms(loc)), (Some(StringRef::Str(b"TEXT")), Some(42)));
        dict.set_value(loc, NewValue::Flat(Kind::Hash, b"flat")).unwrap();
        assert_eq!(dict.overwrite(hash, key, NewValue::Str(b"flat"), 7), Err(Some(loc)));
        assert_eq!(dict.add(loc, 1), None);
    }
}

/// Both kinds of deadlines on entries that grow, shrink, change their names and are copied, against a model.
#[test]
fn deadlines_follow_their_entries() {
    let mut rng = crate::storage::testing::Rng::from_env();
    let seed = HashSeed::new(rng.next()).expect("memory");
    let mut dict = Dict::<crate::storage::Nothing>::new(0);
    let mut model: std::collections::BTreeMap<Vec<u8>, [Option<i64>; 2]> = Default::default();
    let mut longest = 0;
    for _ in 0..6_000 {
        let key = rng.below(60).to_string().repeat(1 + rng.below(100) as usize % 90).into_bytes();
        let hash = seed.hash(&key);
        let deadline_ms = rng.below(1000) as i64;
        let Some(loc) = dict.locate(hash, &key) else {
            dict.insert(hash, &key, NewValue::Flat(Kind::Hash, b"")).unwrap();
            model.insert(key, [None; 2]);
            continue;
        };
        let known = model.get_mut(&key).unwrap();
        assert_eq!([dict.deadline_ms(loc), dict.inner_deadline_ms(loc)], *known);
        match rng.below(9) {
            0 => {
                dict.set_deadline(loc, deadline_ms).unwrap();
                known[0] = Some(deadline_ms);
            }
            1 => {
                dict.clear_deadline(loc);
                known[0] = None;
            }
            2 | 3 => {
                dict.set_inner_deadline(loc, deadline_ms).unwrap();
                known[1] = Some(deadline_ms);
            }
            4 => {
                dict.clear_inner_deadline(loc);
                known[1] = None;
            }
            5 => dict.flat_mut(loc).unwrap().set_len(rng.below(1500) as usize).unwrap(),
            6 => {
                dict.set_value(loc, NewValue::Flat(Kind::Hash, b"other")).unwrap();
                known[1] = None;
            }
            7 => {
                let detached = if rng.below(2) == 0 { dict.duplicate(loc).unwrap() } else { dict.detach(loc) };
                let moved = *known;
                if dict.locate(hash, &key).is_none() {
                    model.remove(&key);
                    dict.tidy(hash);
                }
                let name = [&key[..], b"x"].concat();
                if let Some(loc) = dict.locate(seed.hash(&name), &name) {
                    dict.remove(loc);
                }
                dict.attach(seed.hash(&name), &name, detached).map_err(|(error, _)| error).unwrap();
                model.insert(name, moved);
            }
            _ => {
                dict.remove(loc);
                model.remove(&key);
            }
        }
        longest = longest.max(dict.len());
        let all = |of: usize| model.values().filter_map(move |known| known[of]);
        assert_eq!(dict.next_deadline_ms(), all(0).chain(all(1)).min().unwrap_or(i64::MAX));
        let due = dict.inner_due_loc(i64::MAX - 1).and_then(|loc| dict.inner_deadline_ms(loc));
        assert_eq!(due, all(1).min());
    }
    assert!(longest > 100, "{longest}");
    let copy = dict.try_clone().unwrap();
    for (key, known) in &model {
        let loc = copy.locate(seed.hash(key), key).unwrap();
        assert_eq!([copy.deadline_ms(loc), copy.inner_deadline_ms(loc)], *known);
        let loc = dict.locate(seed.hash(key), key).unwrap();
        dict.remove(loc);
    }
    assert_eq!((copy.len(), dict.used()), (model.len(), 0));
}

#[test]
fn flat_encodings_are_edited_in_place_at_every_size() {
    let seed = HashSeed::new(7).expect("memory");
    let hash = seed.hash(b"key");
    let mut dict = Dict::<crate::storage::Nothing>::new(0);
    let loc = dict.insert(hash, b"key", NewValue::Flat(Kind::List, b"")).unwrap();
    let mut model = Vec::new();
    for (at, len) in [(0, 10), (3, 500), (509, 600), (0, 3000), (100, 7)] {
        let gap = [len as u8].repeat(len);
        Bytes::splice(&mut dict.flat_mut(loc).unwrap(), at..at, len).unwrap().copy_from_slice(&gap);
        model.splice(at..at, gap);
        assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::List, bytes) if bytes == model));
    }
    Bytes::splice(&mut dict.flat_mut(loc).unwrap(), 5..4000, 1).unwrap()[0] = 9;
    model.splice(5..4000, [9]);
    assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::List, bytes) if bytes == model));
    dict.remove(loc);
    assert_eq!(dict.used(), 0);
}

#[test]
fn sifting_shows_every_entry_once_and_removes_the_chosen() {
    for (round, count) in [0, 1, 7, 100, 3000, 20_000].into_iter().enumerate() {
        for keep_one_in in [1, 2, 10, u64::MAX] {
            let seed = HashSeed::new(round as u64).expect("memory");
            let mut dict = Dict::<Nothing>::new(0);
            let names: Vec<String> = (0..count).map(|number| format!("name:{number}")).collect();
            for (number, name) in names.iter().enumerate() {
                let loc = dict.insert(seed.hash(name.as_bytes()), name.as_bytes(), NewValue::Int(1)).unwrap();
                if number % 5 == 0 {
                    dict.set_deadline(loc, number as i64).unwrap();
                }
            }
            let stays = |name: &[u8]| name.iter().map(|byte| u64::from(*byte)).sum::<u64>().is_multiple_of(keep_one_in);
            let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), Some(0));
            while let Some(at) = cursor {
                cursor = dict.sift(at, |name| {
                    assert!(seen.insert(name.to_vec()), "twice");
                    !stays(name)
                });
            }
            assert_eq!(seen.len(), count);
            let staying: Vec<&String> = names.iter().filter(|name| stays(name.as_bytes())).collect();
            assert_eq!((dict.len(), dict.iter().count()), (staying.len(), staying.len()));
            assert!(staying.iter().all(|name| dict.locate(seed.hash(name.as_bytes()), name.as_bytes()).is_some()));
            let volatile = names.iter().step_by(5).filter(|name| stays(name.as_bytes())).count();
            assert_eq!(dict.volatile_len(), volatile);
            if staying.is_empty() {
                assert_eq!(dict.used(), Dict::<Nothing>::new(0).used());
            }
        }
    }
}
