use super::for_seeds;
use super::naive::{self, Value};
use super::reply::random_reply;
use crate::resp::{DEPTH_MAX, Malformed, Protocol, ReplyScanner, ReplyWriter, Token, next_token, reply_len};

#[test]
fn every_kind_of_token() {
    let cases: &[(&[u8], Token)] = &[
        (b"+OK\r\n", Token::Status(b"OK")),
        (b"+\r\n", Token::Status(b"")),
        (b"-ERR x\r\n", Token::Error(b"ERR x")),
        (b"!5\r\nERR\r\n\r\n", Token::Error(b"ERR\r\n")),
        (b":-12\r\n", Token::Integer(-12)),
        (b"$3\r\na\r\n\r\n", Token::Bulk(b"a\r\n")),
        (b"$0\r\n\r\n", Token::Bulk(b"")),
        (b"$-1\r\n", Token::Null),
        (b"*-1\r\n", Token::Null),
        (b"_\r\n", Token::Null),
        (b"*2\r\n", Token::Array(2)),
        (b"%2\r\n", Token::Map(2)),
        (b"~0\r\n", Token::Set(0)),
        (b">3\r\n", Token::Push(3)),
        (b"|1\r\n", Token::Attribute(1)),
        (b",1.5\r\n", Token::Double(1.5, b"1.5")),
        (b",-inf\r\n", Token::Double(f64::NEG_INFINITY, b"-inf")),
        (b"#t\r\n", Token::Bool(true)),
        (b"#f\r\n", Token::Bool(false)),
        (b"(-12345678901234567890123\r\n", Token::BigNumber(b"-12345678901234567890123")),
        (b"=6\r\ntxt:ab\r\n", Token::Verbatim { format: b"txt", text: b"ab" }),
    ];
    for (bytes, token) in cases {
        assert_eq!(next_token(bytes), Ok(Some((*token, bytes.len()))), "{bytes:?}");
        for cut in 0..bytes.len() {
            assert_eq!(next_token(&bytes[..cut]), Ok(None), "{:?}", &bytes[..cut]);
        }
    }
    let nan = next_token(b",nan\r\n");
    assert!(matches!(nan, Ok(Some((Token::Double(value, b"nan"), 6))) if value.is_nan()));
}

#[test]
fn malformed() {
    let cases: &[&[u8]] = &[
        b"x",
        b"+a\rb\r\n",
        b":\r\n",
        b":01\r\n",
        b":1 \r\n",
        b"$-2\r\n",
        b"$a\r\n",
        b"$1\r\nabc",
        b"$1\r\na\rb",
        b"*-2\r\n",
        b"*99999999999\r\n",
        b"%-1\r\n",
        b",x\r\n",
        b",\r\n",
        b"#x\r\n",
        b"_x\r\n",
        b"(\r\n",
        b"(1a\r\n",
        b"=3\r\ntxt\r\n",
        b"=4\r\ntxt.\r\n",
        b"$536870912000\r\n",
    ];
    for bytes in cases {
        assert_eq!(next_token(bytes), Err(Malformed), "{bytes:?}");
    }
    let endless = vec![b'+'; 2 << 20];
    assert_eq!(next_token(&endless), Err(Malformed));
}

#[test]
fn attributes_come_before_their_value() {
    // DEBUG PROTOCOL attrib
    let bytes = b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$4\r\nreal\r\n";
    assert_eq!(reply_len(bytes), Ok(Some(bytes.len())));
    assert_eq!(naive::value(bytes), (Value::Bulk(b"real".to_vec()), &b""[..]));
    let inside = b"*1\r\n|0\r\n|1\r\n+k\r\n+v\r\n:1\r\n+next";
    assert_eq!(reply_len(inside), Ok(Some(inside.len() - 5)));
    assert_eq!(reply_len(b"|1\r\n+k\r\n+v\r\n"), Ok(None));
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| [&b"*1\r\n".repeat(depth)[..], b":1\r\n"].concat();
    let deepest = nested(DEPTH_MAX);
    assert_eq!(reply_len(&deepest), Ok(Some(deepest.len())));
    assert_eq!(reply_len(&nested(DEPTH_MAX + 1)), Err(Malformed));
    assert_eq!(reply_len(&nested(1_000_000)), Err(Malformed));
}

#[test]
fn scanner_finds_ends_in_any_split() {
    for_seeds(3_000, |random| {
        let mut writer = ReplyWriter::new(*random.pick(&[&Protocol::Resp2, &Protocol::Resp3]));
        let mut ends = Vec::new();
        for _ in 0..3 {
            random_reply(random, &mut writer, 3);
            ends.push(writer.len());
        }
        let bytes = writer.take();
        let mut scanner = ReplyScanner::new();
        let mut start = 0;
        let mut received = 0;
        while let Some(&end) = ends.first() {
            match scanner.scan(&bytes[start..received]) {
                Ok(Some(len)) => {
                    assert_eq!(start + len, end);
                    assert!(naive::value(&bytes[start..end]).1.is_empty());
                    start = end;
                    ends.remove(0);
                }
                Ok(None) => {
                    assert!(received < end);
                    received = (received + 1 + random.below(30)).min(bytes.len());
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn garbage_is_answered() {
    for_seeds(20_000, |random| {
        let len = random.below(60);
        let bytes = random.bytes(len, b"+-:$*%~>|,#(=!_0123456789\r\n\r\ntf\xff");
        if let Ok(Some(len)) = reply_len(&bytes) {
            assert!(len <= bytes.len());
        }
    });
}
