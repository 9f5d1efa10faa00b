//! The typed lane for hashes and sorted sets. What the calls do is in `commands::typed`.

use super::cast::{self, Buffer, Out};
use super::guard::code;
use super::session::rs_session;
use super::status::{RS_ERR_ARGUMENT, RS_NIL, RS_OK, fail, rs_status};
use super::typed::{subject, too_small, with_lane};
use std::ffi::c_void;

/// HGET: copies the value of a field of a hash into `buf`, which has room for `cap` bytes, and writes its length to `len`.
///
/// Returns `RS_OK`; `RS_NIL` if there is no such key or field; `RS_ERR_WRONG_TYPE` if the key holds no hash;
/// `RS_ERR_BUFFER_TOO_SMALL` with the value's length in `len`; else as `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hget(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    field: *const c_void,
    flen: usize,
    buf: *mut c_void,
    cap: usize,
    len: *mut usize,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        subject(session, key, klen).and_then(|it| {
            Ok((it, cast::bytes_within(field, flen, it.0.bytes_max())?, Buffer::new(buf, cap)?, Out::new(len)?))
        })
    };
    code(arguments.and_then(|((session, key), field, mut buffer, len)| {
        let copied = with_lane(session, |lane| lane.hget(key, field, |value| (buffer.fill(value), value.len())))?;
        match copied {
            None => Ok(RS_NIL),
            Some((fits, value_len)) => {
                len.set(value_len);
                if fits { Ok(RS_OK) } else { Err(too_small(value_len)) }
            }
        }
    }))
}

/// HSET: sets one field of a hash, which is made if there is no such key. A field with a time to live loses it.
///
/// Returns `RS_OK`, whether the field is new or not; `RS_ERR_WRONG_TYPE` if the key holds no hash; `RS_ERR_NO_MEMORY`, also
/// above `maxmemory`; else as `rs_get`. A failed call changes nothing.
///
///     rs_hset(session, "user:7", 6, "name", 4, "Ada", 3);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hset(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    field: *const c_void,
    flen: usize,
    val: *const c_void,
    vlen: usize,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        subject(session, key, klen).and_then(|it| {
            Ok((
                it,
                cast::bytes_within(field, flen, it.0.bytes_max())?,
                cast::bytes_within(val, vlen, it.0.bytes_max())?,
            ))
        })
    };
    code(arguments.and_then(|((session, key), field, value)| {
        with_lane(session, |lane| lane.hset(key, field, value)).map(|_| RS_OK)
    }))
}

/// ZADD: gives a member of a sorted set a score, which may be infinite; the set is made if there is no such key.
///
/// Returns `RS_OK`, whether the member is new or not; `RS_ERR_ARGUMENT` if `score` is not a number; `RS_ERR_WRONG_TYPE` if the
/// key holds no sorted set; `RS_ERR_NO_MEMORY`, also above `maxmemory`; else as `rs_get`. A failed call changes nothing.
///
///     rs_zadd(session, "board", 5, 41.5, "ada", 3);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zadd(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    score: f64,
    member: *const c_void,
    mlen: usize,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        subject(session, key, klen).and_then(|it| Ok((it, cast::bytes_within(member, mlen, it.0.bytes_max())?)))
    };
    code(arguments.and_then(|((session, key), member)| {
        if score.is_nan() {
            return Err(fail(RS_ERR_ARGUMENT, format_args!("the score is not a number")));
        }
        with_lane(session, |lane| lane.zadd(key, score, member)).map(|_| RS_OK)
    }))
}

/// ZSCORE: writes the score of a member of a sorted set to `score`.
///
/// Returns `RS_OK`; `RS_NIL` if there is no such key or member; `RS_ERR_WRONG_TYPE` if the key holds no sorted set; else as
/// `rs_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_zscore(
    session: *mut rs_session,
    key: *const c_void,
    klen: usize,
    member: *const c_void,
    mlen: usize,
    score: *mut f64,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = unsafe {
        subject(session, key, klen)
            .and_then(|it| Ok((it, cast::bytes_within(member, mlen, it.0.bytes_max())?, Out::new(score)?)))
    };
    code(arguments.and_then(|((session, key), member, out)| {
        match with_lane(session, |lane| lane.zscore(key, member))? {
            None => Ok(RS_NIL),
            Some(score) => {
                out.set(score);
                Ok(RS_OK)
            }
        }
    }))
}
