//! The settings that the request path, the reactors and the timers read: one atomic each, no lock, no lookup.
//!
//! [`Hot`] is written when a setting changes, and by DEBUG SET-ACTIVE-EXPIRE. A change of several settings at once
//! becomes visible one by one.

use super::kind::{OutputLimit, Value};
use super::table::Id;
use crate::engine::access::LfuRules;
use crate::engine::clients::ClientKind;
use crate::engine::log::Level;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Which keys make room when memory is full; the order is that of [`super::table::POLICIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MaxmemoryPolicy {
    /// Keys with a TTL, least recently used first.
    VolatileLru,
    /// Keys with a TTL, least frequently used first.
    VolatileLfu,
    /// Keys with a TTL, at random.
    VolatileRandom,
    /// Keys with a TTL, nearest deadline first.
    VolatileTtl,
    /// All keys, least recently used first.
    AllkeysLru,
    /// All keys, least frequently used first.
    AllkeysLfu,
    /// All keys, at random.
    AllkeysRandom,
    /// None: writes fail.
    Noeviction,
}

impl MaxmemoryPolicy {
    const ALL: [Self; 8] = [
        Self::VolatileLru,
        Self::VolatileLfu,
        Self::VolatileRandom,
        Self::VolatileTtl,
        Self::AllkeysLru,
        Self::AllkeysLfu,
        Self::AllkeysRandom,
        Self::Noeviction,
    ];

    /// Whether entries count how often they are used instead of when.
    #[inline]
    pub fn is_lfu(self) -> bool {
        matches!(self, Self::VolatileLfu | Self::AllkeysLfu)
    }

    /// Whether entries remember when they were used last in a way that eviction compares.
    #[inline]
    pub fn is_lru(self) -> bool {
        matches!(self, Self::VolatileLru | Self::AllkeysLru)
    }

    /// The word of `maxmemory-policy`.
    pub fn name(self) -> &'static str {
        super::table::POLICIES[self as usize]
    }
}

/// One [`OutputLimit`].
#[derive(Debug, Default)]
struct HotLimit {
    hard_bytes: AtomicUsize,
    soft_bytes: AtomicUsize,
    soft_seconds: AtomicU64,
}

/// Copies of settings for fast reading, with `Relaxed` loads.
#[derive(Debug, Default)]
pub struct Hot {
    /// Seconds after which an idle client is closed; 0 never.
    pub timeout_s: AtomicU64,
    /// Seconds of silence before TCP asks whether the peer lives; 0 never.
    pub tcp_keepalive_s: AtomicU64,
    /// Clients at once.
    pub maxclients: AtomicU64,
    /// The longest argument.
    pub proto_max_bulk_len: AtomicUsize,
    /// The most unprocessed input of a client, in bytes.
    pub client_query_buffer_limit: AtomicUsize,
    /// Microseconds from which a command is slow; negative never.
    pub slowlog_slower_than_us: AtomicI64,
    /// Entries of the slow log.
    pub slowlog_len_max: AtomicUsize,
    /// Milliseconds from which an event counts as a latency spike; 0 never.
    pub latency_threshold_ms: AtomicU64,
    /// Whether every command has a latency histogram.
    pub latency_tracking: AtomicBool,
    /// Bytes of memory for data; 0 without limit.
    pub maxmemory: AtomicUsize,
    /// How slowly LFU counters grow.
    pub lfu_log_factor: AtomicU32,
    /// Minutes after which an LFU counter loses one.
    pub lfu_decay_minutes: AtomicU32,
    /// Whether clients must authenticate.
    pub requires_password: AtomicBool,
    /// Whether clients from elsewhere are refused while there is no password.
    pub protected_mode: AtomicBool,
    /// Whether keys expire without being read; only DEBUG SET-ACTIVE-EXPIRE changes it.
    pub active_expire: AtomicBool,
    /// How much work that may be, 1 to 10.
    pub active_expire_effort: AtomicU32,
    /// Timer runs a second.
    pub hz: AtomicU32,
    /// Most fields of a flat hash.
    pub hash_listpack_entries_max: AtomicUsize,
    /// The longest field or value in one, in bytes.
    pub hash_listpack_value_max: AtomicUsize,
    /// Bytes up to which a HyperLogLog may be sparse.
    pub hll_sparse_max_bytes: AtomicUsize,
    /// How much a node of a list may hold: elements, or a size class if negative.
    pub list_max_listpack_size: AtomicI64,
    /// Nodes of a list at each end that are not compressed; 0: none are.
    pub list_compress_depth: AtomicI64,
    /// Whether the original protocol answers with types instead of status words.
    pub original_replies_typed: AtomicBool,
    /// Whether strings are compressed in payloads of DUMP.
    pub rdb_compression: AtomicBool,
    /// Whether checks of payloads are counted.
    pub sanitize_dump_payload: AtomicBool,
    /// Most members of a set that may be called an intset.
    pub set_intset_entries_max: AtomicUsize,
    /// Most members of a set that may be called a listpack.
    pub set_listpack_entries_max: AtomicUsize,
    /// Longest of them, in bytes.
    pub set_listpack_value_max: AtomicUsize,
    /// Most members of a sorted set that is flat.
    pub zset_listpack_entries_max: AtomicUsize,
    /// Longest of them, in bytes.
    pub zset_listpack_value_max: AtomicUsize,
    /// From how many bytes on a block of a stream is full; 0 without limit.
    pub stream_node_max_bytes: AtomicUsize,
    /// From how many entries on; 0 without limit.
    pub stream_node_max_entries: AtomicU64,
    /// Classes of keyspace events that somebody listens to; see [`crate::engine::events`].
    pub event_classes: AtomicU32,
    policy: AtomicU8,
    loglevel: AtomicU8,
    limits: [HotLimit; 3],
}

impl Hot {
    /// The eviction policy.
    #[inline]
    pub fn maxmemory_policy(&self) -> MaxmemoryPolicy {
        let index = usize::from(self.policy.load(Relaxed));
        MaxmemoryPolicy::ALL.get(index).copied().unwrap_or(MaxmemoryPolicy::Noeviction)
    }

    /// The least important messages that are still logged.
    #[inline]
    pub fn loglevel(&self) -> Level {
        Level::from_index(self.loglevel.load(Relaxed))
    }

    /// Whether entries count how often they are used instead of when.
    #[inline]
    pub fn policy_is_lfu(&self) -> bool {
        let policy = self.policy.load(Relaxed);
        policy == MaxmemoryPolicy::VolatileLfu as u8 || policy == MaxmemoryPolicy::AllkeysLfu as u8
    }

    /// How LFU counts.
    #[inline]
    pub fn lfu_rules(&self) -> LfuRules {
        LfuRules { log_factor: self.lfu_log_factor.load(Relaxed), decay_minutes: self.lfu_decay_minutes.load(Relaxed) }
    }

    /// When a client of this kind that does not read its replies is cut off.
    #[inline]
    pub fn output_limit(&self, kind: ClientKind) -> OutputLimit {
        let limit = match kind {
            ClientKind::Normal => &self.limits[0],
            ClientKind::Replica | ClientKind::Master => &self.limits[1],
            ClientKind::Pubsub => &self.limits[2],
        };
        OutputLimit {
            hard_bytes: limit.hard_bytes.load(Relaxed),
            soft_bytes: limit.soft_bytes.load(Relaxed),
            soft_seconds: limit.soft_seconds.load(Relaxed),
        }
    }

    /// Takes over all values.
    pub(super) fn refresh(&self, values: &[Value]) {
        let value = |id: Id| &values[id as usize];
        let on = |id: Id| matches!(value(id), Value::Bool(true) | Value::Choice(1));
        let number = |id: Id| match value(id) {
            Value::Int(number) => *number,
            Value::Size(bytes) => i64::try_from(*bytes).unwrap_or(i64::MAX),
            _ => 0,
        };
        let unsigned = |id: Id| match value(id) {
            Value::Size(bytes) => *bytes,
            _ => u64::try_from(number(id)).unwrap_or(0),
        };
        let size = |id: Id| usize::try_from(unsigned(id)).unwrap_or(usize::MAX);
        let short = |id: Id| u32::try_from(number(id)).unwrap_or(u32::MAX);
        let index = |id: Id| match value(id) {
            Value::Choice(index) => u8::try_from(*index).unwrap_or(0),
            _ => 0,
        };
        self.timeout_s.store(unsigned(Id::Timeout), Relaxed);
        self.tcp_keepalive_s.store(unsigned(Id::TcpKeepalive), Relaxed);
        self.maxclients.store(unsigned(Id::Maxclients), Relaxed);
        self.proto_max_bulk_len.store(size(Id::ProtoMaxBulkLen), Relaxed);
        self.client_query_buffer_limit.store(size(Id::ClientQueryBufferLimit), Relaxed);
        self.slowlog_slower_than_us.store(number(Id::SlowlogLogSlowerThan), Relaxed);
        self.slowlog_len_max.store(size(Id::SlowlogMaxLen), Relaxed);
        self.latency_threshold_ms.store(unsigned(Id::LatencyMonitorThreshold), Relaxed);
        self.latency_tracking.store(on(Id::LatencyTracking), Relaxed);
        self.maxmemory.store(size(Id::Maxmemory), Relaxed);
        self.lfu_log_factor.store(short(Id::LfuLogFactor), Relaxed);
        self.lfu_decay_minutes.store(short(Id::LfuDecayTime), Relaxed);
        let password = matches!(value(Id::Requirepass), Value::Text(text) if !text.is_empty());
        self.requires_password.store(password, Relaxed);
        self.protected_mode.store(on(Id::ProtectedMode), Relaxed);
        self.active_expire_effort.store(short(Id::ActiveExpireEffort), Relaxed);
        self.hz.store(short(Id::Hz), Relaxed);
        self.hash_listpack_entries_max.store(size(Id::HashMaxListpackEntries), Relaxed);
        self.hash_listpack_value_max.store(size(Id::HashMaxListpackValue), Relaxed);
        self.hll_sparse_max_bytes.store(size(Id::HllSparseMaxBytes), Relaxed);
        self.list_max_listpack_size.store(number(Id::ListMaxListpackSize), Relaxed);
        self.list_compress_depth.store(number(Id::ListCompressDepth), Relaxed);
        self.original_replies_typed.store(on(Id::OriginalReplies), Relaxed);
        self.rdb_compression.store(on(Id::Rdbcompression), Relaxed);
        self.sanitize_dump_payload.store(index(Id::SanitizeDumpPayload) != 0, Relaxed);
        self.set_intset_entries_max.store(size(Id::SetMaxIntsetEntries), Relaxed);
        self.set_listpack_entries_max.store(size(Id::SetMaxListpackEntries), Relaxed);
        self.set_listpack_value_max.store(size(Id::SetMaxListpackValue), Relaxed);
        self.zset_listpack_entries_max.store(size(Id::ZsetMaxListpackEntries), Relaxed);
        self.zset_listpack_value_max.store(size(Id::ZsetMaxListpackValue), Relaxed);
        self.stream_node_max_bytes.store(size(Id::StreamNodeMaxBytes), Relaxed);
        self.stream_node_max_entries.store(unsigned(Id::StreamNodeMaxEntries), Relaxed);
        self.policy.store(index(Id::MaxmemoryPolicy), Relaxed);
        self.loglevel.store(index(Id::Loglevel), Relaxed);
        if let Value::Limits(limits) = value(Id::ClientOutputBufferLimit) {
            for (hot, limit) in self.limits.iter().zip(limits) {
                hot.hard_bytes.store(limit.hard_bytes, Relaxed);
                hot.soft_bytes.store(limit.soft_bytes, Relaxed);
                hot.soft_seconds.store(limit.soft_seconds, Relaxed);
            }
        }
    }
}
