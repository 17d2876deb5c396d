//! What a query may read: the snapshot it was planned against, the connection that sent it, and the way to backends.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::frontend::sessions::Sessions;
use crate::sql::session::Session;
use crate::system::scan::Backends;
use crate::view::View;

/// Everything that the tables and functions of one query read. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    /// The snapshot.
    pub view: Arc<View>,
    /// The connection as it was when the statement began.
    pub session: Arc<Session>,
    /// How rows of tablets are fetched.
    pub backends: Arc<Backends>,
    /// The connections of this frontend.
    pub sessions: Sessions,
    /// When the statement began; every NOW() of it is this.
    pub now: Timestamp,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
