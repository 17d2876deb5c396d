//! The commands that pass through the crate and run something: COM_QUERY, COM_INIT_DB, COM_PING.

use std::sync::Arc;

use bytes::Bytes;

use crate::code::{Code, Failure};
use crate::mysql::error::Error;
use crate::mysql::gate::{Gate, command};
use crate::mysql::slate::{Job, Work};
use crate::sql::script::{Param, Script};

/// What the crate reads as the statement; the statement itself is on the slate.
const ON_THE_SLATE: &[u8] = b"on the slate";
/// Longer names are of no database.
const NAME_MAX: usize = 1024;

impl Gate {
    /// COM_QUERY: one statement, or several where that was agreed on.
    pub(super) async fn query(&mut self, body: Bytes) -> Result<(), Error> {
        let Some(text) = self.text(body) else {
            return Ok(());
        };
        let (scripts, _working) = match self.split(text).await {
            Ok(split) => split,
            Err(failure) => {
                self.put_err(&failure);
                return Ok(());
            }
        };
        if scripts.is_empty() {
            self.put_err(&Failure::new(Code::EMPTY_QUERY, "Query was empty"));
            return Ok(());
        }
        if let (false, Some(second)) = (self.multi_statements, scripts.get(1)) {
            let failure = several(second, "this connection sends one statement at a time");
            self.put_err(&failure);
            return Ok(());
        }
        let single = scripts.len() == 1;
        let mut scripts = scripts.into_iter().peekable();
        while let Some(script) = scripts.next() {
            let command = [&[command::QUERY], ON_THE_SLATE].concat();
            let more = scripts.peek().is_some();
            let shown = if single {
                script.source.clone()
            } else {
                own_text(&script)
            };
            let good = self
                .run("Query", shown, script, Vec::new(), &command, more)
                .await?;
            if !good || self.connection.end().is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    /// Runs a statement by handing the crate `command`; PROCESSLIST says `name` and `shown`. Whether it ended well.
    pub(super) async fn run(
        &mut self,
        name: &'static str,
        shown: Arc<str>,
        script: Script,
        params: Vec<Param>,
        command: &[u8],
        more: bool,
    ) -> Result<bool, Error> {
        let cancel = self.connection.begin(name, Some(shown));
        self.hand(Work::Run {
            script,
            params,
            cancel,
        });
        self.inner.send(command).await?;
        self.relay(more).await
    }

    /// COM_INIT_DB.
    pub(super) async fn init_db(&mut self, body: Bytes) -> Result<(), Error> {
        let Some(name) = self.text(body) else {
            return Ok(());
        };
        if name.len() > NAME_MAX {
            let message = format!("Unknown database: its name has {} bytes", name.len());
            self.put_err(&Failure::new(Code::BAD_DB, message));
            return Ok(());
        }
        self.connection.begin("Init DB", None);
        self.hand(Work::UseDatabase);
        let command = [&[command::INIT_DB], name.as_bytes()].concat();
        self.inner.send(&command).await?;
        self.relay(false).await?;
        Ok(())
    }

    /// COM_PING.
    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        self.inner.send(&[command::PING]).await?;
        self.relay(false).await?;
        Ok(())
    }

    /// Lends the session to the shim, with work to do.
    pub(super) fn hand(&mut self, work: Work) {
        let session = std::mem::take(&mut self.session);
        self.slate.hand(Job { session, work });
    }
}

/// The error of a text that holds more than one statement, where it may not.
pub(super) fn several(second: &Script, why: &str) -> Failure {
    let place = second.tokens.first().map(|token| token.span.start);
    let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
    let message = format!(
        "syntax error at line {line}, column {column}: a second statement begins here; {why}"
    );
    Failure::new(Code::PARSE, message)
}

/// The text of one statement among several.
fn own_text(script: &Script) -> Arc<str> {
    match (script.tokens.first(), script.tokens.last()) {
        (Some(first), Some(last)) => script.text(first.span.start, last.span.end).into(),
        _ => script.source.clone(),
    }
}
