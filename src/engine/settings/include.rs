//! Paths of `include`: one file, or a pattern that may match any number.

use super::load::copy_path;
use crate::engine::glob;
use crate::storage::{NoMemory, try_collect};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The files that `pattern` stands for, sorted. Without wildcards it stands for itself, whether it exists or not.
///
/// # Errors
/// If memory is short for a path without wildcards. Reading directories is the standard library's, which ends the process then.
pub fn expand(pattern: &Path) -> Result<Vec<PathBuf>, NoMemory> {
    if !glob::has_wildcard(pattern.as_os_str().as_bytes()) {
        return try_collect([copy_path(pattern)?]);
    }
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str();
        if glob::has_wildcard(part.as_bytes()) {
            found = found.iter().flat_map(|dir| matching_entries(dir, part)).collect();
        } else {
            found.iter_mut().for_each(|path| path.push(part));
        }
    }
    found.retain(|path| path.exists());
    found.sort();
    Ok(found)
}

fn matching_entries(dir: &Path, pattern: &OsStr) -> Vec<PathBuf> {
    let readable = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let Ok(entries) = readable.read_dir() else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    // As in a shell, a leading dot must be written.
    let is_match = |name: &OsStr| {
        let hidden = name.as_bytes().starts_with(b".") && !pattern.as_bytes().starts_with(b".");
        !hidden && glob::matches(pattern.as_bytes(), name.as_bytes(), false)
    };
    names.filter(|name| is_match(name)).map(|name| dir.join(name)).collect()
}
