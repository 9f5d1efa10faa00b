//! LATENCY GRAPH: the spikes of one event as columns of text, labelled with how long ago each was.

use super::super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::latency::{Sample, Series};
use std::fmt::Write;

const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// From empty to full within one row; a column's full rows below its top are drawn with [`FULL`].
const LEVELS: [char; 3] = ['_', 'o', '#'];
const FULL: char = '|';

/// LATENCY GRAPH event.
pub fn graph(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let event = String::from_utf8_lossy(&args[2]);
    let none = || CommandError::quoting("ERR No samples available for event '", &args[2], "'");
    let series = ctx.engine.latency.series(&event).ok_or_else(none)?;
    let text = render(&event, &series, ctx.now_ms() / 1000);
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn render(event: &str, series: &Series, now_s: i64) -> String {
    let latencies = || series.samples.iter().map(|sample| sample.latency_ms);
    let (low, high) = (latencies().min().unwrap_or(0), latencies().max().unwrap_or(0));
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.max_ms);
    text.extend(std::iter::repeat_n('-', COLUMNS));
    text.push('\n');
    for (index, samples) in series.samples.chunks(COLUMNS).enumerate() {
        if index > 0 {
            text.push('\n');
        }
        render_columns(&mut text, samples, low, high, now_s);
    }
    text
}

fn render_columns(text: &mut String, samples: &[Sample], low: u32, high: u32, now_s: i64) {
    let level = |sample: &Sample| {
        let steps = LEVELS.len() * ROWS;
        let span = (high - low).max(1) as usize;
        (((sample.latency_ms - low) as usize * steps) / span).min(steps - 1)
    };
    for row in (0..ROWS).rev() {
        text.extend(samples.iter().map(|sample| match level(sample).checked_sub(row * LEVELS.len()) {
            None => ' ',
            Some(step) => LEVELS.get(step).copied().unwrap_or(FULL),
        }));
        text.push('\n');
    }
    text.extend(std::iter::repeat_n(' ', samples.len()));
    text.push('\n');
    // Labels stand upright below their columns.
    let labels: Vec<String> = samples.iter().map(|sample| age(now_s - sample.at_s)).collect();
    let height = labels.iter().map(String::len).max().unwrap_or(0);
    for row in 0..height {
        text.extend(labels.iter().map(|label| label.as_bytes().get(row).map_or(' ', |byte| char::from(*byte))));
        text.push('\n');
    }
}

/// `5s`, `3m`, `2h` or `9d`.
fn age(seconds: i64) -> String {
    const UNITS: [(i64, char); 3] = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')];
    let seconds = seconds.max(0);
    let (unit, letter) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1, 's'));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{}{letter}", seconds / unit);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_as_redis_does() {
        let samples = [(10, 20), (11, 50), (12, 30)].map(|(at_s, latency_ms)| Sample { at_s, latency_ms });
        let series = Series { samples: samples.to_vec(), max_ms: 50 };
        let rule = "-".repeat(COLUMNS);
        let expected = format!(
            "command - high 50 ms, low 20 ms (all time high 50 ms)\n{rule}\n # \n | \n |o\n_||\n   \n321\nsss\n"
        );
        assert_eq!(render("command", &series, 13), expected);
    }

    #[test]
    fn ages_are_short() {
        assert_eq!([0, 59, 60, 3599, 3600, 86_400, -5].map(age), ["0s", "59s", "1m", "59m", "1h", "1d", "0s"]);
    }
}
