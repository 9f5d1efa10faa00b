//! Arguments of each kind that grammars name: mostly meaningful, some at the edge, some plainly wrong.
//!
//! Keys come from a small pool, so that commands meet each other's results. Expiry times keep two rules which make
//! replies independent of timing: a deadline is in the past or more than a day away, and relative ones are drawn from so
//! wide a range that two of them are never closer than the tolerance of the comparison.

use super::pools::*;
use super::random::Random;

/// The arguments of one grammar symbol; a few symbols stand for several arguments.
pub fn arguments(kind: &str, random: &mut Random) -> Vec<Vec<u8>> {
    let one = match kind {
        "key" => random.pick(KEYS).to_vec(),
        "value" => value(random),
        "integer" => integer(random),
        "float" => float(random),
        "index" => index(random),
        "offset" => offset(random),
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
