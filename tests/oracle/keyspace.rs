//! Compares everything that is stored: per database the keys, per key type, value, encoding and expiry time.
//!
//! A command that replies correctly and stores nonsense is found here, though not by name; shrinking finds the name.

use super::command::Command;
use super::random::Random;
use super::replay::{Exchange, Link};
use super::resp::Reply;
use std::collections::BTreeSet;

const DATABASES: usize = 16;
/// Keys examined per round trip.
const CHUNK: usize = 100;

/// The first difference: command, reason, ours, theirs.
type Difference = (String, String, String, String);

pub fn compare_all(link: &mut Link, common: &BTreeSet<String>) -> Result<(), Difference> {
    for database in 0..DATABASES {
        let number = database.to_string();
        check(link, &[Command::new(&["SELECT", &number]), Command::new(&["KEYS", "*"])], common, database)?;
        let Ok(reply) = link.theirs.try_request(&["KEYS", "*"]) else { continue };
        let mut keys: Vec<Vec<u8>> =
            reply.elements().unwrap_or_default().iter().filter_map(Reply::text).map(<[u8]>::to_vec).collect();
        keys.sort();
        for chunk in keys.chunks(CHUNK) {
            let mut commands = Vec::new();
            for key in chunk {
                let kind = link.theirs.try_request(&[b"TYPE", &key[..]]).ok();
                let kind = kind.as_ref().and_then(Reply::text).unwrap_or_default();
                commands.push(Command::new(&[b"TYPE", &key[..]]));
                commands.push(reader(kind, key));
                commands.push(Command::new(&[&b"OBJECT"[..], b"ENCODING", key]));
                commands.push(Command::new(&[b"PEXPIRETIME", &key[..]]));
            }
            check(link, &commands, common, database)?;
        }
    }
    Ok(())
}

/// The command that reads a whole value of this type.
fn reader(kind: &[u8], key: &[u8]) -> Command {
    match kind {
        b"list" => Command::new(&[&b"LRANGE"[..], key, b"0", b"-1"]),
        b"set" => Command::new(&[b"SMEMBERS", key]),
        b"hash" => Command::new(&[b"HGETALL", key]),
        b"zset" => Command::new(&[&b"ZRANGE"[..], key, b"0", b"-1", b"WITHSCORES"]),
        b"stream" => Command::new(&[&b"XINFO"[..], b"STREAM", key, b"FULL", b"COUNT", b"0"]),
        _ => Command::new(&[b"GET", key]),
    }
}

fn check(link: &mut Link, commands: &[Command], common: &BTreeSet<String>, database: usize) -> Result<(), Difference> {
    let commands: Vec<&Command> = commands.iter().collect();
    match link.exchange(&commands, &mut Random::new(0), common) {
        Exchange::Same { .. } => Ok(()),
        Exchange::Different(position, reason, ours, theirs) => {
            let line = commands.get(position).map(|command| command.line()).unwrap_or_default();
            Err((format!("{line}   (keyspace after the run, database {database})"), reason, ours, theirs))
        }
    }
}
