//! Files and directories for reading. As `std::fs`, which takes memory that may be refused: for long paths, and for every entry
//! of a directory.

use super::process::PathBuffer;
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::path::Path;
use std::ptr::NonNull;

/// Opens a file.
///
/// # Errors
/// Those of the system.
pub fn open(path: &Path) -> io::Result<File> {
    let path = PathBuffer::of(path)?;
    loop {
        // SAFETY: the path is terminated.
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        if fd >= 0 {
            // SAFETY: a new descriptor, which nobody else knows.
            return Ok(unsafe { File::from_raw_fd(fd) });
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Whether a path leads to something.
pub fn exists(path: &Path) -> bool {
    // SAFETY: the path is terminated.
    PathBuffer::of(path).is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::F_OK) } == 0)
}

/// A directory that is being read.
pub struct Directory(NonNull<libc::DIR>);

impl Directory {
    /// Begins to read a directory.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = PathBuffer::of(path)?;
        // SAFETY: the path is terminated.
        let directory = unsafe { libc::opendir(path.as_ptr()) };
        NonNull::new(directory).map(Self).ok_or_else(io::Error::last_os_error)
    }

    /// The name of the next entry, `.` and `..` among them; `None` at the end, or where it cannot be read.
    pub fn next_name(&mut self) -> Option<&CStr> {
        // SAFETY: the directory is open, and this is its only user.
        let entry = unsafe { libc::readdir(self.0.as_ptr()) };
        // SAFETY: the entry stays until the next call, which borrows this mutably, and its name is terminated.
        (!entry.is_null()).then(|| unsafe { CStr::from_ptr((&raw const (*entry).d_name).cast()) })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: it is open, and not used any more.
        unsafe { libc::closedir(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::ffi::OsStr;
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn what_std_finds_is_found() {
        let mut names = BTreeSet::new();
        let mut directory = Directory::open(Path::new("src")).expect("a directory");
        while let Some(name) = directory.next_name() {
            names.insert(OsStr::from_bytes(name.to_bytes()).to_owned());
        }
        assert!(names.remove(OsStr::new(".")) && names.remove(OsStr::new("..")));
        let expected = std::fs::read_dir("src").expect("a directory").map(|entry| entry.expect("an entry").file_name());
        assert_eq!(names, expected.collect());
        let mut text = String::new();
        open(Path::new("src/lib.rs")).and_then(|mut file| file.read_to_string(&mut text)).expect("a file");
        assert_eq!(text, std::fs::read_to_string("src/lib.rs").expect("a file"));
        assert!(exists(Path::new("src")) && exists(Path::new("src/lib.rs")));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for path in ["/nothing/here", "", "src\0", &"x/".repeat(5000)].map(Path::new) {
            assert!(open(path).is_err() && Directory::open(path).is_err() && !exists(path), "{path:?}");
        }
        assert!(Directory::open(Path::new("src/lib.rs")).is_err());
    }
}
