//! How other threads reach a reactor: a queue and a waker.

use super::doze::Doze;
use super::listener::Accepted;
use crate::engine::clients::{Delivery, Outlet};
use mio::Waker;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a reactor is told.
pub enum Message {
    /// Serve this new connection.
    Accepted(Accepted),
    /// Other sockets are listened on now.
    ListenersChanged,
    /// This listener had more connections than fit in one turn.
    AcceptMore(usize),
    /// Deliver to one of its clients.
    Deliver { client_id: u64, delivery: Delivery },
    /// Stop reading, send what is answered, end.
    Stop,
}

/// The mailbox of one reactor.
pub struct Mailbox {
    queue: Mutex<Vec<Message>>,
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
            has_lost: AtomicBool::new(false),
            doze: Doze::new(),
            waker,
            load: AtomicUsize::new(0),
        }
    }

    /// Puts a message in; wakes the reactor if it sleeps.
    pub fn send(&self, message: Message) {
        self.queue.lock().push(message);
        self.announce();
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

    /// Takes all messages out.
    pub fn take(&self) -> Vec<Message> {
        self.doze.take();
        std::mem::take(&mut *self.queue.lock())
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
        let mut queue = self.queue.lock();
        match queue.try_reserve(1) {
            Ok(()) => queue.push(Message::Deliver { client_id, delivery }),
            Err(_) => self.has_lost.store(true, Ordering::Release),
        }
        drop(queue);
        self.announce();
    }
}
