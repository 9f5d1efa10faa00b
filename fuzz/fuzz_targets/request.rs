//! RESP requests, multibulk and inline: whatever the bytes and however they are split, the
//! parser does not panic, finds the same requests, and its spans lie where they should.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redisrs::resp::{Limits, ProtocolError, RequestParser, Step};

type Outcome = (Vec<Vec<Vec<u8>>>, Option<ProtocolError>);

/// The requests of a stream that arrives `size` bytes at a time.
fn feed(stream: &[u8], size: usize, limits: &Limits) -> Outcome {
    let mut parser = RequestParser::new();
    let mut requests = Vec::new();
    let mut spans = Vec::new();
    let mut start = 0;
    let mut received = 0;
    while received < stream.len() {
        received = (received + size).min(stream.len());
        loop {
            let input = &stream[start..received];
            spans.clear();
            let (end, source) = match parser.next(input, limits, &mut spans) {
                Step::Request { end } => (end, &input[..end]),
                Step::Unescaped { end } => (end, parser.unescaped()),
                Step::NeedMore { want } => {
                    assert!(want > input.len() && spans.is_empty());
                    break;
                }
                Step::Error { error } => {
                    assert!(spans.is_empty());
                    return (requests, Some(error));
                }
            };
            assert!(end > 0 && end <= input.len());
            requests.push(spans.iter().map(|span| span.of(source).to_vec()).collect());
            start += end;
        }
    }
    (requests, None)
}

fuzz_target!(|data: &[u8]| {
    let Some((&[size, flags], stream)) = data.split_first_chunk::<2>() else {
        return;
    };
    let limits = Limits { bulk_bytes_max: if flags & 1 == 0 { 512 << 20 } else { 100 }, authenticated: flags & 2 == 0 };
    let whole = feed(stream, stream.len().max(1), &limits);
    assert_eq!(feed(stream, usize::from(size) + 1, &limits), whole);
    assert_eq!(feed(stream, 1, &limits), whole);
});
