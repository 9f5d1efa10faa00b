//! Blocked clients against the real server: several clients that wait, write, are unblocked, killed and go away, step by
//! step.
//!
//! The other campaigns know a reply by the sentinel behind it, and behind a blocked command nothing is answered. Here
//! each step is what one client sends in one write, and after it CLIENT LIST says who is still blocked. Nothing depends on
//! timing: timeouts are for ever, longer than any test, or so short that the step waits for their end.
//!
//! `steps` makes the log, `side` plays it to one server. Replies are compared client by client after each step; every now
//! and then an audit compares the statistics, MONITOR's feed, the slow log and the keys.

#[path = "waits/side.rs"]
mod side;
#[path = "waits/steps.rs"]
mod steps;

use crate::harness::campaign::Settings;
use crate::harness::pair::Pair;
use crate::harness::shrink::shrink;
use side::Side;
use std::fmt::Write;
use std::time::Instant;
use steps::{Act, Step, generate};

/// The budget of the campaigns is counted in commands.
const COMMANDS_PER_STEP: usize = 3;

/// The test: panics with the shortest log found that shows a difference.
pub fn compare() {
    let settings = Settings::from_environment();
    if settings.families.as_ref().is_some_and(|families| !families.iter().any(|family| family == "waits")) {
        return;
    }
    let Some(mut pair) = Pair::start(&[]) else { return };
    let begin = Instant::now();
    let (mut seeds, mut waits) = (0, 0);
    while seeds < settings.seeds || begin.elapsed() < settings.duration {
        let seed = settings.seed.wrapping_add(seeds);
        let log = generate(seed, settings.commands / COMMANDS_PER_STEP);
        seeds += 1;
        let Err(first) = replay(&mut pair, &log).map(|count| waits += count) else { continue };
        let deadline = Instant::now() + settings.shrinking;
        let mut last = first;
        // What comes after the first difference has not been played.
        let small = shrink(&log[..last.steps], deadline, |part| match replay(&mut pair, part) {
            Ok(_) => false,
            Err(difference) => {
                last = difference;
                true
            }
        });
        let shown: String = small.iter().fold(String::new(), |mut text, step| {
            let _ = writeln!(text, "  {}", step.shown());
            text
        });
        panic!("seed {seed}: the last step differs\n{}\n{shown}", last.words);
    }
    eprintln!("waits: {seeds} seeds from {}, {waits} waits, {:.1} s", settings.seed, begin.elapsed().as_secs_f64());
    assert!(waits > 0, "nobody ever waited");
}

/// Where the servers part.
struct Difference {
    /// How many steps were played.
    steps: usize,
    words: String,
}

/// Plays a log on both; how often somebody waited, or the difference.
fn replay(pair: &mut Pair, log: &[Step]) -> Result<usize, Difference> {
    if let Some(words) = pair.reset() {
        return Err(Difference { steps: log.len(), words });
    }
    let mut sides = [Side::new(pair.ours.port), Side::new(pair.theirs.port)];
    let mut waits = 0;
    for (at, step) in log.iter().enumerate() {
        let [ours, theirs] = &mut sides;
        let waited = theirs.waits(step.client);
        if waited && matches!(step.act, Act::Run(_) | Act::Brief(_)) {
            continue;
        }
        let (our_part, their_part) = (ours.step(step), theirs.step(step));
        if our_part != their_part {
            return Err(Difference { steps: at + 1, words: first_difference(&our_part, &their_part) });
        }
        waits += usize::from(!waited && theirs.waits(step.client));
    }
    Ok(waits)
}

fn first_difference(ours: &[String], theirs: &[String]) -> String {
    let at = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs).unwrap_or(ours.len().min(theirs.len()));
    let shown =
        |lines: &[String]| lines.iter().skip(at).take(6).map(|line| format!("{line:?}\n    ")).collect::<String>();
    format!("  ours:\n    {}\n  theirs:\n    {}", shown(ours), shown(theirs))
}
