//! Access: what the 24 eviction bits of an entry mean, exactly as in Redis.
//!
//! ```text
//!  LRU   | seconds since the epoch, 24 bits           |
//!  LFU   | minutes since the epoch, 16 bits | count, 8 |
//! ```
//!
//! The policy decides which; nothing is converted when it changes, so for a while after that the figures are off.
//! The count of LFU grows with the logarithm of the number of uses and falls by one every `lfu-decay-time` minutes.
//! A new key starts with [`LFU_COUNT_NEW`], so that it is not evicted before it had a chance to be used.

use super::random::Random;

/// Bits of the clock of LRU.
const LRU_MASK: u32 = (1 << 24) - 1;
/// Bits of the clock of LFU.
const LFU_MINUTES_MASK: u32 = (1 << 16) - 1;
const LFU_COUNT_BITS: u32 = 8;
const LFU_COUNT_MAX: u32 = (1 << LFU_COUNT_BITS) - 1;
/// The count of a key that is created.
pub const LFU_COUNT_NEW: u32 = 5;

/// How LFU counts: `lfu-log-factor` and `lfu-decay-time`.
#[derive(Clone, Copy, Debug)]
pub struct LfuRules {
    /// The higher, the more uses it takes to raise a count.
    pub log_factor: u32,
    /// Minutes without use that take one off; 0 for none ever.
    pub decay_minutes: u32,
}

/// The clock of LRU at a time in seconds.
#[inline]
pub fn lru_clock(now_s: u32) -> u32 {
    now_s & LRU_MASK
}

/// The bits of an LRU policy after `idle_s` seconds without use. As in Redis the arithmetic wraps: an idle time of more
/// than half a year, which the clock cannot hold, becomes some other one.
pub fn lru_clock_before(now_s: u32, idle_s: i64) -> u32 {
    let idle_s = idle_s.wrapping_mul(1000) / 1000;
    let used = i64::from(lru_clock(now_s)).wrapping_sub(idle_s);
    let used = if used < 0 { used.wrapping_add(LRU_MASK.into()) } else { used };
    used as u32 & LRU_MASK
}

/// Seconds since the last use under an LRU policy, right for half a year of idleness.
pub fn idle_s(access: u32, now_s: u32) -> u32 {
    let now = lru_clock(now_s);
    if now >= access { now - access } else { now + (LRU_MASK - access) }
}

/// The bits of a new entry under an LFU policy.
#[inline]
pub fn lfu_new(now_s: u32) -> u32 {
    lfu_bits(now_s, LFU_COUNT_NEW)
}

/// The bits of an entry with a given count under an LFU policy.
pub fn lfu_with_count(now_s: u32, count: u8) -> u32 {
    lfu_bits(now_s, count.into())
}

/// The bits after one more use under an LFU policy.
#[inline]
pub fn lfu_used(access: u32, now_s: u32, rules: LfuRules, random: &mut Random) -> u32 {
    lfu_bits(now_s, raised(lfu_count(access, now_s, rules), rules, random))
}

/// The count under an LFU policy, less what it has lost since the last use.
pub fn lfu_count(access: u32, now_s: u32, rules: LfuRules) -> u32 {
    let (then, now) = (access >> LFU_COUNT_BITS, lfu_minutes(now_s));
    let elapsed = if now >= then { now - then } else { LFU_MINUTES_MASK - then + now };
    let lost = elapsed.checked_div(rules.decay_minutes).unwrap_or(0);
    (access & LFU_COUNT_MAX).saturating_sub(lost)
}

fn lfu_minutes(now_s: u32) -> u32 {
    (now_s / 60) & LFU_MINUTES_MASK
}

fn lfu_bits(now_s: u32, count: u32) -> u32 {
    lfu_minutes(now_s) << LFU_COUNT_BITS | count
}

/// Raises a count by one with a probability that falls as it grows.
fn raised(count: u32, rules: LfuRules, random: &mut Random) -> u32 {
    if count >= LFU_COUNT_MAX {
        return LFU_COUNT_MAX;
    }
    let base = f64::from(count.saturating_sub(LFU_COUNT_NEW));
    let probability = 1.0 / (base * f64::from(rules.log_factor) + 1.0);
    count + u32::from(random.fraction() < probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: LfuRules = LfuRules { log_factor: 10, decay_minutes: 1 };
    const NOW_S: u32 = 1_700_000_000;

    #[test]
    fn counts_decay_by_the_minute_and_across_the_end_of_the_clock() {
        let access = lfu_bits(NOW_S, 100);
        for (minutes, decay_minutes, count) in
            [(0, 1, 100), (1, 1, 99), (99, 1, 1), (150, 1, 0), (10, 4, 98), (150, 0, 100)]
        {
            let rules = LfuRules { decay_minutes, ..RULES };
            assert_eq!(lfu_count(access, NOW_S + 60 * minutes, rules), count, "{minutes} minutes");
        }
        let end_s = 65535 * 60;
        assert_eq!(lfu_count(lfu_bits(end_s, 10), end_s + 120, RULES), 9, "as Redis: one minute short");
    }

    #[test]
    fn counts_grow_with_the_logarithm_of_uses() {
        // The table in redis.conf: counts after so many hits, by factor.
        let mut random = Random::new(7);
        for (log_factor, hits, counts) in [
            (0, 1000, 255..=255),
            (1, 1000, 40..=58),
            (10, 1000, 14..=22),
            (100, 1000, 6..=12),
            (10, 100_000, 125..=160),
        ] {
            let rules = LfuRules { log_factor, ..RULES };
            let mut access = lfu_new(NOW_S);
            for _ in 0..hits {
                access = lfu_used(access, NOW_S, rules, &mut random);
            }
            let count = lfu_count(access, NOW_S, rules);
            assert!(counts.contains(&count), "factor {log_factor}, {hits} hits: {count}");
        }
    }

    #[test]
    fn a_new_key_has_five() {
        assert_eq!(lfu_count(lfu_new(NOW_S), NOW_S, RULES), 5);
        assert!(lfu_new(u32::MAX) >> 24 == 0);
    }

    #[test]
    fn idle_times_are_set_as_redis_sets_them() {
        // OBJECT IDLETIME after RESTORE IDLETIME, from redis-server 7.0.15 at this time.
        let now_s = 1_795_365_183;
        assert_eq!(lru_clock(now_s), 203_071);
        for (set, told) in [
            (0, 0),
            (1000, 1000),
            (10_000_000, 10_000_000),
            (16_777_215, 0),
            (16_777_216, 1),
            (20_000_000, 3_222_784),
            (10_000_000_000, 779_264),
            (9_223_372_036_854_775, 14_898_167),
            (9_223_372_036_854_776, 1_879_048),
            (i64::MAX, 16_777_214),
        ] {
            assert_eq!(idle_s(lru_clock_before(now_s, set), now_s), told, "{set}");
        }
    }

    #[test]
    fn idle_time_wraps_with_the_clock() {
        assert_eq!(idle_s(lru_clock(NOW_S), NOW_S + 77), 77);
        assert_eq!(idle_s(LRU_MASK, LRU_MASK + 11), 10, "as Redis: one second short");
    }
}
