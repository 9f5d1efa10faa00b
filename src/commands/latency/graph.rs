//! LATENCY GRAPH: the spikes of one event as columns of text, labelled with how long ago each was.

use super::super::{Args, CmdResult, CommandError, Ctx};
use crate::engine::latency::{Sample, Series};
use crate::storage::{NoMemory, Text, try_push};

const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// From empty to full within one row; a column's full rows below its top are drawn with [`FULL`].
const LEVELS: [u8; 3] = *b"_o#";
const FULL: u8 = b'|';

/// LATENCY GRAPH event.
pub fn graph(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let event = &args[2];
    let now_s = ctx.now_ms() / 1000;
    let none = || CommandError::quoting("ERR No samples available for event '", event, "'");
    let text = ctx.engine.latency.with_series(event, |series| render(event, series, now_s)).ok_or_else(none)??;
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

fn render(event: &[u8], series: &Series, now_s: i64) -> Result<Vec<u8>, NoMemory> {
    let latencies = || series.samples.iter().map(|sample| sample.latency_ms);
    let (low, high) = (latencies().min().unwrap_or(0), latencies().max().unwrap_or(0));
    let mut text = Text::new();
    text.push(event);
    text.put(format_args!(" - high {high} ms, low {low} ms (all time high {} ms)\n", series.max_ms));
    text.push(&[b'-'; COLUMNS]);
    text.push(b"\n");
    for (index, samples) in series.samples.chunks(COLUMNS).enumerate() {
        if index > 0 {
            text.push(b"\n");
        }
        render_columns(&mut text, samples, low, high, now_s)?;
    }
    text.finish()
}

fn render_columns(text: &mut Text, samples: &[Sample], low: u32, high: u32, now_s: i64) -> Result<(), NoMemory> {
    let level = |sample: &Sample| {
        let steps = LEVELS.len() * ROWS;
        let span = (high - low).max(1) as usize;
        (((sample.latency_ms - low) as usize * steps) / span).min(steps - 1)
    };
    for row in (0..ROWS).rev() {
        for sample in samples {
            let letter = match level(sample).checked_sub(row * LEVELS.len()) {
                None => b' ',
                Some(step) => LEVELS.get(step).copied().unwrap_or(FULL),
            };
            text.push(&[letter]);
        }
        text.push(b"\n");
    }
    text.push(&[b' '; COLUMNS][..samples.len().min(COLUMNS)]);
    text.push(b"\n");
    // Labels stand upright below their columns.
    let mut labels = Vec::new();
    for sample in samples {
        try_push(&mut labels, age(now_s - sample.at_s)?)?;
    }
    let height = labels.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..height {
        labels.iter().for_each(|label| text.push(&[label.get(row).copied().unwrap_or(b' ')]));
        text.push(b"\n");
    }
    Ok(())
}

/// `5s`, `3m`, `2h` or `9d`.
fn age(seconds: i64) -> Result<Vec<u8>, NoMemory> {
    const UNITS: [(i64, char); 3] = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')];
    let seconds = seconds.max(0);
    let (unit, letter) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1, 's'));
    Text::of(format_args!("{}{letter}", seconds / unit))
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
        assert_eq!(render(b"command", &series, 13).expect("memory"), expected.as_bytes());
    }

    #[test]
    fn ages_are_short() {
        let ages = [0, 59, 60, 3599, 3600, 86_400, -5].map(|seconds| age(seconds).expect("memory"));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "1h", "1d", "0s"].map(|text| text.as_bytes().to_vec()));
    }
}
