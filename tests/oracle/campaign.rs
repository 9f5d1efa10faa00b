//! Runs a family over many seeds, and reports what differs so that somebody can act on it.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `ORACLE_SEED` | first seed, or `random` | 1 |
//! | `ORACLE_SEEDS` | seeds per family | 12 |
//! | `ORACLE_SECONDS` | go on with further seeds until so much time has passed, per family | 0 |
//! | `ORACLE_COMMANDS` | log entries per seed | 1500 |
//! | `ORACLE_FAMILY` | only these families, comma separated | all |
//! | `ORACLE_FAILURES` | give up after so many different failures, per family | 3 |
//! | `ORACLE_SHRINK_SECONDS` | time to look for a minimal reproduction, per failure | 10 |

use super::command::Entry;
use super::families::Family;
use super::generate;
use super::pair::Pair;
use super::replay::{self, Divergence};
use super::shrink::shrink;
use std::time::{Duration, Instant, SystemTime};

/// Commands shown before the one that differs.
const CONTEXT: usize = 20;

pub struct Settings {
    pub seed: u64,
    pub seeds: u64,
    pub duration: Duration,
    pub commands: usize,
    pub families: Option<Vec<String>>,
    pub failures_max: usize,
    pub shrinking: Duration,
}

impl Settings {
    pub fn from_environment() -> Settings {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name: &str, default: u64| match text(name) {
            Some(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")),
            None => default,
        };
        let seed = match text("ORACLE_SEED").as_deref() {
            Some("random") => {
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.as_micros() as u64)
            }
            _ => number("ORACLE_SEED", 1),
        };
        Settings {
            seed,
            seeds: number("ORACLE_SEEDS", 12),
            duration: Duration::from_secs(number("ORACLE_SECONDS", 0)),
            commands: number("ORACLE_COMMANDS", 1500) as usize,
            families: text("ORACLE_FAMILY").map(|names| names.split(',').map(|name| name.trim().to_string()).collect()),
            failures_max: number("ORACLE_FAILURES", 3) as usize,
            shrinking: Duration::from_secs(number("ORACLE_SHRINK_SECONDS", 10)),
        }
    }
}

/// The test of one family: panics with a report if the servers differ.
pub fn run_family(name: &str) {
    let settings = Settings::from_environment();
    if settings.families.as_ref().is_some_and(|families| !families.iter().any(|family| family == name)) {
        eprintln!("family {name}: not in ORACLE_FAMILY");
        return;
    }
    let Some(mut pair) = Pair::start(&[]) else { return };
    let reports = run(&mut pair, name, &settings);
    assert!(reports.is_empty(), "\n{}\n", reports.join("\n"));
}

/// All different failures found, as reports.
pub fn run(pair: &mut Pair, name: &str, settings: &Settings) -> Vec<String> {
    let mut family = Family::new(name);
    let unknown = family.retain_known(|command| pair.common.contains(&command.to_lowercase()));
    assert!(!family.grammars.is_empty(), "our server lists none of the commands of family {name}");
    let begin = Instant::now();
    let (mut titles, mut reports) = (Vec::new(), Vec::new());
    let (mut seeds, mut replies, mut errors) = (0, 0, 0);
    while (seeds < settings.seeds || begin.elapsed() < settings.duration) && reports.len() < settings.failures_max {
        let seed = settings.seed.wrapping_add(seeds);
        let log = generate::log(&family, seed, settings.commands);
        let outcome = replay::run(pair, &log, seed);
        seeds += 1;
        replies += outcome.replies;
        errors += outcome.errors;
        let Some(divergence) = outcome.divergence else { continue };
        if !titles.contains(&divergence.title) {
            reports.push(report(pair, name, seed, settings, &log, &divergence));
            titles.push(divergence.title);
        }
    }
    eprintln!(
        "family {name}: {seeds} seeds from {}, {replies} replies ({errors} errors), {:.1} s, {} differences; not listed by our server: {}",
        settings.seed,
        begin.elapsed().as_secs_f64(),
        reports.len(),
        if unknown.is_empty() { "none".to_string() } else { unknown.join(" ") },
    );
    if reports.is_empty() {
        // Comparing nothing but error messages would be a test in name only.
        assert!(replies > 0 && errors * 10 < replies * 9, "family {name}: {errors} of {replies} replies are errors");
    }
    reports
}

fn report(
    pair: &mut Pair,
    name: &str,
    seed: u64,
    settings: &Settings,
    log: &[Entry],
    divergence: &Divergence,
) -> String {
    let mut text = format!(
        "=== family {name}, seed {seed}: {} ===\nrepeat: ORACLE_FAMILY={name} ORACLE_SEED={seed} ORACLE_SEEDS=1 ORACLE_COMMANDS={} cargo test --test oracle {name}\n",
        divergence.title, settings.commands,
    );
    text.push_str(&describe(divergence));
    let end = (divergence.entry + 1).min(log.len());
    text.push_str(&format!("  the last of {end} entries:\n"));
    text.push_str(&lines(&log[end.saturating_sub(CONTEXT)..end]));

    let deadline = Instant::now() + settings.shrinking;
    let mut last = None;
    let title = &divergence.title;
    let small = shrink(&log[..end], deadline, |part| {
        let found = replay::run(pair, part, seed).divergence.filter(|found| found.title == *title);
        let fails = found.is_some();
        last = found.or(last.take());
        fails
    });
    match last {
        Some(last) => {
            text.push_str(&format!("  minimal reproduction ({} of {end} entries):\n", small.len()));
            text.push_str(&lines(&small));
            text.push_str(&describe(&last));
        }
        None => text.push_str("  no smaller log shows the difference\n"),
    }
    text
}

fn describe(divergence: &Divergence) -> String {
    format!(
        "  command: {}\n  ours:    {}\n  theirs:  {}\n  reason:  {}\n",
        divergence.command, divergence.ours, divergence.theirs, divergence.reason
    )
}

fn lines(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        for line in entry.lines() {
            let shown: String =
                if line.len() > 400 { line.chars().take(400).chain("…".chars()).collect() } else { line };
            text.push_str(&format!("    [{}] {shown}\n", entry.connection));
        }
    }
    text
}
