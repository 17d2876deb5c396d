//! The frontend that this backend obeys, and what it has learned from it.
//!
//! Which of two frontends is obeyed says [`Standing`]. What is obeyed is on every storage path before anything is done for
//! it, so a backend that starts again does not obey an older one.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::backend::api::{HeartbeatRequest, Leadership, Process, Standing};
use crate::backend::error::Error;
use crate::backend::path::{Identity, Path};
use crate::backend::state::State;
use crate::ids::BackendId;

/// What the frontend said of itself and of this backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Frontend {
    address: Option<String>,
    backend: Option<BackendId>,
    host: Option<String>,
    cluster: Option<u64>,
    epoch: u64,
    /// It has been heard since the start; before, it is what the storage paths remember.
    heard: bool,
    obeys: Option<Leadership>,
    /// When a call was last made for the one that is obeyed.
    last: Option<Instant>,
}

impl Frontend {
    /// What the storage paths remember.
    ///
    /// # Errors
    /// They belong to different clusters.
    pub(super) fn remembered(paths: &[Path]) -> Result<Frontend, Error> {
        let mut frontend = Frontend::default();
        for identity in paths.iter().map(|p| p.identity()) {
            match (frontend.cluster, identity.cluster) {
                (Some(own), Some(asked)) if own != asked => {
                    return Err(Error::Options(format!(
                        "the storage paths belong to different clusters, {own} and {asked}; start with the paths of one of them"
                    )));
                }
                (None, found) => frontend.cluster = found,
                _ => {}
            }
            if frontend.address.is_none() || identity.epoch > frontend.epoch {
                (frontend.address, frontend.backend) = identity.frontend.unzip();
            }
            frontend.epoch = frontend.epoch.max(identity.epoch);
            frontend.obeys = match (frontend.obeys.take(), identity.obeys) {
                (Some(one), Some(other)) => Some(match other.beside(&one) {
                    Standing::Newer => other,
                    Standing::Obeyed | Standing::Past => one.merged(&other),
                    Standing::Refused => one,
                }),
                (one, other) => one.or(other),
            };
        }
        Ok(frontend)
    }
}

impl State {
    /// `host:port` of the HTTP listener of the frontend that sent the last heartbeat, to an earlier process perhaps.
    pub fn frontend(&self) -> Option<String> {
        self.0.frontend.read().address.clone()
    }

    /// Whether a frontend has been heard since the start.
    pub fn has_heard(&self) -> bool {
        self.0.frontend.read().heard
    }

    /// This process as the frontend knows it, once it has been heard of.
    pub fn process(&self) -> Option<Process> {
        Some(Process {
            backend: self.backend_id()?,
            started: self.started(),
        })
    }

    /// The id by which the frontend knows this backend.
    pub fn backend_id(&self) -> Option<BackendId> {
        self.0.frontend.read().backend
    }

    /// This backend's own host as the frontend knows it.
    pub fn host(&self) -> Option<String> {
        self.0.frontend.read().host.clone()
    }

    /// Remembers the host that the frontend has just reached this backend by.
    pub fn set_host(&self, host: &str) {
        self.0.frontend.write().host = Some(host.to_owned());
    }

    /// Calls of this backend are made for the frontend that an earlier process obeyed.
    pub(super) fn speak_as_remembered(&self) {
        if let Some(obeyed) = &self.0.frontend.read().obeys {
            self.copying().client.speak(obeyed);
        }
    }

    /// Obeys the frontend that a call is made for, if it is the one to obey: from now on, durably, if it is a newer one.
    ///
    /// # Errors
    /// It is of another cluster, an older leadership, or not to be obeyed; or that could not be made durable.
    pub async fn obey(&self, by: &Leadership) -> Result<(), Error> {
        if self.obeys(by)? {
            return Ok(());
        }
        let _one_at_a_time = self.0.obeying.lock().await;
        if self.obeys(by)? {
            return Ok(());
        }
        for path in self.works() {
            path.remember(|identity| {
                identity.cluster = Some(by.cluster);
                identity.obeys = Some(by.clone());
            })
            .await?;
        }
        let mut known = self.0.frontend.write();
        match known.obeys.replace(by.clone()) {
            None => tracing::info!(frontend = %by, "obeys this frontend"),
            Some(before) => {
                tracing::info!(frontend = %by, %before, "obeys this frontend from now on, and no other");
            }
        }
        known.cluster = Some(by.cluster);
        known.last = Some(Instant::now());
        self.copying().client.speak(by);
        Ok(())
    }

    /// Whether that frontend is obeyed already; `false` when it is a newer one.
    fn obeys(&self, by: &Leadership) -> Result<bool, Error> {
        let mut known = self.0.frontend.write();
        if let Some(own) = known.cluster.filter(|own| *own != by.cluster) {
            let asked = by.cluster;
            return Err(Error::Cluster { own, asked });
        }
        let Some(obeyed) = &known.obeys else {
            return Ok(false);
        };
        match by.beside(obeyed) {
            Standing::Newer => Ok(false),
            Standing::Past => Err(over(by.epoch, obeyed.epoch)),
            Standing::Refused => Err(Error::Fenced {
                refused: Box::new(by.clone()),
                obeyed: Box::new(obeyed.clone()),
                heard: known.last.map(|at| at.elapsed()),
            }),
            Standing::Obeyed => {
                let merged = obeyed.merged(by);
                if merged != *obeyed {
                    self.copying().client.speak(&merged);
                    known.obeys = Some(merged);
                }
                known.last = Some(Instant::now());
                Ok(true)
            }
        }
    }

    /// Takes in what a heartbeat says, and remembers it on every path that works. A frontend that did not say who it is
    /// (`named`) is measured by its epoch alone.
    ///
    /// # Errors
    /// The frontend is of another cluster or an older leadership, or the memory could not be made durable.
    pub async fn greet(&self, said: &HeartbeatRequest, named: bool) -> Result<(), Error> {
        // A name that the node is not known by yet, or is that of another, gives it no id.
        let fits = said.node == Some(self.node()) || (said.node.is_none() && !self.named());
        let (obeys, backend) = {
            let known = self.0.frontend.read();
            if let Some(own) = known.cluster.filter(|own| *own != said.cluster_id) {
                let asked = said.cluster_id;
                return Err(Error::Cluster { own, asked });
            }
            if !named && said.epoch < known.epoch {
                return Err(over(said.epoch, known.epoch));
            }
            let backend = known.backend.filter(|_| !fits).unwrap_or(said.backend);
            (known.obeys.clone(), backend)
        };
        self.keep(said, backend, obeys).await?;
        let mut known = self.0.frontend.write();
        known.cluster = Some(said.cluster_id);
        known.epoch = said.epoch;
        if fits {
            known.backend = Some(said.backend);
        }
        known.address = Some(said.frontend.clone());
        known.heard = true;
        self.0.trash_expire_ms.store(
            said.trash_expire_sec.saturating_mul(1000),
            Ordering::Relaxed,
        );
        Ok(())
    }

    /// Whether a frontend has given this backend an id, perhaps to an earlier process.
    fn named(&self) -> bool {
        self.0.frontend.read().backend.is_some()
    }

    async fn keep(
        &self,
        said: &HeartbeatRequest,
        backend: BackendId,
        obeys: Option<Leadership>,
    ) -> Result<(), Error> {
        let said = said.clone();
        let alter = move |identity: &mut Identity| {
            identity.cluster = Some(said.cluster_id);
            identity.epoch = said.epoch;
            identity.frontend = Some((said.frontend.clone(), backend));
            identity.obeys = obeys.clone();
        };
        for path in self.works() {
            let (before, mut after) = (path.identity(), path.identity());
            alter(&mut after);
            let journal = after.obeys.as_ref().map_or(0, |obeyed| obeyed.journal);
            let mut same = before.clone();
            if let Some(obeyed) = &mut same.obeys {
                obeyed.journal = journal;
            }
            if same != after {
                path.remember(&alter).await?;
            } else if before != after {
                // That its journal has grown need not hold up the answer.
                let (path, alter) = (path.clone(), alter.clone());
                tokio::spawn(async move {
                    if let Err(error) = path.remember(alter).await {
                        let dir = path.options.dir.display();
                        tracing::warn!(%dir, %error, "who is obeyed was not kept");
                    }
                });
            }
        }
        Ok(())
    }
}

fn over(epoch: u64, known: u64) -> Error {
    Error::Stale(format!(
        "leadership {epoch} is over: leadership {known} has been heard of"
    ))
}
