//! RESP replies read back: no panic, and the scanner finds the same end in any split.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redisrs::resp::{ReplyScanner, next_token, reply_len};

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Ok(Some((_, len))) = next_token(rest) {
        assert!(len > 0 && len <= rest.len());
        rest = &rest[len..];
    }

    let whole = reply_len(data);
    let mut scanner = ReplyScanner::new();
    let piecewise = (0..=data.len())
        .map(|end| scanner.scan(&data[..end]))
        .find(|outcome| !matches!(outcome, Ok(None)))
        .unwrap_or(Ok(None));
    assert_eq!(piecewise, whole);
    if let Ok(Some(len)) = whole {
        assert!(len > 0 && len <= data.len());
    }
});
