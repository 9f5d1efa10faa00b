//! Logs against a `BTreeMap`, groups against plain maps, over small blocks so that their borders are everywhere.

use super::*;
use crate::storage::testing::Rng;
use std::collections::{BTreeMap, BTreeSet};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn text(value: Value<'_>) -> Vec<u8> {
    value.text(&mut [0; 20]).to_vec()
}

fn owned(entry: &Entry<'_>) -> (Id, Pairs) {
    let pairs: Pairs = entry.pairs().map(|(field, value)| (text(field), text(value))).collect();
    assert_eq!(pairs.len(), entry.pair_count());
    (entry.id, pairs)
}

fn random_pairs(random: &mut Rng) -> Pairs {
    let fields: &[&str] = match random.below(5) {
        0..=2 => &["f", "12"],
        3 => &["f", "13"],
        _ => &["temperature"],
    };
    let mut value = || match random.below(6) {
        0 => Vec::new(),
        1 => (random.next() as i64 >> random.below(64)).to_string().into_bytes(),
        2 if random.below(8) == 0 => vec![b'x'; random.below(5000) as usize],
        _ => vec![b'v'; random.below(70) as usize],
    };
    fields.iter().map(|field| (field.as_bytes().to_vec(), value())).collect()
}

fn append(log: &mut Log, id: Id, pairs: &Pairs, limits: Limits) -> Result<(), AppendError> {
    let flat: Vec<&[u8]> = pairs.iter().flat_map(|(field, value)| [&field[..], &value[..]]).collect();
    log.append(id, &flat, limits)
}

/// Everything about a log that can be told from the model.
fn check(log: &Log, model: &BTreeMap<Id, Pairs>) {
    let forwards: BTreeMap<Id, Pairs> = log.range(Id::MIN, Id::MAX).map(|entry| owned(&entry)).collect();
    assert_eq!(&forwards, model);
    let backwards: Vec<Id> = log.range_rev(Id::MIN, Id::MAX).map(|entry| entry.id).collect();
    assert!(backwards.iter().rev().eq(model.keys()));
    assert_eq!(log.len(), model.len() as u64);
    assert_eq!(log.top(), model.last_key_value().map(|(id, _)| *id));
    assert_eq!(log.first_id(), model.first_key_value().map_or(Id::MIN, |(id, _)| *id));
    assert_eq!(log.blocks().map(Block::live).sum::<u64>(), log.len());
    assert_eq!(log.blocks().count(), log.block_count());
    assert_eq!(log.memory(), log.index().recounted());
    assert_eq!(log.radix_nodes(), naive_radix_nodes(log));
}

/// Redis's radix tree, node by node: the distinct prefixes of all keys, runs without branches counted once.
fn naive_radix_nodes(log: &Log) -> usize {
    let keys: Vec<[u8; 16]> = log.blocks().map(|block| block.first().to_bytes()).collect();
    let mut children: BTreeMap<&[u8], BTreeSet<u8>> = BTreeMap::new();
    for key in &keys {
        for len in 0..16 {
            children.entry(&key[..len]).or_default().insert(key[len]);
        }
    }
    let branches = |prefix: &[u8]| children.get(prefix).map_or(0, BTreeSet::len) > 1;
    let starts_run = |prefix: &[u8]| !branches(prefix) && (prefix.is_empty() || branches(&prefix[..prefix.len() - 1]));
    let inner = children.keys().filter(|prefix| branches(prefix) || starts_run(prefix)).count();
    keys.len() + inner + usize::from(keys.is_empty())
}

fn random_id(random: &mut Rng, model: &BTreeMap<Id, Pairs>) -> Id {
    let known = model.keys().nth(random.below(model.len().max(1) as u64) as usize);
    match (random.below(4), known) {
        (0, _) | (_, None) => Id::new(random.below(300), random.below(4)),
        (1, Some(id)) => id.next().unwrap(),
        (2, Some(id)) => id.previous().unwrap(),
        (_, Some(id)) => *id,
    }
}

fn random_trim(random: &mut Rng, model: &BTreeMap<Id, Pairs>) -> Trim {
    let to = if random.below(2) == 0 {
        TrimTo::Len((model.len() as u64 + 2).saturating_sub(random.below(30)))
    } else {
        TrimTo::Id(random_id(random, model))
    };
    let whole_blocks = random.below(2) == 0;
    let limit = if whole_blocks && random.below(2) == 0 { random.below(20) } else { 0 };
    Trim { to, whole_blocks, limit }
}

/// What Redis removes: whole blocks while that keeps enough, then single entries if it may.
fn naive_trim(log: &Log, model: &mut BTreeMap<Id, Pairs>, trim: Trim) -> u64 {
    let blocks: Vec<(Id, Vec<Id>)> = log
        .blocks()
        .map(|block| (block.last(), block.entries().filter(|entry| !entry.is_deleted).map(|entry| entry.id).collect()))
        .collect();
    let before = model.len();
    for (last, ids) in blocks {
        let removed = (before - model.len()) as u64;
        let goes_whole = match trim.to {
            TrimTo::Len(len) if model.len() as u64 <= len => break,
            TrimTo::Len(len) => (model.len() - ids.len()) as u64 >= len,
            TrimTo::Id(id) => last < id,
        };
        if (trim.limit != 0 && removed + ids.len() as u64 > trim.limit) || !goes_whole {
            break;
        }
        ids.iter().for_each(|id| drop(model.remove(id)));
    }
    if !trim.whole_blocks {
        match trim.to {
            TrimTo::Len(len) => while model.len() as u64 > len && model.pop_first().is_some() {},
            TrimTo::Id(id) => *model = model.split_off(&id),
        }
    }
    (before - model.len()) as u64
}

fn run(seed: u64) {
    let mut random = Rng::seeded(seed);
    let mut log = Log::default();
    let mut model = BTreeMap::new();
    let mut last = Id::MIN;
    let mut limits = Limits { bytes: 4096, entries: 3 };
    for step in 0..300 {
        match random.below(20) {
            0..=9 => {
                for _ in 0..random.below(6) {
                    let id = match random.below(3) {
                        0 => last.next().unwrap(),
                        1 => Id::new(last.ms + random.below(70), last.seq + 1),
                        _ => Id::new(last.ms + 1, random.below(3)),
                    };
                    let pairs = random_pairs(&mut random);
                    append(&mut log, id, &pairs, limits).unwrap();
                    assert_eq!(append(&mut log, id, &pairs, limits), Err(AppendError::NotAbove));
                    model.insert(id, pairs);
                    last = id;
                }
            }
            10..=13 => {
                let id = random_id(&mut random, &model);
                assert_eq!(log.get(id).map(|entry| owned(&entry).1).as_ref(), model.get(&id));
                assert_eq!(log.delete(id), model.remove(&id).is_some());
            }
            14 | 15 => {
                let trim = random_trim(&mut random, &model);
                let expected = naive_trim(&log, &mut model, trim);
                let (deleted, removed) = log.trim(trim);
                assert_eq!(removed.memory(), removed.index().recounted());
                assert_eq!(deleted, expected, "{trim:?} in step {step}");
            }
            16 | 17 => {
                let (a, b) = (random_id(&mut random, &model), random_id(&mut random, &model));
                let expected: Vec<Id> =
                    if a <= b { model.range(a..=b).map(|(id, _)| *id).collect() } else { Vec::new() };
                assert!(log.range(a, b).map(|entry| entry.id).eq(expected.iter().copied()));
                assert!(log.range_rev(a, b).map(|entry| entry.id).eq(expected.iter().rev().copied()));
            }
            18 => {
                // The last id may be set back to the last entry that is there: then deleted ones have greater ids.
                last = model.last_key_value().map_or(Id::MIN, |(id, _)| *id);
                log.set_last_id(last, None, Id::MIN);
                limits = Limits { bytes: [0, 200, 4096][random.below(3) as usize], entries: random.below(8) };
            }
            _ => {
                let copy = log.duplicate().unwrap();
                assert_eq!(copy.counters(), log.counters());
                log = copy;
            }
        }
        check(&log, &model);
    }
}

#[test]
fn logs_are_like_ordered_maps() {
    for seed in 1..16 {
        println!("seed {seed}");
        run(seed);
    }
}

#[test]
fn long_blocks_are_walked_back_in_pieces() {
    let mut log = Log::default();
    let limits = Limits { bytes: 0, entries: 0 };
    for n in 1..5000 {
        log.append(Id::new(n, n % 3), &[b"f", b"v"], limits).unwrap();
    }
    (10..4990).step_by(7).for_each(|n| assert!(log.delete(Id::new(n, n % 3))));
    assert_eq!(log.block_count(), 1);
    let forwards: Vec<Id> = log.range(Id::new(5, 0), Id::new(4900, 0)).map(|entry| entry.id).collect();
    let backwards: Vec<Id> = log.range_rev(Id::new(5, 0), Id::new(4900, 0)).map(|entry| entry.id).collect();
    assert!(forwards.iter().eq(backwards.iter().rev()));
}

#[test]
fn many_blocks_fill_their_leaves_and_go_from_everywhere() {
    let limits = Limits { bytes: 0, entries: 1 };
    let ids = || (1..1000).map(|n| Id::new(n * 1000, n));
    let mut random = Rng::seeded(3);
    let mut log = Log::default();
    let mut model = BTreeMap::new();
    for id in ids() {
        append(&mut log, id, &vec![(b"f".to_vec(), b"v".to_vec())], limits).unwrap();
        model.insert(id, vec![(b"f".to_vec(), b"v".to_vec())]);
    }
    check(&log, &model);
    for kept in [999, 998, 937, 936, 871, 500, 1, 0] {
        let (mut short, mut rest) = (log.duplicate().unwrap(), model.clone());
        let trim = Trim { to: TrimTo::Len(kept), whole_blocks: true, limit: 0 };
        let (deleted, removed) = short.trim(trim);
        assert_eq!(deleted, naive_trim(&log, &mut rest, trim));
        assert_eq!(removed.memory(), removed.index().recounted());
        check(&short, &rest);
    }
    while !model.is_empty() {
        for _ in 0..50 {
            let id = random_id(&mut random, &model);
            assert_eq!(log.delete(id), model.remove(&id).is_some());
        }
        check(&log, &model);
    }
    assert_eq!(log.block_count(), 0);
}

/// Blocks are moved from one log to another as RESTORE does it.
#[test]
fn blocks_are_built_anew_from_their_entries() {
    let mut random = Rng::seeded(5);
    let mut log = Log::default();
    let mut last = Id::MIN;
    for _ in 0..300 {
        last = Id::new(last.ms + random.below(3), last.seq + 1);
        append(&mut log, last, &random_pairs(&mut random), Limits { bytes: 4096, entries: 20 }).unwrap();
    }
    for _ in 0..100 {
        log.delete(Id::new(random.below(300), random.below(300)));
    }
    let mut copy = Log::default();
    for block in log.blocks() {
        let fields: Vec<Vec<u8>> = block.fields().map(text).collect();
        let mut built = Block::new(block.first(), fields.iter().map(|field| &field[..]), 0).unwrap();
        for entry in block.entries() {
            let (id, pairs) = owned(&entry);
            let flat: Vec<&[u8]> = pairs.iter().flat_map(|(field, value)| [&field[..], &value[..]]).collect();
            built.append(id, &flat).unwrap();
            if entry.is_deleted {
                built.delete_last();
            }
        }
        assert_eq!((built.live(), built.deleted(), built.last()), (block.live(), block.deleted(), block.last()));
        copy.push_block(built).unwrap();
    }
    copy.set_counters(log.counters());
    let model = log.range(Id::MIN, Id::MAX).map(|entry| owned(&entry)).collect();
    check(&copy, &model);
    let again = log.blocks().next().unwrap().duplicate().unwrap();
    assert_eq!(copy.push_block(again), Err(AppendError::NotAbove));
}

#[test]
fn usual_entries_take_a_byte_and_their_values() {
    let mut log = Log::default();
    for n in 0..10_000 {
        let pairs: [&[u8]; 4] = [b"temp", b"12.34567", b"hum", b"89.01234"];
        log.append(Id::new(1_700_000_000_000 + n, 0), &pairs, Limits { bytes: 4096, entries: 100 }).unwrap();
    }
    assert_eq!(log.block_count(), 100);
    assert!(log.memory() < 10_000 * 23, "{}", log.memory());
}

fn check_group(group: &Group, model: &BTreeMap<Id, (Vec<u8>, u64)>) {
    let listed =
        group.pending().iter().map(|(id, pending)| (*id, (group.name_of(pending).to_vec(), pending.deliveries)));
    assert!(listed.eq(model.clone()));
    for consumer in group.consumers() {
        let own = model.iter().filter(|(_, (owner, _))| **owner == *consumer.name).map(|(id, _)| id);
        assert!(consumer.pending().iter().eq(own));
    }
    assert_eq!(group.consumers().count(), group.consumer_count());
    assert!(group.consumers().map(|consumer| &consumer.name).is_sorted());
    let middle = Id::new(150, 0);
    assert!(group.pending_from(middle).map(|(id, _)| id).eq(model.range(middle..).map(|(id, _)| id)));
    assert_eq!(group.find_pending(middle).map(|pending| pending.deliveries), model.get(&middle).map(|known| known.1));
}

#[test]
fn groups_keep_their_lists_together() {
    for seed in 1..20 {
        let mut random = Rng::seeded(seed);
        let mut groups = Groups::default();
        assert!(groups.add(b"g", Group::new(Id::MIN, None)).unwrap() && !groups.add(b"g", Group::default()).unwrap());
        let mut model: BTreeMap<Id, (Vec<u8>, u64)> = BTreeMap::new();
        let names: [&[u8]; 4] = [b"", b"a", b"b", b"consumer"];
        for step in 0..1000 {
            let mut group = groups.get_mut(b"g").unwrap();
            let name = names[random.below(4) as usize];
            let id = Id::new(random.below(300), 0);
            match random.below(10) {
                0..=5 => {
                    let (consumer, _) = group.see_consumer(name, 7).unwrap();
                    let deliveries = random.below(5);
                    group.assign(id, Pending { consumer, delivered_ms: 7, deliveries }).unwrap();
                    model.insert(id, (name.to_vec(), deliveries));
                }
                6 | 7 => assert_eq!(group.acknowledge(id), model.remove(&id).is_some()),
                8 => {
                    group.deliver_again(id, 8);
                    model.entry(id).and_modify(|(_, deliveries)| *deliveries += 1);
                }
                // Rarely enough that much is pending sometimes.
                _ if random.below(20) == 0 => {
                    let before = model.len();
                    let known = group.find_consumer(name).is_some();
                    model.retain(|_, (owner, _)| owner != name);
                    let deleted = group.delete_consumer(name).map(|(count, _)| count);
                    assert_eq!(deleted, known.then_some(before - model.len()));
                }
                _ => {
                    let idle = group.find_consumer(name).is_some() && !model.values().any(|(owner, _)| owner == name);
                    assert_eq!(group.delete_if_idle(name), idle);
                }
            }
            check_group(&group, &model);
            drop(group);
            if step % 50 == 0 {
                let copy = groups.duplicate().unwrap();
                check_group(copy.get(b"g").unwrap(), &model);
                assert!(copy.memory() <= groups.memory());
                groups = copy;
            }
        }
        assert!(groups.memory() > 0 && groups.remove(b"g").is_some());
        assert_eq!(groups.memory(), 0);
    }
}

#[test]
fn lag_is_told_from_counters_while_there_is_no_hole() {
    let mut stream = Stream::default();
    let limits = Limits { bytes: 4096, entries: 100 };
    let at = |n| Id::new(n, 0);
    assert_eq!(stream.lag(&Group::new(Id::MIN, None)), Some(0));
    (1..=10).for_each(|n| stream.log.append(at(n), &[b"f", b"v"], limits).unwrap());
    assert_eq!(stream.lag(&Group::new(Id::MIN, None)), Some(10));
    assert_eq!(stream.lag(&Group::new(at(1), None)), Some(9));
    assert_eq!(stream.lag(&Group::new(at(5), None)), None);
    assert_eq!(stream.lag(&Group::new(at(5), Some(5))), Some(5));
    assert_eq!(stream.lag(&Group::new(at(10), None)), Some(0));
    let mut group = Group::new(at(3), None);
    Stream::advance(&stream.log, &mut group, at(4));
    assert_eq!((group.last_id, group.entries_read()), (at(4), None));
    group.set_entries_read(Some(4));
    Stream::advance(&stream.log, &mut group, at(5));
    assert_eq!(group.entries_read(), Some(5));
    stream.log.delete(at(8));
    assert_eq!(stream.lag(&group), None);
    assert_eq!(stream.lag(&Group::new(at(9), Some(9))), Some(1));
    stream.log.trim(Trim { to: TrimTo::Id(at(9)), whole_blocks: false, limit: 0 });
    assert_eq!(stream.lag(&Group::new(at(2), None)), Some(2));
}
