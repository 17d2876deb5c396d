//! Work of one load on several threads at once.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Most threads that one stage of a load uses.
const THREADS_MAX: usize = 4;

/// How many threads share `pieces` of work.
pub fn count(pieces: usize) -> usize {
    let there = thread::available_parallelism().map_or(1, |n| n.get());
    there.min(THREADS_MAX).min(pieces)
}

/// The results of `work` for 0 to `pieces`, in that order. A panic of `work` is passed on.
pub fn map<T: Send>(pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return done;
            }
            done.push((piece, work(piece)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..count(pieces)).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            done.extend(other.join().unwrap_or_else(|why| panic::resume_unwind(why)));
        }
        done
    });
    done.sort_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_each_piece_is_worked_on_once() {
        for pieces in [0, 1, 2, 100] {
            let calls = AtomicUsize::new(0);
            let squares = map(pieces, |n| {
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
        map(8, |n| assert!(n != 3, "piece {n}"));
    }
}
