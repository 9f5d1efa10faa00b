//! FUNCTION over a library that is empty, since no scripting engine is built in that could fill it.

use super::{Args, CmdResult, CommandError, Ctx, help};

/// What FUNCTION DUMP gives for no libraries: the version of the RDB format (10), and the CRC-64 of that.
const EMPTY_DUMP: &[u8] = b"\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda";

/// FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE].
pub fn list(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (mut with_code, mut has_pattern) = (false, false);
    let mut at = 2;
    while at < args.len() {
        if !with_code && args.is(at, "withcode") {
            with_code = true;
        } else if !has_pattern && args.is(at, "libraryname") {
            has_pattern = true;
            at += 1;
            if at == args.len() {
                return Err(CommandError::fixed("ERR library name argument was not given"));
            }
        } else {
            return Err(CommandError::quoting("ERR Unknown argument ", &args[at], ""));
        }
        at += 1;
    }
    ctx.reply.array(0);
    Ok(())
}

/// FUNCTION STATS.
pub fn stats(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.map(2);
    ctx.reply.bulk(b"running_script");
    ctx.reply.null();
    ctx.reply.bulk(b"engines");
    ctx.reply.map(0);
    Ok(())
}

/// FUNCTION FLUSH [ASYNC | SYNC].
pub fn flush(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match args.len() {
        2 => {}
        3 if args.is(2, "sync") || args.is(2, "async") => {}
        3 => return Err(CommandError::fixed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")),
        _ => return Err(CommandError::bad_subcommand(&args[0], &args[1])),
    }
    // There is nothing to flush.
    ctx.reply.ok();
    Ok(())
}

/// FUNCTION DUMP.
pub fn dump(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.bulk(EMPTY_DUMP);
    Ok(())
}

/// FUNCTION HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

const HELP: &[&str] = &[
    "LOAD [REPLACE] <FUNCTION CODE>",
    "    Create a new library with the given library name and code.",
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Return general information on all the libraries:",
    "    * Library name",
    "    * The engine used to run the Library",
    "    * Library description",
    "    * Functions list",
    "    * Library code (if WITHCODE is given)",
    "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
    "STATS",
    "    Return information about the current function running:",
    "    * Function name",
    "    * Command used to run the function",
    "    * Duration in MS that the function is running",
    "    If no function is running, return nil",
    "    In addition, returns a list of available engines.",
    "KILL",
    "    Kill the current running function.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the libraries.",
    "    * SYNC: Synchronously flush the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
    "    control how to handle existing libraries (default APPEND):",
    "    * FLUSH: delete all existing libraries.",
    "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
    "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
    "      libraries with the new libraries (notice that even on this option there is a chance of failure",
    "      in case of functions name collision with another library).",
];
