//! `SHOW GRANTS [FOR user]`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::rows::Type;
use crate::rows::{Column, Rows};
use crate::sql::account::UserName;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW GRANTS [FOR user]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowGrants {
    /// User; `None` is the own one.
    pub user: Option<UserName>,
}

impl Spec for ShowGrants {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "GRANTS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_grants.ebnf");
    const HELP: &'static str = "Shows what a user may do: every user may do everything.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "GRANTS"])?;
        if !c.eat(&["FOR"]) {
            return Ok(ShowGrants { user: None });
        }
        if c.eat(&["CURRENT_USER"]) {
            if c.eat_token(&Token::LParen) {
                c.expect_token(&Token::RParen)?;
            }
            return Ok(ShowGrants { user: None });
        }
        Ok(ShowGrants {
            user: Some(UserName::parse(c)?),
        })
    }

    fn columns(&self, cx: Context<'_>) -> Option<Vec<Column>> {
        let own = || UserName {
            name: cx.session.user.clone(),
            host: None,
        };
        Some(vec![header(&self.user.clone().unwrap_or_else(own))])
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let name = match &self.user {
            Some(user) => user.checked()?,
            None => cx.session.user.clone(),
        };
        if self.user.is_some() && !cx.view.catalog.users.contains_key(&name) {
            let message = format!("There is no such grant defined for user '{name}' on host '%'");
            return Err(Failure::new(Code::NONEXISTING_GRANT, message));
        }
        let user = UserName {
            name,
            host: Some("%".to_owned()),
        };
        let grant = format!("GRANT ALL PRIVILEGES ON *.* TO {user}");
        let columns = vec![header(&user)];
        Ok(Outcome::Rows(Rows {
            columns,
            rows: vec![vec![grant.into()]],
        }))
    }
}

impl fmt::Display for ShowGrants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW GRANTS")?;
        match &self.user {
            Some(user) => write!(f, " FOR {user}"),
            None => Ok(()),
        }
    }
}

fn header(user: &UserName) -> Column {
    let host = user.host.as_deref().unwrap_or("%");
    Column::new(format!("Grants for {}@{host}", user.name), Type::Text)
}
