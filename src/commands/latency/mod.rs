//! LATENCY: spikes by event, and how the durations of commands are distributed
//! (<https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/>).

mod doctor;
mod graph;

pub use doctor::doctor;
pub use graph::graph;

use super::spec::{self, Command};
use super::{Args, CmdResult, Ctx, help};
use crate::engine::stats::{CommandTotals, bucket_bound_us};
use std::sync::atomic::Ordering::Relaxed;

/// LATENCY LATEST.
pub fn latest(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let events = ctx.engine.latency.all();
    ctx.reply.array(events.len());
    for (event, series) in events {
        let last = series.samples.last().copied().unwrap_or_default();
        ctx.reply.array(4);
        ctx.reply.bulk(event.as_bytes());
        ctx.reply.integer(last.at_s);
        ctx.reply.integer(last.latency_ms.into());
        ctx.reply.integer(series.max_ms.into());
    }
    Ok(())
}

/// LATENCY HISTORY event.
pub fn history(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let event = String::from_utf8_lossy(&args[2]);
    let samples = ctx.engine.latency.series(&event).unwrap_or_default().samples;
    ctx.reply.array(samples.len());
    for sample in samples {
        ctx.reply.array(2);
        ctx.reply.integer(sample.at_s);
        ctx.reply.integer(sample.latency_ms.into());
    }
    Ok(())
}

/// LATENCY RESET [event [event ...]].
pub fn reset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let latency = &ctx.engine.latency;
    let events = &args.argv()[2..];
    let count = if events.is_empty() {
        latency.reset(None)
    } else {
        events.iter().map(|event| latency.reset(Some(&String::from_utf8_lossy(event)))).sum()
    };
    ctx.reply.integer(count as i64);
    Ok(())
}

/// LATENCY HISTOGRAM [command [command ...]]. Empty while `latency-tracking` is off.
pub fn histogram(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let totals = ctx.engine.stats.totals().per_command;
    let asked: Vec<&Command> = match &args.argv()[2..] {
        _ if !ctx.engine.settings.hot().latency_tracking.load(Relaxed) => Vec::new(),
        [] => ctx.engine.names.by_id().collect(),
        names => {
            let found = names.iter().filter_map(|name| ctx.engine.names.lookup_full(name));
            found.flat_map(spec::with_subcommands).collect()
        }
    };
    let mark = ctx.reply.begin();
    let mut pairs = 0;
    for command in asked {
        let total = totals.get(usize::from(command.id));
        if let Some(total) = total.filter(|total| total.timed_calls() > 0) {
            ctx.reply.bulk(command.name.as_bytes());
            write_distribution(ctx, total);
            pairs += 1;
        }
    }
    ctx.reply.end_map(mark, pairs);
    Ok(())
}

/// LATENCY HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

/// How many calls there were, and for each duration at which some ended, how many took no longer.
fn write_distribution(ctx: &mut Ctx, total: &CommandTotals) {
    ctx.reply.map(2);
    ctx.reply.bulk(b"calls");
    ctx.reply.integer(total.timed_calls().cast_signed());
    ctx.reply.bulk(b"histogram_usec");
    let used = total.histogram.iter().enumerate().filter(|(_, calls)| **calls > 0);
    ctx.reply.map(used.clone().count());
    let mut sum = 0;
    for (bucket, calls) in used {
        sum += calls;
        ctx.reply.integer(bucket_bound_us(bucket).cast_signed());
        ctx.reply.integer(sum.cast_signed());
    }
}

const HELP: &[&str] = &[
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
    "    If no commands are specified then all histograms are replied.",
];
