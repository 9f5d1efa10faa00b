//! LATENCY: spikes by event, and how the durations of commands are distributed
//! (<https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/>).

mod doctor;
mod graph;

pub use doctor::doctor;
pub use graph::graph;

use super::spec::{self, Command};
use super::{Args, CmdResult, Ctx, help};
use crate::engine::stats::{CommandTotals, bucket_bound_us};
use crate::resp::ReplyWriter;
use std::sync::atomic::Ordering::Relaxed;

/// LATENCY LATEST.
pub fn latest(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let reply = &mut *ctx.reply;
    ctx.engine.latency.with_all(|events| {
        reply.array(events.len());
        for (event, series) in events {
            let last = series.samples.last().copied().unwrap_or_default();
            reply.array(4);
            reply.bulk(event.as_bytes());
            reply.integer(last.at_s);
            reply.integer(last.latency_ms.into());
            reply.integer(series.max_ms.into());
        }
    });
    Ok(())
}

/// LATENCY HISTORY event.
pub fn history(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let reply = &mut *ctx.reply;
    let shown = ctx.engine.latency.with_series(&args[2], |series| {
        reply.array(series.samples.len());
        for sample in &series.samples {
            reply.array(2);
            reply.integer(sample.at_s);
            reply.integer(sample.latency_ms.into());
        }
    });
    if shown.is_none() {
        ctx.reply.array(0);
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
        events.iter().map(|event| latency.reset(Some(event))).sum()
    };
    ctx.reply.integer(count as i64);
    Ok(())
}

/// LATENCY HISTOGRAM [command [command ...]]. Empty while `latency-tracking` is off.
pub fn histogram(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let totals = ctx.engine.stats.totals()?.per_command;
    let mark = ctx.reply.begin();
    let mut pairs = 0;
    let reply = &mut *ctx.reply;
    let mut show = |command: &Command| {
        let total = totals.get(usize::from(command.id));
        if let Some(total) = total.filter(|total| total.timed_calls() > 0) {
            reply.bulk(command.name.as_bytes());
            write_distribution(reply, total);
            pairs += 1;
        }
    };
    let names = &ctx.engine.names;
    match &args.argv()[2..] {
        _ if !ctx.engine.settings.hot().latency_tracking.load(Relaxed) => {}
        [] => names.by_id().for_each(show),
        asked => {
            let found = asked.iter().filter_map(|name| names.lookup_full(name));
            found.flat_map(spec::with_subcommands).for_each(&mut show);
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
fn write_distribution(reply: &mut ReplyWriter, total: &CommandTotals) {
    reply.map(2);
    reply.bulk(b"calls");
    reply.integer(total.timed_calls().cast_signed());
    reply.bulk(b"histogram_usec");
    let used = total.histogram.iter().enumerate().filter(|(_, calls)| **calls > 0);
    reply.map(used.clone().count());
    let mut sum = 0;
    for (bucket, calls) in used {
        sum += calls;
        reply.integer(bucket_bound_us(bucket).cast_signed());
        reply.integer(sum.cast_signed());
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
