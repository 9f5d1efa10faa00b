//! How many items the header of a packed list promises, checked while it is read.

use super::Corrupt;

/// The items still promised; `None` if the header does not say.
#[derive(Clone, Debug)]
pub struct Promise(Option<u16>);

impl Promise {
    /// What the header says.
    pub fn new(count: Option<u16>) -> Self {
        Self(count)
    }

    /// After an error: nothing more is expected.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// How many items are still promised.
    pub fn left(&self) -> Option<u16> {
        self.0
    }

    /// Takes one item off, before it is read. `None` where the list may end and does.
    pub fn take(&mut self, is_end: bool) -> Option<Result<(), Corrupt>> {
        match &mut self.0 {
            Some(0) | None if is_end => return None,
            Some(0) => return Some(Err(Corrupt)),
            _ if is_end => return Some(Err(Corrupt)),
            Some(left) => *left -= 1,
            None => {}
        }
        Some(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_when_it_was_promised() {
        let mut promise = Promise::new(Some(1));
        assert_eq!(promise.clone().take(true), Some(Err(Corrupt)));
        assert_eq!(promise.take(false), Some(Ok(())));
        assert_eq!(promise.clone().take(false), Some(Err(Corrupt)));
        assert_eq!(promise.take(true), None);
    }

    #[test]
    fn without_a_promise_the_end_is_where_the_bytes_end() {
        let mut promise = Promise::new(None);
        assert_eq!(promise.take(false), Some(Ok(())));
        assert_eq!(promise.take(true), None);
    }
}
