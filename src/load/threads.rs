//! Work of one load on several threads at once.

use std::panic;
use std::thread;

use parking_lot::Mutex;

/// Most threads that one stage of a load uses.
const THREADS_MAX: usize = 4;

/// How many threads one stage of a load may use here.
pub fn most() -> usize {
    thread::available_parallelism()
        .map_or(1, |n| n.get())
        .min(THREADS_MAX)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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
}
