//! What OBJECT ENCODING says of a set: a name that follows from how the set came to be and from Redis's thresholds.

use super::Member;
use crate::storage::HashSeed;

/// The names Redis has for encodings of sets. A set goes from one to a later one, never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// Numbers only, and not too many.
    Intset,
    /// Any members, few and short. Redis has it from 7.2 on.
    Listpack,
    Hashtable,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Intset => "intset",
            Self::Listpack => "listpack",
            Self::Hashtable => "hashtable",
        }
    }

    /// The name after a member was added, when there are `len`.
    #[inline]
    pub fn after_adding(self, member: Member, len: usize, rules: &Rules) -> Self {
        match (self, member) {
            (Self::Intset, Member::Int(_)) if len <= rules.intset_entries_max => Self::Intset,
            (Self::Intset, Member::Text(_)) | (Self::Listpack, _)
                if len <= rules.listpack_entries_max && member.text_len() <= rules.listpack_value_max =>
            {
                Self::Listpack
            }
            _ => Self::Hashtable,
        }
    }
}

/// The thresholds of redis.conf, and what else a set needs to know of its engine.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// `set-max-intset-entries`.
    pub intset_entries_max: usize,
    /// `set-max-listpack-entries`; 0 as Redis 7.0, which knows no such encoding.
    pub listpack_entries_max: usize,
    /// `set-max-listpack-value`, in bytes.
    pub listpack_value_max: usize,
    /// The hash function of large sets.
    pub seed: &'a HashSeed,
}
