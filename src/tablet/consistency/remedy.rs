//! What may be done about a tablet whose replicas differ: the replicas outside the majority are made anew, as long as
//! enough others can serve reads meanwhile. A majority is one of independent witnesses: a copy has its source's vote.

use crate::catalog::check::Check;
use crate::catalog::replica::Replica;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::TabletView;
use crate::ids::ReplicaId;
use crate::tablet::consistency::{majority, serves, stands};

/// What may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// No content has more than half of the votes of independent witnesses: nobody can say which replica is right.
    Undecided,
    /// The replicas that differed are bad or gone by now.
    Outdated,
    /// Too few replicas of the majority can serve reads at the moment.
    Unsafe,
    /// These are to be taken for bad, so that they are made anew.
    Replace(Vec<ReplicaId>),
}

/// The remedy for a tablet whose last check found a difference. Replicas that are `spoken_for` are about to go, so they
/// do not count among those that can serve.
pub fn remedy(
    catalog: &Catalog,
    tablet: &TabletView<'_>,
    check: &Check,
    spoken_for: impl Fn(ReplicaId) -> bool,
) -> Remedy {
    let wanted = tablet.wanted();
    let voters = usize::from(wanted)
        .max(check.digests.len())
        .max(tablet.replicas().filter(stands).count());
    let Some(minority) = check.minority(voters, |id| catalog.witness(tablet.id(), id)) else {
        return Remedy::Undecided;
    };
    let wrong: Vec<ReplicaId> = tablet
        .replicas()
        .filter(|replica| minority.contains(&replica.id) && stands(replica))
        .map(|replica| replica.id)
        .collect();
    if wrong.is_empty() {
        return Remedy::Outdated;
    }
    let right = |replica: &Replica| {
        let voted = check.digests.iter().any(|(id, _, _)| *id == replica.id);
        voted && !minority.contains(&replica.id) && !spoken_for(replica.id)
    };
    let visible = tablet.visible();
    let left = tablet
        .replicas()
        .filter(|replica| right(replica) && serves(catalog, visible, replica))
        .count();
    match left >= majority(wanted) {
        true => Remedy::Replace(wrong),
        false => Remedy::Unsafe,
    }
}
