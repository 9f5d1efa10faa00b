//! Commands of the host: registration. What they are is in `commands::host`; how they reply is in `call`.

use super::call::{self, rs_call};
use super::cast::{self, UserData};
use super::engine::rs_engine;
use super::guard::{code, outermost};
use super::status::{Outcome, RS_ERR_ARGUMENT, RS_ERR_CONFIG, RS_ERR_EXISTS, RS_OK, fail, rs_status};
use super::typed::rs_slice;
use crate::commands::host::{Call, Declaration, DeclarationError, HostFunction, Refusal};
use crate::commands::spec::{Command, KeySpec};
use crate::storage::{NoMemory, Text, try_box};
use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

/// The body of a host command: `argc` arguments, `argv[0]` being the command's name as the client spelt it. They are valid
/// during the call only, and so is `call`, in this thread only. It runs in the thread that serves the client, which may be
/// one of the library's, several at a time, with the command's keys locked: nobody else sees or changes them before it
/// returns, and nobody else gets at them either, so be brief and do not wait. It replies exactly once, with one of
/// rs_call_reply_..., of which an array or a map is followed by its elements. Functions that take an engine, a server or a
/// session answer `RS_ERR_BUSY` here; what is to be done with data goes through `rs_call_command_argv`. It must return:
/// no C++ exception, no longjmp.
pub type rs_command_fn =
    Option<unsafe extern "C" fn(call: *mut rs_call, argc: c_int, argv: *const rs_slice, ud: *mut c_void)>;

/// Frees the `userdata` of a host command.
pub type rs_free_fn = Option<unsafe extern "C" fn(ud: *mut c_void)>;

/// What `rs_engine_register_command` wants to know. Set what is not needed to 0 or NULL, best by
/// `rs_command_spec spec = { 0 };` or named initializers. The struct stays as it is as long as the interface does; more
/// than it can say will be said by another struct to another function.
#[repr(C)]
pub struct rs_command_spec {
    /// The name, in any case: 1 to 64 letters, digits and characters of "._-:".
    pub name: *const c_char,
    /// How many arguments, the name included; a negative number: at least so many.
    pub arity: c_int,
    /// Words of COMMAND INFO with spaces between: write, readonly, denyoom, admin, pubsub, noscript, blocking, loading,
    /// stale, skip_monitor, skip_slowlog, asking, fast, no_auth, may_replicate, no_mandatory_keys, no_async_loading,
    /// no_multi, allow_busy. NULL for none. A command that changes data is "write"; "denyoom" if it must not run when
    /// `maxmemory` is used up; "readonly" ones may not run commands that write; "no_multi" is refused inside MULTI. A handler cannot wait, so
    /// "blocking" only tells clients to expect delay.
    pub flags: *const c_char,
    /// The first argument that is a key; 0 for a command without keys.
    pub first_key: c_int,
    /// The last one; a negative number counts from the last argument, which is -1.
    pub last_key: c_int,
    /// From one key to the next: 1, or 2 if each key is followed by a value.
    pub key_step: c_int,
    /// What runs.
    pub handler: rs_command_fn,
    /// Handed to the handler.
    pub userdata: *mut c_void,
    /// Called once with `userdata` when nobody needs it any more; may be NULL.
    pub free_userdata: rs_free_fn,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<rs_command_spec>() == 64 && offset_of!(rs_command_spec, flags) == 16);
    assert!(offset_of!(rs_command_spec, first_key) == 24 && offset_of!(rs_command_spec, handler) == 40);
};

/// Adds a command of the host's own to an engine. From now on every client of the engine can call it, those connected
/// already as well, over RESP2, RESP3, inline, in the dialect of the original, and in process; also inside MULTI. It obeys its
/// arity and flags, its keys are locked as those of a built-in command, and it shows in COMMAND and its subcommands, INFO
/// commandstats, SLOWLOG and MONITOR. It stays until the engine ends.
///
/// The strings of `spec` are copied. `free_userdata` is called exactly once, whatever comes of this call: before a failure
/// is returned, else when the engine and all its sessions and servers have ended, in the thread that ends the last. (Only
/// a `spec` that is NULL cannot be asked for it.)
///
/// Returns `RS_OK`; `RS_ERR_EXISTS` if a command of this name exists, built in or of the host; `RS_ERR_CONFIG` if a flag is
/// unknown or two contradict each other; `RS_ERR_ARGUMENT` if a pointer is NULL (`engine`, `spec`, its name or handler), the name
/// has other characters, the arity is 0, or the keys are not where arguments can be; `RS_ERR_BUSY` from inside a callback other than an event callback;
/// `RS_ERR_NO_MEMORY` if there are 65,000 commands already. `rs_last_error` says what is wrong. Any thread, at any time,
/// also while the engine is being served.
///
/// An example, GREET key name, which stores the name and replies with a greeting:
///
///     static void greet(rs_call *call, int argc, const rs_slice *argv, void *ud)
///     {
///         const char *set[] = { "SET", (const char *)argv[1].data, (const char *)argv[2].data };
///         size_t len[] = { 3, argv[1].len, argv[2].len };
///         rs_reply *reply = rs_call_command_argv(call, 3, set, len);
///         (void)argc, (void)ud;
///         if (reply == NULL || reply->type == RS_REPLY_ERROR)
///             rs_call_reply_error(call, reply ? reply->str : "ERR no memory");
///         else
///             rs_call_reply_status(call, "HELLO");
///         rs_reply_free(reply);
///     }
///
///     rs_command_spec spec = { "greet", 3, "write denyoom", 1, 1, 1, greet, NULL, NULL };
///     if (rs_engine_register_command(engine, &spec) != RS_OK)
///         fprintf(stderr, "%s\n", rs_last_error());
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_engine_register_command(engine: *mut rs_engine, spec: *const rs_command_spec) -> rs_status {
    // SAFETY: by the rules of the header.
    let spec = unsafe { cast::shared(spec) };
    code(spec.and_then(|spec| {
        // From here on it is ours to free, also when the call is refused.
        let userdata = Userdata { pointer: UserData(spec.userdata), free: spec.free_userdata };
        outermost(|| {
            // SAFETY: by the rules of the header.
            let engine = unsafe { cast::shared(engine)? };
            let handler = spec.handler.ok_or_else(|| fail(RS_ERR_ARGUMENT, format_args!("the handler is NULL")))?;
            // SAFETY: by the rules of the header.
            let declaration = unsafe { declare(spec)? };
            register(engine, &declaration, handler, userdata)
        })
    }))
}

/// Checks what the host says.
///
/// # Safety
/// The strings are NULL or terminated.
unsafe fn declare(spec: &rs_command_spec) -> Outcome<Declaration> {
    // SAFETY: the caller's promise.
    let name = unsafe { cast::text(spec.name)? };
    // SAFETY: the caller's promise.
    let flags = if spec.flags.is_null() { &b""[..] } else { unsafe { cast::text(spec.flags)? } };
    let keys = (spec.first_key, spec.last_key, spec.key_step);
    Declaration::new(name, spec.arity, flags, keys).map_err(|error| match error {
        DeclarationError::Argument(text) => fail(RS_ERR_ARGUMENT, format_args!("{text}")),
        DeclarationError::Flags(text) => fail(RS_ERR_CONFIG, format_args!("{text}")),
        DeclarationError::NoMemory => NoMemory.into(),
    })
}

fn register(
    engine: &rs_engine,
    declaration: &Declaration,
    handler: call::Handler,
    userdata: Userdata,
) -> Outcome<rs_status> {
    let engine = &engine.host().engine;
    let name = declaration.name();
    if engine.names.is_taken(name) {
        return Err(taken(name));
    }
    let added = engine.names.host().add(name, |id| {
        let entry = Entry::new(declaration, id)?;
        Ok((entry.command(), try_box(Function { handler, userdata, _entry: entry })?))
    });
    match added {
        Ok(()) => Ok(RS_OK),
        Err(Refusal::Taken) => Err(taken(name)),
        Err(Refusal::NoMemory) => Err(NoMemory.into()),
        Err(Refusal::Full) => {
            Err(fail(super::status::RS_ERR_NO_MEMORY, format_args!("there is no room for more commands")))
        }
    }
}

fn taken(name: &str) -> super::status::Failure {
    fail(RS_ERR_EXISTS, format_args!("there is a command '{name}' already"))
}

/// A pointer of the host and how it wants to have it back.
struct Userdata {
    pointer: UserData,
    free: rs_free_fn,
}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the host has given this function for this pointer, and this is the only owner of both.
            unsafe { free(self.pointer.0) };
        }
    }
}

/// A host command's function. Kept by the engine until it ends.
struct Function {
    handler: call::Handler,
    userdata: Userdata,
    /// Freed with the function, and used by nobody else any more then.
    _entry: Entry,
}

impl HostFunction for Function {
    fn call(&self, call: &mut Call) -> Result<(), NoMemory> {
        call::run(call, self.handler, self.userdata.pointer)
    }
}

/// A table entry on the heap. Those of built-in commands are statics, and everybody may keep references to them; this one
/// lives as long as its engine, and so does whoever may look at it: sessions, transactions and waiting commands are gone
/// before the engine is, or do nothing but be dropped.
struct Entry {
    // Dropped in this order: the command refers to the others.
    command: Kept<Command>,
    _keys: Kept<[KeySpec]>,
    _name: Kept<str>,
}

impl Entry {
    fn new(declaration: &Declaration, id: u16) -> Result<Self, NoMemory> {
        let name = Kept::new(Text::string_of(format_args!("{}", declaration.name()))?.into_boxed_str());
        let keys = Kept::new(declaration.key_specs()?);
        // SAFETY: the command is dropped before them.
        let (name_ref, keys_ref) = unsafe { (name.get(), keys.get()) };
        let command = Kept::new(try_box(declaration.command(id, name_ref, keys_ref))?);
        Ok(Self { command, _keys: keys, _name: name })
    }

    /// The entry, for as long as the engine keeps its function.
    fn command(&self) -> &'static Command {
        // SAFETY: it is freed with the function, which the engine keeps until it ends.
        unsafe { self.command.get() }
    }
}

/// A box that is never changed, and to which there are references that must not outlive it.
struct Kept<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Kept<T> {
    fn new(value: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(value)))
    }

    /// # Safety
    /// The reference is not used when the box is gone.
    unsafe fn get(&self) -> &'static T {
        // SAFETY: nobody changes it, and the caller knows how long it is there.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: it was leaked by `new`, and nobody looks at it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: the entry is never changed, and freed by its one owner.
unsafe impl Send for Entry {}
// SAFETY: as for Send.
unsafe impl Sync for Entry {}
