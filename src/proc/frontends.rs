//! `/frontends`: the frontends; SHOW FRONTENDS is the same.

use crate::clock::Timestamp;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::view::View;

row! {
    /// A frontend.
    pub struct FrontendRow {
        /// Number in the list, from 1.
        id: u64 => "Id" Int,
        /// Name, made at first start.
        name: String => "Name" Text,
        /// Address that clients reach.
        ip: String => "IP" Text,
        /// There is no port for the journal.
        edit_log_port: Option<u16> => "EditLogPort" Int or "N/A",
        /// HTTP port.
        http_port: u16 => "HttpPort" Int,
        /// MySQL port.
        query_port: u16 => "QueryPort" Int,
        /// Port of internal calls: the HTTP port.
        rpc_port: u16 => "RpcPort" Int,
        /// `LEADER`; `UNKNOWN` when backends obey another one.
        role: &'static str => "Role" Text,
        /// Cluster id, made at first start.
        cluster_id: u64 => "ClusterId" Int,
        /// Whether it belongs to the cluster.
        join: bool => "Join" Bool,
        /// Whether it answers.
        alive: bool => "Alive" Bool,
        /// The last record of the journal that it knows.
        replayed_journal_id: u64 => "ReplayedJournalId" Int,
        /// When it was last heard of; this one just now.
        last_heartbeat: Timestamp => "LastHeartbeat" Time or "N/A",
        /// Whether others find the cluster through it.
        is_helper: bool => "IsHelper" Bool,
        /// What is wrong with it: why it refuses changes; `safe mode` until the backends have reported; for an hour, that the clock of its machine was set.
        err_msg: String => "ErrMsg" Text,
        /// When its process started.
        start_time: Timestamp => "StartTime" Time or "N/A",
        /// Version of its program.
        version: &'static str => "Version" Text,
    }
}

/// Milliseconds for which it is said that the clock was set.
const JUMP_SAID_MS: u64 = 3_600_000;

/// What is wrong with this frontend; nothing is the empty text.
fn wrong(view: &View) -> String {
    let this = &view.frontend;
    let safe = this.safe_mode.then(|| "safe mode: the backends have not reported yet".to_owned());
    let jump = this.jump.filter(|jump| view.now.since_ms(jump.at) < JUMP_SAID_MS);
    let refusals = [&this.refused, &this.trouble];
    let refused = refusals.into_iter().find(|why| !why.is_empty()).cloned();
    let said = refused.into_iter().chain(safe).chain(jump.map(|jump| jump.to_string()));
    said.collect::<Vec<_>>().join("; ")
}

/// `/frontends`.
pub struct Frontends;

impl Node for Frontends {
    const PATH: &'static str = "/frontends";
    const TABLE: Option<&'static str> = Some("frontends");
    type Row = FrontendRow;

    fn rows(at: &Place<'_>) -> Result<Vec<FrontendRow>, Error> {
        let this = &at.view.frontend;
        Ok(vec![FrontendRow {
            id: 1,
            name: this.name.clone(),
            ip: this.host.clone(),
            edit_log_port: None,
            http_port: this.http_port,
            query_port: this.mysql_port,
            rpc_port: this.http_port,
            role: match this.refused.is_empty() {
                true => "LEADER",
                false => "UNKNOWN",
            },
            cluster_id: this.cluster_id,
            join: true,
            alive: true,
            replayed_journal_id: this.journal_seq,
            last_heartbeat: at.view.now,
            is_helper: true,
            err_msg: wrong(at.view),
            start_time: this.started,
            version: env!("CARGO_PKG_VERSION"),
        }])
    }
}
