//! `--stat`: a line of a server's figures at every interval.

use std::time::Duration;

use crate::escape::human_bytes;
use crate::reply::Reply;
use crate::session::{Failed, Session};
use crate::terminal::print;

const INTERVAL: Duration = Duration::from_secs(1);

/// Lines between two headers.
const LINES_PER_HEADER: u64 = 20;

const HEADER: &str = "\
------- data ------ --------------------- load -------------------- - child -
keys       mem      clients blocked requests            connections          
";

pub fn run(mut session: Session) -> Result<(), Failed> {
    session.connect(false)?;
    let interval = match session.options.interval {
        Duration::ZERO => INTERVAL,
        given => given,
    };
    let mut requests_before = None;
    let mut lines = 0;
    loop {
        let info = read_info(&mut session)?;
        if lines % LINES_PER_HEADER == 0 {
            print(HEADER);
        }
        lines += 1;
        let requests = field(&info, "total_commands_processed");
        let more = requests - requests_before.unwrap_or(requests);
        requests_before = Some(requests);
        print(line(&info, requests, more));
        std::thread::sleep(interval);
    }
}

/// INFO, over new connections for as long as it takes.
fn read_info(session: &mut Session) -> Result<String, Failed> {
    let mut waiting = false;
    loop {
        match session.call(&["INFO"]) {
            Ok(Reply::Error(text)) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                return Err(Failed::because(text));
            }
            Ok(reply) => {
                if waiting {
                    print("\r\x1b[0K");
                }
                return Ok(String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned());
            }
            Err(_) => {
                print("\r\x1b[0KReconnecting...");
                waiting = true;
                std::thread::sleep(INTERVAL);
                // Tried again until it works.
                let _ = session.connect(true);
            }
        }
    }
}

fn line(info: &str, requests: i64, more: i64) -> String {
    let memory = u64::try_from(field(info, "used_memory")).unwrap_or(0);
    let child = match (
        field(info, "rdb_bgsave_in_progress") != 0,
        field(info, "aof_rewrite_in_progress") != 0,
        field(info, "loading") != 0,
    ) {
        (_, _, true) => "LOAD",
        (true, true, _) => "SAVE+AOF",
        (true, false, _) => "SAVE",
        (false, true, _) => "AOF",
        (false, false, false) => "",
    };
    format!(
        "{:<11}{:<8} {:<8}{:<8}{:<19} {:<12}{child}\n",
        key_count(info),
        human_bytes(memory),
        field(info, "connected_clients"),
        field(info, "blocked_clients"),
        format!("{requests} (+{more})"),
        field(info, "total_connections_received"),
    )
}

/// The number of a `name:number` line, 0 if there is none.
fn field(info: &str, name: &str) -> i64 {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|value| value.trim_end().parse().ok())
        .unwrap_or(0)
}

/// Keys of all databases, from their `dbN:keys=K,...` lines.
fn key_count(info: &str) -> i64 {
    info.lines()
        .filter_map(|line| {
            let (number, fields) = line.strip_prefix("db")?.split_once(":keys=")?;
            number.parse::<u32>().ok()?;
            fields.split(',').next()?.parse::<i64>().ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let info = "used_memory:1835008\r\nconnected_clients:1\r\nblocked_clients:0\r\n\
            total_connections_received:169\r\nrdb_bgsave_in_progress:1\r\n\
            db0:keys=3,expires=0\r\ndb11:keys=4,expires=1\r\n";
        assert_eq!(line(info, 1798, 1), "7          1.75M    1       0       1798 (+1)           169         SAVE\n");
    }
}
