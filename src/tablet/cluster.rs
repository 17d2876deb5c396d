//! Backends as the health of tablets sees them: who lives, on which host, and whether copies can be kept on as many hosts.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::state::Catalog;
use crate::ids::BackendId;

/// Backends of a catalog at one moment. Costs a look at each backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// By the numbers that [`Tablets`](crate::catalog::tablets::Tablets) uses.
    nodes: Vec<Node>,
    /// By the same numbers: host of a backend that is available, [`NO_HOST`] for others. What an audit reads.
    usable: Vec<u32>,
    /// Backends whose heartbeat is alive, decommissioned ones too.
    alive: usize,
    /// Backends that are alive and not decommissioned.
    available: usize,
    /// Hosts of backends that are not being emptied. A dead one may come back, so its host counts.
    hosts: usize,
}

/// Where nothing can be kept.
pub const NO_HOST: u32 = u32::MAX;

/// One backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// A number for its host.
    pub host: u32,
    /// Its heartbeat is alive.
    pub alive: bool,
    /// It is alive and not being emptied.
    pub available: bool,
}

/// A backend that was dropped.
const GONE: Node = Node {
    host: NO_HOST,
    alive: false,
    available: false,
};

impl Cluster {
    /// The backends of `catalog`.
    pub fn of(catalog: &Catalog) -> Cluster {
        let mut hosts: BTreeMap<&str, u32> = BTreeMap::new();
        let mut staying: BTreeSet<u32> = BTreeSet::new();
        let mut nodes: BTreeMap<BackendId, Node> = BTreeMap::new();
        for backend in catalog.backends.values() {
            let next = hosts.len() as u32;
            let host = *hosts.entry(&backend.host).or_insert(next);
            if !backend.decommissioned {
                staying.insert(host);
            }
            let alive = catalog.alive(backend.id);
            let available = alive && !backend.decommissioned;
            nodes.insert(
                backend.id,
                Node {
                    host,
                    alive,
                    available,
                },
            );
        }
        let numbers = catalog.tablets.backend_numbers().iter();
        let numbered: Vec<Node> = numbers
            .map(|id| nodes.get(id).copied().unwrap_or(GONE))
            .collect();
        let usable = numbered.iter().map(|node| match node.available {
            true => node.host,
            false => NO_HOST,
        });
        Cluster {
            alive: nodes.values().filter(|node| node.alive).count(),
            available: nodes.values().filter(|node| node.available).count(),
            hosts: staying.len(),
            usable: usable.collect(),
            nodes: numbered,
        }
    }

    /// Whether it knows every number that the tablets of `catalog` use.
    pub fn covers(&self, catalog: &Catalog) -> bool {
        self.nodes.len() == catalog.tablets.backend_numbers().len()
    }

    /// The backend of a number.
    pub fn node(&self, number: u32) -> Node {
        self.nodes.get(number as usize).copied().unwrap_or(GONE)
    }

    /// By number: the host of a backend that is alive and stays, [`NO_HOST`] for others.
    pub fn usable(&self) -> &[u32] {
        &self.usable
    }

    /// Backends that are alive.
    pub fn alive(&self) -> usize {
        self.alive
    }

    /// Backends that are alive and not being emptied.
    pub fn available(&self) -> usize {
        self.available
    }

    /// Whether `wanted` copies can be kept on as many hosts, also when those that are being emptied are gone. Where they
    /// can't, as on one machine, two copies on one host are no defect.
    pub fn spreads(&self, wanted: u16) -> bool {
        self.hosts >= usize::from(wanted)
    }
}
