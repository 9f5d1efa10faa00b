//! A naive model (one byte per register), the border between the encodings, and strings made up by clients.

use super::*;

const SPARSE_BYTES_MAX: usize = 3000;

fn empty() -> Vec<u8> {
    EMPTY.to_vec()
}

fn registers(bytes: &[u8]) -> Vec<u8> {
    let mut registers = Registers::default();
    registers.unite(bytes).expect("it is not corrupt");
    registers.as_array().to_vec()
}

/// Not the hash of the elements, so that tests of registers do not depend on it.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 20
}

#[test]
fn an_empty_one_counts_zero() {
    assert_eq!(encoding(&EMPTY), Some(Encoding::Sparse));
    assert_eq!(cached_count(&EMPTY), Some(0));
    assert_eq!(count(&EMPTY), Ok(0));
}

/// `PFADD k a b c` and GET, from redis-server 7.0.15.
#[test]
fn has_the_bytes_of_redis() {
    let mut text = empty();
    for element in [b"a", b"b", b"c"] {
        assert_eq!(add(&mut text, element, SPARSE_BYTES_MAX), Ok(true));
        assert_eq!(add(&mut text, element, SPARSE_BYTES_MAX), Ok(false));
    }
    assert_eq!(text, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ");
    assert_eq!(count(&text), Ok(3));
}

#[test]
fn raises_registers_like_an_array_of_bytes() {
    for seed in 0..12 {
        let mut state = seed;
        let mut model = [0_u8; REGISTERS];
        let mut text = empty();
        let near = 1 + random(&mut state) as usize % 3000;
        for round in 0..1200 {
            let index = (random(&mut state) as usize % near + 16384 - near / 2) % REGISTERS;
            let run_max = if round % 400 == 399 { 51 } else { 6 };
            let run = (1 + random(&mut state) % run_max) as u8;
            let raised = raise(&mut text, Place { index, run }, SPARSE_BYTES_MAX, &mut Cursor::default());
            assert_eq!(raised, Ok(model[index] < run), "seed {seed}, round {round}");
            model[index] = model[index].max(run);
            if round % 50 == 0 || round > 1190 {
                assert_eq!(registers(&text), model, "seed {seed}, round {round}");
            }
        }
    }
}

/// A merge goes on from where it was; the bytes are those of searching from the start each time.
#[test]
fn a_cursor_changes_nothing_but_the_time() {
    for seed in 0..40 {
        let mut state = seed;
        let mut before = empty();
        let near = 1 + random(&mut state) as usize % 4000;
        for _ in 0..random(&mut state) % 600 {
            let place = Place { index: random(&mut state) as usize % near, run: 1 + (random(&mut state) % 3) as u8 };
            raise(&mut before, place, SPARSE_BYTES_MAX, &mut Cursor::default()).unwrap();
        }
        let mut union = Registers::default();
        for _ in 0..random(&mut state) % 600 {
            let mut other = empty();
            let place = Place { index: random(&mut state) as usize % near, run: 1 + (random(&mut state) % 3) as u8 };
            raise(&mut other, place, SPARSE_BYTES_MAX, &mut Cursor::default()).unwrap();
            union.unite(&other).unwrap();
        }
        let mut merged = before.clone();
        merge(&mut merged, &union, SPARSE_BYTES_MAX).unwrap();
        for (index, &run) in union.as_array().iter().enumerate().filter(|(_, run)| **run != 0) {
            raise(&mut before, Place { index, run }, SPARSE_BYTES_MAX, &mut Cursor::default()).unwrap();
        }
        assert_eq!(merged, before, "seed {seed}");
    }
}

#[test]
fn becomes_dense_when_it_must_and_keeps_its_registers() {
    let mut text = empty();
    raise(&mut text, Place { index: 7, run: 32 }, SPARSE_BYTES_MAX, &mut Cursor::default()).unwrap();
    assert_eq!(encoding(&text), Some(Encoding::Sparse));
    cache_count(&mut text, 1);
    let mut by_hand = text.clone();
    raise(&mut text, Place { index: 8, run: 33 }, SPARSE_BYTES_MAX, &mut Cursor::default()).unwrap();
    assert_eq!(encoding(&text), Some(Encoding::Dense));
    assert_eq!(registers(&text)[6..10], [0, 32, 33, 0]);
    assert_eq!(cached_count(&text), None);
    assert_eq!(make_dense(&mut by_hand), Ok(true));
    assert_eq!(make_dense(&mut by_hand), Ok(false));
    assert_eq!(cached_count(&by_hand), Some(1));

    let mut long = empty();
    let mut element = 0_u32;
    while encoding(&long) == Some(Encoding::Sparse) {
        assert!(long.len() <= 100);
        add(&mut long, &element.to_le_bytes(), 100).unwrap();
        element += 1;
    }
    assert!(element > 20);
}

#[test]
fn what_a_client_made_up_is_found_out() {
    assert_eq!(encoding(b""), None);
    assert_eq!(encoding(b"HYLL"), None);
    assert_eq!(encoding(b"HYLK\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"), None);
    assert_eq!(encoding(b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"), None);
    assert_eq!(encoding(b"HYLL\x00\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"), None);
    let header = &EMPTY[..HEADER_BYTES];
    let broken: [&[u8]; 9] = [
        b"",
        b"\x7f",
        b"\x7f\xfe",
        b"\x7f\xff\x00",
        b"\x7f\xff\x80",
        b"\x80",
        b"\x3f",
        b"\x7f\xff\x7f\xff",
        b"\x40\x00",
    ];
    for runs in broken {
        let mut text = [header, runs].concat();
        assert_eq!(count(&text), Err(Error::Corrupt), "{runs:?}");
        assert!(Registers::default().unite(&text).is_err(), "{runs:?}");
        assert_eq!(make_dense(&mut text), Err(Error::Corrupt), "{runs:?}");
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let mut state = 99;
    for _ in 0..20_000 {
        let len = random(&mut state) as usize % 24;
        let mut text = EMPTY[..HEADER_BYTES].to_vec();
        text.extend((0..len).map(|_| {
            let byte = random(&mut state) as u8;
            if byte & 1 == 0 { byte | 0x40 } else { byte }
        }));
        let _ = count(&text);
        let _ = Registers::default().unite(&text);
        let _ = runs(&text).count();
        for _ in 0..4 {
            let place =
                Place { index: random(&mut state) as usize % REGISTERS, run: 1 + (random(&mut state) % 40) as u8 };
            let _ = raise(&mut text, place, 40, &mut Cursor::default());
        }
        let _ = make_dense(&mut text);
    }
}

#[test]
fn counts_are_accurate_and_agree() {
    let mut test = SelfTest::new(0x1234_5678_9ABC, SPARSE_BYTES_MAX).unwrap();
    let complete = (0..20).map(|_| test.step()).find(|step| *step != Ok(false));
    assert_eq!(complete, None, "the first 40,000 elements show no failure");
}

#[test]
fn an_impossible_one_counts_as_in_c() {
    let mut text = EMPTY[..HEADER_BYTES].to_vec();
    text[ENCODING_AT] = 0;
    text.resize(DENSE_BYTES, 0xFF);
    assert_eq!(count(&text), Ok(1 << 63));
}
