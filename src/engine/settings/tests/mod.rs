//! Tests of the settings. What the real server answered is kept in `config_set.txt` and `startup.txt`, made by
//! `harvest.py`.

mod changes;
mod files;
mod harvested;
mod rewriting;

use super::Settings;

/// The value that CONFIG GET shows.
fn get(settings: &Settings, name: &str) -> Option<String> {
    matching(settings, name).pop().map(|(_, value)| value)
}

/// What CONFIG GET shows of everything.
fn all(settings: &Settings) -> Vec<(String, String)> {
    matching(settings, "*")
}

fn matching(settings: &Settings, pattern: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    settings.for_each_matching(&[pattern.as_bytes()], |name, value| found.push((text(name), text(value)))).unwrap();
    found
}

/// CONFIG SET of one pair: the error reply, if any.
fn config_set(settings: &Settings, pairs: &[(&str, &str)]) -> Result<(), String> {
    let words: Vec<_> = pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
    settings.set_many(&words, true).map_err(|error| String::from_utf8_lossy(&error.reply().unwrap()).into_owned())
}
