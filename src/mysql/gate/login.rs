//! The connection phase: greeting, TLS, proof of the password; and COM_CHANGE_USER, which proves it again.
//!
//! The crate greets and decides; the gate offers what is really spoken, does TLS, asks a client with another plugin to switch,
//! and gives the crate every log-in in one form.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use opensrv_mysql::{CapabilityFlags, StatusFlags};

use crate::catalog::user::Verifier;
use crate::code::{Code, Failure};
use crate::listener::Standing;
use crate::mysql::auth::{self, Plugin};
use crate::mysql::bytes::Reader;
use crate::mysql::error::Error;
use crate::mysql::gate::Gate;
use crate::mysql::gate::handshake::{self, Login};
use crate::mysql::slate::Work;
use crate::mysql::wire::Limits;
use crate::mysql::{capabilities, columns, packets};
use crate::sql::session::Session;

/// What a stranger may send in one packet.
const BYTES_BEFORE_LOGIN: usize = 16 << 10;

impl Gate {
    /// From the greeting to the answer to the log-in. Until the client has said who it is, its place is among those that say nothing:
    /// however many of these there are, they take no place of those that prove their passwords.
    pub(super) async fn login(
        &mut self,
        patience: Duration,
        silent: Standing,
    ) -> Result<(), Error> {
        let limits = Limits {
            bytes: BYTES_BEFORE_LOGIN,
            idle: patience,
            pause: patience,
        };
        let response = unless_shown_out(&silent, self.greet(limits)).await?;
        let proving = self.house.proving.enter(silent.peer());
        let proving = proving.ok_or(Error::Crowded)?;
        drop(silent);
        unless_shown_out(&proving, self.prove(&response, limits)).await
    }

    /// Greets, goes over to TLS where the client asks for it, and reads the response.
    async fn greet(&mut self, limits: Limits) -> Result<Bytes, Error> {
        let greeting = self.inner.packet(&mut self.wire).await?;
        let offered = capabilities::offered(self.house.terms.tls.is_some());
        self.wire.put(&corrected(&greeting, offered)?);
        self.wire.flush().await?;

        let packet = self.wire.read(limits).await?.whole()?;
        let tls = self.house.terms.tls.clone();
        let Some(tls) = tls.filter(|_| handshake::is_ssl_request(&packet)) else {
            return Ok(packet);
        };
        self.wire.upgrade(tls).await?;
        self.wire.read(limits).await?.whole()
    }

    /// The response to the greeting, and what is asked further, to the answer.
    async fn prove(&mut self, response: &[u8], limits: Limits) -> Result<(), Error> {
        let (agreed, mut login) = handshake::response(response, self.house.terms.tls.is_some())?;
        self.capabilities = agreed;
        self.multi_statements = agreed.contains(CapabilityFlags::CLIENT_MULTI_STATEMENTS);
        let plugin = self.settle_plugin(&mut login, limits, false).await?;

        self.turn(&login).await?;
        self.session = self.new_session(&login.user);
        self.slate.choose_plugin(plugin);
        if login.db.is_some() {
            self.hand(Work::UseDatabase);
        }
        let canonical = handshake::canonical(&login, plugin.name());
        self.inner.send(&canonical).await?;
        let answer = self.inner.packet(&mut self.wire).await?;
        if let Some(report) = self.slate.take_report() {
            self.session = report.session;
        }
        if answer.first() != Some(&packets::OK) {
            // Without an error of the shim's, the crate refused the password.
            let failure = self.slate.take_failure();
            return Err(Error::Refused(
                failure.unwrap_or_else(|| self.denied(&login)),
            ));
        }
        self.welcome(&login, plugin).await
    }

    /// COM_CHANGE_USER: the log-in again, on the same connection and the same challenge. A refusal ends the connection.
    pub(super) async fn change_user(&mut self, body: &[u8]) -> Result<(), Error> {
        let patience = Duration::from_secs(self.house.service.config().connect_timeout_second);
        let limits = Limits {
            bytes: BYTES_BEFORE_LOGIN,
            idle: patience,
            pause: patience,
        };
        self.connection.begin("Change user", None);
        let mut login = handshake::change_user(body, self.capabilities)?;
        let plugin = self.settle_plugin(&mut login, limits, true).await?;
        self.turn(&login).await?;
        let verifier = self.house.service.verifier(&login.user);
        if !auth::proves(verifier.as_ref(), plugin, &self.salt, &login.token) {
            return Err(Error::Refused(self.denied(&login)));
        }
        self.close_all().await?;
        self.session = self.new_session(&login.user);
        if let Some(db) = &login.db {
            let used = self.house.service.use_database(&mut self.session, db).await;
            used.map_err(Error::Refused)?;
        }
        self.welcome(&login, plugin).await
    }

    /// The plugin that the client's proof is for. A client with one that is not spoken here, or that waits for its
    /// challenge, is asked to switch and to prove anew.
    async fn settle_plugin(
        &mut self,
        login: &mut Login,
        limits: Limits,
        changes_user: bool,
    ) -> Result<Plugin, Error> {
        let (known, can_switch) = match &login.plugin {
            None => (Some(Plugin::Native), false),
            Some(name) => (Plugin::named(name), true),
        };
        let plugin = match known {
            // libmysqlclient sends nothing until it is asked where the greeting's challenge was for another plugin,
            // and in COM_CHANGE_USER always. (At a log-in to an account without a password nothing is right, and needs
            // no question.)
            Some(plugin) if can_switch && login.token.is_empty() => {
                match self.house.service.verifier(&login.user) {
                    Some(Verifier::Empty) if !changes_user => return Ok(plugin),
                    _ => plugin,
                }
            }
            Some(plugin) => return Ok(plugin),
            None => Plugin::CachingSha2,
        };
        let switch = packets::auth_switch(plugin.name(), &self.salt);
        self.wire.put(&switch);
        self.wire.flush().await?;
        login.token = self.wire.read(limits).await?.whole()?.to_vec();
        Ok(plugin)
    }

    /// The log-in is right: lets it in if there is room, and says so.
    async fn welcome(&mut self, login: &Login, plugin: Plugin) -> Result<(), Error> {
        let limit = self.house.service.config().max_connections;
        self.house.terms.guesses.right(&login.user, self.peer);
        let admitted = self.connection.log_in(&login.user, limit);
        admitted.map_err(|error| Error::Refused(error.into()))?;
        if plugin == Plugin::CachingSha2 && !auth::is_empty(&login.token) {
            self.wire.put(&packets::FAST_AUTH_OK);
        }
        self.put_ok();
        self.wire.flush().await
    }

    fn new_session(&self, user: &str) -> Session {
        Session {
            id: self.connection.id(),
            user: user.to_owned(),
            peer: self.connection.peer().to_owned(),
            memory: self.memory.clone(),
            ..Session::default()
        }
    }

    /// Waits until the password may be looked at: longer after each wrong one.
    async fn turn(&self, login: &Login) -> Result<(), Error> {
        let guesses = &self.house.terms.guesses;
        let turn = guesses.turn(&login.user, self.peer, self.longest_wait());
        let turn = turn.await;
        turn.map_err(|many| Error::Refused(many.refusal(&login.user, &self.host)))
    }

    /// Setting `failed_login_delay_max_ms`, within the time for a log-in.
    fn longest_wait(&self) -> Duration {
        let config = self.house.service.config();
        let wait = Duration::from_millis(config.failed_login_delay_max_ms);
        wait.min(Duration::from_secs(config.connect_timeout_second) / 2)
    }

    fn denied(&self, login: &Login) -> Failure {
        let using = if auth::is_empty(&login.token) {
            "NO"
        } else {
            "YES"
        };
        let (user, host) = (&login.user, &self.host);
        let longest = self.longest_wait();
        self.house.terms.guesses.wrong(user, self.peer, longest);
        tracing::info!(user, host, "log-in refused");
        let message = format!("Access denied for user '{user}'@'{host}' (using password: {using})");
        Failure::new(Code::ACCESS_DENIED, message)
    }
}

/// `work`, unless the connection has to make room for another.
async fn unless_shown_out<T>(
    standing: &Standing,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        () = standing.shown_out() => Err(Error::Crowded),
        done = work => done,
    }
}

/// The crate's greeting with the capabilities, the character set and the status that are true.
fn corrected(greeting: &[u8], offered: CapabilityFlags) -> Result<Vec<u8>, Error> {
    let mut reader = Reader::new(greeting);
    let parts = (|| {
        let protocol = reader.u8()?;
        let version = reader.nul_bytes()?;
        // Connection id, the first 8 bytes of the challenge, a NUL.
        let id_and_salt = reader.take(4 + 8 + 1)?;
        // Capabilities, character set, status, capabilities.
        reader.take(2 + 1 + 2 + 2)?;
        Some((protocol, version, id_and_salt, reader.rest()))
    })();
    let (protocol, version, id_and_salt, rest) =
        parts.ok_or(Error::Inner("a greeting that is cut off"))?;
    let [a, b, c, d] = offered.bits().to_le_bytes();
    let [charset, _] = columns::TEXT.to_le_bytes();
    let [status, status_high] = StatusFlags::SERVER_STATUS_AUTOCOMMIT.bits().to_le_bytes();
    let mut packet = vec![protocol];
    packet.extend(version);
    packet.push(0);
    packet.extend(id_and_salt);
    packet.extend([a, b, charset, status, status_high, c, d]);
    packet.extend(rest);
    Ok(packet)
}
