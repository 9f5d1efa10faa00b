//! What the allocator of this process has to say for itself: its name, what it holds, and how to make it let go.
//!
//! Figures are of the whole process. Without the feature `mimalloc` the platform's malloc is used, which tells nothing.

#[cfg(feature = "mimalloc")]
pub use of_mimalloc::{committed_bytes, name, purge, report};

#[cfg(not(feature = "mimalloc"))]
pub use of_platform::{committed_bytes, name, purge, report};

#[cfg(feature = "mimalloc")]
mod of_mimalloc {
    use crate::storage::{NoMemory, Text};
    use mimalloc::MiMalloc;
    use std::fmt;

    /// The allocator and its version, as INFO's `mem_allocator` names it.
    pub fn name() -> impl fmt::Display {
        Version(MiMalloc.version())
    }

    struct Version(u32);

    impl fmt::Display for Version {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            let version = self.0;
            // Two digits for each part behind the first since version 3, one before.
            let (major, minor, patch) = if version >= 10_000 {
                (version / 10_000, version / 100 % 100, version % 100)
            } else {
                (version / 100, version / 10 % 10, version % 10)
            };
            write!(out, "mimalloc-{major}.{minor}.{patch}")
        }
    }

    /// What the allocator reports about itself, for people; `None` if it reports nothing. Its counts of blocks are
    /// left out: they are not compiled in.
    ///
    /// # Errors
    /// If memory is short.
    pub fn report() -> Result<Option<Vec<u8>>, NoMemory> {
        let Ok(json) = MiMalloc::stats_json() else { return Ok(None) };
        let mut text = Text::new();
        let has = |line: &[u8], part: &str| memchr::memmem::find(line, part.as_bytes()).is_some();
        let lines = json.to_bytes().split(|&byte| byte == b'\n').take_while(|line| !has(line, "\"malloc_bins\""));
        for line in lines.filter(|line| !has(line, "\"malloc_")) {
            text.push(line);
            text.push(b"\n");
        }
        text.finish().map(Some)
    }

    /// Bytes that the allocator has from the system, in use or not.
    pub fn committed_bytes() -> Option<usize> {
        let text = MiMalloc::stats_json().ok()?;
        let text = text.to_str().ok()?;
        let (_, committed) = text.split_once("\"committed\":")?;
        let (_, current) = committed.split_once("\"current\":")?;
        current.split_once('}')?.0.trim().parse().ok()
    }

    /// Gives back to the system what the calling thread's part of the allocator holds for reuse, and what threads that
    /// are gone have left.
    pub fn purge() {
        // SAFETY: mi_collect has no precondition; it may be called at any time from any thread.
        unsafe { libmimalloc_sys::mi_collect(true) }
    }
}

#[cfg(not(feature = "mimalloc"))]
mod of_platform {
    /// The allocator, as INFO's `mem_allocator` names it.
    pub fn name() -> &'static str {
        "libc"
    }

    /// What the allocator reports about itself: nothing.
    ///
    /// # Errors
    /// None; that of an allocator which does report.
    pub fn report() -> Result<Option<Vec<u8>>, crate::storage::NoMemory> {
        Ok(None)
    }

    /// Bytes that the allocator has from the system: it does not tell.
    pub fn committed_bytes() -> Option<usize> {
        None
    }

    /// The platform's malloc decides by itself when to give memory back.
    pub fn purge() {}
}

#[cfg(all(test, feature = "mimalloc"))]
mod tests {
    #[test]
    fn the_allocator_tells_its_name_and_what_it_holds() {
        assert!(super::name().to_string().starts_with("mimalloc-"));
        let report = super::report().expect("memory").expect("a report");
        assert!(String::from_utf8_lossy(&report).contains("committed"));
        assert!(super::committed_bytes().is_some_and(|bytes| bytes > 0));
        super::purge();
    }
}
