//! A skiplist with spans.

use super::Ordered;
use super::members::{Members, Random};
use std::cmp::Ordering;

const LEVELS_MAX: usize = 32;
/// No node. The head is node 0.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    score: f64,
    slot: u32,
    back: u32,
    /// Where its links are, and how many.
    tower: u32,
    levels: u32,
}

#[derive(Clone, Copy)]
struct Link {
    next: u32,
    /// How many places further that is.
    span: u32,
}

pub struct Skiplist {
    nodes: Vec<Node>,
    links: Vec<Link>,
    /// Nodes and towers (by height) to be used again.
    free_nodes: Vec<u32>,
    free_towers: Vec<Vec<u32>>,
    levels: usize,
    len: usize,
    random: Random,
}

impl Default for Skiplist {
    fn default() -> Self {
        let head = Node { score: 0.0, slot: 0, back: NONE, tower: 0, levels: LEVELS_MAX as u32 };
        Self {
            nodes: vec![head],
            links: vec![Link { next: NONE, span: 0 }; LEVELS_MAX],
            free_nodes: Vec::new(),
            free_towers: vec![Vec::new(); LEVELS_MAX + 1],
            levels: 1,
            len: 0,
            random: Random::new(1),
        }
    }
}

impl Skiplist {
    #[inline]
    fn link(&mut self, node: u32, level: usize) -> &mut Link {
        &mut self.links[self.nodes[node as usize].tower as usize + level]
    }

    #[inline]
    fn at(&self, node: u32, level: usize) -> Link {
        self.links[self.nodes[node as usize].tower as usize + level]
    }

    /// On each level the last node for which `is_before` holds of its score and slot, and its rank from 1 (0 is the head).
    #[inline]
    fn path(&self, is_before: impl Fn(f64, u32) -> bool) -> [(u32, u32); LEVELS_MAX] {
        let mut path = [(0, 0); LEVELS_MAX];
        let (mut node, mut rank) = (0, 0);
        for level in (0..self.levels).rev() {
            loop {
                let link = self.at(node, level);
                if link.next == NONE {
                    break;
                }
                let next = &self.nodes[link.next as usize];
                if !is_before(next.score, next.slot) {
                    break;
                }
                (node, rank) = (link.next, rank + link.span);
            }
            path[level] = (node, rank);
        }
        path
    }

    fn path_to(&self, members: &Members, slot: u32) -> [(u32, u32); LEVELS_MAX] {
        let score = members.score(slot);
        self.path(|other_score, other| members.order(other_score, other, score, slot) == Ordering::Less)
    }
}

impl Ordered for Skiplist {
    const NAME: &'static str = "skiplist";

    fn insert(&mut self, members: &Members, slot: u32) {
        let path = self.path_to(members, slot);
        let mut levels = 1;
        while levels < LEVELS_MAX && self.random.next() & 3 == 0 {
            levels += 1;
        }
        while self.levels < levels {
            let span = self.len as u32;
            let level = self.levels;
            *self.link(0, level) = Link { next: NONE, span };
            self.levels += 1;
        }
        let tower = self.free_towers[levels].pop().unwrap_or_else(|| {
            let tower = self.links.len() as u32;
            self.links.extend((0..levels).map(|_| Link { next: NONE, span: 0 }));
            tower
        });
        let made = Node { score: members.score(slot), slot, back: path[0].0, tower, levels: levels as u32 };
        let node = match self.free_nodes.pop() {
            Some(node) => {
                self.nodes[node as usize] = made;
                node
            }
            None => {
                self.nodes.push(made);
                self.nodes.len() as u32 - 1
            }
        };
        for (level, &(before, rank)) in path.iter().enumerate().take(self.levels) {
            let passed = path[0].1 - rank;
            let link = self.link(before, level);
            if level < levels {
                let behind = Link { next: link.next, span: link.span - passed };
                *link = Link { next: node, span: passed + 1 };
                *self.link(node, level) = behind;
            } else {
                link.span += 1;
            }
        }
        let next = self.at(node, 0).next;
        if next != NONE {
            self.nodes[next as usize].back = node;
        }
        self.len += 1;
    }

    fn remove(&mut self, members: &Members, slot: u32) {
        let path = self.path_to(members, slot);
        let node = self.at(path[0].0, 0).next;
        for (level, &(before, _)) in path.iter().enumerate().take(self.levels) {
            let link = self.at(before, level);
            if link.next == node {
                let gone = self.at(node, level);
                *self.link(before, level) = Link { next: gone.next, span: link.span + gone.span - 1 };
            } else {
                self.link(before, level).span -= 1;
            }
        }
        let Node { back, tower, levels, .. } = self.nodes[node as usize];
        let next = self.at(node, 0).next;
        if next != NONE {
            self.nodes[next as usize].back = back;
        }
        self.free_nodes.push(node);
        self.free_towers[levels as usize].push(tower);
        self.len -= 1;
    }

    fn rank(&self, members: &Members, slot: u32) -> usize {
        self.path_to(members, slot)[0].1 as usize
    }

    fn select(&self, rank: usize) -> u32 {
        let (mut node, mut left) = (0, rank as u32 + 1);
        for level in (0..self.levels).rev() {
            loop {
                let link = self.at(node, level);
                if link.next == NONE || link.span > left {
                    break;
                }
                (node, left) = (link.next, left - link.span);
            }
        }
        self.nodes[node as usize].slot
    }

    fn range(&self, _: &Members, score: f64, count: usize) -> u64 {
        let before = self.path(|other, _| other < score)[0].0;
        let mut node = self.at(before, 0).next;
        let mut sum = 0;
        for _ in 0..count {
            if node == NONE {
                break;
            }
            sum += u64::from(self.nodes[node as usize].slot);
            node = self.at(node, 0).next;
        }
        sum
    }

    /// What is in use, not what the vectors have in store.
    fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>() + self.links.len() * size_of::<Link>()
    }
}
