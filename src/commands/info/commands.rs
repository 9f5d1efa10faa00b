//! INFO commandstats, errorstats and latencystats: what was called, what failed, how long it took.

use super::super::Ctx;
use super::Fields;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write_calls(ctx: &mut Ctx, fields: &mut Fields) {
    let totals = ctx.engine.stats.totals();
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
}

pub(super) fn write_errors(ctx: &mut Ctx, fields: &mut Fields) {
    for (prefix, count) in ctx.engine.stats.errors() {
        let prefix = prefix.replace([':', '\r', '\n', '\0'], "_");
        fields.add_of("errorstat", &prefix, format_args!("count={count}"));
    }
}

pub(super) fn write_latencies(ctx: &mut Ctx, fields: &mut Fields) {
    if !ctx.engine.settings.hot().latency_tracking.load(Relaxed) {
        return;
    }
    let percentiles = ctx.engine.settings.latency_percentiles();
    let totals = ctx.engine.stats.totals();
    for (command, total) in ctx.engine.names.by_id().zip(&totals.per_command) {
        if total.timed_calls() == 0 {
            continue;
        }
        let shown =
            percentiles.iter().map(|percentile| format!("p{percentile}={:.3}", total.percentile_us(*percentile)));
        fields.add_of("latency_percentiles_usec", command.name, shown.collect::<Vec<_>>().join(","));
    }
}
