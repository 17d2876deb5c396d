//! The gate between a socket and opensrv-mysql: one connection's commands, in order.
//!
//! Inward it reads whole, checked packets and hands the crate one small command at a time; what the crate can't do it does
//! itself ([`direct`]). Outward it passes the crate's answers on with status, warnings, metadata and error codes put
//! right ([`relay`]). Texts and parameters do not pass through the crate: it would answer `SELECT @@..` and
//! `USE ..` by their first letters, and read parameters without checking them.

mod command;
mod cursor;
mod direct;
mod execute;
mod handshake;
mod inner;
mod login;
mod memory;
mod prepared;
mod query;
mod relay;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opensrv_mysql::{AsyncMysqlIntermediary, CapabilityFlags, IntermediaryOptions, StatusFlags};
use tokio::time::{sleep, timeout};

use crate::code::{Code, Failure};
use crate::frontend::service::Service;
use crate::frontend::sessions::{Connection, Sessions};
use crate::listener::{Crowd, Standing};
use crate::memory::Account;
use crate::mysql::auth::{self, SALT};
use crate::mysql::error::Error;
use crate::mysql::listener::Terms;
use crate::mysql::packets;
use crate::mysql::shim::Shim;
use crate::mysql::slate::Slate;
use crate::mysql::transport::Transport;
use crate::mysql::wire::{Limits, Message, Wire};
use crate::sql::session::Session;

/// How long a statement may take to end after it was cancelled.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client that broke the protocol may take to read why.
const DRAIN: Duration = Duration::from_secs(10);
/// Seconds without a command after which a connection is closed, where the session does not say (MySQL's default).
const WAIT: u64 = 28_800;
/// Seconds that a client may pause inside a packet, likewise.
const READ: u64 = 30;
/// Seconds for which a client may take no output, likewise.
const WRITE: u64 = 60;

/// Bytes that every connection may hold, whatever the others do: enough for common statements.
const MEMORY: u64 = 128 << 10;

/// What a connection is made with.
pub struct Visitor {
    /// The socket.
    pub transport: Transport,
    /// Address of the client without its port, as in `'user'@'host'`.
    pub host: String,
    /// Its place in the registry.
    pub connection: Arc<Connection>,
    /// Its place among those that have said nothing yet.
    pub standing: Standing,
}

/// What every connection of a listener shares.
pub struct House {
    /// The frontend.
    pub service: Arc<dyn Service>,
    /// The registry.
    pub sessions: Sessions,
    /// Certificate, memory, wrong passwords.
    pub terms: Terms,
    /// Connections that have said nothing yet.
    pub silent: Arc<Crowd>,
    /// Connections that have said who they are, and have not been let in.
    pub proving: Arc<Crowd>,
}

struct Gate {
    house: Arc<House>,
    /// What this connection holds.
    memory: Account,
    wire: Wire,
    inner: inner::Inner,
    slate: Arc<Slate>,
    connection: Arc<Connection>,
    host: String,
    salt: [u8; SALT],
    peer: IpAddr,
    logged_in: bool,
    capabilities: CapabilityFlags,
    multi_statements: bool,
    session: Session,
    prepared: prepared::Prepared,
    cursors: cursor::Cursors,
}

/// Serves one connection from greeting to end.
pub async fn serve(house: Arc<House>, visitor: Visitor) {
    let connection = visitor.connection.clone();
    let slate = Arc::new(Slate::default());
    let salt = auth::salt();
    let (inner, inward, outward) = inner::pipes();
    let shim = Shim {
        service: house.service.clone(),
        slate: slate.clone(),
        id: connection.id(),
        salt,
        blanks: Vec::new(),
    };
    let memory = house.terms.memory.share(MEMORY);
    let gate = Gate {
        wire: Wire::new(
            visitor.transport,
            Duration::from_secs(WRITE),
            memory.open("packets of clients"),
        ),
        house,
        memory,
        inner,
        slate,
        connection: connection.clone(),
        host: visitor.host,
        salt,
        peer: visitor.standing.peer(),
        logged_in: false,
        capabilities: CapabilityFlags::empty(),
        multi_statements: false,
        session: Session::default(),
        prepared: prepared::Prepared::default(),
        cursors: cursor::Cursors::default(),
    };
    let options = IntermediaryOptions {
        process_use_statement_on_query: true,
        reject_connection_on_dbname_absence: false,
    };
    let library = AsyncMysqlIntermediary::run_with_options(shim, inward, outward, &options);
    let overdue = async {
        connection.end().cancelled().await;
        sleep(GRACE).await;
    };
    tokio::pin!(library);
    let library_ended = {
        let mut gate = std::pin::pin!(gate.live(visitor.standing));
        tokio::select! {
            () = &mut gate => false,
            () = overdue => false,
            result = &mut library => {
                tracing::debug!(connection = connection.id(), ?result, "the protocol library ended");
                gate.await;
                true
            }
        }
    };
    if !library_ended {
        // The client has gone, and with the gate the crate's pipes: a statement that still runs hears of it, and gets
        // the time to end in order.
        connection.end().cancel();
        let _ = timeout(GRACE, library).await;
    }
}

impl Gate {
    async fn live(mut self, standing: Standing) {
        let Err(error) = self.commands(standing).await;
        tracing::debug!(connection = self.connection.id(), %error, "connection ends");
        if let Some(failure) = error.farewell() {
            let drain = match error {
                // Its place is another's by now.
                Error::Crowded => Duration::ZERO,
                _ if self.logged_in => DRAIN,
                _ => Duration::from_secs(1),
            };
            self.wire.part(&packets::err(&failure), drain).await;
        }
    }

    async fn commands(&mut self, standing: Standing) -> Result<Infallible, Error> {
        let patience = Duration::from_secs(self.house.service.config().connect_timeout_second);
        timeout(patience, self.login(patience, standing))
            .await
            .map_err(|_| Error::Silent(patience))??;
        self.logged_in = true;
        loop {
            self.connection.rest(self.session.db.as_deref());
            match self.next().await? {
                Message::Whole(message) => self.command(message).await?,
                Message::Refused { head, why } => self.no_room(&head, why),
            }
            self.wire.flush().await?;
        }
    }

    async fn next(&mut self) -> Result<Message, Error> {
        self.wire.write_timeout = self.seconds("net_write_timeout", WRITE);
        let limits = Limits {
            bytes: self.max_packet(),
            idle: self.seconds("wait_timeout", WAIT),
            pause: self.seconds("net_read_timeout", READ),
        };
        self.wire.restart_sequence();
        self.inner.release();
        if self.cursors.is_running() {
            let patience = self.wire.write_timeout;
            let fetched = tokio::select! {
                biased;
                () = self.connection.end().cancelled() => return Err(Error::Ended),
                awaited = self.wire.awaited(patience) => awaited?,
            };
            if !fetched {
                self.park_cursor().await?;
            }
        }
        tokio::select! {
            biased;
            () = self.connection.end().cancelled() => Err(Error::Ended),
            message = self.wire.read(limits) => message,
        }
    }

    /// Setting `max_allowed_packet`.
    fn max_packet(&self) -> usize {
        usize::try_from(self.house.service.config().max_allowed_packet).unwrap_or(usize::MAX)
    }

    /// A session variable that is a number of seconds.
    fn seconds(&self, variable: &str, otherwise: u64) -> Duration {
        let set = self.session.variables.get(variable);
        let seconds = set.and_then(|text| text.parse().ok()).unwrap_or(otherwise);
        Duration::from_secs(seconds.max(1))
    }

    /// The state that OK and EOF tell.
    fn status(&self, more: bool) -> StatusFlags {
        let autocommit = !self
            .session
            .variables
            .get("autocommit")
            .is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("off"));
        let mut status = StatusFlags::empty();
        status.set(StatusFlags::SERVER_STATUS_AUTOCOMMIT, autocommit);
        status.set(
            StatusFlags::SERVER_STATUS_IN_TRANS,
            self.session.in_transaction,
        );
        status.set(StatusFlags::SERVER_MORE_RESULTS_EXISTS, more);
        status
    }

    fn deprecate_eof(&self) -> bool {
        self.capabilities
            .contains(CapabilityFlags::CLIENT_DEPRECATE_EOF)
    }

    fn put_ok(&mut self) {
        let packet = packets::ok(0, self.status(false), 0);
        self.wire.put(&packet);
    }

    fn put_eof(&mut self) {
        let packet = packets::eof(self.status(false), 0);
        self.wire.put(&packet);
    }

    fn put_err(&mut self, failure: &Failure) {
        self.wire.put(&packets::err(failure));
    }

    /// A text of the client's, if it is text.
    fn text(&mut self, bytes: Bytes) -> Option<String> {
        String::from_utf8(bytes.into())
            .inspect_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let message = format!("Invalid utf8mb4 character string: byte {at} is not UTF-8");
                self.put_err(&Failure::new(Code::INVALID_CHARACTER_STRING, message));
            })
            .ok()
    }
}
