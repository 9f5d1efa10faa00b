//! Geographic commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use session::{Client, Store};

/// Sicily, as in the documentation of Redis.
fn sicily() -> Client {
    let mut client = Store::new().client();
    client.expect(&[("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n")]);
    client
}

#[test]
fn places_are_added_and_read() {
    sicily().expect(&[
        ("GEOADD g NX CH 13.4 38.1 Palermo 1 1 x", ":1\r\n"),
        ("GEOADD g XX CH 13.4 38.1 Palermo 2 2 y", ":1\r\n"),
        ("GEOADD g XX 13.5 38.1 Palermo", ":0\r\n"),
        ("GEOADD g ch ch 13.4 38.1 Palermo", ":1\r\n"),
        ("GEOADD none XX 1 1 a", ":0\r\n"),
        ("EXISTS none", ":0\r\n"),
        (
            "GEOPOS g Palermo nosuch",
            "*2\r\n*2\r\n$20\r\n13.40000241994857788\r\n$20\r\n38.10000081174143105\r\n*-1\r\n",
        ),
        ("GEOPOS g", "*0\r\n"),
        ("GEOPOS nokey a", "*1\r\n*-1\r\n"),
        ("GEOHASH g Palermo nosuch", "*2\r\n$11\r\nsqc88zvsdd0\r\n$-1\r\n"),
        ("GEOHASH nokey a", "*1\r\n$-1\r\n"),
        ("ZSCORE g Catania", "$16\r\n3479447370796909\r\n"),
        ("TYPE g", "+zset\r\n"),
        ("OBJECT ENCODING g", "$8\r\nlistpack\r\n"),
    ]);
}

#[test]
fn geoadd_refuses() {
    let mut client = sicily();
    for words in ["NX XX 1 1 a", "1 1 a b", "1 1 a 2 2", "CH 1 1", "GT 1 1 a", "CH CH CH"] {
        assert_eq!(client.say(&format!("GEOADD g {words}")), "-ERR syntax error\r\n", "{words}");
    }
    client.expect(&[
        ("GEOADD g 1 1", "-ERR wrong number of arguments for 'geoadd' command\r\n"),
        ("GEOADD g foo 1 a", "-ERR value is not a valid float\r\n"),
        ("GEOADD g nan 1 a", "-ERR value is not a valid float\r\n"),
        ("GEOADD g 200 1 a", "-ERR invalid longitude,latitude pair 200.000000,1.000000\r\n"),
        ("GEOADD g 1 86 a", "-ERR invalid longitude,latitude pair 1.000000,86.000000\r\n"),
        ("GEOADD g inf 1 a", "-ERR invalid longitude,latitude pair inf,1.000000\r\n"),
        ("GEOADD g 180.0000001 0 b", "-ERR invalid longitude,latitude pair 180.000000,0.000000\r\n"),
        ("GEOADD g 1 1 a 200 1 b", "-ERR invalid longitude,latitude pair 200.000000,1.000000\r\n"),
        ("ZCARD g", ":2\r\n"),
        ("GEOADD g 180 85.05112878 a -180 -85.05112878 b", ":2\r\n"),
    ]);
}

#[test]
fn distances() {
    sicily().expect(&[
        ("GEODIST g Palermo Catania", "$11\r\n166274.1516\r\n"),
        ("GEODIST g Palermo Catania km", "$8\r\n166.2742\r\n"),
        ("GEODIST g Palermo Catania Mi", "$8\r\n103.3182\r\n"),
        ("GEODIST g Palermo Palermo", "$6\r\n0.0000\r\n"),
        ("GEODIST g Palermo nosuch", "$-1\r\n"),
        ("GEODIST nokey a b", "$-1\r\n"),
        ("GEODIST nokey a b foo", "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n"),
        ("GEODIST g Palermo Catania km x", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn searches() {
    sicily().expect(&[
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km", "*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n"),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC", "*2\r\n$7\r\nCatania\r\n$7\r\nPalermo\r\n"),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", "*1\r\n$7\r\nCatania\r\n"),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY", "*1\r\n$7\r\nPalermo\r\n"),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC COUNT 1", "*1\r\n$7\r\nPalermo\r\n"),
        ("GEOSEARCH g FROMMEMBER Palermo BYBOX 10 10 km WITHDIST", "*1\r\n*2\r\n$7\r\nPalermo\r\n$6\r\n0.0000\r\n"),
        (
            "GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 1 WITHCOORD WITHDIST WITHHASH",
            "*1\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n\
             *2\r\n$20\r\n15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n",
        ),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 0 km", "*0\r\n"),
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS inf km COUNT 9 DESC", "*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n"),
        ("GEOSEARCH nokey FROMMEMBER nosuch BYRADIUS 1 m", "*0\r\n"),
        ("GEORADIUS g 15 37 200 km ASC", "*2\r\n$7\r\nCatania\r\n$7\r\nPalermo\r\n"),
        ("GEORADIUS_RO g 15 37 100 km", "*1\r\n$7\r\nCatania\r\n"),
        ("GEORADIUSBYMEMBER g Palermo 200 km", "*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n"),
        ("GEORADIUSBYMEMBER_RO g Palermo 20 km", "*1\r\n$7\r\nPalermo\r\n"),
        ("GEORADIUSBYMEMBER nokey nosuch x km", "*0\r\n"),
    ]);
}

#[test]
fn searches_refuse_in_the_order_of_their_words() {
    let mut client = sicily();
    for (words, reply) in [
        ("FROMLONLAT 15 37 FROMMEMBER Palermo BYBOX 400 400 km", "syntax error"),
        ("FROMLONLAT 15 37 BYBOX 400 400 km BYRADIUS 1 m", "syntax error"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km STORE x", "syntax error"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST", "syntax error"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km COUNT", "syntax error"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0", "COUNT must be > 0"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km COUNT x", "value is not an integer or out of range"),
        ("FROMLONLAT 15 37 BYRADIUS 1 km ANY", "the ANY argument requires COUNT argument"),
        ("FROMLONLAT 15 37 BYRADIUS -1 km", "radius cannot be negative"),
        ("FROMLONLAT 15 37 BYRADIUS x km", "need numeric radius"),
        ("FROMLONLAT 15 37 BYRADIUS 1 foo", "unsupported unit provided. please use M, KM, FT, MI"),
        ("FROMLONLAT 15 37 BYBOX x 1 km", "need numeric width"),
        ("FROMLONLAT 15 37 BYBOX 1 x km", "need numeric height"),
        ("FROMLONLAT 15 37 BYBOX 1 -1 km", "height or width cannot be negative"),
        ("FROMLONLAT x 37 BYRADIUS 1 km", "value is not a valid float"),
        ("FROMLONLAT 15 97 BYRADIUS 1 km", "invalid longitude,latitude pair 15.000000,97.000000"),
        ("FROMMEMBER nosuch BYRADIUS 1 foo", "could not decode requested zset member"),
        ("FROMLONLAT 1 2 ASC DESC", "exactly one of BYRADIUS and BYBOX can be specified for GeoSearch"),
        ("BYRADIUS 1 km ASC DESC", "exactly one of FROMMEMBER or FROMLONLAT can be specified for GeoSearch"),
    ] {
        assert_eq!(client.say(&format!("GeoSearch g {words}")), format!("-ERR {reply}\r\n"), "{words}");
    }
    client.expect(&[
        ("GEORADIUS_RO g 15 37 200 km STORE d", "-ERR syntax error\r\n"),
        ("GEORADIUS g 15 37 200 km BYBOX 1 1 m", "-ERR syntax error\r\n"),
        ("GEORADIUS g 15 37 200 km STORE", "-ERR syntax error\r\n"),
        ("GEORADIUS nokey x 37 200 km", "-ERR value is not a valid float\r\n"),
        ("GEORADIUSBYMEMBER g nosuch x km", "-ERR could not decode requested zset member\r\n"),
        (
            "GEORADIUS g 15 37 200 km STORE d WITHDIST",
            "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n",
        ),
        (
            "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHHASH",
            "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n",
        ),
        ("SET str x", "+OK\r\n"),
        ("GEOADD str x 1 a", "-ERR value is not a valid float\r\n"),
    ]);
    let commands = "GEOADD str 1 1 a;GEOPOS str a;GEOHASH str a;GEODIST str a b;GEOSEARCH str FROMMEMBER a BYRADIUS x m;\
        GEOSEARCHSTORE d str FROMLONLAT 15 37 BYRADIUS 200 km;GEORADIUS str x 1 1 m;GEORADIUSBYMEMBER str a 1 m";
    for command in commands.split(';') {
        let reply = client.say(command);
        assert_eq!(reply, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "{command}");
    }
}

#[test]
fn results_are_stored() {
    sicily().expect(&[
        ("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", ":2\r\n"),
        (
            "ZRANGE d 0 -1 WITHSCORES",
            "*4\r\n$7\r\nCatania\r\n$18\r\n56.441257870158204\r\n$7\r\nPalermo\r\n$18\r\n190.44242984775784\r\n",
        ),
        ("EXPIRE d 100", ":1\r\n"),
        ("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", ":1\r\n"),
        ("ZRANGE d 0 -1 WITHSCORES", "*2\r\n$7\r\nCatania\r\n$16\r\n3479447370796909\r\n"),
        ("TTL d", ":-1\r\n"),
        ("GEOSEARCHSTORE d g FROMLONLAT 100 37 BYRADIUS 1 km", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SET d text", "+OK\r\n"),
        ("GEOSEARCHSTORE d nokey FROMLONLAT 15 37 BYRADIUS 200 km", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("GEORADIUS g 15 37 200 km STORE a STOREDIST b", ":2\r\n"),
        ("EXISTS a b", ":1\r\n"),
        ("ZRANGE b 0 0", "*1\r\n$7\r\nCatania\r\n"),
        // The last one counts, though the key specs tell the first.
        ("GEORADIUS g 15 37 200 km STORE x STORE store asc", ":2\r\n"),
        ("EXISTS x store", ":1\r\n"),
        ("GEORADIUSBYMEMBER g Palermo 200 km STOREDIST g", ":2\r\n"),
        ("ZSCORE g Catania", "$18\r\n166.27415156960032\r\n"),
    ]);
}

#[test]
fn places_are_doubles_in_resp3() {
    let mut client = sicily();
    client.say("HELLO 3");
    client.expect(&[
        ("GEOPOS g Palermo nosuch", "*2\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n_\r\n"),
        ("GEODIST g Palermo Catania", "$11\r\n166274.1516\r\n"),
        ("GEODIST g Palermo nosuch", "_\r\n"),
        ("GEOHASH g nosuch", "*1\r\n_\r\n"),
        (
            "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km WITHDIST WITHCOORD",
            "*1\r\n*3\r\n$7\r\nPalermo\r\n$6\r\n0.0000\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n",
        ),
    ]);
}
