//! `--latency` and `--latency-history`: round trip times of PING.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::escape::as_float;
use crate::format::Output;
use crate::options::Options;
use crate::session::Failed;
use crate::terminal::print;

/// Pause between samples.
const SAMPLE_PAUSE: Duration = Duration::from_millis(10);

const HISTORY_RANGE: Duration = Duration::from_secs(15);

/// How long one report into a pipe takes.
const REPORT_RANGE: Duration = Duration::from_secs(1);

/// Milliseconds since `start`, cut off: the difference of two such figures is what redis-cli reports.
fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

struct Samples {
    min: u64,
    max: u64,
    total: u64,
    count: u64,
}

impl Samples {
    fn new() -> Samples {
        Samples { min: u64::MAX, max: 0, total: 0, count: 0 }
    }

    fn add(&mut self, sample: u64) {
        self.min = self.min.min(sample);
        self.max = self.max.max(sample);
        self.total += sample;
        self.count += 1;
    }

    fn show(&self, output: Output) -> String {
        let Samples { min, max, total, count } = self;
        let average = as_float(*total) / as_float(*count);
        match output {
            Output::Standard => {
                format!("min: {min}, max: {max}, avg: {average:.2} ({count} samples)")
            }
            Output::Csv => format!("{min},{max},{average:.2},{count}\n"),
            Output::Raw => format!("{min} {max} {average:.2} {count}\n"),
            Output::Json | Output::QuotedJson => {
                format!("{{\"min\":{min},\"max\":{max},\"avg\":{average:.2},\"count\":{count}}}\n")
            }
        }
    }
}

/// Samples for ever on a terminal; into a pipe, prints one report and ends, unless a history is asked
/// for.
pub fn run(options: &Options, mut connection: Connection, history: bool) -> Result<(), Failed> {
    let output = options.format.output;
    let range = match (options.interval.is_zero(), history) {
        (false, _) => options.interval,
        (true, true) => HISTORY_RANGE,
        (true, false) => REPORT_RANGE,
    };
    let clock = Instant::now();
    let mut range_start = Instant::now();
    let mut samples = Samples::new();
    loop {
        let start = milliseconds(clock);
        connection.call(&["PING"]).map_err(Failed::because)?;
        samples.add(milliseconds(clock) - start);
        let over = range_start.elapsed() > range;
        if output == Output::Standard {
            print(format!("\x1b[0G\x1b[2K{}", samples.show(output)));
        } else if over || history {
            print(samples.show(output));
            if !history {
                return Ok(());
            }
        }
        if over && history {
            print(format!(" -- {:.2} seconds range\n", range_start.elapsed().as_secs_f64()));
            range_start = Instant::now();
            samples = Samples::new();
        }
        std::thread::sleep(SAMPLE_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let mut samples = Samples::new();
        samples.add(1);
        samples.add(4);
        assert_eq!(samples.show(Output::Raw), "1 4 2.50 2\n");
        assert_eq!(samples.show(Output::Csv), "1,4,2.50,2\n");
        assert_eq!(samples.show(Output::Standard), "min: 1, max: 4, avg: 2.50 (2 samples)");
    }
}
