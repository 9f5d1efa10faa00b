//! Lists, flat and as nodes, compressed or not, against a [`VecDeque`]: any operations in any order, near the borders of small limits.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::keyspace::StringRef;
use redisrs::types::list::{Fill, List, ListRef, Side, encoded_len, flat};
use std::collections::VecDeque;

/// Each step is followed by a look at everything.
const STEPS_MAX: usize = 300;
const LONGEST: usize = 5000;
const LEN_MAX: usize = 3000;

#[derive(Clone, Debug, PartialEq)]
enum Element {
    Int(i64),
    Text(Vec<u8>),
}

impl Element {
    fn choose(random: &mut Random) -> Self {
        match random.below(8) {
            0 => Self::Int(random.next().cast_signed()),
            1 => Self::Int(random.below(256) as i64 - 3),
            2 => Self::Int((random.below(65_536) as i64 - 32_768) * 4),
            3 => Self::Text(vec![b'l'; random.below(LONGEST)]),
            _ => Self::Text(vec![b'a' + random.below(3) as u8; random.below(70)]),
        }
    }

    fn get(&self) -> StringRef<'_> {
        match self {
            Self::Int(int) => StringRef::Int(*int),
            Self::Text(text) => StringRef::Str(text),
        }
    }
}

fn owned(element: StringRef<'_>) -> Element {
    match element {
        StringRef::Int(int) => Element::Int(int),
        StringRef::Str(text) => Element::Text(text.to_vec()),
    }
}

/// Either form, as a key has it.
enum Stored {
    Flat(Vec<u8>),
    Large(List),
}

impl Stored {
    fn view(&self) -> ListRef<'_> {
        match self {
            Self::Flat(bytes) => ListRef::Flat(bytes),
            Self::Large(list) => ListRef::Large(list),
        }
    }

    /// Makes it large if it would not fit with so many elements of so many bytes.
    fn grow(&mut self, fill: Fill, bytes: usize, len: usize) {
        if let Self::Flat(flat) = self
            && !flat::allows(fill, bytes, len)
        {
            *self = Self::Large(List::of_run(flat::run(flat), flat::count(flat), fill).expect("memory"));
        }
    }

    fn bytes(&self) -> usize {
        if let Self::Flat(flat) = self { flat::run(flat).len() } else { 0 }
    }

    fn push(&mut self, fill: Fill, side: Side, element: StringRef<'_>) {
        self.grow(fill, self.bytes() + encoded_len(element), self.view().len() + 1);
        match self {
            Self::Flat(flat) => flat::push(flat, side, std::iter::once(element), 1, encoded_len(element)),
            Self::Large(list) => list.push(side, element, fill),
        }
        .expect("memory");
    }

    fn insert(&mut self, fill: Fill, index: usize, element: StringRef<'_>) {
        self.grow(fill, self.bytes() + encoded_len(element), self.view().len() + 1);
        match self {
            Self::Flat(flat) => flat::insert(flat, index, element),
            Self::Large(list) => list.insert(index, element, fill),
        }
        .expect("memory");
    }

    fn set(&mut self, fill: Fill, index: usize, element: StringRef<'_>) {
        if let Self::Flat(flat) = self {
            let bytes = flat::replaced_bytes(flat, index, element);
            self.grow(fill, bytes, self.view().len());
        }
        match self {
            Self::Flat(flat) => flat::set(flat, index, element).expect("memory"),
            Self::Large(list) => assert_eq!(list.set(index, element, fill), Ok(true)),
        }
    }

    fn cut(&mut self, side: Side, count: usize) {
        match self {
            Self::Flat(flat) => flat::cut(flat, side, count).expect("memory"),
            Self::Large(list) if count == 1 => list.drop_end(side).expect("memory"),
            Self::Large(list) => drop(list.cut(side, count).expect("memory")),
        }
    }

    fn remove_equal(&mut self, fill: Fill, side: Side, wanted: StringRef<'_>, most: usize) -> usize {
        match self {
            Self::Flat(flat) => flat::remove_equal(flat, side, wanted, most).expect("memory"),
            Self::Large(list) => list.remove_equal(side, wanted, most, fill).expect("memory"),
        }
    }
}

fn remove_equal(model: &mut VecDeque<Element>, side: Side, wanted: &Element, most: usize) -> usize {
    let before = model.len();
    for _ in 0..most {
        let found = match side {
            Side::Left => model.iter().position(|element| element == wanted),
            Side::Right => model.iter().rposition(|element| element == wanted),
        };
        let Some(at) = found else { break };
        model.remove(at);
    }
    before - model.len()
}

fn check(list: ListRef<'_>, model: &VecDeque<Element>, random: &mut Random) {
    assert_eq!(list.len(), model.len());
    let at = random.below(model.len() + 2);
    for side in [Side::Left, Side::Right] {
        let mut seen = Vec::new();
        list.for_some(side, at, usize::MAX, |element| seen.push(owned(element))).expect("memory");
        match side {
            Side::Left => assert!(seen.iter().eq(model.iter().skip(at))),
            Side::Right => assert!(seen.iter().eq(model.iter().rev().skip(at))),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let fill = Fill::from_settings([-2, -1, 1, 2, 3, 8, 128, -5][random.below(8)], [0, 0, 1, 3][random.below(4)]);
    let mut list = Stored::Flat(flat::EMPTY.to_vec());
    let mut model = VecDeque::new();
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            return;
        }
        let side = if random.below(2) == 0 { Side::Left } else { Side::Right };
        let index = random.below(model.len().max(1));
        match random.below(8) {
            0..=2 if model.len() < LEN_MAX => {
                let element = Element::choose(&mut random);
                for _ in 0..1 + random.below(40) {
                    list.push(fill, side, element.get());
                    match side {
                        Side::Left => model.push_front(element.clone()),
                        Side::Right => model.push_back(element.clone()),
                    }
                }
            }
            3 => {
                let element = Element::choose(&mut random);
                list.insert(fill, index, element.get());
                model.insert(index, element);
            }
            4 if !model.is_empty() => {
                let element = Element::choose(&mut random);
                list.set(fill, index, element.get());
                model[index] = element;
            }
            5 if !model.is_empty() => {
                let count = 1 + random.below(model.len());
                list.cut(side, count);
                match side {
                    Side::Left => drop(model.drain(..count)),
                    Side::Right => model.truncate(model.len() - count),
                }
            }
            6 if !model.is_empty() => {
                let (wanted, most) = (model[index].clone(), 1 + random.below(50));
                let removed = list.remove_equal(fill, side, wanted.get(), most);
                assert_eq!(removed, remove_equal(&mut model, side, &wanted, most));
            }
            _ => {}
        }
        check(list.view(), &model, &mut random);
        if model.is_empty() {
            // As a key goes with the last element.
            list = Stored::Flat(flat::EMPTY.to_vec());
        }
    }
});
