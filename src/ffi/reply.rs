//! The reply as C sees it: hiredis's `redisReply`, in one block of memory. `tree` makes it.

use super::guard::plain;
use std::alloc::{Layout, dealloc};
use std::ffi::{c_char, c_int, c_longlong};
use std::mem::offset_of;
use std::ptr::NonNull;

/// `str`: the string.
pub const RS_REPLY_STRING: c_int = 1;
/// `element`: the values.
pub const RS_REPLY_ARRAY: c_int = 2;
/// `integer`: the value.
pub const RS_REPLY_INTEGER: c_int = 3;
/// Nothing.
pub const RS_REPLY_NIL: c_int = 4;
/// `str`: a short text such as "OK".
pub const RS_REPLY_STATUS: c_int = 5;
/// `str`: the error; its first word is its code.
pub const RS_REPLY_ERROR: c_int = 6;
/// `dval`: the value; `str`: its text. After HELLO 3 only.
pub const RS_REPLY_DOUBLE: c_int = 7;
/// `integer`: 0 or 1. After HELLO 3 only.
pub const RS_REPLY_BOOL: c_int = 8;
/// `element`: key, value, key, value ... After HELLO 3 only.
pub const RS_REPLY_MAP: c_int = 9;
/// `element`: the members. After HELLO 3 only.
pub const RS_REPLY_SET: c_int = 10;
/// `element`: key, value ... about the value behind it. Not in replies to commands.
pub const RS_REPLY_ATTR: c_int = 11;
/// `element`: a message that answers no command. After HELLO 3 only.
pub const RS_REPLY_PUSH: c_int = 12;
/// `str`: the digits of an integer of any size. After HELLO 3 only.
pub const RS_REPLY_BIGNUM: c_int = 13;
/// `str`: a text; `vtype`: its format, "txt" or "mkd". After HELLO 3 only.
pub const RS_REPLY_VERB: c_int = 14;

/// A reply, in the layout of hiredis's redisReply. Fields that its type does not use are 0 or NULL. Read only. Every
/// reply, with all that hangs off it, is one block of memory and freed by one `rs_reply_free` of its root.
#[repr(C)]
pub struct rs_reply {
    /// One of the RS_REPLY_ constants.
    pub r#type: c_int,
    /// The value of an integer or a boolean.
    pub integer: c_longlong,
    /// The value of a double.
    pub dval: f64,
    /// Length of `str`.
    pub len: usize,
    /// The text or data, which may hold any bytes; a NUL follows it.
    pub str: *mut c_char,
    /// Format of a verbatim text: three characters and a NUL.
    pub vtype: [c_char; 4],
    /// How many elements.
    pub elements: usize,
    /// The elements.
    pub element: *mut *mut rs_reply,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<rs_reply>() == 64 && align_of::<rs_reply>() == 8);
    assert!(offset_of!(rs_reply, r#type) == 0 && offset_of!(rs_reply, integer) == 8);
    assert!(offset_of!(rs_reply, dval) == 16 && offset_of!(rs_reply, len) == 24);
    assert!(offset_of!(rs_reply, str) == 32 && offset_of!(rs_reply, vtype) == 40);
    assert!(offset_of!(rs_reply, elements) == 48 && offset_of!(rs_reply, element) == 56);
};

/// Stands in front of the root.
#[repr(C)]
pub(super) struct Block {
    /// Size of the allocation.
    pub bytes: usize,
    pub mark: usize,
}

/// Tells the root of a reply from another node, and from one that was freed.
pub(super) const MARK: usize = 0x7265_7064;

/// Frees a reply. NULL is a no-op; so is an element of a reply, which is freed with its root. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_reply_free(reply: *mut rs_reply) {
    let Some(reply) = NonNull::new(reply) else { return };
    let _ = plain(|| {
        // SAFETY: a node that this library has made has a Block, or another node of the same block, in front of it.
        let block = unsafe { reply.cast::<Block>().sub(1) };
        // SAFETY: as above; both words are initialised, whichever of the two it is.
        let header = unsafe { block.as_ref() };
        if header.mark == MARK {
            let layout = Layout::from_size_align(header.bytes, align_of::<Block>());
            if let Ok(layout) = layout {
                // SAFETY: `block` is writable and was allocated with this layout in `Builder::allocate`; the mark goes
                // first, so that a second free finds none unless the memory was given out anew.
                unsafe {
                    (*block.as_ptr()).mark = 0;
                    dealloc(block.as_ptr().cast(), layout);
                }
            }
        }
        Ok(())
    });
}
