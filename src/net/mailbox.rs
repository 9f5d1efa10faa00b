//! How other threads reach a reactor: a queue and a waker.

use super::doze::Doze;
use super::listener::Accepted;
use crate::engine::clients::{Delivery, Outlet};
use mio::Waker;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    doze: Doze,
    waker: Waker,
    /// Connections the reactor serves or has been given; accepting goes to the least loaded.
    pub load: AtomicUsize,
}

impl Mailbox {
    /// A mailbox whose reactor is woken through `waker`.
    pub fn new(waker: Waker) -> Self {
        Self { queue: Mutex::default(), doze: Doze::new(), waker, load: AtomicUsize::new(0) }
    }

    /// Puts a message in; wakes the reactor if it sleeps.
    pub fn send(&self, message: Message) {
        self.queue.lock().push(message);
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

    /// Notes that a connection is gone.
    pub fn connection_gone(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Outlet for Mailbox {
    fn deliver(&self, client_id: u64, delivery: Delivery) {
        self.send(Message::Deliver { client_id, delivery });
    }
}
