//! Tests of the settings. What the real server answered is kept in `config_set.txt` and `startup.txt`, made by
//! `harvest.py`.

mod changes;
mod files;
mod harvested;
mod rewriting;

use super::Settings;

/// The value that CONFIG GET shows.
fn get(settings: &Settings, name: &str) -> Option<String> {
    let found = settings.get_matching(&[name.as_bytes()]);
    found.first().map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

/// CONFIG SET of one pair: the error reply, if any.
fn config_set(settings: &Settings, pairs: &[(&str, &str)]) -> Result<(), String> {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    settings.set_many(&pairs, true).map_err(|error| String::from_utf8_lossy(&error.reply()).into_owned())
}
