//! The arguments of one command, with the hashes of its keys, and the parsing that many commands share.

use super::CommandError;
use crate::keyspace::KeyHash;
use crate::resp::number::{parse_f64, parse_i64};
use smallvec::SmallVec;

/// A key among the arguments.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub bytes: &'a [u8],
    pub hash: KeyHash,
}

/// Where a key is among the arguments, and its hash.
#[derive(Clone, Copy, Debug)]
pub struct KeyAt {
    pub index: u32,
    pub hash: KeyHash,
}

/// Key positions of one command; one key needs no allocation.
pub type KeyList = SmallVec<[KeyAt; 2]>;

/// The arguments of one command, its name first.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    argv: &'a [&'a [u8]],
    keys: &'a [KeyAt],
}

impl<'a> Args<'a> {
    /// Arguments whose keys have been found.
    #[inline]
    pub fn new(argv: &'a [&'a [u8]], keys: &'a [KeyAt]) -> Self {
        Self { argv, keys }
    }

    /// All arguments, the command's name included.
    #[inline]
    pub fn argv(&self) -> &'a [&'a [u8]] {
        self.argv
    }

    /// Number of arguments, the command's name included.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "a command has at least its name")]
    pub fn len(&self) -> usize {
        self.argv.len()
    }

    /// Argument `index`, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.argv.get(index).copied()
    }

    /// The `n`-th key, in the order of the command's key specifications.
    #[inline]
    pub fn key(&self, n: usize) -> Key<'a> {
        let at = self.keys[n];
        Key { bytes: self.argv[at.index as usize], hash: at.hash }
    }

    /// How many keys there are.
    #[inline]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// All keys, in the order of the command's key specifications.
    #[inline]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Key<'a>> + '_ {
        let argv = self.argv;
        self.keys.iter().map(move |at| Key { bytes: argv[at.index as usize], hash: at.hash })
    }

    /// Where the keys are.
    pub fn key_positions(&self) -> &'a [KeyAt] {
        self.keys
    }

    /// Argument `index` as an integer.
    ///
    /// # Errors
    /// `ERR value is not an integer or out of range`.
    #[inline]
    pub fn int(&self, index: usize) -> Result<i64, CommandError> {
        parse_i64(self.argv[index]).ok_or(CommandError::NOT_INTEGER)
    }

    /// Argument `index` as the number of one of `databases` databases.
    ///
    /// # Errors
    /// If it is not an integer, not a C `int`, or there is no such database.
    pub fn database(&self, index: usize, databases: u32) -> Result<u32, CommandError> {
        let number = self.int(index)?;
        if i32::try_from(number).is_err() {
            return Err(CommandError::INT_OUT_OF_RANGE);
        }
        let number = u32::try_from(number).ok().filter(|number| *number < databases);
        number.ok_or(CommandError::DB_INDEX_OUT_OF_RANGE)
    }

    /// Argument `index` as a float.
    ///
    /// # Errors
    /// `ERR value is not a valid float`.
    pub fn float(&self, index: usize) -> Result<f64, CommandError> {
        parse_f64(self.argv[index]).ok_or(CommandError::NOT_FLOAT)
    }

    /// Whether argument `index` is this word in any case.
    #[inline]
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.argv.get(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }
}

impl std::ops::Index<usize> for Args<'_> {
    type Output = [u8];
    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.argv[index]
    }
}
