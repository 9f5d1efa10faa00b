//! What a search is told, in the words of all six commands.
//!
//! Words are read from left to right, and a member that is named as the centre is looked up as soon as it is read, so that
//! of several errors the one that Redis replies is found first.

use super::{place, unit_m};
use crate::commands::spec::{Command, id};
use crate::commands::{Args, CommandError};
use crate::resp::number::parse_f64;
use crate::types::geo::{Extent, Place, Shape, place_of_score};
use crate::types::zset::View;

const NO_SUCH_MEMBER: CommandError = CommandError::fixed("ERR could not decode requested zset member");
const NO_RADIUS: CommandError = CommandError::fixed("ERR need numeric radius");
const NEGATIVE_RADIUS: CommandError = CommandError::fixed("ERR radius cannot be negative");
const NO_WIDTH: CommandError = CommandError::fixed("ERR need numeric width");
const NO_HEIGHT: CommandError = CommandError::fixed("ERR need numeric height");
const NEGATIVE_SIDE: CommandError = CommandError::fixed("ERR height or width cannot be negative");
const NO_COUNT: CommandError = CommandError::fixed("ERR COUNT must be > 0");
const ANY_WITHOUT_COUNT: CommandError = CommandError::fixed("ERR the ANY argument requires COUNT argument");

/// Which of the commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// GEOSEARCH.
    Search,
    /// GEOSEARCHSTORE.
    SearchStore,
    /// GEORADIUS, with STORE if it may.
    Radius { may_store: bool },
    /// GEORADIUSBYMEMBER, with STORE if it may.
    RadiusByMember { may_store: bool },
}

impl Form {
    fn is_search(self) -> bool {
        matches!(self, Self::Search | Self::SearchStore)
    }

    fn may_store(self) -> bool {
        matches!(self, Self::Radius { may_store: true } | Self::RadiusByMember { may_store: true })
    }

    /// Where the options begin.
    fn options_at(self) -> usize {
        match self {
            Self::Search => 2,
            Self::SearchStore => 3,
            Self::Radius { .. } => 6,
            Self::RadiusByMember { .. } => 5,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NearestFirst,
    FarthestFirst,
}

/// A search as it was asked for.
#[derive(Debug, Default)]
pub struct Query {
    center: Option<Place>,
    extent: Option<(Extent, f64)>,
    pub with_distance: bool,
    pub with_hash: bool,
    pub with_place: bool,
    pub order: Option<Order>,
    pub count: Option<usize>,
    /// Any so many will do.
    pub any: bool,
    /// The argument that names the key to store at.
    pub store_at: Option<usize>,
    /// Distances are stored instead of places.
    pub stores_distances: bool,
}

impl Query {
    /// Reads the arguments. Without a `set` to search, centre and extent need not be there.
    ///
    /// # Errors
    /// An unknown word, a value that is none, options that contradict each other.
    pub fn parse(args: &Args, form: Form, set: Option<View>) -> Result<Self, CommandError> {
        let mut query = Self::default();
        match form {
            Form::Search => {}
            Form::SearchStore => query.store_at = Some(1),
            Form::Radius { .. } => {
                query.center = Some(place(args, 2)?);
                query.extent = Some(circle(args, 4)?);
            }
            Form::RadiusByMember { .. } => {
                if let Some(set) = set {
                    query.center = Some(member(set, &args[2])?);
                    query.extent = Some(circle(args, 3)?);
                }
            }
        }
        query.read_options(args, form, set)?;
        Ok(query)
    }

    fn read_options(&mut self, args: &Args, form: Form, set: Option<View>) -> Result<(), CommandError> {
        let (mut from_member, mut from_place) = (false, false);
        let mut at = form.options_at();
        while at < args.len() {
            // Words behind this one.
            let left = args.len() - at - 1;
            let word_at = at;
            let is = |word: &str| args.is(word_at, word);
            at += 1;
            if is("withdist") {
                self.with_distance = true;
            } else if is("withhash") {
                self.with_hash = true;
            } else if is("withcoord") {
                self.with_place = true;
            } else if is("any") {
                self.any = true;
            } else if is("asc") {
                self.order = Some(Order::NearestFirst);
            } else if is("desc") {
                self.order = Some(Order::FarthestFirst);
            } else if is("count") && left >= 1 {
                let count = usize::try_from(args.int(at)?).ok().filter(|count| *count > 0);
                self.count = Some(count.ok_or(NO_COUNT)?);
                at += 1;
            } else if (is("store") || is("storedist")) && left >= 1 && form.may_store() {
                (self.store_at, self.stores_distances) = (Some(at), is("storedist"));
                at += 1;
            } else if is("storedist") && form == Form::SearchStore {
                self.stores_distances = true;
            } else if is("frommember") && left >= 1 && form.is_search() && !from_place {
                if let Some(set) = set {
                    self.center = Some(member(set, &args[at])?);
                }
                from_member = true;
                at += 1;
            } else if is("fromlonlat") && left >= 2 && form.is_search() && !from_member {
                self.center = Some(place(args, at)?);
                from_place = true;
                at += 2;
            } else if is("byradius") && left >= 2 && form.is_search() && !self.is_box() {
                self.extent = Some(circle(args, at)?);
                at += 2;
            } else if is("bybox") && left >= 3 && form.is_search() && !self.is_circle() {
                self.extent = Some(rectangle(args, at)?);
                at += 3;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        let has_center = from_member || from_place || !form.is_search();
        self.check(args, form, has_center)
    }

    fn is_box(&self) -> bool {
        matches!(self.extent, Some((Extent::Box { .. }, _)))
    }

    fn is_circle(&self) -> bool {
        matches!(self.extent, Some((Extent::Circle { .. }, _)))
    }

    fn check(&self, args: &Args, form: Form, has_center: bool) -> Result<(), CommandError> {
        if self.store_at.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            let command = if form == Form::SearchStore { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            let rest = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
            return Err(CommandError::composed(format_args!("ERR {command} {rest}")));
        }
        if !has_center {
            let text = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
            return Err(CommandError::quoting(text, &args[0], ""));
        }
        if form.is_search() && self.extent.is_none() {
            let text = "ERR exactly one of BYRADIUS and BYBOX can be specified for ";
            return Err(CommandError::quoting(text, &args[0], ""));
        }
        if self.any && self.count.is_none() {
            return Err(ANY_WITHOUT_COUNT);
        }
        Ok(())
    }

    /// What is searched; `None` if the set to search was not there when the arguments were read.
    pub fn shape(&self) -> Option<Shape> {
        let (extent, unit_m) = self.extent?;
        Some(Shape { center: self.center?, extent, unit_m })
    }

    /// How many may be found before the search is over.
    pub fn limit(&self) -> Option<usize> {
        self.count.filter(|_| self.any)
    }

    /// In which order they are replied. The nearest `count` can only be found by sorting.
    pub fn order(&self) -> Option<Order> {
        self.order.or_else(|| self.count.filter(|_| !self.any).map(|_| Order::NearestFirst))
    }
}

fn member(set: View, name: &[u8]) -> Result<Place, CommandError> {
    set.score(name).map(place_of_score).ok_or(NO_SUCH_MEMBER)
}

/// Radius and unit.
fn circle(args: &Args, at: usize) -> Result<(Extent, f64), CommandError> {
    let radius = parse_f64(&args[at]).ok_or(NO_RADIUS)?;
    if radius < 0.0 {
        return Err(NEGATIVE_RADIUS);
    }
    Ok((Extent::Circle { radius }, unit_m(args, at + 1)?))
}

/// Width, height and unit.
fn rectangle(args: &Args, at: usize) -> Result<(Extent, f64), CommandError> {
    let width = parse_f64(&args[at]).ok_or(NO_WIDTH)?;
    let height = parse_f64(&args[at + 1]).ok_or(NO_HEIGHT)?;
    if width < 0.0 || height < 0.0 {
        return Err(NEGATIVE_SIDE);
    }
    Ok((Extent::Box { width, height }, unit_m(args, at + 2)?))
}

/// Where the key of the last STORE or STOREDIST of GEORADIUS and GEORADIUSBYMEMBER is. The last one counts, and the
/// key specs only tell the first of each.
pub fn repeated_store(command: &Command, argv: &[&[u8]]) -> Option<usize> {
    let form = match command.id {
        id::GEORADIUS => Form::Radius { may_store: true },
        id::GEORADIUSBYMEMBER => Form::RadiusByMember { may_store: true },
        _ => return None,
    };
    let (mut at, mut store_at) = (form.options_at(), None);
    while at < argv.len() {
        let is = |word: &str| argv[at].eq_ignore_ascii_case(word.as_bytes());
        let is_store = (is("store") || is("storedist")) && at + 1 < argv.len();
        if is_store {
            store_at = Some(at + 1);
        }
        at += if is_store || is("count") { 2 } else { 1 };
    }
    store_at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::spec::lookup;

    #[test]
    fn the_last_store_is_found_as_the_options_are_read() {
        for (words, store_at) in [
            ("georadius k 1 1 1 km", None),
            ("georadius k 1 1 1 km store", None),
            ("georadius k 1 1 1 km store a", Some(7)),
            ("georadius k 1 1 1 km STORE a asc STOREDIST b desc", Some(10)),
            ("georadius store 1 1 1 store asc", None),
            ("georadius k 1 1 1 km store store", Some(7)),
            ("georadius k 1 1 1 km store x store store asc", Some(9)),
            ("georadius k 1 1 1 km count store a", None),
            ("georadiusbymember k store 1 km store a", Some(6)),
            ("georadius_ro k 1 1 1 km store a", None),
            ("geosearchstore store k fromlonlat 1 1 byradius 1 km", None),
        ] {
            let argv: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
            let command = lookup(argv[0]).expect("a command");
            assert_eq!(repeated_store(command, &argv), store_at, "{words}");
        }
    }
}
