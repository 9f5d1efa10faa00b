//! Searches around places, against a walk over all members: whatever the scores are, and however odd the shape.

#![no_main]

#[allow(dead_code, reason = "no target uses all of it")]
#[path = "../../tests/oracle/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use random::Random;
use redisrs::keyspace::HashSeed;
use redisrs::types::geo::{
    Extent, LATITUDE_MAX, LONGITUDE_MAX, Place, Shape, distance_m, geohash_text, place_of_score, score_of_place, search,
};
use redisrs::types::zset::{OwnedZSet, Rules};
use std::collections::BTreeSet;

/// More in one set tell nothing new.
const SEARCHES_MAX: usize = 16;
/// Up to here, and away from the poles and the date line, a search finds everything.
const ORDINARY_M: f64 = 300_000.0;
/// Beyond these degrees cells are far from square, or end.
const ORDINARY: Place = Place { longitude: 160.0, latitude: 60.0 };

fn fraction(random: &mut Random) -> f64 {
    random.below(1 << 16) as f64 / f64::from((1 << 16) - 1)
}

fn place(random: &mut Random) -> Place {
    let (longitude, latitude) = match random.below(4) {
        0 => (LONGITUDE_MAX, LATITUDE_MAX),
        1 => (0.01, 0.01),
        _ => (ORDINARY.longitude, ORDINARY.latitude),
    };
    let degrees = |random: &mut Random, most: f64| (2.0 * fraction(random) - 1.0) * most;
    Place { longitude: degrees(random, longitude), latitude: degrees(random, latitude) }
}

fn score(random: &mut Random) -> f64 {
    match random.below(8) {
        0 => [f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5, 1e300][random.below(5)],
        1 => random.next() as f64,
        _ => score_of_place(place(random)),
    }
}

fn size(random: &mut Random) -> f64 {
    match random.below(8) {
        0 => [0.0, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, 4e7][random.below(5)],
        _ => 10_f64.powf(fraction(random) * 7.0),
    }
}

fn shape(random: &mut Random) -> Shape {
    let extent = match random.below(2) {
        0 => Extent::Circle { radius: size(random) },
        _ => Extent::Box { width: size(random), height: size(random) },
    };
    Shape { center: place(random), extent, unit_m: [1.0, 1000.0, 0.3048, 1609.34][random.below(4)] }
}

fn is_ordinary(shape: &Shape) -> bool {
    let largest = match shape.extent {
        Extent::Circle { radius } => radius,
        Extent::Box { width, height } => width.max(height),
    };
    largest * shape.unit_m < ORDINARY_M
        && shape.center.longitude.abs() < ORDINARY.longitude
        && shape.center.latitude.abs() < ORDINARY.latitude
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let seed = HashSeed::new(7).expect("memory");
    let entries_max = [128, 0][random.below(2)];
    let rules = Rules { entries_max, value_max: 64, drops_sign_of_zero: true, seed: &seed };
    let mut zset = OwnedZSet::new().expect("memory");
    for number in 0..random.below(200) {
        let score = score(&mut random);
        zset.update(format!("member:{number}").as_bytes(), &rules, |_| Some(score)).expect("memory");
    }
    for _ in 0..SEARCHES_MAX {
        if !random.has_choices() {
            return;
        }
        let shape = shape(&mut random);
        let text = geohash_text(shape.center);
        assert!(text.iter().all(u8::is_ascii_alphanumeric));
        let near = place_of_score(score_of_place(shape.center));
        assert!(distance_m(near, shape.center) < 1.0, "{near:?} {:?}", shape.center);
        let found = search(zset.view(), &shape, None).expect("memory");
        for member in &found {
            assert_eq!(shape.distance_inside_m(member.place), Some(member.distance_m));
        }
        let names: BTreeSet<&[u8]> = found.iter().map(|member| member.name).collect();
        if is_ordinary(&shape) {
            assert_eq!(names.len(), found.len());
            let inside = zset.view().iter().filter(|(_, score)| {
                // Scores that are not cells are seen where they would be, but are not in the range of that cell.
                let place = place_of_score(*score);
                score_of_place(place) == *score && shape.distance_inside_m(place).is_some()
            });
            assert!(inside.map(|(name, _)| name).all(|name| names.contains(name)), "{shape:?}");
        }
        let limit = 1 + random.below(5);
        let some = search(zset.view(), &shape, Some(limit)).expect("memory");
        assert!(some.iter().map(|member| member.name).eq(found.iter().take(limit).map(|member| member.name)));
    }
});
