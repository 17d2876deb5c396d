//! The commands that the crate can't do, answered here: it would say OK to each and do nothing.

use crate::code::{Code, Failure};
use crate::mysql::bytes::Reader;
use crate::mysql::error::Error;
use crate::mysql::gate::Gate;
use crate::mysql::{columns, packets};
use crate::sql::session::Session;

/// The mark for "no default value".
const NULL: u8 = 0xfb;

impl Gate {
    /// COM_FIELD_LIST: the mysql CLI asks for the columns of each table, to complete their names.
    pub(super) async fn field_list(&mut self, body: &[u8]) -> Result<(), Error> {
        let table = String::from_utf8_lossy(Reader::new(body).nul_or_rest()).into_owned();
        self.connection.begin("Field List", None);
        let found = self.house.service.fields(&self.session, &table).await;
        match found {
            Ok(fields) => {
                for field in &fields {
                    let mut packet = columns::definition(field);
                    packet.push(NULL);
                    self.wire.put(&packet);
                    self.wire.relieve().await?;
                }
                self.put_eof();
            }
            Err(failure) => self.put_err(&failure),
        }
        Ok(())
    }

    /// COM_STATISTICS: a sentence, without any frame.
    pub(super) fn statistics(&mut self) -> Result<(), Error> {
        let sentence = self.house.service.statistics();
        self.wire.put(sentence.as_bytes());
        Ok(())
    }

    /// COM_PROCESS_KILL.
    pub(super) fn process_kill(&mut self, body: &[u8]) -> Result<(), Error> {
        let id = Reader::new(body).u32().unwrap_or_default();
        match self.house.sessions.kill(&self.session.user, id, false) {
            Ok(()) => self.put_ok(),
            Err(error) => self.put_err(&error.into()),
        }
        Ok(())
    }

    /// COM_SET_OPTION: whether COM_QUERY may hold several statements. Ends with EOF for every client.
    pub(super) fn set_option(&mut self, body: &[u8]) -> Result<(), Error> {
        match Reader::new(body).u16() {
            Some(option @ (0 | 1)) => {
                self.multi_statements = option == 0;
                self.put_eof();
            }
            _ => self.put_err(&Failure::new(Code::UNKNOWN_COMMAND, "Unknown command")),
        }
        Ok(())
    }

    /// COM_RESET_CONNECTION: user and database stay, all else is as after the log-in.
    pub(super) async fn reset_connection(&mut self) -> Result<(), Error> {
        self.close_all().await?;
        let old = std::mem::take(&mut self.session);
        self.session = Session {
            id: old.id,
            user: old.user,
            peer: old.peer,
            db: old.db,
            memory: old.memory,
            ..Session::default()
        };
        let packet = packets::ok(0, self.status(false), 0);
        self.wire.put(&packet);
        Ok(())
    }
}
