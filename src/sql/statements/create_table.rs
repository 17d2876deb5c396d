//! `CREATE TABLE [IF NOT EXISTS] [db.]table (column, ..) ..`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::ddl::DoubleQuoted;
use crate::sql::ddl::column::ColumnClause;
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
        let columns = c.parens(column)?;
        let clauses = clauses(c, columns)?;
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
        Ok(Outcome::Request(Request::CreateTable {
            db: db.to_owned(),
            name: name.clone(),
            if_not_exists: self.if_not_exists,
            spec: Box::new(spec),
            partitions,
        }))
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
    // An index has its name, then its columns in brackets, where a column has its type.
    let indexes = c.sees(&["INDEX"]) || c.sees(&["KEY"]);
    if indexes && (c.peek(1) == Some(&Token::LParen) || c.peek(2) == Some(&Token::LParen)) {
        return Err(not_supported("an index in CREATE TABLE".to_owned()));
    }
    ColumnClause::parse(c)
}

const BETWEEN_COLUMNS: &[(&[&str], &str)] = &[
    (&["PRIMARY", "KEY"], "PRIMARY KEY, other than DUPLICATE KEY,"),
    (&["UNIQUE", "KEY"], "UNIQUE KEY"),
    (&["FOREIGN", "KEY"], "a foreign key"),
    (&["CONSTRAINT"], "a constraint"),
];

fn clauses(c: &mut Cursor<'_>, columns: Vec<ColumnClause>) -> Result<TableClauses, SyntaxError> {
    engine(c)?;
    let keys = keys(c)?;
    let comment = comment(c)?;
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
        keys,
        comment,
        partition,
        distribution,
        properties,
    })
}

/// `ENGINE = OLAP`.
fn engine(c: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if !c.eat(&["ENGINE"]) {
        return Ok(());
    }
    c.eat_token(&Token::Eq);
    let at = c.place();
    let engine = c.word_or_text()?;
    if engine.eq_ignore_ascii_case("OLAP") {
        return Ok(());
    }
    let message = format!("Unknown storage engine '{engine}'; it is OLAP, or leave it out");
    Err(SyntaxError::wrong(
        Code::UNKNOWN_STORAGE_ENGINE,
        message,
        at,
    ))
}

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

fn comment(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    if !c.eat(&["COMMENT"]) {
        return Ok(String::new());
    }
    c.eat_token(&Token::Eq);
    c.string()
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
        let columns: Vec<String> = of.columns.iter().map(|c| format!("  {c}")).collect();
        write!(f, "{}\n) ENGINE=OLAP", columns.join(",\n"))?;
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

#[cfg(test)]
mod tests;
