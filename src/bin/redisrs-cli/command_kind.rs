//! What a command's name says about the replies to come.

/// What to expect of a command's replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CommandKind {
    Ordinary,
    /// The reply is text laid out for people.
    Verbatim,
    Monitor,
    Subscribe,
    Shutdown,
}

impl CommandKind {
    pub fn of(command: &[Vec<u8>]) -> CommandKind {
        let word =
            |index: usize| command.get(index).map(|word: &Vec<u8>| word.to_ascii_lowercase()).unwrap_or_default();
        match (word(0).as_slice(), word(1).as_slice(), command.len()) {
            (b"monitor", ..) => CommandKind::Monitor,
            (b"subscribe" | b"psubscribe" | b"ssubscribe", ..) => CommandKind::Subscribe,
            (b"shutdown", ..) => CommandKind::Shutdown,
            (b"info" | b"lolwut", ..)
            | (b"debug", b"htstats" | b"htstats-key" | b"client-eviction", _)
            | (b"memory", b"malloc-stats" | b"doctor", _)
            | (b"cluster", b"nodes" | b"info", 2)
            | (b"client", b"list" | b"info", _)
            | (b"latency", b"graph", 3)
            | (b"latency", b"doctor", 2) => CommandKind::Verbatim,
            _ => CommandKind::Ordinary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> CommandKind {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        CommandKind::of(&words)
    }

    #[test]
    fn kinds_of_commands() {
        assert_eq!(kind("INFO server"), CommandKind::Verbatim);
        assert_eq!(kind("client LIST"), CommandKind::Verbatim);
        assert_eq!(kind("client id"), CommandKind::Ordinary);
        assert_eq!(kind("latency graph x"), CommandKind::Verbatim);
        assert_eq!(kind("latency graph"), CommandKind::Ordinary);
        assert_eq!(kind("PSubscribe a*"), CommandKind::Subscribe);
        assert_eq!(kind("monitor"), CommandKind::Monitor);
        assert_eq!(kind("shutdown nosave"), CommandKind::Shutdown);
        assert_eq!(kind("get info"), CommandKind::Ordinary);
    }
}
