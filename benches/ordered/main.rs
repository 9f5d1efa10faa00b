//! The order of sorted sets: our B+-tree with counts against a skiplist and an AVL tree of the same interface.
//!
//! ```text
//! cargo bench --bench ordered                     1,000, 100,000 and 1,000,000 members, best of 3 rounds
//! cargo bench --bench ordered -- 5000 5           5,000 members, best of 5 rounds
//! ```
//!
//! Prints nanoseconds per operation, and bytes per member that the order costs on top of the members. Run it on a quiet
//! machine; the ratios between columns of one run are what counts.
//!
//! All three order the same members: a slot is a number, and who wants a member's name looks it up in one table. The
//! skiplist is built as Redis's (level probability 1/4, spans, scores in the nodes, a link back), the AVL tree as that of the book
//! this project comes from (subtree sizes, scores in the nodes), both in arenas with 32-bit links, so neither pays for an allocation
//! per node. The tree keeps no scores: it looks at a member where the marks in its pages are equal.

mod avl;
mod members;
mod skiplist;
mod tree;

use members::{Members, Random};
use std::hint::black_box;
use std::time::Instant;

/// Members of a range.
const RANGE: usize = 10;
/// Look-ups per measurement.
const LOOKUPS: usize = 200_000;

/// What the three have in common. `slot` names a member of `members`.
pub trait Ordered: Default {
    const NAME: &'static str;
    fn insert(&mut self, members: &Members, slot: u32);
    fn remove(&mut self, members: &Members, slot: u32);
    /// How many members come before this one.
    fn rank(&self, members: &Members, slot: u32) -> usize;
    fn select(&self, rank: usize) -> u32;
    /// The members from the first whose score is not below `score` on, at most `count`: the sum of their slots.
    fn range(&self, members: &Members, score: f64, count: usize) -> u64;
    fn bytes(&self) -> usize;
}

/// Nanoseconds of each operation, and bytes.
type Row = [f64; COLUMNS.len()];

const COLUMNS: [&str; 8] =
    ["insert random", "insert ascending", "insert, one score", "rank", "select", "range of 10", "delete", "bytes"];

fn time(count: usize, work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_nanos() as f64 / count as f64
}

fn measure<O: Ordered>(count: usize, random: &mut Random) -> Row {
    let ascending = Members::ascending(count);
    let mut order = O::default();
    let insert_ascending = time(count, || (0..count as u32).for_each(|slot| order.insert(&ascending, slot)));
    drop(order);

    let equal = Members::of_one_score(count, random);
    let mut order = O::default();
    let insert_equal = time(count, || (0..count as u32).for_each(|slot| order.insert(&equal, slot)));
    drop(order);

    let members = Members::random(count, random);
    let mut order = O::default();
    let insert = time(count, || (0..count as u32).for_each(|slot| order.insert(&members, slot)));
    let bytes = order.bytes() as f64 / count as f64;
    let wanted: Vec<u32> = (0..LOOKUPS).map(|_| random.below(count as u64) as u32).collect();
    let mut sum = 0;
    let rank = time(LOOKUPS, || wanted.iter().for_each(|slot| sum += order.rank(&members, *slot) as u64));
    let select = time(LOOKUPS, || wanted.iter().for_each(|rank| sum += u64::from(order.select(*rank as usize))));
    let range = time(LOOKUPS, || {
        wanted.iter().for_each(|slot| sum += order.range(&members, members.score(*slot), RANGE));
    });
    black_box(sum);
    let mut gone: Vec<u32> = (0..count as u32).collect();
    random.shuffle(&mut gone);
    let delete = time(count, || gone.iter().for_each(|slot| order.remove(&members, *slot)));
    [insert, insert_ascending, insert_equal, rank, select, range, delete, bytes]
}

/// The best of some rounds, column by column.
fn best<O: Ordered>(count: usize, rounds: usize) -> (&'static str, Row) {
    let mut best = [f64::INFINITY; COLUMNS.len()];
    for round in 0..rounds {
        let row = measure::<O>(count, &mut Random::new(round as u64));
        best.iter_mut().zip(row).for_each(|(best, value)| *best = best.min(value));
    }
    (O::NAME, best)
}

/// All three must give the same answers.
fn check() {
    let mut random = Random::new(9);
    let members = Members::random(3000, &mut random);
    let (mut tree, mut skiplist, mut avl) = (tree::Tree::default(), skiplist::Skiplist::default(), avl::Avl::default());
    for slot in 0..3000 {
        tree.insert(&members, slot);
        skiplist.insert(&members, slot);
        avl.insert(&members, slot);
    }
    for slot in (0..3000).filter(|slot| slot % 3 == 0) {
        tree.remove(&members, slot);
        skiplist.remove(&members, slot);
        avl.remove(&members, slot);
    }
    for slot in (0..3000).filter(|slot| slot % 3 != 0) {
        let rank = tree.rank(&members, slot);
        assert_eq!([skiplist.rank(&members, slot), avl.rank(&members, slot)], [rank; 2]);
        assert_eq!([tree.select(rank), skiplist.select(rank), avl.select(rank)], [slot; 3]);
        let score = members.score(slot);
        let sum = tree.range(&members, score, RANGE);
        assert_eq!([skiplist.range(&members, score, RANGE), avl.range(&members, score, RANGE)], [sum; 2]);
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    check();
    if !given.iter().any(|arg| arg == "--bench") {
        println!("all three agree; run `cargo bench --bench ordered` to measure");
        return;
    }
    let mut numbers = given.iter().filter_map(|arg| arg.parse::<usize>().ok());
    let sizes = numbers.next().map_or(vec![1000, 100_000, 1_000_000], |size| vec![size]);
    let rounds = numbers.next().unwrap_or(3);
    for size in sizes {
        println!("\n{size} members, ns per operation\n");
        print!("{:<10}", "");
        COLUMNS.iter().for_each(|column| print!("{column:>19}"));
        println!();
        let rows = [
            best::<tree::Tree>(size, rounds),
            best::<skiplist::Skiplist>(size, rounds),
            best::<avl::Avl>(size, rounds),
        ];
        for (name, row) in rows {
            print!("{name:<10}");
            row.iter().for_each(|value| print!("{value:>19.1}"));
            println!();
        }
    }
}
