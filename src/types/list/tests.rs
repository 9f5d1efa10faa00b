//! Lists of either form against a [`VecDeque`], with limits and elements that cross every border.

use super::*;
use crate::storage::StringRef;
use std::collections::VecDeque;

/// A small generator, so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn side(&mut self) -> Side {
        if self.below(2) == 0 { Side::Left } else { Side::Right }
    }

    /// Mostly short, now and then longer than a node.
    fn element(&mut self) -> Owned {
        match self.below(100) {
            0 => Owned::Text(vec![b'L'; 9000]),
            1..=4 => Owned::Text(vec![b'm'; 1000 + self.below(4)]),
            5..=40 => Owned::Int([0, 127, 128, -1, 4095, 4096, 70_000, i64::MIN][self.below(8)]),
            _ => Owned::Text(vec![b'a' + self.below(3) as u8; self.below(20)]),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Int(i64),
    Text(Vec<u8>),
}

impl Owned {
    fn get(&self) -> StringRef<'_> {
        match self {
            Self::Int(int) => StringRef::Int(*int),
            Self::Text(text) => StringRef::Str(text),
        }
    }
}

fn owned(element: StringRef<'_>) -> Owned {
    match element {
        StringRef::Int(int) => Owned::Int(int),
        StringRef::Str(text) => Owned::Text(text.to_vec()),
    }
}

/// The model's version of [`List::remove_equal`].
fn remove_equal(model: &mut VecDeque<Owned>, side: Side, wanted: &Owned, most: usize) -> usize {
    let mut removed = 0;
    while removed < most {
        let found = match side {
            Side::Left => model.iter().position(|element| element == wanted),
            Side::Right => model.iter().rposition(|element| element == wanted),
        };
        let Some(at) = found else { break };
        model.remove(at);
        removed += 1;
    }
    removed
}

/// The elements as seen from `side`, without the first `skipped`.
fn elements(list: ListRef<'_>, side: Side, skipped: usize) -> Vec<Owned> {
    let mut elements = Vec::new();
    list.for_some(side, skipped, usize::MAX, |element| elements.push(owned(element))).unwrap();
    elements
}

fn check(list: ListRef<'_>, model: &VecDeque<Owned>, random: &mut Random) {
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    assert!(elements(list, Side::Left, 0).iter().eq(model.iter()));
    assert!(elements(list, Side::Right, 0).iter().eq(model.iter().rev()));
    for _ in 0..5 {
        let index = random.below(model.len() + 2);
        assert!(elements(list, Side::Left, index).iter().eq(model.iter().skip(index)));
        assert!(elements(list, Side::Right, index).iter().eq(model.iter().rev().skip(index)));
        let mut some = Vec::new();
        list.for_some(Side::Left, index, 3, |element| some.push(owned(element))).unwrap();
        assert!(some.iter().eq(model.iter().skip(index).take(3)));
    }
}

/// Limits, and how many nodes at each end stay plain.
fn fills() -> Vec<Fill> {
    let sizes = [-1, -2, 1, 2, 5, 128].map(|size| Fill::from_settings(size, 0));
    let depths = [(-1, 1), (-1, 2), (1, 1), (2, 3), (5, 1), (5, 2), (128, 1), (128, 7), (5, i64::MAX)];
    sizes.into_iter().chain(depths.map(|(size, depth)| Fill::from_settings(size, depth))).collect()
}

/// All nodes are packed that should be and worth it, and no others.
fn check_packing(list: &List, fill: Fill) {
    let nodes: Vec<&Node> = list.nodes().collect();
    for (at, node) in nodes.iter().enumerate() {
        if fill.plain_ends == 0 || at.min(nodes.len() - 1 - at) < fill.plain_ends {
            assert!(!node.is_packed(), "node {at} of {}", nodes.len());
        } else if !node.is_packed() {
            let mut copy = Node::of_run(node.run(), node.count()).unwrap();
            copy.pack();
            assert!(!copy.is_packed(), "node {at} of {}", nodes.len());
        }
    }
}

#[test]
fn a_large_list_behaves_like_a_deque() {
    let mut packed = 0;
    for (number, fill) in fills().into_iter().enumerate() {
        let mut random = Random(number as u64 + 1);
        let mut list = List::new(fill).unwrap();
        let mut model = VecDeque::new();
        for step in 0..4000 {
            let (side, element) = (random.side(), random.element());
            let growing = step % 2000 < 1200;
            match random.below(if growing { 13 } else { 20 }) {
                0..=6 => {
                    list.push(side, element.get(), fill).unwrap();
                    match side {
                        Side::Left => model.push_front(element),
                        Side::Right => model.push_back(element),
                    }
                }
                7..=9 => {
                    let index = random.below(model.len() + 1);
                    list.insert(index, element.get(), fill).unwrap();
                    model.insert(index, element);
                }
                10 => {
                    let index = random.below(model.len() + 1);
                    assert_eq!(list.set(index, element.get(), fill), Ok(index < model.len()));
                    if let Some(slot) = model.get_mut(index) {
                        *slot = element;
                    }
                }
                12 => {
                    let elements: Vec<Owned> = (0..random.below(20)).map(|_| random.element()).collect();
                    list.extend(side, elements.iter().map(Owned::get), fill).unwrap();
                    for element in elements {
                        match side {
                            Side::Left => model.push_front(element),
                            Side::Right => model.push_back(element),
                        }
                    }
                }
                11 | 13..=16 => {
                    assert_eq!(
                        list.peek(side).map(owned).as_ref(),
                        match side {
                            Side::Left => model.front(),
                            Side::Right => model.back(),
                        }
                    );
                    list.drop_end(side).unwrap();
                    match side {
                        Side::Left => model.pop_front(),
                        Side::Right => model.pop_back(),
                    };
                }
                17 | 18 => {
                    let most = if random.below(4) == 0 { usize::MAX } else { 1 + random.below(30) };
                    let removed = list.remove_equal(side, element.get(), most, fill).unwrap();
                    assert_eq!(removed, remove_equal(&mut model, side, &element, most));
                }
                _ => {
                    let limit = if random.below(5) == 0 { model.len() + 2 } else { 40 };
                    let count = random.below(limit);
                    let whole = count.min(model.len());
                    let removed = list.cut(side, count).unwrap();
                    assert!(removed.len() <= whole);
                    match side {
                        Side::Left => drop(model.drain(..whole)),
                        Side::Right => model.truncate(model.len() - whole),
                    }
                }
            }
            assert_eq!(list.len(), model.len(), "limit {number}, step {step}");
            if fill.plain_ends != 0 {
                check_packing(&list, fill);
            }
            if step % 20 == 0 {
                check(ListRef::Large(&list), &model, &mut random);
                packed += list.nodes().filter(|node| node.is_packed()).count();
            }
        }
        check(ListRef::Large(&list.duplicate().unwrap()), &model, &mut random);
        while !list.is_empty() {
            list.drop_end(Side::Right).unwrap();
        }
        assert_eq!(list.memory(), List::new(fill).unwrap().memory());
    }
    assert!(packed > 10_000, "{packed}");
}

#[test]
fn a_flat_list_behaves_like_a_deque() {
    for seed in 1..=10 {
        let mut random = Random(seed);
        let fill = Fill::from_settings(-2, 0);
        let mut flat = flat::EMPTY.to_vec();
        let mut model = VecDeque::<Owned>::new();
        for _ in 0..5000 {
            let (side, element) = (random.side(), random.element());
            let bytes = encoded_len(element.get());
            let fits = flat::allows(fill, flat::run(&flat).len() + bytes, model.len() + 1);
            let index = random.below(model.len());
            match random.below(6) {
                0 if fits => {
                    flat::push(&mut flat, side, std::iter::once(element.get()), 1, bytes).unwrap();
                    match side {
                        Side::Left => model.push_front(element),
                        Side::Right => model.push_back(element),
                    }
                }
                1 if fits => {
                    flat::insert(&mut flat, index, element.get()).unwrap();
                    model.insert(index, element);
                }
                2 if !model.is_empty() => {
                    let replaced = flat::replaced_bytes(&flat, index, element.get());
                    if flat::allows(fill, replaced, model.len()) {
                        flat::set(&mut flat, index, element.get()).unwrap();
                        assert_eq!(flat::run(&flat).len(), replaced);
                        model[index] = element;
                    }
                }
                3 => {
                    let most = 1 + random.below(3);
                    let removed = flat::remove_equal(&mut flat, side, element.get(), most).unwrap();
                    assert_eq!(removed, remove_equal(&mut model, side, &element, most));
                }
                4 if random.below(4) == 0 => {
                    let count = random.below(model.len() + 1);
                    flat::cut(&mut flat, side, count).unwrap();
                    match side {
                        Side::Left => drop(model.drain(..count)),
                        Side::Right => model.truncate(model.len() - count),
                    }
                }
                _ => {}
            }
            check(ListRef::Flat(&flat), &model, &mut random);
        }
    }
}

#[test]
fn a_builder_makes_the_form_that_fits() {
    for fill in fills() {
        for count in [0, 1, 2, 10, 255, 256, 3000] {
            let mut random = Random(count as u64);
            let mut model = VecDeque::new();
            let mut builder = Builder::new(fill).unwrap();
            let mut bytes = 0;
            for index in 0..count {
                let element = if count == 10 { random.element() } else { Owned::Int(index) };
                bytes += encoded_len(element.get());
                builder.push(Side::Right, element.get()).unwrap();
                model.push_back(element);
            }
            match builder.finish() {
                None => assert_eq!(count, 0),
                Some(Built::Flat(flat)) => {
                    assert!(flat::allows(fill, bytes, model.len()));
                    check(ListRef::Flat(&flat), &model, &mut random);
                }
                Some(Built::Large(list)) => {
                    assert!(!flat::allows(fill, bytes, model.len()));
                    check(ListRef::Large(&list), &model, &mut random);
                    check_packing(&list, fill);
                }
            }
        }
    }
}

#[test]
fn a_long_list_is_dense() {
    let fill = Fill::from_settings(-2, 0);
    for side in [Side::Left, Side::Right] {
        let mut list = List::default();
        for _ in 0..100_000 {
            list.push(side, StringRef::Str(b"sixteen bytes .."), fill).unwrap();
        }
        // 16 bytes each; a node loses less than one element.
        assert!(list.memory() <= 100_000 * 1610 / 100, "{} bytes", list.memory());
        let removed = list.cut(side, 99_990).unwrap();
        assert_eq!((list.len(), list.memory() < 1000, removed.len() > 99_000), (10, true, true));
    }
}

#[test]
fn a_compressed_list_takes_less() {
    let fill = Fill::from_settings(-2, 1);
    let mut list = List::new(fill).unwrap();
    for index in 0..100_000 {
        let text = format!("element number {index:05}");
        list.push(Side::Right, StringRef::Str(text.as_bytes()), fill).unwrap();
    }
    assert!(list.memory() < 100_000 * 22 / 3, "{} bytes", list.memory());
    assert_eq!(ListRef::Large(&list).run_bytes(), 100_000 * 22);
    for index in (0..100_000).rev() {
        list.drop_end(if index % 2 == 0 { Side::Left } else { Side::Right }).unwrap();
        assert_eq!(list.len(), index);
    }
    assert_eq!(list.memory(), List::new(fill).unwrap().memory());
}

#[test]
fn removing_joins_nodes() {
    let fill = Fill::from_settings(-2, 0);
    let mut list = List::default();
    for index in 0..100_000 {
        let text = if index % 100 == 0 { &b"kept"[..] } else { b"removed" };
        list.push(Side::Right, StringRef::Str(text), fill).unwrap();
    }
    assert_eq!(list.remove_equal(Side::Right, StringRef::Str(b"removed"), usize::MAX, fill), Ok(99_000));
    assert_eq!(list.len(), 1000);
    assert!(list.memory() < 16 * 1024, "{} bytes", list.memory());
}

#[test]
fn a_large_node_of_many_elements_keeps_the_others_when_one_is_replaced() {
    // Its memory alone is what a single long element takes, which is replaced in another way.
    let fill = Fill::from_settings(-5, 0);
    let mut list = List::new(fill).unwrap();
    let mut model = VecDeque::new();
    for number in 0..3000 {
        let text = format!("{number:040}").into_bytes();
        list.push(Side::Right, StringRef::Str(&text), fill).unwrap();
        model.push_back(Owned::Text(text));
    }
    for index in [0, 1, 700, 1500, 2998, 2999] {
        assert_eq!(list.set(index, StringRef::Int(index as i64), fill), Ok(true));
        model[index] = Owned::Int(index as i64);
        check(ListRef::Large(&list), &model, &mut Random(index as u64 + 1));
    }
}
