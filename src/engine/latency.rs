//! The latency monitor: spikes above `latency-monitor-threshold`, by event
//! (<https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/>).

use parking_lot::Mutex;
use std::collections::BTreeMap;
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
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub samples: Vec<Sample>,
    /// Worst ever.
    pub max_ms: u32,
}

/// The latency monitor of one engine.
#[derive(Default)]
pub struct LatencyMonitor {
    events: Mutex<BTreeMap<&'static str, Series>>,
}

impl LatencyMonitor {
    /// Notes a spike of `event`. Spikes of the same second count as one, the worst.
    pub fn add(&self, event: &'static str, at_s: i64, latency_ms: u32) {
        let mut events = self.events.lock();
        let series = events.entry(event).or_default();
        series.max_ms = series.max_ms.max(latency_ms);
        match series.samples.last_mut() {
            Some(last) if last.at_s == at_s => last.latency_ms = last.latency_ms.max(latency_ms),
            _ => {
                if series.samples.len() == SAMPLES_MAX {
                    series.samples.remove(0);
                }
                series.samples.push(Sample { at_s, latency_ms });
            }
        }
    }

    /// The spikes of one event.
    pub fn series(&self, event: &str) -> Option<Series> {
        self.events.lock().get(event).cloned()
    }

    /// All events with their spikes, by name.
    pub fn all(&self) -> Vec<(&'static str, Series)> {
        self.events.lock().iter().map(|(event, series)| (*event, series.clone())).collect()
    }

    /// Forgets one event, or all; how many there were.
    pub fn reset(&self, event: Option<&str>) -> usize {
        let mut events = self.events.lock();
        match event {
            Some(event) => events.remove(event).map_or(0, |_| 1),
            None => std::mem::take(&mut *events).len(),
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
        assert_eq!(monitor.series("command").unwrap().samples, [Sample { at_s: 1, latency_ms: 5 }]);
        for second in 2..500 {
            monitor.add("command", second, 1);
        }
        let series = monitor.series("command").unwrap();
        assert_eq!((series.samples.len(), series.max_ms), (SAMPLES_MAX, 5));
        assert_eq!(monitor.reset(Some("none")), 0);
        assert_eq!(monitor.reset(None), 1);
        assert!(monitor.series("command").is_none());
    }
}
