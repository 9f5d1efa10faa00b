//! The latency monitor: spikes above `latency-monitor-threshold`, by event
//! (<https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/>).

use parking_lot::Mutex;
use std::sync::atomic::Ordering::Relaxed;

/// Spikes kept per event.
pub const SAMPLES_MAX: usize = 160;

/// One spike: the worst of its second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Seconds since the epoch.
    pub at_s: i64,
    pub latency_ms: u32,
}

/// Spikes of one event, oldest first.
#[derive(Debug, Default)]
pub struct Series {
    pub samples: Vec<Sample>,
    /// Worst ever.
    pub max_ms: u32,
}

/// The latency monitor of one engine.
#[derive(Default)]
pub struct LatencyMonitor {
    /// By name. There are a handful of them.
    events: Mutex<Vec<(&'static str, Series)>>,
}

impl LatencyMonitor {
    /// Notes a spike of `event`. Spikes of the same second count as one, the worst. One that finds no memory is left out.
    pub fn add(&self, event: &'static str, at_s: i64, latency_ms: u32) {
        let mut events = self.events.lock();
        let place = match place_of(&events, event) {
            Ok(place) => place,
            Err(place) if events.try_reserve(1).is_ok() => {
                events.insert(place, (event, Series::default()));
                place
            }
            Err(_) => return,
        };
        events[place].1.add(Sample { at_s, latency_ms });
    }

    /// Shows `visit` the spikes of one event, if there are any.
    pub fn with_series<R>(&self, event: &[u8], visit: impl FnOnce(&Series) -> R) -> Option<R> {
        let events = self.events.lock();
        let (_, series) = events.iter().find(|(name, _)| name.as_bytes() == event)?;
        Some(visit(series))
    }

    /// Shows `visit` all events with their spikes, by name.
    pub fn with_all<R>(&self, visit: impl FnOnce(&[(&'static str, Series)]) -> R) -> R {
        visit(&self.events.lock())
    }

    /// Forgets one event, or all; how many there were.
    pub fn reset(&self, event: Option<&[u8]>) -> usize {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|(name, _)| event.is_some_and(|event| name.as_bytes() != event));
        before - events.len()
    }
}

fn place_of(events: &[(&'static str, Series)], event: &str) -> Result<usize, usize> {
    events.binary_search_by(|(name, _)| (*name).cmp(event))
}

impl Series {
    fn add(&mut self, sample: Sample) {
        self.max_ms = self.max_ms.max(sample.latency_ms);
        match self.samples.last_mut() {
            Some(last) if last.at_s == sample.at_s => last.latency_ms = last.latency_ms.max(sample.latency_ms),
            _ => {
                if self.samples.len() == SAMPLES_MAX {
                    self.samples.remove(0);
                }
                if self.samples.try_reserve(1).is_ok() {
                    self.samples.push(sample);
                }
            }
        }
    }
}

impl super::Engine {
    /// Notes how long `event` has taken, if that is as long as `latency-monitor-threshold`.
    pub fn note_latency(&self, event: &'static str, took_us: u64) {
        let threshold_ms = self.settings.hot().latency_threshold_ms.load(Relaxed);
        let took_ms = took_us / 1000;
        if threshold_ms > 0 && took_ms >= threshold_ms {
            self.latency.add(event, self.clock.now_ms() / 1000, u32::try_from(took_ms).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_a_second_and_a_bounded_history() {
        let monitor = LatencyMonitor::default();
        monitor.add("command", 1, 5);
        monitor.add("command", 1, 3);
        let samples = monitor.with_series(b"command", |series| series.samples.clone());
        assert_eq!(samples.expect("a spike"), [Sample { at_s: 1, latency_ms: 5 }]);
        for second in 2..500 {
            monitor.add("command", second, 1);
        }
        let size = monitor.with_series(b"command", |series| (series.samples.len(), series.max_ms));
        assert_eq!(size, Some((SAMPLES_MAX, 5)));
        monitor.add("fast-command", 1, 1);
        monitor.add("active-expire", 1, 1);
        monitor.with_all(|events| {
            assert!(events.iter().map(|(name, _)| *name).eq(["active-expire", "command", "fast-command"]));
        });
        assert_eq!(monitor.reset(Some(b"none")), 0);
        assert_eq!(monitor.reset(Some(b"command")), 1);
        assert!(monitor.with_series(b"command", |_| ()).is_none());
        assert_eq!(monitor.reset(None), 2);
    }
}
