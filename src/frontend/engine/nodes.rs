//! ADD and MODIFY BACKEND: who is at the addresses that they name, before the leader is asked.
//!
//! Whoever does not answer is added all the same; the leader finds out with the first heartbeat
//! (`leader::core`'s `identity`).

use std::time::Duration;

use crate::backend::api::{Identified, Identify};
use crate::backend::client::Call;
use crate::catalog::backend::Backend;
use crate::code::{Code, Failure};
use crate::frontend::engine::Engine;
use crate::ids::NodeId;
use crate::leader::request::Request;

/// How long a host name may take to be resolved.
const LOOKUP_WAIT: Duration = Duration::from_secs(5);
/// How long a node may take to say who it is.
const WHO_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// What is to be asked of the leader where a statement names addresses of nodes, each with a sentence to leave.
    pub(super) async fn placed(
        &self,
        request: Request,
    ) -> Result<Vec<(Request, Option<String>)>, Failure> {
        match request {
            Request::AddBackends(backends) => self.added(backends).await,
            Request::MoveBackend { from, to } => {
                known_host(&to).await?;
                self.may_move(&from, &to).await?;
                Ok(vec![(Request::MoveBackend { from, to }, None)])
            }
            other => Ok(vec![(other, None)]),
        }
    }

    /// A node that is known by an address where it is no more is moved, and not added.
    async fn added(
        &self,
        backends: Vec<(String, u16)>,
    ) -> Result<Vec<(Request, Option<String>)>, Failure> {
        let (mut new, mut moves) = (Vec::new(), Vec::new());
        for place in backends {
            known_host(&place).await?;
            let Some((node, known)) = self.known_at(&place).await else {
                new.push(place);
                continue;
            };
            let (old, name) = (known.address(), address(&place));
            if self.who(&old).await == Some(node) {
                let message = format!(
                    "{name} is backend {}, known as {old}, and a node has one name; ALTER SYSTEM MODIFY BACKEND HOST \"{old}\" TO \"{name}\" gives it another",
                    known.id
                );
                return Err(Failure::new(Code::ANALYSIS, message));
            }
            let told = format!(
                "{name} is backend {}, known as {old} before; it keeps its id and its replicas",
                known.id
            );
            let from = (known.host.clone(), known.port);
            moves.push((Request::MoveBackend { from, to: place }, Some(told)));
        }
        if !new.is_empty() {
            moves.push((Request::AddBackends(new), None));
        }
        Ok(moves)
    }

    /// Refuses a place where another node answers.
    async fn may_move(&self, from: &(String, u16), to: &(String, u16)) -> Result<(), Failure> {
        let view = self.leader.view();
        let backend = view.catalog.backend_at(&from.0, from.1);
        let Some((backend, own)) = backend.and_then(|b| Some((b, b.node?))) else {
            return Ok(());
        };
        match self.who(&address(to)).await {
            Some(node) if node != own => {
                let message = format!(
                    "who answers at {} is node {node}, and backend {} is node {own}; name the address where that one listens",
                    address(to),
                    backend.id
                );
                Err(Failure::new(Code::ANALYSIS, message))
            }
            _ => Ok(()),
        }
    }

    /// The node at an address, and the backend that it is already.
    async fn known_at(&self, place: &(String, u16)) -> Option<(NodeId, Backend)> {
        let node = self.who(&address(place)).await?;
        let view = self.leader.view();
        let known = view.catalog.backend_that_is(node)?;
        Some((node, known.as_ref().clone()))
    }

    /// Which node answers at an address, if one does.
    async fn who(&self, address: &str) -> Option<NodeId> {
        let call = Call::new(address, "identify", WHO_WAIT);
        let answer = self.coordinator.client.post_json(&call, &Identify {}).await;
        answer.ok().map(|Identified { node }| node)
    }
}

fn address((host, port): &(String, u16)) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// Refuses a backend whose host has no address: nobody could ever hear from it.
async fn known_host((host, port): &(String, u16)) -> Result<(), Failure> {
    let unknown = |why: String| {
        let message =
            format!("Unknown host: {host} ({why}); write an address or a name that resolves here");
        Failure::new(Code::ANALYSIS, message)
    };
    let lookup = tokio::net::lookup_host((host.as_str(), *port));
    match tokio::time::timeout(LOOKUP_WAIT, lookup).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(unknown(error.to_string())),
        Err(_) => Err(unknown("no answer in time".to_owned())),
    }
}
