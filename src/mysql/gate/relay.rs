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
        let report = self.adopt_report();
        match first.first() {
            Some(&packets::OK) => {
                let affected = first.get(1..).and_then(|rest| Reader::new(rest).lenenc());
                let affected = affected.ok_or(Error::Inner("an OK without its count"))?;
                let packet = packets::ok(affected, self.status(more), report.warnings);
                self.wire.put(&packet);
                Ok(true)
            }
            Some(&packets::ERR) => self.relay_error(),
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
            self.relay_error()?;
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

    fn adopt_report(&mut self) -> Report {
        match self.slate.take_report() {
            Some(mut report) => {
                self.session = std::mem::take(&mut report.session);
                report
            }
            // COM_PING: no work was handed in, so the session never left.
            None => Report::default(),
        }
    }

    fn relay_error(&mut self) -> Result<bool, Error> {
        let failure = self.slate.take_failure().unwrap_or_else(|| {
            Failure::new(Code::UNKNOWN, "the statement failed without saying why")
        });
        self.put_err(&failure);
        Ok(false)
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
            let length = self.inner.header(&mut self.wire).await?;
            if length >= FULL {
                self.relay_large_row().await?;
                continue;
            }
            let packet = self.inner.body(length, &mut self.wire).await?;
            match Kind::of(&packet) {
                Kind::Row => {
                    self.wire.put(&packet);
                    self.wire.relieve().await?;
                }
                Kind::End => {
                    let status = self.status(more);
                    let late = self.slate.take_warnings();
                    let warnings = u16::try_from(late.len()).unwrap_or(u16::MAX);
                    let warnings = report.warnings.saturating_add(warnings);
                    self.session.warnings.extend(late);
                    let end = packets::end(self.deprecate_eof(), status, warnings);
                    self.wire.put(&end);
                    return Ok(true);
                }
                Kind::Error => return self.relay_error(),
            }
        }
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

    /// A row of 16 MiB - 1 bytes or more, as it comes: never whole in memory here. The header of its first packet has
    /// been read.
    async fn relay_large_row(&mut self) -> Result<(), Error> {
        let announced = self.slate.take_large();
        let mut left = announced.ok_or(Error::Inner("a large row that nobody announced"))?;
        let mut packet = FULL;
        loop {
            self.wire.put_header(packet);
            let mut rest = packet;
            while rest > 0 {
                let piece = rest.min(PIECE);
                let bytes: BytesMut = self.inner.body(piece, &mut self.wire).await?;
                self.wire.put_part(&bytes);
                self.wire.relieve().await?;
                rest -= piece;
            }
            left = left
                .checked_sub(packet)
                .ok_or(Error::Inner("a row longer than announced"))?;
            match left {
                // The crate leaves the empty packet out.
                0 if packet == FULL => {
                    self.wire.put_header(0);
                    return Ok(());
                }
                0 => return Ok(()),
                _ => packet = self.inner.header(&mut self.wire).await?,
            }
        }
    }
}

/// What a packet among rows is.
#[derive(Debug, PartialEq)]
enum Kind {
    Row,
    End,
    Error,
}

impl Kind {
    fn of(packet: &[u8]) -> Kind {
        match packet.first() {
            // A row that begins so has a first column of 16 MiB or more.
            Some(&packets::EOF) if packet.len() < 9 => Kind::End,
            Some(&packets::ERR) => Kind::Error,
            _ => Kind::Row,
        }
    }
}
