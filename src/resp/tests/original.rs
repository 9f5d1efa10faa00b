use super::for_seeds;
use super::reply::random_reply;
use crate::resp::{
    ErrorCode, FRAME_BYTES_MAX, FRAME_STRINGS_MAX, Format, Malformed, Protocol, ProtocolError, ReplyWriter, Span, Step,
    looks_original, next_original_request, transcode,
};

fn encode(args: &[Vec<u8>]) -> Vec<u8> {
    let mut body = (args.len() as u32).to_le_bytes().to_vec();
    for arg in args {
        body.extend_from_slice(&(arg.len() as u32).to_le_bytes());
        body.extend_from_slice(arg);
    }
    [&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn parse(input: &[u8]) -> (Step, Vec<Vec<u8>>) {
    let mut spans: Vec<Span> = Vec::new();
    let step = next_original_request(input, &mut spans);
    (step, spans.iter().map(|span| span.of(input).to_vec()).collect())
}

const REFUSED: Step = Step::Error { error: ProtocolError::Frame };

#[test]
fn four_bytes_decide() {
    for text in [b"*1\r\n", b"PING", b"\r\n\r\n", b"GET\t", b"a b "] {
        assert!(!looks_original(text));
    }
    assert!(looks_original(&11u32.to_le_bytes()));
    assert!(looks_original(&(FRAME_BYTES_MAX as u32).to_le_bytes()));
    assert!(looks_original(b"*1\r\x02"));
}

#[test]
fn requests_in_any_split() {
    for_seeds(2_000, |random| {
        let args: Vec<Vec<u8>> = (0..random.below(6))
            .map(|_| {
                let len = random.below(30);
                random.bytes(len, b"ab\0\r\n")
            })
            .collect();
        let bytes = encode(&args);
        let mut stream = bytes.clone();
        stream.extend_from_slice(b"next");
        assert_eq!(parse(&stream), (Step::Request { end: bytes.len() }, args));
        for cut in 0..bytes.len() {
            let want = if cut < 4 { 4 } else { bytes.len() };
            assert_eq!(parse(&bytes[..cut]), (Step::NeedMore { want }, vec![]));
        }
        // One damaged byte: any answer, but within the bytes.
        let at = random.below(bytes.len());
        stream[at] = random.next() as u8;
        if let (Step::Request { end }, _) = parse(&stream) {
            assert!(end <= stream.len());
        }
    });
}

#[test]
fn malformed_frames() {
    let mut long_string = encode(&[b"get".to_vec()]);
    long_string[8] = 4;
    assert_eq!(parse(&long_string), (REFUSED, vec![]));
    let mut bytes_left = encode(&[b"get".to_vec()]);
    bytes_left[8] = 2;
    assert_eq!(parse(&bytes_left), (REFUSED, vec![]));
    let mut too_few = encode(&[b"get".to_vec(), b"k".to_vec()]);
    too_few[4] = 3;
    assert_eq!(parse(&too_few), (REFUSED, vec![]));
    assert_eq!(parse(&3u32.to_le_bytes()).0, REFUSED);
    assert_eq!(parse(&(FRAME_BYTES_MAX as u32 + 1).to_le_bytes()).0, REFUSED);
    assert_eq!(parse(&u32::MAX.to_le_bytes()).0, REFUSED);
    let largest = (FRAME_BYTES_MAX as u32).to_le_bytes();
    assert_eq!(parse(&largest).0, Step::NeedMore { want: FRAME_BYTES_MAX + 4 });
    let strings = |count: usize| [largest, (count as u32).to_le_bytes()].concat();
    assert!(matches!(parse(&strings(FRAME_STRINGS_MAX)).0, Step::NeedMore { .. }));
    assert_eq!(parse(&strings(FRAME_STRINGS_MAX + 1)).0, REFUSED);
}

fn transcoded(format: Format, write: impl Fn(&mut ReplyWriter)) -> Vec<u8> {
    let mut writer = ReplyWriter::new(Protocol::Resp3);
    write(&mut writer);
    let mut out = b"before".to_vec();
    let len = transcode(writer.bytes(), format, &mut out).expect("well formed");
    assert_eq!(len, writer.len());
    let frame = out.split_off(6);
    let (length, body) = frame.split_at(4);
    assert_eq!(u32::from_le_bytes(length.try_into().expect("four bytes")) as usize, body.len());
    body.to_vec()
}

#[test]
fn status_format() {
    let check = |write: fn(&mut ReplyWriter), status: u32, text: &[u8]| {
        let expected = [&status.to_le_bytes()[..], text].concat();
        assert_eq!(transcoded(Format::Status, write), expected);
    };
    check(|w| w.ok(), 0, b"");
    check(|w| w.pong(), 0, b"PONG");
    check(|w| w.bulk(b"OK"), 0, b"OK");
    check(|w| w.bulk(b""), 0, b"");
    check(|w| w.null(), 2, b"");
    check(|w| w.integer(-5), 0, b"-5");
    check(|w| w.double(1.1), 0, b"1.1000000000000001");
    check(|w| w.boolean(true), 0, b"1");
    check(|w| w.verbatim("txt", b"a\nb"), 0, b"a\nb");
    check(|w| w.big_number("123"), 0, b"123");
    check(|w| w.err("unknown command 'x', with args beginning with: "), 1, b"");
    check(|w| w.err("wrong number of arguments for 'get' command"), 1, b"");
    check(|w| w.error("WRONGTYPE no"), 1, b"WRONGTYPE no");
    check(|w| w.array(0), 0, b"");
    check(
        |w| {
            w.array(4);
            w.ok();
            w.map(1);
            w.bulk(b"k");
            w.integer(1);
            w.null();
            w.set(0);
        },
        0,
        b"OK\nk\n1\n",
    );
}

#[test]
fn typed_format() {
    let check = |write: fn(&mut ReplyWriter), expected: &[&[u8]]| {
        assert_eq!(transcoded(Format::Typed, write), expected.concat());
    };
    check(|w| w.ok(), &[&[0]]);
    check(|w| w.null(), &[&[0]]);
    check(|w| w.bulk(b"v"), &[&[2, 1, 0, 0, 0], b"v"]);
    check(|w| w.pong(), &[&[2, 4, 0, 0, 0], b"PONG"]);
    check(|w| w.integer(-2), &[&[3], &(-2i64).to_le_bytes()]);
    check(|w| w.boolean(true), &[&[3], &1i64.to_le_bytes()]);
    check(|w| w.double(1.1), &[&[4], &1.1f64.to_le_bytes()]);
    check(|w| w.err("x"), &[&[1, 4, 0, 0, 0, 5, 0, 0, 0], b"ERR x"]);
    check(
        |w| {
            w.map(1);
            w.ok();
            w.array(1);
            w.null();
        },
        &[&[5, 2, 0, 0, 0], &[2, 2, 0, 0, 0], b"OK", &[5, 1, 0, 0, 0], &[0]],
    );
    assert_eq!(ErrorCode::of(b"ERR unknown command 'x'"), ErrorCode::Unknown);
    assert_eq!(ErrorCode::of(b"ERR wrong number of arguments for 'get' command"), ErrorCode::Unknown);
    assert_eq!(ErrorCode::of(b"WRONGTYPE Operation"), ErrorCode::WrongType);
    assert_eq!(ErrorCode::of(b"ERR syntax error"), ErrorCode::BadArgument);
}

#[test]
fn replies_over_the_limit() {
    let big = |len: usize| move |w: &mut ReplyWriter| w.bulk(&vec![b'x'; len]);
    assert_eq!(transcoded(Format::Status, big(FRAME_BYTES_MAX - 4)).len(), FRAME_BYTES_MAX);
    let text = b"response is too big.";
    let status = transcoded(Format::Status, big(FRAME_BYTES_MAX - 3));
    assert_eq!(status, [&[1, 0, 0, 0][..], text].concat());
    assert_eq!(transcoded(Format::Typed, big(FRAME_BYTES_MAX - 5)).len(), FRAME_BYTES_MAX);
    let typed = transcoded(Format::Typed, big(FRAME_BYTES_MAX - 4));
    assert_eq!(typed, [&[1, 2, 0, 0, 0, 20, 0, 0, 0][..], text].concat());
}

#[test]
fn attributes_are_skipped() {
    let reply = b"*1\r\n|1\r\n+k\r\n*1\r\n:1\r\n:7\r\nrest";
    let mut out = Vec::new();
    assert_eq!(transcode(reply, Format::Status, &mut out), Ok(reply.len() - 4));
    assert_eq!(out, [5, 0, 0, 0, 0, 0, 0, 0, b'7']);
}

#[test]
fn only_whole_replies_are_transcoded() {
    for_seeds(1_000, |random| {
        let mut writer = ReplyWriter::new(Protocol::Resp3);
        random_reply(random, &mut writer, 3);
        let bytes = writer.take();
        let cut = random.below(bytes.len());
        for format in [Format::Status, Format::Typed] {
            let mut out = Vec::new();
            assert_eq!(transcode(&bytes, format, &mut out), Ok(bytes.len()));
            out.clear();
            assert_eq!(transcode(&bytes[..cut], format, &mut out), Err(Malformed));
            assert!(out.is_empty());
        }
    });
}
