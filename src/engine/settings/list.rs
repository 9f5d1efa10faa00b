//! Settings of several words: `bind`, `save`, `client-output-buffer-limit`, `oom-score-adj-values`,
//! `latency-tracking-info-percentiles`, `replicaof`.

use super::error::Reason;
use super::kind::{ListRule, Origin, OutputLimit, Value, copy_numbers, copy_words, memory};
use crate::numeric::parse_i64;
use crate::storage::{Text, try_push};
use std::io::Write;

/// The greatest number of addresses, as in Redis.
const BIND_ADDRESSES_MAX: usize = 16;
/// Classes of clients in [`Value::Limits`], as CONFIG GET writes them.
pub(super) const CLIENT_CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];
/// Bounds of `oom-score-adj-values`.
const OOM_SCORES: std::ops::RangeInclusive<i64> = -2000..=2000;

/// Parses the words of a list; none at all stand for an empty value.
pub(super) fn parse(rule: ListRule, words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, Reason> {
    match rule {
        ListRule::Bind if words.len() > BIND_ADDRESSES_MAX => Err("Too many bind addresses specified.".into()),
        ListRule::Bind => Ok(Value::Words(copy_words(words.iter().copied())?)),
        ListRule::ReplicaOf => parse_replica_of(words),
        ListRule::Save => parse_save(words, old, origin),
        ListRule::OutputLimits => parse_limits(words, old),
        ListRule::OomScores => parse_scores(words),
        ListRule::Percentiles => parse_percentiles(words),
    }
}

/// Writes the list as CONFIG GET shows it.
pub(super) fn write(value: &Value, out: &mut Text) {
    match value {
        Value::Words(words) => join(words, out, |word, out| out.push(word)),
        Value::Numbers(numbers) => join(numbers, out, |number, out| out.put(format_args!("{number}"))),
        Value::Percentiles(percentiles) => join(percentiles, out, |number, out| write_decimal(*number, out)),
        Value::Limits(limits) => join(CLIENT_CLASSES.iter().zip(limits), out, |(class, limit), out| {
            out.put(format_args!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds));
        }),
        _ => {}
    }
}

fn join<T>(items: impl IntoIterator<Item = T>, out: &mut Text, write: impl Fn(T, &mut Text)) {
    for (index, item) in items.into_iter().enumerate() {
        out.push(if index > 0 { b" " } else { b"" });
        write(item, out);
    }
}

/// A number from 0 to 100 with at most six decimals and no trailing zeros.
fn write_decimal(number: f64, out: &mut Text) {
    let mut digits = [0; 16];
    let mut rest = &mut digits[..];
    // It has room for the ten characters that there are at most.
    let _ = write!(rest, "{number:.6}");
    let text = digits.split(|byte| *byte == 0).next().unwrap_or_default();
    let end = text.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + usize::from(text[last] != b'.'));
    out.push(&text[..end]);
}

fn parse_replica_of(words: &[&[u8]]) -> Result<Value, Reason> {
    let [host, port] = words else { return Err("wrong number of arguments".into()) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Value::Words(Vec::new()));
    }
    match parse_i64(port) {
        Some(0..=65535) => Ok(Value::Words(copy_words([*host, *port].into_iter())?)),
        _ => Err("Invalid master port".into()),
    }
}

fn parse_save(words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, Reason> {
    let invalid = || Reason::from("Invalid save parameters");
    // Lines of a file add up; a CONFIG SET says it all, and so does the empty value.
    let mut numbers = match old {
        Value::Numbers(numbers) if origin == Origin::File && !words.is_empty() => copy_numbers(numbers)?,
        _ => Vec::new(),
    };
    if !words.len().is_multiple_of(2) {
        return Err(invalid());
    }
    for pair in words.chunks_exact(2) {
        let seconds = parse_i64(pair[0]).filter(|&seconds| seconds >= 1).ok_or_else(invalid)?;
        let changes = parse_i64(pair[1]).filter(|&changes| changes >= 0).ok_or_else(invalid)?;
        try_push(&mut numbers, seconds)?;
        try_push(&mut numbers, changes)?;
    }
    Ok(Value::Numbers(numbers))
}

fn parse_limits(words: &[&[u8]], old: &Value) -> Result<Value, Reason> {
    let mut limits = match old {
        Value::Limits(limits) => *limits,
        _ => Default::default(),
    };
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    for group in words.chunks_exact(4) {
        const CLASSES: [(&str, usize); 4] = [("normal", 0), ("slave", 1), ("replica", 1), ("pubsub", 2)];
        let class = CLASSES.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(group[0]));
        let (_, class) = *class.ok_or("Invalid client class specified in buffer limit configuration.")?;
        let limit = || {
            let seconds = parse_i64(group[3]).and_then(|seconds| u64::try_from(seconds).ok())?;
            let bytes = |word| Some(usize::try_from(memory(word)?).unwrap_or(usize::MAX));
            Some(OutputLimit { hard_bytes: bytes(group[1])?, soft_bytes: bytes(group[2])?, soft_seconds: seconds })
        };
        limits[class] = limit().ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
    }
    Ok(Value::Limits(limits))
}

fn parse_scores(words: &[&[u8]]) -> Result<Value, Reason> {
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let mut scores = Vec::new();
    for word in words {
        let score = parse_i64(word).filter(|score| OOM_SCORES.contains(score));
        let score = score.ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
        try_push(&mut scores, score)?;
    }
    Ok(Value::Numbers(scores))
}

fn parse_percentiles(words: &[&[u8]]) -> Result<Value, Reason> {
    let mut percentiles = Vec::new();
    for word in words {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
        let number = number.filter(|number| !number.is_nan());
        let number = number.ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&number) {
            return Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into());
        }
        try_push(&mut percentiles, number)?;
    }
    Ok(Value::Percentiles(percentiles))
}
