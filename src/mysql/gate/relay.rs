//! Outward: the crate's answers on their way to the client, put right.
//!
//! The crate answers in one dialect (DEPRECATE_EOF, no status, blank columns, a placeholder for errors); the client gets
//! its own dialect, with what the [`Slate`](crate::mysql::slate::Slate) knows.

use bytes::BytesMut;

use crate::code::{Code, Failure};
use crate::frontend::answer::ResultColumn;
use crate::mysql::bytes::{Reader, put_lenenc};
use crate::mysql::error::Error;
use crate::mysql::gate::Gate;
use crate::mysql::slate::Report;
use crate::mysql::wire::FULL;
use crate::mysql::{columns, packets};

/// A large row is passed on in pieces of so many bytes.
const PIECE: usize = 64 << 10;

impl Gate {
    /// Passes on the answer to a command; `more` says that another result follows a good one. Whether it was good.
    pub(super) async fn relay(&mut self, more: bool) -> Result<bool, Error> {
        let first = self.inner.packet(&mut self.wire).await?;
        self.relay_from(first, more).await
    }

    /// The same, where the first packet has been read.
    pub(super) async fn relay_from(&mut self, first: BytesMut, more: bool) -> Result<bool, Error> {
        let report = self.adopt_report();
        match first.first() {
            Some(&packets::OK) => {
                let affected = first.get(1..).and_then(|rest| Reader::new(rest).lenenc());
                let affected = affected.ok_or(Error::Inner("an OK without its count"))?;
                let packet = packets::ok(affected, self.status(more), report.warnings);
                self.wire.put(&packet);
                Ok(true)
            }
            Some(&packets::ERR) => Ok(self.relay_error()),
            Some(_) => self.relay_rows(&first, &report, more).await,
            None => Err(Error::Inner("an empty answer")),
        }
    }

    /// Passes on the answer to COM_STMT_PREPARE of statement `id`; `None` when it was an error.
    pub(super) async fn relay_prepared(&mut self, id: u32) -> Result<Option<u16>, Error> {
        let first = self.inner.packet(&mut self.wire).await?;
        let Report {
            columns,
            params,
            warnings,
            ..
        } = self.adopt_report();
        if first.first() != Some(&packets::OK) {
            self.relay_error();
            return Ok(None);
        }
        let width = u16::try_from(columns.len())
            .map_err(|_| Error::Inner("more columns than can be counted"))?;
        let packet = packets::prepared(id, width, params, warnings);
        self.wire.put(&packet);
        let parameter = columns::parameter();
        for at in 0..params {
            self.inner.packet(&mut self.wire).await?;
            self.wire.put(&parameter);
            self.wire.relieve().await?;
            if at + 1 == params {
                self.put_definitions_end(warnings);
            }
        }
        self.relay_definitions(&columns, warnings).await?;
        Ok(Some(params))
    }

    pub(super) fn adopt_report(&mut self) -> Report {
        match self.slate.take_report() {
            Some(mut report) => {
                self.session = std::mem::take(&mut report.session);
                report
            }
            // COM_PING: no work was handed in, so the session never left.
            None => Report::default(),
        }
    }

    fn relay_error(&mut self) -> bool {
        let failure = self.failure();
        self.put_err(&failure);
        false
    }

    fn failure(&self) -> Failure {
        self.slate.take_failure().unwrap_or_else(|| {
            Failure::new(Code::UNKNOWN, "the statement failed without saying why")
        })
    }

    async fn relay_rows(
        &mut self,
        first: &[u8],
        report: &Report,
        more: bool,
    ) -> Result<bool, Error> {
        let width = report.columns.len();
        if Reader::new(first).lenenc() != Some(width as u64) {
            return Err(Error::Inner(
                "another number of columns than the result has",
            ));
        }
        let mut count = Vec::with_capacity(3);
        put_lenenc(&mut count, width as u64);
        self.wire.put(&count);
        self.relay_definitions(&report.columns, report.warnings)
            .await?;
        loop {
            match self.next_row().await? {
                Next::Row(packet) => {
                    self.wire.put(&packet);
                    self.wire.relieve().await?;
                }
                Next::Large => self.large_row(Sink::Client).await?,
                Next::End => {
                    let status = self.status(more);
                    let warnings = report.warnings.saturating_add(self.late_warnings());
                    let end = packets::end(self.deprecate_eof(), status, warnings);
                    self.wire.put(&end);
                    return Ok(true);
                }
                Next::Error(failure) => {
                    self.put_err(&failure);
                    return Ok(false);
                }
            }
        }
    }

    /// What the crate says next in the middle of rows. Of a large row only the first header is read.
    pub(super) async fn next_row(&mut self) -> Result<Next, Error> {
        let length = self.inner.header(&mut self.wire).await?;
        if length >= FULL {
            return Ok(Next::Large);
        }
        let packet = self.inner.body(length, &mut self.wire).await?;
        Ok(match packet.first() {
            // A row that begins so has a first column of 16 MiB or more.
            Some(&packets::EOF) if packet.len() < 9 => Next::End,
            Some(&packets::ERR) => Next::Error(self.failure()),
            _ => Next::Row(packet),
        })
    }

    /// Notes the warnings that came with the rows; says how many.
    pub(super) fn late_warnings(&mut self) -> u16 {
        let late = self.slate.take_warnings();
        let warnings = u16::try_from(late.len()).unwrap_or(u16::MAX);
        self.session.warnings.extend(late);
        warnings
    }

    /// Our definitions for the crate's blank ones.
    async fn relay_definitions(
        &mut self,
        columns: &[ResultColumn],
        warnings: u16,
    ) -> Result<(), Error> {
        for column in columns {
            self.inner.packet(&mut self.wire).await?;
            self.wire.put(&columns::definition(column));
            self.wire.relieve().await?;
        }
        if !columns.is_empty() {
            self.put_definitions_end(warnings);
        }
        Ok(())
    }

    fn put_definitions_end(&mut self, warnings: u16) {
        if !self.deprecate_eof() {
            let packet = packets::eof(self.status(false), warnings);
            self.wire.put(&packet);
        }
    }

    /// A row of 16 MiB - 1 bytes or more, as it comes. The header of its first packet has been read.
    pub(super) async fn large_row(&mut self, mut to: Sink<'_>) -> Result<(), Error> {
        let announced = self.slate.take_large();
        let mut left = announced.ok_or(Error::Inner("a large row that nobody announced"))?;
        let mut packet = FULL;
        loop {
            self.large_part(packet, &mut to).await?;
            left = left
                .checked_sub(packet)
                .ok_or(Error::Inner("a row longer than announced"))?;
            match left {
                // The crate leaves the empty packet out.
                0 if packet == FULL && matches!(to, Sink::Client) => {
                    self.wire.put_header(0);
                    return Ok(());
                }
                0 => return Ok(()),
                _ => packet = self.inner.header(&mut self.wire).await?,
            }
        }
    }

    /// The bytes of one packet of a large row.
    async fn large_part(&mut self, packet: usize, to: &mut Sink<'_>) -> Result<(), Error> {
        if matches!(to, Sink::Client) {
            self.wire.put_header(packet);
        }
        let mut rest = packet;
        while rest > 0 {
            let piece = rest.min(PIECE);
            let bytes: BytesMut = self.inner.body(piece, &mut self.wire).await?;
            match to {
                Sink::Client => {
                    self.wire.put_part(&bytes);
                    self.wire.relieve().await?;
                }
                Sink::Memory(row) => row.extend_from_slice(&bytes),
                Sink::Nothing => {}
            }
            rest -= piece;
        }
        Ok(())
    }
}

/// What the crate says in the middle of rows.
pub(super) enum Next {
    /// A row.
    Row(BytesMut),
    /// A row of several packets, which [`large_row`](Gate::large_row) takes.
    Large,
    /// There are no more rows.
    End,
    /// There are no more rows, for a reason.
    Error(Failure),
}

/// Where a large row goes.
pub(super) enum Sink<'a> {
    /// To the client, never whole in memory here.
    Client,
    /// Into a cursor.
    Memory(&'a mut BytesMut),
    /// Nowhere.
    Nothing,
}
