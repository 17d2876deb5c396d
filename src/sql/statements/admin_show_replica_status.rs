//! `ADMIN SHOW REPLICA STATUS FROM [db.]table [PARTITION (p, ..)] [WHERE STATUS = '..']` (seed: Check the replica
//! status).

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::Failure;
use crate::proc::replica_status::{ReplicaStatusRow, STATUSES, of_partition};
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;
use crate::tablet::health::ReplicaStatus;

/// `ADMIN SHOW REPLICA STATUS FROM ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminShowReplicaStatus {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
    /// Only replicas of this status, or of any other.
    pub filter: Option<Filter>,
    /// ORDER BY, LIMIT.
    pub tail: Tail,
}

/// `WHERE STATUS = 'OK'` or `WHERE STATUS != 'OK'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// `=` rather than `!=`.
    pub equal: bool,
    /// One of [`STATUSES`].
    pub status: ReplicaStatus,
}

impl Spec for AdminShowReplicaStatus {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SHOW", "REPLICA", "STATUS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_show_replica_status.ebnf");
    const HELP: &'static str =
        "Shows the state of every replica of a table, those that are missing too.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SHOW", "REPLICA", "STATUS", "FROM"])?;
        let table = c.table_name()?;
        let partitions = PartitionList::parse(c)?;
        let filter = if c.eat(&["WHERE"]) {
            Some(Filter::parse(c)?)
        } else {
            None
        };
        if c.sees(&["WHERE"]) {
            return Err(c.expected("ORDER BY, LIMIT or the end of the statement"));
        }
        Ok(AdminShowReplicaStatus {
            table,
            partitions,
            filter,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ReplicaStatusRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (_, table) = cx.find_table(&self.table)?;
        let keep = |status: ReplicaStatus| self.filter.is_none_or(|filter| filter.takes(status));
        let mut rows = Vec::new();
        for partition in cx.find_partitions(table, &self.partitions.names)? {
            of_partition(&cx.view.catalog, partition, &keep, &mut rows);
        }
        Ok(Outcome::Rows(self.tail.apply(Rows::of(rows))?))
    }
}

impl Filter {
    fn parse(c: &mut Cursor<'_>) -> Result<Filter, SyntaxError> {
        let at = c.location();
        let wrong = || SyntaxError::Text {
            message: format!(
                "WHERE can only be STATUS = or != one of '{}'",
                STATUSES.map(ReplicaStatus::word).join("', '")
            ),
            line: at.line,
            column: at.column,
        };
        if c.ident()
            .ok()
            .is_none_or(|name| !name.eq_ignore_ascii_case("status"))
        {
            return Err(wrong());
        }
        let equal = c.eat_token(&Token::Eq);
        if !equal && !c.eat_token(&Token::Neq) {
            return Err(wrong());
        }
        let written = c.string().map_err(|_| wrong())?;
        let status = STATUSES
            .into_iter()
            .find(|s| s.word().eq_ignore_ascii_case(&written));
        if c.sees(&["AND"]) || c.sees(&["OR"]) {
            return Err(wrong());
        }
        Ok(Filter {
            equal,
            status: status.ok_or_else(wrong)?,
        })
    }

    fn takes(self, status: ReplicaStatus) -> bool {
        self.equal == (status == self.status)
    }
}

impl fmt::Display for AdminShowReplicaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ADMIN SHOW REPLICA STATUS FROM {}{}",
            self.table, self.partitions
        )?;
        if let Some(Filter { equal, status }) = self.filter {
            let sign = if equal { "=" } else { "!=" };
            write!(f, " WHERE STATUS {sign} {}", quoted_text(status.word()))?;
        }
        self.tail.fmt(f)
    }
}
