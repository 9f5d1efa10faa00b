//! Values as they enter and leave the keyspace, and the two byte routines the entries need.

/// What a value is; the names are those of TYPE (<https://redis.io/docs/latest/commands/type/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    String = 0,
    List = 1,
    Set = 2,
    Hash = 3,
    ZSet = 4,
    Stream = 5,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::String, Self::List, Self::Set, Self::ZSet, Self::Hash, Self::Stream];

    #[inline]
    pub(super) fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::String,
            1 => Self::List,
            2 => Self::Set,
            3 => Self::Hash,
            4 => Self::ZSet,
            _ => Self::Stream,
        }
    }

    /// What TYPE says.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::Hash => "hash",
            Self::ZSet => "zset",
            Self::Stream => "stream",
        }
    }
}

/// A value to store; the caller decides what is an integer (as Redis: canonical decimal text of an i64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewValue<'a> {
    Int(i64),
    Str(&'a [u8]),
    /// The flat encoding of another type.
    Flat(Kind, &'a [u8]),
}

/// A stored string, borrowed from its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringRef<'a> {
    Int(i64),
    Str(&'a [u8]),
}

/// A stored value, borrowed from its entry. `O` is what the owner of the table keeps large values in.
#[derive(Debug, PartialEq, Eq)]
pub enum ValueRef<'a, O> {
    String(StringRef<'a>),
    /// The flat encoding of another type.
    Flat(Kind, &'a [u8]),
    Object(Kind, &'a O),
}

impl<O> Clone for ValueRef<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for ValueRef<'_, O> {}

impl<'a, O> ValueRef<'a, O> {
    /// The value, if it is a string.
    #[inline(always)]
    pub fn string(self) -> Option<StringRef<'a>> {
        match self {
            Self::String(string) => Some(string),
            Self::Flat(..) | Self::Object(..) => None,
        }
    }

    #[inline]
    pub fn kind(self) -> Kind {
        match self {
            Self::String(_) => Kind::String,
            Self::Flat(kind, _) | Self::Object(kind, _) => kind,
        }
    }
}

/// The names OBJECT ENCODING has for a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringEncoding {
    Int,
    Embstr,
    Raw,
}

impl StringEncoding {
    /// What OBJECT ENCODING says.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Embstr => "embstr",
            Self::Raw => "raw",
        }
    }
}

/// Longest string that Redis calls embstr.
pub const EMBSTR_MAX: usize = 44;

/// Writes the decimal text of `int` to the end of `text` and returns it.
pub fn format_int(int: i64, text: &mut [u8; 20]) -> &[u8] {
    let mut rest = int.unsigned_abs();
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if int < 0 {
        start -= 1;
        text[start] = b'-';
    }
    &text[start..]
}

/// Compares keys: the usual short ones by overlapping words instead of a call of memcmp.
#[inline(always)]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => same_ends::<8>(a, b),
        17..=32 => same_ends::<16>(a, b),
        _ => a == b,
    }
}

/// Whether the first N bytes and the last N are the same.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_like_the_standard_library() {
        for int in [0, 1, -1, 9, 10, -10, 1_234_567_890, i64::MAX, i64::MIN] {
            assert_eq!(format_int(int, &mut [0; 20]), int.to_string().as_bytes());
        }
    }

    #[test]
    fn compares_like_slices() {
        for len in 0..40 {
            let a: Vec<u8> = (0..len).collect();
            assert!(same_bytes(&a, &a.clone()));
            for changed in 0..a.len() {
                let mut b = a.clone();
                b[changed] ^= 0x80;
                assert!(!same_bytes(&a, &b));
            }
            let longer: Vec<u8> = (0..len + 1).collect();
            assert!(!same_bytes(&a, &longer));
        }
    }
}
