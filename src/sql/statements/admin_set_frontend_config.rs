//! `ADMIN SET FRONTEND CONFIG ("key" = "value") [WITH PERSISTENT]`: changes a setting at once.

use std::fmt;

use crate::code::{Code, Failure};
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ADMIN SET FRONTEND CONFIG ("key" = "value") [WITH PERSISTENT]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminSetFrontendConfig {
    /// Keys and values; exactly one pair is carried out.
    pub pairs: Vec<(String, String)>,
    /// Keep the value over a restart.
    pub persistent: bool,
}

impl Spec for AdminSetFrontendConfig {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SET", "FRONTEND", "CONFIG"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_set_frontend_config.ebnf");
    const HELP: &'static str =
        "Changes a setting of the frontend at once, and for good WITH PERSISTENT.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SET", "FRONTEND", "CONFIG"])?;
        Ok(AdminSetFrontendConfig {
            pairs: c.properties()?,
            persistent: c.eat(&["WITH", "PERSISTENT"]),
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let [(key, value)] = self.pairs.as_slice() else {
            return Err(Failure::new(
                Code::ANALYSIS,
                format!("one setting at a time, not {}", self.pairs.len()),
            ));
        };
        let mut tried = (*cx.view.config).clone();
        tried.set(key, value)?;
        Ok(Outcome::Request(Request::SetConfig {
            key: key.clone(),
            value: value.clone(),
            persistent: self.persistent,
        }))
    }
}

impl fmt::Display for AdminSetFrontendConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(key, value): &(String, String)| {
            format!("{} = {}", quoted_text(key), quoted_text(value))
        };
        let pairs: Vec<String> = self.pairs.iter().map(pair).collect();
        write!(f, "ADMIN SET FRONTEND CONFIG ({})", pairs.join(", "))?;
        f.write_str(if self.persistent {
            " WITH PERSISTENT"
        } else {
            ""
        })
    }
}
