//! EVAL and FCALL. No scripting engine is built in, so they check what can be checked without one and say so.

use super::{Args, CmdResult, CommandError, Ctx};

/// A SHA-1 in hexadecimal digits.
const SHA_BYTES: usize = 40;

const NO_ENGINE: CommandError =
    CommandError::fixed("ERR This version of redisrs has no scripting engine, so it can't run scripts");
const NO_SCRIPT: CommandError = CommandError::fixed("NOSCRIPT No matching script. Please use EVAL.");
const NO_FUNCTION: CommandError = CommandError::fixed("ERR Function not found");

/// EVAL script numkeys [key [key ...]] [arg [arg ...]].
pub fn eval(_: &mut Ctx, args: &Args) -> CmdResult {
    check_key_count(args)?;
    Err(NO_ENGINE)
}

/// EVAL_RO script numkeys [key [key ...]] [arg [arg ...]].
pub fn eval_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    eval(ctx, args)
}

/// EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]].
pub fn evalsha(_: &mut Ctx, args: &Args) -> CmdResult {
    if args[1].len() == SHA_BYTES {
        check_key_count(args)?;
    }
    Err(NO_SCRIPT)
}

/// EVALSHA_RO sha1 numkeys [key [key ...]] [arg [arg ...]].
pub fn evalsha_ro(ctx: &mut Ctx, args: &Args) -> CmdResult {
    evalsha(ctx, args)
}

/// FCALL function numkeys [key [key ...]] [arg [arg ...]].
pub fn fcall(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(NO_FUNCTION)
}

/// FCALL_RO function numkeys [key [key ...]] [arg [arg ...]].
pub fn fcall_ro(_: &mut Ctx, _: &Args) -> CmdResult {
    Err(NO_FUNCTION)
}

fn check_key_count(args: &Args) -> CmdResult {
    let count = args.int(2)?;
    if count > (args.len() - 3) as i64 {
        return Err(CommandError::fixed("ERR Number of keys can't be greater than number of args"));
    }
    if count < 0 {
        return Err(CommandError::fixed("ERR Number of keys can't be negative"));
    }
    Ok(())
}
