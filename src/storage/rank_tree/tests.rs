//! The tree against a sorted vector.

use super::page::Page;
use super::*;
use crate::storage::testing::Rng;
use std::collections::BTreeSet;

/// Keys of any length; a slot is the number of a key.
#[derive(Default)]
struct Keys(Vec<Vec<u8>>);

struct Text<'k>(&'k Keys, &'k [u8], Head);

fn head_of(key: &[u8]) -> Head {
    let mut head = [0; HEAD_BYTES];
    let len = key.len().min(HEAD_BYTES);
    head[..len].copy_from_slice(&key[..len]);
    head
}

impl Probe<u32> for Text<'_> {
    fn head(&self) -> &Head {
        &self.2
    }

    fn order(&self, slot: u32) -> Ordering {
        self.0.0[slot as usize].as_slice().cmp(self.1)
    }
}

impl Keys {
    fn probe<'k>(&'k self, key: &'k [u8]) -> Text<'k> {
        Text(self, key, head_of(key))
    }

    fn heads(&self) -> impl Fn(u32) -> Head {
        |slot| head_of(&self.0[slot as usize])
    }
}

impl<S: Copy + Default + PartialEq + std::fmt::Debug> RankTree<S> {
    /// Checks the invariants.
    fn check(&self, heads: &impl Fn(S) -> Head) {
        let mut census = Census::default();
        let len = match &self.root {
            None => 0,
            Some(Root::Leaf(leaf)) => {
                census.leaves += 1;
                leaf.run.check(heads);
                leaf.count()
            }
            Some(Root::Branch(branch)) => {
                census.branches += 1;
                branch.check(heads, &mut census).1
            }
        };
        assert_eq!((len as usize, census), (self.len, self.census));
    }
}

impl<S: Copy + Default + PartialEq + std::fmt::Debug> Branch<S> {
    /// Depth and number of slots below.
    fn check(&self, heads: &impl Fn(S) -> Head, census: &mut Census) -> (usize, u32) {
        self.run.check(heads);
        let mut depths = BTreeSet::new();
        for at in 0..self.fill() {
            let (first, count) = match &self.below {
                Below::Leaves(leaves) => {
                    census.leaves += 1;
                    leaves[at].run.check(heads);
                    depths.insert(1);
                    (leaves[at].first(), leaves[at].count())
                }
                Below::Branches(branches) => {
                    census.branches += 1;
                    let (depth, count) = branches[at].check(heads, census);
                    depths.insert(depth + 1);
                    (branches[at].first(), count)
                }
            };
            assert_eq!((first, count), (self.run.slots()[at], self.counts[at]));
            assert!(count > 0, "no page is empty");
        }
        let pages = match &self.below {
            Below::Leaves(leaves) => leaves.len(),
            Below::Branches(branches) => branches.len(),
        };
        assert_eq!((depths.len(), pages), (1, self.fill()));
        (depths.into_iter().next().unwrap_or_default(), self.count())
    }
}

/// Keys that agree in long prefixes, in the bytes that heads know and beyond.
fn key(rng: &mut Rng, kinds: u64) -> Vec<u8> {
    let number = rng.below(4000);
    match rng.below(kinds) {
        0 => number.to_be_bytes().to_vec(),
        1 => format!("element:{number:012}").into_bytes(),
        2 => [&[b'x'; 60][..], number.to_string().as_bytes()].concat(),
        3 => vec![0; number as usize % 64],
        _ => [&[0; 7][..], &[b'\0', b'a'][..number as usize % 2], number.to_string().as_bytes()].concat(),
    }
}

#[test]
fn behaves_like_a_sorted_vector() {
    let mut rng = Rng::from_env();
    for seed in 0..12 {
        let (mut keys, mut tree) = (Keys::default(), RankTree::<u32>::default());
        let mut model: Vec<(Vec<u8>, u32)> = Vec::new();
        let (kinds, growth) = (1 + seed % 5, 55 + seed % 3 * 10);
        for step in 0..6000 {
            let key = key(&mut rng, kinds);
            let found = model.binary_search_by(|(other, _)| other.cmp(&key));
            assert_eq!(tree.rank(&keys.probe(&key)), found.unwrap_or_else(|at| at), "seed {seed} step {step}");
            match (rng.below(100), found) {
                (dice, Err(at)) if dice < growth => {
                    let slot = keys.0.len() as u32;
                    keys.0.push(key.clone());
                    tree.insert(slot, &keys.probe(&key), &keys.heads()).unwrap();
                    model.insert(at, (key, slot));
                }
                (dice, Ok(at)) if dice < 40 => {
                    assert_eq!(tree.remove(&keys.probe(&key), &keys.heads()), Some(model.remove(at).1));
                }
                (dice, Err(_)) if dice < 85 => {
                    assert_eq!(tree.remove(&keys.probe(&key), &keys.heads()), None);
                }
                (dice, _) if dice < 95 => {
                    let rank = rng.below(model.len() as u64 + 2) as usize;
                    let expected = (rank < model.len()).then(|| model.remove(rank).1);
                    assert_eq!(tree.remove_at(rank, &keys.heads()), expected);
                }
                _ => {
                    let longest = if rng.below(8) == 0 { 3000 } else { 100 };
                    let start = rng.below(model.len() as u64 + 1) as usize;
                    let end = (start + rng.below(longest) as usize).min(model.len());
                    let mut removed = Vec::new();
                    tree.remove_range(start..end, &keys.heads(), |slot| removed.push(slot));
                    removed.sort();
                    let mut expected: Vec<u32> = model.drain(start..end).map(|(_, slot)| slot).collect();
                    expected.sort();
                    assert_eq!(removed, expected);
                }
            }
            assert_eq!(tree.len(), model.len());
            if step % 50 == 0 {
                tree.check(&keys.heads());
                let rank = rng.below(model.len() as u64 + 2) as usize;
                assert_eq!(tree.select(rank), model.get(rank).map(|(_, slot)| *slot));
                assert!(tree.forward(rank).eq(model.iter().skip(rank).map(|(_, slot)| *slot)));
                assert!(tree.backward(rank).eq(model.iter().take(rank).rev().map(|(_, slot)| *slot)));
            }
        }
        tree.remove_range(0..usize::MAX, &keys.heads(), |_| {});
        tree.check(&keys.heads());
        assert_eq!((tree.len(), tree.memory()), (0, 0));
    }
}

/// Integers as slots and keys at once.
struct Number(u64, Head);

impl Number {
    fn new(number: u64) -> Self {
        Self(number, number_head(number))
    }
}

fn number_head(number: u64) -> Head {
    head_of(&number.to_be_bytes())
}

impl Probe<u64> for Number {
    fn head(&self) -> &Head {
        &self.1
    }

    fn order(&self, slot: u64) -> Ordering {
        slot.cmp(&self.0)
    }
}

fn built(numbers: impl Iterator<Item = u64>) -> RankTree<u64> {
    let mut tree = RankTree::default();
    for number in numbers {
        tree.insert(number, &Number::new(number), &number_head).unwrap();
    }
    tree.check(&number_head);
    tree
}

fn fill(tree: &RankTree<u64>) -> f64 {
    tree.len() as f64 / (tree.census.leaves * LEAF_SLOTS) as f64
}

#[test]
fn pages_are_well_filled() {
    let count = 60_000;
    let mut rng = Rng::from_env();
    let at_random = built((0..count).map(|_| rng.next()));
    assert!(fill(&at_random) > 0.82, "{}", fill(&at_random));
    assert!(fill(&built(0..count)) > 0.99);
    let descending = built((0..count).rev());
    assert!(fill(&descending) > 0.99, "{}", fill(&descending));
    // Several ascending sequences side by side.
    let interleaved = built((0..count).map(|n| (n % 7) << 32 | n));
    assert!(fill(&interleaved) > 0.75, "{}", fill(&interleaved));
    let mut thinned = at_random;
    for rank in (0..thinned.len()).rev().filter(|rank| rank % 4 != 0) {
        thinned.remove_at(rank, &number_head).unwrap();
    }
    thinned.check(&number_head);
    assert!(fill(&thinned) > 0.45, "{}", fill(&thinned));
    assert_eq!(size_of::<Leaf<[u16; 3]>>(), 768);
}

#[test]
fn a_key_changes_in_place_only_between_its_neighbours() {
    let (mut keys, mut tree) = (Keys::default(), RankTree::<u32>::default());
    for slot in 0..1000 {
        keys.0.push(format!("{slot:04}5").into_bytes());
        tree.insert(slot, &keys.probe(&keys.0[slot as usize]), &keys.heads()).unwrap();
    }
    let mut stayed = 0;
    for slot in 0..1000 {
        let old = keys.0[slot].clone();
        let (near, far) = (format!("{slot:04}7").into_bytes(), format!("{:04}8", slot + 1).into_bytes());
        assert!(!tree.rename(&keys.probe(&old), &keys.probe(&far)));
        if tree.rename(&keys.probe(&old), &keys.probe(&near)) {
            keys.0[slot] = near;
            stayed += 1;
        }
    }
    tree.check(&keys.heads());
    assert!((900..1000).contains(&stayed), "{stayed}");
}
