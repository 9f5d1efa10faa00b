//! The options of SORT.

use super::super::{Args, CommandError};
use super::pattern::Pattern;
use std::ops::Range;

/// What elements are ordered by.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    Itself,
    Pattern(Pattern<'a>),
    /// A BY pattern that names the same key for all elements: not at all.
    Nothing,
}

/// A parsed SORT.
#[derive(Debug)]
pub struct Options<'a> {
    pub by: By<'a>,
    pub get: Vec<Pattern<'a>>,
    pub alpha: bool,
    pub descending: bool,
    /// The destination is the second key of the command.
    pub store: bool,
    offset: i64,
    /// Negative: no limit.
    count: i64,
}

impl<'a> Options<'a> {
    /// Reads what follows the key.
    ///
    /// # Errors
    /// Syntax, or a LIMIT that is not an integer.
    pub fn parse(args: &Args<'a>, may_store: bool) -> Result<Self, CommandError> {
        let mut options = Self {
            by: By::Itself,
            get: Vec::new(),
            alpha: false,
            descending: false,
            store: false,
            offset: 0,
            count: -1,
        };
        let mut at = 2;
        while at < args.len() {
            let left = args.len() - at - 1;
            if args.is(at, "asc") {
                options.descending = false;
            } else if args.is(at, "desc") {
                options.descending = true;
            } else if args.is(at, "alpha") {
                options.alpha = true;
            } else if args.is(at, "limit") && left >= 2 {
                (options.offset, options.count) = (args.int(at + 1)?, args.int(at + 2)?);
                at += 2;
            } else if args.is(at, "store") && left >= 1 && may_store {
                options.store = true;
                at += 1;
            } else if args.is(at, "by") && left >= 1 {
                let pattern = Pattern::new(args.argv()[at + 1]);
                options.by = match options.by {
                    // Once told not to sort, always told.
                    By::Nothing => By::Nothing,
                    _ if pattern.has_place() => By::Pattern(pattern),
                    _ => By::Nothing,
                };
                at += 1;
            } else if args.is(at, "get") && left >= 1 {
                options.get.try_reserve(1).map_err(|_| CommandError::NO_MEMORY)?;
                options.get.push(Pattern::new(args.argv()[at + 1]));
                at += 1;
            } else {
                return Err(CommandError::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }

    /// The elements of `len` that LIMIT leaves.
    pub fn range(&self, len: usize) -> Range<usize> {
        let start = usize::try_from(self.offset.max(0)).unwrap_or(usize::MAX).min(len);
        let end = match usize::try_from(self.count) {
            Ok(count) => start.saturating_add(count).min(len),
            Err(_) => len,
        };
        start..end
    }
}

/// Whether a SORT or SORT_RO looks at keys that its arguments do not name. Errs on the side of yes: a word after BY or
/// GET may be the operand of another option.
pub fn has_patterns(argv: &[&[u8]]) -> bool {
    argv.windows(2).skip(2).any(|pair| {
        let is_option = pair[0].eq_ignore_ascii_case(b"by") || pair[0].eq_ignore_ascii_case(b"get");
        is_option && Pattern::new(pair[1]).has_place()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_cut_to_what_is_there() {
        let of = |offset, count| {
            let none = Vec::new();
            Options { by: By::Itself, get: none, alpha: false, descending: false, store: false, offset, count }
                .range(10)
        };
        assert_eq!([of(0, -1), of(2, 3), of(-5, 2)], [0..10, 2..5, 0..2]);
        assert_eq!([of(8, 5), of(10, 1), of(99, -1), of(3, 0)], [8..10, 10..10, 10..10, 3..3]);
        assert_eq!([of(i64::MAX, i64::MAX), of(i64::MIN, i64::MAX)], [10..10, 0..10]);
    }

    #[test]
    fn patterns_are_seen() {
        let has = |text: &str| has_patterns(&text.split(' ').map(str::as_bytes).collect::<Vec<_>>());
        assert!(!has("SORT key") && !has("SORT key BY nosort GET #") && !has("SORT key LIMIT 0 1"));
        assert!(has("SORT key by w_*") && has("SORT_RO key ALPHA GET # GET h_*->f"));
    }
}
