//! DEBUG DIGEST and DIGEST-VALUE: a signature of data that equals that of a Redis server with the same data.
//!
//! What has an order is mixed into a digest (its SHA-1 is added, then the digest is hashed), what has none is added:
//! adding is exclusive or, so the order in which keys are met does not matter.

use super::super::{Args, CmdResult, Ctx, Key};
use crate::keyspace::{Db, Loc, StringRef, ValueRef, format_int};
use sha1::{Digest as _, Sha1};

/// Type number of strings in the digest.
const STRING: u32 = 0;

#[derive(Clone, Copy, Default)]
struct Digest([u8; 20]);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        let hash = Sha1::digest(bytes);
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    fn mix_value(&mut self, db: &Db, loc: Loc) {
        self.mix(&STRING.to_be_bytes());
        match db.value(loc) {
            ValueRef::String(StringRef::Int(int)) => self.mix(format_int(int, &mut [0; 20])),
            ValueRef::String(StringRef::Str(text)) => self.mix(text),
            ValueRef::Flat(..) | ValueRef::Object(..) => {}
        }
        if db.deadline_ms(loc).is_some() {
            self.add(b"!!expire!!");
        }
    }

    fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// DEBUG DIGEST.
pub fn digest(ctx: &mut Ctx) -> CmdResult {
    let mut all = Digest::default();
    for number in 0..ctx.engine.databases() {
        let mut dbs: Vec<&Db> = ctx.all_shards().filter_map(|shard| shard.existing_db(number)).collect();
        dbs.retain(|db| !db.is_empty());
        if dbs.is_empty() {
            continue;
        }
        all.mix(&number.to_be_bytes());
        for db in dbs {
            for loc in db.iter() {
                let mut one = Digest::default();
                one.mix(db.key(loc));
                one.mix_value(db, loc);
                all.add(&one.0);
            }
        }
    }
    ctx.reply.status(&all.hex());
    Ok(())
}

/// DEBUG DIGEST-VALUE [key [key ...]]. A key whose time has come but that is still there counts as there.
pub fn digest_value(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let keys = &args.argv()[2..];
    ctx.reply.array(keys.len());
    for bytes in keys {
        let key = Key { bytes, hash: ctx.engine.keyspace.hash(bytes) };
        let mut digest = Digest::default();
        let db = ctx.db(key);
        if let Some(loc) = db.locate(key.hash, key.bytes) {
            digest.mix_value(db, loc);
        }
        ctx.reply.status(&digest.hex());
    }
    Ok(())
}
