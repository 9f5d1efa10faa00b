//! Whether a reactor has to be woken up for its mail.
//!
//! Waking costs a system call, and a reactor at work will look into its mailbox anyway before it sleeps: when it serves
//! a client that is blocked on another of its own connections, mail to itself needs no waking. The order of steps makes
//! sure that no mail is slept over:
//!
//! - who sends puts the mail into the queue first and then calls [`Doze::posted`];
//! - the reactor first calls [`Doze::lie_down`] and then asks [`Doze::has_mail`]; only if there is none does it sleep.
//!
//! Both flags are bits of one word, so one of the two steps comes first: either the reactor sees the mail, or the sender
//! sees that it lies. The model below checks the interleavings (`make loom`).

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

/// There is mail that the reactor has not begun to take.
const MAIL: u8 = 1;
/// The reactor sleeps, or will without looking.
const LIES: u8 = 2;

/// The two flags. A reactor lies while it is not in a turn, too, as one that the host drives may be for long.
pub struct Doze(AtomicU8);

impl Doze {
    /// Lying, without mail.
    pub fn new() -> Self {
        Self(AtomicU8::new(LIES))
    }

    /// Mail is in the queue; whether the reactor must be woken. Who finds older mail need not: its sender has.
    pub fn posted(&self) -> bool {
        self.0.fetch_or(MAIL, Ordering::AcqRel) == LIES
    }

    /// The reactor is about to sleep.
    pub fn lie_down(&self) {
        self.0.fetch_or(LIES, Ordering::AcqRel);
    }

    /// The reactor will look for mail before it sleeps.
    pub fn get_up(&self) {
        self.0.fetch_and(!LIES, Ordering::AcqRel);
    }

    /// Whether there is mail.
    #[inline]
    pub fn has_mail(&self) -> bool {
        self.0.load(Ordering::Acquire) & MAIL != 0
    }

    /// The reactor is about to empty the queue.
    pub fn take(&self) {
        self.0.fetch_and(!MAIL, Ordering::AcqRel);
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::atomic::AtomicUsize;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    #[test]
    fn no_mail_is_slept_over() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let doze = Arc::new(Doze::new());
            let queue = Arc::new(Mutex::new(0));
            let wakes = Arc::new(AtomicUsize::new(0));
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (doze, queue, wakes) = (doze.clone(), queue.clone(), wakes.clone());
                    thread::spawn(move || {
                        *queue.lock().unwrap() += 1;
                        if doze.posted() {
                            wakes.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            let mut taken = 0;
            // Two turns that do not sleep; each uses up the wake-ups that came before it.
            for _ in 0..2 {
                wakes.swap(0, Ordering::SeqCst);
                doze.get_up();
                if doze.has_mail() {
                    doze.take();
                    taken += std::mem::take(&mut *queue.lock().unwrap());
                }
                doze.lie_down();
            }
            let would_sleep = !doze.has_mail();
            for sender in senders {
                sender.join().unwrap();
            }
            let left = *queue.lock().unwrap();
            assert_eq!(taken + left, 2);
            let is_woken = wakes.load(Ordering::SeqCst) > 0;
            assert!(left == 0 || !would_sleep || is_woken, "asleep with {left} in the mailbox");
        });
    }

    /// The whole way of an answer to a blocked client: decided by a writer, or by the deadline in the reactor's own turn,
    /// told by mail, fetched by the reactor. It is fetched once, and nobody sleeps over it.
    #[test]
    fn an_answer_is_fetched_once_and_not_slept_over() {
        use crate::commands::blocking::outcome::Outcome;
        for deadline_is_due in [false, true] {
            loom::model(move || {
                let outcome = Arc::new(Outcome::<(), &str>::waiting(()));
                let doze = Arc::new(Doze::new());
                let queue = Arc::new(Mutex::new(0));
                let wakes = Arc::new(AtomicUsize::new(0));
                let writer = {
                    let (outcome, doze, queue, wakes) = (outcome.clone(), doze.clone(), queue.clone(), wakes.clone());
                    thread::spawn(move || {
                        if outcome.attempt(|()| Ok::<_, ()>("served")) == Some(Ok(())) {
                            *queue.lock().unwrap() += 1;
                            if doze.posted() {
                                wakes.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    })
                };
                let mut fetched = Vec::new();
                let mut turn = || {
                    wakes.swap(0, Ordering::SeqCst);
                    doze.get_up();
                    if doze.has_mail() {
                        doze.take();
                        if std::mem::take(&mut *queue.lock().unwrap()) > 0 {
                            fetched.extend(outcome.fetch());
                        }
                    }
                    if deadline_is_due {
                        let _ = outcome.attempt(|()| Ok::<_, ()>("timed out"));
                        fetched.extend(outcome.fetch());
                    }
                    doze.lie_down();
                    !doze.has_mail()
                };
                let would_sleep = turn();
                writer.join().unwrap();
                if !would_sleep || wakes.load(Ordering::SeqCst) > 0 {
                    turn();
                }
                assert_eq!(fetched.len(), 1, "{fetched:?}");
                assert!(deadline_is_due || fetched == ["served"]);
                assert_eq!(outcome.fetch(), None);
            });
        }
    }
}
