//! Geography: places on the earth as scores of a sorted set, so that what is near each other has scores near each other.
//!
//! | file | what |
//! |---|---|
//! | `cell` | the earth divided into cells, and the number of a cell (a geohash) |
//! | `shape` | what is searched, distances, and the cells that cover a shape |
//! | `search` | the members of a sorted set inside a shape |
//!
//! Numbers, cells and formulas are Redis's (<https://redis.io/docs/latest/develop/data-types/geospatial/>), to the last bit:
//! scores are stored, compared and dumped, and distances are replied with four decimals.

mod cell;
mod search;
mod shape;

pub use cell::{LATITUDE_MAX, LONGITUDE_MAX, geohash_text, place_of_score, score_of_place};
pub use search::{Found, search};
pub use shape::{Extent, Shape, distance_m};

/// A point on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub longitude: f64,
    pub latitude: f64,
}
