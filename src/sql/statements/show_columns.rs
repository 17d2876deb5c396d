//! `SHOW [FULL] COLUMNS | FIELDS FROM table [FROM db] [LIKE ..] [WHERE ..]`, `DESC table [column]`.

use std::fmt;

use crate::catalog::schema::{ColumnDef, DataType};
use crate::code::Failure;
use crate::proc::index_schema::{self, FieldRow};
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::system_tables::Shown;
use crate::sql::tail::Tail;

/// `SHOW [FULL] COLUMNS | FIELDS FROM table [FROM db] [LIKE ..] [WHERE ..]`, `DESC table [column]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowColumns {
    /// Also collation, privileges and comment.
    pub full: bool,
    /// Table.
    pub table: TableName,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowColumns {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "COLUMNS"],
        &["SHOW", "FIELDS"],
        &["SHOW", "FULL", "COLUMNS"],
        &["SHOW", "FULL", "FIELDS"],
        &["DESC"],
        &["DESCRIBE"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_columns.ebnf");
    const HELP: &'static str =
        "Lists the columns of a table: types, NULL, key, defaults; FULL adds comments.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        if c.eat(&["DESC"]) || c.eat(&["DESCRIBE"]) {
            return describe(c);
        }
        c.expect(&["SHOW"])?;
        let full = c.eat(&["FULL"]);
        if !c.eat(&["FIELDS"]) {
            c.expect(&["COLUMNS"])?;
        }
        let table = table_of_db(c)?;
        Ok(ShowColumns {
            full,
            table,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, cx: Context<'_>) -> Option<Vec<Column>> {
        let db = cx.db(self.table.db.as_deref()).ok()?;
        if is_system_database(db) {
            return None;
        }
        Some(if self.full {
            FullRow::columns()
        } else {
            FieldRow::columns()
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.table.db.as_deref())?;
        if is_system_database(db) {
            return self.system(db);
        }
        let (_, table) = cx.find_table(&self.table)?;
        // As MySQL prints a type: drivers cut `decimal(9,2)` at its comma.
        let plain = |field: FieldRow| FieldRow {
            kind: field.kind.replace(", ", ","),
            ..field
        };
        let fields: Vec<FieldRow> = index_schema::of_spec(&table.spec)
            .into_iter()
            .map(plain)
            .collect();
        let rows = match self.full {
            false => Rows::of(fields),
            true => Rows::of(fields.into_iter().zip(&table.spec.columns).map(full)),
        };
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = if self.full { "FULL " } else { "" };
        write!(f, "SHOW {full}COLUMNS FROM {}{}", self.table, self.tail)
    }
}

row! {
    /// A column with all that is known of it.
    struct FullRow {
        /// Name.
        field: String => "Field" Text,
        /// Type.
        kind: String => "Type" Text,
        /// Collation of a text; NULL for other types.
        collation: Option<&'static str> => "Collation" Text,
        /// `YES` when NULL is allowed, else `NO`.
        null: &'static str => "Null" Text,
        /// `true` for a column of the key.
        key: &'static str => "Key" Text,
        /// What a load that leaves it out puts in; NULL without one.
        default: Option<String> => "Default" Text,
        /// Empty: there is nothing more to say.
        extra: &'static str => "Extra" Text,
        /// What may be done with it.
        privileges: &'static str => "Privileges" Text,
        /// COMMENT.
        comment: String => "Comment" Text,
    }
}

fn full((field, column): (FieldRow, &ColumnDef)) -> FullRow {
    let text = matches!(
        column.data_type,
        DataType::Char(_) | DataType::Varchar(_) | DataType::String
    );
    FullRow {
        field: field.field,
        kind: field.kind,
        collation: text.then_some("utf8mb4_0900_ai_ci"),
        null: field.null,
        key: field.key,
        default: field.default,
        extra: field.extra,
        privileges: "select,insert",
        comment: column.comment.clone(),
    }
}

/// `FROM [db.]table [FROM db]`; the last database counts.
pub(super) fn table_of_db(c: &mut Cursor<'_>) -> Result<TableName, SyntaxError> {
    if !c.eat(&["IN"]) {
        c.expect(&["FROM"])?;
    }
    let mut table = c.table_name()?;
    if c.eat(&["FROM"]) || c.eat(&["IN"]) {
        table.db = Some(c.ident()?);
    }
    Ok(table)
}

/// `DESC table [column]`; the column is a pattern.
fn describe(c: &mut Cursor<'_>) -> Result<ShowColumns, SyntaxError> {
    let table = c.table_name()?;
    let like = match c.peek(0) {
        None => None,
        Some(_) => Some(c.word_or_text()?),
    };
    Ok(ShowColumns {
        full: false,
        table,
        tail: Tail {
            like,
            ..Tail::default()
        },
    })
}

impl ShowColumns {
    fn system(&self, db: &str) -> Result<Outcome, Failure> {
        let all = [
            ("column_name", "Field", true),
            ("column_type", "Type", true),
            ("collation_name", "Collation", false),
            ("is_nullable", "Null", true),
            ("column_key", "Key", true),
            ("column_default", "Default", true),
            ("extra", "Extra", true),
            ("privileges", "Privileges", false),
            ("column_comment", "Comment", false),
        ];
        let columns: Vec<(&str, String)> = all
            .iter()
            .filter(|(_, _, always)| self.full || *always)
            .map(|(from, to, _)| (*from, (*to).to_owned()))
            .collect();
        let equal = [
            ("table_schema", db),
            ("table_name", self.table.table.as_str()),
        ];
        let shown = Shown {
            columns: &columns,
            from: "columns",
            equal: &equal,
            order: "ordinal_position",
        };
        shown.query(&self.tail)
    }
}
