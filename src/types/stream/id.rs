//! The id of an entry: a time in milliseconds and a number among the entries of that millisecond.

use std::fmt;

/// An id; the order is that of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub ms: u64,
    pub seq: u64,
}

impl Id {
    /// 0-0, which no entry has.
    pub const MIN: Self = Self { ms: 0, seq: 0 };
    pub const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }

    /// The id after this one, if there is any.
    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The id before this one, if there is any.
    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    pub fn is_zero(self) -> bool {
        self == Self::MIN
    }

    /// Sixteen bytes that sort as ids do.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.ms) << 64 | u128::from(self.seq)).to_be_bytes()
    }

    /// The id of [`Id::to_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { ms: (both >> 64) as u64, seq: both as u64 }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_carry_into_the_milliseconds() {
        let ids = [Id::MIN, Id::new(0, u64::MAX), Id::new(1, 0), Id::new(7, 9), Id::MAX];
        for id in ids {
            assert_eq!(id.next().and_then(Id::previous), (id != Id::MAX).then_some(id));
            assert_eq!(id.previous().and_then(Id::next), (id != Id::MIN).then_some(id));
            assert_eq!(Id::from_bytes(id.to_bytes()), id);
        }
        assert_eq!(ids[1].next(), Some(ids[2]));
        assert!(ids.is_sorted() && ids.map(Id::to_bytes).is_sorted());
        assert_eq!(ids[3].to_string(), "7-9");
    }
}
