//! What a connection's commands hold, charged to the process before it is made.
//!
//! A text is held several times while it is worked on: as it came, as tokens, as a tree, and as what is planned.

use crate::code::Failure;
use crate::memory::{Charge, Exhausted};
use crate::mysql::bytes::Reader;
use crate::mysql::gate::{Gate, command};
use crate::sql::script::Script;

/// How many times a text is held while its statement runs.
pub(super) const COPIES: u64 = 4;

impl Gate {
    /// Cuts a text into statements; the charge is for them as long as they run.
    pub(super) async fn split(&self, text: String) -> Result<(Vec<Script>, Charge), Failure> {
        let memory = &self.memory;
        let mut charge = memory.charge("statements", COPIES * text.len() as u64)?;
        let scripts = self.house.service.split(text).await?;
        let words: u64 = scripts.iter().map(Script::words_bytes).sum();
        charge.grow(words)?;
        Ok((scripts, charge))
    }

    /// A command could not be read, for want of memory: the client is told, where the command has an answer.
    pub(super) fn no_room(&mut self, head: &[u8], why: Exhausted) {
        match head.split_first() {
            Some((&command::STMT_SEND_LONG_DATA, body)) => {
                let id = Reader::new(body).u32().unwrap_or_default();
                self.prepared.long_data_failed(id, why.into());
            }
            Some((&command::STMT_CLOSE, _)) => {}
            _ => self.put_err(&why.into()),
        }
    }
}
