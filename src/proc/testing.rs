//! A small cluster for the tests of the PROC tree: one database, one backend.

use std::sync::Arc;

use crate::catalog::backend::{Backend, BackendState};
use crate::catalog::database::Database;
use crate::catalog::state::Catalog;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::{BackendId, DbId};
use crate::tablet::census::Census;
use crate::tablet::healing::Healing;
use crate::view::{FrontendInfo, View};

/// The cluster.
pub fn view() -> View {
    let mut catalog = Catalog::default();
    let db = Database {
        id: DbId(1001),
        name: "shop".to_owned(),
        created: Timestamp::at(0),
        tables: Default::default(),
    };
    catalog.database_names.insert(db.name.clone(), db.id);
    catalog.databases.insert(db.id, Arc::new(db));
    let backend = Backend {
        id: BackendId(10001),
        host: "127.0.0.1".to_owned(),
        port: 8040,
        decommissioned: false,
        node: None,
    };
    catalog
        .backend_states
        .insert(backend.id, Arc::new(BackendState::default()));
    catalog.backends.insert(backend.id, Arc::new(backend));
    View {
        connections: 0,
        now: Timestamp::at(0),
        catalog,
        census: Census::default(),
        healing: Healing::default(),
        config: Arc::new(Config::default()),
        frontend: Arc::new(FrontendInfo::default()),
    }
}
