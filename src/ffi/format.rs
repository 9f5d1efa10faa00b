//! The formatted form of a command: what `rs_command(session, "SET %s %b", ...)` means, as in hiredis.
//!
//! Spaces in the format separate arguments; a conversion never does, whatever it inserts, so a value with spaces is
//! one argument. Literal text and conversions that touch are one argument: `user:%d`. The conversions are `%s` (a
//! terminated string), `%b` (a pointer and a `size_t`), `%%`, and those of printf for numbers with its flags, width,
//! precision and length, whose text is made by the C library's own printf.
//!
//! The one difference from hiredis: numbers have a point whatever the host's locale, since Redis reads no comma.

use super::status::{Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_NO_MEMORY, fail};
use smallvec::SmallVec;
use std::ffi::{CStr, c_int};

/// Longest conversion, from its percent sign on.
const DIRECTIVE_BYTES_MAX: usize = 32;

/// What a numeric conversion takes; shim.c has the same numbers.
const KIND_INT: c_int = 0;
const KIND_LONG: c_int = 1;
const KIND_LONG_LONG: c_int = 2;
const KIND_SIZE: c_int = 3;
const KIND_INTMAX: c_int = 4;
const KIND_PTRDIFF: c_int = 5;
const KIND_DOUBLE: c_int = 6;

/// Where the values of conversions come from.
pub trait Source {
    /// The value of `%s`.
    fn text(&mut self) -> Outcome<&[u8]>;
    /// The value of `%b`.
    fn bytes(&mut self) -> Outcome<&[u8]>;
    /// Prints the next value into `out`, terminated and cut off if there is no room; the length of the whole text, none if
    /// there is no such text because it would be longer than printf can count.
    fn print(&mut self, directive: &CStr, out: &mut [u8]) -> Option<usize>;
    /// Passes over the value that was printed.
    fn skip(&mut self, kind: c_int);
}

/// Arguments end to end, and where each ends.
#[derive(Debug, Default)]
pub struct Arguments {
    bytes: SmallVec<[u8; 256]>,
    ends: SmallVec<[usize; 16]>,
}

impl Arguments {
    /// Reads a format.
    pub fn read(format: &[u8], source: &mut impl Source) -> Outcome<Self> {
        let mut arguments = Self::default();
        // Whether the present argument has begun: `""` inserted by a conversion is an argument too.
        let mut has_begun = false;
        let mut rest = format;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                b' ' if has_begun => {
                    arguments.end()?;
                    has_begun = false;
                }
                b' ' => {}
                b'%' => {
                    rest = arguments.convert(behind, source)?;
                    has_begun = true;
                }
                _ => {
                    arguments.append(&[byte])?;
                    has_begun = true;
                }
            }
        }
        if has_begun {
            arguments.end()?;
        }
        if arguments.ends.is_empty() {
            return Err(fail(RS_ERR_ARGUMENT, format_args!("the format holds no command")));
        }
        Ok(arguments)
    }

    /// The arguments.
    pub fn argv(&self) -> Outcome<SmallVec<[&[u8]; 16]>> {
        let mut argv = SmallVec::new();
        argv.try_reserve_exact(self.ends.len()).map_err(|_| no_memory())?;
        let mut start = 0;
        for &end in &self.ends {
            argv.push(&self.bytes[start..end]);
            start = end;
        }
        Ok(argv)
    }

    fn append(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.bytes.try_reserve(bytes.len()).map_err(|_| no_memory())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Outcome<()> {
        self.ends.try_reserve(1).map_err(|_| no_memory())?;
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// Inserts the value of the conversion whose percent sign stands before `behind`; what is behind it.
    fn convert<'f>(&mut self, behind: &'f [u8], source: &mut impl Source) -> Outcome<&'f [u8]> {
        match behind {
            // A percent sign at the very end stands for itself, as in hiredis.
            [] => self.append(b"%").map(|()| behind),
            [b'%', rest @ ..] => self.append(b"%").map(|()| rest),
            [b's', rest @ ..] => self.append(source.text()?).map(|()| rest),
            [b'b', rest @ ..] => self.append(source.bytes()?).map(|()| rest),
            _ => {
                let (len, kind) = numeric(behind).ok_or_else(unknown_conversion)?;
                let (directive, rest) = behind.split_at(len);
                self.print(directive, kind, source)?;
                Ok(rest)
            }
        }
    }

    fn print(&mut self, directive: &[u8], kind: c_int, source: &mut impl Source) -> Outcome<()> {
        let mut terminated = [0u8; DIRECTIVE_BYTES_MAX + 2];
        terminated[0] = b'%';
        let room = terminated.get_mut(1..=directive.len()).filter(|_| directive.len() <= DIRECTIVE_BYTES_MAX);
        room.ok_or_else(unknown_conversion)?.copy_from_slice(directive);
        let directive = CStr::from_bytes_until_nul(&terminated).map_err(|_| unknown_conversion())?;
        let start = self.bytes.len();
        let mut room = 64;
        let len = loop {
            self.bytes.try_reserve(room).map_err(|_| no_memory())?;
            self.bytes.resize(start + room, 0);
            let len = source.print(directive, &mut self.bytes[start..]).ok_or_else(unknown_conversion)?;
            if len < room {
                break len;
            }
            room = len + 1;
        };
        source.skip(kind);
        self.bytes.truncate(start + len);
        if kind == KIND_DOUBLE {
            self.unlocalise(start);
        }
        Ok(())
    }

    /// Makes a point of whatever the locale has put into a number for it.
    fn unlocalise(&mut self, start: usize) {
        let is_foreign = |byte: &u8| !byte.is_ascii_alphanumeric() && !b" +-.".contains(byte);
        if let Some(from) = self.bytes[start..].iter().position(is_foreign) {
            let len = self.bytes[start + from..].iter().take_while(|byte| is_foreign(byte)).count();
            self.bytes[start + from] = b'.';
            self.bytes.drain(start + from + 1..start + from + len);
        }
    }
}

/// The length of a numeric conversion behind its percent sign, and what it takes.
fn numeric(behind: &[u8]) -> Option<(usize, c_int)> {
    let skip = |from: usize, is: fn(&u8) -> bool| from + behind[from..].iter().take_while(|byte| is(byte)).count();
    let mut at = skip(0, |byte| b"#0-+ ".contains(byte));
    at = skip(at, u8::is_ascii_digit);
    if behind.get(at) == Some(&b'.') {
        at = skip(at + 1, u8::is_ascii_digit);
    }
    let (length, integer) = match &behind[at..] {
        [b'h', b'h', ..] => (2, KIND_INT),
        [b'h', ..] => (1, KIND_INT),
        [b'l', b'l', ..] => (2, KIND_LONG_LONG),
        [b'l', ..] => (1, KIND_LONG),
        [b'z', ..] => (1, KIND_SIZE),
        [b'j', ..] => (1, KIND_INTMAX),
        [b't', ..] => (1, KIND_PTRDIFF),
        _ => (0, KIND_INT),
    };
    let kind = match behind.get(at + length)? {
        b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => integer,
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' if length == 0 => KIND_DOUBLE,
        _ => return None,
    };
    Some((at + length + 1, kind))
}

#[cold]
fn unknown_conversion() -> Failure {
    fail(RS_ERR_ARGUMENT, format_args!("unknown conversion in the format of a command"))
}

#[cold]
fn no_memory() -> Failure {
    fail(RS_ERR_NO_MEMORY, format_args!("no memory for the arguments"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values for conversions, and a printf of a few fixed results.
    struct Values(Vec<&'static [u8]>);

    impl Source for Values {
        fn text(&mut self) -> Outcome<&[u8]> {
            Ok(self.0.remove(0))
        }
        fn bytes(&mut self) -> Outcome<&[u8]> {
            Ok(self.0.remove(0))
        }
        fn print(&mut self, directive: &CStr, out: &mut [u8]) -> Option<usize> {
            let text = [directive.to_bytes(), b"=", self.0[0]].concat();
            let shown = text.len().min(out.len());
            out[..shown].copy_from_slice(&text[..shown]);
            Some(text.len())
        }
        fn skip(&mut self, _: c_int) {
            self.0.remove(0);
        }
    }

    fn read(format: &str, values: &[&'static [u8]]) -> Option<Vec<String>> {
        let arguments = Arguments::read(format.as_bytes(), &mut Values(values.to_vec())).ok()?;
        Some(arguments.argv().unwrap().iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect())
    }

    #[test]
    fn spaces_separate_and_conversions_do_not() {
        type Case = (&'static str, &'static [&'static [u8]], &'static [&'static str]);
        let cases: &[Case] = &[
            ("PING", &[], &["PING"]),
            ("  SET  a   b ", &[], &["SET", "a", "b"]),
            ("SET %s %b", &[b"a key", b"x\0y z"], &["SET", "a key", "x\0y z"]),
            ("SET a%s%s b", &[b"", b"c d"], &["SET", "ac d", "b"]),
            ("SET %s %b", &[b"", b""], &["SET", "", ""]),
            ("ECHO 100%%", &[], &["ECHO", "100%"]),
            ("ECHO 100%", &[], &["ECHO", "100%"]),
            ("ECHO a%dz", &[b"5"], &["ECHO", "a%d=5z"]),
            ("E %-08.3llx|%zu", &[b"1", b"2"], &["E", "%-08.3llx=1|%zu=2"]),
        ];
        for (format, values, expected) in cases {
            assert_eq!(read(format, values).unwrap(), *expected, "{format}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let long = format!("ECHO %{}d", "0".repeat(100));
        for format in ["", "   ", "ECHO %y", "ECHO %ll", "ECHO %.", "ECHO %lf", "ECHO %n", "ECHO %p", &long] {
            assert_eq!(read(format, &[b"1"]), None, "{format}");
        }
    }

    #[test]
    fn a_long_text_is_printed_whole_and_a_foreign_comma_becomes_a_point() {
        let long = String::leak("7".repeat(500)).as_bytes();
        assert_eq!(read("ECHO %d", &[long]).unwrap()[1], format!("%d={}", "7".repeat(500)));
        let mut arguments = Arguments { bytes: SmallVec::from_slice(b"ab1\xd9\xab5e+10"), ends: SmallVec::new() };
        arguments.unlocalise(2);
        assert_eq!(&arguments.bytes[..], b"ab1.5e+10");
    }
}
