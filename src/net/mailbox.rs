//! How other threads reach a reactor: a queue, orders, and a waker.
//!
//! Orders are bits and never lost. What is queued takes memory, and may be refused.

use super::doze::Doze;
use super::listener::Accepted;
use crate::engine::clients::{Delivery, Outlet};
use crate::storage::{NoMemory, try_push};
use mio::Waker;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What a reactor is told.
pub enum Message {
    /// Serve this new connection.
    Accepted(Accepted),
    /// Deliver to one of its clients.
    Deliver { client_id: u64, delivery: Delivery },
}

/// What a reactor is to do, whoever says it and how often: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders(u64);

impl Orders {
    /// Stop reading, send what is answered, end.
    pub const STOP: Self = Self(1 << 63);
    /// Other sockets are listened on now.
    pub const LISTENERS_CHANGED: Self = Self(1 << 62);
    /// Listeners beyond this many share the last number.
    const LISTENERS_MAX: usize = 62;

    /// Accept from this listener: it may have more connections, and no event will say so.
    pub fn accept(listener: usize) -> Self {
        Self(1 << listener.min(Self::LISTENERS_MAX - 1))
    }

    /// Accept from all of the first `count` listeners.
    pub fn accept_all(count: usize) -> Self {
        (0..count).fold(Self::default(), |all, listener| all.and(Self::accept(listener)))
    }

    /// All of both.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether all of these are among them.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

/// The mailbox of one reactor.
pub struct Mailbox {
    queue: Mutex<Vec<Message>>,
    orders: AtomicU64,
    /// There was no memory for something to deliver.
    has_lost: AtomicBool,
    doze: Doze,
    waker: Waker,
    /// Connections the reactor serves or has been given; accepting goes to the least loaded.
    pub load: AtomicUsize,
}

impl Mailbox {
    /// A mailbox whose reactor is woken through `waker`.
    pub fn new(waker: Waker) -> Self {
        Self {
            queue: Mutex::default(),
            orders: AtomicU64::new(0),
            has_lost: AtomicBool::new(false),
            doze: Doze::new(),
            waker,
            load: AtomicUsize::new(0),
        }
    }

    /// Gives orders; wakes the reactor if it sleeps.
    pub fn order(&self, orders: Orders) {
        self.orders.fetch_or(orders.0, Ordering::Release);
        self.announce();
    }

    /// Hands over a new connection, which is closed if there is no memory for that.
    pub fn hand_over(&self, accepted: Accepted) {
        if self.put(Message::Accepted(accepted)).is_err() {
            self.connection_gone();
        }
        self.announce();
    }

    fn put(&self, message: Message) -> Result<(), NoMemory> {
        try_push(&mut self.queue.lock(), message)
    }

    fn announce(&self) {
        if self.doze.posted() {
            self.wake();
        }
    }

    /// Ends the reactor's sleep.
    pub fn wake(&self) {
        // The waker is an eventfd; it cannot fail while the reactor lives.
        let _ = self.waker.wake();
    }

    /// Whether the reactor sleeps or will look here before it does.
    pub fn doze(&self) -> &Doze {
        &self.doze
    }

    /// Takes all orders and messages out.
    pub fn take(&self) -> (Orders, Vec<Message>) {
        self.doze.take();
        (Orders(self.orders.swap(0, Ordering::Acquire)), std::mem::take(&mut *self.queue.lock()))
    }

    /// Whether something to deliver was lost for lack of memory since this was last asked. Any client may have missed it.
    pub fn has_lost(&self) -> bool {
        self.has_lost.swap(false, Ordering::AcqRel)
    }

    /// Notes that a connection is gone.
    pub fn connection_gone(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Outlet for Mailbox {
    fn deliver(&self, client_id: u64, delivery: Delivery) {
        if self.put(Message::Deliver { client_id, delivery }).is_err() {
            self.has_lost.store(true, Ordering::Release);
        }
        self.announce();
    }
}
