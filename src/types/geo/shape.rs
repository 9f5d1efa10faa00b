//! Shapes: a circle or a box around a place, the distances that decide what is inside, and the cells that cover it.
//!
//! Distances are great circles on a sphere (the haversine formula), which is up to 0.5 % wrong for the real earth.
//! A cover is nine cells at most: the centre's and its neighbours, of a division so coarse that they reach the shape's
//! bounds, less those that do not touch it.

use super::Place;
use super::cell::{Cell, STEP_MAX};
use smallvec::SmallVec;

/// Redis's earth.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;
/// Half of the map's width.
const MERCATOR_MAX_M: f64 = 20_037_726.37;
const RADIANS_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

fn radians(degrees: f64) -> f64 {
    degrees * RADIANS_PER_DEGREE
}

fn degrees(radians: f64) -> f64 {
    radians / RADIANS_PER_DEGREE
}

/// The distance of two places in metres.
pub fn distance_m(from: Place, to: Place) -> f64 {
    let (from_latitude, to_latitude) = (radians(from.latitude), radians(to.latitude));
    let u = ((to_latitude - from_latitude) / 2.0).sin();
    let v = ((radians(to.longitude) - radians(from.longitude)) / 2.0).sin();
    let chord = (u * u + from_latitude.cos() * to_latitude.cos() * v * v).sqrt();
    // Rounding may make the chord of opposite places longer than the diameter.
    2.0 * EARTH_RADIUS_M * chord.min(1.0).asin()
}

/// How far a shape extends, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    Circle { radius: f64 },
    Box { width: f64, height: f64 },
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub center: Place,
    pub extent: Extent,
    /// Metres of the unit that the extent is given in.
    pub unit_m: f64,
}

impl Shape {
    /// The distance of a place from the centre in metres, if it is inside.
    pub fn distance_inside_m(&self, place: Place) -> Option<f64> {
        let center = self.center;
        let is_inside = match self.extent {
            Extent::Circle { radius } => {
                let distance = distance_m(center, place);
                return (distance <= radius * self.unit_m).then_some(distance);
            }
            Extent::Box { width, height } => {
                let beside = Place { longitude: center.longitude, ..place };
                let above = Place { latitude: center.latitude, ..place };
                distance_m(place, beside) <= width * self.unit_m / 2.0
                    && distance_m(place, above) <= height * self.unit_m / 2.0
            }
        };
        is_inside.then(|| distance_m(center, place))
    }

    /// From the centre to the farthest point.
    fn reach_m(&self) -> f64 {
        self.unit_m
            * match self.extent {
                Extent::Circle { radius } => radius,
                Extent::Box { width, height } => (width / 2.0 * (width / 2.0) + height / 2.0 * (height / 2.0)).sqrt(),
            }
    }

    /// The least and the greatest place, one on the shape's south-western, one on its north-eastern side. Meridians
    /// converge, so the side nearer to the pole spans more degrees.
    fn bounds(&self) -> (Place, Place) {
        let (width, height) = match self.extent {
            Extent::Circle { radius } => (radius, radius),
            Extent::Box { width, height } => (width / 2.0, height / 2.0),
        };
        let (width_m, height_m) = (self.unit_m * width, self.unit_m * height);
        let Place { longitude, latitude } = self.center;
        let rows = degrees(height_m / EARTH_RADIUS_M);
        let columns_at = |latitude: f64| degrees(width_m / EARTH_RADIUS_M / radians(latitude).cos());
        let columns = if latitude < 0.0 { columns_at(latitude - rows) } else { columns_at(latitude + rows) };
        (
            Place { longitude: longitude - columns, latitude: latitude - rows },
            Place { longitude: longitude + columns, latitude: latitude + rows },
        )
    }

    /// Cells in which all places inside are, in the order in which Redis searches them.
    pub fn cover(&self) -> SmallVec<[Cell; 9]> {
        let (least, greatest) = self.bounds();
        let mut cell = Cell::of(self.center, step_for(self.reach_m(), self.center.latitude));
        let is_too_fine = {
            let (north, south) = (cell.neighbor(0, 1).area(), cell.neighbor(0, -1).area());
            let (east, west) = (cell.neighbor(1, 0).area(), cell.neighbor(-1, 0).area());
            north.latitudes.max < greatest.latitude
                || south.latitudes.min > least.latitude
                || east.longitudes.max < greatest.longitude
                || west.longitudes.min > least.longitude
        };
        if cell.step > 1 && is_too_fine {
            cell = Cell::of(self.center, cell.step - 1);
        }
        let area = cell.area();
        let is_useless = |east: i32, north: i32| {
            cell.step >= 2
                && (north < 0 && area.latitudes.min < least.latitude
                    || north > 0 && area.latitudes.max > greatest.latitude
                    || east < 0 && area.longitudes.min < least.longitude
                    || east > 0 && area.longitudes.max > greatest.longitude)
        };
        let mut cells: SmallVec<[Cell; 9]> = SmallVec::new();
        cells.push(cell);
        for (east, north) in [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let neighbor = cell.neighbor(east, north);
            // On a map of four cells both neighbours on one axis are the same.
            let is_repeated = cells.len() > 1 && cells.last() == Some(&neighbor);
            if !is_useless(east, north) && !is_repeated {
                cells.push(neighbor);
            }
        }
        cells
    }
}

/// The division whose cells are about as large as the shape. Near the poles they are narrower, so it is coarser there.
fn step_for(reach_m: f64, latitude: f64) -> u32 {
    if reach_m == 0.0 {
        return STEP_MAX;
    }
    let (mut step, mut reach_m) = (1, reach_m);
    while reach_m < MERCATOR_MAX_M {
        reach_m *= 2.0;
        step += 1;
    }
    step -= 2;
    if latitude.abs() > 66.0 {
        step -= 1;
    }
    if latitude.abs() > 80.0 {
        step -= 1;
    }
    step.clamp(1, STEP_MAX as i32).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::super::score_of_place;
    use super::*;

    fn place(longitude: f64, latitude: f64) -> Place {
        Place { longitude, latitude }
    }

    #[test]
    fn distances_are_those_of_redis() {
        let palermo = super::super::place_of_score(3479099956230698.0);
        let catania = super::super::place_of_score(3479447370796909.0);
        assert_eq!(distance_m(palermo, catania) / 1000.0, 166.27415156960032);
        assert_eq!(distance_m(palermo, palermo), 0.0);
        let opposite = distance_m(place(0.0, 0.0), place(180.0, 0.0));
        assert!((opposite - std::f64::consts::PI * EARTH_RADIUS_M).abs() < 1.0);
    }

    #[test]
    fn covers_hold_everything_inside() {
        let mut state = 1u64;
        let mut fraction = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut inside = 0;
        for round in 0..3000 {
            let center = place(fraction() * 340.0 - 170.0, fraction() * 120.0 - 60.0);
            let size = 10f64.powf(fraction() * 5.5 + 1.0);
            let extent = if round % 2 == 0 {
                Extent::Circle { radius: size }
            } else {
                Extent::Box { width: size, height: size * (0.2 + fraction()) }
            };
            let shape = Shape { center, extent, unit_m: 1.0 };
            let cells = shape.cover();
            for _ in 0..20 {
                let spread = size / 50_000.0;
                let point = place(
                    (center.longitude + (fraction() - 0.5) * spread).clamp(-179.9, 179.9),
                    (center.latitude + (fraction() - 0.5) * spread).clamp(-85.0, 85.0),
                );
                if shape.distance_inside_m(point).is_some() {
                    inside += 1;
                    let score = score_of_place(point);
                    let covers = |cell: &Cell| (cell.scores().0..cell.scores().1).contains(&score);
                    assert!(cells.iter().any(covers), "{shape:?} {point:?}");
                }
            }
        }
        assert!(inside > 10_000);
    }
}
