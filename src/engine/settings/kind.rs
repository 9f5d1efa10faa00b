//! How the value of a setting is written: parsing with Redis's error texts, and the canonical form that
//! CONFIG GET shows.
//!
//! A value arrives as the words of a configuration line, or as the single argument of CONFIG SET; [`parse`] does not
//! know which. Settings of several words live in [`super::list`].

use super::error::Reason;
use super::list;
use super::table::Row;
use crate::engine::process::PathBuffer;
use crate::numeric::parse_i64;
use crate::storage::{NoMemory, Text, lossy, try_copy, try_push};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

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

/// A parsed value. Copies of it are made by [`Value::try_clone`].
#[derive(Debug, PartialEq)]
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
    Text(Vec<u8>),
    /// `Bind` and `ReplicaOf`.
    Words(Vec<Vec<u8>>),
    /// `Save` and `OomScores`.
    Numbers(Vec<i64>),
    /// `Percentiles`.
    Percentiles(Vec<f64>),
    /// `OutputLimits`: normal, replica, pubsub.
    Limits([OutputLimit; 3]),
}

impl Value {
    /// A copy.
    ///
    /// # Errors
    /// If memory is short.
    pub fn try_clone(&self) -> Result<Self, NoMemory> {
        Ok(match self {
            Self::Bool(on) => Self::Bool(*on),
            Self::Int(number) => Self::Int(*number),
            Self::Size(bytes) => Self::Size(*bytes),
            Self::Percent(percent) => Self::Percent(*percent),
            Self::Choice(index) => Self::Choice(*index),
            Self::Bits(bits) => Self::Bits(*bits),
            Self::Text(text) => Self::Text(try_copy(text)?),
            Self::Words(words) => Self::Words(copy_words(words.iter().map(Vec::as_slice))?),
            Self::Numbers(numbers) => Self::Numbers(copy_numbers(numbers)?),
            Self::Percentiles(percentiles) => Self::Percentiles(copy_numbers(percentiles)?),
            Self::Limits(limits) => Self::Limits(*limits),
        })
    }
}

/// Copies of some words.
///
/// # Errors
/// If memory is short.
pub fn copy_words<'a>(words: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, NoMemory> {
    let mut copy = Vec::new();
    for word in words {
        try_push(&mut copy, try_copy(word)?)?;
    }
    Ok(copy)
}

/// A copy of some numbers.
///
/// # Errors
/// If memory is short.
pub fn copy_numbers<T: Copy>(numbers: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(numbers.len())?;
    copy.extend_from_slice(numbers);
    Ok(copy)
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
/// Redis's text, or that memory is short.
pub fn parse(row: &Row, words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, Reason> {
    if let Kind::Multi(rule) = row.kind {
        return list::parse(rule, &split_single(words)?, old, origin);
    }
    if let Kind::Flags(names) = row.kind {
        return parse_flags(&split_single(words)?, names);
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
        Kind::Text(_) => Ok(Value::Text(try_copy(word)?)),
        Kind::Multi(_) | Kind::Flags(_) => Err("wrong number of arguments".into()),
    }
}

/// The value as CONFIG GET shows it.
///
/// # Errors
/// If memory is short.
pub fn format(row: &Row, value: &Value) -> Result<Vec<u8>, NoMemory> {
    let mut out = Text::new();
    write(row, value, &mut out);
    out.finish()
}

/// [`format`] behind what there is.
pub fn write(row: &Row, value: &Value, out: &mut Text) {
    match (value, row.kind) {
        (Value::Bool(on), _) => out.push(if *on { b"yes" } else { b"no" }),
        (Value::Int(PORT_AUTO), Kind::Port) => out.push(b"auto"),
        (Value::Int(number), Kind::Octal { .. }) => out.put(format_args!("{number:o}")),
        (Value::Int(number), _) => out.put(format_args!("{number}")),
        (Value::Size(bytes), _) => out.put(format_args!("{bytes}")),
        (Value::Percent(percent), _) => out.put(format_args!("{percent}%")),
        (Value::Choice(index), Kind::Choice(names)) => {
            out.push(names.get(*index).copied().unwrap_or_default().as_bytes());
        }
        (Value::Bits(bits), Kind::Flags(names)) => write_flags(*bits, names, out),
        (Value::Bits(bits), _) => write_events(*bits, out),
        (Value::Text(text), Kind::Text(TextRule::Directory)) if text.is_empty() => {
            let mut buffer = PathBuffer::empty();
            out.push(buffer.working_directory().map_or(&b""[..], |here| here.as_os_str().as_bytes()));
        }
        (Value::Text(text), _) => out.push(text),
        (value, _) => list::write(value, out),
    }
}

/// A lone word of a setting of several words may hold them all.
fn split_single<'a>(words: &[&'a [u8]]) -> Result<Vec<&'a [u8]>, NoMemory> {
    let mut split = Vec::new();
    match words {
        [b""] => {}
        [word] => {
            for part in word.split(|&byte| byte == b' ') {
                try_push(&mut split, part)?;
            }
        }
        words => return copy_numbers(words),
    }
    Ok(split)
}

fn parse_int(word: &[u8], min: i64, max: i64) -> Result<Value, Reason> {
    let number = parse_i64(word).ok_or("argument couldn't be parsed into an integer")?;
    if (min..=max).contains(&number) { Ok(Value::Int(number)) } else { Err(bounds(min, max)) }
}

fn bounds(min: impl std::fmt::Display, max: impl std::fmt::Display) -> Reason {
    Reason::of(format_args!("argument must be between {min} and {max} inclusive"))
}

/// Bytes with an optional unit: `k`, `m`, `g` are powers of 1000, `kb`, `mb`, `gb` of 1024. Too large a number
/// becomes the largest.
pub(super) fn memory(word: &[u8]) -> Option<u64> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = word.split_at(digits);
    const UNITS: [(&str, u64); 8] = [
        ("", 1),
        ("b", 1),
        ("k", 1000),
        ("kb", 1 << 10),
        ("m", 1_000_000),
        ("mb", 1 << 20),
        ("g", 1_000_000_000),
        ("gb", 1 << 30),
    ];
    let (_, unit) = UNITS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(unit))?;
    let number = number.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(number.saturating_mul(*unit))
}

fn parse_memory(word: &[u8], min: u64, max: u64, percent: bool) -> Result<Value, Reason> {
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

fn parse_octal(word: &[u8], max: i64) -> Result<Value, Reason> {
    let text = std::str::from_utf8(word).unwrap_or("x");
    let number = match text {
        "" => 0,
        text => i64::from_str_radix(text, 8).map_err(|_| "argument couldn't be parsed as an octal number")?,
    };
    if (0..=max).contains(&number) {
        return Ok(Value::Int(number));
    }
    Err(Reason::of(format_args!("argument must be between 0 and {max:o} inclusive")))
}

fn choice(word: &[u8], names: &[&str]) -> Result<usize, Reason> {
    names.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(word)).ok_or_else(|| {
        let mut text = Text::new();
        text.push(b"argument(s) must be one of the following: ");
        push_joined(names.iter().copied(), ", ", &mut text);
        text.finish().map_or(Reason::NoMemory, |text| Reason::of(format_args!("{}", lossy(&text))))
    })
}

/// Words with something between.
fn push_joined<'a>(words: impl Iterator<Item = &'a str>, between: &str, out: &mut Text) {
    for (index, word) in words.enumerate() {
        out.push(if index > 0 { between.as_bytes() } else { b"" });
        out.push(word.as_bytes());
    }
}

fn parse_flags(words: &[&[u8]], names: &[&str]) -> Result<Value, Reason> {
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

fn write_flags(bits: u32, names: &[&str], out: &mut Text) {
    // The first name stands for none.
    let is_set = |index: usize| if index == 0 { bits == 0 } else { bits >> (index - 1) & 1 == 1 };
    let set = names.iter().enumerate().filter(|(index, _)| is_set(*index)).map(|(_, name)| *name);
    push_joined(set, " ", out);
}

/// Letters of event classes; the position is the bit. `A` stands for those up to `d`.
const EVENTS: &[u8] = b"g$lshzxetdnKEm";
const EVENTS_ALL: u32 = (1 << 10) - 1;
/// `n`, which Redis does not show beside `A`.
const EVENT_NEW: u32 = 1 << 10;

fn parse_events(word: &[u8]) -> Result<Value, Reason> {
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

fn write_events(bits: u32, out: &mut Text) {
    let all = bits & EVENTS_ALL == EVENTS_ALL;
    let shown = if all { bits & !(EVENTS_ALL | EVENT_NEW) } else { bits };
    let letters = EVENTS.iter().enumerate().filter(|(bit, _)| shown >> bit & 1 == 1).map(|(_, letter)| letter);
    all.then_some(&b'A').into_iter().chain(letters).for_each(|letter| out.push(&[*letter]));
}

fn parse_directory(word: &[u8]) -> Result<Value, Reason> {
    let mut buffer = PathBuffer::empty();
    let path = buffer.resolve(word).map_err(|error| Reason::of_system(&error))?;
    if !path.is_dir() {
        return Err("Not a directory".into());
    }
    Ok(Value::Text(try_copy(path.as_os_str().as_bytes())?))
}

/// How many threads the machine runs at once. Asked once in a process: the standard library reads files for it, into memory
/// that must not be refused.
pub(super) fn cpus() -> i64 {
    static CPUS: OnceLock<i64> = OnceLock::new();
    *CPUS.get_or_init(|| {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        i64::try_from(cpus).unwrap_or(1).min(THREADS_MAX)
    })
}
