//! CLIENT KILL, in its old form with one address and its new one with filters.

use super::super::connection::DEFAULT_USER;
use super::super::session::Close;
use super::super::{Args, CmdResult, CommandError, Ctx};
use super::kind_by_name;
use crate::engine::clients::{Client, ClientKind, Delivery, End};
use crate::resp::number::parse_i64;

/// Which clients to kill: those that meet all conditions.
#[derive(Default)]
struct Filter<'a> {
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    kind: Option<ClientKind>,
    id: Option<u64>,
    spares_caller: bool,
}

/// CLIENT KILL <ip:port | <option value [option value ...]>> with the options ID, TYPE, ADDR, LADDR, USER and SKIPME.
pub fn kill(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let is_old_form = args.len() == 3;
    let filter = if is_old_form { Filter { addr: args.get(2), ..Filter::default() } } else { Filter::parse(args)? };
    let mut killed = 0;
    let caller = ctx.session.id();
    for client in ctx.engine.clients.list()? {
        if !filter.matches(&client) || (client.id == caller && filter.spares_caller) {
            continue;
        }
        if client.id == caller {
            ctx.session.close = Close::AfterReplies;
        } else {
            // At once, so that nothing more is taken for it.
            client.unblock(ctx.engine, End::Gone);
            client.deliver(Delivery::Close);
        }
        killed += 1;
    }
    match (is_old_form, killed) {
        (true, 0) => return Err(CommandError::fixed("ERR No such client")),
        (true, _) => ctx.reply.ok(),
        (false, killed) => ctx.reply.integer(killed),
    }
    Ok(())
}

impl<'a> Filter<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut filter = Self { spares_caller: true, ..Self::default() };
        for at in (2..args.len()).step_by(2) {
            let value = args.get(at + 1).ok_or(CommandError::SYNTAX)?;
            if args.is(at, "id") {
                let id = parse_i64(value).filter(|id| *id > 0);
                let id = id.ok_or(CommandError::fixed("ERR client-id should be greater than 0"))?;
                filter.id = Some(id.cast_unsigned());
            } else if args.is(at, "type") {
                filter.kind = Some(kind_by_name(value)?);
            } else if args.is(at, "addr") {
                filter.addr = Some(value);
            } else if args.is(at, "laddr") {
                filter.laddr = Some(value);
            } else if args.is(at, "user") {
                // Every client is the default user, so this excludes none.
                if value != DEFAULT_USER.as_bytes() {
                    return Err(CommandError::quoting("ERR No such user '", value, "'"));
                }
            } else if args.is(at, "skipme") && args.is(at + 1, "yes") {
                filter.spares_caller = true;
            } else if args.is(at, "skipme") && args.is(at + 1, "no") {
                filter.spares_caller = false;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(filter)
    }

    fn matches(&self, client: &Client) -> bool {
        self.addr.is_none_or(|addr| addr == client.addr.as_bytes())
            && self.laddr.is_none_or(|laddr| laddr == client.laddr.as_bytes())
            && self.kind.is_none_or(|kind| kind == client.kind())
            && self.id.is_none_or(|id| id == client.id)
    }
}
