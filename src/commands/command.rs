//! COMMAND: the command table as clients see it.

use super::names::Names;
use super::spec::{self, AclCategories, Command, Flags, KeyError, KeyFlags, render};
use super::{Args, CmdResult, CommandError, Ctx, help};
use crate::engine::glob;
use crate::resp::ReplyWriter;
use smallvec::SmallVec;

/// A reply is a sink for what `render` writes.
struct ReplySink<'a>(&'a mut ReplyWriter);

impl render::Sink for ReplySink<'_> {
    fn array(&mut self, n: usize) {
        self.0.array(n);
    }
    fn map(&mut self, n: usize) {
        self.0.map(n);
    }
    fn set(&mut self, n: usize) {
        self.0.set(n);
    }
    fn bulk(&mut self, bytes: &[u8]) {
        self.0.bulk(bytes);
    }
    fn status(&mut self, text: &str) {
        self.0.status(text);
    }
    fn integer(&mut self, number: i64) {
        self.0.integer(number);
    }
}

/// COMMAND.
pub fn command(ctx: &mut Ctx, _: &Args) -> CmdResult {
    write_all_infos(ctx);
    Ok(())
}

/// COMMAND COUNT.
pub fn count(ctx: &mut Ctx, _: &Args) -> CmdResult {
    ctx.reply.integer(ctx.engine.names.commands().count() as i64);
    Ok(())
}

/// COMMAND INFO [command-name [command-name ...]].
pub fn info(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let names = &args.argv()[2..];
    if names.is_empty() {
        write_all_infos(ctx);
        return Ok(());
    }
    ctx.reply.array(names.len());
    for name in names {
        match ctx.engine.names.lookup_full(name) {
            Some(command) => render::write_info(command, &mut ReplySink(ctx.reply)),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

/// COMMAND DOCS [command-name [command-name ...]].
pub fn docs(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let names = &args.argv()[2..];
    let known = &ctx.engine.names;
    let mark = ctx.reply.begin();
    let mut shown = 0;
    let show = |command: &Command| {
        ctx.reply.bulk(command.name.as_bytes());
        render::write_docs(command, &mut ReplySink(ctx.reply));
        shown += 1;
    };
    if names.is_empty() {
        known.commands().for_each(show);
    } else {
        names.iter().filter_map(|name| known.lookup_full(name)).for_each(show);
    }
    ctx.reply.end_map(mark, shown);
    Ok(())
}

/// COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>].
pub fn list(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let filter = match args.len() {
        2 => None,
        5 if args.is(2, "filterby") => Some(NameFilter::parse(args)?),
        _ => return Err(CommandError::SYNTAX),
    };
    let mark = ctx.reply.begin();
    let mut written = 0;
    for command in ctx.engine.names.commands().flat_map(spec::with_subcommands) {
        if filter.as_ref().is_none_or(|filter| filter.matches(command)) {
            ctx.reply.bulk(command.name.as_bytes());
            written += 1;
        }
    }
    ctx.reply.end_array(mark, written);
    Ok(())
}

/// What COMMAND LIST shows.
enum NameFilter<'a> {
    /// Commands of a module; there are no modules.
    Module,
    /// Commands of an ACL category, none if it is unknown.
    Category(Option<AclCategories>),
    Pattern(&'a [u8]),
}

impl<'a> NameFilter<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let value = args.argv()[4];
        if args.is(3, "module") {
            Ok(Self::Module)
        } else if args.is(3, "aclcat") {
            let named = |(name, _): &&(&str, AclCategories)| name.as_bytes()[1..].eq_ignore_ascii_case(value);
            Ok(Self::Category(AclCategories::NAMES.iter().find(named).map(|(_, category)| *category)))
        } else if args.is(3, "pattern") {
            Ok(Self::Pattern(value))
        } else {
            Err(CommandError::SYNTAX)
        }
    }

    fn matches(&self, command: &Command) -> bool {
        match self {
            Self::Module => false,
            Self::Category(category) => category.is_some_and(|category| command.acl.contains(category)),
            Self::Pattern(pattern) => glob::matches(pattern, command.name.as_bytes(), true),
        }
    }
}

/// COMMAND GETKEYS command [arg [arg ...]].
pub fn getkeys(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let request = &args.argv()[2..];
    let keys = find_keys(&ctx.engine.names, request)?;
    ctx.reply.array(keys.len());
    for (index, _) in keys {
        ctx.reply.bulk(request[index]);
    }
    Ok(())
}

/// COMMAND GETKEYSANDFLAGS command [arg [arg ...]].
pub fn getkeysandflags(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let request = &args.argv()[2..];
    let keys = find_keys(&ctx.engine.names, request)?;
    ctx.reply.array(keys.len());
    for (index, flags) in keys {
        ctx.reply.array(2);
        ctx.reply.bulk(request[index]);
        ctx.reply.set(flags.len());
        for name in flags.names() {
            ctx.reply.status(name);
        }
    }
    Ok(())
}

/// COMMAND HELP.
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(ctx, args, HELP)
}

fn write_all_infos(ctx: &mut Ctx) {
    let names = &ctx.engine.names;
    let mark = ctx.reply.begin();
    let mut shown = 0;
    for command in names.commands() {
        render::write_info(command, &mut ReplySink(ctx.reply));
        shown += 1;
    }
    ctx.reply.end_array(mark, shown);
}

/// Where the keys of a request are, and what it does with them.
fn find_keys(names: &Names, request: &[&[u8]]) -> Result<SmallVec<[(usize, KeyFlags); 8]>, CommandError> {
    let container = names.lookup(request[0]);
    let command = container.and_then(|command| match request.get(1) {
        Some(name) if !command.subcommands.is_empty() => spec::lookup_subcommand(command, name),
        _ => Some(command),
    });
    let command = command.ok_or(CommandError::fixed("ERR Invalid command specified"))?;
    if command.keys.is_empty() && !command.flags.contains(Flags::MOVABLEKEYS) {
        return Err(CommandError::fixed("ERR The command has no key arguments"));
    }
    if !command.accepts(request.len()) {
        return Err(CommandError::fixed("ERR Invalid number of arguments specified for command"));
    }
    let mut keys: SmallVec<[(usize, KeyFlags); 8]> = SmallVec::new();
    let mut is_short = false;
    let found = spec::extract_keys(command, request, |index, key_spec| {
        if keys.try_reserve(1).is_ok() {
            keys.push((index, spec::key_flags(command, key_spec, request)));
        } else {
            is_short = true;
        }
    });
    if is_short {
        return Err(CommandError::NO_MEMORY);
    }
    if matches!(found, Err(KeyError::Syntax | KeyError::NoneLeft)) {
        keys.clear();
    }
    if keys.is_empty() && !command.flags.contains(Flags::NO_MANDATORY_KEYS) {
        return Err(CommandError::fixed("ERR Invalid arguments specified for command"));
    }
    Ok(keys)
}

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
];
