//! `--intrinsic-latency seconds`: how long this machine keeps a busy process from running. No server
//! is involved; what this finds, no server on the machine can beat.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::escape::as_float;
use crate::session::Failed;
use crate::terminal::print;

/// Rounds of arithmetic between two looks at the clock: some tens of nanoseconds.
const ROUNDS: u64 = 10;

pub fn run(seconds: i64) -> Result<(), Failed> {
    let Ok(seconds @ 1..) = u64::try_from(seconds) else {
        return Err(Failed::because("--intrinsic-latency needs a positive number of seconds"));
    };
    let stop = Arc::<AtomicBool>::default();
    // Without the handler Ctrl-C only loses the summary.
    let _ = signal_hook::flag::register(SIGINT, Arc::clone(&stop));
    let limit = Duration::from_secs(seconds);
    let begin = Instant::now();
    let (mut runs, mut longest, mut last) = (0u64, 0, begin);
    while last - begin < limit && !stop.load(Ordering::Relaxed) {
        black_box((0..ROUNDS).fold(runs, |value, round| value.wrapping_mul(31) ^ round));
        let now = Instant::now();
        let microseconds = u64::try_from((now - last).as_micros()).unwrap_or(u64::MAX);
        last = now;
        runs += 1;
        if microseconds > longest {
            longest = microseconds;
            print(format!("Max latency so far: {longest} microseconds.\n"));
            // Printing is not what is measured.
            last = Instant::now();
        }
    }
    let average = (last - begin).as_secs_f64() * 1e6 / as_float(runs.max(1));
    print(format!(
        "\n{runs} total runs (avg latency: {average:.4} microseconds / {:.2} nanoseconds per run).\n\
         Worst run took {:.0}x longer than the average latency.\n",
        average * 1e3,
        as_float(longest) / average
    ));
    Ok(())
}
