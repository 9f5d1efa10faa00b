//! DEBUG DIGEST and DIGEST-VALUE: a signature of data that equals that of a Redis server with the same data.
//!
//! What has an order is mixed into a digest (its SHA-1 is added, then the digest is hashed), what has none is added:
//! adding is exclusive or, so the order in which keys are met does not matter.

use super::super::{Args, CmdResult, Ctx, Key};
use crate::keyspace::{Db, Kind, Loc, NoMemory};
use crate::resp::number::write_double_17g;
use crate::storage::{Text, try_push};
use crate::types::hash::{HashRef, text_of};
use crate::types::list::{ListRef, Side};
use crate::types::set::SetRef;
use crate::types::stream::{Id, Stream};
use crate::types::zset::View;
use sha1::{Digest as _, Sha1};

/// The number of a type in the digest.
fn number_of(kind: Kind) -> u32 {
    match kind {
        Kind::String => 0,
        Kind::List => 1,
        Kind::Set => 2,
        Kind::ZSet => 3,
        Kind::Hash => 4,
        Kind::Stream => 6,
    }
}

/// Room for the text of any double.
const DOUBLE_BYTES_MAX: usize = 32;

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

    /// Adds a member of something without order that consists of several strings.
    fn add_group<'a>(&mut self, strings: impl IntoIterator<Item = &'a [u8]>) {
        let mut group = Self::default();
        strings.into_iter().for_each(|string| group.mix(string));
        self.add(&group.0);
    }

    fn mix_value(&mut self, db: &Db, loc: Loc, now_ms: i64) -> Result<(), NoMemory> {
        let value = db.value(loc);
        self.mix(&number_of(value.kind()).to_be_bytes());
        let (mut digits, mut more_digits) = ([0; 20], [0; 20]);
        if let Some(string) = value.string() {
            self.mix(text_of(string, &mut digits));
        } else if let Some(list) = ListRef::of(value) {
            list.for_each(Side::Left, |element| self.mix(text_of(element, &mut digits)))?;
        } else if let Some(set) = SetRef::of(value) {
            set.iter().for_each(|member| self.add(member.text(&mut digits)));
        } else if let Some(hash) = HashRef::of(value) {
            for item in hash.iter(now_ms) {
                self.add_group([text_of(item.field, &mut digits), text_of(item.value, &mut more_digits)]);
            }
        } else if let Some(zset) = View::of(value) {
            for (member, score) in zset.iter() {
                let mut text = Vec::new();
                text.try_reserve(DOUBLE_BYTES_MAX)?;
                write_double_17g(score, &mut text);
                self.add_group([member, &text]);
            }
        } else if let Some(stream) = Stream::of(value) {
            for entry in stream.log.range(Id::MIN, Id::MAX) {
                self.mix(&Text::of(format_args!("{}.{}", entry.id.ms, entry.id.seq))?);
                for (field, value) in entry.pairs() {
                    self.mix(field.text(&mut digits));
                    self.mix(value.text(&mut digits));
                }
            }
        }
        if db.deadline_ms(loc).is_some() {
            self.add(b"!!expire!!");
        }
        Ok(())
    }

    fn hex(&self) -> [u8; 40] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        std::array::from_fn(|at| DIGITS[usize::from(self.0[at / 2] >> (4 * (1 - at % 2)) & 15)])
    }
}

/// DEBUG DIGEST.
pub fn digest(ctx: &mut Ctx) -> CmdResult {
    let now_ms = ctx.now_ms();
    let mut all = Digest::default();
    for number in 0..ctx.engine.databases() {
        let mut dbs: Vec<&Db> = Vec::new();
        for db in ctx.all_shards().filter_map(|shard| shard.existing_db(number)).filter(|db| !db.is_empty()) {
            try_push(&mut dbs, db)?;
        }
        if dbs.is_empty() {
            continue;
        }
        all.mix(&number.to_be_bytes());
        for db in dbs {
            for loc in db.iter() {
                let mut one = Digest::default();
                one.mix(db.key(loc));
                one.mix_value(db, loc, now_ms)?;
                all.add(&one.0);
            }
        }
    }
    ctx.reply.status_bytes(&all.hex());
    Ok(())
}

/// DEBUG DIGEST-VALUE [key [key ...]]. A key whose time has come but that is still there counts as there.
pub fn digest_value(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let keys = &args.argv()[2..];
    let now_ms = ctx.now_ms();
    ctx.reply.array(keys.len());
    for bytes in keys {
        let key = Key { bytes, hash: ctx.engine.keyspace.hash(bytes) };
        let mut digest = Digest::default();
        let db = ctx.db(key);
        if let Some(loc) = db.locate(key.hash, key.bytes) {
            digest.mix_value(db, loc, now_ms)?;
        }
        ctx.reply.status_bytes(&digest.hex());
    }
    Ok(())
}
