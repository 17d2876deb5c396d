//! A column of CREATE TABLE: `name type [NULL | NOT NULL] [DEFAULT value] [COMMENT 'text']`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::catalog::schema::{ColumnDef, DataType, DefaultValue};
use crate::code::{Code, Failure};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::ddl::{SingleQuoted, literal, types};
use crate::sql::error::SyntaxError;
use crate::sql::naming::{self, Kind};
use crate::sql::place::At;

/// A column as written.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnClause {
    /// Name.
    pub name: At<String>,
    /// Type.
    pub data_type: DataType,
    /// Whether NULL is allowed; columns that do not say allow it.
    pub nullable: bool,
    /// DEFAULT; NULL is [`DefaultClause::Null`].
    pub default: Option<At<DefaultClause>>,
    /// COMMENT; empty when there is none.
    pub comment: String,
}

/// What stands behind DEFAULT.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultClause {
    /// NULL.
    Null,
    /// A constant or CURRENT_TIMESTAMP.
    Value(DefaultValue),
}

impl ColumnClause {
    /// Reads a column. Attributes come in any order.
    pub fn parse(c: &mut Cursor<'_>) -> Result<ColumnClause, SyntaxError> {
        let name = c.at(|c| c.ident())?;
        let data_type = types::parse(c)?;
        let (mut nullable, mut default, mut comment) = (None, None, None);
        loop {
            if nullable.is_none() && c.eat(&["NOT", "NULL"]) {
                nullable = Some(false);
            } else if nullable.is_none() && c.eat(&["NULL"]) {
                nullable = Some(true);
            } else if default.is_none() && c.eat(&["DEFAULT"]) {
                default = Some(c.at(default_value)?);
            } else if comment.is_none() && c.eat(&["COMMENT"]) {
                comment = Some(c.string()?);
            } else if c.eat(&["CHARACTER", "SET"]) || c.eat(&["CHARSET"]) || c.eat(&["COLLATE"]) {
                // Text is UTF-8 whatever a client's definition says.
                c.word_or_text()?;
            } else {
                break;
            }
        }
        for (words, what) in REFUSED {
            if c.sees(words) {
                return Err(SyntaxError::NotSupported((*what).to_owned()));
            }
        }
        Ok(ColumnClause {
            name,
            data_type,
            nullable: nullable.unwrap_or(true),
            default,
            comment: comment.unwrap_or_default(),
        })
    }

    /// The column, if its parts fit each other.
    ///
    /// # Errors
    /// 1067 for a default that the type or NOT NULL does not allow.
    pub fn checked(&self) -> Result<ColumnDef, Failure> {
        let name = &self.name.what;
        naming::check(Kind::Column, name).map_err(|e| self.name.failure(e.code, e.message))?;
        let default = match &self.default {
            None => None,
            Some(at) => match &at.what {
                DefaultClause::Null if self.nullable => None,
                DefaultClause::Value(value) if self.takes(value) => Some(value.clone()),
                _ => {
                    let message = format!(
                        "Invalid default value for '{name}' of type {}{}",
                        self.data_type,
                        if self.nullable { "" } else { " not null" }
                    );
                    return Err(at.failure(Code::INVALID_DEFAULT, message));
                }
            },
        };
        Ok(ColumnDef {
            name: name.clone(),
            data_type: self.data_type,
            nullable: self.nullable,
            default,
            comment: self.comment.clone(),
        })
    }

    fn takes(&self, value: &DefaultValue) -> bool {
        match value {
            DefaultValue::Text(text) => literal::fits(self.data_type, text),
            DefaultValue::CurrentTimestamp => self.data_type == DataType::Datetime,
        }
    }
}

impl From<&ColumnDef> for ColumnClause {
    fn from(column: &ColumnDef) -> ColumnClause {
        let default = column.default.clone().map(|value| At {
            what: DefaultClause::Value(value),
            place: Default::default(),
        });
        ColumnClause {
            name: At {
                what: column.name.clone(),
                place: Default::default(),
            },
            data_type: column.data_type,
            nullable: column.nullable,
            default,
            comment: column.comment.clone(),
        }
    }
}

const REFUSED: &[(&[&str], &str)] = &[
    (&["PRIMARY"], "PRIMARY KEY, other than DUPLICATE KEY,"),
    (
        &["KEY"],
        "KEY at a column, other than DUPLICATE KEY(..) behind the columns,",
    ),
    (&["UNIQUE"], "UNIQUE"),
    (&["AUTO_INCREMENT"], "AUTO_INCREMENT"),
    (&["ON", "UPDATE"], "ON UPDATE"),
    (&["AS"], "a generated column"),
    (&["GENERATED"], "a generated column"),
    (&["REFERENCES"], "a foreign key"),
    (&["CHECK"], "CHECK"),
    (&["SUM"], "an aggregated column"),
    (&["MAX"], "an aggregated column"),
    (&["MIN"], "an aggregated column"),
    (&["REPLACE"], "an aggregated column"),
];

fn default_value(c: &mut Cursor<'_>) -> Result<DefaultClause, SyntaxError> {
    let text = |text: &str| Ok(DefaultClause::Value(DefaultValue::Text(text.to_owned())));
    if c.eat(&["NULL"]) {
        return Ok(DefaultClause::Null);
    }
    if c.eat(&["TRUE"]) {
        return text("1");
    }
    if c.eat(&["FALSE"]) {
        return text("0");
    }
    if c.eat(&["CURRENT_TIMESTAMP"]) || c.sees(&["NOW"]) && c.bump().is_some() {
        if c.eat_token(&Token::LParen) {
            c.expect_token(&Token::RParen)?;
        }
        return Ok(DefaultClause::Value(DefaultValue::CurrentTimestamp));
    }
    match c.peek(0) {
        Some(Token::Number(..) | Token::Minus) => text(&c.word_or_text()?),
        Some(Token::Plus) => {
            c.bump();
            text(&c.word_or_text()?)
        }
        Some(Token::LParen) => Err(SyntaxError::NotSupported(
            "an expression as DEFAULT".to_owned(),
        )),
        _ => {
            let constant = c.string();
            text(&constant.map_err(|_| c.expected("a constant, NULL or CURRENT_TIMESTAMP"))?)
        }
    }
}

impl fmt::Display for ColumnClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "NULL" } else { "NOT NULL" };
        // Without the blank in `decimal(9, 2)`, which readers of MySQL's SHOW CREATE TABLE do not expect.
        let data_type = self.data_type.to_string().replace(", ", ",");
        write!(f, "{} {data_type} {null}", quoted_name(&self.name.what))?;
        match self.default.as_ref().map(|at| &at.what) {
            None => {}
            Some(DefaultClause::Null) => f.write_str(" DEFAULT NULL")?,
            Some(DefaultClause::Value(DefaultValue::Text(text))) => {
                write!(f, " DEFAULT {}", SingleQuoted(text))?;
            }
            Some(DefaultClause::Value(DefaultValue::CurrentTimestamp)) => {
                f.write_str(" DEFAULT CURRENT_TIMESTAMP")?;
            }
        }
        if !self.comment.is_empty() {
            write!(f, " COMMENT {}", SingleQuoted(&self.comment))?;
        }
        Ok(())
    }
}
