//! How the value of a setting is written: parsing with Redis's error texts, and the canonical form that
//! CONFIG GET shows.
//!
//! A value arrives as the words of a configuration line, or as the single argument of CONFIG SET; [`parse`] does not
//! know which. Settings of several words live in [`super::list`].

use super::list;
use super::table::Row;
use crate::numeric::parse_i64;
use std::sync::Arc;

/// The shape of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A decimal number.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// Bytes, with a unit such as `mb`.
    Memory {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
        /// `10%` is allowed too.
        percent: bool,
    },
    /// A mode such as 700.
    Octal {
        /// The greatest.
        max: i64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any of these words, which stand for the bits 0 (none), 1, 2, 4 …
    Flags(&'static [&'static str]),
    /// Anything.
    Text(TextRule),
    /// Several words.
    Multi(ListRule),
    /// A TCP port; the host may also say `auto`.
    Port,
    /// A number of threads; by default that of the CPUs.
    Threads,
    /// 1, 2, 4 … up to `max`.
    PowerOfTwo {
        /// The greatest.
        max: i64,
    },
    /// A frequency, forced between 1 and 500 as in Redis.
    Hz,
    /// Classes of keyspace events.
    Events,
}

/// What a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRule {
    /// Anything.
    Any,
    /// Anything; the empty text means that it is not set.
    Optional,
    /// A directory that exists; stored as an absolute path.
    Directory,
}

/// The grammars of settings of several words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListRule {
    /// Addresses.
    Bind,
    /// Pairs of seconds and changes.
    Save,
    /// Groups of class, hard limit, soft limit, seconds.
    OutputLimits,
    /// Three numbers.
    OomScores,
    /// Numbers from 0 to 100.
    Percentiles,
    /// Host and port, or `no one`.
    ReplicaOf,
}

/// A parsed value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `Bool`.
    Bool(bool),
    /// `Int`, `Octal`, `Port` ([`PORT_AUTO`] for `auto`), `Threads`, `PowerOfTwo`, `Hz`.
    Int(i64),
    /// `Memory`.
    Size(u64),
    /// `Memory` in percent.
    Percent(u64),
    /// Index into the words of `Choice`.
    Choice(usize),
    /// `Flags` and `Events`.
    Bits(u32),
    /// `Text`.
    Text(Arc<[u8]>),
    /// `Bind` and `ReplicaOf`.
    Words(Vec<Arc<[u8]>>),
    /// `Save` and `OomScores`.
    Numbers(Vec<i64>),
    /// `Percentiles`.
    Percentiles(Vec<f64>),
    /// `OutputLimits`: normal, replica, pubsub.
    Limits([OutputLimit; 3]),
}

/// When a client is cut off because it does not read its replies; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputLimit {
    /// At once.
    pub hard_bytes: usize,
    /// After [`Self::soft_seconds`] above it.
    pub soft_bytes: usize,
    /// How long the soft limit may be exceeded.
    pub soft_seconds: u64,
}

/// The value of `port` that means: any free port.
pub const PORT_AUTO: i64 = -1;
/// The greatest `io-threads`, as in Redis.
const THREADS_MAX: i64 = 128;
/// Bounds of `hz`, as in Redis.
const HZ: std::ops::RangeInclusive<i64> = 1..=500;

/// Who sets a value, which decides about a few spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A configuration file, standard input or the command line.
    File,
    /// The first line of its name in a file: lists start from nothing.
    FileFirst,
    /// The host program.
    Host,
    /// CONFIG SET.
    Client,
}

/// Parses the words of a value. `old` is the present value, which lists may add to.
///
/// # Errors
/// Redis's text.
pub fn parse(row: &Row, words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, String> {
    if let Kind::Multi(rule) = row.kind {
        return list::parse(rule, &split_single(words), old, origin);
    }
    if let Kind::Flags(names) = row.kind {
        return parse_flags(&split_single(words), names);
    }
    let &[word] = words else { return Err("wrong number of arguments".into()) };
    match row.kind {
        Kind::Bool => match word {
            _ if word.eq_ignore_ascii_case(b"yes") => Ok(Value::Bool(true)),
            _ if word.eq_ignore_ascii_case(b"no") => Ok(Value::Bool(false)),
            _ => Err("argument must be 'yes' or 'no'".into()),
        },
        Kind::Int { min, max } => parse_int(word, min, max),
        Kind::Port if origin == Origin::Host && word.eq_ignore_ascii_case(b"auto") => Ok(Value::Int(PORT_AUTO)),
        Kind::Port => parse_int(word, 0, 65535),
        Kind::Threads => parse_int(word, 0, THREADS_MAX),
        Kind::PowerOfTwo { max } => match parse_int(word, 1, max)? {
            Value::Int(number) if number & (number - 1) == 0 => Ok(Value::Int(number)),
            _ => Err("argument must be a power of two".into()),
        },
        Kind::Hz => match parse_int(word, 0, i64::from(i32::MAX))? {
            Value::Int(number) => Ok(Value::Int(number.clamp(*HZ.start(), *HZ.end()))),
            other => Ok(other),
        },
        Kind::Memory { min, max, percent } => parse_memory(word, min, max, percent),
        Kind::Octal { max } => parse_octal(word, max),
        Kind::Choice(names) => choice(word, names).map(Value::Choice),
        Kind::Events => parse_events(word),
        Kind::Text(TextRule::Directory) => parse_directory(word),
        Kind::Text(_) => Ok(Value::Text(word.into())),
        Kind::Multi(_) | Kind::Flags(_) => Err("wrong number of arguments".into()),
    }
}

/// The value as CONFIG GET shows it.
pub fn format(row: &Row, value: &Value) -> Vec<u8> {
    match (value, row.kind) {
        (Value::Bool(on), _) => if *on { "yes" } else { "no" }.into(),
        (Value::Int(PORT_AUTO), Kind::Port) => "auto".into(),
        (Value::Int(number), Kind::Octal { .. }) => format!("{number:o}").into(),
        (Value::Int(number), _) => number.to_string().into(),
        (Value::Size(bytes), _) => bytes.to_string().into(),
        (Value::Percent(percent), _) => format!("{percent}%").into(),
        (Value::Choice(index), Kind::Choice(names)) => names.get(*index).copied().unwrap_or_default().into(),
        (Value::Bits(bits), Kind::Flags(names)) => format_flags(*bits, names).into(),
        (Value::Bits(bits), _) => format_events(*bits).into(),
        (Value::Text(text), Kind::Text(TextRule::Directory)) if text.is_empty() => {
            let here = std::env::current_dir().unwrap_or_default();
            std::os::unix::ffi::OsStringExt::into_vec(here.into_os_string())
        }
        (Value::Text(text), _) => text.to_vec(),
        (value, _) => list::format(value),
    }
}

/// A lone word of a setting of several words may hold them all.
fn split_single<'a>(words: &[&'a [u8]]) -> Vec<&'a [u8]> {
    match words {
        [b""] => Vec::new(),
        [word] => word.split(|&byte| byte == b' ').collect(),
        words => words.to_vec(),
    }
}

fn parse_int(word: &[u8], min: i64, max: i64) -> Result<Value, String> {
    let number = parse_i64(word).ok_or("argument couldn't be parsed into an integer")?;
    if (min..=max).contains(&number) { Ok(Value::Int(number)) } else { Err(bounds(min, max)) }
}

fn bounds(min: impl std::fmt::Display, max: impl std::fmt::Display) -> String {
    format!("argument must be between {min} and {max} inclusive")
}

/// Bytes with an optional unit: `k`, `m`, `g` are powers of 1000, `kb`, `mb`, `gb` of 1024. Too large a number
/// becomes the largest.
pub(super) fn memory(word: &[u8]) -> Option<u64> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = word.split_at(digits);
    let unit: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = number.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(number.saturating_mul(unit))
}

fn parse_memory(word: &[u8], min: u64, max: u64, percent: bool) -> Result<Value, String> {
    let invalid =
        || if percent { "argument must be a memory or percent value" } else { "argument must be a memory value" };
    if let (true, Some(number)) = (percent, word.strip_suffix(b"%")) {
        return match parse_i64(number).and_then(|number| u64::try_from(number).ok()).ok_or_else(invalid)? {
            // Redis stores a percentage as a negative number, so 0 % and 0 bytes are one value.
            0 => Ok(Value::Size(0)),
            number if number <= 100 => Ok(Value::Percent(number)),
            _ => Err("percentage argument must be less or equal to 100".into()),
        };
    }
    let bytes = memory(word).ok_or_else(invalid)?;
    if (min..=max).contains(&bytes) { Ok(Value::Size(bytes)) } else { Err(bounds(min, max)) }
}

fn parse_octal(word: &[u8], max: i64) -> Result<Value, String> {
    let text = std::str::from_utf8(word).unwrap_or("x");
    let number = match text {
        "" => 0,
        text => i64::from_str_radix(text, 8).map_err(|_| "argument couldn't be parsed as an octal number")?,
    };
    if (0..=max).contains(&number) {
        return Ok(Value::Int(number));
    }
    Err(format!("argument must be between 0 and {max:o} inclusive"))
}

fn choice(word: &[u8], names: &[&str]) -> Result<usize, String> {
    names
        .iter()
        .position(|name| name.as_bytes().eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("argument(s) must be one of the following: {}", names.join(", ")))
}

fn parse_flags(words: &[&[u8]], names: &[&str]) -> Result<Value, String> {
    if words.is_empty() {
        choice(b"", names)?;
    }
    let mut bits = 0;
    for word in words {
        bits |= (1 << choice(word, names)?) >> 1;
    }
    // `save` and `nosave` are the words 1 and 2 of the only such list.
    if bits & 3 == 3 {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
    }
    Ok(Value::Bits(bits))
}

fn format_flags(bits: u32, names: &[&str]) -> String {
    let set: Vec<&str> = names
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(index, _)| bits >> (index - 1) & 1 == 1)
        .map(|(_, name)| *name)
        .collect();
    if set.is_empty() { names.first().copied().unwrap_or_default().to_string() } else { set.join(" ") }
}

/// Letters of event classes; the position is the bit. `A` stands for those up to `d`.
const EVENTS: &[u8] = b"g$lshzxetdnKEm";
const EVENTS_ALL: u32 = (1 << 10) - 1;
/// `n`, which Redis does not show beside `A`.
const EVENT_NEW: u32 = 1 << 10;

fn parse_events(word: &[u8]) -> Result<Value, String> {
    let mut bits = 0;
    for letter in word {
        bits |= match EVENTS.iter().position(|event| event == letter) {
            Some(position) => 1 << position,
            None if *letter == b'A' => EVENTS_ALL,
            None => return Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into()),
        };
    }
    Ok(Value::Bits(bits))
}

fn format_events(bits: u32) -> String {
    let all = bits & EVENTS_ALL == EVENTS_ALL;
    let shown = if all { bits & !(EVENTS_ALL | EVENT_NEW) } else { bits };
    let letters = EVENTS.iter().enumerate().filter(|(bit, _)| shown >> bit & 1 == 1).map(|(_, &letter)| letter as char);
    all.then_some('A').into_iter().chain(letters).collect()
}

fn parse_directory(word: &[u8]) -> Result<Value, String> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(word));
    let path = path.canonicalize().map_err(|error| super::error::os_text(&error))?;
    if !path.is_dir() {
        return Err("Not a directory".into());
    }
    Ok(Value::Text(path.into_os_string().into_vec().into()))
}

/// How many threads the machine runs at once.
pub(super) fn cpus() -> i64 {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    i64::try_from(cpus).unwrap_or(1).min(THREADS_MAX)
}
