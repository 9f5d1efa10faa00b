//! Finding the keys among the arguments of a request by interpreting key specs
//! (`getKeysUsingKeySpecs` of Redis).
//!
//! Nothing is allocated, and nothing is trusted: the arguments come from clients, so every position
//! is checked before it is used. Positions count from the command's name, also for subcommands.

use super::{Begin, Command, Find, Flags, KeyFlags, KeySpec, id};
use crate::numeric::parse_i64;

/// Why the keys of a request can't be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyError {
    /// The arguments contradict the spec (too few of them, a bad number of keys): the handler will
    /// report it.
    Syntax,
    /// A run of keys to the end of the arguments has none (`PFMERGE destkey`). Those of the other specs stand, but
    /// COMMAND GETKEYS takes it for an error.
    NoneLeft,
    /// The specs do not cover all keys of this command; it runs under [`super::Locks::All`].
    Unknown,
}

/// Calls `found` with the index in `argv` of every key of the request and with the spec it belongs
/// to, in the order of the specs. `argv` is the complete request; for a subcommand it starts with
/// the container's name.
///
/// After an error, keys already found mean nothing for [`KeyError::Syntax`], are some of all for
/// [`KeyError::Unknown`], and are all there are for [`KeyError::NoneLeft`].
pub fn extract_keys(command: &Command, argv: &[&[u8]], mut found: impl FnMut(usize, &KeySpec)) -> Result<(), KeyError> {
    let mut result = Ok(());
    for spec in command.keys.iter().filter(|spec| !spec.flags.contains(KeyFlags::NOT_KEY)) {
        match keys_of_spec(command, spec, argv) {
            Ok(positions) => positions.for_each(|index| found(index, spec)),
            Err(error @ (KeyError::Unknown | KeyError::NoneLeft)) => result = Err(error),
            Err(KeyError::Syntax) => return Err(KeyError::Syntax),
        }
        if spec.flags.contains(KeyFlags::INCOMPLETE) {
            result = Err(KeyError::Unknown);
        }
    }
    result
}

/// The options of SET that tell something of the old value.
const READS_BEFORE_SET: [&[u8]; 5] = [b"GET", b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE"];

/// What this request does with the keys of `spec`: its flags, narrowed for the commands whose flags
/// depend on their other arguments.
pub fn key_flags(command: &Command, spec: &KeySpec, argv: &[&[u8]]) -> KeyFlags {
    if !spec.flags.contains(KeyFlags::VARIABLE_FLAGS) {
        return spec.flags;
    }
    match command.id {
        id::SET
            if argv.iter().skip(3).any(|arg| READS_BEFORE_SET.iter().any(|word| arg.eq_ignore_ascii_case(word))) =>
        {
            KeyFlags::READ_WRITE | KeyFlags::ACCESS | KeyFlags::UPDATE
        }
        id::SET => KeyFlags::OVERWRITE | KeyFlags::UPDATE,
        id::DELEX if argv.len() == 2 => KeyFlags::REMOVE | KeyFlags::DELETE,
        id::DELEX => KeyFlags::READ_WRITE | KeyFlags::ACCESS | KeyFlags::DELETE,
        _ => spec.flags,
    }
}

/// The positions that one spec covers; none if its keyword is not there.
fn keys_of_spec(
    command: &Command,
    spec: &KeySpec,
    argv: &[&[u8]],
) -> Result<impl Iterator<Item = usize> + use<>, KeyError> {
    let argc = argv.len() as i64;
    let no_keys = Ok((0..0).step_by(1));
    let begin = match spec.begin {
        Begin::Index(index) => i64::from(index),
        Begin::Keyword { keyword, startfrom } => match after_keyword(keyword, startfrom, argv) {
            Some(index) => index as i64,
            None => return no_keys,
        },
        // What BY and GET name, only the data tells: the locks are for that (`Locks::Patterns`).
        Begin::Unknown if command.id == id::SORT || command.id == id::SORT_RO => {
            let destination = sort_destination(argv).filter(|_| spec.flags.contains(KeyFlags::OVERWRITE));
            return Ok(destination.map_or(0..0, |index| index..index + 1).step_by(1));
        }
        Begin::Unknown => return Err(KeyError::Unknown),
    };
    let (first, last, step) = match spec.find {
        Find::Range { last, step, .. } if last >= 0 => (begin, begin + i64::from(last), step),
        Find::Range { last, step, limit: 0 } => (begin, argc + i64::from(last), step),
        Find::Range { last, step, limit } => (begin, begin + (argc - begin) / i64::from(limit) + i64::from(last), step),
        Find::KeyNum { keynumidx, firstkey, keystep } => {
            let first = begin + i64::from(firstkey);
            match number(argv, begin + i64::from(keynumidx)).ok_or(KeyError::Syntax)? {
                0 if command.flags.contains(Flags::NO_MANDATORY_KEYS) => return no_keys,
                0 => return Err(KeyError::Syntax),
                // More keys than arguments is out of bounds anyhow, and must not overflow on the
                // way there.
                count => (first, first + (count.min(argc) - 1) * i64::from(keystep), keystep),
            }
        }
        Find::Unknown => return Err(KeyError::Unknown),
    };
    if matches!(spec.find, Find::Range { last: -1, limit: 0, .. }) && first >= 1 && last + 1 == first {
        return Err(KeyError::NoneLeft);
    }
    if first < 1 || last < first || last >= argc {
        return Err(KeyError::Syntax);
    }
    Ok((first as usize..last as usize + 1).step_by(usize::from(step.unsigned_abs())))
}

/// Where the destination of SORT is: after the last STORE that is not the operand of another option.
fn sort_destination(argv: &[&[u8]]) -> Option<usize> {
    let is = |index: usize, word: &str| argv[index].eq_ignore_ascii_case(word.as_bytes());
    let mut destination = None;
    let mut at = 2;
    while at < argv.len() {
        at += if is(at, "limit") {
            3
        } else if is(at, "get") || is(at, "by") {
            2
        } else {
            if is(at, "store") && at + 1 < argv.len() {
                destination = Some(at + 1);
            }
            1
        };
    }
    destination
}

/// The index after the keyword, if it stands where keys can still follow.
fn after_keyword(keyword: &str, startfrom: i16, argv: &[&[u8]]) -> Option<usize> {
    let is_keyword = |&index: &usize| argv[index].eq_ignore_ascii_case(keyword.as_bytes());
    let end = argv.len().checked_sub(1)?;
    let distance = usize::from(startfrom.unsigned_abs());
    let keyword_index = if startfrom > 0 {
        (distance..end).find(is_keyword)
    } else {
        (1..argv.len().checked_sub(distance)? + 1).rev().find(is_keyword)
    };
    keyword_index.map(|index| index + 1)
}

/// The number of keys at `index`: canonical decimal digits (no sign, no leading zero), as Redis
/// reads integers.
fn number(argv: &[&[u8]], index: i64) -> Option<i64> {
    parse_i64(argv.get(usize::try_from(index).ok()?)?).filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::super::{KeyShape, all, lookup, resolve};
    use super::*;

    fn keys_of(command: &Command, argv: &[&[u8]]) -> Result<Vec<(usize, KeyFlags)>, KeyError> {
        let mut keys = Vec::new();
        extract_keys(command, argv, |index, spec| keys.push((index, key_flags(command, spec, argv))))?;
        Ok(keys)
    }

    /// What COMMAND GETKEYSANDFLAGS answers from specs alone, in the notation of getkeys.txt.
    fn getkeys(argv: &[&[u8]]) -> String {
        let Some(command) = resolve(argv) else {
            return "!ERR Invalid command specified".to_owned();
        };
        if command.key_shape == KeyShape::None {
            return "!ERR The command has no key arguments".to_owned();
        }
        if !command.accepts(argv.len()) {
            return "!ERR Invalid number of arguments specified for command".to_owned();
        }
        let mut keys = Vec::new();
        let found = extract_keys(command, argv, |index, spec| keys.push((index, key_flags(command, spec, argv))));
        if matches!(found, Err(KeyError::Syntax | KeyError::NoneLeft)) {
            keys.clear();
        }
        if keys.is_empty() && !command.flags.contains(Flags::NO_MANDATORY_KEYS) {
            return "!ERR Invalid arguments specified for command".to_owned();
        }
        let print = |(index, flags): &(usize, KeyFlags)| {
            let flags: Vec<&str> = flags.names().collect();
            format!("{}:{}", String::from_utf8_lossy(argv[*index]), flags.join(","))
        };
        keys.iter().map(print).collect::<Vec<_>>().join(" ")
    }

    /// getkeys.txt holds what the reference server answers.
    #[test]
    fn keys_are_those_of_the_reference_server() {
        let mut compared = 0;
        for line in include_str!("getkeys.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (request, expected) = line.split_once(" =>").expect("every line has an arrow");
            let argv: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            // The file is ahead of the table: it has lines for commands of families still to come.
            if lookup(argv[0]).is_some() {
                assert_eq!(getkeys(&argv), expected.trim_start(), "{request}");
                compared += 1;
            }
        }
        assert!(compared >= 80, "only {compared} lines apply");
    }

    #[test]
    fn the_shape_agrees_with_the_specs() {
        for command in all() {
            let argv = [&b"1"[..]; 12];
            let argv = &argv[..usize::from(command.arity.unsigned_abs())];
            match command.key_shape {
                KeyShape::None => {
                    assert_eq!(keys_of(command, argv), Ok(vec![]), "{}", command.name)
                }
                KeyShape::Single(at) => {
                    let keys = keys_of(command, argv).expect("a single key is always found");
                    assert_eq!(keys.len(), 1, "{}", command.name);
                    assert_eq!(keys[0].0, usize::from(at), "{}", command.name);
                }
                KeyShape::Specs => assert!(!command.keys.is_empty(), "{}", command.name),
            }
        }
    }

    /// A command with one key spec, its other fields as in GET.
    fn with_spec(begin: Begin, find: Find, flags: KeyFlags) -> Command {
        let get = lookup(b"get").expect("GET is in the table");
        let spec = Box::leak(Box::new([KeySpec { notes: None, flags, begin, find }]));
        Command { keys: spec, arity: -1, key_shape: KeyShape::Specs, subcommands: &[], ..*get }
    }

    fn positions(command: &Command, request: &str) -> Result<Vec<usize>, KeyError> {
        let argv: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        keys_of(command, &argv).map(|keys| keys.into_iter().map(|(index, _)| index).collect())
    }

    #[test]
    fn keywords_are_searched_in_both_directions() {
        let one = Find::Range { last: 0, step: 1, limit: 0 };
        let forward = with_spec(Begin::Keyword { keyword: "STORE", startfrom: 2 }, one, KeyFlags::EMPTY);
        assert_eq!(positions(&forward, "c store a STORE k"), Ok(vec![4]));
        assert_eq!(positions(&forward, "c store a b"), Ok(vec![]));
        assert_eq!(positions(&forward, "c a b store"), Ok(vec![]));
        assert_eq!(positions(&forward, "c"), Ok(vec![]));
        let all = Find::Range { last: -1, step: 1, limit: 0 };
        let backward = with_spec(Begin::Keyword { keyword: "KEYS", startfrom: -2 }, all, KeyFlags::EMPTY);
        assert_eq!(positions(&backward, "c a b Keys k l"), Ok(vec![4, 5]));
        assert_eq!(positions(&backward, "c keys a keys l"), Ok(vec![4]));
        assert_eq!(positions(&backward, "c a b keys"), Ok(vec![]));
        assert_eq!(positions(&backward, "c"), Ok(vec![]));
    }

    #[test]
    fn limits_cut_a_range_to_a_fraction() {
        let half = Find::Range { last: -1, step: 1, limit: 2 };
        let streams = with_spec(Begin::Keyword { keyword: "STREAMS", startfrom: 1 }, half, KeyFlags::EMPTY);
        assert_eq!(positions(&streams, "c count 2 streams a b 0 0"), Ok(vec![4, 5]));
        assert_eq!(positions(&streams, "c streams a 0"), Ok(vec![2]));
        assert_eq!(positions(&streams, "c streams a"), Err(KeyError::Syntax));
    }

    #[test]
    fn key_counts_are_validated() {
        let find = Find::KeyNum { keynumidx: 0, firstkey: 1, keystep: 1 };
        let mut eval = with_spec(Begin::Index(2), find, KeyFlags::EMPTY);
        assert_eq!(positions(&eval, "c s 2 a b x"), Ok(vec![3, 4]));
        assert_eq!(positions(&eval, "c s 0 a"), Err(KeyError::Syntax));
        eval.flags = Flags::NO_MANDATORY_KEYS;
        assert_eq!(positions(&eval, "c s 0 a"), Ok(vec![]));
        for count in ["3", "-1", "x", "", "+1", "01", "9223372036854775807", "99999999999999999999"] {
            assert_eq!(positions(&eval, &format!("c s {count} a b")), Err(KeyError::Syntax), "{count}");
        }
        assert_eq!(positions(&eval, "c s"), Err(KeyError::Syntax));
        let pairs = Find::KeyNum { keynumidx: 0, firstkey: 1, keystep: 2 };
        let pairs = with_spec(Begin::Index(2), pairs, KeyFlags::EMPTY);
        assert_eq!(positions(&pairs, "c s 2 a x b"), Ok(vec![3, 5]));
        assert_eq!(positions(&pairs, "c s 2 a x"), Err(KeyError::Syntax));
    }

    #[test]
    fn specs_that_do_not_tell_everything_say_so() {
        let one = Find::Range { last: 0, step: 1, limit: 0 };
        let incomplete = with_spec(Begin::Index(1), one, KeyFlags::INCOMPLETE);
        assert_eq!(positions(&incomplete, "c k"), Err(KeyError::Unknown));
        let unknown = with_spec(Begin::Unknown, Find::Unknown, KeyFlags::EMPTY);
        assert_eq!(positions(&unknown, "c k"), Err(KeyError::Unknown));
        let not_key = with_spec(Begin::Index(1), one, KeyFlags::NOT_KEY);
        assert_eq!(positions(&not_key, "c k"), Ok(vec![]));
    }
}
