//! Prepared statements of a connection: the truth about them is here, the crate only counts.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::code::{Code, Failure};
use crate::memory::{Account, Charge, Exhausted};
use crate::mysql::bytes::Reader;
use crate::mysql::error::Error;
use crate::mysql::gate::memory::COPIES;
use crate::mysql::gate::query::several;
use crate::mysql::gate::{Gate, command, execute};
use crate::mysql::slate::Work;
use crate::sql::script::Script;

/// Bytes of a statement beside its text.
const STATEMENT_BYTES: u64 = 1024;
/// Bytes of what is remembered of a parameter.
const TYPE_BYTES: u64 = 2;
/// The flag of COM_STMT_EXECUTE that asks for a cursor.
const READ_ONLY_CURSOR: u8 = 1;

/// The prepared statements of a connection.
#[derive(Default)]
pub struct Prepared {
    statements: BTreeMap<u32, Statement>,
    last_id: u32,
    /// Closed ones of which the crate has not heard yet, because it was in the middle of an answer.
    closing: Vec<u32>,
}

/// One prepared statement.
pub struct Statement {
    /// The statement.
    pub script: Script,
    /// How many parameters it has.
    pub params: u16,
    /// Their types as the client bound them last: type byte, and whether it is unsigned.
    pub types: Vec<(u8, bool)>,
    /// Values that came by COM_STMT_SEND_LONG_DATA.
    pub long_data: LongData,
    /// What the statement itself holds.
    _held: Charge,
    /// What was wrong with them; the command has no answer of its own.
    pub long_failure: Option<Failure>,
}

/// Values that came in pieces, by number of their parameter.
pub struct LongData {
    values: BTreeMap<u16, Vec<u8>>,
    held: Charge,
}

impl LongData {
    fn new(memory: &Account) -> LongData {
        let held = memory.open("long data of prepared statements");
        let values = BTreeMap::new();
        LongData { values, held }
    }

    /// The value of a parameter.
    pub fn get(&self, param: u16) -> Option<&[u8]> {
        self.values.get(&param).map(Vec::as_slice)
    }

    fn bytes(&self) -> usize {
        self.values.values().map(Vec::len).sum()
    }

    /// Adds a piece to a value. Room that the value keeps for further pieces is charged too.
    fn push(&mut self, param: u16, piece: &[u8]) -> Result<(), Exhausted> {
        let value = self.values.entry(param).or_default();
        let missing = piece.len().saturating_sub(value.capacity() - value.len());
        if missing > 0 {
            let more = missing.max(value.len() / 4);
            self.held.grow(more as u64)?;
            value.reserve_exact(value.capacity() - value.len() + more);
        }
        value.extend_from_slice(piece);
        Ok(())
    }

    fn clear(&mut self) {
        self.values.clear();
        self.held.shrink(u64::MAX);
    }
}

impl Prepared {
    /// Whether there is a statement `id`.
    pub fn knows(&self, id: u32) -> bool {
        self.statements.contains_key(&id)
    }

    fn long_bytes(&self) -> usize {
        let all = self.statements.values();
        all.map(|statement| statement.long_data.bytes()).sum()
    }

    /// Long data of statement `id` is lost: its next execution says why.
    pub fn long_data_failed(&mut self, id: u32, failure: Failure) {
        if let Some(statement) = self.statements.get_mut(&id) {
            statement.long_data.clear();
            statement.long_failure = Some(failure);
        }
    }
}

/// The error of a statement that is not there.
pub(super) fn unknown(id: u32, function: &str) -> Failure {
    let message = format!("Unknown prepared statement handler ({id}) given to {function}");
    Failure::new(Code::UNKNOWN_STATEMENT, message)
}

impl Gate {
    /// COM_STMT_PREPARE.
    pub(super) async fn prepare(&mut self, body: Bytes) -> Result<(), Error> {
        let Some(text) = self.text(body) else {
            return Ok(());
        };
        let (script, held) = match self.one_statement(text).await {
            Ok(prepared) => prepared,
            Err(failure) => {
                self.put_err(&failure);
                return Ok(());
            }
        };
        self.connection
            .begin("Prepare", Some(script.source.clone()));
        self.prepared.last_id = self.prepared.last_id.wrapping_add(1);
        let id = self.prepared.last_id;
        self.hand(Work::Describe {
            id,
            script: script.clone(),
        });
        self.inner.send(&[command::STMT_PREPARE]).await?;
        if let Some(params) = self.relay_prepared(id).await? {
            let statement = Statement {
                script,
                params,
                types: Vec::new(),
                long_data: LongData::new(&self.memory),
                _held: held,
                long_failure: None,
            };
            self.prepared.statements.insert(id, statement);
        }
        Ok(())
    }

    /// The only statement of a text, and what it holds as long as it is kept.
    async fn one_statement(&self, text: String) -> Result<(Script, Charge), Failure> {
        let limit = self.house.service.config().max_prepared_stmt_count;
        if self.prepared.statements.len() as u64 >= limit {
            let message = format!(
                "Can't create more than max_prepared_stmt_count statements (current value: {limit})"
            );
            return Err(Failure::new(Code::TOO_MANY_STATEMENTS, message));
        }
        let (scripts, _working) = self.split(text).await?;
        let mut scripts = scripts.into_iter();
        let script = scripts
            .next()
            .ok_or_else(|| Failure::new(Code::EMPTY_QUERY, "Query was empty"))?;
        if let Some(second) = scripts.next() {
            return Err(several(&second, "only one can be prepared at a time"));
        }
        if script.params > usize::from(u16::MAX) {
            let message = "Prepared statement contains too many placeholders";
            return Err(Failure::new(Code::TOO_MANY_PLACEHOLDERS, message));
        }
        let held = script.bytes() + STATEMENT_BYTES + TYPE_BYTES * script.params as u64;
        let memory = &self.memory;
        let held = memory.charge("prepared statements", held)?;
        Ok((script, held))
    }

    /// COM_STMT_EXECUTE: all rows at once, or a cursor on them.
    pub(super) async fn execute(&mut self, body: Bytes) -> Result<(), Error> {
        let mut reader = Reader::new(&body);
        let id = reader.u32().unwrap_or_default();
        let Some(statement) = self.prepared.statements.get_mut(&id) else {
            self.put_err(&unknown(id, "mysqld_stmt_execute"));
            return Ok(());
        };
        let cursor = reader
            .rest()
            .first()
            .is_some_and(|flags| flags & READ_ONLY_CURSOR != 0);
        // The values go on without the packet and the long data that they came in.
        let memory = &self.memory;
        let bytes = reader.rest().len() + statement.long_data.bytes();
        let working = memory.charge("parameters of statements", COPIES * bytes as u64);
        let params = match &working {
            Ok(_) => execute::params(reader.rest(), statement),
            Err(why) => Err((*why).into()),
        };
        statement.long_data.clear();
        let script = statement.script.clone();
        match params {
            Ok(params) => {
                let mut command = vec![command::STMT_EXECUTE];
                command.extend(id.to_le_bytes());
                // No flags, one iteration; the parameters are on the slate.
                command.extend([0, 1, 0, 0, 0]);
                if cursor {
                    return self.open_cursor(id, script, params, &command).await;
                }
                let shown = script.source.clone();
                self.run("Execute", shown, script, params, &command, false)
                    .await?;
            }
            Err(failure) => self.put_err(&failure),
        }
        Ok(())
    }

    /// COM_STMT_SEND_LONG_DATA: a piece of a parameter's value. Has no answer; what is wrong, the next execution says.
    pub(super) fn long_data(&mut self, body: &[u8]) -> Result<(), Error> {
        let limit = self.max_packet();
        let held = self.prepared.long_bytes();
        let mut reader = Reader::new(body);
        let (Some(id), Some(param)) = (reader.u32(), reader.u16()) else {
            return Ok(());
        };
        let Some(statement) = self.prepared.statements.get_mut(&id) else {
            return Ok(());
        };
        let data = reader.rest();
        if param >= statement.params {
            let message = format!(
                "Incorrect arguments to mysqld_stmt_send_long_data: the statement has {} parameters, not {}",
                statement.params,
                u32::from(param) + 1
            );
            statement.long_failure = Some(Failure::new(Code::WRONG_ARGUMENTS, message));
        } else if held.saturating_add(data.len()) > limit {
            let message = format!(
                "Parameter {} got longer than 'max_allowed_packet' bytes ({limit}) by mysql_send_long_data()",
                u32::from(param) + 1
            );
            let failure = Failure::new(Code::PACKET_TOO_LARGE, message);
            self.prepared.long_data_failed(id, failure);
        } else if let Err(why) = statement.long_data.push(param, data) {
            self.prepared.long_data_failed(id, why.into());
        }
        Ok(())
    }

    /// COM_STMT_RESET: closes the cursor, and forgets what COM_STMT_SEND_LONG_DATA sent.
    pub(super) fn reset_statement(&mut self, body: &[u8]) -> Result<(), Error> {
        let id = Reader::new(body).u32().unwrap_or_default();
        match self.prepared.statements.get_mut(&id) {
            Some(statement) => {
                statement.long_data.clear();
                statement.long_failure = None;
                self.put_ok();
            }
            None => self.put_err(&unknown(id, "mysqld_stmt_reset")),
        }
        Ok(())
    }

    /// COM_STMT_CLOSE. Has no answer.
    pub(super) async fn close(&mut self, body: &[u8]) -> Result<(), Error> {
        let Some(id) = Reader::new(body).u32() else {
            return Ok(());
        };
        if self.prepared.statements.remove(&id).is_some() {
            self.close_inside(id).await?;
        }
        Ok(())
    }

    /// Closes every statement.
    pub(super) async fn close_all(&mut self) -> Result<(), Error> {
        while let Some((id, _)) = self.prepared.statements.pop_first() {
            self.close_inside(id).await?;
        }
        Ok(())
    }

    /// Tells the crate; it hears of it later where it is in the middle of an answer.
    async fn close_inside(&mut self, id: u32) -> Result<(), Error> {
        self.prepared.closing.push(id);
        if self.cursors.is_running() {
            return Ok(());
        }
        while let Some(id) = self.prepared.closing.pop() {
            let mut command = vec![command::STMT_CLOSE];
            command.extend(id.to_le_bytes());
            self.inner.send(&command).await?;
        }
        Ok(())
    }
}
