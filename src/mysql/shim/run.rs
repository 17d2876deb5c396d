//! Running a statement, and its rows on their way to the crate's writer.

use std::io;

use futures::StreamExt;
use opensrv_mysql::{OkResponse, QueryResultWriter, RowWriter};
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::code::{Code, Failure};
use crate::frontend::answer::{Answer, ResultSet, RowSource};
use crate::mysql::shim::{SOME_ERROR, Shim, narrow, no_job, widen};
use crate::mysql::slate::{Job, Report, Slate, Work};
use crate::mysql::values::{self, Block};
use crate::mysql::wire::FULL;
use crate::sql::session::Session;

impl Shim {
    /// Runs the statement on the slate.
    pub(super) async fn run<W: AsyncWrite + Send + Unpin>(
        &mut self,
        results: QueryResultWriter<'_, W>,
    ) -> io::Result<()> {
        let Some(Job {
            mut session,
            work:
                Work::Run {
                    script,
                    params,
                    cancel,
                },
        }) = self.slate.take_job()
        else {
            return Err(no_job());
        };
        let answer = self
            .service
            .run(&mut session, &script, &params, cancel.clone())
            .await;
        match answer {
            Ok(Answer::Done { affected, warnings }) => {
                self.slate.report(Report {
                    session,
                    warnings,
                    ..Report::default()
                });
                let ok = OkResponse {
                    affected_rows: affected,
                    ..OkResponse::default()
                };
                results.completed(ok).await
            }
            Ok(Answer::Rows(set)) => {
                let sent = self.rows(session, set, cancel, results).await;
                narrow(&mut self.blanks);
                sent
            }
            Err(failure) => {
                self.slate.give_up(session, failure);
                results.error(SOME_ERROR, &b""[..]).await
            }
        }
    }

    async fn rows<W: AsyncWrite + Send + Unpin>(
        &mut self,
        session: Session,
        set: ResultSet,
        cancel: CancellationToken,
        results: QueryResultWriter<'_, W>,
    ) -> io::Result<()> {
        let ResultSet {
            mut columns,
            rows: source,
            warnings,
            late,
        } = set;
        if matches!(source, RowSource::Cells(..)) {
            columns.iter_mut().for_each(values::settle_kind);
        }
        let kinds: Vec<_> = columns.iter().map(|column| column.kind).collect();
        self.slate.report(Report {
            session,
            columns,
            params: 0,
            warnings,
        });
        widen(&mut self.blanks, kinds.len());
        let blanks = self.blanks.get(..kinds.len()).unwrap_or(&[]);
        let mut rows = results.start(blanks).await?;
        let end = match source {
            RowSource::Cells(columns, cells) => {
                let block = Block::cells(&kinds, &columns, &cells);
                write(&self.slate, &block, &mut rows).await?;
                Ok(())
            }
            RowSource::Batches(mut batches) => loop {
                let batch = tokio::select! {
                    batch = batches.next() => batch,
                    () = cancel.cancelled() => break Err(interrupted()),
                };
                match batch.transpose() {
                    Ok(None) => break Ok(()),
                    Ok(Some(batch)) => match Block::batch(&kinds, &batch) {
                        Ok(block) => write(&self.slate, &block, &mut rows).await?,
                        Err(failure) => break Err(failure),
                    },
                    Err(failure) => break Err(failure),
                }
            },
        };
        match end {
            Ok(()) => {
                if let Some(late) = late {
                    self.slate.warn(late.take_warnings());
                }
                rows.finish().await
            }
            Err(failure) => {
                self.slate.fail(failure);
                rows.finish_error(SOME_ERROR, &[0_u8; 0]).await
            }
        }
    }
}

async fn write<W: AsyncWrite + Send + Unpin>(
    slate: &Slate,
    block: &Block<'_>,
    rows: &mut RowWriter<'_, W>,
) -> io::Result<()> {
    for row in 0..block.rows() {
        let bytes = block.write_row(row, rows)?;
        if bytes >= FULL {
            slate.announce_large(bytes);
        }
        rows.end_row().await?;
    }
    Ok(())
}

/// The answer of a statement that was killed.
fn interrupted() -> Failure {
    Failure::new(Code::INTERRUPTED, "Query execution was interrupted")
}
