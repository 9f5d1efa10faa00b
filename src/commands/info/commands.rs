//! INFO commandstats, errorstats and latencystats: what was called, what failed, how long it took.

use super::super::Ctx;
use super::Fields;
use crate::engine::stats::CommandTotals;
use crate::storage::NoMemory;
use std::fmt::{self, Write};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write_calls(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let totals = ctx.engine.stats.totals()?;
    for (command, total) in ctx.engine.names.by_id().zip(&totals.per_command) {
        if total.calls + total.rejected + total.failed == 0 {
            continue;
        }
        let mean_us = if total.calls == 0 { 0.0 } else { total.usec as f64 / total.calls as f64 };
        fields.add_of(
            "cmdstat",
            command.name,
            format_args!(
                "calls={},usec={},usec_per_call={mean_us:.2},rejected_calls={},failed_calls={}",
                total.calls, total.usec, total.rejected, total.failed
            ),
        );
    }
    Ok(())
}

pub(super) fn write_errors(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    ctx.engine.stats.for_each_error(|prefix, count| {
        fields.add_of("errorstat", Safe(prefix), format_args!("count={count}"));
    });
    Ok(())
}

/// The first word of an error, without what would break the format of INFO.
struct Safe<'a>(&'a [u8]);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                out.write_char(if [':', '\r', '\n', '\0'].contains(&letter) { '_' } else { letter })?;
            }
            if !chunk.invalid().is_empty() {
                out.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

pub(super) fn write_latencies(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    if !ctx.engine.settings.hot().latency_tracking.load(Relaxed) {
        return Ok(());
    }
    let percentiles = ctx.engine.settings.latency_percentiles()?;
    let totals = ctx.engine.stats.totals()?;
    for (command, total) in ctx.engine.names.by_id().zip(&totals.per_command) {
        if total.timed_calls() == 0 {
            continue;
        }
        fields.add_of("latency_percentiles_usec", command.name, Percentiles { shown: &percentiles, total });
    }
    Ok(())
}

/// `p50=1.003,p99=8.000`.
struct Percentiles<'a> {
    shown: &'a [f64],
    total: &'a CommandTotals,
}

impl fmt::Display for Percentiles<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, percentile) in self.shown.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(out, "{comma}p{percentile}={:.3}", self.total.percentile_us(*percentile))?;
        }
        Ok(())
    }
}
