//! `--latency-dist`: round trip times as a spectrum, one coloured line per interval. Each character
//! stands for a range of times, its background for how many of the samples fell into it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::options::Options;
use crate::session::Failed;
use crate::terminal::print;

const SAMPLE_PAUSE: Duration = Duration::from_millis(10);
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Lines between two legends.
const LINES_PER_LEGEND: u64 = 20;

/// Colours of the 256-colour terminal, from none of the samples to all of them.
const PALETTE: [u8; 19] = [0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 144, 143, 142, 184, 226, 214, 208, 202, 196];

/// Upper bounds in microseconds and what stands for them; the last takes everything longer.
const RANGES: [(u64, char); 31] = [
    (10, '.'),
    (125, '-'),
    (250, '*'),
    (500, '#'),
    (1_000, '1'),
    (2_000, '2'),
    (3_000, '3'),
    (4_000, '4'),
    (5_000, '5'),
    (6_000, '6'),
    (7_000, '7'),
    (8_000, '8'),
    (9_000, '9'),
    (10_000, 'A'),
    (20_000, 'B'),
    (30_000, 'C'),
    (40_000, 'D'),
    (50_000, 'E'),
    (100_000, 'F'),
    (200_000, 'G'),
    (300_000, 'H'),
    (400_000, 'I'),
    (500_000, 'J'),
    (1_000_000, 'K'),
    (2_000_000, 'L'),
    (4_000_000, 'M'),
    (8_000_000, 'N'),
    (16_000_000, 'O'),
    (30_000_000, 'P'),
    (60_000_000, 'Q'),
    (u64::MAX, '?'),
];

pub fn run(options: &Options, mut connection: Connection) -> Result<(), Failed> {
    let interval = if options.interval.is_zero() { LINE_INTERVAL } else { options.interval };
    let mut lines = 0;
    loop {
        let mut counts = [0; RANGES.len()];
        let line_start = Instant::now();
        while line_start.elapsed() < interval {
            let start = Instant::now();
            connection.call(&["PING"]).map_err(Failed::because)?;
            counts[range_of(start.elapsed())] += 1;
            std::thread::sleep(SAMPLE_PAUSE);
        }
        if lines % LINES_PER_LEGEND == 0 {
            print(legend());
        }
        lines += 1;
        print(line(&counts));
    }
}

fn range_of(time: Duration) -> usize {
    let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    RANGES.partition_point(|(bound, _)| *bound < microseconds).min(RANGES.len() - 1)
}

fn legend() -> String {
    const RULE: &str = "---------------------------------------------\n";
    let mut colours = String::new();
    for colour in PALETTE {
        let _ = write!(colours, "\x1b[48;5;{colour}m ");
    }
    format!(
        "{RULE}\
         . - * #          .01 .125 .25 .5 milliseconds\n\
         1,2,3,...,9      from 1 to 9     milliseconds\n\
         A,B,C,D,E        10,20,30,40,50  milliseconds\n\
         F,G,H,I,J        .1,.2,.3,.4,.5       seconds\n\
         K,L,M,N,O,P,Q,?  1,2,4,8,16,30,60,>60 seconds\n\
         From 0 to 100%: {colours}\x1b[0m\n{RULE}"
    )
}

fn line(counts: &[u64; RANGES.len()]) -> String {
    let total: u64 = counts.iter().sum();
    let mut text = "\x1b[38;5;0m".to_owned();
    for (count, (_, mark)) in counts.iter().zip(RANGES) {
        let _ = write!(text, "\x1b[48;5;{}m{mark}", PALETTE[shade(*count, total)]);
    }
    text.push_str("\x1b[0m\n");
    text
}

/// The palette index for `count` samples of `total`: any sample at all is more than none.
fn shade(count: u64, total: u64) -> usize {
    let steps = (PALETTE.len() - 1) as u64;
    let step = (count * steps).div_ceil(total.max(1)).min(steps);
    usize::try_from(step).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_ranges() {
        let mark = |time| RANGES[range_of(time)].1;
        assert_eq!(mark(Duration::from_micros(5)), '.');
        assert_eq!(mark(Duration::from_micros(126)), '*');
        assert_eq!(mark(Duration::from_millis(10)), 'A');
        assert_eq!(mark(Duration::from_secs(61)), '?');
    }

    #[test]
    fn shades_go_from_none_to_all() {
        assert_eq!(shade(0, 10), 0);
        assert_eq!(shade(1, 1000), 1);
        assert_eq!(shade(10, 10), PALETTE.len() - 1);
        assert_eq!(shade(0, 0), 0);
    }
}
