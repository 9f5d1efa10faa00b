//! What the operating system knows of this process. Figures are of the whole process: a host that opens several
//! engines sees the same in each.

use crate::storage::lossy;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::sys::utsname::uname;
use nix::unistd::{SysconfVar, sysconf};
use std::ffi::{OsStr, c_char};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Processor time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    pub system_us: i64,
    pub user_us: i64,
}

/// Whose time [`cpu_time`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Process,
    /// Of children that have ended. The library makes none; its host may.
    Children,
    /// Of the calling thread.
    Thread,
}

/// Processor time used so far, 0 where the system does not tell.
pub fn cpu_time(whose: Whose) -> CpuTime {
    let who = match whose {
        Whose::Process => UsageWho::RUSAGE_SELF,
        Whose::Children => UsageWho::RUSAGE_CHILDREN,
        #[cfg(target_os = "linux")]
        Whose::Thread => UsageWho::RUSAGE_THREAD,
        #[cfg(not(target_os = "linux"))]
        Whose::Thread => UsageWho::RUSAGE_SELF,
    };
    let microseconds = |time: TimeVal| time.tv_sec() * 1_000_000 + i64::from(time.tv_usec() as i32);
    getrusage(who).map_or(CpuTime::default(), |usage| CpuTime {
        system_us: microseconds(usage.system_time()),
        user_us: microseconds(usage.user_time()),
    })
}

/// Bytes of memory resident now, if the system tells.
pub fn resident_bytes() -> Option<usize> {
    // Seven numbers, on the stack: this has to work when memory is short.
    let mut statm = [0; 160];
    let len = File::open("/proc/self/statm").and_then(|mut file| file.read(&mut statm)).ok()?;
    let pages: usize = std::str::from_utf8(&statm[..len]).ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * positive(SysconfVar::PAGE_SIZE)?)
}

/// Bytes of memory of this machine.
pub fn machine_memory_bytes() -> usize {
    #[cfg(target_os = "linux")]
    let pages = positive(SysconfVar::_PHYS_PAGES);
    #[cfg(not(target_os = "linux"))]
    let pages = None;
    pages.zip(positive(SysconfVar::PAGE_SIZE)).map_or(0, |(pages, size): (usize, usize)| pages * size)
}

fn positive(variable: SysconfVar) -> Option<usize> {
    usize::try_from(sysconf(variable).ok()??).ok()
}

/// Name, release and machine of the operating system: `Linux 6.1.0 x86_64`.
pub fn system_name() -> impl fmt::Display {
    SystemName
}

struct SystemName;

impl fmt::Display for SystemName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(name) = uname() else { return out.write_str(std::env::consts::OS) };
        write!(out, "{} {} {}", name.sysname().display(), name.release().display(), name.machine().display())
    }
}

/// The system's text for an error, without the number that `std` appends. As `Display` of the error, which takes memory that
/// may be refused.
pub fn os_text(error: &io::Error) -> impl fmt::Display {
    OsText(error)
}

struct OsText<'a>(&'a io::Error);

impl fmt::Display for OsText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.0.raw_os_error() else { return self.0.fmt(out) };
        let mut text = [0; 128];
        // SAFETY: the buffer is as long as is said.
        unsafe { libc::strerror_r(code, text.as_mut_ptr().cast(), text.len()) };
        match std::ffi::CStr::from_bytes_until_nul(&text) {
            Ok(text) => lossy(text.to_bytes()).fmt(out),
            Err(_) => write!(out, "error {code}"),
        }
    }
}

/// Room for any path that the system takes or gives.
pub struct PathBuffer([u8; libc::PATH_MAX as usize]);

impl PathBuffer {
    /// Room for one path.
    pub const fn empty() -> Self {
        Self([0; libc::PATH_MAX as usize])
    }

    /// A path, to be given to the system.
    ///
    /// # Errors
    /// If it is longer than the system takes, or no path.
    pub fn of(path: &Path) -> io::Result<Self> {
        let path = path.as_os_str().as_bytes();
        let mut buffer = Self::empty();
        match buffer.0.get_mut(..path.len()) {
            Some(slot) if path.len() < libc::PATH_MAX as usize => slot.copy_from_slice(path),
            _ => return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG)),
        }
        if path.contains(&0) {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        Ok(buffer)
    }

    /// The path as the system takes it, terminated.
    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    fn path(&self, len: usize) -> &Path {
        Path::new(OsStr::from_bytes(&self.0[..len]))
    }

    fn terminated(&self) -> &Path {
        self.path(self.0.iter().position(|byte| *byte == 0).unwrap_or(0))
    }

    /// The program that runs, if the system tells. As `std::env::current_exe`, which takes memory that may be refused.
    pub fn executable(&mut self) -> Option<&Path> {
        // SAFETY: the name is terminated, and the buffer is as long as is said.
        let len = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), self.0.as_mut_ptr().cast(), self.0.len()) };
        usize::try_from(len).ok().map(|len| self.path(len))
    }

    /// The working directory. As `std::env::current_dir`, which takes memory that may be refused.
    pub fn working_directory(&mut self) -> Option<&Path> {
        // SAFETY: the buffer is as long as is said; what is written ends with a NUL within.
        let directory = unsafe { libc::getcwd(self.0.as_mut_ptr().cast(), self.0.len()) };
        (!directory.is_null()).then(|| self.terminated())
    }

    /// What a path leads to, absolute and without links. As `Path::canonicalize`, which takes memory that may be refused.
    ///
    /// # Errors
    /// If it leads to nothing, or is longer than the system takes.
    pub fn resolve(&mut self, path: &[u8]) -> io::Result<&Path> {
        let name = Self::of(Path::new(OsStr::from_bytes(path)))?;
        // SAFETY: the name is terminated, and the buffer has room for PATH_MAX bytes, which is what it asks for.
        let resolved = unsafe { libc::realpath(name.as_ptr(), self.0.as_mut_ptr().cast()) };
        if resolved.is_null() { Err(io::Error::last_os_error()) } else { Ok(self.terminated()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_memory_and_time() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 100_000 && bytes < machine_memory_bytes()));
        let busy_until = std::time::Instant::now() + std::time::Duration::from_millis(20);
        while std::time::Instant::now() < busy_until {}
        let (process, thread) = (cpu_time(Whose::Process), cpu_time(Whose::Thread));
        assert!(process.user_us + process.system_us >= thread.user_us + thread.system_us);
        assert!(process.user_us > 0);
        assert!(system_name().to_string().split(' ').count() >= 3);
    }

    #[test]
    fn paths_are_those_that_std_finds() {
        let mut buffer = PathBuffer::empty();
        assert_eq!(buffer.executable(), std::env::current_exe().ok().as_deref());
        assert_eq!(buffer.working_directory(), std::env::current_dir().ok().as_deref());
        for path in ["/proc/self/../self/exe", "src", ".", "/"] {
            assert_eq!(buffer.resolve(path.as_bytes()).ok(), std::fs::canonicalize(path).ok().as_deref(), "{path}");
        }
        for path in ["/nothing/here", "", "/\0/", &"x/".repeat(5000)] {
            assert!(buffer.resolve(path.as_bytes()).is_err());
        }
    }
}
