//! The live connections of a frontend: what PROCESSLIST lists and what KILL ends.
//!
//! Owns who is connected and what runs there. Does not own a connection's session (the listener has it) nor how a
//! statement stops: KILL cancels a token, and whoever holds it ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::code::{Code, Coded};

/// The user that may end any connection.
pub const ROOT: &str = "root";

/// Why a connection could not be ended, or let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// KILL of an id that nobody has.
    #[error("Unknown thread id: {0}")]
    Unknown(u32),
    /// KILL of somebody else's connection.
    #[error("You are not owner of thread {0}")]
    NotOwner(u32),
    /// Setting `max_connections` is reached.
    #[error("Too many connections")]
    Full,
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::Unknown(_) => Code::NO_SUCH_THREAD,
            Error::NotOwner(_) => Code::KILL_DENIED,
            Error::Full => Code::TOO_MANY_CONNECTIONS,
        }
    }
}

/// The registry. Clones share it.
#[derive(Clone)]
pub struct Sessions {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    last_id: u32,
    logged_in: u64,
    entries: BTreeMap<u32, Arc<Entry>>,
}

struct Entry {
    id: u32,
    peer: String,
    end: CancellationToken,
    now: Mutex<Doing>,
}

#[derive(Clone)]
struct Doing {
    user: Option<String>,
    db: Option<String>,
    command: &'static str,
    since: Timestamp,
    statement: Option<Arc<str>>,
    cancel: Option<CancellationToken>,
}

/// One connection as PROCESSLIST shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Connection id, as in the greeting.
    pub id: u32,
    /// User; `None` before the log-in.
    pub user: Option<String>,
    /// Address of the client, `host:port`.
    pub peer: String,
    /// Current database.
    pub db: Option<String>,
    /// What kind of command runs; `Sleep` when none does.
    pub command: &'static str,
    /// When it began.
    pub since: Timestamp,
    /// Its text.
    pub statement: Option<Arc<str>>,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::new(Arc::new(SystemClock::new()))
    }
}

impl Sessions {
    /// An empty registry that takes its times from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Sessions {
        let live = Mutex::default();
        Sessions {
            shared: Arc::new(Shared { clock, live }),
        }
    }

    /// Every connection, by id.
    pub fn list(&self) -> Vec<Process> {
        let entries: Vec<_> = self.shared.live.lock().entries.values().cloned().collect();
        entries.iter().map(|entry| entry.show()).collect()
    }

    /// How many connections have logged in.
    pub fn logged_in(&self) -> u64 {
        self.shared.live.lock().logged_in
    }

    /// Ends connection `id`, or only its statement, in the name of `user`.
    ///
    /// The statement answers 1317. KILL QUERY of a connection that runs nothing does not touch its next statement.
    pub fn kill(&self, user: &str, id: u32, query_only: bool) -> Result<(), Error> {
        let entry = self.shared.live.lock().entries.get(&id).cloned();
        let entry = entry.ok_or(Error::Unknown(id))?;
        let now = entry.now.lock();
        if user != ROOT && now.user.as_deref() != Some(user) {
            return Err(Error::NotOwner(id));
        }
        match (&now.cancel, query_only) {
            (Some(cancel), true) => cancel.cancel(),
            (None, true) => {}
            (_, false) => entry.end.cancel(),
        }
        Ok(())
    }

    /// Notes a new connection from `peer`; it is forgotten when the guard is dropped. Cancelling `stop` ends it.
    pub fn open(&self, peer: String, stop: &CancellationToken) -> Connection {
        let mut live = self.shared.live.lock();
        // Ids start at 1 and wrap; one that is still in use is left out.
        let mut id = live.last_id.wrapping_add(1).max(1);
        while live.entries.contains_key(&id) {
            id = id.wrapping_add(1).max(1);
        }
        live.last_id = id;
        let entry = Arc::new(Entry {
            id,
            peer,
            end: stop.child_token(),
            now: Mutex::new(Doing {
                user: None,
                db: None,
                command: "Connect",
                since: self.shared.clock.now(),
                statement: None,
                cancel: None,
            }),
        });
        live.entries.insert(id, entry.clone());
        let shared = self.shared.clone();
        Connection { shared, entry }
    }
}

/// The listener's side of one live connection.
pub struct Connection {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
}

impl Connection {
    /// Connection id.
    pub fn id(&self) -> u32 {
        self.entry.id
    }

    /// Address of the client, `host:port`.
    pub fn peer(&self) -> &str {
        &self.entry.peer
    }

    /// Cancelled when the connection shall end.
    pub fn end(&self) -> &CancellationToken {
        &self.entry.end
    }

    /// Notes who logged in (again, after COM_CHANGE_USER). Of `limit` connections, one more is kept for root, who
    /// must get in to see what fills them.
    pub fn log_in(&self, user: &str, limit: u64) -> Result<(), Error> {
        let mut live = self.shared.live.lock();
        let mut now = self.entry.now.lock();
        if now.user.is_none() {
            let limit = limit.saturating_add(u64::from(user == ROOT));
            if live.logged_in >= limit {
                return Err(Error::Full);
            }
            live.logged_in += 1;
        }
        now.user = Some(user.to_owned());
        Ok(())
    }

    /// A command begins; the token is cancelled by KILL QUERY, by KILL, and when the frontend stops.
    pub fn begin(&self, command: &'static str, statement: Option<Arc<str>>) -> CancellationToken {
        let cancel = self.entry.end.child_token();
        let mut now = self.entry.now.lock();
        now.command = command;
        now.since = self.shared.clock.now();
        now.statement = statement;
        now.cancel = Some(cancel.clone());
        cancel
    }

    /// A command begins that goes on with what `cancel` ends.
    pub fn go_on(&self, command: &'static str, statement: Arc<str>, cancel: CancellationToken) {
        self.begin(command, Some(statement));
        self.entry.now.lock().cancel = Some(cancel);
    }

    /// The command has been answered; the session is now in `db`.
    pub fn rest(&self, db: Option<&str>) {
        let mut now = self.entry.now.lock();
        now.command = "Sleep";
        now.since = self.shared.clock.now();
        now.statement = None;
        now.cancel = None;
        if now.db.as_deref() != db {
            now.db = db.map(str::to_owned);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut live = self.shared.live.lock();
        live.entries.remove(&self.entry.id);
        let logged_in = self.entry.now.lock().user.is_some();
        live.logged_in = live.logged_in.saturating_sub(u64::from(logged_in));
    }
}

impl Entry {
    fn show(&self) -> Process {
        let now = self.now.lock();
        Process {
            id: self.id,
            user: now.user.clone(),
            peer: self.peer.clone(),
            db: now.db.clone(),
            command: now.command,
            since: now.since,
            statement: now.statement.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(sessions: &Sessions, user: &str) -> Connection {
        let connection = sessions.open("10.0.0.1:5".into(), &CancellationToken::new());
        connection.log_in(user, 100).unwrap();
        connection
    }

    #[test]
    fn only_root_and_the_same_user_may_end_a_connection() {
        let sessions = Sessions::default();
        let ann = open(&sessions, "ann");
        let cancel = ann.begin("Query", Some("SELECT 1".into()));
        assert_eq!(
            sessions.kill("bob", ann.id(), true),
            Err(Error::NotOwner(ann.id()))
        );
        assert!(!cancel.is_cancelled());
        sessions.kill("ann", ann.id(), true).unwrap();
        assert!(cancel.is_cancelled() && !ann.end().is_cancelled());
        sessions.kill("root", ann.id(), false).unwrap();
        assert!(ann.end().is_cancelled());
        assert_eq!(sessions.kill("root", 99, false), Err(Error::Unknown(99)));
    }

    #[test]
    fn a_statement_that_follows_a_killed_one_runs() {
        let sessions = Sessions::default();
        let ann = open(&sessions, "ann");
        ann.begin("Query", None);
        ann.rest(Some("d"));
        sessions.kill("ann", ann.id(), true).unwrap();
        assert!(!ann.begin("Query", None).is_cancelled());
        let listed = &sessions.list()[0];
        assert_eq!((listed.db.as_deref(), listed.command), (Some("d"), "Query"));
    }

    #[test]
    fn root_gets_one_connection_more_than_the_limit() {
        let sessions = Sessions::default();
        let stop = CancellationToken::new();
        let first = sessions.open("a:1".into(), &stop);
        first.log_in("ann", 1).unwrap();
        let second = sessions.open("a:2".into(), &stop);
        assert_eq!(second.log_in("ann", 1), Err(Error::Full));
        second.log_in("root", 1).unwrap();
        drop(second);
        assert_eq!((sessions.logged_in(), sessions.list().len()), (1, 1));
        drop(first);
        assert_eq!(sessions.logged_in(), 0);
    }
}
