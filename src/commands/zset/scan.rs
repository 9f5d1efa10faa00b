//! ZSCAN.

use super::value;
use crate::commands::scan::{Options, parse_cursor};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::{Cursor, NoMemory};
use crate::resp::number::{DOUBLE_TEXT_MAX, IntegerText, write_double_17g};
use crate::types::zset::View;

/// Buckets that are visited at most for each member that was asked for, if they are nearly empty; as in Redis.
const BUCKETS_PER_MEMBER: u64 = 10;

/// ZSCAN key cursor [MATCH pattern] [COUNT count]
pub fn zscan(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let cursor = parse_cursor(&args[2]).ok_or(CommandError::fixed("ERR invalid cursor"))?;
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(2);
        ctx.reply.bulk(b"0");
        ctx.reply.array(0);
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    let options = Options::parse_for_members(args, 3)?;
    reply.array(2);
    let cursor_at = reply.begin();
    let (mark, mut found, mut visited) = (reply.begin(), 0, 0);
    let (is_flat, mut text) = (matches!(zset, View::Flat(_)), Vec::new());
    text.try_reserve_exact(DOUBLE_TEXT_MAX).map_err(|_| NoMemory)?;
    let mut visit = |name: &[u8], score: f64| {
        visited += 1;
        if options.pattern.matches(name) {
            found += 2;
            reply.bulk(name);
            text.clear();
            match integer(score).filter(|_| is_flat) {
                Some(int) => text.extend_from_slice(IntegerText::new().format(int)),
                None => write_double_17g(score, &mut text),
            }
            reply.bulk(&text);
        }
        visited
    };
    let next = match zset {
        View::Flat(_) => {
            zset.iter().for_each(|(name, score)| {
                visit(name, score);
            });
            None
        }
        View::Large(zset) => {
            let (mut cursor, mut seen) = (Cursor::from_number(cursor), 0);
            for _ in 0..options.count.saturating_mul(BUCKETS_PER_MEMBER) {
                if cursor.shard() != 0 || seen >= options.count {
                    break;
                }
                cursor = cursor.after(zset.scan(cursor.position(), |name, score| seen = visit(name, score)));
            }
            Some(cursor).filter(|cursor| cursor.shard() == 0)
        }
    };
    reply.end_array(mark, found);
    reply.prepend(cursor_at, |reply| reply.bulk_integer(next.map_or(0, Cursor::number) as i64));
    Ok(())
}

/// The score as Redis's listpacks store it if it is a whole number of up to 62 bits: then its text has all digits.
fn integer(score: f64) -> Option<i64> {
    const MAX: f64 = (i64::MAX / 2) as f64;
    let int = score as i64;
    ((-MAX..=MAX).contains(&score) && int as f64 == score).then_some(int)
}
