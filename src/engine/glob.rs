//! Glob patterns as in KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET: `*`, `?`, `[a-c]`, `[^x]` and `\` before a
//! character that stands for itself. Oddities are Redis's too: an unclosed class ends with the pattern, the bounds of a
//! range may be swapped and are compared as signed bytes, no pattern but `*` alone and the empty one match the empty
//! text.
//!
//! The match is iterative: on failure it goes back to the last `*` only, so its cost is at most the product of both
//! lengths, whatever the pattern. Who matches many texts makes a [`Pattern`] of it first, which knows the two cheap
//! and common forms, `*` and `prefix*`.

use crate::storage::{NoMemory, try_copy};
use memchr::memchr;
use std::borrow::Cow;

/// A pattern to match many texts with, case counts.
#[derive(Clone, Debug)]
pub struct Pattern<'p> {
    text: Cow<'p, [u8]>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `*`.
    All,
    /// No character with a meaning.
    Exact,
    /// Such a text and one star, all but the last byte.
    Prefix,
    Other,
}

impl<'p> Pattern<'p> {
    /// The pattern that all texts match.
    pub const ALL: Pattern<'static> = Pattern { text: Cow::Borrowed(b"*"), form: Form::All };

    /// Looks at the form of a pattern.
    pub fn new(text: &'p [u8]) -> Self {
        let special = text.iter().position(|byte| b"*?[\\".contains(byte));
        let form = match special {
            None => Form::Exact,
            Some(0) if text == b"*" => Form::All,
            Some(at) if at > 0 && at + 1 == text.len() && text[at] == b'*' => Form::Prefix,
            Some(_) => Form::Other,
        };
        Self { text: Cow::Borrowed(text), form }
    }

    /// The same pattern with a text of its own.
    ///
    /// # Errors
    /// If memory is short.
    pub fn into_owned(self) -> Result<Pattern<'static>, NoMemory> {
        Ok(Pattern { text: Cow::Owned(try_copy(&self.text)?), form: self.form })
    }

    /// The only text that matches, if there is only one.
    pub fn exact(&self) -> Option<&[u8]> {
        (self.form == Form::Exact).then_some(&*self.text)
    }

    /// Whether the whole of `text` matches.
    #[inline]
    pub fn matches(&self, text: &[u8]) -> bool {
        match self.form {
            Form::All => true,
            Form::Exact => *self.text == *text,
            Form::Prefix => text.starts_with(&self.text[..self.text.len() - 1]),
            Form::Other => matches(&self.text, text, false),
        }
    }
}

/// Whether the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    if ignore_case { matches_folded::<true>(pattern, text) } else { matches_folded::<false>(pattern, text) }
}

fn matches_folded<const IGNORE_CASE: bool>(pattern: &[u8], text: &[u8]) -> bool {
    let fold = |byte: u8| if IGNORE_CASE { byte.to_ascii_lowercase() } else { byte };
    let (mut pattern_rest, mut text_rest) = (pattern, text);
    // Where to go on after the last star: the pattern behind it, and the text it has not swallowed yet.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match (pattern_rest, text_rest) {
            ([b'*', behind @ ..], _) => {
                if behind.is_empty() {
                    return true;
                }
                retry = Some((behind, text_rest));
                Some((behind, text_rest))
            }
            ([], []) => return true,
            ([], _) | (_, []) => None,
            ([b'?', behind @ ..], [_, rest @ ..]) => Some((behind, rest)),
            ([b'[', class @ ..], [byte, rest @ ..]) => {
                let (is_member, behind) = match_class::<IGNORE_CASE>(class, *byte);
                is_member.then_some((behind, rest))
            }
            ([b'\\', literal, behind @ ..], [byte, rest @ ..]) | ([literal, behind @ ..], [byte, rest @ ..]) => {
                (fold(*literal) == fold(*byte)).then_some((behind, rest))
            }
        };
        (pattern_rest, text_rest) = match (step, retry) {
            (Some(step), _) => step,
            (None, Some((behind, [_, unswallowed @ ..]))) => {
                let skipped = if IGNORE_CASE { Some(0) } else { skippable(behind, unswallowed) };
                let Some(unswallowed) = skipped.and_then(|skipped| unswallowed.get(skipped..)) else { return false };
                retry = Some((behind, unswallowed));
                (behind, unswallowed)
            }
            (None, _) => return false,
        };
    }
}

/// How much of `text` cannot be where a match of `pattern` begins; `None` if all of it.
#[inline]
fn skippable(pattern: &[u8], text: &[u8]) -> Option<usize> {
    match pattern.first() {
        Some(b'*' | b'?' | b'[' | b'\\') | None => Some(0),
        Some(literal) => memchr(*literal, text),
    }
}

/// Whether `byte` is in the class that starts behind `[`, and the pattern behind its `]`. An unclosed class ends with
/// the pattern.
fn match_class<const IGNORE_CASE: bool>(class: &[u8], byte: u8) -> (bool, &[u8]) {
    let fold = |byte: u8| if IGNORE_CASE { byte.to_ascii_lowercase() } else { byte };
    let signed = |byte: u8| i8::from_ne_bytes([fold(byte)]);
    let (is_negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut is_member = false;
    loop {
        rest = match rest {
            [] => break,
            [b'\\', literal, behind @ ..] => {
                is_member |= *literal == byte;
                behind
            }
            [b']', behind @ ..] => {
                rest = behind;
                break;
            }
            [first, b'-', last, behind @ ..] => {
                // Redis puts the bounds in order before it folds them.
                let is_swapped = i8::from_ne_bytes([*first]) > i8::from_ne_bytes([*last]);
                let (low, high) = if is_swapped { (last, first) } else { (first, last) };
                is_member |= (signed(*low)..=signed(*high)).contains(&signed(byte));
                behind
            }
            [literal, behind @ ..] => {
                is_member |= fold(*literal) == fold(byte);
                behind
            }
        };
    }
    (is_member != is_negated, rest)
}

/// Whether `pattern` holds a character with a meaning, so that it may match more than itself.
pub fn has_wildcard(pattern: &[u8]) -> bool {
    pattern.iter().any(|byte| b"*?[".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Random;

    #[test]
    fn matches_like_redis() {
        let cases: &[(&str, &str, bool)] = &[
            ("", "", true),
            ("*", "", false),
            ("**", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a**c", "ac", true),
            ("a*", "a", true),
            ("?", "", false),
            ("h?llo", "hello", true),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[\\]]", "]", true),
            ("[]", "a", false),
            ("[a", "a", true),
            ("[a-]", "^", true),
            ("a\\", "a\\", true),
            ("[^]", "x", true),
            ("*a*b*c", "xxaxxbxxbc", true),
            ("*[", "[", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), *expected, "{pattern} {text}");
        }
        assert!(matches(b"TIM[A-Z]*", b"timeout", true));
        assert!(!matches(b"TIM*", b"timeout", false));
        assert!(!matches(b"[Z-a]", b"z", true), "bounds are ordered first, then folded");
        assert!(!matches(b"[\\A]", b"a", true), "an escape in a class keeps its case");
        assert!(matches(b"[\x01-\xff]", b"\xff", false) && !matches(b"[\x01-\xff]", b"a", false), "signed bounds");
        assert!(Pattern::new(b"*").matches(b"") && !Pattern::new(b"**").matches(b""));
    }

    /// Redis's own way, recursive; `is_over` is its flag against exponential work.
    fn naive(mut pattern: &[u8], mut text: &[u8], ignore_case: bool, is_over: &mut bool) -> bool {
        let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
        while !pattern.is_empty() && !text.is_empty() {
            match pattern[0] {
                b'*' => {
                    while pattern.get(1) == Some(&b'*') {
                        pattern = &pattern[1..];
                    }
                    if pattern.len() == 1 {
                        return true;
                    }
                    while !text.is_empty() {
                        if naive(&pattern[1..], text, ignore_case, is_over) {
                            return true;
                        }
                        if *is_over {
                            return false;
                        }
                        text = &text[1..];
                    }
                    *is_over = true;
                    return false;
                }
                b'?' => {}
                b'[' => {
                    let (is_member, behind) = if ignore_case {
                        match_class::<true>(&pattern[1..], text[0])
                    } else {
                        match_class::<false>(&pattern[1..], text[0])
                    };
                    if !is_member {
                        return false;
                    }
                    text = &text[1..];
                    pattern = behind;
                    if text.is_empty() {
                        while pattern.first() == Some(&b'*') {
                            pattern = &pattern[1..];
                        }
                    }
                    continue;
                }
                _ => {
                    if pattern[0] == b'\\' && pattern.len() >= 2 {
                        pattern = &pattern[1..];
                    }
                    if fold(pattern[0]) != fold(text[0]) {
                        return false;
                    }
                }
            }
            text = &text[1..];
            pattern = &pattern[1..];
            if text.is_empty() {
                while pattern.first() == Some(&b'*') {
                    pattern = &pattern[1..];
                }
                break;
            }
        }
        pattern.is_empty() && text.is_empty()
    }

    #[test]
    fn agrees_with_the_recursive_way() {
        let mut random = Random::new(42);
        let mut word = |alphabet: &[u8], len_max: u64| -> Vec<u8> {
            let len = random.below(len_max + 1);
            (0..len).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect()
        };
        let mut hits = 0;
        for _ in 0..200_000 {
            let (pattern, text) = (word(b"aAb*?[]^-\\", 9), word(b"aAb]-\\", 6));
            for ignore_case in [false, true] {
                let expected = naive(&pattern, &text, ignore_case, &mut false);
                assert_eq!(matches(&pattern, &text, ignore_case), expected, "{pattern:?} {text:?} {ignore_case}");
                hits += usize::from(expected);
            }
            if !pattern.eq(b"*") {
                assert_eq!(
                    Pattern::new(&pattern).matches(&text),
                    matches(&pattern, &text, false),
                    "{pattern:?} {text:?}"
                );
            }
        }
        assert!(hits > 10_000, "{hits}");
    }

    #[test]
    fn many_stars_are_cheap() {
        for unit in [&b"a*"[..], b"*a", b"?*", b"[a]*"] {
            let pattern = [unit.repeat(200).as_slice(), b"b"].concat();
            assert!(!matches(&pattern, &[b'a'; 5000], false));
            assert!(!matches(&pattern, &[b'a'; 5000], true));
        }
    }
}
