//! `ALTER DATABASE db [CHARACTER SET ..] [COLLATE ..]`: accepted; all texts are UTF-8.

use std::fmt;

use crate::code::Failure;
use crate::sql::charset;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER DATABASE db [CHARACTER SET ..] [COLLATE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterDatabase {
    /// Name.
    pub name: String,
}

impl Spec for AlterDatabase {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["ALTER", "DATABASE"], &["ALTER", "SCHEMA"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_database.ebnf");
    const HELP: &'static str = "Accepted for clients that send it; every text is UTF-8 whatever it says.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER"])?;
        if !c.eat(&["SCHEMA"]) {
            c.expect(&["DATABASE"])?;
        }
        let name = c.ident()?;
        if charset::options(c)? == 0 {
            return Err(c.expected("CHARACTER SET or COLLATE"));
        }
        Ok(AlterDatabase { name })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        cx.find_db(Some(&self.name))?;
        let message = "every text is utf8mb4 and compared byte by byte; nothing was changed";
        Ok(Outcome::Done.warned(vec![message.to_owned()]))
    }
}

impl fmt::Display for AlterDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER DATABASE {} CHARACTER SET utf8mb4", quoted_name(&self.name))
    }
}
