//! DEBUG PROTOCOL: one reply of each type, for tests of clients.

use super::super::{CmdResult, CommandError, Ctx};
use crate::resp::{Protocol, ReplyWriter};
use crate::storage::try_copy;

/// DEBUG PROTOCOL type.
pub fn protocol(ctx: &mut Ctx, kind: &[u8]) -> CmdResult {
    let reply = &mut *ctx.reply;
    let is_resp3 = reply.protocol() == Protocol::Resp3;
    let mut name = try_copy(kind)?;
    name.make_ascii_lowercase();
    match name.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12345),
        #[allow(clippy::approx_constant, reason = "it is the number that Redis sends")]
        b"double" => reply.double(3.141),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if is_resp3 {
                write_attribute(reply);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if is_resp3 => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
            reply.bulk(b"Some real reply following the push reply");
        }
        b"push" => return Err(CommandError::fixed("ERR RESP2 is not supported by this command")),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => {
            return Err(CommandError::fixed(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

/// The one attribute that any reply has.
fn write_attribute(reply: &mut ReplyWriter) {
    reply.attribute(1);
    reply.bulk(b"key-popularity");
    reply.array(2);
    reply.bulk(b"key:123");
    reply.integer(90);
}
