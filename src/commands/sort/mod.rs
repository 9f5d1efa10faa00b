//! SORT and SORT_RO (<https://redis.io/docs/latest/commands/sort/>): the elements of a list, a set or a sorted set, ordered
//! by themselves or by other keys, as they are or in the words of other keys.
//!
//! The elements are copied into one block first, because looking up other keys may change what is locked; what is sorted
//! are positions in that block. Cost: O(n log n) comparisons, one lookup per element and pattern. Patterns can name any
//! key, so with one (`*` in BY or GET) dispatch locks all shards; without, those of the key and of the destination.
//!
//! | file | holds |
//! |---|---|
//! | `options` | the syntax |
//! | `pattern` | from an element to the value of another key |
//! | `order` | weights and how they compare |
//! | `slices` | sorting many elements without keeping others waiting |

mod options;
mod order;
mod pattern;
mod slices;

use super::list::value as lists;
use super::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Kind, Loc, NoMemory, StringRef, ValueRef, format_int, try_box};
use crate::types::list::{Builder, ListRef, Side};
use crate::types::set::SetRef;
use crate::types::zset::View;
pub use options::has_patterns;
use options::{By, Options};
use order::{Item, Order, Weight};
use pattern::Pattern;
use slices::Sorting;
use std::ops::Range;

/// From so many bytes of elements on, the copy of them is not freed where others wait for the lock.
const GARBAGE_MIN: usize = 1 << 20;

/// Elements one after the other in one block.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
}

impl Texts {
    fn push(&mut self, text: &[u8]) -> Result<Range<usize>, CommandError> {
        let start = self.bytes.len();
        self.bytes.try_reserve(text.len()).map_err(|_| CommandError::NO_MEMORY)?;
        self.bytes.extend_from_slice(text);
        Ok(start..self.bytes.len())
    }

    fn get(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }
}

/// SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]
pub fn sort(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, &Options::parse(args, true)?)
}

/// SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
pub fn sort_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    run(ctx, args, &Options::parse(args, false)?)
}

fn run(ctx: &mut Ctx, args: &Args, options: &Options) -> CmdResult {
    let key = args.key(0);
    let found = ctx.read(key);
    let kind = match found {
        Some(loc) => ctx.db(key).kind(loc),
        None => Kind::List,
    };
    if !matches!(kind, Kind::List | Kind::Set | Kind::ZSet) {
        return Err(CommandError::WRONG_TYPE);
    }
    let mut order = Order { alpha: options.alpha, descending: options.descending, by_itself: true };
    let mut by = options.by;
    if matches!(by, By::Nothing) && kind == Kind::Set && options.store {
        // What is stored must not depend on how a set happens to be kept.
        (by, order.alpha) = (By::Itself, true);
    }
    let mut texts = Texts::default();
    let mut items = Vec::new();
    if let Some(loc) = found {
        let len = len(ctx, key, loc);
        items.try_reserve_exact(len).map_err(|_| CommandError::NO_MEMORY)?;
        let range = options.range(len);
        if matches!(by, By::Nothing) {
            // A list and a sorted set have an order already, which DESC turns round.
            let reverse = options.descending;
            collect(ctx, key, loc, reverse, range, &mut texts, &mut items)?;
        } else {
            collect(ctx, key, loc, false, 0..len, &mut texts, &mut items)?;
            if len >= slices::ELEMENTS_MIN && needs_nothing_else(by, options) {
                let repeats = options.get.len().max(1);
                return ctx.go_on(try_box(Sorting::new(texts, items, order, range, repeats)?)?);
            }
            order.by_itself = matches!(by, By::Itself);
            weigh(ctx, by, order, &mut texts, &mut items)?;
            // Elements of equal weight stay in their order, which is that of their texts; a stable sort would ask for memory.
            let place = |item: &Item| (item.text.start, item.text.end);
            items.sort_unstable_by(|a, b| order.compare(a, b, &texts.bytes).then_with(|| place(a).cmp(&place(b))));
            items.truncate(range.end);
            items.drain(..range.start.min(items.len()));
        }
    }
    let result =
        if options.store { store(ctx, args, options, &texts, &items) } else { reply(ctx, options, &texts, &items) };
    if texts.bytes.len() >= GARBAGE_MIN {
        ctx.engine.reclaimer.defer((texts, items));
    }
    result
}

/// Whether the elements alone make the reply.
fn needs_nothing_else(by: By, options: &Options) -> bool {
    matches!(by, By::Itself) && !options.store && options.get.iter().all(Pattern::is_element)
}

fn len(ctx: &mut Ctx, key: Key, loc: Loc) -> usize {
    let value = ctx.db(key).value(loc);
    match value.kind() {
        Kind::List => ListRef::of(value).map_or(0, ListRef::len),
        Kind::Set => SetRef::of(value).map_or(0, SetRef::len),
        _ => View::of(value).map_or(0, View::len),
    }
}

/// Copies the elements in `range` of the order in which they are stored.
fn collect(
    ctx: &mut Ctx,
    key: Key,
    loc: Loc,
    reverse: bool,
    range: Range<usize>,
    texts: &mut Texts,
    items: &mut Vec<Item>,
) -> CmdResult {
    let mut digits = [0; 20];
    let (skipped, count) = (range.start, range.len());
    let mut add = |text: &[u8]| {
        items.push(Item { text: texts.push(text)?, weight: Weight::None });
        Ok(())
    };
    let value = ctx.db(key).value(loc);
    if let Some(list) = ListRef::of(value) {
        let from = if reverse { Side::Right } else { Side::Left };
        let mut outcome = Ok(());
        list.for_some(from, skipped, count, |element| {
            if outcome.is_ok() {
                outcome = add(text_of(element, &mut digits));
            }
        })?;
        outcome
    } else if let Some(set) = SetRef::of(value) {
        set.iter().skip(skipped).take(count).try_for_each(|member| add(member.text(&mut digits)))
    } else if let Some(zset) = View::of(value) {
        let ranks = if reverse { zset.len() - range.end..zset.len() - range.start } else { range };
        let mut outcome = Ok(());
        zset.walk(ranks, reverse, |member, _| {
            if outcome.is_ok() {
                outcome = add(member);
            }
        });
        outcome
    } else {
        Ok(())
    }
}

fn text_of<'a>(element: StringRef<'a>, digits: &'a mut [u8; 20]) -> &'a [u8] {
    match element {
        StringRef::Str(bytes) => bytes,
        StringRef::Int(int) => format_int(int, digits),
    }
}

/// Finds out what each element is ordered by.
fn weigh(ctx: &mut Ctx, by: By, order: Order, texts: &mut Texts, items: &mut [Item]) -> CmdResult {
    let mut found = Vec::new();
    for item in items {
        let range = match by {
            By::Pattern(pattern) => {
                found.clear();
                if !pattern.look_up(ctx, texts.get(&item.text), &mut found)? {
                    continue;
                }
                if order.alpha { Some(texts.push(&found)?) } else { None }
            }
            By::Itself | By::Nothing => Some(item.text.clone()),
        };
        item.weight = if order.alpha {
            range.map_or(Weight::None, Weight::Text)
        } else {
            let text = range.as_ref().map_or(found.as_slice(), |range| texts.get(range));
            Weight::number(text)?
        };
    }
    Ok(())
}

/// What a GET pattern makes of an element, into `into`; false if there is nothing.
fn get(ctx: &mut Ctx, pattern: Pattern, element: &[u8], into: &mut Vec<u8>) -> Result<bool, NoMemory> {
    into.clear();
    if pattern.is_element() {
        return append(into, element).map(|()| true);
    }
    pattern.look_up(ctx, element, into)
}

fn reply(ctx: &mut Ctx, options: &Options, texts: &Texts, items: &[Item]) -> CmdResult {
    ctx.reply.array(items.len() * options.get.len().max(1));
    let mut found = Vec::new();
    for item in items {
        let element = texts.get(&item.text);
        if options.get.is_empty() {
            ctx.reply.bulk(element);
        }
        for pattern in &options.get {
            if get(ctx, *pattern, element, &mut found)? {
                ctx.reply.bulk(&found);
            } else {
                ctx.reply.null();
            }
        }
    }
    Ok(())
}

fn store(ctx: &mut Ctx, args: &Args, options: &Options, texts: &Texts, items: &[Item]) -> CmdResult {
    let destination = args.key(1);
    let mut builder = Builder::new(lists::fill(ctx))?;
    let mut found = Vec::new();
    for item in items {
        let element = texts.get(&item.text);
        if options.get.is_empty() {
            builder.push(Side::Right, lists::element(element))?;
        }
        for pattern in &options.get {
            if !get(ctx, *pattern, element, &mut found)? {
                found.clear();
            }
            builder.push(Side::Right, lists::element(&found))?;
        }
    }
    let count = items.len() * options.get.len().max(1);
    let old = ctx.peek(destination);
    match builder.finish() {
        Some(built) => {
            let loc = lists::store(ctx, destination, old, built)?;
            ctx.db(destination).clear_deadline(loc);
            ctx.changed(destination);
            ctx.count_changes(count as u64 - 1);
            ctx.notify(Class::List, c"sortstore", destination);
        }
        None => {
            if let Some(loc) = old {
                ctx.db(destination).remove(loc);
                ctx.changed(destination);
                ctx.notify(Class::Generic, c"del", destination);
            }
        }
    }
    ctx.reply.integer(count as i64);
    Ok(())
}

fn append(into: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoMemory> {
    into.try_reserve(bytes.len())?;
    into.extend_from_slice(bytes);
    Ok(())
}

/// Appends the text of a string value; false for other types.
fn string_into(value: ValueRef<'_>, into: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let Some(string) = value.string() else { return Ok(false) };
    append(into, text_of(string, &mut [0; 20])).map(|()| true)
}
