//! The commands of the protocol, and who answers each.

use bytes::Bytes;

use crate::code::{Code, Failure};
use crate::mysql::bytes::Reader;
use crate::mysql::error::Error;
use crate::mysql::gate::Gate;

pub const QUIT: u8 = 1;
pub const INIT_DB: u8 = 2;
pub const QUERY: u8 = 3;
pub const FIELD_LIST: u8 = 4;
pub const STATISTICS: u8 = 9;
pub const PROCESS_KILL: u8 = 12;
pub const PING: u8 = 14;
pub const CHANGE_USER: u8 = 17;
pub const STMT_PREPARE: u8 = 22;
pub const STMT_EXECUTE: u8 = 23;
pub const STMT_SEND_LONG_DATA: u8 = 24;
pub const STMT_CLOSE: u8 = 25;
pub const STMT_RESET: u8 = 26;
pub const SET_OPTION: u8 = 27;
pub const STMT_FETCH: u8 = 28;
pub const RESET_CONNECTION: u8 = 31;

impl Gate {
    /// Answers one command. An error ends the connection; what only fails the command is answered with ERR.
    pub(super) async fn command(&mut self, mut message: Bytes) -> Result<(), Error> {
        let command = message.first().copied();
        let body = message.split_off(message.len().min(1));
        self.make_way(command, &body).await?;
        match command {
            // Through the crate.
            Some(QUERY) => self.query(body).await,
            Some(INIT_DB) => self.init_db(body).await,
            Some(PING) => self.ping().await,
            Some(STMT_PREPARE) => self.prepare(body).await,
            Some(STMT_EXECUTE) => self.execute(body).await,
            Some(STMT_CLOSE) => self.close(&body).await,
            Some(QUIT) => Err(Error::Closed),
            // By the gate.
            Some(FIELD_LIST) => self.field_list(&body).await,
            Some(STATISTICS) => self.statistics(),
            Some(PROCESS_KILL) => self.process_kill(&body),
            Some(CHANGE_USER) => self.change_user(&body).await,
            Some(STMT_SEND_LONG_DATA) => self.long_data(&body),
            Some(STMT_RESET) => self.reset_statement(&body),
            Some(STMT_FETCH) => self.fetch(&body).await,
            Some(SET_OPTION) => self.set_option(&body),
            Some(RESET_CONNECTION) => self.reset_connection().await,
            _ => {
                self.put_err(&Failure::new(Code::UNKNOWN_COMMAND, "Unknown command"));
                Ok(())
            }
        }
    }
    /// Ends or parks what cursors have running, where the command needs the crate.
    async fn make_way(&mut self, command: Option<u8>, body: &[u8]) -> Result<(), Error> {
        match command {
            Some(STMT_EXECUTE | STMT_CLOSE | STMT_RESET) => {
                let id = Reader::new(body).u32().unwrap_or_default();
                self.close_cursor(id).await?;
            }
            Some(CHANGE_USER | RESET_CONNECTION) => return self.close_cursors().await,
            _ => {}
        }
        match command {
            Some(QUERY | INIT_DB | PING | STMT_PREPARE | STMT_EXECUTE) => self.park_cursor().await,
            _ => Ok(()),
        }
    }
}
