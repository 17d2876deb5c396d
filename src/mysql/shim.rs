//! What opensrv-mysql asks of us: the one implementation of its trait.
//!
//! Takes work from the [`Slate`], has the [`Service`] do it, and answers through the crate's writers. The crate counts
//! columns; the gate names them.

mod run;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use opensrv_mysql::{
    AsyncMysqlShim, Column, ColumnFlags, ColumnType, ErrorKind, InitWriter, ParamParser,
    QueryResultWriter, StatementMetaWriter,
};
use tokio::io::AsyncWrite;

use crate::frontend::service::Service;
use crate::mysql::auth::{self, Plugin, SALT};
use crate::mysql::slate::{Job, Report, Slate, Work};
use crate::sql::session::SERVER_VERSION;

/// The kind of error the crate is told; the gate puts the real one in its place.
const SOME_ERROR: ErrorKind = ErrorKind::ER_UNKNOWN_ERROR;

/// One connection's shim.
pub struct Shim {
    /// The frontend.
    pub service: Arc<dyn Service>,
    /// What packets can't carry.
    pub slate: Arc<Slate>,
    /// Connection id.
    pub id: u32,
    /// The challenge of the log-in.
    pub salt: [u8; SALT],
    /// As many blank columns as the widest result so far.
    pub blanks: Vec<Column>,
}

#[async_trait]
impl<W: AsyncWrite + Send + Unpin> AsyncMysqlShim<W> for Shim {
    type Error = io::Error;

    fn version(&self) -> String {
        SERVER_VERSION.to_owned()
    }

    fn connect_id(&self) -> u32 {
        self.id
    }

    fn default_auth_plugin(&self) -> &str {
        Plugin::CachingSha2.name()
    }

    async fn auth_plugin_for_username(&self, _user: &[u8]) -> &str {
        self.slate.plugin().name()
    }

    fn salt(&self) -> [u8; SALT] {
        self.salt
    }

    async fn authenticate(&self, plugin: &str, user: &[u8], _salt: &[u8], token: &[u8]) -> bool {
        let verifier = std::str::from_utf8(user)
            .ok()
            .and_then(|user| self.service.verifier(user));
        Plugin::named(plugin.as_bytes())
            .is_some_and(|plugin| auth::proves(verifier.as_ref(), plugin, &self.salt, token))
    }

    async fn on_prepare<'a>(
        &'a mut self,
        _query: &'a str,
        info: StatementMetaWriter<'a, W>,
    ) -> io::Result<()> {
        let Some(Job {
            session,
            work: Work::Describe { id, script },
        }) = self.slate.take_job()
        else {
            return Err(no_job());
        };
        match self.service.describe(&session, &script).await {
            Ok(columns) => {
                let columns = columns.unwrap_or_default();
                let params = u16::try_from(script.params).map_err(|_| no_job())?;
                widen(&mut self.blanks, columns.len().max(params.into()));
                let (blanks, width) = (&self.blanks, columns.len());
                self.slate.report(Report {
                    session,
                    columns,
                    params,
                    warnings: 0,
                });
                let params = blanks.iter().take(params.into());
                let replied = info.reply(id, params, blanks.iter().take(width)).await;
                narrow(&mut self.blanks);
                replied
            }
            Err(failure) => {
                self.slate.give_up(session, failure);
                info.error(SOME_ERROR, &b""[..]).await
            }
        }
    }

    async fn on_execute<'a>(
        &'a mut self,
        _id: u32,
        _params: ParamParser<'a>,
        results: QueryResultWriter<'a, W>,
    ) -> io::Result<()> {
        self.run(results).await
    }

    async fn on_close<'a>(&'a mut self, _id: u32)
    where
        W: 'async_trait,
    {
    }

    async fn on_query<'a>(
        &'a mut self,
        _query: &'a str,
        results: QueryResultWriter<'a, W>,
    ) -> io::Result<()> {
        self.run(results).await
    }

    async fn on_init<'a>(&'a mut self, db: &'a str, writer: InitWriter<'a, W>) -> io::Result<()> {
        let Some(Job {
            mut session,
            work: Work::UseDatabase,
        }) = self.slate.take_job()
        else {
            return Err(no_job());
        };
        match self.service.use_database(&mut session, db).await {
            Ok(()) => {
                self.slate.report(Report {
                    session,
                    ..Report::default()
                });
                writer.ok().await
            }
            Err(failure) => {
                self.slate.give_up(session, failure);
                writer.error(SOME_ERROR, &b""[..]).await
            }
        }
    }
}

/// Blank columns that are kept for the next result.
const BLANKS_KEPT: usize = 1024;

/// Keeps a few blank columns: a connection that had a wide result once does not go on holding so many.
fn narrow(blanks: &mut Vec<Column>) {
    if blanks.len() > BLANKS_KEPT {
        blanks.truncate(BLANKS_KEPT);
        blanks.shrink_to_fit();
    }
}

fn widen(blanks: &mut Vec<Column>, width: usize) {
    if blanks.len() < width {
        blanks.resize_with(width, || Column {
            table: String::new(),
            column: String::new(),
            coltype: ColumnType::MYSQL_TYPE_VAR_STRING,
            colflags: ColumnFlags::empty(),
        });
    }
}

fn no_job() -> io::Error {
    io::Error::other("called without work")
}
