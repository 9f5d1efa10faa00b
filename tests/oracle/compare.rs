//! Are two replies to the same command equal? Byte for byte, unless the table [`RULES`] says otherwise.
//!
//! A rule reduces both replies to what must agree ([`super::reduce`]). Errors are never reduced, every rule demands the
//! same wire type, and none accepts more than its comment says: a rule that is too generous is a hole in the test.

use super::command::Command;
use super::intended;
use super::pools::{NUMBER_LISTS, NUMBER_ZSETS, TEXT_LISTS, TEXT_ZSETS};
use super::reduce;
use super::resp::{Received, Reply};
use std::collections::BTreeSet;

/// What must agree about a command's replies.
#[derive(Clone, Copy)]
pub enum Rule {
    /// The same elements in any order, at every depth.
    AnyOrder,
    /// Integers that differ by no more than this; special values (≤ 0) exactly.
    Near(i64),
    /// Moments and idle times of streams to a thousand seconds, everything else exactly.
    Times,
    /// How many elements.
    Length,
    /// The wire type of the reply.
    Kind,
    /// The wire types of the reply and of its elements, at every depth.
    Kinds,
    /// The wire types of the fields of the first element: how many there are depends on timing, as does what is in them.
    FirstFields,
    /// A cursor and an array. (Whole iterations are compared by a probe.)
    Scan,
    /// A map in any order, without the values that identify a server or connection.
    Hello,
    /// CONFIG GET: names and values in any order, without the values that describe the installation. With a glob, only
    /// the parameters that both know; without, a parameter must be known to both or to neither.
    Parameters,
    /// `name=value` words: the names, of the first line.
    FieldNames,
    /// INFO: the section headers, the counts of calls, the names of errors.
    Info,
    /// DEBUG OBJECT: field names, the encoding, and the serialised length unless it is a list.
    DebugObject,
    /// DEBUG SDSLEN: the lengths.
    SdsLengths,
    /// Flags (arrays of simple strings) in any order, everything else exactly.
    Flags,
    /// COMMAND [INFO]: what is said about commands that both know, flags in any order.
    CommandInfo,
    /// The same for COMMAND DOCS.
    CommandDocs,
    /// DUMP: what is in the payload.
    Payload,
    /// COMMAND LIST: of the names, those that both know.
    CommandNames,
}

/// Seconds that may lie between the two servers' executions of one command, on a busy machine.
const LAG_SECONDS: i64 = 3;

/// (command, subcommand or "" for any, rule). The first match counts.
const RULES: &[(&str, &str, Rule)] = &[
    ("KEYS", "", Rule::AnyOrder),
    ("SCAN", "", Rule::Scan),
    ("TTL", "", Rule::Near(LAG_SECONDS)),
    ("EXPIRETIME", "", Rule::Near(LAG_SECONDS)),
    ("PTTL", "", Rule::Near(LAG_SECONDS * 1000)),
    ("PEXPIRETIME", "", Rule::Near(LAG_SECONDS * 1000)),
    ("RANDOMKEY", "", Rule::Kind),
    ("DBSIZE", "", Rule::Kind),
    ("TIME", "", Rule::Kinds),
    ("LOLWUT", "", Rule::Kind),
    ("HELLO", "", Rule::Hello),
    ("INFO", "", Rule::Info),
    ("SMEMBERS", "", Rule::AnyOrder),
    ("SINTER", "", Rule::AnyOrder),
    ("SUNION", "", Rule::AnyOrder),
    ("SDIFF", "", Rule::AnyOrder),
    ("SPOP", "", Rule::AnyOrder),
    ("SRANDMEMBER", "", Rule::Kinds),
    ("SSCAN", "", Rule::Scan),
    ("HGETALL", "", Rule::AnyOrder),
    ("HKEYS", "", Rule::AnyOrder),
    ("HVALS", "", Rule::AnyOrder),
    ("HRANDFIELD", "", Rule::Kinds),
    ("HSCAN", "", Rule::Scan),
    ("DUMP", "", Rule::Payload),
    ("XPENDING", "", Rule::Times),
    ("XINFO", "", Rule::Times),
    ("ZRANDMEMBER", "", Rule::Kinds),
    ("ZSCAN", "", Rule::Scan),
    ("OBJECT", "IDLETIME", Rule::Kind),
    ("OBJECT", "FREQ", Rule::Kind),
    ("CLIENT", "ID", Rule::Kind),
    ("CLIENT", "INFO", Rule::FieldNames),
    ("CLIENT", "LIST", Rule::FieldNames),
    ("CONFIG", "GET", Rule::Parameters),
    ("COMMAND", "INFO", Rule::CommandInfo),
    ("COMMAND", "COUNT", Rule::Kind),
    ("COMMAND", "LIST", Rule::CommandNames),
    ("COMMAND", "DOCS", Rule::CommandDocs),
    ("COMMAND", "GETKEYSANDFLAGS", Rule::Flags),
    ("DEBUG", "OBJECT", Rule::DebugObject),
    ("DEBUG", "SDSLEN", Rule::SdsLengths),
    ("DEBUG", "HTSTATS-KEY", Rule::Kind),
    ("MEMORY", "USAGE", Rule::Kind),
    ("MEMORY", "STATS", Rule::Kind),
    ("MEMORY", "DOCTOR", Rule::Kind),
    ("MEMORY", "MALLOC-STATS", Rule::Kind),
    ("SLOWLOG", "GET", Rule::FirstFields),
    ("SLOWLOG", "LEN", Rule::Kind),
    ("LATENCY", "LATEST", Rule::FirstFields),
    ("LATENCY", "HISTORY", Rule::FirstFields),
    ("LATENCY", "RESET", Rule::Kind),
    ("LATENCY", "DOCTOR", Rule::Kind),
    ("LATENCY", "GRAPH", Rule::Kind),
    ("LATENCY", "HISTOGRAM", Rule::Kind),
];

/// Compares the replies to `command`; `common` holds the (lower-case) names of the commands that both servers know.
/// The error says what differs, when that is not obvious from the bytes.
pub fn compare(command: &Command, ours: &Received, theirs: &Received, common: &BTreeSet<String>) -> Result<(), String> {
    if ours.raw == theirs.raw || intended::covers(command, ours, theirs) {
        return Ok(());
    }
    if ours.reply.is_error() || theirs.reply.is_error() {
        return Err("different replies".into());
    }
    let Some(rule) = rule_for(command) else { return Err("different replies".into()) };
    if ours.reply.kind() != theirs.reply.kind() {
        return Err(format!("different reply types: {} and {}", ours.reply.kind(), theirs.reply.kind()));
    }
    if let (Rule::Near(tolerance), Reply::Integer(ours), Reply::Integer(theirs)) = (rule, &ours.reply, &theirs.reply) {
        let close = *ours > 0 && *theirs > 0 && ours.abs_diff(*theirs) <= tolerance as u64;
        return if close { Ok(()) } else { Err(format!("more than {tolerance} apart")) };
    }
    let (ours, theirs) = reduce::reduce(rule, command, &ours.reply, &theirs.reply, common);
    if ours == theirs {
        return Ok(());
    }
    Err(reduce::first_difference(&ours, &theirs).map_or("different replies".into(), |(ours, theirs)| {
        format!("after normalising, first difference:\n    ours   {ours}\n    theirs {theirs}")
    }))
}

fn rule_for(command: &Command) -> Option<Rule> {
    let (name, subcommand) = (command.upper(0), command.upper(1));
    if name == b"COMMAND" && command.arguments.len() == 1 {
        return Some(Rule::CommandInfo);
    }
    if name == b"SORT" || name == b"SORT_RO" {
        return sort_rule(command);
    }
    RULES
        .iter()
        .find(|(rule_name, rule_subcommand, _)| {
            rule_name.as_bytes() == name && (rule_subcommand.is_empty() || rule_subcommand.as_bytes() == subcommand)
        })
        .map(|(_, _, rule)| *rule)
}

/// What SORT leaves open: the order of a set that is not sorted, and that of equal texts that BY names.
fn sort_rule(command: &Command) -> Option<Rule> {
    let has = |option: &[u8]| (2..command.arguments.len()).any(|index| command.upper(index) == option);
    let mut options = command.arguments.windows(2).skip(2);
    let ordered = [NUMBER_LISTS, TEXT_LISTS, NUMBER_ZSETS, TEXT_ZSETS].concat();
    let may_be_set = ordered.iter().all(|name| command.arguments.get(1).is_none_or(|key| key != name.as_bytes()));
    let is_unsorted = options.any(|pair| pair[0].eq_ignore_ascii_case(b"by") && !pair[1].contains(&b'*'));
    if !(may_be_set && is_unsorted || has(b"BY") && has(b"ALPHA")) {
        return None;
    }
    Some(if has(b"LIMIT") { Rule::Length } else { Rule::AnyOrder })
}
