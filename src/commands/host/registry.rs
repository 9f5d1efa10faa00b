//! The host commands of one engine: added at any time, never removed, found by name without a lock.
//!
//! A hash table with chains whose links are set once: a look-up follows published links only, so it needs no lock and
//! never waits for a registration. It happens only when a name is none of the table's ([`super::super::spec::lookup`]),
//! so built-in commands cost what they cost without it. Host commands have the ids behind those of the table, in the order
//! of their registration.

use super::call::Call;
use crate::commands::spec::{Command, ID_COUNT};
use crate::storage::{NoMemory, try_box};
use parking_lot::RwLock;
use std::sync::OnceLock;

/// Chains; a program has a few dozen commands.
const BUCKETS: usize = 64;
/// Longest name. Longer words of clients are not even hashed.
pub const NAME_BYTES_MAX: usize = 64;

/// What runs when a client calls a host command.
pub trait HostFunction: Send + Sync {
    /// Runs one call, with its keys locked.
    ///
    /// # Errors
    /// If memory is too short to begin.
    fn call(&self, call: &mut Call) -> Result<(), NoMemory>;
}

/// Why a command was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A command of this name exists.
    Taken,
    /// There are no ids left.
    Full,
    /// There is no memory.
    NoMemory,
}

impl From<NoMemory> for Refusal {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// Host commands of one engine.
pub struct Registry {
    buckets: [OnceLock<Box<Node>>; BUCKETS],
    /// All of them, by id.
    order: RwLock<Vec<&'static Command>>,
}

struct Node {
    command: &'static Command,
    function: Box<dyn HostFunction>,
    next: OnceLock<Box<Node>>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { buckets: [const { OnceLock::new() }; BUCKETS], order: RwLock::default() }
    }
}

impl Registry {
    /// Adds the command of this name (lower case), which `make` makes from its id. The function is kept as long as the
    /// registry, and the command must live as long as the function.
    ///
    /// # Errors
    /// If the name is taken, or there are too many commands; `make` is not called then. If memory is short, which `make`
    /// may find, too.
    pub fn add(
        &self,
        name: &str,
        make: impl FnOnce(u16) -> Result<(&'static Command, Box<dyn HostFunction>), NoMemory>,
    ) -> Result<(), Refusal> {
        let mut order = self.order.write();
        if self.lookup(name.as_bytes()).is_some() {
            return Err(Refusal::Taken);
        }
        let id = u16::try_from(ID_COUNT + order.len()).map_err(|_| Refusal::Full)?;
        order.try_reserve(1).map_err(NoMemory::from)?;
        let (command, function) = make(id)?;
        let node = try_box(Node { command, function, next: OnceLock::new() })?;
        order.push(command);
        let mut link = &self.buckets[bucket_of(name.as_bytes())];
        while let Some(node) = link.get() {
            link = &node.next;
        }
        // The write lock is held, so nobody else sets this link.
        link.get_or_init(|| node);
        Ok(())
    }

    /// The command of this name, in any case.
    pub fn lookup(&self, name: &[u8]) -> Option<&'static Command> {
        self.find(name).map(|node| node.command)
    }

    /// The function of a command.
    pub fn function(&self, command: &Command) -> Option<&dyn HostFunction> {
        self.find(command.name.as_bytes()).map(|node| &*node.function)
    }

    fn find(&self, name: &[u8]) -> Option<&Node> {
        if name.len() > NAME_BYTES_MAX {
            return None;
        }
        let mut node = self.buckets[bucket_of(name)].get();
        while let Some(found) = node {
            if found.command.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some(found);
            }
            node = found.next.get();
        }
        None
    }

    /// The command with this id.
    pub fn by_id(&self, id: usize) -> Option<&'static Command> {
        self.order.read().get(id.checked_sub(ID_COUNT)?).copied()
    }

    /// All commands, in the order of their ids.
    pub fn list(&self) -> impl Iterator<Item = &'static Command> {
        (0..).map_while(|index: usize| self.order.read().get(index).copied())
    }
}

/// FNV-1a of the name in lower case; its upper bits, which depend on all of it.
fn bucket_of(name: &[u8]) -> usize {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    (name.iter().fold(0x811c_9dc5, step) >> (u32::BITS - BUCKETS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::super::Declaration;
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    struct Silent;

    impl HostFunction for Silent {
        fn call(&self, _: &mut Call) -> Result<(), NoMemory> {
            Ok(())
        }
    }

    /// A command that lives for ever, for a test.
    fn add(registry: &Registry, name: &str) -> Result<(), Refusal> {
        let declaration = Declaration::new(name.as_bytes(), 1, b"fast", (0, 0, 0)).expect("a good declaration");
        registry.add(declaration.name(), |id| {
            let name = declaration.name().to_owned().leak();
            Ok((Box::leak(Box::new(declaration.command(id, name, &[]))), Box::new(Silent)))
        })
    }

    #[test]
    fn names_are_found_in_any_case_and_ids_follow_the_table() {
        let registry = Registry::default();
        for number in 0..300 {
            assert_eq!(add(&registry, &format!("host.{number}")), Ok(()));
        }
        assert_eq!(add(&registry, "HOST.7"), Err(Refusal::Taken));
        for number in 0..300 {
            let found = registry.lookup(format!("Host.{number}").as_bytes()).expect("registered");
            assert_eq!((found.name, usize::from(found.id)), (&*format!("host.{number}"), ID_COUNT + number));
            assert!(registry.function(found).is_some());
            assert_eq!(registry.by_id(ID_COUNT + number).map(|command| command.id), Some(found.id));
        }
        assert!(registry.lookup(b"host.300").is_none() && registry.lookup(b"").is_none());
        assert!(registry.lookup(&[b'h'; 1000]).is_none());
        assert!(registry.by_id(0).is_none() && registry.by_id(ID_COUNT + 300).is_none());
        assert_eq!(registry.list().count(), 300);
    }

    #[test]
    fn ids_run_out_before_they_wrap() {
        let registry = Registry::default();
        let room = usize::from(u16::MAX) + 1 - ID_COUNT;
        let command: &'static Command = Box::leak(Box::new(
            Declaration::new(b"many", 1, b"", (0, 0, 0)).expect("a good declaration").command(0, "many", &[]),
        ));
        registry.order.write().resize(room, command);
        assert_eq!(add(&registry, "one.more"), Err(Refusal::Full));
        registry.order.write().pop();
        assert_eq!(add(&registry, "one.more"), Ok(()));
        assert_eq!(registry.lookup(b"one.more").map(|command| command.id), Some(u16::MAX));
    }

    /// Readers see a command entirely or not at all, and never lose one, while others are added.
    #[test]
    fn look_ups_run_while_commands_are_added() {
        let registry = Registry::default();
        let (added, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        let known = added.load(Ordering::Acquire);
                        for number in 0..known {
                            let name = format!("c{number}");
                            let found = registry.lookup(name.as_bytes()).expect("added before");
                            assert_eq!((found.name, found.arity), (&*name, 1));
                        }
                    }
                });
            }
            for number in 0..200 {
                add(&registry, &format!("c{number}")).expect("a new name");
                added.store(number + 1, Ordering::Release);
            }
            done.store(true, Ordering::Release);
        });
    }
}
