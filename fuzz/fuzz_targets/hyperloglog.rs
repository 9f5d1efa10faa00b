//! HyperLogLogs are strings that clients may write byte for byte: any bytes are read, counted, added to, merged and made
//! dense without a panic, and while they are sound, sparse and dense agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redisrs::types::hyperloglog::{self as hll, Encoding, HEADER_BYTES, REGISTERS, Registers};

const SPARSE_BYTES_MAX: usize = 3000;
/// All registers are read after each.
const ELEMENTS_MAX: usize = 40;

/// Puts a right header before the bytes, unless they are to be taken as they are.
fn text(flags: u8, bytes: &[u8]) -> Vec<u8> {
    if flags & 3 == 0 {
        return bytes.to_vec();
    }
    let mut text = hll::EMPTY[..HEADER_BYTES].to_vec();
    text.extend_from_slice(bytes);
    if flags & 3 == 1 {
        // The rest is zeros, so that it may be sound.
        let mut left = REGISTERS.saturating_sub(hll::runs(&text).map(|run| run.registers).sum());
        while left > 0 {
            let run = left.min(64);
            text.push((run - 1) as u8);
            left -= run;
        }
    }
    text
}

fuzz_target!(|data: &[u8]| {
    let Some((&[flags, split], bytes)) = data.split_first_chunk::<2>() else { return };
    let (bytes, elements) = bytes.split_at(usize::from(split).min(bytes.len()));
    let mut text = text(flags, bytes);
    let _ = hll::cached_count(&text);
    let is_sound = hll::count(&text).is_ok();
    if let Some(encoding) = hll::encoding(&text) {
        let mut registers = Registers::default();
        let united = registers.unite(&text);
        assert_eq!(united.is_ok(), is_sound);
        if is_sound {
            assert_eq!(Ok(registers.count()), hll::count(&text));
            let mut dense = text.clone();
            assert_eq!(hll::make_dense(&mut dense), Ok(encoding == Encoding::Sparse));
            assert_eq!(hll::count(&dense), hll::count(&text));
        }
    }
    let mut dense = text.clone();
    let stays_dense = hll::make_dense(&mut dense).is_ok();
    for element in elements.chunks(3).take(ELEMENTS_MAX) {
        let added = hll::add(&mut text, element, SPARSE_BYTES_MAX);
        let added_dense = hll::add(&mut dense, element, SPARSE_BYTES_MAX);
        if is_sound && stays_dense {
            assert_eq!(added, added_dense);
            assert_eq!(hll::count(&text), hll::count(&dense));
        }
    }
    let mut union = Registers::default();
    if union.unite(&text).is_ok() {
        let mut merged = hll::EMPTY.to_vec();
        hll::merge(&mut merged, &union, SPARSE_BYTES_MAX).expect("sound");
        assert_eq!(hll::count(&merged), hll::count(&text));
    }
    let _ = hll::merge(&mut text, &union, SPARSE_BYTES_MAX);
});
