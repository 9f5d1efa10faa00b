//! DEBUG OBJECT, SDSLEN, POPULATE and HTSTATS: keys and tables from the inside. Keys whose time has come but that are
//! still there count as there.

use super::super::error::shown;
use super::super::object::{encoding_name, reference_count};
use super::super::{Args, CmdResult, CommandError, Ctx, Key};
use crate::engine::access;
use crate::keyspace::{Loc, NewValue, NoMemory, StringRef};
use crate::persist::rdb::Writer;
use crate::persist::rdb::value::Saved;
use crate::resp::number::parse_i64;
use crate::storage::Text;
use crate::types::hash::HashRef;
use crate::types::list::ListRef;
use crate::types::set::SetRef;
use crate::types::zset::View;
use std::sync::atomic::Ordering::Relaxed;

fn find<'a>(ctx: &mut Ctx, bytes: &'a [u8]) -> Result<(Key<'a>, Loc), CommandError> {
    let key = Key { bytes, hash: ctx.engine.keyspace.hash(bytes) };
    let loc = ctx.db(key).locate(key.hash, key.bytes).ok_or(CommandError::NO_SUCH_KEY)?;
    Ok((key, loc))
}

/// DEBUG OBJECT key. Of a list it also tells the nodes.
pub fn object(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    let (key, loc) = find(ctx, key)?;
    let references = reference_count(ctx, key, loc);
    let now_s = ctx.engine.housekeeping.now_s();
    let hot = ctx.engine.settings.hot();
    let compresses = hot.rdb_compression.load(Relaxed);
    let (node_max, depth) = (hot.list_max_listpack_size.load(Relaxed), hot.list_compress_depth.load(Relaxed));
    let due_ms = ctx.due_ms(key);
    let db = ctx.db(key);
    let used = db.access(loc);
    let value = db.value(loc);
    let mut writer = Writer::new(compresses);
    Saved::of(value).write_body(&mut writer, due_ms)?;
    let mut text = Text::new();
    text.put(format_args!(
        "Value at:{:p} refcount:{references} encoding:{} serializedlength:{} lru:{used} lru_seconds_idle:{}",
        db.key(loc).as_ptr(),
        encoding_name(db, loc),
        writer.bytes().len(),
        access::idle_s(used, now_s)
    ));
    if let Some(list) = ListRef::of(value) {
        let nodes = list.nodes();
        let is_compressed = match list {
            ListRef::Flat(_) => depth != 0,
            ListRef::Large(list) => list.compresses(),
        };
        text.put(format_args!(
            " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{node_max} ql_compressed:{} ql_uncompressed_size:{}",
            list.len() as f64 / nodes as f64,
            u8::from(is_compressed),
            list.run_bytes() + nodes * LISTPACK_OVERHEAD
        ));
    }
    ctx.reply.status_bytes(&text.finish()?);
    Ok(())
}

/// What Redis has in each node beside the elements: the head and the end of a listpack.
const LISTPACK_OVERHEAD: usize = 7;

/// DEBUG SDSLEN key. Key and value lie in one block unless the value is large, so the value's share is the rest.
pub fn sdslen(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    let (key, loc) = find(ctx, key)?;
    let db = ctx.db(key);
    let Some(StringRef::Str(value)) = db.value(loc).string() else {
        return Err(CommandError::fixed("ERR Not an sds encoded string."));
    };
    let value_share = db.memory_usage(loc).saturating_sub(key.bytes.len());
    let text = Text::of(format_args!(
        "key_sds_len:{0}, key_sds_avail:0, key_zmalloc: {0}, val_sds_len:{1}, val_sds_avail:{2}, val_zmalloc: {value_share}",
        key.bytes.len(),
        value.len(),
        value_share.saturating_sub(value.len())
    ))?;
    ctx.reply.status_bytes(&text);
    Ok(())
}

/// DEBUG POPULATE count [prefix [size]]: creates `prefix:0` and so on, those that are not there yet, with the values
/// `value:0` and so on, cut or filled up with zeros to `size` unless that is 0.
pub fn populate(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let positive = |index: usize| {
        let number = parse_i64(&args[index]).and_then(|number| usize::try_from(number).ok());
        number.ok_or(CommandError::fixed("ERR value is out of range, must be positive"))
    };
    let count = positive(2)?;
    let prefix = args.get(3).map_or(&b"key"[..], shown);
    let size = if args.len() == 5 { positive(4)? } else { 0 };
    for number in 0..count {
        let mut name = Text::new();
        name.push(prefix);
        name.put(format_args!(":{number}"));
        let name = name.finish()?;
        let key = Key { bytes: &name, hash: ctx.engine.keyspace.hash(&name) };
        if ctx.peek(key).is_some() {
            continue;
        }
        let mut value = Text::of(format_args!("value:{number}"))?;
        if size > 0 {
            value.try_reserve(size.saturating_sub(value.len())).map_err(NoMemory::from)?;
            value.resize(size, 0);
        }
        ctx.create(key, NewValue::Str(&value))?;
        ctx.changed(key);
    }
    ctx.reply.ok();
    Ok(())
}

/// DEBUG HTSTATS dbid.
pub fn htstats(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let number = u32::try_from(args.int(2)?).ok().filter(|number| *number < ctx.engine.databases());
    let number = number.ok_or(CommandError::fixed("ERR Out of range database"))?;
    let (mut keys, mut table, mut expires, mut ttl, mut fullest) = (0, 0, 0, 0, 0);
    for db in ctx.all_shards().filter_map(|shard| shard.existing_db(number)) {
        keys += db.len();
        table += db.table_bytes();
        expires += db.volatile_len();
        ttl += db.ttl_bytes();
        fullest = fullest.max(db.len());
    }
    let shards = ctx.engine.keyspace.shard_count();
    let text = Text::of(format_args!(
        "[Dictionary HT]\n number of elements: {keys}\n shards: {shards}\n elements in the fullest shard: {fullest}\n \
         table bytes: {table}\n[Expires HT]\n number of elements: {expires}\n heap bytes: {ttl}\n"
    ))?;
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

/// DEBUG HTSTATS-KEY key.
pub fn htstats_key(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    let (key, loc) = find(ctx, key)?;
    let db = ctx.db(key);
    if !matches!(encoding_name(db, loc), "hashtable" | "skiplist") {
        return Err(CommandError::fixed(
            "ERR The value stored at the specified key is not represented using an hash table",
        ));
    }
    let value = db.value(loc);
    let len = SetRef::of(value).map(SetRef::len);
    let len = len.or_else(|| HashRef::of(value).map(|hash| hash.len(i64::MIN)));
    let len = len.or_else(|| View::of(value).map(View::len)).unwrap_or_default();
    let bytes = db.memory_usage(loc);
    let text = Text::of(format_args!("[Dictionary HT]\n number of elements: {len}\n bytes of the value: {bytes}\n"))?;
    ctx.reply.verbatim("txt", &text);
    Ok(())
}
