//! The reply tree, made from reply bytes in one allocation.
//!
//! ```text
//!  | Block | node 0 = the reply | node 1 | ... | pointers to elements | texts, each terminated |
//!          ^ what the host gets
//! ```
//!
//! Why one block: a reply of any size costs one allocation and one free, its parts lie side by side, and a free
//! cannot recurse. Nodes stand in the order of their tokens. The bytes are read twice: once to count, once to fill.
//! While an aggregate is being filled its `integer` holds the index of the aggregate around it plus one and its `len`
//! how many elements it has got, so nesting needs neither recursion nor a stack of its own; both are 0 again
//! when it is full.
//!
//! Invariant: the block's header tells its size and bears [`MARK`]; the pointers in the nodes point into the block.

use super::reply::*;
use super::status::{Failure, Outcome, RS_ERR_NO_MEMORY, fail};
use crate::resp::{Malformed, Token, next_token};
use std::alloc::{Layout, alloc};
use std::ffi::{c_char, c_longlong};
use std::ptr::{self, NonNull, null_mut};

/// What a reply consists of.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    elements: usize,
    text: usize,
}

impl Size {
    fn add(&mut self, token: &Token) {
        self.nodes += 1;
        self.elements += token.children();
        self.text += text_of(token).map_or(0, |text| text.len() + 1);
    }

    fn bytes(&self) -> Option<usize> {
        size_of::<Block>()
            .checked_add(self.nodes.checked_mul(size_of::<rs_reply>())?)?
            .checked_add(self.elements.checked_mul(size_of::<*mut rs_reply>())?)?
            .checked_add(self.text)
    }
}

/// What goes into `str`.
#[inline]
fn text_of<'a>(token: &Token<'a>) -> Option<&'a [u8]> {
    match *token {
        Token::Status(text)
        | Token::Error(text)
        | Token::Bulk(text)
        | Token::Double(_, text)
        | Token::BigNumber(text)
        | Token::Verbatim { text, .. } => Some(text),
        _ => None,
    }
}

/// The values in reply bytes; annotations are passed over.
struct Values<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Values<'a> {
    #[inline]
    fn next(&mut self) -> Result<Token<'a>, Malformed> {
        loop {
            let token = self.next_token()?;
            let Token::Attribute(_) = token else { return Ok(token) };
            let mut left = token.children();
            while left > 0 {
                let token = self.next_token()?;
                left += token.children();
                if !matches!(token, Token::Attribute(_)) {
                    left -= 1;
                }
            }
        }
    }

    #[inline]
    fn next_token(&mut self) -> Result<Token<'a>, Malformed> {
        let (token, len) = next_token(&self.input[self.position..])?.ok_or(Malformed)?;
        self.position += len;
        Ok(token)
    }
}

/// Makes a tree of the first reply in `input`: the tree, and how many bytes it came from.
#[inline]
pub fn build(input: &[u8]) -> Outcome<(NonNull<rs_reply>, usize)> {
    if let Some(text) = lone_string(input) {
        let mut builder = Builder::allocate(Size { nodes: 1, elements: 0, text: text.len() + 1 })?;
        builder.put(&Token::Bulk(text));
        return Ok((builder.root, input.len()));
    }
    let mut values = Values { input, position: 0 };
    let mut size = Size::default();
    let first = values.next().map_err(not_a_reply)?;
    size.add(&first);
    let mut left = first.children();
    if left == 0 {
        let mut builder = Builder::allocate(size)?;
        builder.put(&first);
        return Ok((builder.root, values.position));
    }
    while left > 0 {
        let token = values.next().map_err(not_a_reply)?;
        size.add(&token);
        left = left - 1 + token.children();
    }
    let end = values.position;
    let mut builder = Builder::allocate(size)?;
    values.position = 0;
    for _ in 0..size.nodes {
        let token = values.next().map_err(not_a_reply)?;
        builder.put(&token);
    }
    Ok((builder.root, end))
}

/// The text of a string that is all of the input: what GET answers, read in a fraction of the time that the general way
/// takes.
#[inline]
fn lone_string(input: &[u8]) -> Option<&[u8]> {
    const DIGITS_MAX: usize = 9;
    let rest = input.strip_prefix(b"$")?;
    let mut len = 0;
    for (at, byte) in rest.iter().enumerate().take(DIGITS_MAX) {
        match byte {
            b'0'..=b'9' => len = len * 10 + usize::from(byte - b'0'),
            b'\r' => {
                let text = rest.get(at + 2..)?;
                return (text.len() == len + 2).then(|| &text[..len]);
            }
            _ => return None,
        }
    }
    None
}

/// Handlers write well-formed replies; if one does not, that is an error in this library.
#[cold]
fn not_a_reply(malformed: Malformed) -> Failure {
    panic!("a command wrote a {malformed}")
}

/// A nil reply, for a command that was told to answer nothing.
pub fn nil() -> Outcome<NonNull<rs_reply>> {
    build(b"$-1\r\n").map(|(reply, _)| reply)
}

/// Makes a tree of an array of `count` strings.
pub fn build_strings<'a>(count: usize, at: impl Fn(usize) -> &'a [u8]) -> Outcome<NonNull<rs_reply>> {
    let mut size = Size::default();
    size.add(&Token::Array(count));
    for index in 0..count {
        size.add(&Token::Bulk(at(index)));
    }
    let mut builder = Builder::allocate(size)?;
    builder.put(&Token::Array(count));
    for index in 0..count {
        builder.put(&Token::Bulk(at(index)));
    }
    Ok(builder.root)
}

/// A block being filled.
struct Builder {
    root: NonNull<rs_reply>,
    /// Nodes filled.
    filled: usize,
    /// Innermost aggregate that lacks elements, by index.
    open: Option<usize>,
    next_element: *mut *mut rs_reply,
    next_text: *mut u8,
}

impl Builder {
    #[inline]
    fn allocate(size: Size) -> Outcome<Self> {
        let no_memory = || fail(RS_ERR_NO_MEMORY, format_args!("no memory for a reply"));
        let bytes = size.bytes().ok_or_else(no_memory)?;
        let layout = Layout::from_size_align(bytes, align_of::<Block>()).map_err(|_| no_memory())?;
        // SAFETY: the layout is not empty, a block has a header.
        let block = NonNull::new(unsafe { alloc(layout) }).ok_or_else(no_memory)?.cast::<Block>();
        // SAFETY: the block is large enough for the header, the nodes, the element pointers and the texts, in this order
        // and with the alignment of each: all but the texts are made of words.
        unsafe {
            block.write(Block { bytes, mark: MARK });
            let root = block.add(1).cast::<rs_reply>();
            let elements = root.add(size.nodes).cast::<*mut rs_reply>();
            let text = elements.add(size.elements).cast::<u8>();
            Ok(Self { root, filled: 0, open: None, next_element: elements.as_ptr(), next_text: text.as_ptr() })
        }
    }

    /// Fills the next node.
    #[inline]
    fn put(&mut self, token: &Token) {
        let mut node = rs_reply {
            r#type: RS_REPLY_NIL,
            integer: 0,
            dval: 0.0,
            len: 0,
            str: null_mut(),
            vtype: [0; 4],
            elements: 0,
            element: null_mut(),
        };
        node.r#type = match *token {
            Token::Status(_) => RS_REPLY_STATUS,
            Token::Error(_) => RS_REPLY_ERROR,
            Token::Bulk(_) => RS_REPLY_STRING,
            Token::BigNumber(_) => RS_REPLY_BIGNUM,
            Token::Null => RS_REPLY_NIL,
            Token::Array(_) => RS_REPLY_ARRAY,
            Token::Map(_) => RS_REPLY_MAP,
            Token::Set(_) => RS_REPLY_SET,
            Token::Push(_) => RS_REPLY_PUSH,
            Token::Attribute(_) => RS_REPLY_ATTR,
            Token::Integer(value) => {
                node.integer = value;
                RS_REPLY_INTEGER
            }
            Token::Bool(value) => {
                node.integer = c_longlong::from(value);
                RS_REPLY_BOOL
            }
            Token::Double(value, _) => {
                node.dval = value;
                RS_REPLY_DOUBLE
            }
            Token::Verbatim { format, .. } => {
                for (slot, byte) in node.vtype.iter_mut().zip(format.iter().take(3)) {
                    *slot = *byte as c_char;
                }
                RS_REPLY_VERB
            }
        };
        if let Some(text) = text_of(token) {
            node.len = text.len();
            node.str = self.put_text(text);
        }
        node.elements = token.children();
        let index = self.filled;
        self.filled += 1;
        if node.elements > 0 {
            node.element = self.next_element;
            node.integer = self.open.map_or(0, |open| open as c_longlong + 1);
            // SAFETY: `Size` has counted the children of every token, so there is room for these pointers.
            self.next_element = unsafe { self.next_element.add(node.elements) };
        }
        let is_open = node.elements > 0;
        // SAFETY: `Size` has counted every token, so there is room for this node.
        unsafe { self.root.add(index).write(node) };
        self.attach(index);
        if is_open {
            self.open = Some(index);
        }
    }

    #[inline]
    fn put_text(&mut self, text: &[u8]) -> *mut c_char {
        let start = self.next_text;
        // SAFETY: `Size` has counted every text and its NUL, so there is room for this one.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), start, text.len());
            start.add(text.len()).write(0);
            self.next_text = start.add(text.len() + 1);
        }
        start.cast()
    }

    /// Makes node `index` the next element of the aggregate that is open, and closes what is full.
    fn attach(&mut self, index: usize) {
        let Some(open) = self.open else { return };
        // SAFETY: both nodes are filled, and distinct; the aggregate's pointers lie in the block and `len` counts
        // those set so far, which are less than `elements` while it is open.
        unsafe {
            let child = self.root.add(index).as_ptr();
            let parent = self.root.add(open).as_mut();
            parent.element.add(parent.len).write(child);
            parent.len += 1;
        }
        self.close_full(open, index);
    }

    fn close_full(&mut self, open: usize, index: usize) {
        let mut open = open;
        // SAFETY: `index` was just filled.
        let child_is_open = unsafe { self.root.add(index).as_ref() }.elements > 0;
        if child_is_open {
            return;
        }
        loop {
            // SAFETY: an aggregate that is open was filled before, and nothing else refers to it here.
            let node = unsafe { self.root.add(open).as_mut() };
            if node.len < node.elements {
                self.open = Some(open);
                return;
            }
            let outer = node.integer;
            (node.len, node.integer) = (0, 0);
            match usize::try_from(outer - 1) {
                Ok(outer) => open = outer,
                Err(_) => {
                    self.open = None;
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply as text: type, then what the type has.
    fn show(reply: &rs_reply) -> String {
        // SAFETY: the nodes of a reply that was just built point to each other and to terminated texts.
        unsafe {
            let text = if reply.str.is_null() {
                String::new()
            } else {
                assert_eq!(*reply.str.add(reply.len), 0);
                String::from_utf8_lossy(std::slice::from_raw_parts(reply.str.cast(), reply.len)).into_owned()
            };
            let elements: Vec<String> = (0..reply.elements).map(|i| show(&**reply.element.add(i))).collect();
            match reply.r#type {
                RS_REPLY_INTEGER | RS_REPLY_BOOL => format!("{}:{}", reply.r#type, reply.integer),
                RS_REPLY_DOUBLE => format!("{}:{}={text}", reply.r#type, reply.dval),
                RS_REPLY_ARRAY | RS_REPLY_MAP | RS_REPLY_SET | RS_REPLY_PUSH => {
                    assert_eq!((reply.integer, reply.len, reply.str), (0, 0, null_mut()));
                    format!("{}[{}]", reply.r#type, elements.join(" "))
                }
                other => format!("{other}:{text}"),
            }
        }
    }

    #[test]
    fn trees_are_what_the_bytes_say() {
        let cases = [
            ("$5\r\nhello\r\n", "1:hello"),
            ("$0\r\n\r\n", "1:"),
            ("$-1\r\n", "4:"),
            ("$5\r\nhello\r\n+OK\r\n", "1:hello"),
            ("+OK\r\n", "5:OK"),
            ("-ERR no\r\n", "6:ERR no"),
            (":-7\r\n", "3:-7"),
            ("_\r\n", "4:"),
            ("#t\r\n", "8:1"),
            (",1.5\r\n", "7:1.5=1.5"),
            ("(123\r\n", "13:123"),
            ("=8\r\ntxt:text\r\n", "14:text"),
            ("*0\r\n", "2[]"),
            ("*-1\r\n", "4:"),
            ("*3\r\n:1\r\n*2\r\n*0\r\n*1\r\n+x\r\n$1\r\ny\r\n", "2[3:1 2[2[] 2[5:x]] 1:y]"),
            ("%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n:2\r\n", "9[5:a 3:1 5:b 10[3:2]]"),
            (">2\r\n+message\r\n+x\r\n", "12[5:message 5:x]"),
            ("|1\r\n+a\r\n*1\r\n:1\r\n*1\r\n|1\r\n+k\r\n+v\r\n:5\r\n", "2[3:5]"),
        ];
        for (bytes, expected) in cases {
            let (reply, len) = build(bytes.as_bytes()).unwrap();
            // SAFETY: just built, freed once.
            unsafe {
                assert_eq!(show(reply.as_ref()), expected, "{bytes}");
                rs_reply_free(reply.as_ptr());
            }
            assert!(len == bytes.len() || bytes.ends_with("+OK\r\n") && len == bytes.len() - 5);
        }
    }

    #[test]
    fn depth_needs_no_stack() {
        const DEPTH: usize = 100_000;
        let bytes = ["*1\r\n".repeat(DEPTH), ":1\r\n".into()].concat();
        let (reply, _) = build(bytes.as_bytes()).unwrap();
        let mut depth = 0;
        let mut node = reply.as_ptr();
        // SAFETY: just built, freed once; each array has one element.
        unsafe {
            while (*node).r#type == RS_REPLY_ARRAY {
                (node, depth) = (*(*node).element, depth + 1);
            }
            assert_eq!((depth, (*node).integer), (DEPTH, 1));
            rs_reply_free(reply.as_ptr());
        }
    }

    #[test]
    fn a_part_of_a_reply_is_not_freed() {
        let (reply, _) = build(b"*2\r\n:1\r\n*1\r\n:2\r\n").unwrap();
        // SAFETY: just built; the calls for the parts do nothing.
        unsafe {
            let root = reply.as_ref();
            rs_reply_free(*root.element);
            rs_reply_free(*root.element.add(1));
            assert_eq!(show(root), "2[3:1 2[3:2]]");
            rs_reply_free(reply.as_ptr());
        }
    }
}
