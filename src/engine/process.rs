//! What the operating system knows of this process. Figures are of the whole process: a host that opens several
//! engines sees the same in each.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::sys::utsname::uname;
use nix::unistd::{SysconfVar, sysconf};

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
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
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
pub fn system_name() -> String {
    let Ok(name) = uname() else { return std::env::consts::OS.to_owned() };
    [name.sysname(), name.release(), name.machine()].map(|part| part.to_string_lossy()).join(" ")
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
        assert!(system_name().split(' ').count() >= 3);
    }
}
