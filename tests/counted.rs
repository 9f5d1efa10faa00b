//! Instructions per request, counted and not timed, so that a change that makes requests dearer is seen when it lands.
//!
//! `valgrind --tool=callgrind` counts what `benches/counted.rs` executes for a stream of N requests and for one of 2N. The
//! difference divided by N is a request's price without what is done once. Only the function that makes the requests is counted,
//! with all that it calls, and no other thread. It is repeatable to less than 1 %, however busy the machine: time stands
//! still, keys are fixed, the allocator is the system's. What differs is the seed of the hash; so the least of [`RUNS`] counts.
//!
//! `benches/results/counted.json` has the figures of the last deliberate change. More than [`MARGIN`] above one of them
//! fails. After an improvement, or for a good reason, `COUNTED_UPDATE=1 cargo test --test counted` writes them anew, to be
//! committed with the change. Another compiler or C library moves them too: the record says which ones it was made with.
//!
//! The program is built as the release is (in a folder of its own, `target/counted`, because the features differ). Without
//! valgrind there is nothing to count: the test says so and passes, or fails if CI is set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const STREAMS: [&str; 4] = ["typed-get", "typed-set", "p16-get", "p16-set"];
const REQUESTS: u64 = 20_000;
const RUNS: usize = 3;
/// How much more than recorded is a regression.
const MARGIN: f64 = 0.10;
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results/counted.json");

#[test]
fn requests_need_no_more_instructions_than_recorded() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "valgrind is needed to count instructions");
        eprintln!("skipped: without valgrind nobody counts instructions");
        return;
    }
    let program = build();
    let counted: BTreeMap<&str, f64> =
        STREAMS.iter().map(|&stream| (stream, instructions_per_request(&program, stream))).collect();
    for (stream, count) in &counted {
        println!("{stream:10} {count:7.1} instructions per request");
    }
    if std::env::var_os("COUNTED_UPDATE").is_some() {
        std::fs::write(RECORD, render(&counted)).expect("the record can be written");
        return;
    }
    let record = std::fs::read_to_string(RECORD).expect("benches/results/counted.json is there");
    let worse: Vec<String> = counted
        .iter()
        .filter_map(|(stream, &count)| {
            let recorded = recorded(&record, stream);
            let is_worse = count > recorded * (1.0 + MARGIN);
            is_worse.then(|| format!("{stream}: {count:.1} instructions per request, recorded are {recorded:.1}"))
        })
        .collect();
    assert!(
        worse.is_empty(),
        "{}\n(recorded with {}, this is {}; see tests/counted.rs)",
        worse.join("\n"),
        text_field(&record, "compiler").unwrap_or("?"),
        compiler(),
    );
}

/// Builds the program to count; its path.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let target = target.join("counted");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--quiet", "--release", "--no-default-features", "--features", "counted", "--bin", "counted"])
        // Line tables take time to link and change no instruction.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .expect("cargo runs");
    assert!(built.success(), "benches/counted.rs does not build");
    target.join("release/counted")
}

fn instructions_per_request(program: &Path, stream: &str) -> f64 {
    let least = |requests| (0..RUNS).map(|_| instructions(program, stream, requests)).min().expect("at least one run");
    (least(2 * REQUESTS) - least(REQUESTS)) as f64 / REQUESTS as f64
}

fn instructions(program: &Path, stream: &str, requests: u64) -> i64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured*"])
        .arg(program)
        .args([stream, &requests.to_string()])
        .output()
        .expect("valgrind runs");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stream}: {report}");
    let total = report.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind's total").1;
    total.trim().parse().expect("a number")
}

fn render(counted: &BTreeMap<&str, f64>) -> String {
    let mut text = format!("{{\n  \"compiler\": \"{}\",\n  \"library\": \"{}\"", compiler(), library());
    for (stream, count) in counted {
        text.push_str(&format!(",\n  \"{stream}\": {count:.1}"));
    }
    text + "\n}\n"
}

/// The figure of one stream. The record is what [`render`] writes: one field a line.
fn recorded(record: &str, stream: &str) -> f64 {
    let field = field(record, stream).unwrap_or_else(|| panic!("{RECORD} has no {stream}"));
    field.parse().unwrap_or_else(|_| panic!("{RECORD}: {stream} is no number"))
}

fn text_field<'r>(record: &'r str, name: &str) -> Option<&'r str> {
    field(record, name).map(|text| text.trim_matches('"'))
}

fn field<'r>(record: &'r str, name: &str) -> Option<&'r str> {
    let quoted = format!("\"{name}\": ");
    record.lines().find_map(|line| line.trim().strip_prefix(&quoted)).map(|value| value.trim_end_matches(','))
}

fn compiler() -> String {
    first_line("rustc", "--version")
}

fn library() -> String {
    first_line("ldd", "--version")
}

fn first_line(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").replace('"', "'")
}
