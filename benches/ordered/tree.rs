//! Ours.

use super::Ordered;
use super::members::Members;
use redisrs::types::zset::rank_tree::{HEAD_BYTES, Head, Probe, RankTree};
use std::cmp::Ordering;

#[derive(Default)]
pub struct Tree(RankTree<u32>);

/// A key: the score as eight bytes that sort like it, then the name.
struct Key<'m> {
    members: &'m Members,
    score: f64,
    name: &'m [u8],
    head: Head,
}

fn head(score: f64, name: &[u8]) -> Head {
    let bits = score.to_bits();
    let sortable = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(&sortable.to_be_bytes());
    let len = name.len().min(HEAD_BYTES - 8);
    head[8..8 + len].copy_from_slice(&name[..len]);
    head
}

impl<'m> Key<'m> {
    fn new(members: &'m Members, score: f64, name: &'m [u8]) -> Self {
        Self { members, score, name, head: head(score, name) }
    }

    fn of(members: &'m Members, slot: u32) -> Self {
        Self::new(members, members.score(slot), members.name(slot))
    }
}

impl Probe<u32> for Key<'_> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn order(&self, slot: u32) -> Ordering {
        self.members.score(slot).total_cmp(&self.score).then_with(|| self.members.name(slot).cmp(self.name))
    }
}

impl Ordered for Tree {
    const NAME: &'static str = "B+-tree";

    fn insert(&mut self, members: &Members, slot: u32) {
        let heads = |slot| head(members.score(slot), members.name(slot));
        self.0.insert(slot, &Key::of(members, slot), &heads).expect("memory");
    }

    fn remove(&mut self, members: &Members, slot: u32) {
        let heads = |slot| head(members.score(slot), members.name(slot));
        self.0.remove(&Key::of(members, slot), &heads).expect("it is there");
    }

    fn rank(&self, members: &Members, slot: u32) -> usize {
        self.0.rank(&Key::of(members, slot))
    }

    fn select(&self, rank: usize) -> u32 {
        self.0.select(rank).expect("it is there")
    }

    fn range(&self, members: &Members, score: f64, count: usize) -> u64 {
        let start = self.0.rank(&Key::new(members, score, b""));
        self.0.forward(start).take(count).map(u64::from).sum()
    }

    fn bytes(&self) -> usize {
        self.0.memory()
    }
}
