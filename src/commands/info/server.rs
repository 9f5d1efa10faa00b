//! INFO server: what runs here, and since when.

use super::super::Ctx;
use super::super::connection::REDIS_VERSION;
use super::Fields;
use crate::engine::process;
use crate::storage::NoMemory;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

pub(super) fn write(ctx: &mut Ctx, fields: &mut Fields) -> Result<(), NoMemory> {
    let engine = ctx.engine;
    let settings = &engine.settings;
    let now_us = engine.clock.now_us();
    let uptime_s = (now_us / 1000 - engine.started_ms).max(0) / 1000;
    let hz = settings.hot().hz.load(Relaxed);

    fields.add("redis_version", REDIS_VERSION);
    fields.add("redis_git_sha1", "00000000");
    fields.add("redis_git_dirty", 0);
    fields.add("redis_build_id", format_args!("{BUILD_ID:016x}"));
    fields.add("redis_mode", "standalone");
    fields.add("os", process::system_name());
    fields.add("arch_bits", usize::BITS);
    fields.add("monotonic_clock", "POSIX clock_gettime");
    fields.add("multiplexing_api", if cfg!(target_os = "linux") { "epoll" } else { "kqueue" });
    fields.add("atomicvar_api", "c11-builtin");
    // What Redis prints when another compiler has built it.
    fields.add("gcc_version", "0.0.0");
    fields.add("process_id", std::process::id());
    fields.add("process_supervised", "no");
    fields.add("run_id", &engine.run_id);
    fields.add("tcp_port", engine.port.load(Relaxed));
    fields.add("server_time_usec", now_us);
    fields.add("uptime_in_seconds", uptime_s);
    fields.add("uptime_in_days", uptime_s / SECONDS_PER_DAY);
    fields.add("hz", hz);
    fields.add("configured_hz", hz);
    fields.add("lru_clock", engine.housekeeping.lru_clock());
    let mut buffer = process::PathBuffer::empty();
    fields.add("executable", buffer.executable().unwrap_or(Path::new("")).display());
    settings.with_config_file(|path| fields.add("config_file", path.unwrap_or(Path::new("")).display()));
    fields.add("io_threads_active", u8::from(settings.io_threads() > 1));
    fields.add("redisrs_version", env!("CARGO_PKG_VERSION"));
    Ok(())
}

/// Tells builds apart by version, target and profile.
const BUILD_ID: u64 = {
    let parts = [env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS];
    // FNV-1a.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ cfg!(debug_assertions) as u64;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        part += 1;
    }
    hash
};
