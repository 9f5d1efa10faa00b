//! Places in sorted sets.

use super::Line;

pub const LINES: &[Line] = &[
    (16, "GEOADD key {NX|XX|CH} (longitude latitude spot)..."),
    (2, "ZADD key ((1|-5|1.5|-7.25|1E18|INF|-INF|3479099956230698|4503599627370496) spot)..."),
    (4, "GEOPOS key [spot...]"),
    (4, "GEOHASH key [spot...]"),
    (6, "GEODIST key spot spot [unit]"),
    (
        20,
        "GEOSEARCH key (FROMMEMBER spot|FROMLONLAT longitude latitude) (BYRADIUS distance unit|BYBOX distance distance unit) \
         {ASC|DESC|COUNT count|COUNT 3 ANY|WITHCOORD|WITHDIST|WITHHASH}",
    ),
    (
        4,
        "GEOSEARCH key {FROMMEMBER spot|FROMLONLAT longitude latitude|BYRADIUS distance unit|BYBOX distance distance unit|\
         ASC|DESC|COUNT integer|ANY|WITHCOORD|WITHDIST|WITHHASH|STOREDIST|STORE key|nasty} ASC DESC ASC DESC",
    ),
    (
        8,
        "GEOSEARCHSTORE key key (FROMMEMBER spot|FROMLONLAT longitude latitude) (BYRADIUS distance unit|\
         BYBOX distance distance unit) {ASC|DESC|COUNT count|STOREDIST|STOREDIST|WITHDIST}",
    ),
    (
        10,
        "GEORADIUS key longitude latitude distance unit \
         {ASC|DESC|COUNT count|ANY|WITHCOORD|WITHDIST|WITHHASH|STORE key|STOREDIST key|BYBOX 1 1 unit}",
    ),
    (4, "GEORADIUS_RO key longitude latitude distance unit {ASC|DESC|COUNT count|ANY|WITHDIST|WITHHASH|STORE key}"),
    (
        8,
        "GEORADIUSBYMEMBER key spot distance unit \
         {ASC|DESC|COUNT count|ANY|WITHCOORD|WITHDIST|WITHHASH|STORE key|STOREDIST key}",
    ),
    (3, "GEORADIUSBYMEMBER_RO key spot distance unit {ASC|DESC|COUNT count|WITHDIST|WITHCOORD|STORE key}"),
    (1, "SET key value"),
    (2, "DEL key..."),
    (2, "ZRANGE key 0 -1 WITHSCORES"),
    (1, "ZREM key spot..."),
    (1, "EXPIRE key seconds"),
    (1, "TTL key"),
    (2, "OBJECT ENCODING key"),
];
