//! Arguments of each kind that grammars name: mostly meaningful, some at the edge, some plainly wrong.
//!
//! Keys come from a small pool, so that commands meet each other's results. Expiry times keep two rules which make
//! replies independent of timing: a deadline is in the past or more than a day away, and relative ones are drawn from so
//! wide a range that two of them are never closer than the tolerance of the comparison.

use super::payloads::payload;
use super::pools::*;
use super::random::Random;

/// The arguments of one grammar symbol; a few symbols stand for several arguments.
pub fn arguments(kind: &str, random: &mut Random) -> Vec<Vec<u8>> {
    let one = match kind {
        "key" => random.pick(KEYS).to_vec(),
        "value" => value(random),
        "integer" => integer(random),
        "member" => member(random),
        "longitude" => degrees(random, 180.0),
        "latitude" => degrees(random, 85.05112878),
        "distance" => distance(random),
        "unit" => text(random, &["m", "km", "km", "mi", "ft", "KM", "Mi", "cm"], 97),
        "spot" => vec![b'a' + random.below(12) as u8],
        "members" => return members(random),
        "pairs" => return pairs(random),
        "pairs-by-score" => return pairs_by_score(random),
        "brink" => letters(random, 62, 66),
        "float" => float(random),
        "index" => index(random),
        "offset" => offset(random),
        // Mostly keys of their own: few strings are HyperLogLogs by chance.
        "hll-key" => {
            let keys = if random.percent(85) { HLL_KEYS } else { KEYS };
            random.pick(keys).to_vec()
        }
        "bit" => text(random, &["0", "1", "1"], 92),
        "bit-offset" => bit_offset(random),
        "field-type" => field_type(random),
        "field-offset" => field_offset(random),
        "element" => {
            if random.percent(30) {
                value(random)
            } else {
                random.between(0, 3000).to_string().into_bytes()
            }
        }
        "elements" => {
            let start = random.below(5000);
            let count = random.between(1, 400);
            return (start..start + count).map(|element| element.to_string().into_bytes()).collect();
        }
        "number-list" => pooled(random, NUMBER_LISTS),
        "number-set" => pooled(random, NUMBER_SETS),
        "number-zset" => pooled(random, NUMBER_ZSETS),
        "text-list" => pooled(random, TEXT_LISTS),
        "text-set" => pooled(random, TEXT_SETS),
        "text-zset" => pooled(random, TEXT_ZSETS),
        "number-sortable" => sortable(random, 3),
        "sortable" => sortable(random, 6),
        "target" => text(random, &["target", "target", "target2", "nl", "w_1"], 97),
        "sort-number" => text(random, SORT_NUMBERS, 99),
        "sort-text" => pooled(random, SORT_TEXTS),
        "weight-key" => [pooled(random, &["w_", "v_"]), pooled(random, SORT_ELEMENTS)].concat(),
        "object-key" => [b"o_".to_vec(), pooled(random, SORT_ELEMENTS)].concat(),
        "object-field" => pooled(random, &["weight", "weight", "name", ""]),
        "sort-pattern" => pooled(random, SORT_PATTERNS),
        "sort-weight" => pooled(random, &["w_*", "v_*", "o_*->weight", "o_*->name"]),
        "no-sort" => pooled(random, &["nosort", "nosort", "w_1", "#", "", "o_->weight"]),
        "sort-count" => text(random, &["0", "0", "1", "2", "3", "5", "-1", "10", "1000"], 96),
        "item" => item(random),
        "items" => return (0..random.between(5, 150)).map(|_| item(random)).collect(),
        "item-count" => text(random, &["0", "1", "1", "2", "3", "7", "20", "100", "1000"], 88),
        "stream" if random.percent(93) => random.pick(&KEYS[..4]).to_vec(),
        "stream" => random.pick(KEYS).to_vec(),
        "new-id" => new_id(random),
        "stream-id" => stream_id(random),
        "range-id" => range_id(random),
        "group" => text(random, &["g", "g", "g", "h", "", "group"], 96),
        "consumer" => text(random, &["c", "c", "d", "e", "", "C", "streams", "consumer-with-a-long-name"], 97),
        "idle" => text(random, &["0", "0", "0", "100000000", "200000000", "-1"], 92),
        "fields" => return stream_fields(random),
        "zmember" => zmember(random),
        "score" => score(random),
        "scored" => return scored(random, score),
        "unscored" => return scored(random, |_| b"0".to_vec()),
        "score-bound" => score_bound(random),
        "lex-key" => random.pick(LEX_KEYS).to_vec(),
        "lex-bound" => lex_bound(random),
        "aggregate" => text(random, &["SUM", "MIN", "max", "Sum", "avg"], 95),
        "hyperloglog" => hyperloglog(random),
        "count" => text(random, &["1", "2", "3", "10", "1000", "100000"], 80),
        "seconds" => number(random, 100_000, 1_000_000_000),
        "milliseconds" => number(random, 100_000_000, 1_000_000_000_000),
        "unix-seconds" => deadline(random, 1),
        "unix-milliseconds" => deadline(random, 1000),
        "db" => text(random, &["0", "1", "2", "9", "15", "0", "1"], 85),
        "pattern" => random.pick(PATTERNS).to_vec(),
        "cursor" => text(random, &["0", "0", "0", "12345", "18446744073709551615"], 75),
        "key-type" => text(random, &["string", "list", "set", "zset", "hash", "stream", "STRING", "nosuch"], 95),
        "client-name" => random.pick(CLIENT_NAMES).to_vec(),
        "client-type" => text(random, &["normal", "pubsub", "replica", "slave", "master", "NORMAL", "nosuch"], 95),
        "unused-id" => b"99999999".to_vec(),
        "unused-address" => b"1.2.3.4:5".to_vec(),
        "unused-user" => b"nobody".to_vec(),
        "yes-no" => text(random, &["yes", "no", "YES", "maybe", "1"], 95),
        "protocol" => text(random, &["2", "3", "2", "3", "1", "4", "abc"], 85),
        "user" => text(random, &["default", "default", "nobody", "DEFAULT"], 90),
        "password" => text(random, &["secret", "", "x"], 90),
        "section" => random.pick(SECTIONS).as_bytes().to_vec(),
        "glob" => random.pick(PARAMETER_GLOBS).as_bytes().to_vec(),
        "command-name" => random.pick(KNOWN_COMMANDS).as_bytes().to_vec(),
        "event" => text(random, &["command", "fast-command", "expire-cycle", "nosuch", ""], 95),
        "library" => text(random, &["*", "lib", "l*", ""], 95),
        "version" => text(random, &["5", "6", "1"], 80),
        "size" => text(random, &["1", "10", "20"], 80),
        "payload" => payload(random),
        "restored-group" => text(random, &["first", "second", "group"], 95),
        "nasty" => nasty(random),
        "unknown-command" => text(random, &["NOSUCH", "GETT", "", "SE T", "SET\0", "\r\n", "nosuch|sub", "@get"], 95),
        "setting" => {
            let (name, values) = *random.pick(PARAMETERS);
            return vec![name.as_bytes().to_vec(), random.pick(values).as_bytes().to_vec()];
        }
        "command-line" => {
            return random.pick(COMMAND_LINES).iter().map(|word| word.as_bytes().to_vec()).collect();
        }
        _ => panic!("the grammar names an unknown kind of argument: {kind}"),
    };
    vec![one]
}

/// Something that is likely to be wrong wherever it is put.
pub fn nasty(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0..=2 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        3 => random.pick(ODD_FLOATS).as_bytes().to_vec(),
        4 | 5 => random.pick(INTEGERS).as_bytes().to_vec(),
        6 => value(random),
        7 => random.pick(PATTERNS).to_vec(),
        8 => random
            .pick(&["NX", "xx", "GET", "ex", "PX", "KEEPTTL", "MATCH", "COUNT", "DB", "REPLACE", "GT", "help"])
            .as_bytes()
            .to_vec(),
        _ => Vec::new(),
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0..=2 => integer(random),
        3 => float(random),
        4 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        5 => Vec::new(),
        // Around the longest string that is embedded in its object.
        6 => letters(random, 40, 48),
        7 => letters(random, 1, 12),
        8 => (0..random.between(1, 30)).map(|_| random.next() as u8).collect(),
        9 => random
            .pick(&[&b"\0"[..], b"\r\n", b"*1\r\n", b"$-1\r\n", b"a b \"c\"", b"'", b"\xff\xfe", b"\\x41"])
            .to_vec(),
        10 if random.percent(15) => letters(random, 900, 3000),
        10 => letters(random, 60, 200),
        // Words over few letters have interesting common subsequences.
        _ => (0..random.between(3, 40)).map(|_| *random.pick(b"abc")).collect(),
    }
}

/// A member of a collection: from few, so that collections have some in common.
fn member(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0..=3 => random.between(0, 40).to_string().into_bytes(),
        4 => random.pick(INTEGERS).as_bytes().to_vec(),
        5..=7 => vec![b'a' + random.below(20) as u8],
        8 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        _ => value(random),
    }
}

/// Many fields with values, some of them more than once.
fn pairs(random: &mut Random) -> Vec<Vec<u8>> {
    members(random).into_iter().flat_map(|field| [field, member(random)]).collect()
}

/// Many members with scores.
fn pairs_by_score(random: &mut Random) -> Vec<Vec<u8>> {
    members(random).into_iter().flat_map(|member| [random.pick(FLOATS).as_bytes().to_vec(), member]).collect()
}

/// A key of one of the first `kinds` pools of [`SORTABLE`].
fn sortable(random: &mut Random, kinds: usize) -> Vec<u8> {
    let pool = SORTABLE[random.below(kinds)];
    pooled(random, pool)
}

fn pooled(random: &mut Random, pool: &[&str]) -> Vec<u8> {
    random.pick(pool).as_bytes().to_vec()
}

/// A coordinate: crowded around a few places, anywhere, at the edge of the map, or not on it.
fn degrees(random: &mut Random, max: f64) -> Vec<u8> {
    match random.below(24) {
        0 => float(random),
        1 => format!("{}", if random.percent(50) { max } else { -max }).into_bytes(),
        2 => format!("{}", max * 1.01).into_bytes(),
        3..=7 => format!("{:.6}", (random.below(2_000_001) as f64 / 1_000_000.0 - 1.0) * max).into_bytes(),
        8..=10 => (random.between(0, 160) as i64 - 80).to_string().into_bytes(),
        _ => format!("{:.4}", 13.0 + random.below(40_000) as f64 / 10_000.0).into_bytes(),
    }
}

fn distance(random: &mut Random) -> Vec<u8> {
    match random.below(16) {
        0 => float(random),
        1 => b"0".to_vec(),
        2 => (-(random.between(1, 5) as i64)).to_string().into_bytes(),
        3 => b"inf".to_vec(),
        4 | 5 => random.between(1, 20_000_000).to_string().into_bytes(),
        6 | 7 => random.between(1000, 100_000).to_string().into_bytes(),
        _ => format!("{}.{}", random.below(900), random.below(100)).into_bytes(),
    }
}

/// Many members at once: around the sizes at which encodings change.
fn members(random: &mut Random) -> Vec<Vec<u8>> {
    let count = *random.pick(&[1, 2, 7, 8, 9, 20, 127, 128, 129, 300, 511, 512, 513, 700]);
    let (start, step) = (*random.pick(&[0, 0, 1, 100, -200, 32_700, 1 << 31]), *random.pick(&[1, 1, 3, 1000]));
    let prefix = *random.pick(&["", "", "", "m"]);
    (0..count).map(|index: i64| format!("{prefix}{}", start + index * step).into_bytes()).collect()
}

fn letters(random: &mut Random, low: usize, high: usize) -> Vec<u8> {
    (0..random.between(low, high)).map(|_| b'a' + random.below(26) as u8).collect()
}

fn integer(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0 | 1 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        2..=9 => random.between(0, 30).to_string().into_bytes(),
        _ => random.pick(INTEGERS).as_bytes().to_vec(),
    }
}

fn float(random: &mut Random) -> Vec<u8> {
    if random.percent(25) {
        random.pick(ODD_FLOATS).as_bytes().to_vec()
    } else {
        random.pick(FLOATS).as_bytes().to_vec()
    }
}

fn index(random: &mut Random) -> Vec<u8> {
    if random.percent(70) { (random.between(0, 60) as i64 - 30).to_string().into_bytes() } else { integer(random) }
}

/// Offsets are small, or beyond the limit of a string: nothing between, it would cost memory and time.
fn offset(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        1 => random
            .pick(&["536870912", "536870911999", "9223372036854775807", "4294967296", "-1", "-9223372036854775808"])
            .as_bytes()
            .to_vec(),
        2 => random.between(100, 1000).to_string().into_bytes(),
        _ => random.between(0, 60).to_string().into_bytes(),
    }
}

fn bit_offset(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        1 => random
            .pick(&["4294967296", "4294967297", "9223372036854775807", "-1", "-9223372036854775808"])
            .as_bytes()
            .to_vec(),
        2 => random.between(400, 4000).to_string().into_bytes(),
        _ => random.between(0, 400).to_string().into_bytes(),
    }
}

fn field_type(random: &mut Random) -> Vec<u8> {
    let kind = if random.percent(50) { 'i' } else { 'u' };
    match random.below(14) {
        0 => nasty(random),
        1 => random
            .pick(&["i64", "u63", "u64", "i65", "i0", "u0", "i", "u", "U8", "i8\0x", "i08", "8"])
            .as_bytes()
            .to_vec(),
        2..=6 => format!("{kind}{}", random.pick(&[1, 2, 4, 7, 8, 16, 31, 32, 33, 63])).into_bytes(),
        _ => format!("{kind}{}", random.between(1, 63)).into_bytes(),
    }
}

fn field_offset(random: &mut Random) -> Vec<u8> {
    match random.below(14) {
        0 => [&b"#"[..], random.pick(ODD_NUMBERS).as_bytes()].concat(),
        1 => random.pick(&["#4611686018427387904", "#9223372036854775807", "#", "##1", "#-1"]).as_bytes().to_vec(),
        2..=5 => format!("#{}", random.between(0, 20)).into_bytes(),
        6 => bit_offset(random),
        _ => random.between(0, 300).to_string().into_bytes(),
    }
}

/// An element of a list: one of a few, so that searches find it, or any value; now and then one as long as a node.
fn item(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0 => value(random),
        1 => integer(random),
        2 if random.percent(20) => letters(random, 4000, 9000),
        2 | 3 => letters(random, 1, 80),
        _ => random.pick(&["a", "b", "c", "", "1", "-1", "127", "4096", "100000", "x y"]).as_bytes().to_vec(),
    }
}

/// An id for XADD: often one that is above all others.
fn new_id(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0..=12 => b"50-*".to_vec(),
        13 => format!("{}-*", random.between(0, 55)).into_bytes(),
        14..=18 => stream_id(random),
        _ => text(random, &["51-1", "1526919030474-55", "0-0", "0-*", "-", "+", "50-**"], 90),
    }
}

/// The id of an entry that may be there.
fn stream_id(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0..=9 => format!("50-{}", random.between(0, 40)).into_bytes(),
        10..=13 => format!("{}-{}", random.between(0, 55), random.between(0, 9)).into_bytes(),
        14 | 15 => random.between(0, 60).to_string().into_bytes(),
        16 => b"0".to_vec(),
        _ => text(random, &["0-0", "$", ">", "-", "+", "(1-1", "18446744073709551615"], 90),
    }
}

fn range_id(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0..=2 => b"-".to_vec(),
        3..=5 => b"+".to_vec(),
        6 => [b"(".to_vec(), stream_id(random)].concat(),
        _ => stream_id(random),
    }
}

/// Fields with values, mostly of few different sets of fields.
fn stream_fields(random: &mut Random) -> Vec<Vec<u8>> {
    let names: &[&[u8]] = match random.below(8) {
        0..=3 => &[b"f", b"12"],
        4 => &[b"f"],
        5 => &[b"f", b"13"],
        6 => &[b"temperature", b"f", b"-1"],
        _ => return vec![short(random), short(random)],
    };
    names.iter().flat_map(|name| [name.to_vec(), short(random)]).collect()
}

/// A value of which several fit into a node.
fn short(random: &mut Random) -> Vec<u8> {
    let mut value = value(random);
    value.truncate(150);
    value
}

/// A member of a sorted set: one of a few, so that commands meet it again, or any value.
fn zmember(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0 => value(random),
        1 => integer(random),
        2 => letters(random, 62, 66),
        3..=5 => format!("m{}", random.below(40)).into_bytes(),
        _ => random.pick(&["a", "b", "c", "d", "aa", "ab", "b\0", "", "1", "5", "10"]).as_bytes().to_vec(),
    }
}

/// A score: one of a few, so that there are ties, or any double.
fn score(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => float(random),
        1 => random.pick(&["inf", "-inf", "+inf", "-0", "0", "nan", "1e308", "-1e308", "0.1"]).as_bytes().to_vec(),
        2 => integer(random),
        _ => random.between(0, 12).to_string().into_bytes(),
    }
}

/// Many members with scores: around the size at which the encoding changes.
fn scored(random: &mut Random, mut score: impl FnMut(&mut Random) -> Vec<u8>) -> Vec<Vec<u8>> {
    let count = *random.pick(&[5, 20, 100, 127, 128, 129, 130, 300]);
    let first = random.below(200);
    let pair = |number: usize| {
        let mut given = score(random);
        // One bad score would spoil them all.
        if given.iter().any(|byte| !byte.is_ascii_digit()) {
            given = b"7.5".to_vec();
        }
        [given, format!("m{number}").into_bytes()]
    };
    (first..first + count).flat_map(pair).collect()
}

fn score_bound(random: &mut Random) -> Vec<u8> {
    let bound = match random.below(10) {
        0 => random.pick(ODD_FLOATS).as_bytes().to_vec(),
        1 => random.pick(&["", " 1", "1 ", "1e999", "-1e999", "1e-999", "0x1p99999", "nan", "(1"]).as_bytes().to_vec(),
        2 | 3 => random.pick(&["-inf", "+inf", "inf"]).as_bytes().to_vec(),
        _ => score(random),
    };
    if random.percent(30) { [b"(", &bound[..]].concat() } else { bound }
}

fn lex_bound(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 | 1 => b"-".to_vec(),
        2 | 3 => b"+".to_vec(),
        4 => random.pick(&["", "a", "-a", "+\0", "-\0x", "++", "[", "(", "[-", "{a"]).as_bytes().to_vec(),
        kind => [if kind < 7 { &b"["[..] } else { b"(" }, &zmember(random)[..]].concat(),
    }
}

/// The header of a HyperLogLog and something after it; mostly no valid one.
fn hyperloglog(random: &mut Random) -> Vec<u8> {
    let mut text = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    match random.below(8) {
        0 => text.truncate(random.between(3, 16)),
        1 => text[4] = random.between(0, 3) as u8,
        2 => {
            // A dense one, most often as long as it must be, with any registers.
            text[4] = 0;
            let len = 12288 + *random.pick(&[0, 0, 0, 1]);
            text.extend((0..len).map(|_| random.next() as u8));
        }
        3 => text.extend_from_slice(b"\x7f\xff\x80"),
        4 => text.extend_from_slice(b"\x7f\xfe"),
        // Zeros in several pieces, and values between them.
        5 => text.extend_from_slice(b"\x3f\x80\x00\x84\x84\x7f\xba"),
        6 => text.extend_from_slice(b"\x7f\xff"),
        // Runs that end in a whole opcode, but hardly ever cover all registers.
        _ => {
            text.extend((0..random.between(0, 20)).map(|_| random.next() as u8));
            text.push(0x00);
        }
    }
    text
}

fn number(random: &mut Random, low: usize, high: usize) -> Vec<u8> {
    match random.below(10) {
        0 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        1 => random
            .pick(&[
                "0",
                "-1",
                "-100",
                "9223372036854775807",
                "9223372036854775",
                "9223370000000000",
                "-9223372036854775808",
                "9223372036854776",
            ])
            .as_bytes()
            .to_vec(),
        _ => random.between(low, high).to_string().into_bytes(),
    }
}

/// Absolute times: long ago, in the next centuries (few distinct ones, so that GT and LT meet equality), or out of range.
fn deadline(random: &mut Random, scale: i64) -> Vec<u8> {
    const FAR: &[i64] = &[4_000_000_000, 4_000_000_001, 5_000_000_000, 9_000_000_000, 100_000_000_000];
    match random.below(10) {
        0 => random.pick(ODD_NUMBERS).as_bytes().to_vec(),
        1 => random
            .pick(&["0", "-1", "9223372036854775807", "9223372036854775", "-9223372036854775808", "9223372036854776"])
            .as_bytes()
            .to_vec(),
        2 => random.pick(&["1", "1000", "1000000000"]).as_bytes().to_vec(),
        _ => (random.pick(FAR) * scale).to_string().into_bytes(),
    }
}

fn text(random: &mut Random, usual: &[&str], chance: usize) -> Vec<u8> {
    if random.percent(chance) { random.pick(usual).as_bytes().to_vec() } else { nasty(random) }
}
