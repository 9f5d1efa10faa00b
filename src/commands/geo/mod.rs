//! Geography (<https://redis.io/docs/latest/develop/data-types/geospatial/>): sorted sets whose scores are places.
//!
//! | file | commands |
//! |---|---|
//! | `add` | GEOADD |
//! | `lookup` | GEOPOS GEODIST GEOHASH |
//! | `query` | the arguments of all searches |
//! | `search` | GEOSEARCH GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER and their _RO forms |
//!
//! The computations are in [`types::geo`](crate::types::geo).

mod add;
mod lookup;
mod query;
mod search;

pub use add::geoadd;
pub use lookup::{geodist, geohash, geopos};
pub(super) use query::repeated_store;
pub use search::{georadius, georadius_ro, georadiusbymember, georadiusbymember_ro, geosearch, geosearchstore};

use super::{Args, CommandError};
use crate::resp::ReplyWriter;
use crate::resp::number::StackText;
use crate::types::geo::{LATITUDE_MAX, LONGITUDE_MAX, Place};

const BAD_UNIT: CommandError = CommandError::fixed("ERR unsupported unit provided. please use M, KM, FT, MI");

/// Arguments `index` and the next as a longitude and a latitude.
///
/// # Errors
/// If one is not a number, or if there is no such place on the map.
fn place(args: &Args, index: usize) -> Result<Place, CommandError> {
    let (longitude, latitude) = (args.float(index)?, args.float(index + 1)?);
    if longitude.abs() > LONGITUDE_MAX || latitude.abs() > LATITUDE_MAX {
        return Err(CommandError::composed(format_args!(
            "ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"
        )));
    }
    Ok(Place { longitude, latitude })
}

/// Argument `index` as a unit, in metres.
///
/// # Errors
/// If there is no such unit.
fn unit_m(args: &Args, index: usize) -> Result<f64, CommandError> {
    let units = [("m", 1.0), ("km", 1000.0), ("ft", 0.3048), ("mi", 1609.34)];
    units.into_iter().find(|(name, _)| args.is(index, name)).map(|(_, metres)| metres).ok_or(BAD_UNIT)
}

/// Text of a distance on this planet in any unit, or of degrees.
type Decimals = StackText<32>;

/// Replies a distance, with four decimals.
fn reply_distance(reply: &mut ReplyWriter, distance: f64) {
    reply.bulk(Decimals::of(format_args!("{distance:.4}")).as_bytes());
}

/// Replies a longitude and a latitude, with up to 17 decimals.
fn reply_place(reply: &mut ReplyWriter, place: Place) {
    reply.array(2);
    for degrees in [place.longitude, place.latitude] {
        let text = Decimals::of(format_args!("{degrees:.17}"));
        let mut digits = text.as_bytes();
        while let [before @ .., b'0'] = digits {
            digits = before;
        }
        reply.double_text(digits.strip_suffix(b".").unwrap_or(digits));
    }
}
