//! Every configuration name of redis-server 7.0.15, and ours: one row each.
//!
//! The row is all there is to know about a name: how its value is written, its default, who may change it when, and
//! whether anything reads it. A name of something that is not built yet ([`Status::Unbuilt`]) or that redisrs has no
//! use for ([`Status::Foreign`]) accepts its default value only, so that stock configuration files load and
//! nothing is promised that does not happen.

use super::kind::Kind;
use super::kind::{ListRule, TextRule};
use Kind::{Bool, Choice, Flags, Int, Memory, Multi, Octal, Text};
use Status::{Foreign, Unbuilt, Works};

/// Whether a value other than the default means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Code reads it.
    Works,
    /// Belongs to a feature that is still to come; the text names the feature.
    Unbuilt(&'static str),
    /// Tunes a mechanism of Redis that redisrs does not have by design; the text says why.
    Foreign(&'static str),
}

/// Only at start: CONFIG SET refuses it.
pub const IMMUTABLE: u8 = 1;
/// CONFIG SET refuses it unless `enable-protected-configs` allows it.
pub const PROTECTED: u8 = 2;
/// The value must not appear in logs.
pub const SENSITIVE: u8 = 4;
/// CONFIG GET shows it only when asked by its exact name.
pub const HIDDEN: u8 = 8;

/// One configuration name.
#[derive(Debug)]
pub struct Row {
    /// Its number, which is also its index in [`TABLE`].
    pub id: Id,
    /// Its name.
    pub name: &'static str,
    /// Its old name, accepted and shown as well.
    pub alias: Option<&'static str>,
    /// How its value is written.
    pub kind: Kind,
    /// Its default, written as in a file.
    pub default: &'static str,
    /// A set of [`IMMUTABLE`], [`PROTECTED`], [`SENSITIVE`], [`HIDDEN`].
    pub flags: u8,
    /// Whether it does something.
    pub status: Status,
}

impl Row {
    /// Whether `flag` is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Id {
    /// The row of this setting.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// The row called `name`, in any case, and the name by which it was called: its own or its alias.
pub fn find(name: &[u8]) -> Option<(&'static Row, &'static str)> {
    TABLE.iter().find_map(|row| {
        let is = |candidate: &str| candidate.as_bytes().eq_ignore_ascii_case(name);
        if is(row.name) {
            return Some((row, row.name));
        }
        row.alias.filter(|alias| is(alias)).map(|alias| (row, alias))
    })
}

macro_rules! alias {
    () => {
        None
    };
    ($alias:literal) => {
        Some($alias)
    };
}

macro_rules! settings {
    ($($id:ident $name:literal $(/ $alias:literal)?, $kind:expr, $default:literal, $flags:expr, $status:expr;)*) => {
        /// A setting, by number: what code uses instead of its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Id {
            $(#[doc = concat!("`", $name, "`")] $id,)*
        }

        /// All settings, indexed by [`Id`], sorted by subject.
        pub static TABLE: &[Row] = &[
            $(Row { id: Id::$id, name: $name, alias: alias!($($alias)?), kind: $kind, default: $default,
                flags: $flags, status: $status },)*
        ];
    };
}

/// Bounds of C's types, which are part of the error texts.
const INT_MAX: i64 = i32::MAX as i64;
const LONG_MAX: i64 = i64::MAX;
const SIZE_MAX: u64 = i64::MAX as u64;
const MB: u64 = 1 << 20;

const fn int(min: i64, max: i64) -> Kind {
    Int { min, max }
}

const fn memory(min: u64, max: u64) -> Kind {
    Memory { min, max, percent: false }
}

const ACCESS: Kind = Choice(&["no", "yes", "local"]);
/// Values of `maxmemory-policy`, in the order of [`super::MaxmemoryPolicy`].
pub const POLICIES: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];
const SHUTDOWN: Kind = Flags(&["default", "save", "nosave", "now", "force"]);
const FACILITIES: Kind =
    Choice(&["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]);

const PERSISTENCE: Status = Unbuilt("persistence");
const REPLICATION: Status = Unbuilt("replication");
const CLUSTER: Status = Unbuilt("cluster mode");
const TLS: Status = Unbuilt("TLS");
const SCRIPTING: Status = Unbuilt("scripting");
const ACL: Status = Unbuilt("ACLs");
const SYSLOG: Status = Unbuilt("logging to syslog");
const CPULIST: Status = Foreign("threads are left to the scheduler or to taskset");
const DEFRAG: Status = Foreign("its allocator does not defragment in the background");
const CRASH: Status = Foreign("a panic is caught and reported to the log; there is no crash handler");
const TITLE: Status = Foreign("it does not change its process title");
const OOM_SCORE: Status = Foreign("it has no child processes; set the score in the service manager");

#[rustfmt::skip]
settings! {
    // Network.
    Port "port", Kind::Port, "6379", 0, Works;
    Bind "bind", Multi(ListRule::Bind), "* -::*", 0, Works;
    Unixsocket "unixsocket", Text(TextRule::Optional), "", IMMUTABLE, Works;
    Unixsocketperm "unixsocketperm", Octal { max: 0o777 }, "0", IMMUTABLE, Works;
    ProtectedMode "protected-mode", Bool, "yes", 0, Works;
    TcpBacklog "tcp-backlog", int(0, INT_MAX), "511", IMMUTABLE, Works;
    TcpKeepalive "tcp-keepalive", int(0, INT_MAX), "300", 0, Works;
    Timeout "timeout", int(0, INT_MAX), "0", 0, Works;
    Maxclients "maxclients", int(1, u32::MAX as i64), "10000", 0, Works;
    ClientQueryBufferLimit "client-query-buffer-limit", memory(MB, SIZE_MAX), "1gb", 0, Works;
    ClientOutputBufferLimit "client-output-buffer-limit", Multi(ListRule::OutputLimits),
        "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60", 0, Works;
    MaxmemoryClients "maxmemory-clients", Memory { min: 0, max: SIZE_MAX, percent: true }, "0", 0, Unbuilt("eviction of clients");
    ProtoMaxBulkLen "proto-max-bulk-len", memory(MB, SIZE_MAX), "512mb", 0, Works;
    SocketMarkId "socket-mark-id", int(0, u32::MAX as i64), "0", IMMUTABLE, Unbuilt("socket marks");
    BindSourceAddr "bind-source-addr", Text(TextRule::Optional), "", 0, REPLICATION;
    OriginalReplies "original-replies", Choice(&["status", "typed"]), "status", 0, Works;
    // Threads and process.
    IoThreads "io-threads", Kind::Threads, "", IMMUTABLE, Works;
    IoThreadsDoReads "io-threads-do-reads", Bool, "no", IMMUTABLE, Foreign("its reactor threads always read");
    Shards "shards", Kind::PowerOfTwo { max: 1024 }, "256", IMMUTABLE, Works;
    Daemonize "daemonize", Bool, "no", IMMUTABLE, Works;
    Pidfile "pidfile", Text(TextRule::Optional), "", IMMUTABLE, Works;
    Supervised "supervised", Choice(&["upstart", "systemd", "auto", "no"]), "no", IMMUTABLE, Unbuilt("notification of a service manager");
    Dir "dir", Text(TextRule::Directory), "", PROTECTED, Works;
    SetProcTitle "set-proc-title", Bool, "yes", IMMUTABLE, TITLE;
    ProcTitleTemplate "proc-title-template", Text(TextRule::Any), "{title} {listen-addr} {server-mode}", 0, TITLE;
    ServerCpulist "server_cpulist", Text(TextRule::Optional), "", IMMUTABLE, CPULIST;
    BioCpulist "bio_cpulist", Text(TextRule::Optional), "", IMMUTABLE, CPULIST;
    AofRewriteCpulist "aof_rewrite_cpulist", Text(TextRule::Optional), "", IMMUTABLE, CPULIST;
    BgsaveCpulist "bgsave_cpulist", Text(TextRule::Optional), "", IMMUTABLE, CPULIST;
    OomScoreAdj "oom-score-adj", Choice(&["no", "yes", "relative", "absolute"]), "no", 0, OOM_SCORE;
    OomScoreAdjValues "oom-score-adj-values", Multi(ListRule::OomScores), "0 200 800", 0, OOM_SCORE;
    DisableThp "disable-thp", Bool, "yes", IMMUTABLE, Foreign("it does not fork, so huge pages are left to the system");
    ShutdownTimeout "shutdown-timeout", int(0, INT_MAX), "10", 0, REPLICATION;
    ShutdownOnSigint "shutdown-on-sigint", SHUTDOWN, "default", 0, PERSISTENCE;
    ShutdownOnSigterm "shutdown-on-sigterm", SHUTDOWN, "default", 0, PERSISTENCE;
    // Logging.
    Loglevel "loglevel", Choice(&["debug", "verbose", "notice", "warning"]), "notice", 0, Works;
    Logfile "logfile", Text(TextRule::Any), "", IMMUTABLE, Works;
    SyslogEnabled "syslog-enabled", Bool, "no", IMMUTABLE, SYSLOG;
    SyslogIdent "syslog-ident", Text(TextRule::Any), "redis", IMMUTABLE, SYSLOG;
    SyslogFacility "syslog-facility", FACILITIES, "local0", IMMUTABLE, SYSLOG;
    AlwaysShowLogo "always-show-logo", Bool, "no", IMMUTABLE, Works;
    CrashLogEnabled "crash-log-enabled", Bool, "yes", 0, CRASH;
    CrashMemcheckEnabled "crash-memcheck-enabled", Bool, "yes", 0, CRASH;
    UseExitOnPanic "use-exit-on-panic", Bool, "no", HIDDEN, CRASH;
    WatchdogPeriod "watchdog-period", int(0, INT_MAX), "0", HIDDEN, Foreign("it installs no signal handler for a watchdog");
    IgnoreWarnings "ignore-warnings", Text(TextRule::Any), "", 0, Foreign("it does not refuse to start over kernel bugs");
    // Security.
    Requirepass "requirepass", Text(TextRule::Optional), "", SENSITIVE, Works;
    EnableProtectedConfigs "enable-protected-configs", ACCESS, "no", IMMUTABLE, Works;
    EnableDebugCommand "enable-debug-command", ACCESS, "no", IMMUTABLE, Works;
    EnableModuleCommand "enable-module-command", ACCESS, "no", IMMUTABLE, Unbuilt("modules");
    Aclfile "aclfile", Text(TextRule::Optional), "", IMMUTABLE, ACL;
    AcllogMaxLen "acllog-max-len", int(0, LONG_MAX), "128", 0, ACL;
    AclPubsubDefault "acl-pubsub-default", Choice(&["allchannels", "resetchannels"]), "resetchannels", 0, ACL;
    // Databases and memory.
    Databases "databases", int(1, INT_MAX), "16", IMMUTABLE, Works;
    Maxmemory "maxmemory", memory(0, u64::MAX), "0", 0, Works;
    MaxmemoryPolicy "maxmemory-policy", Choice(POLICIES), "noeviction", 0, Works;
    MaxmemorySamples "maxmemory-samples", int(1, INT_MAX), "5", 0, Unbuilt("eviction");
    MaxmemoryEvictionTenacity "maxmemory-eviction-tenacity", int(0, 100), "10", 0, Unbuilt("eviction");
    LfuLogFactor "lfu-log-factor", int(0, INT_MAX), "10", 0, Works;
    LfuDecayTime "lfu-decay-time", int(0, INT_MAX), "1", 0, Works;
    LazyfreeLazyEviction "lazyfree-lazy-eviction", Bool, "no", 0, Works;
    LazyfreeLazyExpire "lazyfree-lazy-expire", Bool, "no", 0, Works;
    LazyfreeLazyServerDel "lazyfree-lazy-server-del", Bool, "no", 0, Works;
    LazyfreeLazyUserDel "lazyfree-lazy-user-del", Bool, "no", 0, Works;
    LazyfreeLazyUserFlush "lazyfree-lazy-user-flush", Bool, "no", 0, Works;
    Hz "hz", Kind::Hz, "10", 0, Works;
    DynamicHz "dynamic-hz", Bool, "yes", 0, Works;
    ActiveExpireEffort "active-expire-effort", int(1, 10), "1", 0, Works;
    Activerehashing "activerehashing", Bool, "yes", 0, Foreign("its tables grow one segment at a time and never rehash as a whole");
    Activedefrag "activedefrag", Bool, "no", 0, DEFRAG;
    ActiveDefragCycleMin "active-defrag-cycle-min", int(1, 99), "1", 0, DEFRAG;
    ActiveDefragCycleMax "active-defrag-cycle-max", int(1, 99), "25", 0, DEFRAG;
    ActiveDefragThresholdLower "active-defrag-threshold-lower", int(0, 1000), "10", 0, DEFRAG;
    ActiveDefragThresholdUpper "active-defrag-threshold-upper", int(0, 1000), "100", 0, DEFRAG;
    ActiveDefragIgnoreBytes "active-defrag-ignore-bytes", memory(1, SIZE_MAX), "100mb", 0, DEFRAG;
    ActiveDefragMaxScanFields "active-defrag-max-scan-fields", int(1, LONG_MAX), "1000", 0, DEFRAG;
    JemallocBgThread "jemalloc-bg-thread", Bool, "yes", 0, Foreign("its allocator is not jemalloc");
    // Observation.
    SlowlogLogSlowerThan "slowlog-log-slower-than", int(-1, LONG_MAX), "10000", 0, Works;
    SlowlogMaxLen "slowlog-max-len", int(0, LONG_MAX), "128", 0, Works;
    LatencyMonitorThreshold "latency-monitor-threshold", int(0, LONG_MAX), "0", 0, Works;
    LatencyTracking "latency-tracking", Bool, "yes", 0, Works;
    LatencyTrackingInfoPercentiles "latency-tracking-info-percentiles", Multi(ListRule::Percentiles), "50 99 99.9", 0, Works;
    NotifyKeyspaceEvents "notify-keyspace-events", Kind::Events, "", 0, Unbuilt("keyspace notifications");
    TrackingTableMaxKeys "tracking-table-max-keys", int(0, LONG_MAX), "1000000", 0, Unbuilt("client-side caching");
    // Encodings of types.
    HashMaxListpackEntries "hash-max-listpack-entries" / "hash-max-ziplist-entries", int(0, LONG_MAX), "512", 0, Works;
    HashMaxListpackValue "hash-max-listpack-value" / "hash-max-ziplist-value", memory(0, SIZE_MAX), "64", 0, Works;
    ListMaxListpackSize "list-max-listpack-size" / "list-max-ziplist-size", int(i32::MIN as i64, INT_MAX), "-2", 0, Works;
    ListCompressDepth "list-compress-depth", int(0, INT_MAX), "0", 0, Works;
    SetMaxIntsetEntries "set-max-intset-entries", int(0, LONG_MAX), "512", 0, Works;
    SetMaxListpackEntries "set-max-listpack-entries", int(0, LONG_MAX), "0", 0, Works;
    SetMaxListpackValue "set-max-listpack-value", memory(0, SIZE_MAX), "64", 0, Works;
    ZsetMaxListpackEntries "zset-max-listpack-entries" / "zset-max-ziplist-entries", int(0, LONG_MAX), "128", 0, Works;
    ZsetMaxListpackValue "zset-max-listpack-value" / "zset-max-ziplist-value", memory(0, SIZE_MAX), "64", 0, Works;
    HllSparseMaxBytes "hll-sparse-max-bytes", memory(0, SIZE_MAX), "3000", 0, Works;
    StreamNodeMaxBytes "stream-node-max-bytes", memory(0, SIZE_MAX), "4096", 0, Works;
    StreamNodeMaxEntries "stream-node-max-entries", int(0, LONG_MAX), "100", 0, Works;
    SanitizeDumpPayload "sanitize-dump-payload", Choice(&["no", "yes", "clients"]), "no", 0, Works;
    // Scripting.
    LuaTimeLimit "busy-reply-threshold" / "lua-time-limit", int(0, LONG_MAX), "5000", 0, SCRIPTING;
    LuaEnableDeprecatedApi "lua-enable-deprecated-api", Bool, "no", IMMUTABLE | HIDDEN, SCRIPTING;
    // Persistence.
    Save "save", Multi(ListRule::Save), "", 0, PERSISTENCE;
    Dbfilename "dbfilename", Text(TextRule::Any), "dump.rdb", PROTECTED, PERSISTENCE;
    Rdbcompression "rdbcompression", Bool, "yes", 0, Works;
    Rdbchecksum "rdbchecksum", Bool, "yes", IMMUTABLE, PERSISTENCE;
    RdbDelSyncFiles "rdb-del-sync-files", Bool, "no", 0, REPLICATION;
    RdbSaveIncrementalFsync "rdb-save-incremental-fsync", Bool, "yes", 0, PERSISTENCE;
    StopWritesOnBgsaveError "stop-writes-on-bgsave-error", Bool, "yes", 0, PERSISTENCE;
    Appendonly "appendonly", Bool, "no", 0, PERSISTENCE;
    Appendfilename "appendfilename", Text(TextRule::Any), "appendonly.aof", IMMUTABLE, PERSISTENCE;
    Appenddirname "appenddirname", Text(TextRule::Any), "appendonlydir", IMMUTABLE, PERSISTENCE;
    Appendfsync "appendfsync", Choice(&["everysec", "always", "no"]), "everysec", 0, PERSISTENCE;
    NoAppendfsyncOnRewrite "no-appendfsync-on-rewrite", Bool, "no", 0, PERSISTENCE;
    AutoAofRewritePercentage "auto-aof-rewrite-percentage", int(0, INT_MAX), "100", 0, PERSISTENCE;
    AutoAofRewriteMinSize "auto-aof-rewrite-min-size", memory(0, SIZE_MAX), "64mb", 0, PERSISTENCE;
    AofLoadTruncated "aof-load-truncated", Bool, "yes", 0, PERSISTENCE;
    AofUseRdbPreamble "aof-use-rdb-preamble", Bool, "yes", 0, PERSISTENCE;
    AofTimestampEnabled "aof-timestamp-enabled", Bool, "no", 0, PERSISTENCE;
    AofRewriteIncrementalFsync "aof-rewrite-incremental-fsync", Bool, "yes", 0, PERSISTENCE;
    AofDisableAutoGc "aof-disable-auto-gc", Bool, "no", 0, PERSISTENCE;
    KeyLoadDelay "key-load-delay", int(i32::MIN as i64, INT_MAX), "0", HIDDEN, PERSISTENCE;
    RdbKeySaveDelay "rdb-key-save-delay", int(i32::MIN as i64, INT_MAX), "0", HIDDEN, PERSISTENCE;
    LoadingProcessEventsIntervalBytes "loading-process-events-interval-bytes", int(1024, INT_MAX), "2097152", HIDDEN, PERSISTENCE;
    // Replication.
    Replicaof "replicaof" / "slaveof", Multi(ListRule::ReplicaOf), "", IMMUTABLE, REPLICATION;
    Masteruser "masteruser", Text(TextRule::Optional), "", SENSITIVE, REPLICATION;
    Masterauth "masterauth", Text(TextRule::Optional), "", SENSITIVE, REPLICATION;
    ReplicaServeStaleData "replica-serve-stale-data" / "slave-serve-stale-data", Bool, "yes", 0, REPLICATION;
    ReplicaReadOnly "replica-read-only" / "slave-read-only", Bool, "yes", 0, REPLICATION;
    ReplicaLazyFlush "replica-lazy-flush" / "slave-lazy-flush", Bool, "no", 0, REPLICATION;
    ReplicaPriority "replica-priority" / "slave-priority", int(0, INT_MAX), "100", 0, REPLICATION;
    ReplicaIgnoreMaxmemory "replica-ignore-maxmemory" / "slave-ignore-maxmemory", Bool, "yes", 0, REPLICATION;
    ReplicaAnnounceIp "replica-announce-ip" / "slave-announce-ip", Text(TextRule::Optional), "", 0, REPLICATION;
    ReplicaAnnouncePort "replica-announce-port" / "slave-announce-port", int(0, 65535), "0", 0, REPLICATION;
    ReplicaAnnounced "replica-announced", Bool, "yes", 0, REPLICATION;
    ReplicaIgnoreDiskWriteErrors "replica-ignore-disk-write-errors", Bool, "no", 0, REPLICATION;
    MinReplicasToWrite "min-replicas-to-write" / "min-slaves-to-write", int(0, INT_MAX), "0", 0, REPLICATION;
    MinReplicasMaxLag "min-replicas-max-lag" / "min-slaves-max-lag", int(0, INT_MAX), "10", 0, REPLICATION;
    ReplPingReplicaPeriod "repl-ping-replica-period" / "repl-ping-slave-period", int(1, INT_MAX), "10", 0, REPLICATION;
    ReplTimeout "repl-timeout", int(1, INT_MAX), "60", 0, REPLICATION;
    ReplBacklogSize "repl-backlog-size", memory(1, SIZE_MAX), "1mb", 0, REPLICATION;
    ReplBacklogTtl "repl-backlog-ttl", int(0, LONG_MAX), "3600", 0, REPLICATION;
    ReplDisklessSync "repl-diskless-sync", Bool, "yes", 0, REPLICATION;
    ReplDisklessSyncDelay "repl-diskless-sync-delay", int(0, INT_MAX), "5", 0, REPLICATION;
    ReplDisklessSyncMaxReplicas "repl-diskless-sync-max-replicas", int(0, INT_MAX), "0", 0, REPLICATION;
    ReplDisklessLoad "repl-diskless-load", Choice(&["disabled", "on-empty-db", "swapdb"]), "disabled", 0, REPLICATION;
    ReplDisableTcpNodelay "repl-disable-tcp-nodelay", Bool, "no", 0, REPLICATION;
    PropagationErrorBehavior "propagation-error-behavior", Choice(&["ignore", "panic", "panic-on-replicas"]), "ignore", 0, REPLICATION;
    // Cluster.
    ClusterEnabled "cluster-enabled", Bool, "no", IMMUTABLE, CLUSTER;
    ClusterConfigFile "cluster-config-file", Text(TextRule::Any), "nodes.conf", IMMUTABLE, CLUSTER;
    ClusterPort "cluster-port", int(0, 65535), "0", IMMUTABLE, CLUSTER;
    ClusterNodeTimeout "cluster-node-timeout", int(0, LONG_MAX), "15000", 0, CLUSTER;
    ClusterMigrationBarrier "cluster-migration-barrier", int(0, INT_MAX), "1", 0, CLUSTER;
    ClusterReplicaValidityFactor "cluster-replica-validity-factor" / "cluster-slave-validity-factor", int(0, INT_MAX), "10", 0, CLUSTER;
    ClusterReplicaNoFailover "cluster-replica-no-failover" / "cluster-slave-no-failover", Bool, "no", 0, CLUSTER;
    ClusterRequireFullCoverage "cluster-require-full-coverage", Bool, "yes", 0, CLUSTER;
    ClusterAllowReadsWhenDown "cluster-allow-reads-when-down", Bool, "no", 0, CLUSTER;
    ClusterAllowPubsubshardWhenDown "cluster-allow-pubsubshard-when-down", Bool, "yes", 0, CLUSTER;
    ClusterAllowReplicaMigration "cluster-allow-replica-migration", Bool, "yes", 0, CLUSTER;
    ClusterAnnounceIp "cluster-announce-ip", Text(TextRule::Optional), "", 0, CLUSTER;
    ClusterAnnouncePort "cluster-announce-port", int(0, 65535), "0", 0, CLUSTER;
    ClusterAnnounceTlsPort "cluster-announce-tls-port", int(0, 65535), "0", 0, CLUSTER;
    ClusterAnnounceBusPort "cluster-announce-bus-port", int(0, 65535), "0", 0, CLUSTER;
    ClusterAnnounceHostname "cluster-announce-hostname", Text(TextRule::Optional), "", 0, CLUSTER;
    ClusterPreferredEndpointType "cluster-preferred-endpoint-type", Choice(&["ip", "hostname", "unknown-endpoint"]), "ip", 0, CLUSTER;
    ClusterLinkSendbufLimit "cluster-link-sendbuf-limit", memory(0, u64::MAX), "0", 0, CLUSTER;
    // TLS.
    TlsPort "tls-port", int(0, 65535), "0", 0, TLS;
    TlsCluster "tls-cluster", Bool, "no", 0, TLS;
    TlsReplication "tls-replication", Bool, "no", 0, TLS;
    TlsAuthClients "tls-auth-clients", Choice(&["no", "yes", "optional"]), "yes", 0, TLS;
    TlsPreferServerCiphers "tls-prefer-server-ciphers", Bool, "no", 0, TLS;
    TlsSessionCaching "tls-session-caching", Bool, "yes", 0, TLS;
    TlsSessionCacheSize "tls-session-cache-size", int(0, INT_MAX), "20480", 0, TLS;
    TlsSessionCacheTimeout "tls-session-cache-timeout", int(0, INT_MAX), "300", 0, TLS;
    TlsCertFile "tls-cert-file", Text(TextRule::Optional), "", 0, TLS;
    TlsKeyFile "tls-key-file", Text(TextRule::Optional), "", 0, TLS;
    TlsKeyFilePass "tls-key-file-pass", Text(TextRule::Optional), "", SENSITIVE, TLS;
    TlsClientCertFile "tls-client-cert-file", Text(TextRule::Optional), "", 0, TLS;
    TlsClientKeyFile "tls-client-key-file", Text(TextRule::Optional), "", 0, TLS;
    TlsClientKeyFilePass "tls-client-key-file-pass", Text(TextRule::Optional), "", SENSITIVE, TLS;
    TlsDhParamsFile "tls-dh-params-file", Text(TextRule::Optional), "", 0, TLS;
    TlsCaCertFile "tls-ca-cert-file", Text(TextRule::Optional), "", 0, TLS;
    TlsCaCertDir "tls-ca-cert-dir", Text(TextRule::Optional), "", 0, TLS;
    TlsProtocols "tls-protocols", Text(TextRule::Optional), "", 0, TLS;
    TlsCiphers "tls-ciphers", Text(TextRule::Optional), "", 0, TLS;
    TlsCiphersuites "tls-ciphersuites", Text(TextRule::Optional), "", 0, TLS;
}
