//! Statistics of one engine.
//!
//! What every request counts lives in a [`Counters`] block with exactly one writer (a reactor, or one in-process
//! session), so counting is a plain load and store, never a locked instruction. Readers add the blocks up. Rare
//! events are counted in [`Stats`] directly.

use crate::storage::{NoMemory, Shared, try_box, try_collect, try_push};
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Latency classes of one command. Class `i` counts calls of up to [`bucket_bound_us`]`(i)` that are in no lower one;
/// the last one everything above a second too.
pub const LATENCY_BUCKETS: usize = 21;

/// The longest duration of a latency class: 1024 ns doubled again and again, which is where Redis draws the lines of
/// LATENCY HISTOGRAM. Durations are whole microseconds, so the fraction does not count.
pub const fn bucket_bound_us(bucket: usize) -> u64 {
    (1024 << bucket) / 1000
}

const fn bucket_of(usec: u64) -> usize {
    let units = usec.saturating_mul(1000).div_ceil(1024);
    // The logarithm, rounded up.
    let class = u64::BITS - units.saturating_sub(1).leading_zeros();
    if (class as usize) < LATENCY_BUCKETS { class as usize } else { LATENCY_BUCKETS - 1 }
}

/// Where the first word of an error must have ended to be its prefix.
const ERROR_PREFIX_BYTES_MAX: usize = 32;

/// How many errors with one prefix there were. The prefix lies in place, so that a new one needs no block of its own.
#[derive(Clone, Copy)]
struct ErrorKind {
    prefix: [u8; ERROR_PREFIX_BYTES_MAX],
    len: usize,
    count: u64,
}

impl ErrorKind {
    fn prefix(&self) -> &[u8] {
        &self.prefix[..self.len]
    }
}

/// Distinct error prefixes that INFO lists; Redis stops at the same number against abuse.
const ERROR_KINDS_MAX: usize = 128;

/// Counters of one command in one block.
#[derive(Default)]
pub struct CommandCounters {
    pub calls: AtomicU64,
    pub usec: AtomicU64,
    pub rejected: AtomicU64,
    pub failed: AtomicU64,
    histogram: OnceLock<Box<[AtomicU64; LATENCY_BUCKETS]>>,
}

/// In the place of counters that there was no memory for: what is counted here is never looked at.
static UNCOUNTED: CommandCounters = CommandCounters {
    calls: AtomicU64::new(0),
    usec: AtomicU64::new(0),
    rejected: AtomicU64::new(0),
    failed: AtomicU64::new(0),
    histogram: OnceLock::new(),
};

/// Counters with a single writer.
pub struct Counters {
    pub commands: AtomicU64,
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    /// Changes to the data, what Redis calls dirty.
    pub changes: AtomicU64,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    /// Calls of read and of write on sockets.
    pub reads: AtomicU64,
    pub writes: AtomicU64,
    per_command: Box<[CommandCounters]>,
    /// Those of ids beyond: commands of the host. Most writers never run one.
    of_host: OnceLock<Box<HostCounters>>,
}

/// Counters of the commands of a host, whose number is not known beforehand: chunk `n` has room for
/// [`HOST_CHUNK`]` << n` of them and is made when the first of its commands runs.
type HostCounters = [OnceLock<Box<[CommandCounters]>>; HOST_CHUNKS];

/// Host commands of the first chunk.
const HOST_CHUNK: usize = 16;
/// Enough for all ids there are.
const HOST_CHUNKS: usize = 13;

/// The chunk that holds host command `index`, and its place in there.
const fn host_place(index: usize) -> (usize, usize) {
    let chunk = (index / HOST_CHUNK + 1).ilog2() as usize;
    (chunk, index + HOST_CHUNK - (HOST_CHUNK << chunk))
}

const _: () = assert!(host_place(u16::MAX as usize).0 < HOST_CHUNKS);

/// Adds to a counter that only the calling thread writes.
#[inline]
pub fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

impl Counters {
    fn new(commands: usize) -> Result<Self, NoMemory> {
        Ok(Self {
            commands: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            per_command: try_collect((0..commands).map(|_| CommandCounters::default()))?.into_boxed_slice(),
            of_host: OnceLock::new(),
        })
    }

    /// Counters of the command with this id.
    #[inline]
    pub fn command(&self, id: u16) -> &CommandCounters {
        match self.per_command.get(id as usize) {
            Some(counters) => counters,
            None => self.host_command(id as usize - self.per_command.len()).unwrap_or(&UNCOUNTED),
        }
    }

    /// `None` if there is no memory for them; a later call may find some.
    fn host_command(&self, index: usize) -> Option<&CommandCounters> {
        let (chunk, at) = host_place(index);
        if self.of_host.get().is_none() {
            let chunks = try_box([const { OnceLock::new() }; HOST_CHUNKS]).ok()?;
            let _ = self.of_host.set(chunks);
        }
        let chunk_of_host = &self.of_host.get()?[chunk];
        if chunk_of_host.get().is_none() {
            let mut counters = Vec::new();
            counters.try_reserve_exact(HOST_CHUNK << chunk).ok()?;
            counters.resize_with(HOST_CHUNK << chunk, CommandCounters::default);
            let _ = chunk_of_host.set(counters.into_boxed_slice());
        }
        chunk_of_host.get()?.get(at)
    }

    /// One more than the highest id that is counted.
    fn ids(&self) -> usize {
        self.by_id().last().map_or(0, |(id, _)| id + 1)
    }

    /// Counters of all commands in the order of their ids; after a gap, those of some commands of the host.
    fn by_id(&self) -> impl Iterator<Item = (usize, &CommandCounters)> {
        let chunks = self.of_host.get().into_iter().flat_map(|chunks| chunks.iter().enumerate());
        let of_host = chunks.flat_map(|(chunk, counters)| {
            let first = self.per_command.len() + (HOST_CHUNK << chunk) - HOST_CHUNK;
            counters.get().into_iter().flat_map(move |counters| (first..).zip(counters.iter()))
        });
        self.per_command.iter().enumerate().chain(of_host)
    }

    /// Notes one finished call.
    #[inline]
    pub fn called(&self, id: u16) {
        bump(&self.commands, 1);
        bump(&self.command(id).calls, 1);
    }

    /// Notes how long calls took: `usec` in total for `calls` calls of about equal length.
    pub fn took(&self, id: u16, usec: u64, calls: u64) {
        let command = self.command(id);
        bump(&command.usec, usec);
        let each = usec.div_ceil(calls.max(1)).max(1);
        if command.histogram.get().is_none()
            && let Ok(histogram) = try_box(std::array::from_fn(|_| AtomicU64::new(0)))
        {
            // It has one writer; whoever else was first has made one, too.
            let _ = command.histogram.set(histogram);
        }
        if let Some(histogram) = command.histogram.get() {
            bump(&histogram[bucket_of(each)], calls);
        }
    }
}

/// Sums over all blocks for one command.
#[derive(Clone, Default)]
pub struct CommandTotals {
    pub calls: u64,
    pub usec: u64,
    pub rejected: u64,
    pub failed: u64,
    pub histogram: [u64; LATENCY_BUCKETS],
}

impl CommandTotals {
    /// Calls whose duration is known.
    pub fn timed_calls(&self) -> u64 {
        self.histogram.iter().sum()
    }

    /// The duration that `percentile` percent of the calls did not exceed, in microseconds: exact to the class, and
    /// within a class as if its calls were spread evenly.
    pub fn percentile_us(&self, percentile: f64) -> f64 {
        let rank = self.timed_calls() as f64 * percentile / 100.0;
        let mut below = 0.0;
        let mut low_us = 0.0;
        for (bucket, calls) in self.histogram.iter().enumerate() {
            let high_us = bucket_bound_us(bucket) as f64;
            let calls = *calls as f64;
            if calls > 0.0 && below + calls >= rank {
                return low_us + (high_us - low_us) * (rank - below) / calls;
            }
            below += calls;
            low_us = high_us;
        }
        low_us
    }
}

/// Sums over all blocks.
#[derive(Default)]
pub struct Totals {
    pub commands: u64,
    pub hits: u64,
    pub misses: u64,
    pub changes: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub reads: u64,
    pub writes: u64,
    pub per_command: Vec<CommandTotals>,
}

impl Totals {
    /// Adds the counters of one block; those of commands for which there is no room are left out.
    fn add(&mut self, block: &Counters) {
        self.commands += block.commands.load(Relaxed);
        self.hits += block.hits.load(Relaxed);
        self.misses += block.misses.load(Relaxed);
        self.changes += block.changes.load(Relaxed);
        self.bytes_in += block.bytes_in.load(Relaxed);
        self.bytes_out += block.bytes_out.load(Relaxed);
        self.reads += block.reads.load(Relaxed);
        self.writes += block.writes.load(Relaxed);
        for (id, one) in block.by_id() {
            if self.make_room(id + 1).is_err() {
                return;
            }
            let total = &mut self.per_command[id];
            total.calls += one.calls.load(Relaxed);
            total.usec += one.usec.load(Relaxed);
            total.rejected += one.rejected.load(Relaxed);
            total.failed += one.failed.load(Relaxed);
            if let Some(histogram) = one.histogram.get() {
                for (sum, bucket) in total.histogram.iter_mut().zip(histogram.iter()) {
                    *sum += bucket.load(Relaxed);
                }
            }
        }
    }

    /// Makes room for so many commands.
    fn make_room(&mut self, commands: usize) -> Result<(), NoMemory> {
        let missing = commands.saturating_sub(self.per_command.len());
        self.per_command.try_reserve(missing)?;
        self.per_command.resize_with(self.per_command.len() + missing, CommandTotals::default);
        Ok(())
    }

    fn subtract(&mut self, base: &Totals) {
        self.commands = self.commands.saturating_sub(base.commands);
        self.hits = self.hits.saturating_sub(base.hits);
        self.misses = self.misses.saturating_sub(base.misses);
        self.bytes_in = self.bytes_in.saturating_sub(base.bytes_in);
        self.bytes_out = self.bytes_out.saturating_sub(base.bytes_out);
        self.reads = self.reads.saturating_sub(base.reads);
        self.writes = self.writes.saturating_sub(base.writes);
        for (total, base) in self.per_command.iter_mut().zip(&base.per_command) {
            total.calls = total.calls.saturating_sub(base.calls);
            total.usec = total.usec.saturating_sub(base.usec);
            total.rejected = total.rejected.saturating_sub(base.rejected);
            total.failed = total.failed.saturating_sub(base.failed);
            for (sum, base) in total.histogram.iter_mut().zip(base.histogram) {
                *sum = sum.saturating_sub(base);
            }
        }
    }
}

/// Statistics of one engine.
pub struct Stats {
    commands: usize,
    blocks: Mutex<Blocks>,
    pub expired_keys: AtomicU64,
    /// Listpacks and intsets of payloads that were checked.
    pub payload_sanitizations: AtomicU64,
    /// Microseconds spent on expiring keys that nobody asked for.
    pub expire_us: AtomicU64,
    pub connections_received: AtomicU64,
    pub connections_rejected: AtomicU64,
    pub client_output_limit_disconnections: AtomicU64,
    pub client_query_limit_disconnections: AtomicU64,
    pub peak_memory: AtomicU64,
    pub error_replies: AtomicU64,
    /// By prefix.
    errors: Mutex<Vec<ErrorKind>>,
}

#[derive(Default)]
struct Blocks {
    live: Vec<Shared<Counters>>,
    /// Sums of blocks whose writer is gone.
    retired: Totals,
    /// Sums at the last CONFIG RESETSTAT: writers never see a reset.
    base: Totals,
}

impl Stats {
    /// Statistics over `commands` command ids.
    pub fn new(commands: usize) -> Self {
        Self {
            commands,
            blocks: Mutex::default(),
            expired_keys: AtomicU64::new(0),
            payload_sanitizations: AtomicU64::new(0),
            expire_us: AtomicU64::new(0),
            connections_received: AtomicU64::new(0),
            connections_rejected: AtomicU64::new(0),
            client_output_limit_disconnections: AtomicU64::new(0),
            client_query_limit_disconnections: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            error_replies: AtomicU64::new(0),
            errors: Mutex::default(),
        }
    }

    /// A block for a new writer.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add_block(&self) -> Result<Shared<Counters>, NoMemory> {
        let block = Shared::new(Counters::new(self.commands)?)?;
        let mut blocks = self.blocks.lock();
        // What is needed when the block ends.
        blocks.retired.make_room(self.commands)?;
        try_push(&mut blocks.live, block.clone())?;
        Ok(block)
    }

    /// Bytes of the counters as they are when nothing was counted yet.
    pub fn fixed_memory(&self) -> usize {
        let blocks = self.blocks.lock().live.len();
        blocks * (size_of::<Counters>() + self.commands * size_of::<CommandCounters>())
    }

    /// Ends a block: its sums stay, its memory goes.
    pub fn retire_block(&self, block: &Shared<Counters>) {
        let mut blocks = self.blocks.lock();
        blocks.live.retain(|live| !live.is_same(block));
        blocks.retired.add(block);
    }

    /// Sums since the start or the last [`Stats::reset`].
    ///
    /// # Errors
    /// If memory is short.
    pub fn totals(&self) -> Result<Totals, NoMemory> {
        let blocks = self.blocks.lock();
        let mut totals = blocks.sum(self.commands)?;
        totals.subtract(&blocks.base);
        Ok(totals)
    }

    /// Commands processed since the start, never reset: what rates are computed from.
    pub fn commands_ever(&self) -> (u64, u64, u64) {
        let blocks = self.blocks.lock();
        let mut sums = (blocks.retired.commands, blocks.retired.bytes_in, blocks.retired.bytes_out);
        for block in &blocks.live {
            sums.0 += block.commands.load(Relaxed);
            sums.1 += block.bytes_in.load(Relaxed);
            sums.2 += block.bytes_out.load(Relaxed);
        }
        sums
    }

    /// Changes since the last save, which nothing does yet (INFO's `rdb_changes_since_last_save`).
    pub fn changes(&self) -> u64 {
        let blocks = self.blocks.lock();
        blocks.retired.changes + blocks.live.iter().map(|block| block.changes.load(Relaxed)).sum::<u64>()
    }

    /// CONFIG RESETSTAT.
    ///
    /// # Errors
    /// If memory is short; nothing is reset then.
    pub fn reset(&self) -> Result<(), NoMemory> {
        let mut blocks = self.blocks.lock();
        blocks.base = blocks.sum(self.commands)?;
        for counter in [
            &self.expired_keys,
            &self.payload_sanitizations,
            &self.expire_us,
            &self.connections_received,
            &self.connections_rejected,
            &self.client_output_limit_disconnections,
            &self.client_query_limit_disconnections,
            &self.error_replies,
        ] {
            counter.store(0, Relaxed);
        }
        self.errors.lock().clear();
        Ok(())
    }

    /// Counts keys that have expired.
    pub fn count_expired(&self, keys: u64) {
        self.expired_keys.fetch_add(keys, Relaxed);
    }

    /// Counts an error reply by its first word, which is `ERR` unless a short one is there. CONFIG RESETSTAT forgets. A word
    /// that is new when memory is short is only counted among all errors.
    pub fn error(&self, text: &[u8]) {
        self.error_replies.fetch_add(1, Relaxed);
        let end = text.iter().take(ERROR_PREFIX_BYTES_MAX).position(|&byte| byte == b' ');
        let word = end.map_or(&b"ERR"[..], |end| &text[..end]);
        let mut errors = self.errors.lock();
        match errors.binary_search_by(|kind| kind.prefix().cmp(word)) {
            Ok(place) => errors[place].count += 1,
            Err(place) => {
                if errors.len() < ERROR_KINDS_MAX && errors.try_reserve(1).is_ok() {
                    let mut prefix = [0; ERROR_PREFIX_BYTES_MAX];
                    prefix[..word.len()].copy_from_slice(word);
                    errors.insert(place, ErrorKind { prefix, len: word.len(), count: 1 });
                }
            }
        }
    }

    /// Shows `visit` the first words of error replies, in order, and how many there were of each.
    pub fn for_each_error(&self, mut visit: impl FnMut(&[u8], u64)) {
        self.errors.lock().iter().for_each(|kind| visit(kind.prefix(), kind.count));
    }
}

impl Blocks {
    fn sum(&self, commands: usize) -> Result<Totals, NoMemory> {
        let live = self.live.iter().map(|block| block.ids()).max().unwrap_or(0);
        let mut totals = Totals { per_command: Vec::new(), ..self.retired };
        totals.per_command.try_reserve_exact(commands.max(live).max(self.retired.per_command.len()))?;
        totals.per_command.extend_from_slice(&self.retired.per_command);
        totals.make_room(commands.max(live))?;
        for block in &self.live {
            totals.add(block);
        }
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_blocks_still_count_and_reset_forgets() {
        let stats = Stats::new(3);
        let [a, b] = [(); 2].map(|()| stats.add_block().expect("memory"));
        a.called(1);
        a.took(1, 5, 1);
        b.called(1);
        b.called(2);
        stats.retire_block(&a);
        let totals = stats.totals().expect("memory");
        assert_eq!((totals.commands, totals.per_command[1].calls, totals.per_command[1].usec), (3, 2, 5));
        assert_eq!(totals.per_command[1].histogram[3], 1, "5 us belong to the class up to 8 us");
        assert_eq!([0, 1, 2, 3, 32, 33, 65, 66].map(bucket_of), [0, 0, 1, 2, 5, 6, 6, 7]);
        assert_eq!([1_000_000, 2_000_000, u64::MAX].map(bucket_of), [20, 20, 20]);
        assert!((0..LATENCY_BUCKETS).all(|bucket| bucket_of(bucket_bound_us(bucket)) == bucket));
        stats.reset().expect("memory");
        b.called(2);
        let totals = stats.totals().expect("memory");
        assert_eq!((totals.commands, totals.per_command[1].calls, totals.per_command[2].calls), (1, 0, 1));
        assert_eq!(stats.commands_ever().0, 4);
    }

    #[test]
    fn commands_of_the_host_are_counted_beside_those_of_the_table() {
        let stats = Stats::new(3);
        let [a, b] = [(); 2].map(|()| stats.add_block().expect("memory"));
        for id in [3, 18, 19, 50, 51, 1000, u16::MAX] {
            a.called(id);
            b.called(id);
            b.took(id, 5, 1);
        }
        b.called(0);
        stats.retire_block(&a);
        stats.add_block().expect("memory").called(2);
        let totals = stats.totals().expect("memory");
        for id in [3, 18, 19, 50, 51, 1000, usize::from(u16::MAX)] {
            assert_eq!((totals.per_command[id].calls, totals.per_command[id].usec), (2, 5), "{id}");
        }
        assert_eq!(totals.per_command.iter().map(|total| total.calls).sum::<u64>(), totals.commands);
        stats.reset().expect("memory");
        b.called(51);
        assert_eq!(stats.totals().expect("memory").per_command[51].calls, 1);
    }

    #[test]
    fn every_host_command_has_one_place() {
        let mut next = (0, 0);
        for index in 0..=usize::from(u16::MAX) {
            assert_eq!(host_place(index), next);
            next = if next.1 + 1 == HOST_CHUNK << next.0 { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
    }

    #[test]
    fn percentiles_lie_in_their_class() {
        let mut totals = CommandTotals::default();
        assert_eq!(totals.percentile_us(50.0), bucket_bound_us(LATENCY_BUCKETS - 1) as f64);
        totals.histogram[3] = 99;
        totals.histogram[10] = 1;
        assert_eq!(totals.timed_calls(), 100);
        assert!((4.0..=8.0).contains(&totals.percentile_us(50.0)));
        assert_eq!(totals.percentile_us(99.0), 8.0);
        assert_eq!(totals.percentile_us(100.0), 1048.0);
        assert!(totals.percentile_us(0.0) >= 4.0);
    }

    #[test]
    fn errors_are_counted_by_prefix_up_to_a_limit() {
        let stats = Stats::new(0);
        stats.error(b"ERR one");
        stats.error(b"ERR two");
        for i in 0..500 {
            stats.error(format!("E{i} x").as_bytes());
        }
        stats.error(b"withoutanyblankinthefirstthirtytwobytes");
        let mut kinds = Vec::new();
        stats.for_each_error(|prefix, count| kinds.push((prefix.to_vec(), count)));
        assert!(kinds.is_sorted() && kinds.contains(&(b"ERR".to_vec(), 3)) && kinds.contains(&(b"E7".to_vec(), 1)));
        assert_eq!(kinds.len(), ERROR_KINDS_MAX);
    }
}
