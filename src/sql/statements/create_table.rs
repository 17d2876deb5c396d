//! `CREATE TABLE [IF NOT EXISTS] [db.]table (column, ..) ..`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::leader::request::Request;
use crate::sql::charset;
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::ddl::DoubleQuoted;
use crate::sql::ddl::column::ColumnClause;
use crate::sql::ddl::index::IndexHint;
use crate::sql::ddl::distribution::DistributionClause;
use crate::sql::ddl::partition::PartitionBy;
use crate::sql::ddl::property::Properties;
use crate::sql::ddl::table::TableClauses;
use crate::sql::error::SyntaxError;
use crate::sql::naming::{self, Kind};
use crate::sql::outcome::Outcome;
use crate::sql::place::At;
use crate::sql::statements::{Context, Spec};
use crate::view::View;

/// `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    /// Name.
    pub table: TableName,
    /// An existing one is no error.
    pub if_not_exists: bool,
    /// What stands behind the name.
    pub clauses: TableClauses,
}

impl Spec for CreateTable {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["CREATE", "TABLE"],
        &["CREATE", "EXTERNAL", "TABLE"],
        &["CREATE", "TEMPORARY", "TABLE"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/create_table.ebnf");
    const HELP: &'static str =
        "Creates a table: columns, key, partitions, buckets, and the properties of its replicas.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["CREATE"])?;
        for kind in ["EXTERNAL", "TEMPORARY"] {
            if c.sees(&[kind]) {
                return Err(not_supported(format!("CREATE {kind} TABLE")));
            }
        }
        c.expect(&["TABLE"])?;
        let if_not_exists = c.eat(&["IF", "NOT", "EXISTS"]);
        let table = c.table_name()?;
        for (word, what) in [
            ("LIKE", "CREATE TABLE .. LIKE"),
            ("AS", "CREATE TABLE .. AS"),
        ] {
            if c.sees(&[word]) {
                return Err(not_supported(what.to_owned()));
            }
        }
        let (mut columns, mut indexes) = (Vec::new(), Vec::new());
        c.parens(|c| {
            match IndexHint::parse(c)? {
                Some(index) => indexes.push(index),
                None => columns.push(column(c)?),
            }
            Ok(())
        })?;
        let clauses = clauses(c, columns, indexes)?;
        Ok(CreateTable {
            table,
            if_not_exists,
            clauses,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.table.db.as_deref())?;
        naming::not_system(db)?;
        let name = &self.table.table;
        naming::check(Kind::Table, name)?;
        let (spec, partitions) = self.clauses.checked(name, &cx.view.config)?;
        for partition in &partitions {
            enough_backends(cx.view, &partition.name, partition.replication_num)?;
        }
        let request = Request::CreateTable {
            db: db.to_owned(),
            name: name.clone(),
            if_not_exists: self.if_not_exists,
            spec: Box::new(spec),
            partitions,
        };
        Ok(Outcome::Request(request).warned(self.clauses.warnings()))
    }
}

/// Refuses more replicas than there are backends that could hold them.
pub(super) fn enough_backends(view: &View, name: &str, replicas: u16) -> Result<(), Failure> {
    let catalog = &view.catalog;
    let usable: Vec<String> = catalog
        .backends
        .values()
        .filter(|b| !b.decommissioned && catalog.alive(b.id))
        .map(|b| b.id.to_string())
        .collect();
    if usize::from(replicas) <= usable.len() {
        return Ok(());
    }
    let message = format!(
        "Table replication num should be less than or equal to the number of available BE nodes: \
         {name} wants {replicas}, the alive backends are [{}]. Set the property replication_num, or add backends",
        usable.join(", ")
    );
    Err(Failure::new(Code::ANALYSIS, message))
}

/// A column, or a clear refusal of what other systems have between columns.
fn column(c: &mut Cursor<'_>) -> Result<ColumnClause, SyntaxError> {
    for (words, what) in BETWEEN_COLUMNS {
        if c.sees(words) {
            return Err(not_supported((*what).to_owned()));
        }
    }
    ColumnClause::parse(c)
}

const BETWEEN_COLUMNS: &[(&[&str], &str)] = &[
    (&["PRIMARY", "KEY"], "PRIMARY KEY, other than DUPLICATE KEY,"),
    (&["FOREIGN", "KEY"], "a foreign key"),
    (&["CONSTRAINT"], "a constraint"),
];

fn clauses(
    c: &mut Cursor<'_>,
    columns: Vec<ColumnClause>,
    indexes: Vec<IndexHint>,
) -> Result<TableClauses, SyntaxError> {
    let (mut engine, mut comment) = (None, String::new());
    options(c, &mut engine, &mut comment)?;
    let keys = keys(c)?;
    options(c, &mut engine, &mut comment)?;
    let partition = PartitionBy::parse(c)?;
    let distribution = DistributionClause::parse(c)?.unwrap_or_default();
    if c.sees(&["ORDER", "BY"]) {
        let message = "ORDER BY in CREATE TABLE (rows keep the order in which they were loaded)";
        return Err(not_supported(message.to_owned()));
    }
    if c.sees(&["ROLLUP"]) {
        return Err(not_supported("ROLLUP".to_owned()));
    }
    let properties = match c.eat(&["PROPERTIES"]) {
        true => Properties::parse(c)?,
        false => Properties::default(),
    };
    Ok(TableClauses {
        columns,
        indexes,
        engine,
        keys,
        comment,
        partition,
        distribution,
        properties,
    })
}

/// Options of a table in any order: ENGINE, character set, collation, COMMENT, and some of MySQL's that mean nothing here.
fn options(
    c: &mut Cursor<'_>,
    engine: &mut Option<String>,
    comment: &mut String,
) -> Result<(), SyntaxError> {
    loop {
        c.eat_token(&Token::Comma);
        if c.eat(&["ENGINE"]) {
            c.eat_token(&Token::Eq);
            let name = c.word_or_text()?;
            *engine = (!name.eq_ignore_ascii_case("OLAP")).then_some(name);
        } else if c.eat(&["COMMENT"]) {
            c.eat_token(&Token::Eq);
            *comment = c.string()?;
        } else if MEANINGLESS.iter().any(|word| c.eat(&[word])) {
            c.eat_token(&Token::Eq);
            c.word_or_text()?;
        } else if charset::options(c)? == 0 {
            return Ok(());
        }
    }
}

/// Options of MySQL's tables about how they are kept.
const MEANINGLESS: [&str; 7] = [
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "ROW_FORMAT",
];

fn keys(c: &mut Cursor<'_>) -> Result<Option<Vec<At<String>>>, SyntaxError> {
    for model in ["PRIMARY", "UNIQUE", "AGGREGATE"] {
        if c.sees(&[model, "KEY"]) {
            return Err(not_supported(format!("{model} KEY (DUPLICATE KEY is)")));
        }
    }
    if !c.eat(&["DUPLICATE"]) {
        return Ok(None);
    }
    c.expect(&["KEY"])?;
    c.parens(|c| c.at(|c| c.ident())).map(Some)
}

fn not_supported(what: String) -> SyntaxError {
    SyntaxError::NotSupported(what)
}

impl fmt::Display for CreateTable {
    /// In the lines of SHOW CREATE TABLE.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        writeln!(f, "CREATE TABLE {guard}{} (", self.table)?;
        let of = &self.clauses;
        let columns = of.columns.iter().map(|c| format!("  {c}"));
        let indexes = of.indexes.iter().map(|i| format!("  {i}"));
        let lines: Vec<String> = columns.chain(indexes).collect();
        let engine = of.engine.as_deref().unwrap_or("OLAP");
        write!(f, "{}\n) ENGINE={}", lines.join(",\n"), engine_text(engine))?;
        if let Some(keys) = &of.keys {
            let names: Vec<String> = keys.iter().map(|k| quoted_name(&k.what)).collect();
            write!(f, "\nDUPLICATE KEY({})", names.join(", "))?;
        }
        if !of.comment.is_empty() {
            write!(f, "\nCOMMENT {}", DoubleQuoted(&of.comment))?;
        }
        if let Some(partition) = &of.partition {
            write!(f, "\n{partition}")?;
        }
        write!(f, "\n{}", of.distribution)?;
        if !of.properties.0.is_empty() {
            write!(f, "\nPROPERTIES {}", of.properties)?;
        }
        Ok(())
    }
}

/// An engine as it can be read again.
fn engine_text(engine: &str) -> String {
    match engine.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => engine.to_owned(),
        false => quoted_name(engine),
    }
}

#[cfg(test)]
mod tests;
