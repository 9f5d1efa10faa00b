//! Reading the fields of JSON objects strictly: a wrong type, a missing field or a field that
//! nobody asked for is a panic that tells where.

use serde_json::{Map, Value};

/// Where in the input we are, for messages.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub file: &'a str,
    pub command: &'a str,
}

impl Place<'_> {
    pub fn fail(&self, what: std::fmt::Arguments<'_>) -> ! {
        panic!("command table: {}: {}: {what}", self.file, self.command)
    }
}

/// A JSON object whose fields are taken one by one; what is left at the end was misspelt.
pub struct Fields<'a> {
    pub place: Place<'a>,
    pub map: Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub fn new(place: Place<'a>, value: Value) -> Self {
        match value {
            Value::Object(map) => Fields { place, map },
            other => place.fail(format_args!("expected an object, found {other}")),
        }
    }

    pub fn string_or_none(&mut self, field: &str) -> Option<String> {
        match self.map.remove(field) {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => self.place.fail(format_args!("{field} must be a string, not {other}")),
        }
    }

    pub fn string(&mut self, field: &str) -> String {
        self.string_or_none(field).unwrap_or_else(|| self.place.fail(format_args!("{field} is missing")))
    }

    pub fn integer_or_none(&mut self, field: &str) -> Option<i16> {
        let value = self.map.remove(field)?;
        Some(small(&value).unwrap_or_else(|| self.place.fail(format_args!("{field} must be an integer, not {value}"))))
    }

    pub fn array(&mut self, field: &str) -> Vec<Value> {
        match self.map.remove(field) {
            None => Vec::new(),
            Some(Value::Array(items)) if !items.is_empty() => items,
            Some(other) => self.place.fail(format_args!("{field} must be a non-empty array, not {other}")),
        }
    }

    pub fn strings(&mut self, field: &str) -> Vec<String> {
        let place = self.place;
        let items = self.array(field).into_iter();
        items.map(|item| text_of(place, field, &item).to_owned()).collect()
    }

    /// Three integers, such as a range.
    pub fn triple_or_none(&mut self, field: &str) -> Option<[i16; 3]> {
        let value = self.map.remove(field)?;
        let numbers: Option<Vec<i16>> = value.as_array().and_then(|items| items.iter().map(small).collect());
        let triple = numbers.and_then(|numbers| <[i16; 3]>::try_from(numbers).ok());
        Some(triple.unwrap_or_else(|| self.place.fail(format_args!("{field} must be three integers, not {value}"))))
    }

    /// Whether the field says "unknown" instead of a value.
    pub fn take_unknown(&mut self, field: &str) -> bool {
        let unknown = self.map.get(field).is_some_and(|value| value == "unknown");
        if unknown {
            self.map.remove(field);
        }
        unknown
    }

    /// The union of the named members of a bit set.
    pub fn set<S: Copy>(&mut self, field: &str, empty: S, from_name: fn(&str) -> Option<S>, union: fn(S, S) -> S) -> S {
        self.strings(field).iter().fold(empty, |set, name| match from_name(name) {
            Some(member) => union(set, member),
            None => self.place.fail(format_args!("unknown member {name:?} of {field}")),
        })
    }

    pub fn finish(self) {
        if let Some(field) = self.map.keys().next() {
            self.place.fail(format_args!("unknown field {field:?}"));
        }
    }
}

fn small(value: &Value) -> Option<i16> {
    value.as_i64().and_then(|number| i16::try_from(number).ok())
}

fn text_of<'v>(place: Place<'_>, field: &str, value: &'v Value) -> &'v str {
    value.as_str().unwrap_or_else(|| place.fail(format_args!("{field} must hold strings, not {value}")))
}
