//! `processlist`: the connections of this frontend.

use crate::row;
use crate::rows::{Row, Typed};
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;

row! {
    /// One connection.
    pub struct ProcesslistRow {
        /// Connection id, as in the greeting.
        id: u32 => "ID" Int,
        /// User.
        user: String => "USER" Text,
        /// Address of the client.
        host: String => "HOST" Text,
        /// Current database.
        db: Option<String> => "DB" Text,
        /// What kind of command runs.
        command: &'static str => "COMMAND" Text,
        /// Seconds since it began.
        time: u64 => "TIME" Int,
        /// Empty.
        state: &'static str => "STATE" Text,
        /// The statement.
        info: Option<String> => "INFO" Text,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<ProcesslistRow>("processlist", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    list(sources).into_iter().map(Typed::cells).collect()
}

/// The connections, as SHOW PROCESSLIST lists them too. Who is not root sees its own.
pub fn list(sources: &Sources) -> Vec<ProcesslistRow> {
    let asker = &sources.session.user;
    let processes = sources.sessions.list().into_iter();
    processes
        .filter(|p| asker == crate::frontend::sessions::ROOT || p.user.as_ref() == Some(asker))
        .map(|p| ProcesslistRow {
            id: p.id,
            user: p.user.unwrap_or_else(|| "unauthenticated user".to_owned()),
            host: p.peer,
            db: p.db,
            command: p.command,
            time: sources.now.since_ms(p.since) / 1000,
            state: "",
            info: p.statement.map(|text| text.to_string()),
        })
        .collect()
}
