//! The typed lane: no argument vectors, no reply trees, no allocation. Cheaper than `rs_command` by the cost of those.
//! What the calls do is in `commands::typed`.

use super::cast::{self, Buffer, Out};
use super::guard::code;
use super::session::rs_session;
use super::status::{
    Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_BUFFER_TOO_SMALL, RS_ERR_BUSY, RS_ERR_COMMAND, RS_ERR_NO_MEMORY,
    RS_ERR_PANIC, RS_ERR_WRONG_TYPE, RS_NIL, RS_OK, fail, fail_with_bytes, rs_status,
};
use crate::commands::CommandError;
use crate::commands::typed::{IN_TRANSACTION, Lane, Ttl};
use std::ffi::c_void;

/// Some bytes of the host: `len` of them at `data`, which is ignored if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct rs_slice {
    pub data: *const c_void,
    pub len: usize,
}

/// Receives a value: `len` bytes at `val`, valid during the call only. Runs while a part of the store is locked: be brief,
/// call no function of this library that takes an engine, a server or a session (they answer `RS_ERR_BUSY`), do not wait
/// for a thread that does, and do not throw or longjmp.
pub type rs_value_fn = Option<unsafe extern "C" fn(val: *const c_void, len: usize, ud: *mut c_void)>;

/// Receives value `i` of several; `val` is NULL if key `i` is missing or holds no string. The rules of `rs_value_fn`.
pub type rs_value_at_fn = Option<unsafe extern "C" fn(i: usize, val: *const c_void, len: usize, ud: *mut c_void)>;

/// The status for an error of a command, with its text noted.
#[cold]
fn failure(error: CommandError) -> Failure {
    let status = if error == CommandError::WRONG_TYPE {
        RS_ERR_WRONG_TYPE
    } else if error == CommandError::NO_MEMORY || error == CommandError::OUT_OF_MEMORY {
        RS_ERR_NO_MEMORY
    } else if error == IN_TRANSACTION {
        RS_ERR_BUSY
    } else if error == CommandError::DAMAGED {
        RS_ERR_PANIC
    } else {
        RS_ERR_COMMAND
    };
    fail_with_bytes(status, &error.0)
}

/// Runs a typed call.
#[inline]
pub(super) fn with_lane<R>(
    session: &rs_session,
    body: impl FnOnce(&mut Lane) -> Result<R, CommandError>,
) -> Outcome<R> {
    session.with(|engine, state| {
        let mut lane =
            Lane { engine, session: &mut state.session, scratch: &mut state.writer, reader: &mut state.reader };
        body(&mut lane).map_err(failure)
    })
}

/// A session and a key.
///
/// # Safety
/// The pointers are those of an exported function.
#[inline]
pub(super) unsafe fn subject<'a>(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
) -> Outcome<(&'a rs_session, &'a [u8])> {
    // SAFETY: the caller's promise.
    unsafe {
        let session: &rs_session = cast::shared(session)?;
        Ok((session, cast::bytes_within(key, klen, session.bytes_max())?))
    }
}

#[inline]
fn found(is_found: bool) -> rs_status {
    if is_found { RS_OK } else { RS_NIL }
}

/// GET: copies the value of a key into `buf`, which has room for `cap` bytes, and writes its length to `len`.
///
/// Returns `RS_OK`; `RS_NIL` if there is no such key; `RS_ERR_WRONG_TYPE` if it holds no string; `RS_ERR_BUFFER_TOO_SMALL` if
/// `cap` is less than the value's length, which is written to `len` all the same: enlarge and try again. As for every
/// typed call: `RS_ERR_BUSY` if another thread uses the session, it has a transaction open, or the call comes from inside a
/// callback; `RS_ERR_CLOSED` if the session was closed; `RS_ERR_PANIC` after an internal error; `RS_ERR_ARGUMENT` if a
/// pointer is NULL that must not be, or a key or value longer than `proto-max-bulk-len`.
///
///     char buf[64];
///     size_t len;
///     if (rs_get(session, "key", 3, buf, sizeof buf, &len) == RS_OK)
///         fwrite(buf, 1, len, stdout);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_get(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    buf: *mut c_void,
    cap: usize,
    len: *mut usize,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments =
        unsafe { subject(session, key, klen).and_then(|it| Ok((it, Buffer::new(buf, cap)?, Out::new(len)?))) };
    code(arguments.and_then(|((session, key), mut buffer, len)| {
        let copied = with_lane(session, |lane| lane.get(key, |value| (buffer.fill(value), value.len())))?;
        match copied {
            None => Ok(RS_NIL),
            Some((fits, value_len)) => {
                len.set(value_len);
                if fits { Ok(RS_OK) } else { Err(too_small(value_len)) }
            }
        }
    }))
}

#[cold]
pub(super) fn too_small(needed: usize) -> Failure {
    fail(RS_ERR_BUFFER_TOO_SMALL, format_args!("the value has {needed} bytes"))
}

/// GET without a copy: calls `f` with the value, in the store's own memory, and with `ud`.
///
/// Returns `RS_OK` after `f` was called; `RS_NIL`, `RS_ERR_WRONG_TYPE` without it; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_get_with(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    f: rs_value_fn,
    ud: *mut c_void,
) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { subject(session, key, klen) }.and_then(|(session, key)| {
        let f = f.ok_or_else(no_function)?;
        // SAFETY: the host has given a function of this type, and `ud` for it.
        let call = |value: &[u8]| unsafe { f(value.as_ptr().cast(), value.len(), ud) };
        with_lane(session, |lane| lane.get(key, call)).map(|called| found(called.is_some()))
    }))
}

#[cold]
fn no_function() -> Failure {
    fail(RS_ERR_ARGUMENT, format_args!("the function is NULL"))
}

/// SET: stores a value, whatever the key held before. `ttl_ms` 0: it has no time to live, and loses one it had; else the
/// milliseconds after which it is gone.
///
/// Returns `RS_OK`; `RS_ERR_COMMAND` if `ttl_ms` is negative or too large; `RS_ERR_NO_MEMORY`, also above `maxmemory`;
/// else as `rs_get`. A failed call changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_set(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    val: *const c_void,
    vlen: usize,
    ttl_ms: i64,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        subject(session, key, klen).and_then(|it| Ok((it, cast::bytes_within(val, vlen, it.0.bytes_max())?)))
    };
    code(
        arguments.and_then(|((session, key), value)| {
            with_lane(session, |lane| lane.set(key, value, ttl_ms)).map(|()| RS_OK)
        }),
    )
}

/// DEL: removes a key of any type.
///
/// Returns `RS_OK` if there was one, `RS_NIL` if not; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_del(session: *mut rs_session, key: *const c_void, klen: usize) -> rs_status {
    // SAFETY: by the rules of the header.
    code(
        unsafe { subject(session, key, klen) }
            .and_then(|(session, key)| with_lane(session, |lane| lane.del(key)).map(found)),
    )
}

/// EXISTS: whether there is a key, of any type.
///
/// Returns `RS_OK` if there is, `RS_NIL` if not; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_exists(session: *mut rs_session, key: *const c_void, klen: usize) -> rs_status {
    // SAFETY: by the rules of the header.
    code(
        unsafe { subject(session, key, klen) }
            .and_then(|(session, key)| with_lane(session, |lane| lane.exists(key)).map(found)),
    )
}

/// INCRBY: adds `by` to the integer that a key holds, 0 if there is no such key, and writes the sum to `out`, unless
/// that is NULL.
///
/// Returns `RS_OK`; `RS_ERR_COMMAND` if the value is no integer or the sum overflows; `RS_ERR_WRONG_TYPE`;
/// `RS_ERR_NO_MEMORY`; else as `rs_get`. A failed call changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_incr_by(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    by: i64,
    out: *mut i64,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe { subject(session, key, klen).and_then(|it| Ok((it, Out::new_optional(out)?))) };
    code(arguments.and_then(|((session, key), out)| {
        let sum = with_lane(session, |lane| lane.incr_by(key, by))?;
        if let Some(out) = out {
            out.set(sum);
        }
        Ok(RS_OK)
    }))
}

/// PEXPIRE: gives a key `ttl_ms` milliseconds to live from now; 0 or less removes it.
///
/// Returns `RS_OK`; `RS_NIL` if there is no such key; `RS_ERR_COMMAND` if `ttl_ms` is too large; `RS_ERR_NO_MEMORY`; else as
/// `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_expire(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    ttl_ms: i64,
) -> rs_status {
    // SAFETY: by the rules of the header.
    code(
        unsafe { subject(session, key, klen) }
            .and_then(|(session, key)| with_lane(session, |lane| lane.expire(key, ttl_ms)).map(found)),
    )
}

/// PTTL: writes the milliseconds that a key has to live to `ms`, -1 if it lives for ever.
///
/// Returns `RS_OK`; `RS_NIL` if there is no such key; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ttl(session: *mut rs_session, key: *const c_void, klen: usize, ms: *mut i64) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe { subject(session, key, klen).and_then(|it| Ok((it, Out::new(ms)?))) };
    code(arguments.and_then(|((session, key), ms)| {
        match with_lane(session, |lane| lane.ttl(key))? {
            Ttl::NoKey => return Ok(RS_NIL),
            Ttl::Forever => ms.set(-1),
            Ttl::Ms(left_ms) => ms.set(left_ms),
        }
        Ok(RS_OK)
    }))
}

/// GET of `n` keys without copies: calls `f` once for each key, in order, with its index, its value or NULL, and `ud`. What the
/// keys need is fetched from memory together, which is faster than one by one when there is much data. Each key is read
/// atomically, all of them together are not: for that there is MGET.
///
/// Returns `RS_OK` after `n` calls of `f`; else as `rs_get`, without any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_get_many(
    session: *mut rs_session,
    n: usize,
    keys: *const rs_slice,
    f: rs_value_at_fn,
    ud: *mut c_void,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe { cast::shared(session).and_then(|session| Ok((session, slices(session, keys, n)?))) };
    code(arguments.and_then(|(session, keys)| {
        let f = f.ok_or_else(no_function)?;
        let call = |index, value: Option<&[u8]>| {
            let (start, len) = value.map_or((std::ptr::null(), 0), |value| (value.as_ptr().cast(), value.len()));
            // SAFETY: the host has given a function of this type, and `ud` for it.
            unsafe { f(index, start, len, ud) }
        };
        // SAFETY: `slices` has looked at them all.
        with_lane(session, |lane| lane.get_many(n, |index| unsafe { keys[index].bytes() }, call)).map(|()| RS_OK)
    }))
}

/// SET of `n` keys, without times to live, in order. Each is stored atomically, all of them together are not: for that
/// there is MSET.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`, also above `maxmemory`, and then the keys before the one that failed are
/// stored; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_set_many(
    session: *mut rs_session,
    n: usize,
    keys: *const rs_slice,
    vals: *const rs_slice,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        cast::shared(session).and_then(|session| Ok((session, slices(session, keys, n)?, slices(session, vals, n)?)))
    };
    code(arguments.and_then(|(session, keys, vals)| {
        // SAFETY: `slices` has looked at them all.
        let (key, value) =
            (|index: usize| unsafe { keys[index].bytes() }, |index: usize| unsafe { vals[index].bytes() });
        with_lane(session, |lane| lane.set_many(n, key, value)).map(|()| RS_OK)
    }))
}

/// Slices of the host that have all been looked at and are not too long for `session`.
///
/// # Safety
/// As for [`cast::array`], and so for each slice.
unsafe fn slices<'a>(session: &rs_session, slices: *const rs_slice, n: usize) -> Outcome<&'a [rs_slice]> {
    // SAFETY: the caller's promise.
    let slices = unsafe { cast::array(slices, n)? };
    for slice in slices {
        // SAFETY: the caller's promise.
        unsafe { cast::bytes_within(slice.data, slice.len, session.bytes_max())? };
    }
    Ok(slices)
}

impl rs_slice {
    /// # Safety
    /// [`cast::bytes`] accepts this slice, and its bytes stay as they are during `'a`.
    #[inline]
    unsafe fn bytes<'a>(&self) -> &'a [u8] {
        // SAFETY: the caller's promise.
        unsafe { cast::bytes(self.data, self.len) }.unwrap_or_default()
    }
}
