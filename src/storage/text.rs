//! Text and lists put together piece by piece, any of which the system may refuse the memory for.
//!
//! Why: `format!`, `String`, `collect` and their like end the process when memory is refused, and a library must not do that to
//! its host. [`Text`] takes what `format_args!` makes and remembers whether anything was left out, so that a report of hundreds of
//! fields is checked once, at its end.

use super::memory::NoMemory;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// Bytes that grow until memory is refused; from then on they stay as they are.
#[derive(Debug, Default)]
pub struct Text {
    bytes: Vec<u8>,
    is_short: bool,
}

impl Text {
    /// Nothing yet, and no memory taken.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), is_short: false }
    }

    /// What `format!` makes, as bytes.
    ///
    /// # Errors
    /// If memory is short.
    pub fn of(pieces: fmt::Arguments<'_>) -> Result<Vec<u8>, NoMemory> {
        let mut text = Self::new();
        text.put(pieces);
        text.finish()
    }

    /// What `format!` makes.
    ///
    /// # Errors
    /// If memory is short.
    pub fn string_of(pieces: fmt::Arguments<'_>) -> Result<String, NoMemory> {
        // Only whole pieces are taken, each of which is a `str`.
        Self::of(pieces).map(|bytes| String::from_utf8(bytes).unwrap_or_default())
    }

    /// Appends what `format!` makes.
    pub fn put(&mut self, pieces: fmt::Arguments<'_>) {
        // It remembers what fails; nothing that is put here fails by itself.
        let _ = fmt::Write::write_fmt(self, pieces);
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.is_short |= self.bytes.try_reserve(bytes.len()).is_err();
        if !self.is_short {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Whether there is nothing so far.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All of it.
    ///
    /// # Errors
    /// If anything was left out because memory was short.
    pub fn finish(self) -> Result<Vec<u8>, NoMemory> {
        if self.is_short { Err(NoMemory) } else { Ok(self.bytes) }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        if self.is_short { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Bytes as text for people; what is no UTF-8 is shown as U+FFFD.
pub fn lossy(bytes: &[u8]) -> impl fmt::Display {
    OsStr::from_bytes(bytes).display()
}

/// Appends to a vector.
///
/// # Errors
/// If memory is short; the vector is then as before.
pub fn try_push<T>(list: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    list.try_reserve(1)?;
    list.push(item);
    Ok(())
}

/// What `collect` makes.
///
/// # Errors
/// If memory is short.
pub fn try_collect<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>, NoMemory> {
    let items = items.into_iter();
    let mut list = Vec::new();
    list.try_reserve_exact(items.size_hint().0)?;
    for item in items {
        try_push(&mut list, item)?;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_what_format_makes() {
        let mut text = Text::new();
        assert!(text.is_empty());
        text.put(format_args!("{}:{:.2}", 1, 0.5));
        text.push(b"\xff");
        assert_eq!(text.finish().expect("memory"), b"1:0.50\xff");
        assert_eq!(Text::string_of(format_args!("{:>4}", 7)).expect("memory"), "   7");
    }

    #[test]
    fn after_a_refusal_nothing_is_added() {
        let mut text = Text { bytes: b"ab".to_vec(), is_short: true };
        text.push(b"c");
        text.put(format_args!("d"));
        assert_eq!(text.bytes, b"ab");
        assert_eq!(text.finish(), Err(NoMemory));
    }

    #[test]
    fn lists_are_collected_whole() {
        assert_eq!(try_collect((0..100).filter(|n| n % 7 == 0)).expect("memory").len(), 15);
        let mut list = Vec::new();
        assert_eq!(try_push(&mut list, 5), Ok(()));
        assert_eq!(list, [5]);
    }
}
