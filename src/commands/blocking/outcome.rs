//! The outcome of a wait: decided once, by whoever comes first, and fetched once, by the session that waited.
//!
//! Three kinds of threads meet here: a writer that may have something for the client, whoever ends the wait without
//! (the deadline, CLIENT UNBLOCK, CLIENT KILL), and the client's own session, which fetches the answer. A writer works on the
//! data while it decides, so the decision is a mutex and not a word: who comes second waits for the first and then finds
//! the outcome. The model below checks that exactly one decides and that the answer is fetched (`make loom`).

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use parking_lot::{Mutex, MutexGuard};

/// What the wait of `W` has come to, `A` in the end.
pub struct Outcome<W, A>(Mutex<State<W, A>>);

enum State<W, A> {
    Waiting(W),
    Answered(A),
    /// The answer was fetched, or there is nobody to fetch it.
    Over,
}

impl<W, A> Outcome<W, A> {
    /// Undecided.
    pub fn waiting(work: W) -> Self {
        Self(Mutex::new(State::Waiting(work)))
    }

    fn lock(&self) -> MutexGuard<'_, State<W, A>> {
        #[cfg(loom)]
        return self.0.lock().expect("no thread has panicked");
        #[cfg(not(loom))]
        self.0.lock()
    }

    /// Tries to decide: `attempt` gives the answer, or `Err` to leave the wait undecided. `None` if it is decided.
    pub fn attempt<E>(&self, attempt: impl FnOnce(&mut W) -> Result<A, E>) -> Option<Result<(), E>> {
        let mut state = self.lock();
        let State::Waiting(work) = &mut *state else { return None };
        Some(attempt(work).map(|answer| *state = State::Answered(answer)))
    }

    /// Decides that nobody will fetch an answer; false if it was decided otherwise before.
    pub fn give_up(&self) -> bool {
        let mut state = self.lock();
        let was_waiting = matches!(*state, State::Waiting(_));
        *state = State::Over;
        was_waiting
    }

    /// Fetches the answer, once.
    pub fn fetch(&self) -> Option<A> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Answered(answer) => Some(answer),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Whether nothing is decided.
    pub fn is_waiting(&self) -> bool {
        matches!(*self.lock(), State::Waiting(_))
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use loom::thread;

    /// Two writers with one element between them, and a deadline: the element is given once or kept, and the client
    /// is told and finds its answer.
    #[test]
    fn one_outcome_is_fetched_and_no_element_is_lost() {
        loom::model(|| {
            let outcome = Arc::new(Outcome::<(), &str>::waiting(()));
            // What the shard lock guards: the list.
            let list = Arc::new(Mutex::new(1));
            let woken = Arc::new(AtomicUsize::new(0));
            let timed_out = Arc::new(AtomicBool::new(false));
            let writers: Vec<_> = (0..2)
                .map(|_| {
                    let (outcome, list, woken) = (outcome.clone(), list.clone(), woken.clone());
                    thread::spawn(move || {
                        let mut elements = list.lock().unwrap();
                        let served = outcome.attempt(|()| match *elements {
                            0 => Err(()),
                            _ => {
                                *elements -= 1;
                                Ok("element")
                            }
                        });
                        drop(elements);
                        if served == Some(Ok(())) {
                            woken.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            if outcome.attempt(|()| Ok::<_, ()>("nothing")) == Some(Ok(())) {
                timed_out.store(true, Ordering::SeqCst);
                woken.fetch_add(1, Ordering::SeqCst);
            }
            for writer in writers {
                writer.join().unwrap();
            }
            assert_eq!(woken.load(Ordering::SeqCst), 1, "one decides");
            let expected = if timed_out.load(Ordering::SeqCst) { ("nothing", 1) } else { ("element", 0) };
            assert_eq!(outcome.fetch().map(|answer| (answer, *list.lock().unwrap())), Some(expected));
            assert_eq!(outcome.fetch(), None, "fetched once");
            assert!(!outcome.give_up());
        });
    }

    /// A client that goes away while it is served: the element is with it, or still there.
    #[test]
    fn who_is_gone_is_not_served() {
        loom::model(|| {
            let outcome = Arc::new(Outcome::<(), ()>::waiting(()));
            let elements = Arc::new(AtomicUsize::new(1));
            let writer = {
                let (outcome, elements) = (outcome.clone(), elements.clone());
                thread::spawn(move || {
                    outcome.attempt(|()| {
                        elements.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, ()>(())
                    })
                })
            };
            let gone_first = outcome.give_up();
            let served = writer.join().unwrap().is_some();
            assert_ne!(gone_first, served);
            assert_eq!(elements.load(Ordering::SeqCst), usize::from(gone_first));
        });
    }
}
