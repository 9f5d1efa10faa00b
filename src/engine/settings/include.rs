//! Paths of `include`: one file, or a pattern that may match any number.

use super::load::copy_path;
use crate::engine::files::{self, Directory};
use crate::engine::glob;
use crate::storage::{NoMemory, try_collect, try_copy, try_push};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The files that `pattern` stands for, sorted. Without wildcards it stands for itself, whether it exists or not.
///
/// # Errors
/// If memory is short.
pub fn expand(pattern: &Path) -> Result<Vec<PathBuf>, NoMemory> {
    if !glob::has_wildcard(pattern.as_os_str().as_bytes()) {
        return try_collect([copy_path(pattern)?]);
    }
    let mut found = try_collect([PathBuf::new()])?;
    for component in pattern.components() {
        let part = component.as_os_str();
        let mut longer = Vec::new();
        for dir in &found {
            if glob::has_wildcard(part.as_bytes()) {
                add_matching(&mut longer, dir, part)?;
            } else {
                try_push(&mut longer, join(dir, part)?)?;
            }
        }
        found = longer;
    }
    found.retain(|path| files::exists(path));
    found.sort_unstable();
    Ok(found)
}

/// Adds the entries of a directory that match.
fn add_matching(found: &mut Vec<PathBuf>, dir: &Path, pattern: &OsStr) -> Result<(), NoMemory> {
    let readable = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let mut entries = match Directory::open(readable) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::OutOfMemory => return Err(NoMemory),
        Err(_) => return Ok(()),
    };
    while let Some(name) = entries.next_name() {
        let name = name.to_bytes();
        // As in a shell, a leading dot must be written, and then it does not mean the directory or the one above.
        let is_hidden = name.starts_with(b".") && !pattern.as_bytes().starts_with(b".");
        if !is_hidden && name != b"." && name != b".." && glob::matches(pattern.as_bytes(), name, false) {
            try_push(found, join(dir, OsStr::from_bytes(name))?)?;
        }
    }
    Ok(())
}

/// What `Path::join` makes of a directory and a name, which may be that of the root.
fn join(dir: &Path, name: &OsStr) -> Result<PathBuf, NoMemory> {
    let dir = dir.as_os_str().as_bytes();
    let mut path = try_copy(dir)?;
    path.try_reserve_exact(1 + name.len())?;
    if !dir.is_empty() && !dir.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name.as_bytes());
    Ok(OsString::from_vec(path).into())
}
