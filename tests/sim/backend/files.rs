//! What a model backend finds out about its files: by reading for a query, a digest, a clone, or a check of segments.

use quorate::backend::api::{
    BadSegment, CheckSegments, DigestTablets, Digests, SegmentsAnswer, TabletDigest,
};
use quorate::ids::{ReplicaId, TabletId, Version};

use super::{File, ModelBackend};

impl ModelBackend {
    /// Something reads a replica, and finds out if a file is lost or wrong. Says whether it was marked bad by that.
    pub fn read(&mut self, tablet: TabletId) -> bool {
        let works = self.works(tablet);
        let Some(held) = self.replicas.get_mut(&tablet).filter(|_| works) else {
            return false;
        };
        let finds = held.damaged() && !held.bad;
        if finds {
            held.bad = true;
            self.changes.touch(tablet, held.id);
        }
        finds
    }

    /// Computes what the rows of replicas amount to.
    pub fn digest(&mut self, request: &DigestTablets) -> Digests {
        let each = request.tablets.iter();
        let digests = each.map(|(tablet, replica, version)| {
            let (result, bad) = match self.digest_one(*tablet, *replica, *version) {
                Ok(digest) => (Ok(digest), false),
                Err((why, bad)) => (Err(why), bad),
            };
            TabletDigest {
                tablet: *tablet,
                replica: *replica,
                version: *version,
                result,
                bad,
            }
        });
        Digests {
            digests: digests.collect(),
        }
    }

    fn digest_one(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        version: Version,
    ) -> Result<(u64, u64), (String, bool)> {
        let no = |why: &str| (why.to_owned(), false);
        if !self.works(tablet) {
            return Err(no("no such tablet, or its path is offline"));
        }
        let held = self.replicas.get(&tablet).ok_or(no("no such tablet"))?;
        if held.id != replica {
            return Err(no("another replica is held"));
        }
        if held.version() < version {
            return Err(no("the version is not held"));
        }
        if held.published.range(..=version).any(|(_, of)| !of.whole()) {
            self.read(tablet);
            return Err(("a file is lost or wrong".to_owned(), true));
        }
        Ok(held.digest(version))
    }

    /// Replicas with a lost or wrong file, as far as the check sees it.
    pub fn look_for_bad(&self, request: &CheckSegments) -> Vec<(TabletId, ReplicaId)> {
        let works = self
            .replicas
            .iter()
            .filter(|(_, held)| self.paths[held.path].online);
        let bad = works.filter(|(_, held)| {
            held.published.values().any(|of| match of.file {
                _ if of.load.is_none() => false,
                File::Whole => false,
                File::Lost => true,
                File::Flipped => request.checksum,
            })
        });
        bad.map(|(tablet, held)| (*tablet, held.id)).collect()
    }

    /// Marks what was found, as far as another replica can serve instead, and tells.
    pub fn mark_bad(
        &mut self,
        found: &[(TabletId, ReplicaId)],
        repair: bool,
        spared: &[TabletId],
    ) -> SegmentsAnswer {
        let mut bad = Vec::new();
        for (tablet, replica) in found {
            let marks = repair && spared.contains(tablet);
            let held = self.replicas.get(tablet).map(|held| held.id);
            if marks && held == Some(*replica) {
                self.read(*tablet);
            }
            bad.push(BadSegment {
                tablet: *tablet,
                replica: *replica,
                why: "a file is lost or wrong".to_owned(),
                set_bad: marks,
                kept: repair && !marks,
            });
        }
        SegmentsAnswer {
            checked: self.replicas.len() as u64,
            bad,
        }
    }
}
