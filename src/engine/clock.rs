//! The one place where time is read.
//!
//! Wall-clock milliseconds decide expiry and are injectable, so that a host or a test can move time. Durations
//! (slow log, latency) come from the monotonic clock and are never injected.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The latest time that a host can set, in the year 6429: below it sums of times, and microseconds, are numbers, and no
/// deadline that the TTL heap takes for "never" can come.
const NOW_MS_MAX: i64 = 1 << 47;

/// Source of the current time of one engine.
pub struct Clock {
    host: Option<Box<dyn Fn() -> i64 + Send + Sync>>,
    started: Instant,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { host: None, started: Instant::now() }
    }

    /// A clock that asks `now_ms` for milliseconds since the Unix epoch.
    pub fn from_host(now_ms: Box<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self { host: Some(now_ms), started: Instant::now() }
    }

    /// Whether the host supplies the time, so that waiting for a deadline must poll instead of sleep.
    pub fn is_injected(&self) -> bool {
        self.host.is_some()
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        match &self.host {
            None => i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX),
            Some(now_ms) => now_ms().clamp(0, NOW_MS_MAX),
        }
    }

    /// Microseconds since the Unix epoch.
    pub fn now_us(&self) -> i64 {
        match &self.host {
            None => i64::try_from(since_epoch().as_micros()).unwrap_or(i64::MAX),
            Some(now_ms) => now_ms().clamp(0, NOW_MS_MAX) * 1000,
        }
    }

    /// Microseconds since this clock was made, from the monotonic clock.
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
