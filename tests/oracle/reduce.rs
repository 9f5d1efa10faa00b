//! The reductions behind the comparison rules: from two replies to the two trees that must be equal.
//!
//! Reducing looks at both replies at once, because some rules compare only what both servers know (commands and
//! parameters that redisrs adds, or does not have yet, are listed by other tests).

use super::command::{Command, escape_short};
use super::compare::Rule;
use super::intended;
use super::payloads;
use super::resp::Reply;
use std::collections::BTreeSet;

/// Configuration whose value describes this one process.
const INSTALLATION_PARAMETERS: &[&[u8]] = &[b"port", b"dir", b"logfile", b"pidfile"];
/// HELLO fields that differ between any two servers, or between any two connections.
const IDENTITY_FIELDS: &[&[u8]] = &[b"version", b"id"];
/// Called until they come to their end, which is not after as many calls.
const PROBED: &[&str] = &["scan", "hscan", "sscan", "zscan"];
/// Where COMMAND INFO keeps a command's arity and its subcommands.
const ARITY_INDEX: usize = 1;
const SUBCOMMANDS_INDEX: usize = 9;

pub fn reduce(
    rule: Rule,
    command: &Command,
    ours: &Reply,
    theirs: &Reply,
    common: &BTreeSet<String>,
) -> (Reply, Reply) {
    let each = |reduction: &dyn Fn(&Reply) -> Reply| (reduction(ours), reduction(theirs));
    match rule {
        Rule::AnyOrder => each(&sorted),
        Rule::Near(_) => each(&Reply::clone),
        Rule::Times => each(&rounded_times),
        Rule::Length => each(&|reply| Reply::Integer(reply.elements().map_or(0, <[Reply]>::len) as i64)),
        Rule::Kind => each(&|_| Reply::Null),
        Rule::Kinds => each(&kinds),
        Rule::FirstFields => match (ours.elements(), theirs.elements()) {
            (Some([ours, ..]), Some([theirs, ..])) => (fields(ours), fields(theirs)),
            _ => each(&|_| Reply::Null),
        },
        Rule::Scan => each(&scan),
        Rule::Hello => each(&|reply| named_values(reply, IDENTITY_FIELDS)),
        Rule::Parameters => parameters(command, ours, theirs),
        Rule::FieldNames => each(&|reply| field_names(reply, b'=')),
        Rule::Info => each(&|reply| info(reply, &unchanged(common))),
        Rule::DebugObject => each(&debug_object),
        Rule::SdsLengths => each(&sds_lengths),
        Rule::Flags => each(&sorted_flags),
        Rule::CommandInfo => command_info(command, ours, theirs, common),
        Rule::CommandDocs => command_docs(ours, theirs, |name| unchanged(common).contains(name)),
        Rule::Payload => each(&payloads::content),
        Rule::CommandNames => command_names(ours, theirs, common),
    }
}

/// The innermost pair of subtrees that differ, printed: the whole of COMMAND DOCS helps nobody.
pub fn first_difference(ours: &Reply, theirs: &Reply) -> Option<(String, String)> {
    if ours == theirs {
        return None;
    }
    let inner = match (ours, theirs) {
        (Reply::Map(a), Reply::Map(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .find_map(|(a, b)| {
                first_difference(&a.0, &b.0).or_else(|| first_difference(&a.1, &b.1)).map(|found| (a, found))
            })
            .map(|(pair, (ours, theirs))| {
                let name = String::from_utf8_lossy(pair.0.text().unwrap_or_default()).into_owned();
                (format!("{name}: {ours}"), format!("{name}: {theirs}"))
            }),
        _ => match (ours.elements(), theirs.elements()) {
            (Some(a), Some(b)) if a.len() == b.len() => a.iter().zip(b).find_map(|(a, b)| first_difference(a, b)),
            _ => None,
        },
    };
    inner.or_else(|| Some((show(ours), show(theirs))))
}

/// A reply on one line, for messages.
pub fn show(reply: &Reply) -> String {
    match reply.text() {
        Some(text) => format!("{} \"{}\"", reply.kind(), escape_short(text)),
        None => match reply {
            Reply::Integer(number) => format!("integer {number}"),
            Reply::Map(pairs) => {
                let names: Vec<String> = pairs.iter().map(|pair| show(&pair.0)).collect();
                format!("map of {}", names.join(", "))
            }
            _ => match reply.elements() {
                Some(items) => format!("{} [{}]", reply.kind(), items.iter().map(show).collect::<Vec<_>>().join(", ")),
                None => reply.kind().to_string(),
            },
        },
    }
}

fn rebuild(reply: &Reply, change: impl Fn(Vec<Reply>) -> Vec<Reply>) -> Reply {
    match reply {
        Reply::Array(items) => Reply::Array(change(items.clone())),
        Reply::Set(items) => Reply::Set(change(items.clone())),
        Reply::Push(items) => Reply::Push(change(items.clone())),
        other => other.clone(),
    }
}

fn sorted(reply: &Reply) -> Reply {
    if let Reply::Map(pairs) = reply {
        let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (sorted(name), sorted(value))).collect();
        pairs.sort();
        return Reply::Map(pairs);
    }
    rebuild(reply, |items| {
        let mut items: Vec<Reply> = items.iter().map(sorted).collect();
        items.sort();
        items
    })
}

/// Rounds what depends on when a command came: the time of a pending entry, and what has a name that says so.
fn rounded_times(reply: &Reply) -> Reply {
    const NAMES: &[&[u8]] = &[b"idle", b"seen-time"];
    let is_named = |name: &Reply| name.text().is_some_and(|name| NAMES.contains(&name));
    if let Reply::Map(pairs) = reply {
        let pair = |(name, value): &(Reply, Reply)| {
            (name.clone(), if is_named(name) { rounded(value) } else { rounded_times(value) })
        };
        return Reply::Map(pairs.iter().map(pair).collect());
    }
    rebuild(reply, |items| match items.as_slice() {
        // An entry with its consumer, or in his own list.
        [Reply::Bulk(_), Reply::Bulk(_), Reply::Integer(_), Reply::Integer(_)] => {
            vec![items[0].clone(), items[1].clone(), rounded(&items[2]), items[3].clone()]
        }
        [Reply::Bulk(_), Reply::Integer(_), Reply::Integer(_)] => {
            vec![items[0].clone(), rounded(&items[1]), items[2].clone()]
        }
        _ => {
            let each = |(at, item)| match at {
                1.. if is_named(&items[at - 1]) => rounded(item),
                _ => rounded_times(item),
            };
            items.iter().enumerate().map(each).collect()
        }
    })
}

/// Milliseconds to a thousand seconds.
fn rounded(reply: &Reply) -> Reply {
    match reply {
        Reply::Integer(ms) => Reply::Integer(ms.saturating_add(500_000).div_euclid(1_000_000)),
        other => other.clone(),
    }
}

/// Sorts only what servers print in no particular order: arrays of nothing but simple strings, which are flags.
fn sorted_flags(reply: &Reply) -> Reply {
    if let Reply::Map(pairs) = reply {
        return Reply::Map(pairs.iter().map(|(name, value)| (name.clone(), sorted_flags(value))).collect());
    }
    rebuild(reply, |items| {
        let mut items: Vec<Reply> = items.iter().map(sorted_flags).collect();
        if items.iter().all(|item| matches!(item, Reply::Simple(_))) {
            items.sort();
        }
        items
    })
}

fn kinds(reply: &Reply) -> Reply {
    match reply {
        Reply::Map(pairs) => Reply::Map(pairs.iter().map(|(name, value)| (kinds(name), kinds(value))).collect()),
        other if other.elements().is_some() => rebuild(other, |items| items.iter().map(kinds).collect()),
        other => Reply::Simple(other.kind().into()),
    }
}

/// The wire types of the elements, not of what is in them.
fn fields(reply: &Reply) -> Reply {
    rebuild(reply, |items| items.iter().map(|item| Reply::Simple(item.kind().into())).collect())
}

fn scan(reply: &Reply) -> Reply {
    match reply.elements() {
        Some([Reply::Bulk(_), Reply::Array(_)]) => Reply::Null,
        _ => reply.clone(),
    }
}

/// A map, sorted by name; the values of `ignored` names are dropped.
fn named_values(reply: &Reply, ignored: &[&[u8]]) -> Reply {
    let Some(mut pairs) = reply.pairs() else { return reply.clone() };
    for (name, value) in &mut pairs {
        if name.text().is_some_and(|name| ignored.contains(&name)) {
            *value = Reply::Null;
        }
    }
    pairs.sort();
    Reply::Map(pairs)
}

fn parameters(command: &Command, ours: &Reply, theirs: &Reply) -> (Reply, Reply) {
    let mut ignored = INSTALLATION_PARAMETERS.to_vec();
    ignored.extend(intended::PARAMETERS.iter().map(|(name, _)| name.as_bytes()));
    let (ours, theirs) = (named_values(ours, &ignored), named_values(theirs, &ignored));
    let has_glob = command.arguments.iter().skip(2).any(|pattern| pattern.iter().any(|byte| b"*?[".contains(byte)));
    if has_glob { intersect(&ours, &theirs) } else { (ours, theirs) }
}

/// Of two maps, the entries whose names are in both.
fn intersect(ours: &Reply, theirs: &Reply) -> (Reply, Reply) {
    let (Some(a), Some(b)) = (ours.pairs(), theirs.pairs()) else { return (ours.clone(), theirs.clone()) };
    let keep = |pairs: &[(Reply, Reply)], others: &[(Reply, Reply)]| {
        let names: BTreeSet<&Reply> = others.iter().map(|pair| &pair.0).collect();
        let mut kept: Vec<_> = pairs.iter().filter(|pair| names.contains(&pair.0)).cloned().collect();
        kept.sort();
        Reply::Map(kept)
    };
    (keep(&a, &b), keep(&b, &a))
}

fn words(text: &[u8], separator: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let pair = |word: &[u8]| match word.iter().position(|&byte| byte == separator) {
        Some(at) => (word[..at].to_vec(), word[at + 1..].to_vec()),
        None => (word.to_vec(), Vec::new()),
    };
    line.split(|&byte| byte == b' ').map(pair).collect()
}

fn field_names(reply: &Reply, separator: u8) -> Reply {
    let Some(text) = reply.text() else { return reply.clone() };
    Reply::Array(words(text, separator).into_iter().map(|(name, _)| Reply::Bulk(name)).collect())
}

fn debug_object(reply: &Reply) -> Reply {
    let Some(text) = reply.text() else { return reply.clone() };
    let words = words(text, b':');
    // In Redis a list keeps the settings under which it was made.
    let is_list = words.iter().any(|(_, value)| value == b"quicklist");
    let field = |(name, value): (Vec<u8>, Vec<u8>)| {
        let counts = name == b"encoding" || (name == b"serializedlength" && !is_list);
        (Reply::Bulk(name), Reply::Bulk(if counts { value } else { Vec::new() }))
    };
    Reply::Map(words.into_iter().map(field).collect())
}

/// The lengths, not what the allocator makes of them.
fn sds_lengths(reply: &Reply) -> Reply {
    let Some(text) = reply.text() else { return reply.clone() };
    let parts = text.split(|byte| *byte == b',').map(|part| match part.iter().position(|byte| *byte == b':') {
        Some(colon) if !part[..colon].ends_with(b"_len") => part[..colon].to_vec(),
        _ => part.to_vec(),
    });
    Reply::Array(parts.map(Reply::Bulk).collect())
}

/// The section headers; how often commands ran, were rejected and failed; which errors there were.
fn info(reply: &Reply, common: &BTreeSet<String>) -> Reply {
    let Some(text) = reply.text() else { return reply.clone() };
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<Reply> = text.lines().filter_map(|line| info_line(line, common)).map(Reply::Bulk).collect();
    lines.sort();
    Reply::Array(lines)
}

fn info_line(line: &str, common: &BTreeSet<String>) -> Option<Vec<u8>> {
    if line.starts_with("# ") {
        return Some(line.into());
    }
    let (name, fields) = line.split_once(':')?;
    if name.starts_with("errorstat_") {
        return Some(name.into());
    }
    let command = base_name(name.strip_prefix("cmdstat_")?.as_bytes());
    if !common.contains(&command) || PROBED.contains(&command.as_str()) {
        return None;
    }
    let counts = fields.split(',').filter(|field| !field.starts_with("usec"));
    Some(format!("{name}:{}", counts.collect::<Vec<_>>().join(",")).into())
}

fn base_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_lowercase();
    name.split('|').next().unwrap_or_default().to_string()
}

/// Commands that are declared as they are in the real server.
fn unchanged(common: &BTreeSet<String>) -> BTreeSet<String> {
    let is_changed = |name: &str| intended::COMMANDS_CHANGED.iter().any(|(changed, _)| *changed == name);
    common.iter().filter(|name| !is_changed(name)).cloned().collect()
}

fn command_info(command: &Command, ours: &Reply, theirs: &Reply, common: &BTreeSet<String>) -> (Reply, Reply) {
    let (Some(a), Some(b)) = (ours.elements(), theirs.elements()) else { return (ours.clone(), theirs.clone()) };
    // The answer to named commands keeps their order, with nulls for unknown ones.
    let named: Vec<bool> = command.arguments.iter().skip(2).map(|name| common.contains(&base_name(name))).collect();
    if !named.is_empty() && a.len() == b.len() && b.len() == named.len() {
        // One that only one of the servers has is no difference; what neither has is null.
        let is_nothing = |(a, b): (&Reply, &Reply)| a.elements().is_none() && b.elements().is_none();
        let pairs = a.iter().zip(b).zip(&named).filter(|(pair, known)| **known || is_nothing(*pair));
        let (a, b) = pairs.map(|((a, b), _)| one_command(a, b)).unzip();
        return (Reply::Array(a), Reply::Array(b));
    }
    both_have(a, b, |name| common.contains(name))
}

/// Of two lists of command descriptions, those in both (and accepted), by name.
fn both_have(ours: &[Reply], theirs: &[Reply], accept: impl Fn(&str) -> bool) -> (Reply, Reply) {
    let name = |info: &Reply| info.elements().and_then(|fields| fields.first()?.text().map(<[u8]>::to_vec));
    let mut result = (Vec::new(), Vec::new());
    let mut ours = ours.to_vec();
    ours.sort();
    for a in &ours {
        let Some(wanted) = name(a).filter(|name| accept(&String::from_utf8_lossy(name))) else { continue };
        if let Some(b) = theirs.iter().find(|b| name(b).as_ref() == Some(&wanted)) {
            let (a, b) = one_command(a, b);
            result.0.push(a);
            result.1.push(b);
        }
    }
    (Reply::Array(result.0), Reply::Array(result.1))
}

/// One description; of its subcommands, those that both know.
fn one_command(ours: &Reply, theirs: &Reply) -> (Reply, Reply) {
    let (mut a, mut b) = (sorted_flags(ours), sorted_flags(theirs));
    if let (Reply::Array(fields_a), Reply::Array(fields_b)) = (&mut a, &mut b)
        && let (Some(list_a), Some(list_b)) = (fields_a.get_mut(SUBCOMMANDS_INDEX), fields_b.get_mut(SUBCOMMANDS_INDEX))
        && let (Some(items_a), Some(items_b)) = (list_a.elements(), list_b.elements())
    {
        (*list_a, *list_b) = both_have(items_a, items_b, |_| true);
        let name = fields_a[0].text().unwrap_or_default();
        if intended::ARITIES.iter().any(|(listed, _)| listed.as_bytes() == name) {
            fields_a[ARITY_INDEX] = fields_b[ARITY_INDEX].clone();
        }
    }
    (a, b)
}

fn command_docs(ours: &Reply, theirs: &Reply, accept: impl Fn(&str) -> bool) -> (Reply, Reply) {
    let (Some(a), Some(b)) = (ours.pairs(), theirs.pairs()) else { return (ours.clone(), theirs.clone()) };
    let accepted = |pairs: Vec<(Reply, Reply)>| {
        let name = |reply: &Reply| base_name(reply.text().unwrap_or_default());
        Reply::Map(pairs.into_iter().filter(|pair| accept(&name(&pair.0))).collect())
    };
    let (Reply::Map(a), Reply::Map(b)) = intersect(&accepted(a), &accepted(b)) else {
        unreachable!("intersect of maps gives maps")
    };
    let documents = a.iter().zip(&b).map(|(a, b)| {
        let (x, y) = one_document(&a.1, &b.1);
        ((a.0.clone(), x), (b.0.clone(), y))
    });
    let (a, b) = documents.unzip();
    (Reply::Map(a), Reply::Map(b))
}

fn one_document(ours: &Reply, theirs: &Reply) -> (Reply, Reply) {
    let (ours, theirs) = (named_values(&sorted_flags(ours), &[]), named_values(&sorted_flags(theirs), &[]));
    let (Reply::Map(mut a), Reply::Map(mut b)) = (ours.clone(), theirs.clone()) else { return (ours, theirs) };
    let find = |pairs: &[(Reply, Reply)]| pairs.iter().position(|pair| pair.0.text() == Some(b"subcommands"));
    if let (Some(x), Some(y)) = (find(&a), find(&b)) {
        (a[x].1, b[y].1) = command_docs(&a[x].1.clone(), &b[y].1.clone(), |_| true);
    }
    (Reply::Map(a), Reply::Map(b))
}

/// The names of commands that both know; a subcommand that only one of them has is no difference.
fn command_names(ours: &Reply, theirs: &Reply, common: &BTreeSet<String>) -> (Reply, Reply) {
    let names = |reply: &Reply| -> BTreeSet<Vec<u8>> {
        reply.elements().unwrap_or_default().iter().filter_map(|item| item.text().map(<[u8]>::to_vec)).collect()
    };
    let (known, known_there) = (names(ours), names(theirs));
    let has_both = |name: &[u8]| match name.contains(&b'|') {
        true => known.contains(name) && known_there.contains(name),
        false => common.contains(&base_name(name)),
    };
    let reduced = |reply: &Reply| {
        sorted(&rebuild(reply, |items| items.into_iter().filter(|item| item.text().is_some_and(&has_both)).collect()))
    };
    (reduced(ours), reduced(theirs))
}
