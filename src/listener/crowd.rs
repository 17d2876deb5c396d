//! Who is connected: strangers by the order in which they came, and how many have shown something.
//!
//! The one place that counts connections by peer, for HTTP and for MySQL. Knows nothing of what connections say.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// The connections of a listener.
#[derive(Debug)]
pub struct Crowd {
    places: Places,
    room: Mutex<Room>,
}

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Connections at once. Users who have shown a log-in have three quarters of them.
    pub all: usize,
    /// Of these, connections that have shown nothing yet.
    pub strangers: usize,
    /// Of these, connections of one peer.
    pub by_peer: usize,
}

#[derive(Debug, Default)]
struct Room {
    next: u64,
    strangers: BTreeMap<u64, Stranger>,
    by_peer: BTreeMap<IpAddr, usize>,
    known: usize,
}

#[derive(Debug)]
struct Stranger {
    peer: IpAddr,
    out: CancellationToken,
}

/// One connection's place. The last clone gives it up.
#[derive(Debug, Clone)]
pub struct Standing(Arc<Place>);

#[derive(Debug)]
struct Place {
    crowd: Arc<Crowd>,
    peer: IpAddr,
    number: u64,
    out: CancellationToken,
    known: Mutex<bool>,
}

impl Crowd {
    /// Nobody is there.
    pub fn new(places: Places) -> Crowd {
        let room = Mutex::default();
        Crowd { places, room }
    }

    /// A place for a connection of `peer`; a stranger who came earlier may lose its own. `None` where all places are taken by those
    /// who have shown something.
    pub fn enter(self: &Arc<Crowd>, peer: IpAddr) -> Option<Standing> {
        let peer = network(peer);
        let mut room = self.room.lock();
        if room.by_peer.get(&peer).copied().unwrap_or(0) >= self.places.by_peer.max(1) {
            room.show_out(peer);
        } else if room.strangers.len() >= self.places.strangers.max(1)
            || room.strangers.len() + room.known >= self.places.all
        {
            let crowded = room.by_peer.iter().max_by_key(|(_, count)| **count);
            let crowded = crowded.map(|(peer, _)| *peer)?;
            room.show_out(crowded);
        }
        let number = room.next;
        room.next += 1;
        let out = CancellationToken::new();
        let stranger = Stranger {
            peer,
            out: out.clone(),
        };
        room.strangers.insert(number, stranger);
        *room.by_peer.entry(peer).or_default() += 1;
        Some(Standing(Arc::new(Place {
            crowd: self.clone(),
            peer,
            number,
            out,
            known: Mutex::new(false),
        })))
    }
}

/// A peer is one machine, whatever the form of its address: of IPv6, where a machine has a whole /64, that network.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(of) => {
            let [a, b, c, d, ..] = of.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

impl Room {
    /// The oldest stranger of `peer` has to go.
    fn show_out(&mut self, peer: IpAddr) {
        let oldest = self.strangers.iter().find(|(_, s)| s.peer == peer);
        if let Some(number) = oldest.map(|(number, _)| *number)
            && let Some(stranger) = self.remove(number)
        {
            stranger.out.cancel();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Stranger> {
        let stranger = self.strangers.remove(&number)?;
        if let Some(count) = self.by_peer.get_mut(&stranger.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&stranger.peer);
            }
        }
        Some(stranger)
    }
}

impl Standing {
    /// The connection has shown a log-in, or with `node` that it is a node's. A part of the places is left to nodes.
    pub fn is_known(&self, node: bool) {
        let place = &self.0;
        let mut known = place.known.lock();
        if *known {
            return;
        }
        let mut room = place.crowd.room.lock();
        let free = node || room.known < place.crowd.places.all * 3 / 4;
        if free && room.remove(place.number).is_some() {
            room.known += 1;
            *known = true;
        }
    }

    /// The machine or network that the connection is from.
    pub fn peer(&self) -> IpAddr {
        self.0.peer
    }

    /// Ends when the connection has to go.
    pub fn shown_out(&self) -> WaitForCancellationFuture<'_> {
        self.0.out.cancelled()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut room = self.crowd.room.lock();
        if *self.known.get_mut() {
            room.known = room.known.saturating_sub(1);
        } else {
            room.remove(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn crowd(all: usize, by_peer: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(Places {
            all,
            strangers: all / 2,
            by_peer,
        }))
    }

    fn is_out(standing: &Standing) -> bool {
        standing.0.out.is_cancelled()
    }

    #[test]
    fn the_oldest_of_the_peer_that_has_most_goes_and_nobody_who_has_shown_something() {
        let crowd = crowd(8, 3);
        let first = crowd.enter(peer(1)).expect("room");
        let second = crowd.enter(peer(1)).expect("room");
        first.is_known(false);
        let others: Vec<_> = (0..3)
            .map(|_| crowd.enter(peer(1)).expect("room"))
            .collect();
        // More than one peer may have.
        assert!(is_out(&second) && !is_out(&first) && !others.iter().any(is_out));
        let quiet = crowd.enter(peer(2)).expect("room");
        // More than strangers may have.
        let late = crowd.enter(peer(3)).expect("room");
        assert!(is_out(&others[0]) && !is_out(&quiet) && !is_out(&late));
        drop((others, quiet, late, second));
        assert_eq!(crowd.room.lock().strangers.len(), 0);
        assert!(crowd.room.lock().by_peer.is_empty());
        assert_eq!(crowd.room.lock().known, 1);
        drop(first);
        assert_eq!(crowd.room.lock().known, 0);
    }

    #[test]
    fn users_leave_a_part_of_the_places_to_nodes_and_a_full_house_takes_no_stranger() {
        let crowd = crowd(4, 4);
        let user = |_| {
            let user = crowd.enter(peer(1)).expect("room");
            user.is_known(false);
            user
        };
        let _users: Vec<_> = (0..3).map(user).collect();
        let fourth = crowd.enter(peer(1)).expect("room");
        fourth.is_known(false);
        assert_eq!(crowd.room.lock().known, 3);
        let node = crowd.enter(peer(2)).expect("the place of the fourth");
        assert!(is_out(&fourth));
        node.is_known(true);
        assert_eq!(crowd.room.lock().known, 4);
        assert!(crowd.enter(peer(3)).is_none());
    }

    #[test]
    fn a_flood_from_one_peer_takes_only_its_own_places() {
        let crowd = crowd(16, 8);
        let quiet = crowd.enter(peer(9)).expect("room");
        let flood: Vec<_> = (0..1000)
            .map(|_| crowd.enter(peer(1)).expect("room"))
            .collect();
        assert!(!is_out(&quiet));
        // Whoever came last from there has as many arrivals before it must go as its peer has places.
        assert_eq!(flood.iter().filter(|of| !is_out(of)).count(), 7);
        assert!(!is_out(&flood[999]) && !is_out(&flood[993]));
    }

    #[test]
    fn a_machine_has_one_network_however_it_writes_its_address() {
        let of = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        assert_eq!(network(of(1)), network(of(2)));
        assert_ne!(
            network(of(1)),
            network(IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]))
        );
        assert_eq!(
            network("::ffff:10.0.0.1".parse().expect("an address")),
            peer(1)
        );
    }
}
