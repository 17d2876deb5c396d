//! Small numbers for backends and storage paths, so that a replica's columns stay narrow.

use std::collections::BTreeMap;

use crate::ids::BackendId;

/// The numbers in use. A number is never given to another backend or path.
#[derive(Debug, Clone)]
pub struct Names {
    backends: Vec<BackendId>,
    backend_numbers: BTreeMap<BackendId, u32>,
    /// Replicas of each backend, by number.
    replicas: Vec<u64>,
    paths: Vec<i64>,
    path_numbers: BTreeMap<i64, u32>,
}

/// The path of a replica that has not been reported.
pub const NO_PATH: i64 = -1;

impl Default for Names {
    fn default() -> Names {
        Names {
            backends: Vec::new(),
            backend_numbers: BTreeMap::new(),
            replicas: Vec::new(),
            paths: vec![NO_PATH],
            path_numbers: BTreeMap::from([(NO_PATH, 0)]),
        }
    }
}

impl Names {
    /// The number of a backend, given now if it has none.
    pub fn number(&mut self, backend: BackendId) -> u32 {
        let next = self.backends.len() as u32;
        let number = *self.backend_numbers.entry(backend).or_insert(next);
        if number == next {
            self.backends.push(backend);
            self.replicas.push(0);
        }
        number
    }

    /// The number of a backend that has held a replica.
    pub fn known(&self, backend: BackendId) -> Option<u32> {
        self.backend_numbers.get(&backend).copied()
    }

    /// The backend of a number.
    pub fn backend(&self, number: u32) -> BackendId {
        self.backends[number as usize]
    }

    /// Every backend that has held a replica, by number.
    pub fn backends(&self) -> &[BackendId] {
        &self.backends
    }

    /// Counts replicas of a backend up or down.
    pub fn count(&mut self, number: u32, by: i64) {
        let count = &mut self.replicas[number as usize];
        *count = count
            .checked_add_signed(by)
            .expect("replicas are counted when they come and when they go");
    }

    /// Replicas of a backend.
    pub fn replicas(&self, backend: BackendId) -> u64 {
        self.known(backend)
            .map_or(0, |number| self.replicas[number as usize])
    }

    /// The number of a path, where it has one.
    pub fn known_path(&self, hash: i64) -> Option<u32> {
        self.path_numbers.get(&hash).copied()
    }

    /// The number of a path, given now if it has none.
    pub fn path_number(&mut self, hash: i64) -> u32 {
        let next = self.paths.len() as u32;
        let number = *self.path_numbers.entry(hash).or_insert(next);
        if number == next {
            self.paths.push(hash);
        }
        number
    }

    /// The hash of a path.
    pub fn path(&self, number: u32) -> i64 {
        self.paths[number as usize]
    }
}
