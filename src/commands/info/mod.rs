//! INFO: sections of `field:value` lines (<https://redis.io/docs/latest/commands/info/>).
//!
//! One file per section. Names, order and units of the fields are Redis's, since monitoring tools read them. A field
//! of a mechanism that redisrs does not have shows the value that Redis shows while it is idle.

mod clients;
mod commands;
mod cpu;
mod keyspace;
mod memory;
mod persistence;
mod replication;
mod server;
mod stats;

#[cfg(test)]
pub(super) use memory::DbUse;
pub(super) use memory::{MemoryUse, SystemUse, gap};

use super::{Args, CmdResult, Ctx};
use crate::storage::{NoMemory, Text};
use std::fmt::Display;

/// One section.
struct Section {
    /// By which clients ask for it, in lower case.
    name: &'static str,
    heading: &'static str,
    /// Shown when nobody asks for anything.
    is_default: bool,
    write: fn(&mut Ctx, &mut Fields) -> Result<(), NoMemory>,
}

/// All sections, in the order in which they are shown.
static SECTIONS: [Section; 13] = [
    Section { name: "server", heading: "Server", is_default: true, write: server::write },
    Section { name: "clients", heading: "Clients", is_default: true, write: clients::write },
    Section { name: "memory", heading: "Memory", is_default: true, write: memory::write },
    Section { name: "persistence", heading: "Persistence", is_default: true, write: persistence::write },
    Section { name: "stats", heading: "Stats", is_default: true, write: stats::write },
    Section { name: "replication", heading: "Replication", is_default: true, write: replication::write },
    Section { name: "cpu", heading: "CPU", is_default: true, write: cpu::write },
    // There are no modules to list.
    Section { name: "modules", heading: "Modules", is_default: true, write: |_, _| Ok(()) },
    Section { name: "commandstats", heading: "Commandstats", is_default: false, write: commands::write_calls },
    Section { name: "errorstats", heading: "Errorstats", is_default: true, write: commands::write_errors },
    Section { name: "latencystats", heading: "Latencystats", is_default: false, write: commands::write_latencies },
    Section {
        name: "cluster",
        heading: "Cluster",
        is_default: true,
        write: |_, fields| {
            fields.add("cluster_enabled", 0);
            Ok(())
        },
    },
    Section { name: "keyspace", heading: "Keyspace", is_default: true, write: keyspace::write },
];

/// The text of a section.
struct Fields(Text);

impl Fields {
    fn add(&mut self, name: impl Display, value: impl Display) {
        self.0.put(format_args!("{name}:{value}\r\n"));
    }

    /// Adds a field whose name has two parts.
    fn add_of(&mut self, prefix: &str, name: impl Display, value: impl Display) {
        self.0.put(format_args!("{prefix}_{name}:{value}\r\n"));
    }
}

/// INFO [section [section ...]].
pub fn info(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let asked = &args.argv()[1..];
    let asks_for = |name: &str| asked.iter().any(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    let (all, default) = (asks_for("all") || asks_for("everything"), asked.is_empty() || asks_for("default"));
    let mut fields = Fields(Text::new());
    for section in &SECTIONS {
        if all || (default && section.is_default) || asks_for(section.name) {
            let gap = if fields.0.is_empty() { "" } else { "\r\n" };
            fields.0.put(format_args!("{gap}# {}\r\n", section.heading));
            (section.write)(ctx, &mut fields)?;
        }
    }
    ctx.reply.verbatim("txt", &fields.0.finish()?);
    Ok(())
}
