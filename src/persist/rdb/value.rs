//! Stored values into payloads and back: where the codecs meet the types.

use super::{LoadError, Reader, Text, VERSION, Writer, decode, footer, type_id};
use crate::keyspace::{Kind, NoMemory, StringRef, ValueRef};
use crate::types::Object;

/// A value from a payload, ready to be stored.
#[derive(Debug)]
pub enum Loaded<'a> {
    Int(i64),
    /// A string that is not the text of an integer.
    Text(Text<'a>),
    Flat(Kind, Vec<u8>),
    Object(Kind, Box<Object>),
}

/// Writes a value as DUMP answers it: type, body, footer.
///
/// # Errors
/// If memory is short.
pub fn save_payload(writer: &mut Writer, value: ValueRef<'_>) -> Result<(), NoMemory> {
    match value {
        ValueRef::String(string) => {
            writer.byte(type_id::STRING)?;
            save_string(writer, string)?;
        }
        ValueRef::Flat(..) | ValueRef::Object(..) => {}
    }
    footer::seal(writer, VERSION)
}

fn save_string(writer: &mut Writer, string: StringRef<'_>) -> Result<(), NoMemory> {
    match string {
        StringRef::Int(int) => writer.int(int),
        StringRef::Str(bytes) => writer.text(bytes),
    }
}

/// Reads a value from a payload without its footer. As in Redis, what follows the value is ignored.
///
/// # Errors
/// If it is corrupt or memory is short.
pub fn load_payload(payload: &[u8]) -> Result<Loaded<'_>, LoadError> {
    let mut reader = Reader::new(payload);
    let type_id = reader.byte()?;
    load(type_id, &mut reader)
}

/// Reads the body of a value of this type.
///
/// # Errors
/// If it is corrupt or memory is short.
pub fn load<'a>(type_id: u8, reader: &mut Reader<'a>) -> Result<Loaded<'a>, LoadError> {
    match decode::kind(type_id).ok_or(LoadError::Corrupt)? {
        Kind::String => {
            let text = reader.text()?;
            Ok(text.element().int().map_or(Loaded::Text(text), Loaded::Int))
        }
        _ => Err(LoadError::Corrupt),
    }
}
