//! Commands that must not be sent: their replies depend on timing, or they disturb the comparison itself.
//!
//! Generators produce what they like; everything passes this filter last. It errs on the side of refusing, because a
//! flaky differential test is worse than a missing case.

use super::command::Command;
use super::pools::LEX_KEYS;
use std::collections::BTreeMap;

/// Relative expiry times from here on can't run out during a test.
const TTL_SECONDS_MIN: i64 = 3600;
/// Absolute ones before this are long past.
const LONG_PAST_SECONDS: i64 = 1_500_000_000;
/// Absolute ones after this are far away.
const FAR_AHEAD_SECONDS: i64 = 3_000_000_000;
/// SETRANGE between these would allocate a lot for nothing.
const OFFSET_MAX: i64 = 4096;
/// No test takes that long.
const IDLE_MS_MAX: i64 = 10_000_000;
const STRING_LIMIT: i64 = 512 * 1024 * 1024;

/// Whether the command may be sent to a server under comparison.
pub fn is_safe(command: &Command) -> bool {
    let name = command.upper(0);
    let subcommand = command.upper(1);
    let count = command.arguments.len();
    match name.as_slice() {
        b"SETEX" | b"EXPIRE" => !short(command, 2, TTL_SECONDS_MIN),
        b"PSETEX" | b"PEXPIRE" => !short(command, 2, TTL_SECONDS_MIN * 1000),
        b"EXPIREAT" => !close(command, 2, 1),
        b"PEXPIREAT" => !close(command, 2, 1000),
        b"SET" | b"GETEX" => (1..count).all(|index| match command.upper(index).as_slice() {
            b"EX" => !short(command, index + 1, TTL_SECONDS_MIN),
            b"PX" => !short(command, index + 1, TTL_SECONDS_MIN * 1000),
            b"EXAT" => !close(command, index + 1, 1),
            b"PXAT" => !close(command, index + 1, 1000),
            _ => true,
        }),
        b"RESTORE" | b"RESTORE-ASKING" => {
            let is_deadline = (4..count).any(|index| command.upper(index) == b"ABSTTL");
            !if is_deadline { close(command, 2, 1000) } else { short(command, 2, TTL_SECONDS_MIN * 1000) }
        }
        b"SETRANGE" => number(command, 2).is_none_or(|offset| offset <= OFFSET_MAX || offset >= STRING_LIMIT),
        b"SETBIT" => number(command, 2).is_none_or(|offset| offset <= OFFSET_MAX * 8 || offset >= STRING_LIMIT * 8),
        b"BITFIELD" => (2..count).all(|index| match command.upper(index).as_slice() {
            b"SET" | b"INCRBY" => number(command, index + 2).is_none_or(|offset| {
                // `#` counts in fields of up to 64 bits.
                offset <= OFFSET_MAX / 8 || offset >= STRING_LIMIT * 8
            }),
            _ => true,
        }),
        // Other scores would make the order of the names there a matter of chance.
        b"ZADD" | b"ZINCRBY" if command.arguments.get(1).is_some_and(|key| LEX_KEYS.contains(&&key[..])) => {
            name == b"ZADD" && (2..count).step_by(2).all(|index| command.arguments[index] == b"0")
        }
        b"ZUNIONSTORE" | b"ZINTERSTORE" | b"ZDIFFSTORE" | b"ZRANGESTORE" | b"RENAME" | b"RENAMENX" | b"COPY" => {
            let is_lex = |key: &Vec<u8>| LEX_KEYS.contains(&&key[..]);
            !command.arguments.iter().skip(1).take(2).any(is_lex)
                || command.arguments[1..count.min(3)].iter().all(is_lex)
        }
        // An ID made of the current time.
        b"XADD" => !(2..count).any(|index| command.arguments[index] == b"*"),
        b"XREAD" | b"XREADGROUP" => !(1..count).any(|index| command.upper(index) == b"BLOCK"),
        // Whether so little time has passed depends on timing.
        b"XCLAIM" | b"XAUTOCLAIM" | b"XPENDING" => {
            number(command, 4).is_none_or(|idle_ms| idle_ms <= 0 || idle_ms > IDLE_MS_MAX)
        }
        // Members left by chance would differ from then on.
        b"SPOP" => match count {
            2 => SINGLES.contains(&command.upper(1).as_slice()),
            3 => number(command, 2).is_none_or(|count| count <= 0 || count >= CARDINALITY_MAX),
            _ => true,
        },
        b"SADD" if SINGLES.contains(&command.upper(1).as_slice()) => count == 3 && command.arguments[2] == b"7",
        b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" => {
            number(command, 2).is_none_or(|count| count > -CARDINALITY_MAX || count == i64::MIN)
        }
        // The order of equal texts would be stored.
        b"SORT" => {
            let has = |option: &[u8]| (2..count).any(|index| command.upper(index) == option);
            !(has(b"STORE") && has(b"BY") && has(b"ALPHA"))
        }
        // Answers only what can't be a shutdown.
        b"SHUTDOWN" => {
            count > 1 && (1..count).any(|index| !SHUTDOWN_OPTIONS.contains(&command.upper(index).as_slice()))
        }
        b"CLIENT" => match subcommand.as_slice() {
            b"KILL" => count <= 3 || kills_nobody(command),
            // Which ids there are depends on how many connections there have been.
            b"LIST" => (3..count).all(|index| number(command, index).is_none_or(|id| id <= 0 || id >= UNUSED_ID_MIN)),
            // The reply mode decides how many replies there are: only in units that the generator builds on purpose.
            b"REPLY" => count != 3 || command.silent || !matches!(command.upper(2).as_slice(), b"OFF" | b"SKIP"),
            // Redis 7.2.
            b"SETINFO" => false,
            b"PAUSE" => false,
            _ => true,
        },
        b"DEBUG" => match subcommand.as_slice() {
            b"SLEEP" => count != 3 || command.arguments[2] == b"0",
            b"OBJECT" | b"JMAP" | b"SET-ACTIVE-EXPIRE" | b"DIGEST-VALUE" | b"SDSLEN" | b"HTSTATS-KEY" => true,
            _ => false,
        },
        b"CONFIG" if subcommand == b"SET" => (2..count).step_by(2).all(|index| may_set(command, index)),
        _ => !NEVER.contains(&name.as_slice()),
    }
}

/// Sets that are never given more than one member.
const SINGLES: &[&[u8]] = &[b"SINGLE"];
/// No collection of a test has that many members.
const CARDINALITY_MAX: i64 = 100_000;

/// Whether Redis 7.0's SORT may go wrong after this: it takes the ERANGE that an earlier command's `strtod` left in `errno`
/// for an error of its own, and compares texts only up to a NUL.
pub fn confuses_sort(command: &Command) -> bool {
    command.arguments.iter().any(|argument| {
        if argument.contains(&0) {
            return true;
        }
        let text = String::from_utf8_lossy(argument).to_lowercase();
        let Ok(number) = text.trim().parse::<f64>() else { return false };
        let digits = text.split('e').next().unwrap_or_default();
        let is_overflow = number.is_infinite() && !text.contains('i');
        is_overflow || (number.abs() < f64::MIN_POSITIVE && digits.contains(|digit| ('1'..='9').contains(&digit)))
    })
}

/// Whether a SET leaves a key that has expired already: until something looks at it, it exists for some commands.
pub fn leaves_expired_key(command: &Command) -> bool {
    command.upper(0) == b"SET"
        && (3..command.arguments.len()).any(|index| {
            let scale = match command.upper(index).as_slice() {
                b"EXAT" => 1,
                b"PXAT" => 1000,
                _ => return false,
            };
            number(command, index + 1).is_some_and(|time| time <= LONG_PAST_SECONDS * scale)
        })
}

const SHUTDOWN_OPTIONS: &[&[u8]] = &[b"NOSAVE", b"SAVE", b"NOW", b"FORCE"];

/// No test has so many connections.
const UNUSED_ID_MIN: i64 = 1_000_000;

/// Values of CLIENT KILL filters that match no client of the test.
const MATCHES_NOBODY: &[&[u8]] =
    &[b"99999999", b"1.2.3.4:5", b"nobody", b"pubsub", b"replica", b"slave", b"master", b"nosuch"];

/// Of a repeated filter, the last counts; among different ones, a client must match all.
fn kills_nobody(command: &Command) -> bool {
    let mut filters = BTreeMap::new();
    for index in (2..command.arguments.len() - 1).step_by(2) {
        filters.insert(command.upper(index), command.arguments[index + 1].as_slice());
    }
    filters.remove(&b"SKIPME"[..]);
    filters.values().any(|value| MATCHES_NOBODY.contains(value))
}

const NEVER: &[&[u8]] = &[
    // They block, stream, fork, or talk to other servers.
    b"MONITOR",
    b"SUBSCRIBE",
    b"PSUBSCRIBE",
    b"SSUBSCRIBE",
    b"BLPOP",
    b"BRPOP",
    b"BLMOVE",
    b"BRPOPLPUSH",
    b"BZPOPMIN",
    b"BZPOPMAX",
    b"BLMPOP",
    b"BZMPOP",
    b"WAIT",
    b"WAITAOF",
    b"SYNC",
    b"PSYNC",
    b"REPLCONF",
    b"REPLICAOF",
    b"SLAVEOF",
    b"FAILOVER",
    b"BGSAVE",
    b"SAVE",
    b"BGREWRITEAOF",
    b"MIGRATE",
    b"CLUSTER",
    b"MODULE",
    b"ACL",
    // They change what later commands on the connection mean.
    b"MULTI",
    b"EXEC",
    b"ASKING",
    b"READONLY",
    b"READWRITE",
    // Run code, which is not this test's subject.
    b"EVAL",
    b"EVALSHA",
    b"EVAL_RO",
    b"EVALSHA_RO",
    b"SCRIPT",
    // The real server is busy with it for seconds.
    b"PFSELFTEST",
];

fn number(command: &Command, index: usize) -> Option<i64> {
    let text = std::str::from_utf8(command.arguments.get(index)?).ok()?;
    // More lenient than any server, so that a server that is too lenient gets no short deadline either.
    text.trim_matches(|letter: char| !letter.is_ascii_digit() && letter != '-').parse().ok()
}

fn short(command: &Command, index: usize, min: i64) -> bool {
    number(command, index).is_some_and(|time| 0 < time && time < min)
}

fn close(command: &Command, index: usize, scale: i64) -> bool {
    number(command, index).is_some_and(|time| time > LONG_PAST_SECONDS * scale && time < FAR_AHEAD_SECONDS * scale)
}

fn may_set(command: &Command, index: usize) -> bool {
    let name = command.upper(index);
    // Some values are texts of C to Redis, which end at a NUL; ours refuse it.
    if command.arguments.get(index + 1).is_some_and(|value| value.contains(&0)) {
        return false;
    }
    let is_listed = |listed: &str| listed.as_bytes().eq_ignore_ascii_case(&name);
    // No parameter has a name that short.
    super::pools::PARAMETERS.iter().any(|(listed, _)| is_listed(listed)) || name.len() < 2
}
