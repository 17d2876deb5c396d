//! What a request is called in the log: the statement in short, without passwords and definitions.

use super::{HealRequest, Request};

impl Request {
    /// Whether it changes what exists, and so ends the transaction of the session that asks for it (MySQL).
    pub fn commits(&self) -> bool {
        matches!(
            self,
            Request::CreateDatabase { .. }
                | Request::DropDatabase { .. }
                | Request::CreateTable { .. }
                | Request::DropTable { .. }
                | Request::TruncateTable { .. }
                | Request::AlterProperty { .. }
                | Request::AddPartitions { .. }
                | Request::DropPartition { .. }
                | Request::CreateUser { .. }
                | Request::SetPassword { .. }
                | Request::DropUser { .. }
        )
    }

    /// The statement in short; `None` for requests of loads and of other nodes, which are no statements.
    pub fn title(&self) -> Option<String> {
        Some(match self {
            Request::CreateDatabase { name, .. } => format!("CREATE DATABASE {name}"),
            Request::DropDatabase { name, force, .. } => {
                format!("DROP DATABASE {name}{}", if *force { " FORCE" } else { "" })
            }
            Request::CreateTable { db, name, .. } => format!("CREATE TABLE {db}.{name}"),
            Request::DropTable { db, name, .. } => format!("DROP TABLE {db}.{name}"),
            Request::TruncateTable { db, name, .. } => format!("TRUNCATE TABLE {db}.{name}"),
            Request::AlterProperty {
                db, name, property, ..
            } => format!("ALTER TABLE {db}.{name} SET {property:?}"),
            Request::AddPartitions { db, name, .. } => {
                format!("ALTER TABLE {db}.{name} ADD PARTITION")
            }
            Request::DropPartition {
                db,
                name,
                partition,
                ..
            } => format!("ALTER TABLE {db}.{name} DROP PARTITION {partition}"),
            Request::AddBackends(backends) => {
                format!("ALTER SYSTEM ADD BACKEND {}", addresses(backends))
            }
            Request::MoveBackend { from, to } => format!(
                "ALTER SYSTEM MODIFY BACKEND HOST {}:{} to {}:{}",
                from.0, from.1, to.0, to.1
            ),
            Request::DropBackends { backends, force } => format!(
                "ALTER SYSTEM DROP BACKEND {}{}",
                addresses(backends),
                if *force { " FORCE" } else { "" }
            ),
            Request::SetConfig { key, value, .. } => {
                format!("ADMIN SET FRONTEND CONFIG {key} = {value}")
            }
            Request::CreateUser { name, .. } => format!("CREATE USER {name}"),
            Request::SetPassword { name, .. } => format!("SET PASSWORD FOR {name}"),
            Request::DropUser { name, .. } => format!("DROP USER {name}"),
            Request::Heal(request) => return title(request),
            Request::Recovery(request) => request.title(),
            Request::BeginLoad(_)
            | Request::PrepareLoad { .. }
            | Request::CommitLoad(_)
            | Request::CommitPrepared { .. }
            | Request::AbortLoad { .. } => {
                return None;
            }
        })
    }
}

fn title(request: &HealRequest) -> Option<String> {
    Some(match request {
        HealRequest::Decommission { backends, on } => format!(
            "{} DECOMMISSION BACKEND {}",
            if *on { "ALTER SYSTEM" } else { "CANCEL" },
            addresses(backends)
        ),
        HealRequest::RepairTable { db, table, on, .. } => format!(
            "ADMIN {}REPAIR TABLE {db}.{table}",
            if *on { "" } else { "CANCEL " }
        ),
        HealRequest::RepairTablets { tablets, on } => format!(
            "ADMIN {}REPAIR TABLET of {} tablets",
            if *on { "" } else { "CANCEL " },
            tablets.len()
        ),
        HealRequest::SetReplicaStatus {
            tablet,
            backend,
            bad,
            ..
        } => format!(
            "ADMIN SET REPLICA STATUS of tablet {tablet} on backend {backend} to {}",
            if *bad { "bad" } else { "ok" }
        ),
        HealRequest::CheckTablets(tablets) => {
            format!("ADMIN CHECK TABLET of {} tablets", tablets.len())
        }
        HealRequest::CheckSegments { repair, .. } => format!(
            "ADMIN CHECK TABLET SEGMENTS{}",
            if *repair { " with repair" } else { "" }
        ),
        HealRequest::CleanQueue => "ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE".to_owned(),
        HealRequest::Spare { .. } => return None,
    })
}

fn addresses(backends: &[(String, u16)]) -> String {
    let all = backends.iter().map(|(host, port)| format!("{host}:{port}"));
    all.collect::<Vec<_>>().join(", ")
}
