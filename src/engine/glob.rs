//! Glob patterns as in KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET: `*`, `?`, `[a-c]`, `[^x]` and `\` before a
//! character that stands for itself.
//!
//! The match is iterative: on failure it goes back to the last `*` only, so its cost is at most the product of both
//! lengths, whatever the pattern.

/// Whether the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
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
                let (is_member, behind) = match_class(class, *byte, fold);
                is_member.then_some((behind, rest))
            }
            ([b'\\', literal, behind @ ..], [byte, rest @ ..]) | ([literal, behind @ ..], [byte, rest @ ..]) => {
                (fold(*literal) == fold(*byte)).then_some((behind, rest))
            }
        };
        (pattern_rest, text_rest) = match (step, &mut retry) {
            (Some(step), _) => step,
            (None, Some((behind, unswallowed))) if !unswallowed.is_empty() => {
                *unswallowed = &unswallowed[1..];
                (*behind, *unswallowed)
            }
            (None, _) => return false,
        };
    }
}

/// Whether `byte` is in the class that starts behind `[`, and the pattern behind its `]`. An unclosed class ends with
/// the pattern.
fn match_class(class: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> (bool, &[u8]) {
    let (is_negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let byte = fold(byte);
    let mut is_member = false;
    loop {
        rest = match rest {
            [] => break,
            [b']', behind @ ..] => {
                rest = behind;
                break;
            }
            [b'\\', literal, behind @ ..] => {
                is_member |= fold(*literal) == byte;
                behind
            }
            [first, b'-', last, behind @ ..] => {
                let (first, last) = (fold(*first), fold(*last));
                is_member |= (first.min(last)..=first.max(last)).contains(&byte);
                behind
            }
            [literal, behind @ ..] => {
                is_member |= fold(*literal) == byte;
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

    #[test]
    fn matches_like_redis() {
        let cases: &[(&str, &str, bool)] = &[
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a**c", "ac", true),
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
    }

    #[test]
    fn many_stars_are_cheap() {
        let pattern = [b"a*".as_slice(); 200].concat();
        assert!(!matches(&[pattern.as_slice(), b"b"].concat(), &[b'a'; 5000], false));
    }
}
