//! Cursors of COM_STMT_EXECUTE: rows that the client fetches in pieces.
//!
//! Rows wait where they are made: the statement goes on when more of them are fetched. The crate runs one statement at a time, so when
//! another one comes, or the client is silent for as long as it may refuse output, what is left is taken into the connection's
//! memory, as far as there is room. Owns no answers but those of COM_STMT_FETCH; how packets are put right is in
//! [`relay`](super::relay).

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use opensrv_mysql::StatusFlags;
use tokio_util::sync::CancellationToken;

use crate::code::{Code, Failure};
use crate::memory::{Account, Charge, Exhausted};
use crate::mysql::bytes::{Reader, put_lenenc};
use crate::mysql::error::Error;
use crate::mysql::gate::Gate;
use crate::mysql::gate::prepared::unknown;
use crate::mysql::gate::relay::{Next, Sink};
use crate::mysql::slate::{Report, Work};
use crate::mysql::{columns, packets};
use crate::sql::script::{Param, Script};

/// Bytes of a row in memory beside its packet.
const ROW_BYTES: u64 = 64;

/// The open cursors of a connection, by statement.
#[derive(Default)]
pub struct Cursors {
    open: BTreeMap<u32, Cursor>,
    /// The statement whose rows are still being made: there is one at most.
    running: Option<u32>,
}

impl Cursors {
    /// Whether the crate is in the middle of an answer.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }
}

struct Cursor {
    script: Script,
    kept: VecDeque<Bytes>,
    held: Charge,
    rest: Rest,
}

/// What comes behind the rows that are kept.
enum Rest {
    /// More rows, from the crate; the token ends their statement.
    Running(CancellationToken),
    /// The end, and so many warnings.
    End(u16),
    /// An error.
    Failed(Failure),
}

impl Cursor {
    fn new(memory: &Account, script: Script, cancel: CancellationToken) -> Cursor {
        Cursor {
            script,
            kept: VecDeque::new(),
            held: memory.open("rows of open cursors"),
            rest: Rest::Running(cancel),
        }
    }

    fn keep(&mut self, row: Bytes) -> Result<(), Exhausted> {
        self.held.grow(ROW_BYTES + row.len() as u64)?;
        self.kept.push_back(row);
        Ok(())
    }

    fn take(&mut self) -> Option<Bytes> {
        let row = self.kept.pop_front()?;
        self.held.shrink(ROW_BYTES + row.len() as u64);
        Some(row)
    }

    /// The statement ends without its rows.
    fn give_up(&mut self, failure: Failure) {
        if let Rest::Running(cancel) = std::mem::replace(&mut self.rest, Rest::Failed(failure)) {
            cancel.cancel();
        }
        self.kept = VecDeque::new();
        self.held.shrink(u64::MAX);
    }
}

impl Gate {
    /// Runs statement `id` and opens a cursor on its rows, if it has any.
    pub(super) async fn open_cursor(
        &mut self,
        id: u32,
        script: Script,
        params: Vec<Param>,
        command: &[u8],
    ) -> Result<(), Error> {
        let source = script.source.clone();
        let cancel = self.connection.begin("Execute", Some(source));
        self.hand(Work::Run {
            script: script.clone(),
            params,
            cancel: cancel.clone(),
        });
        self.inner.send(command).await?;
        let first = self.inner.packet(&mut self.wire).await?;
        if matches!(first.first(), None | Some(&packets::OK | &packets::ERR)) {
            self.relay_from(first, false).await?;
            return Ok(());
        }
        let report = self.adopt_report();
        let mut cursor = Cursor::new(&self.memory, script, cancel);
        self.skip_definitions(&first, &report).await?;
        // What is wrong with a statement is mostly known before its first row.
        self.keep_one(&mut cursor).await?;
        if let Rest::Failed(failure) = &cursor.rest {
            self.put_err(failure);
            return Ok(());
        }
        self.put_header(&report).await?;
        self.put_end(StatusFlags::SERVER_STATUS_CURSOR_EXISTS, report.warnings);
        if matches!(cursor.rest, Rest::Running(_)) {
            self.cursors.running = Some(id);
        }
        self.cursors.open.insert(id, cursor);
        Ok(())
    }

    /// COM_STMT_FETCH.
    pub(super) async fn fetch(&mut self, body: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(body);
        let id = reader.u32().unwrap_or_default();
        let count = reader.u32().unwrap_or_default();
        if !self.prepared.knows(id) {
            self.put_err(&unknown(id, "mysqld_stmt_fetch"));
            return Ok(());
        }
        let Some(mut cursor) = self.cursors.open.remove(&id) else {
            let message = format!("The statement ({id}) has no open cursor");
            self.put_err(&Failure::new(Code::NO_OPEN_CURSOR, message));
            return Ok(());
        };
        if let Rest::Running(cancel) = &cursor.rest {
            let source = cursor.script.source.clone();
            self.connection.go_on("Fetch", source, cancel.clone());
        }
        for _ in 0..count {
            if let Some(row) = cursor.take() {
                self.wire.put(&row);
            } else if !self.fetch_one(&mut cursor).await? {
                return Ok(());
            }
            self.wire.relieve().await?;
        }
        self.put_end(StatusFlags::SERVER_STATUS_CURSOR_EXISTS, 0);
        self.cursors.open.insert(id, cursor);
        Ok(())
    }

    /// Sends a row that is not kept, or what there is instead of one. Whether it was a row.
    async fn fetch_one(&mut self, cursor: &mut Cursor) -> Result<bool, Error> {
        if matches!(cursor.rest, Rest::Running(_)) {
            match self.next_row().await? {
                Next::Row(row) => {
                    self.wire.put(&row);
                    return Ok(true);
                }
                Next::Large => {
                    self.large_row(Sink::Client).await?;
                    return Ok(true);
                }
                Next::End => self.note_end(cursor),
                Next::Error(failure) => self.note_failure(cursor, failure),
            }
        }
        match &cursor.rest {
            Rest::Failed(failure) => self.put_err(failure),
            Rest::End(warnings) => {
                self.put_end(StatusFlags::SERVER_STATUS_LAST_ROW_SENT, *warnings);
            }
            Rest::Running(_) => return Err(Error::Inner("a cursor that neither goes on nor ends")),
        }
        Ok(false)
    }

    /// Takes what is left of the running statement's rows into memory, so that the crate can run another one.
    pub(super) async fn park_cursor(&mut self) -> Result<(), Error> {
        let Some(mut cursor) = self.take_running() else {
            return Ok(());
        };
        while matches!(cursor.1.rest, Rest::Running(_)) {
            self.keep_one(&mut cursor.1).await?;
        }
        self.cursors.open.insert(cursor.0, cursor.1);
        Ok(())
    }

    /// Closes the cursor of a statement, if it has one.
    pub(super) async fn close_cursor(&mut self, id: u32) -> Result<(), Error> {
        if self.cursors.running == Some(id)
            && let Some((_, mut cursor)) = self.take_running()
        {
            self.end_running(&mut cursor, closed()).await?;
        }
        self.cursors.open.remove(&id);
        Ok(())
    }

    /// Closes every cursor.
    pub(super) async fn close_cursors(&mut self) -> Result<(), Error> {
        if let Some(id) = self.cursors.running {
            self.close_cursor(id).await?;
        }
        self.cursors.open.clear();
        Ok(())
    }

    fn take_running(&mut self) -> Option<(u32, Cursor)> {
        let id = self.cursors.running.take()?;
        Some((id, self.cursors.open.remove(&id)?))
    }

    /// Keeps the next row of a running cursor; without room for it the cursor is lost.
    async fn keep_one(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        let kept = match self.next_row().await? {
            Next::Row(row) => cursor.keep(row.freeze()),
            Next::Large => {
                let bytes = self.slate.large().unwrap_or_default();
                match cursor.held.grow(bytes as u64) {
                    Ok(()) => {
                        let mut row = BytesMut::with_capacity(bytes);
                        self.large_row(Sink::Memory(&mut row)).await?;
                        cursor.held.shrink(bytes as u64);
                        cursor.keep(row.freeze())
                    }
                    Err(why) => {
                        self.large_row(Sink::Nothing).await?;
                        Err(why)
                    }
                }
            }
            Next::End => {
                self.note_end(cursor);
                Ok(())
            }
            Next::Error(failure) => {
                self.note_failure(cursor, failure);
                Ok(())
            }
        };
        match kept {
            Ok(()) => Ok(()),
            Err(why) => self.end_running(cursor, why.into()).await,
        }
    }

    /// Ends the statement of a running cursor, and reads what it still says.
    async fn end_running(&mut self, cursor: &mut Cursor, why: Failure) -> Result<(), Error> {
        cursor.give_up(why);
        self.cursors.running = None;
        loop {
            match self.next_row().await? {
                Next::Row(_) => {}
                Next::Large => self.large_row(Sink::Nothing).await?,
                Next::End | Next::Error(_) => {
                    self.slate.take_warnings();
                    return Ok(());
                }
            }
        }
    }

    fn note_end(&mut self, cursor: &mut Cursor) {
        self.cursors.running = None;
        cursor.rest = Rest::End(self.late_warnings());
    }

    fn note_failure(&mut self, cursor: &mut Cursor, failure: Failure) {
        self.cursors.running = None;
        cursor.rest = Rest::Failed(failure);
    }

    async fn skip_definitions(&mut self, first: &[u8], report: &Report) -> Result<(), Error> {
        if Reader::new(first).lenenc() != Some(report.columns.len() as u64) {
            return Err(Error::Inner(
                "another number of columns than the cursor has",
            ));
        }
        for _ in &report.columns {
            self.inner.packet(&mut self.wire).await?;
        }
        Ok(())
    }

    async fn put_header(&mut self, report: &Report) -> Result<(), Error> {
        let mut count = Vec::with_capacity(3);
        put_lenenc(&mut count, report.columns.len() as u64);
        self.wire.put(&count);
        for column in &report.columns {
            self.wire.put(&columns::definition(column));
            self.wire.relieve().await?;
        }
        Ok(())
    }

    fn put_end(&mut self, state: StatusFlags, warnings: u16) {
        let status = self.status(false) | state;
        let end = packets::end(self.deprecate_eof(), status, warnings);
        self.wire.put(&end);
    }
}

/// What nobody is told: the cursor is gone.
fn closed() -> Failure {
    Failure::new(Code::INTERRUPTED, "the cursor was closed")
}
