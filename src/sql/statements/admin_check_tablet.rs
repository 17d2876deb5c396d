//! `ADMIN CHECK TABLET id, .. PROPERTIES ("type" = "consistency")`: compares the content of tablets' replicas.

use std::fmt;

use crate::code::{Code, Coded, Failure};
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tablet_list::TabletList;

/// `ADMIN CHECK TABLET ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCheckTablet {
    /// Tablets.
    pub tablets: TabletList,
    /// Keys and values as written.
    pub properties: Vec<(String, String)>,
}

/// What can be wrong with the properties (StarRocks' wordings).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Error {
    #[error("Missing necessary properties 'type'; write PROPERTIES (\"type\" = \"consistency\")")]
    Missing,
    #[error("Unknown properties '{0}'; there is only 'type'")]
    Unknown(String),
    #[error("property 'type' is there twice")]
    Twice,
    #[error("Invalid type value '{0}'; it is consistency")]
    Type(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

impl Spec for AdminCheckTablet {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["ADMIN", "CHECK", "TABLET"], &["ADMIN", "CHECK", "TABLETS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_check_tablet.ebnf");
    const HELP: &'static str = "Has the content of tablets' replicas compared; SHOW TABLET FROM shows what came of it.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "CHECK"])?;
        if !c.eat(&["TABLETS"]) {
            c.expect(&["TABLET"])?;
        }
        let tablets = TabletList::parse(c)?;
        let properties = match c.eat(&["PROPERTIES"]) {
            true => c.properties()?,
            false => Vec::new(),
        };
        Ok(AdminCheckTablet {
            tablets,
            properties,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        self.is_of_consistency()?;
        let tablets = self.tablets.find(cx)?;
        Ok(Outcome::Request(Request::Heal(HealRequest::CheckTablets(tablets))))
    }
}

impl AdminCheckTablet {
    fn is_of_consistency(&self) -> Result<(), Error> {
        let mut others = self.properties.iter();
        if let Some((key, _)) = others.find(|(key, _)| !key.eq_ignore_ascii_case("type")) {
            return Err(Error::Unknown(key.clone()));
        }
        match self.properties.as_slice() {
            [] => Err(Error::Missing),
            [(_, value)] if value.eq_ignore_ascii_case("consistency") => Ok(()),
            [(_, value)] => Err(Error::Type(value.clone())),
            _ => Err(Error::Twice),
        }
    }
}

impl fmt::Display for AdminCheckTablet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN CHECK TABLET {}", self.tablets)?;
        if self.properties.is_empty() {
            return Ok(());
        }
        let pair = |(key, value): &(String, String)| {
            format!("{} = {}", quoted_text(key), quoted_text(value))
        };
        let pairs: Vec<String> = self.properties.iter().map(pair).collect();
        write!(f, " PROPERTIES ({})", pairs.join(", "))
    }
}
