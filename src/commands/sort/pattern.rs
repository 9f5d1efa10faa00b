//! BY and GET patterns: `weight_*` names a string key, `object_*->field` a field of a hash; `*` stands for the element.

use super::super::{Ctx, Key};
use super::string_into;
use crate::keyspace::NoMemory;
use crate::resp::number::parse_i64;
use crate::types::hash::{HashRef, Text};
use smallvec::SmallVec;

/// See the module's comment.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    whole: &'a [u8],
    /// Before the place of the element, and after it up to the field; `None` if the element has no place.
    parts: Option<(&'a [u8], &'a [u8])>,
    field: Option<&'a [u8]>,
}

impl<'a> Pattern<'a> {
    /// A pattern as a client writes it.
    pub fn new(whole: &'a [u8]) -> Self {
        let Some(star) = whole.iter().position(|byte| *byte == b'*') else {
            return Self { whole, parts: None, field: None };
        };
        let (before, after) = (&whole[..star], &whole[star + 1..]);
        // An arrow with nothing behind it belongs to the name of the key.
        let arrow = after.windows(2).position(|pair| pair == b"->").filter(|arrow| arrow + 2 < after.len());
        match arrow {
            Some(arrow) => Self { whole, parts: Some((before, &after[..arrow])), field: Some(&after[arrow + 2..]) },
            None => Self { whole, parts: Some((before, after)), field: None },
        }
    }

    /// The element has a place in the pattern.
    pub fn has_place(&self) -> bool {
        self.parts.is_some()
    }

    /// `#`: the element itself.
    pub fn is_element(&self) -> bool {
        self.whole == b"#"
    }

    /// Appends what the pattern names for an element; false if there is nothing, or something of another type.
    ///
    /// # Errors
    /// If memory is short.
    pub fn look_up(&self, ctx: &mut Ctx, element: &[u8], into: &mut Vec<u8>) -> Result<bool, NoMemory> {
        let Some((before, after)) = self.parts else { return Ok(false) };
        let mut name: SmallVec<[u8; 64]> = SmallVec::new();
        name.try_reserve_exact(before.len() + element.len() + after.len()).map_err(|_| NoMemory)?;
        [before, element, after].into_iter().for_each(|part| name.extend_from_slice(part));
        let key = Key { bytes: &name, hash: ctx.engine.keyspace.hash(&name) };
        let Some(loc) = ctx.read(key) else { return Ok(false) };
        let now_ms = ctx.now_ms();
        let engine = ctx.engine;
        let value = ctx.db(key).value(loc);
        let Some(field) = self.field else { return string_into(value, into) };
        let field = Text { bytes: field, int: parse_i64(field) };
        let Some(item) = HashRef::of(value).and_then(|hash| hash.get(field, engine.keyspace.seed(), now_ms)) else {
            return Ok(false);
        };
        super::append(into, super::text_of(item.value, &mut [0; 20])).map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_patterns_apart_as_redis_does() {
        let parts = |text: &'static str| {
            let pattern = Pattern::new(text.as_bytes());
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (pattern.parts.map(|(before, after)| (text(before), text(after))), pattern.field.map(text))
        };
        let named = |before: &str, after: &str| Some((before.to_owned(), after.to_owned()));
        assert_eq!(parts("nosort"), (None, None));
        assert_eq!(parts("a->b"), (None, None));
        assert_eq!(parts("w_*_x"), (named("w_", "_x"), None));
        assert_eq!(parts("o_*->f"), (named("o_", ""), Some("f".to_owned())));
        assert_eq!(parts("o->*_x->f->g"), (named("o->", "_x"), Some("f->g".to_owned())));
        assert_eq!(parts("*->"), (named("", "->"), None));
        assert_eq!(parts("**"), (named("", "*"), None));
    }
}
