//! Randomness for the tests of this folder: seeded, and the seed is printed.

/// A small generator (splitmix64).
pub struct Rng(u64);

impl Rng {
    /// Seeded from `KEYSPACE_SEED`, or from the clock; prints the seed, which a failing test shows.
    pub fn from_env() -> Self {
        let given = std::env::var("KEYSPACE_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = || std::time::UNIX_EPOCH.elapsed().map_or(1, |elapsed| elapsed.as_nanos() as u64);
        let seed = given.unwrap_or_else(clock);
        println!("KEYSPACE_SEED={seed}");
        Self(seed)
    }

    /// One of a series of fixed tests.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }
}
