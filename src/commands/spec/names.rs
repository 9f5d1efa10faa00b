//! The closed vocabularies of the command table: flag sets, lock kinds and argument types, each with the names
//! that COMMAND prints, in the order in which Redis 7.0 prints them.
//!
//! This file stands alone because it is compiled twice: into the crate, and into the build script,
//! which refuses a name in the JSON that is not listed here.

/// Declares a set of bits whose members have printed names; declaration order is printing order.
macro_rules! bit_set {
    (
        $(#[$set_doc:meta])*
        $set:ident: $bits:ty;
        $( $(#[$doc:meta])* $flag:ident = $bit:literal $name:literal, )*
    ) => {
        $(#[$set_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set($bits);

        impl $set {
            /// The set without members.
            pub const EMPTY: Self = Self(0);
            $( $(#[$doc])* pub const $flag: Self = Self(1 << $bit); )*

            /// Every member with its printed name, in printing order.
            pub const NAMES: &'static [(&'static str, Self)] = &[ $( ($name, Self::$flag), )* ];

            /// The set with exactly these bits.
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// The members as bits.
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// Whether every member of `other` is in this set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether at least one member of `other` is in this set.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Whether the set has no members.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The number of members.
            pub const fn len(self) -> usize {
                self.0.count_ones() as usize
            }

            /// The members of either set.
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The members of this set that are not in `other`.
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// The member with this printed name, exactly as COMMAND spells it.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
            }

            /// The printed names of the members, in printing order.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |entry| self.contains(entry.1)).map(|entry| entry.0)
            }
        }

        impl core::ops::BitOr for $set {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::fmt::Debug for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_set().entries(self.names()).finish()
            }
        }
    };
}

bit_set! {
    /// What a command does and where it may run.
    Flags: u32;
    /// May change the data set.
    WRITE = 0 "write",
    /// Only reads keys, never changes them.
    READONLY = 1 "readonly",
    /// Refused when memory is full and nothing can be evicted.
    DENYOOM = 2 "denyoom",
    /// Comes from a module.
    MODULE = 3 "module",
    /// Administrative.
    ADMIN = 4 "admin",
    /// Belongs to publish/subscribe.
    PUBSUB = 5 "pubsub",
    /// Not callable from a script.
    NOSCRIPT = 6 "noscript",
    /// May block the client.
    BLOCKING = 7 "blocking",
    /// Allowed while the data set is being loaded.
    LOADING = 8 "loading",
    /// Allowed on a replica whose data is stale.
    STALE = 9 "stale",
    /// Not shown by MONITOR.
    SKIP_MONITOR = 10 "skip_monitor",
    /// Not recorded in the slow log.
    SKIP_SLOWLOG = 11 "skip_slowlog",
    /// Implies ASKING in cluster mode.
    ASKING = 12 "asking",
    /// Runs in constant or logarithmic time.
    FAST = 13 "fast",
    /// Allowed before authentication.
    NO_AUTH = 14 "no_auth",
    /// Propagated to replicas although it is not a write.
    MAY_REPLICATE = 15 "may_replicate",
    /// Its key arguments are optional.
    NO_MANDATORY_KEYS = 16 "no_mandatory_keys",
    /// Refused during diskless loading, though `LOADING` allows it otherwise.
    NO_ASYNC_LOADING = 17 "no_async_loading",
    /// Refused inside MULTI.
    NO_MULTI = 18 "no_multi",
    /// First, last and step do not tell where all its keys are.
    MOVABLEKEYS = 19 "movablekeys",
    /// Allowed while a script runs past its time limit.
    ALLOW_BUSY = 20 "allow_busy",
    /// Off unless the configuration allows it (`enable-debug-command` …); never printed.
    PROTECTED = 21 "protected",
}

impl Flags {
    /// Members that COMMAND INFO does not print.
    pub const HIDDEN: Self = Self::PROTECTED;
}

bit_set! {
    /// The ACL categories of a command.
    AclCategories: u32;
    /// Works on keys of any type.
    KEYSPACE = 0 "@keyspace",
    /// Reads values or metadata.
    READ = 1 "@read",
    /// Changes values or metadata.
    WRITE = 2 "@write",
    /// Sets.
    SET = 3 "@set",
    /// Sorted sets.
    SORTEDSET = 4 "@sortedset",
    /// Lists.
    LIST = 5 "@list",
    /// Hashes.
    HASH = 6 "@hash",
    /// Strings.
    STRING = 7 "@string",
    /// Bit operations on strings.
    BITMAP = 8 "@bitmap",
    /// HyperLogLogs.
    HYPERLOGLOG = 9 "@hyperloglog",
    /// Geographic indexes.
    GEO = 10 "@geo",
    /// Streams.
    STREAM = 11 "@stream",
    /// Publish/subscribe.
    PUBSUB = 12 "@pubsub",
    /// Administration.
    ADMIN = 13 "@admin",
    /// Constant or logarithmic time.
    FAST = 14 "@fast",
    /// Everything that is not fast.
    SLOW = 15 "@slow",
    /// May block.
    BLOCKING = 16 "@blocking",
    /// Dangerous in the wrong hands.
    DANGEROUS = 17 "@dangerous",
    /// The connection itself or other connections.
    CONNECTION = 18 "@connection",
    /// MULTI, EXEC and company.
    TRANSACTION = 19 "@transaction",
    /// Scripts and functions.
    SCRIPTING = 20 "@scripting",
}

impl AclCategories {
    /// The categories that follow from flags (`setImplicitACLCategories` of Redis).
    pub fn implied_by(flags: Flags, explicit: Self) -> Self {
        let mut implied = if flags.contains(Flags::FAST) { Self::FAST } else { Self::SLOW };
        for (flag, categories) in [
            (Flags::WRITE, Self::WRITE),
            (Flags::ADMIN, Self::ADMIN.union(Self::DANGEROUS)),
            (Flags::PUBSUB, Self::PUBSUB),
            (Flags::BLOCKING, Self::BLOCKING),
        ] {
            if flags.contains(flag) {
                implied = implied.union(categories);
            }
        }
        if flags.contains(Flags::READONLY) && !explicit.contains(Self::SCRIPTING) {
            implied = implied.union(Self::READ);
        }
        implied
    }
}

bit_set! {
    /// What a command does with the keys of one key spec.
    KeyFlags: u16;
    /// Reads the value, does not change it.
    READ_ONLY = 0 "RO",
    /// Reads and changes the value.
    READ_WRITE = 1 "RW",
    /// Overwrites the value without reading it.
    OVERWRITE = 2 "OW",
    /// Removes the key without reading it.
    REMOVE = 3 "RM",
    /// Returns, copies or uses the user's data.
    ACCESS = 4 "access",
    /// Changes the user's data, may be depending on its old content.
    UPDATE = 5 "update",
    /// Adds data, does not change or delete any.
    INSERT = 6 "insert",
    /// Deletes content of the value.
    DELETE = 7 "delete",
    /// Not a key, but routed like one in a cluster.
    NOT_KEY = 8 "not_key",
    /// The spec may miss some keys.
    INCOMPLETE = 9 "incomplete",
    /// The flags depend on the other arguments; these are the widest.
    VARIABLE_FLAGS = 10 "variable_flags",
}

bit_set! {
    /// How often an argument may stand.
    ArgFlags: u8;
    /// May be left out.
    OPTIONAL = 0 "optional",
    /// May be repeated.
    MULTIPLE = 1 "multiple",
    /// Repeats together with its token.
    MULTIPLE_TOKEN = 2 "multiple_token",
}

bit_set! {
    /// Remarks of COMMAND DOCS on a command.
    DocFlags: u8;
    /// Better not used any more.
    DEPRECATED = 0 "deprecated",
    /// Not for users.
    SYSCMD = 1 "syscmd",
}

/// Which shards dispatch locks for a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locks {
    /// Those of its keys.
    Keys,
    /// All of them: it changes the keyspace as a whole, or its keys can't be told beforehand.
    All,
    /// None: it reads the whole keyspace shard by shard. Inside a transaction, all of them.
    Visits,
    /// Those of its keys, or all if it has a pattern that may name any key (SORT BY, GET).
    Patterns,
    /// Those of the queued commands and of the watched keys.
    Queued,
}

impl Locks {
    /// The kind with this name in the JSON. A command that says nothing has `Keys`, or `All` if its
    /// key specs don't tell all keys.
    pub fn from_name(name: &str) -> Option<Locks> {
        match name {
            "all" => Some(Locks::All),
            "visits" => Some(Locks::Visits),
            "patterns" => Some(Locks::Patterns),
            "queued" => Some(Locks::Queued),
            _ => None,
        }
    }
}

/// The type of a documented argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgType {
    /// Any bytes.
    String,
    /// A whole number.
    Integer,
    /// A floating-point number.
    Double,
    /// The name of a key.
    Key,
    /// A glob pattern.
    Pattern,
    /// A Unix time stamp.
    UnixTime,
    /// Just its token.
    PureToken,
    /// One of its sub-arguments.
    OneOf,
    /// All of its sub-arguments in order.
    Block,
}

impl ArgType {
    /// Every type with its printed name and its name in Rust.
    pub const NAMES: &'static [(&'static str, ArgType)] = &[
        ("string", ArgType::String),
        ("integer", ArgType::Integer),
        ("double", ArgType::Double),
        ("key", ArgType::Key),
        ("pattern", ArgType::Pattern),
        ("unix-time", ArgType::UnixTime),
        ("pure-token", ArgType::PureToken),
        ("oneof", ArgType::OneOf),
        ("block", ArgType::Block),
    ];

    /// The type with this printed name.
    pub fn from_name(name: &str) -> Option<ArgType> {
        Self::NAMES.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    /// The name that COMMAND DOCS prints.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }

    /// Whether sub-arguments belong to this type.
    pub const fn has_arguments(self) -> bool {
        matches!(self, ArgType::OneOf | ArgType::Block)
    }
}
