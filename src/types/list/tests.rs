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

fn check(list: ListRef<'_>, model: &VecDeque<Owned>, random: &mut Random) {
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    assert!(list.iter(Side::Left).map(owned).eq(model.iter().cloned()));
    assert!(list.iter(Side::Right).map(owned).eq(model.iter().rev().cloned()));
    for _ in 0..5 {
        let index = random.below(model.len() + 2);
        assert_eq!(list.get(index).map(owned).as_ref(), model.get(index));
        assert!(list.iter_from(Side::Left, index).map(owned).eq(model.iter().skip(index).cloned()));
        assert!(list.iter_from(Side::Right, index).map(owned).eq(model.iter().rev().skip(index).cloned()));
    }
}

fn fills() -> [Fill; 6] {
    [-1, -2, 1, 2, 5, 128].map(Fill::from_setting)
}

#[test]
fn a_large_list_behaves_like_a_deque() {
    for (number, fill) in fills().into_iter().enumerate() {
        let mut random = Random(number as u64 + 1);
        let mut list = List::default();
        let mut model = VecDeque::new();
        for step in 0..4000 {
            let (side, element) = (random.side(), random.element());
            let growing = step % 2000 < 1200;
            match random.below(if growing { 12 } else { 20 }) {
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
                11..=16 => {
                    assert_eq!(
                        list.peek(side).map(owned).as_ref(),
                        match side {
                            Side::Left => model.front(),
                            Side::Right => model.back(),
                        }
                    );
                    list.drop_end(side);
                    match side {
                        Side::Left => model.pop_front(),
                        Side::Right => model.pop_back(),
                    };
                }
                17 | 18 => {
                    let most = if random.below(4) == 0 { usize::MAX } else { 1 + random.below(30) };
                    let removed = list.remove_equal(side, element.get(), most, fill);
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
            if step % 20 == 0 {
                check(ListRef::Large(&list), &model, &mut random);
            }
        }
        check(ListRef::Large(&list.duplicate().unwrap()), &model, &mut random);
        while !list.is_empty() {
            list.drop_end(Side::Right);
        }
        assert_eq!(list.memory(), 0);
    }
}

#[test]
fn a_flat_list_behaves_like_a_deque() {
    for seed in 1..=10 {
        let mut random = Random(seed);
        let fill = Fill::from_setting(-2);
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
            let mut builder = Builder::new(fill);
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
                }
            }
        }
    }
}

#[test]
fn a_long_list_is_dense() {
    let fill = Fill::from_setting(-2);
    for side in [Side::Left, Side::Right] {
        let mut list = List::default();
        for _ in 0..100_000 {
            list.push(side, StringRef::Str(b"sixteen bytes .."), fill).unwrap();
        }
        // 18 bytes each; a node loses less than one element.
        assert!(list.memory() <= 100_000 * 1815 / 100, "{} bytes", list.memory());
        let removed = list.cut(side, 99_990).unwrap();
        assert_eq!((list.len(), list.memory() < 1000, removed.len() > 99_000), (10, true, true));
    }
}

#[test]
fn removing_joins_nodes() {
    let fill = Fill::from_setting(-2);
    let mut list = List::default();
    for index in 0..100_000 {
        let text = if index % 100 == 0 { &b"kept"[..] } else { b"removed" };
        list.push(Side::Right, StringRef::Str(text), fill).unwrap();
    }
    assert_eq!(list.remove_equal(Side::Right, StringRef::Str(b"removed"), usize::MAX, fill), 99_000);
    assert_eq!(list.len(), 1000);
    assert!(list.memory() < 16 * 1024, "{} bytes", list.memory());
}
