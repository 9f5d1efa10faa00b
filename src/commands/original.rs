//! Commands of the original project's dialect: what differs from the Redis commands of the same name.
//!
//! See `resp::original` for the wire. Everything else runs as it does over RESP and is translated.

use super::dispatch::{self, Prepared};
use super::session::Session;
use crate::engine::Engine;
use crate::resp::{Format, transcode};
use crate::resp::{Protocol, ReplyWriter};
use std::sync::atomic::Ordering::Relaxed;

/// Runs one request and appends its reply in the configured format. `resp` is scratch space.
pub fn execute(
    engine: &Engine,
    session: &mut Session,
    argv: &[&[u8]],
    now_ms: i64,
    resp: &mut ReplyWriter,
    out: &mut ReplyWriter,
) -> u64 {
    resp.clear();
    session.protocol = Protocol::Resp3;
    let took_us = dispatch::execute(engine, session, argv, Prepared::default(), now_ms, resp);
    let typed = engine.settings.hot().original_replies_typed.load(Relaxed);
    let format = if typed { Format::Typed } else { Format::Status };
    let _ = transcode(resp.bytes(), format, out.buffer_mut());
    took_us
}
