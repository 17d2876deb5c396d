//! Partitions as CREATE TABLE and ALTER TABLE write them: `VALUES LESS THAN`, `VALUES [(a), (b))`, `START .. EVERY`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::ddl::property::{Inline, Properties};
use crate::sql::ddl::{DoubleQuoted, plain_name};
use crate::sql::error::SyntaxError;
use crate::sql::place::At;

/// `PARTITION BY RANGE (column) (partition, ..)`.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionBy {
    /// The partition column.
    pub column: At<String>,
    /// The first partitions; there may be none.
    pub partitions: Vec<PartitionItem>,
}

/// One partition, or a row of them.
#[derive(Debug, Clone, PartialEq)]
pub enum PartitionItem {
    /// `PARTITION name VALUES ..`.
    One(PartitionClause),
    /// `START ("a") END ("b") EVERY (step)`.
    Steps(StepsClause),
}

/// `PARTITION [IF NOT EXISTS] name VALUES .. [("k" = "v", ..)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionClause {
    /// An existing one is no error.
    pub if_not_exists: bool,
    /// Name.
    pub name: At<String>,
    /// Rows that belong here.
    pub values: Values,
    /// Properties of its replicas.
    pub properties: Properties,
}

/// Rows that belong to a partition.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `LESS THAN (b)`: from the end of the partition before.
    LessThan(At<Limit>),
    /// `[(a), (b))`: from a on, below b.
    Between(At<Limit>, At<Limit>),
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// A value of the partition column.
    Value(String),
    /// MINVALUE.
    Min,
    /// MAXVALUE.
    Max,
}

/// `START ("a") END ("b") EVERY (step)`.
#[derive(Debug, Clone, PartialEq)]
pub struct StepsClause {
    /// The first value.
    pub start: At<String>,
    /// The first value that is outside.
    pub end: At<String>,
    /// How wide each partition is.
    pub step: At<Step>,
}

/// How wide each partition of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many units; above 0.
    pub count: u64,
    /// Of what; `None` for integers.
    pub unit: Option<Unit>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 60 minutes; for DATETIME only.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl Unit {
    const ALL: [Unit; 5] = [Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Year];

    /// The word as SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Hour => "HOUR",
            Unit::Day => "DAY",
            Unit::Week => "WEEK",
            Unit::Month => "MONTH",
            Unit::Year => "YEAR",
        }
    }
}

impl PartitionBy {
    /// Reads one if the words PARTITION BY come next.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Option<PartitionBy>, SyntaxError> {
        if !c.eat(&["PARTITION", "BY"]) {
            return Ok(None);
        }
        if c.sees(&["LIST"]) {
            let message = "PARTITION BY LIST (RANGE is)".to_owned();
            return Err(SyntaxError::NotSupported(message));
        }
        c.expect(&["RANGE"])?;
        let mut columns = c.parens(|c| c.at(|c| c.ident()))?;
        if columns.len() > 1 {
            let message = "a range over several columns".to_owned();
            return Err(SyntaxError::NotSupported(message));
        }
        c.expect_token(&Token::LParen)?;
        let mut partitions = Vec::new();
        if !c.eat_token(&Token::RParen) {
            partitions = c.list(PartitionItem::parse)?;
            c.expect_token(&Token::RParen)?;
        }
        Ok(Some(PartitionBy {
            column: columns.remove(0),
            partitions,
        }))
    }
}

impl PartitionItem {
    /// Reads one, from PARTITION or START on.
    pub fn parse(c: &mut Cursor<'_>) -> Result<PartitionItem, SyntaxError> {
        if c.sees(&["START"]) {
            return StepsClause::parse(c).map(PartitionItem::Steps);
        }
        if !c.eat(&["PARTITION"]) {
            return Err(c.expected("PARTITION or START"));
        }
        PartitionClause::parse(c).map(PartitionItem::One)
    }
}

impl PartitionClause {
    /// Reads one, from behind the word PARTITION on.
    pub fn parse(c: &mut Cursor<'_>) -> Result<PartitionClause, SyntaxError> {
        let if_not_exists = c.eat(&["IF", "NOT", "EXISTS"]);
        let name = c.at(|c| match c.peek(0) {
            Some(Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) => c.string(),
            _ => c.ident(),
        })?;
        c.expect(&["VALUES"])?;
        let values = if c.eat(&["LESS", "THAN"]) {
            Values::LessThan(c.at(|c| match c.eat(&["MAXVALUE"]) {
                true => Ok(Limit::Max),
                false => limit(c),
            })?)
        } else if c.eat_token(&Token::LBracket) {
            let lower = c.at(limit)?;
            c.expect_token(&Token::Comma)?;
            let upper = c.at(limit)?;
            c.expect_token(&Token::RParen)?;
            Values::Between(lower, upper)
        } else {
            return Err(c.expected("LESS THAN (..) or [(..), (..))"));
        };
        let properties = match c.peek(0) {
            Some(Token::LParen) => Properties::parse(c)?,
            _ => Properties::default(),
        };
        Ok(PartitionClause {
            if_not_exists,
            name,
            values,
            properties,
        })
    }
}

/// `(value)`.
fn limit(c: &mut Cursor<'_>) -> Result<Limit, SyntaxError> {
    c.expect_token(&Token::LParen)?;
    let limit = if c.eat(&["MAXVALUE"]) {
        Limit::Max
    } else if c.eat(&["MINVALUE"]) {
        Limit::Min
    } else {
        Limit::Value(c.word_or_text()?)
    };
    if c.peek(0) == Some(&Token::Comma) {
        let message = "a range over several columns".to_owned();
        return Err(SyntaxError::NotSupported(message));
    }
    c.expect_token(&Token::RParen)?;
    Ok(limit)
}

impl StepsClause {
    /// Reads one, from START on.
    pub fn parse(c: &mut Cursor<'_>) -> Result<StepsClause, SyntaxError> {
        let value = |c: &mut Cursor<'_>| {
            c.expect_token(&Token::LParen)?;
            let value = c.at(|c| c.word_or_text())?;
            c.expect_token(&Token::RParen)?;
            Ok(value)
        };
        c.expect(&["START"])?;
        let start = value(c)?;
        c.expect(&["END"])?;
        let end = value(c)?;
        c.expect(&["EVERY"])?;
        c.expect_token(&Token::LParen)?;
        let step = c.at(step)?;
        c.expect_token(&Token::RParen)?;
        Ok(StepsClause { start, end, step })
    }
}

fn step(c: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    if !c.eat(&["INTERVAL"]) {
        let count = c.number()?;
        return Ok(Step { count, unit: None });
    }
    let count = c.number()?;
    match Unit::ALL.into_iter().find(|unit| c.eat(&[unit.word()])) {
        Some(unit) => Ok(Step {
            count,
            unit: Some(unit),
        }),
        None => Err(c.expected("HOUR, DAY, WEEK, MONTH or YEAR")),
    }
}

impl fmt::Display for PartitionBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.partitions.iter().map(|p| p.to_string()).collect();
        let column = quoted_name(&self.column.what);
        write!(f, "PARTITION BY RANGE({column})\n({})", items.join(",\n"))
    }
}

impl fmt::Display for PartitionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartitionItem::One(one) => one.fmt(f),
            PartitionItem::Steps(steps) => steps.fmt(f),
        }
    }
}

impl fmt::Display for PartitionClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(
            f,
            "PARTITION {guard}{} VALUES ",
            plain_name(&self.name.what)
        )?;
        match &self.values {
            Values::LessThan(limit) if limit.what == Limit::Max => {
                f.write_str("LESS THAN MAXVALUE")?
            }
            Values::LessThan(limit) => write!(f, "LESS THAN ({})", limit.what)?,
            Values::Between(lower, upper) => write!(f, "[({}), ({}))", lower.what, upper.what)?,
        }
        if !self.properties.0.is_empty() {
            write!(f, " {}", Inline(&self.properties))?;
        }
        Ok(())
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Value(text) => DoubleQuoted(text).fmt(f),
            Limit::Min => f.write_str("MINVALUE"),
            Limit::Max => f.write_str("MAXVALUE"),
        }
    }
}

impl fmt::Display for StepsClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (DoubleQuoted(&self.start.what), DoubleQuoted(&self.end.what));
        let Step { count, unit } = self.step.what;
        write!(f, "START ({start}) END ({end}) EVERY (")?;
        match unit {
            Some(unit) => write!(f, "INTERVAL {count} {})", unit.word()),
            None => write!(f, "{count})"),
        }
    }
}
