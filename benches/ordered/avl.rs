//! An AVL tree with subtree sizes.

use super::Ordered;
use super::members::Members;
use std::cmp::Ordering;

/// No node; node 0 stands for it, with height and size 0.
const NONE: u32 = 0;

#[derive(Clone, Copy, Default)]
struct Node {
    score: f64,
    slot: u32,
    left: u32,
    right: u32,
    height: u32,
    size: u32,
}

pub struct Avl {
    nodes: Vec<Node>,
    free: Vec<u32>,
    root: u32,
}

impl Default for Avl {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], free: Vec::new(), root: NONE }
    }
}

impl Avl {
    #[inline]
    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    #[inline]
    fn node_mut(&mut self, node: u32) -> &mut Node {
        &mut self.nodes[node as usize]
    }

    fn update(&mut self, node: u32) {
        let Node { left, right, .. } = *self.node(node);
        let (left, right) = (*self.node(left), *self.node(right));
        let this = self.node_mut(node);
        this.height = 1 + left.height.max(right.height);
        this.size = 1 + left.size + right.size;
    }

    fn rotate_left(&mut self, node: u32) -> u32 {
        let top = self.node(node).right;
        self.node_mut(node).right = self.node(top).left;
        self.node_mut(top).left = node;
        self.update(node);
        self.update(top);
        top
    }

    fn rotate_right(&mut self, node: u32) -> u32 {
        let top = self.node(node).left;
        self.node_mut(node).left = self.node(top).right;
        self.node_mut(top).right = node;
        self.update(node);
        self.update(top);
        top
    }

    /// The root of this subtree after it is balanced.
    fn fix(&mut self, node: u32) -> u32 {
        let Node { left, right, .. } = *self.node(node);
        let (left_height, right_height) = (self.node(left).height, self.node(right).height);
        if left_height > right_height + 1 {
            let Node { left: outer, right: inner, .. } = *self.node(left);
            if self.node(outer).height < self.node(inner).height {
                self.node_mut(node).left = self.rotate_left(left);
            }
            return self.rotate_right(node);
        }
        if right_height > left_height + 1 {
            let Node { left: inner, right: outer, .. } = *self.node(right);
            if self.node(outer).height < self.node(inner).height {
                self.node_mut(node).right = self.rotate_right(right);
            }
            return self.rotate_left(node);
        }
        self.update(node);
        node
    }

    fn insert_at(&mut self, members: &Members, at: u32, added: u32) -> u32 {
        if at == NONE {
            return added;
        }
        let (new, this) = (*self.node(added), *self.node(at));
        if members.order(new.score, new.slot, this.score, this.slot) == Ordering::Less {
            self.node_mut(at).left = self.insert_at(members, this.left, added);
        } else {
            self.node_mut(at).right = self.insert_at(members, this.right, added);
        }
        self.fix(at)
    }

    /// Takes the first node out of a subtree: it and the rest.
    fn take_first(&mut self, at: u32) -> (u32, u32) {
        let Node { left, right, .. } = *self.node(at);
        if left == NONE {
            return (at, right);
        }
        let (first, rest) = self.take_first(left);
        self.node_mut(at).left = rest;
        (first, self.fix(at))
    }

    fn remove_at(&mut self, members: &Members, at: u32, score: f64, slot: u32) -> u32 {
        let this = *self.node(at);
        match members.order(score, slot, this.score, this.slot) {
            Ordering::Less => self.node_mut(at).left = self.remove_at(members, this.left, score, slot),
            Ordering::Greater => self.node_mut(at).right = self.remove_at(members, this.right, score, slot),
            Ordering::Equal => {
                self.free.push(at);
                if this.right == NONE {
                    return this.left;
                }
                let (next, rest) = self.take_first(this.right);
                (self.node_mut(next).left, self.node_mut(next).right) = (this.left, rest);
                return self.fix(next);
            }
        }
        self.fix(at)
    }

    /// Adds the slots of a subtree from its rank `skip` on to `sum`, until none are `left`.
    fn walk(&self, at: u32, skip: usize, left: &mut usize, sum: &mut u64) {
        if at == NONE || *left == 0 {
            return;
        }
        let this = self.node(at);
        let before = self.node(this.left).size as usize;
        if skip < before {
            self.walk(this.left, skip, left, sum);
        }
        if skip <= before && *left > 0 {
            *left -= 1;
            *sum += u64::from(this.slot);
        }
        self.walk(this.right, skip.saturating_sub(before + 1), left, sum);
    }

    fn count_before(&self, is_before: impl Fn(&Node) -> bool) -> usize {
        let (mut at, mut rank) = (self.root, 0);
        while at != NONE {
            let this = self.node(at);
            if is_before(this) {
                rank += 1 + self.node(this.left).size as usize;
                at = this.right;
            } else {
                at = this.left;
            }
        }
        rank
    }
}

impl Ordered for Avl {
    const NAME: &'static str = "AVL tree";

    fn insert(&mut self, members: &Members, slot: u32) {
        let made = Node { score: members.score(slot), slot, left: NONE, right: NONE, height: 1, size: 1 };
        let node = match self.free.pop() {
            Some(node) => {
                *self.node_mut(node) = made;
                node
            }
            None => {
                self.nodes.push(made);
                self.nodes.len() as u32 - 1
            }
        };
        self.root = self.insert_at(members, self.root, node);
    }

    fn remove(&mut self, members: &Members, slot: u32) {
        self.root = self.remove_at(members, self.root, members.score(slot), slot);
    }

    fn rank(&self, members: &Members, slot: u32) -> usize {
        let score = members.score(slot);
        self.count_before(|node| members.order(node.score, node.slot, score, slot) == Ordering::Less)
    }

    fn select(&self, rank: usize) -> u32 {
        let (mut at, mut rank) = (self.root, rank as u32);
        loop {
            let this = self.node(at);
            let before = self.node(this.left).size;
            match rank.cmp(&before) {
                Ordering::Less => at = this.left,
                Ordering::Equal => return this.slot,
                Ordering::Greater => (at, rank) = (this.right, rank - before - 1),
            }
        }
    }

    fn range(&self, _: &Members, score: f64, count: usize) -> u64 {
        let (mut left, mut sum) = (count, 0);
        self.walk(self.root, self.count_before(|node| node.score < score), &mut left, &mut sum);
        sum
    }

    fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }
}
