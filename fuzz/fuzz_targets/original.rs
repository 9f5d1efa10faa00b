//! The original project's dialect: its requests, and replies transcoded into its two formats.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redisrs::resp::{FRAME_BYTES_MAX, Format, Step, next_original_request, reply_len, transcode};

fn requests(data: &[u8]) {
    let mut rest = data;
    let mut spans = Vec::new();
    loop {
        spans.clear();
        match next_original_request(rest, &mut spans) {
            Step::Request { end } => {
                let strings: usize = spans.iter().map(|span| 4 + span.of(rest).len()).sum();
                assert_eq!(8 + strings, end);
                rest = &rest[end..];
            }
            Step::NeedMore { want } => return assert!(want > rest.len() && spans.is_empty()),
            _ => return assert!(spans.is_empty()),
        }
    }
}

fn replies(data: &[u8]) {
    for format in [Format::Status, Format::Typed] {
        let mut out = vec![7];
        match transcode(data, format, &mut out) {
            Ok(len) => {
                assert!(len <= data.len());
                let frame = u32::from_le_bytes([out[1], out[2], out[3], out[4]]) as usize;
                assert_eq!(out.len(), 1 + 4 + frame);
                assert!(frame <= FRAME_BYTES_MAX);
                // Only the scanner limits the depth, so whatever it accepts must agree.
                if let Ok(end) = reply_len(data) {
                    assert_eq!(end, Some(len));
                }
            }
            Err(_) => assert_eq!(out, [7]),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    requests(data);
    replies(data);
});
