//! A machine that is started on a copy of another's storage paths, beside their original.
//!
//! The operator sees what the frontend says of it: he starts it anew with empty paths. Where the copy was taken in, because its
//! original was away, it gets an identity of its own.

use quorate::ids::NodeId;

use crate::operator;
use crate::world::World;

/// A copy beside its original.
#[derive(Debug)]
pub struct Twin {
    /// The machine that has it.
    at: usize,
    until_ms: u64,
}

impl World {
    /// Copies the storage paths of some machine to one that is not in the cluster, and adds that one.
    pub fn some_twin(&mut self) {
        let machines = 0..self.backends.len();
        let joined: Vec<usize> = machines.clone().filter(|at| self.joined(*at)).collect();
        let spare: Vec<usize> = machines.filter(|at| !self.joined(*at)).collect();
        if self.twin.is_some() || joined.is_empty() || spare.is_empty() {
            return;
        }
        let of = joined[self.rng.below(joined.len() as u64) as usize];
        let at = spare[self.rng.below(spare.len() as u64) as usize];
        let for_ms = self.rng.between(2_000, 30_000);
        self.copy_disks(of, at, for_ms);
    }

    /// Copies the storage paths of a machine to another one, and adds that for some time.
    pub fn copy_disks(&mut self, of: usize, at: usize, for_ms: u64) {
        self.say(format!("machine {at} starts on a copy of machine {of}"));
        self.crash_backend(at);
        let original = &self.backends[of];
        let (paths, replicas) = (original.paths.clone(), original.replicas.clone());
        let (pending, dropped) = (original.pending.clone(), original.dropped.clone());
        let copy = &mut self.backends[at];
        (copy.paths, copy.replicas) = (paths, replicas);
        (copy.pending, copy.dropped) = (pending, dropped);
        copy.node = NodeId(u64::MAX - at as u64);
        (copy.down, copy.started) = (false, self.now_ms);
        let until_ms = self.now_ms + for_ms;
        self.twin = Some(Twin { at, until_ms });
        self.copies.insert(at);
        self.marks.hit("copy of storage paths");
        let added = vec![self.listening(at)];
        operator::ask(self, quorate::leader::request::Request::AddBackends(added));
    }

    /// Ends a copy whose time is over.
    pub fn twin_ends(&mut self) {
        let over = |twin: &Twin| twin.until_ms <= self.now_ms;
        if self.twin.as_ref().is_some_and(over) {
            self.part();
        }
    }

    /// Ends the copy that there is.
    pub fn part(&mut self) {
        let Some(twin) = self.twin.take() else {
            return;
        };
        let at = twin.at;
        let (place, node) = (self.listening(at), self.backends[at].node);
        let taken_in = self.decided().is_none_or(|catalog| {
            let known = catalog.backend_at(&place.0, place.1);
            known.is_some_and(|known| known.node == Some(node))
        });
        self.say(format!("machine {at} is no copy any more, {taken_in}"));
        if !taken_in {
            self.crash_backend(at);
            let copy = &mut self.backends[at];
            copy.replicas.clear();
            copy.pending.clear();
            (copy.down, copy.started) = (false, self.now_ms);
        }
        self.work += 1;
        let fresh = 200_000 + 10 * self.work as i64;
        for (path, hash) in self.backends[at].paths.iter_mut().zip(fresh..) {
            path.hash = hash;
        }
    }
}
