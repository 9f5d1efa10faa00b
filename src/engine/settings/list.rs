//! Settings of several words: `bind`, `save`, `client-output-buffer-limit`, `oom-score-adj-values`,
//! `latency-tracking-info-percentiles`, `replicaof`.

use super::kind::{ListRule, Origin, OutputLimit, Value, memory};
use crate::numeric::parse_i64;

/// The greatest number of addresses, as in Redis.
const BIND_ADDRESSES_MAX: usize = 16;
/// Classes of clients in [`Value::Limits`], as CONFIG GET writes them.
pub(super) const CLIENT_CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];
/// Bounds of `oom-score-adj-values`.
const OOM_SCORES: std::ops::RangeInclusive<i64> = -2000..=2000;

/// Parses the words of a list; none at all stand for an empty value.
pub(super) fn parse(rule: ListRule, words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, String> {
    match rule {
        ListRule::Bind if words.len() > BIND_ADDRESSES_MAX => Err("Too many bind addresses specified.".into()),
        ListRule::Bind => Ok(Value::Words(words.iter().map(|&word| word.into()).collect())),
        ListRule::ReplicaOf => parse_replica_of(words),
        ListRule::Save => parse_save(words, old, origin),
        ListRule::OutputLimits => parse_limits(words, old),
        ListRule::OomScores => parse_scores(words),
        ListRule::Percentiles => parse_percentiles(words),
    }
}

/// The list as CONFIG GET shows it.
pub(super) fn format(value: &Value) -> Vec<u8> {
    match value {
        Value::Words(words) => words.join(&b' '),
        Value::Numbers(numbers) => join(numbers.iter().map(i64::to_string)),
        Value::Percentiles(percentiles) => join(percentiles.iter().copied().map(decimal)),
        Value::Limits(limits) => {
            join(CLIENT_CLASSES.iter().zip(limits).map(|(class, limit)| {
                format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
            }))
        }
        _ => Vec::new(),
    }
}

fn join(words: impl Iterator<Item = String>) -> Vec<u8> {
    words.collect::<Vec<_>>().join(" ").into_bytes()
}

/// A number with at most six decimals and no trailing zeros.
pub(super) fn decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn parse_replica_of(words: &[&[u8]]) -> Result<Value, String> {
    let [host, port] = words else { return Err("wrong number of arguments".into()) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Value::Words(Vec::new()));
    }
    match parse_i64(port) {
        Some(0..=65535) => Ok(Value::Words(vec![(*host).into(), (*port).into()])),
        _ => Err("Invalid master port".into()),
    }
}

fn parse_save(words: &[&[u8]], old: &Value, origin: Origin) -> Result<Value, String> {
    let invalid = || "Invalid save parameters".to_string();
    // Lines of a file add up; a CONFIG SET says it all, and so does the empty value.
    let mut numbers = match old {
        Value::Numbers(numbers) if origin == Origin::File && !words.is_empty() => numbers.clone(),
        _ => Vec::new(),
    };
    if !words.len().is_multiple_of(2) {
        return Err(invalid());
    }
    for pair in words.chunks_exact(2) {
        let seconds = parse_i64(pair[0]).filter(|&seconds| seconds >= 1).ok_or_else(invalid)?;
        let changes = parse_i64(pair[1]).filter(|&changes| changes >= 0).ok_or_else(invalid)?;
        numbers.extend([seconds, changes]);
    }
    Ok(Value::Numbers(numbers))
}

fn parse_limits(words: &[&[u8]], old: &Value) -> Result<Value, String> {
    let mut limits = match old {
        Value::Limits(limits) => *limits,
        _ => Default::default(),
    };
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    for group in words.chunks_exact(4) {
        let class = match group[0].to_ascii_lowercase().as_slice() {
            b"normal" => 0,
            b"slave" | b"replica" => 1,
            b"pubsub" => 2,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        let limit = || {
            let seconds = parse_i64(group[3]).and_then(|seconds| u64::try_from(seconds).ok())?;
            let bytes = |word| Some(usize::try_from(memory(word)?).unwrap_or(usize::MAX));
            Some(OutputLimit { hard_bytes: bytes(group[1])?, soft_bytes: bytes(group[2])?, soft_seconds: seconds })
        };
        limits[class] = limit().ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
    }
    Ok(Value::Limits(limits))
}

fn parse_scores(words: &[&[u8]]) -> Result<Value, String> {
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let scores: Option<Vec<i64>> =
        words.iter().map(|word| parse_i64(word).filter(|score| OOM_SCORES.contains(score))).collect();
    let scores = scores.ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
    Ok(Value::Numbers(scores))
}

fn parse_percentiles(words: &[&[u8]]) -> Result<Value, String> {
    let mut percentiles = Vec::with_capacity(words.len());
    for word in words {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
        let number = number.filter(|number| !number.is_nan());
        let number = number.ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&number) {
            return Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into());
        }
        percentiles.push(number);
    }
    Ok(Value::Percentiles(percentiles))
}
