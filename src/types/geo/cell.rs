//! Cells: the map (Web Mercator's range of latitudes) divided into 2^step columns and as many rows, numbered along a
//! Z-order curve.
//!
//! ```text
//!  step 1   | 1 | 3 |      bits   ... lon1 lat1 lon0 lat0     each further step divides a cell by four and
//!           | 0 | 2 |                                        appends two bits to its number
//! ```
//!
//! A score is the number of a cell of the finest division, 26 steps: 52 bits, which a double holds exactly, and 60 cm at
//! the equator. All scores inside a coarser cell are one range, because they share its bits.

use super::Place;

pub const LONGITUDE_MAX: f64 = 180.0;
/// Where Web Mercator ends, so that its map is a square.
pub const LATITUDE_MAX: f64 = 85.051_128_78;
/// The finest division.
pub const STEP_MAX: u32 = 26;

/// The bits of longitudes in a cell's number.
const COLUMN_BITS: u64 = 0xAAAA_AAAA_AAAA_AAAA;
/// Those of latitudes.
const ROW_BITS: u64 = 0x5555_5555_5555_5555;

/// Degrees from a minimum to a maximum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub min: f64,
    pub max: f64,
}

impl Interval {
    const LONGITUDES: Self = Self { min: -LONGITUDE_MAX, max: LONGITUDE_MAX };
    const LATITUDES: Self = Self { min: -LATITUDE_MAX, max: LATITUDE_MAX };

    /// Which of 2^step parts a coordinate is in; the upper end of the last one belongs to none.
    fn part(self, coordinate: f64, step: u32) -> u32 {
        let share = (coordinate - self.min) / (self.max - self.min);
        (share * (1u64 << step) as f64) as u32
    }

    /// The limits of the `index`-th of 2^step parts.
    fn limits(self, index: u32, step: u32) -> Self {
        let (parts, length) = ((1u64 << step) as f64, self.max - self.min);
        let limit = |index: u32| self.min + f64::from(index) / parts * length;
        Self { min: limit(index), max: limit(index.wrapping_add(1)) }
    }

    fn middle(self) -> f64 {
        (self.min + self.max) / 2.0
    }
}

/// A cell of one division of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub bits: u64,
    pub step: u32,
}

/// What a cell covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub longitudes: Interval,
    pub latitudes: Interval,
}

impl Cell {
    /// The cell of a place.
    pub fn of(place: Place, step: u32) -> Self {
        Self::of_map(place, step, Interval::LATITUDES)
    }

    fn of_map(place: Place, step: u32, latitudes: Interval) -> Self {
        let row = latitudes.part(place.latitude, step);
        let column = Interval::LONGITUDES.part(place.longitude, step);
        Self { bits: spread(row) | spread(column) << 1, step }
    }

    pub fn area(self) -> Area {
        let (row, column) = (gather(self.bits), gather(self.bits >> 1));
        Area {
            longitudes: Interval::LONGITUDES.limits(column, self.step),
            latitudes: Interval::LATITUDES.limits(row, self.step),
        }
    }

    /// The cell so many columns east and rows north, -1 to 1, around the edges of the map. It is found by arithmetic on
    /// every other bit: what lies between is filled with ones, which carry.
    pub fn neighbor(self, east: i32, north: i32) -> Self {
        let shift = u64::BITS - 2 * self.step;
        let shifted = |bits: u64, own: u64, others: u64, by: i32| {
            let (own, others) = (own >> shift, others >> shift);
            let moved = match by {
                1.. => (bits & own).wrapping_add(others + 1),
                0 => bits,
                _ => (bits & own | others).wrapping_sub(others + 1),
            };
            if by == 0 { bits } else { moved & own }
        };
        let columns = shifted(self.bits & COLUMN_BITS, COLUMN_BITS, ROW_BITS, east);
        let rows = shifted(self.bits & ROW_BITS, ROW_BITS, COLUMN_BITS, north);
        Self { bits: columns | rows, ..self }
    }

    /// The scores inside: from the first up to, but not, the second.
    pub fn scores(self) -> (f64, f64) {
        let align = |bits: u64| (bits << (2 * (STEP_MAX - self.step))) as f64;
        (align(self.bits), align(self.bits.wrapping_add(1)))
    }
}

/// The score of a place: the number of its finest cell.
pub fn score_of_place(place: Place) -> f64 {
    Cell::of(place, STEP_MAX).bits as f64
}

/// The middle of the cell that a score stands for. Every score stands for one, though not every one was made from a
/// place.
pub fn place_of_score(score: f64) -> Place {
    let area = Cell { bits: cast(score), step: STEP_MAX }.area();
    Place {
        longitude: area.longitudes.middle().clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
        latitude: area.latitudes.middle().clamp(-LATITUDE_MAX, LATITUDE_MAX),
    }
}

/// A double as C compilers for x86-64 make it a 64-bit unsigned integer, which matters for scores that are no numbers
/// of cells: negative and infinite ones.
fn cast(double: f64) -> u64 {
    const HALF: f64 = (1u64 << 63) as f64;
    // What the instruction returns for what does not fit.
    let signed = |double: f64| if (-HALF..HALF).contains(&double) { double as i64 } else { i64::MIN };
    if double >= HALF { signed(double - HALF).cast_unsigned() ^ 1 << 63 } else { signed(double).cast_unsigned() }
}

/// The text that the rest of the world calls a geohash, which divides all latitudes up to the poles. Of its 11 characters
/// the last is always `0`: there are not enough bits for it.
pub fn geohash_text(place: Place) -> [u8; 11] {
    const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let bits = Cell::of_map(place, STEP_MAX, Interval { min: -90.0, max: 90.0 }).bits;
    let mut text = [b'0'; 11];
    for (index, letter) in text.iter_mut().take(10).enumerate() {
        *letter = ALPHABET[(bits >> (52 - 5 * (index + 1))) as usize & 0x1F];
    }
    text
}

/// Moves the bits of a number apart, so that others fit in between.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF;
    bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF;
    bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
    (bits | bits << 1) & ROW_BITS
}

/// Undoes [`spread`].
fn gather(bits: u64) -> u32 {
    let mut bits = bits & ROW_BITS;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0F0F_0F0F_0F0F_0F0F;
    bits = (bits | bits >> 4) & 0x00FF_00FF_00FF_00FF;
    bits = (bits | bits >> 8) & 0x0000_FFFF_0000_FFFF;
    (bits | bits >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(longitude: f64, latitude: f64) -> Place {
        Place { longitude, latitude }
    }

    #[test]
    fn scores_and_texts_are_those_of_redis() {
        let palermo = place(13.361389, 38.115556);
        assert_eq!(score_of_place(palermo), 3479099956230698.0);
        assert_eq!(geohash_text(place_of_score(3479099956230698.0)), *b"sqc8b49rny0");
        let decoded = place_of_score(3479099956230698.0);
        assert_eq!(
            format!("{:.17} {:.17}", decoded.longitude, decoded.latitude),
            "13.36138933897018433 38.11555639549629859"
        );
        // Scores that no place has: fractions are cut, what is too large wraps around as in C.
        for (score, longitude, latitude) in [
            (1.5, "-179.99999731779098511", "-85.05112497791824921"),
            (f64::INFINITY, "-179.99999731779098511", "-85.05112751263942528"),
            (f64::NEG_INFINITY, "180.00000000000000000", "-85.05112751263942528"),
            (-5.0, "180.00000000000000000", "85.05112877999999910"),
            (4503599627370496.0, "-179.99999731779098511", "85.05112877999999910"),
            (4503599627370495.0, "179.99999731779098511", "85.05112751263942528"),
        ] {
            let place = place_of_score(score);
            let text = (format!("{:.17}", place.longitude), format!("{:.17}", place.latitude));
            assert_eq!((text.0.as_str(), text.1.as_str()), (longitude, latitude), "{score}");
        }
    }

    #[test]
    fn spreading_is_undone() {
        for number in [0, 1, 2, 0xFFFF_FFFF, 0xDEAD_BEEF, 1 << 26, 12345] {
            assert_eq!(gather(spread(number)), number);
            assert_eq!(gather(spread(number) | spread(!number) << 1), number);
        }
    }

    #[test]
    fn neighbors_are_next_to_each_other_and_go_around_the_map() {
        for step in [1, 2, 5, 26] {
            let last = (1u64 << step) - 1;
            for (column, row) in [(0, 0), (last, last), (last / 2, last / 3), (0, last)] {
                let cell = Cell { bits: spread(row as u32) | spread(column as u32) << 1, step };
                for (east, north) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 0)] {
                    let neighbor = cell.neighbor(east, north);
                    let expected = |from: u64, by: i32| from.wrapping_add_signed(by.into()) & last;
                    let found = (u64::from(gather(neighbor.bits >> 1)), u64::from(gather(neighbor.bits)));
                    assert_eq!(found, (expected(column, east), expected(row, north)), "{column} {row} {east} {north}");
                }
            }
        }
    }

    #[test]
    fn a_cell_covers_its_places_and_their_scores() {
        for (longitude, latitude) in [(0.0, 0.0), (-180.0, -85.0), (179.9, 85.0), (13.4, 52.5), (-122.3, 47.6)] {
            let place = place(longitude, latitude);
            for step in 1..=STEP_MAX {
                let cell = Cell::of(place, step);
                let area = cell.area();
                assert!(area.longitudes.min <= longitude && longitude <= area.longitudes.max);
                assert!(area.latitudes.min <= latitude && latitude <= area.latitudes.max);
                let (from, to) = cell.scores();
                assert!((from..to).contains(&score_of_place(place)));
            }
        }
    }
}
