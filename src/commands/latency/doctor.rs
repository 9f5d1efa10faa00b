//! LATENCY DOCTOR: what the spikes may come from and what to do, in the words of Redis as far as they hold here.

use super::super::{Args, CmdResult, Ctx};
use crate::engine::latency::Series;
use crate::engine::settings::Hot;
use crate::storage::{NoMemory, Text};
use std::sync::atomic::Ordering::Relaxed;

const DISABLED: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You \
    may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it. If we weren't in a deep \
    space mission I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n";
const NO_SPIKES: &str = "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the \
    slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and think things over.\n";
const SPIKES: &str = "Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do \
    you Dave?\n\n";
const ADVICES: &str = "\nI have a few advices for you:\n\n";
const INSPECT_SLOWLOG: &str = "- Check your Slow Log to understand what are the commands you are running which are too \
    slow to execute. Please check https://redis.io/commands/slowlog for more information.\n";
const SCHEDULER: &str = "- The system is slow to execute Redis code paths not containing system calls. This usually means \
    the system does not provide Redis CPU time to run for long periods. You should try to:\n  1) Lower the system \
    load.\n  2) Use a computer / VM just for Redis if you are running other software in the same system.\n  3) Check if \
    you have a \"noisy neighbour\" problem.\n  4) Check with 'redis-cli --intrinsic-latency 100' what is the intrinsic \
    latency in your system.\n";

/// LATENCY DOCTOR.
pub fn doctor(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let now_s = ctx.now_ms() / 1000;
    let hot = ctx.engine.settings.hot();
    let report = ctx.engine.latency.with_all(|events| report(events, hot, now_s))?;
    ctx.reply.verbatim("txt", &report);
    Ok(())
}

fn report(events: &[(&'static str, Series)], hot: &Hot, now_s: i64) -> Result<Vec<u8>, NoMemory> {
    let mut text = Text::new();
    if events.is_empty() {
        let is_off = hot.latency_threshold_ms.load(Relaxed) == 0;
        text.push(if is_off { DISABLED } else { NO_SPIKES }.as_bytes());
        return text.finish();
    }
    text.push(SPIKES.as_bytes());
    for (index, (event, series)) in events.iter().enumerate() {
        text.put(format_args!("{}. {event}: ", index + 1));
        describe(series, now_s, &mut text);
        text.push(b"\n");
    }
    text.push(ADVICES.as_bytes());
    let has = |name: &str| events.iter().any(|(event, _)| *event == name);
    if has("command") {
        advise_slowlog(hot, &mut text);
        text.push(INSPECT_SLOWLOG.as_bytes());
    }
    if has("fast-command") {
        text.push(SCHEDULER.as_bytes());
    }
    text.finish()
}

/// How many spikes, how high, how far apart.
fn describe(series: &Series, now_s: i64, text: &mut Text) {
    let count = series.samples.len().max(1) as u64;
    let latencies = || series.samples.iter().map(|sample| u64::from(sample.latency_ms));
    let mean = latencies().sum::<u64>() / count;
    let deviation = latencies().map(|latency| latency.abs_diff(mean)).sum::<u64>() / count;
    let oldest_s = series.samples.first().map_or(now_s, |sample| sample.at_s);
    let period = (now_s - oldest_s).max(1) as f64 / count as f64;
    text.put(format_args!(
        "{count} latency spikes (average {mean}ms, mean deviation {deviation}ms, period {period:.2} sec). Worst all time \
         event {}ms.",
        series.max_ms
    ));
}

/// What to change about a slow log that misses what the latency monitor sees.
fn advise_slowlog(hot: &Hot, text: &mut Text) {
    let threshold_ms = hot.latency_threshold_ms.load(Relaxed);
    let threshold_us = threshold_ms.saturating_mul(1000);
    let slower_than_us = hot.slowlog_slower_than_us.load(Relaxed);
    match u64::try_from(slower_than_us) {
        Ok(us) if hot.slowlog_len_max.load(Relaxed) > 0 => {
            if us / 1000 > threshold_ms {
                text.put(format_args!(
                    "- Your current Slow Log configuration only logs events that are slower than your configured latency \
                     monitor threshold. Please use 'CONFIG SET slowlog-log-slower-than {threshold_us}'.\n"
                ));
            }
        }
        _ => text.put(format_args!(
            "- There are latency issues with potentially slow commands you are using. Try to enable the Slow Log Redis \
             feature using the command 'CONFIG SET slowlog-log-slower-than {threshold_us}'. If the Slow log is disabled \
             Redis is not able to log slow commands execution for you.\n"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::latency::Sample;

    #[test]
    fn events_are_described_as_by_redis() {
        let samples = [(10, 20), (11, 50), (12, 30)].map(|(at_s, latency_ms)| Sample { at_s, latency_ms });
        let series = Series { samples: samples.to_vec(), max_ms: 50 };
        let mut text = Text::new();
        describe(&series, 13, &mut text);
        assert_eq!(
            text.finish().expect("memory"),
            b"3 latency spikes (average 33ms, mean deviation 11ms, period 1.00 sec). Worst all time event 50ms."
        );
    }
}
