//! Replies as values.

/// One reply, RESP2 or RESP3.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    /// The digits as the server wrote them.
    Double(String),
    /// Digits of an integer of any size.
    BigNumber(String),
    Bool(bool),
    Nil,
    Bulk(Vec<u8>),
    /// The text without its three-letter format prefix.
    Verbatim(Vec<u8>),
    Array(Vec<Reply>),
    Set(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    Push(Vec<Reply>),
}

impl Reply {
    /// The bytes of a text-like reply.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Reply::Status(text) | Reply::Bulk(text) | Reply::Verbatim(text) => Some(text),
            _ => None,
        }
    }

    /// The text of an error reply.
    pub fn error(&self) -> Option<&[u8]> {
        match self {
            Reply::Error(text) => Some(text),
            _ => None,
        }
    }

    pub fn integer(&self) -> Option<i64> {
        match self {
            Reply::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of an array-like reply.
    pub fn elements(&self) -> Option<&[Reply]> {
        match self {
            Reply::Array(elements) | Reply::Set(elements) | Reply::Push(elements) => Some(elements),
            _ => None,
        }
    }

    /// Key and value pairs of a map, or of the flat array that RESP2 sends in its place.
    pub fn pairs(&self) -> Vec<(&Reply, &Reply)> {
        match self {
            Reply::Map(pairs) => pairs.iter().map(|(key, value)| (key, value)).collect(),
            Reply::Array(elements) => elements.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
            _ => Vec::new(),
        }
    }

    /// The value stored under a text key of a map or flat array.
    pub fn field(&self, name: &str) -> Option<&Reply> {
        self.pairs().into_iter().find(|(key, _)| key.text() == Some(name.as_bytes())).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_both_shapes() {
        let flat = Reply::Array(vec![Reply::Bulk(b"a".to_vec()), Reply::Integer(1)]);
        let map = Reply::Map(vec![(Reply::Bulk(b"a".to_vec()), Reply::Integer(1))]);
        for reply in [flat, map] {
            assert_eq!(reply.field("a").and_then(Reply::integer), Some(1));
            assert_eq!(reply.field("b"), None);
        }
    }
}
