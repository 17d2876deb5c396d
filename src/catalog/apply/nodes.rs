//! Changes of backends and users.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Misfit, Touched};
use crate::catalog::backend::Backend;
use crate::catalog::state::Catalog;
use crate::catalog::user::{User, Verifier};
use crate::ids::{BackendId, NodeId};

impl Catalog {
    pub(super) fn add_backend(
        &mut self,
        id: BackendId,
        host: &str,
        port: u16,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        self.reserved(id.0)?;
        let backend = Backend {
            id,
            host: host.to_owned(),
            port,
            decommissioned: false,
            node: None,
        };
        if self.backends.contains_key(&id) || self.backend_at(host, port).is_some() {
            return Err(Misfit::Exists("backend", backend.address()));
        }
        self.backends.insert(id, Arc::new(backend));
        touched.backends = true;
        Ok(())
    }

    pub(super) fn identify_backend(&mut self, id: BackendId, node: NodeId) -> Result<(), Misfit> {
        if self.backend_that_is(node).is_some_and(|b| b.id != id) {
            return Err(Misfit::Exists("node", node.to_string()));
        }
        let Some(backend) = self.backends.get_mut(&id) else {
            return Err(Misfit::Missing("backend", id.to_string()));
        };
        Arc::make_mut(backend).node = Some(node);
        Ok(())
    }

    pub(super) fn move_backend(
        &mut self,
        id: BackendId,
        host: &str,
        port: u16,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        if let Some(other) = self.backend_at(host, port) {
            return Err(Misfit::Exists("backend", other.address()));
        }
        let Some(backend) = self.backends.get_mut(&id) else {
            return Err(Misfit::Missing("backend", id.to_string()));
        };
        let backend = Arc::make_mut(backend);
        backend.host = host.to_owned();
        backend.port = port;
        touched.backends = true;
        Ok(())
    }

    pub(super) fn drop_backend(
        &mut self,
        id: BackendId,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        if self.backends.remove(&id).is_none() {
            return Err(Misfit::Missing("backend", id.to_string()));
        }
        self.backend_states.remove(&id);
        self.keep_causes(id, &BTreeSet::new());
        touched.backends = true;
        Ok(())
    }

    pub(super) fn decommission_backend(
        &mut self,
        id: BackendId,
        on: bool,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let Some(backend) = self.backends.get_mut(&id) else {
            return Err(Misfit::Missing("backend", id.to_string()));
        };
        Arc::make_mut(backend).decommissioned = on;
        touched.backends = true;
        Ok(())
    }

    /// The backend with that address.
    pub fn backend_at(&self, host: &str, port: u16) -> Option<&Arc<Backend>> {
        self.backends
            .values()
            .find(|b| b.host == host && b.port == port)
    }

    /// The backend that is this node.
    pub fn backend_that_is(&self, node: NodeId) -> Option<&Arc<Backend>> {
        self.backends.values().find(|b| b.node == Some(node))
    }

    pub(super) fn create_user(&mut self, user: &User) -> Result<(), Misfit> {
        self.reserved(user.id.0)?;
        if self.users.contains_key(&user.name) {
            return Err(Misfit::Exists("user", user.name.clone()));
        }
        self.users.insert(user.name.clone(), Arc::new(user.clone()));
        Ok(())
    }

    pub(super) fn set_password(&mut self, name: &str, password: &Verifier) -> Result<(), Misfit> {
        let Some(user) = self.users.get_mut(name) else {
            return Err(Misfit::Missing("user", name.to_owned()));
        };
        Arc::make_mut(user).password = password.clone();
        Ok(())
    }

    pub(super) fn drop_user(&mut self, name: &str) -> Result<(), Misfit> {
        match self.users.remove(name) {
            Some(_) => Ok(()),
            None => Err(Misfit::Missing("user", name.to_owned())),
        }
    }
}
