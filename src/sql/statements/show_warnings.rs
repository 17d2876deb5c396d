//! `SHOW WARNINGS | ERRORS [LIMIT ..]`, `SHOW COUNT(*) WARNINGS | ERRORS`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::Failure;
use crate::row;
use crate::rows::Type;
use crate::rows::{Cell, Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW WARNINGS | ERRORS [LIMIT ..]`, `SHOW COUNT(*) WARNINGS | ERRORS`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowWarnings {
    /// Only errors.
    pub errors: bool,
    /// Only how many.
    pub count: bool,
    /// LIMIT.
    pub tail: Tail,
}

impl Spec for ShowWarnings {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "WARNINGS"],
        &["SHOW", "ERRORS"],
        &["SHOW", "COUNT"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_warnings.ebnf");
    const HELP: &'static str = "Shows what the statement before had to say besides its result.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let count = c.eat(&["COUNT"]);
        if count {
            c.expect_token(&Token::LParen)?;
            c.expect_token(&Token::Mul)?;
            c.expect_token(&Token::RParen)?;
        }
        let errors = c.eat(&["ERRORS"]);
        if !errors {
            c.expect(&["WARNINGS"])?;
        }
        let tail = if count {
            Tail::default()
        } else {
            Tail::parse(c)?
        };
        Ok(ShowWarnings {
            errors,
            count,
            tail,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(self.header())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let lines = cx
            .session
            .warnings
            .iter()
            .filter(|w| !self.errors || w.level == "Error");
        if self.count {
            let rows = vec![vec![Cell::from(lines.count())]];
            return Ok(Outcome::Rows(Rows {
                columns: self.header(),
                rows,
            }));
        }
        let rows = lines.map(|w| WarningRow {
            level: w.level,
            code: w.code,
            message: w.message.clone(),
        });
        Ok(Outcome::Rows(self.tail.apply(Rows::of(rows))?))
    }
}

impl fmt::Display for ShowWarnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = if self.count { "COUNT(*) " } else { "" };
        let what = if self.errors { "ERRORS" } else { "WARNINGS" };
        write!(f, "SHOW {count}{what}{}", self.tail)
    }
}

row! {
    /// One line.
    struct WarningRow {
        /// `Note`, `Warning` or `Error`.
        level: &'static str => "Level" Text,
        /// MySQL number.
        code: u16 => "Code" Int,
        /// Text.
        message: String => "Message" Text,
    }
}

impl ShowWarnings {
    fn header(&self) -> Vec<Column> {
        match (self.count, self.errors) {
            (false, _) => WarningRow::columns(),
            (true, true) => vec![Column::new("@@session.error_count", Type::Int)],
            (true, false) => vec![Column::new("@@session.warning_count", Type::Int)],
        }
    }
}
