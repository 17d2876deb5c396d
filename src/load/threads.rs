//! Work of one load on several threads at once.

use std::collections::BTreeMap;
use std::panic;
use std::sync::{Arc, LazyLock, mpsc};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

/// Most threads that one stage of a load uses.
const THREADS_MAX: usize = 4;

/// Pieces for each thread that are worked on or wait to be taken.
const AHEAD: usize = 4;

/// How many threads one stage of a load may use here.
pub fn most() -> usize {
    // The system takes a while to say.
    static MOST: LazyLock<usize> = LazyLock::new(|| {
        let threads = thread::available_parallelism();
        threads.map_or(1, |n| n.get()).min(THREADS_MAX)
    });
    *MOST
}

/// The results of `work` for each piece, in their order. The next piece is made by a thread that has nothing to do, one
/// thread at a time, while the others work. A panic of `work` is passed on.
pub fn map<I: Send, T: Send>(
    pieces: impl IntoIterator<Item = I, IntoIter: Send>,
    work: impl Fn(I) -> T + Sync,
) -> Vec<T> {
    let pieces = pieces.into_iter();
    let threads = most().min(pieces.size_hint().1.unwrap_or(usize::MAX));
    if threads <= 1 {
        return pieces.map(work).collect();
    }
    let left = Mutex::new(pieces.enumerate());
    let some = || {
        let mut done = Vec::new();
        loop {
            let Some((at, piece)) = left.lock().next() else {
                return done;
            };
            done.push((at, work(piece)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            done.extend(other.join().unwrap_or_else(|why| panic::resume_unwind(why)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The results of `work` for each piece, in their order; the threads are some pieces ahead of who takes them. The next piece is
/// made by a thread that has nothing to do, one thread at a time. A panic of `work` is passed on. When the results are
/// dropped, the threads end after their piece.
pub fn ahead<I: Send + 'static, T: Send + 'static>(
    pieces: impl Iterator<Item = I> + Send + 'static,
    work: impl Fn(I) -> T + Send + Sync + 'static,
) -> Ahead<T> {
    let threads = most();
    let (done, results) = mpsc::channel();
    let (leave, left) = mpsc::channel();
    for _ in 0..threads * AHEAD {
        // It is received, if at all, by the threads that are begun below.
        let _ = leave.send(());
    }
    let source = Arc::new((Mutex::new((pieces.enumerate(), left)), work));
    let begin = |_| {
        let (source, done) = (source.clone(), done.clone());
        thread::spawn(move || {
            let (pieces, work) = &*source;
            let next = || {
                let (pieces, left) = &mut *pieces.lock();
                left.recv().ok()?;
                pieces.next()
            };
            while let Some((at, piece)) = next() {
                if done.send((at, work(piece))).is_err() {
                    return;
                }
            }
        })
    };
    Ahead {
        threads: (0..threads).map(begin).collect(),
        results,
        leave,
        early: BTreeMap::new(),
        next: 0,
    }
}

/// Results in the order of their pieces.
pub struct Ahead<T> {
    threads: Vec<JoinHandle<()>>,
    results: mpsc::Receiver<(usize, T)>,
    /// For each message one more piece may be begun.
    leave: mpsc::Sender<()>,
    /// Results that came before an earlier one.
    early: BTreeMap<usize, T>,
    next: usize,
}

impl<T> Iterator for Ahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while !self.early.contains_key(&self.next) {
            let Ok((at, result)) = self.results.recv() else {
                for thread in self.threads.drain(..) {
                    thread
                        .join()
                        .unwrap_or_else(|why| panic::resume_unwind(why));
                }
                return None;
            };
            self.early.insert(at, result);
        }
        // Nobody needs it any more once the pieces are at an end.
        let _ = self.leave.send(());
        self.next += 1;
        self.early.remove(&(self.next - 1))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_and_each_piece_is_worked_on_once() {
        for pieces in [0, 1, 2, 100] {
            let calls = AtomicUsize::new(0);
            let squares = map(0..pieces, |n| {
                calls.fetch_add(1, Ordering::Relaxed);
                n * n
            });
            let expected: Vec<usize> = (0..pieces).map(|n| n * n).collect();
            assert_eq!((squares, calls.into_inner()), (expected, pieces));
        }
    }

    #[test]
    #[should_panic(expected = "piece 3")]
    fn a_panic_is_passed_on() {
        map(0..8, |n| assert!(n != 3, "piece {n}"));
    }

    #[test]
    fn results_that_are_ahead_come_in_order_and_are_few() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = begun.clone();
        let pieces = (0..100).inspect(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let results = ahead(pieces, |n: u64| {
            // Later pieces are often done before earlier ones.
            thread::sleep(Duration::from_micros(n * 7919 % 300));
            n
        });
        for (taken, result) in results.enumerate() {
            assert_eq!(result, taken as u64);
            assert!(begun.load(Ordering::Relaxed) <= taken + 1 + most() * AHEAD);
        }
        assert_eq!(begun.load(Ordering::Relaxed), 100);
    }

    #[test]
    #[should_panic(expected = "piece 3")]
    fn a_panic_ahead_is_passed_on() {
        let results = ahead(0..8, |n| assert!(n != 3, "piece {n}"));
        assert!(results.count() < 8);
    }
}
