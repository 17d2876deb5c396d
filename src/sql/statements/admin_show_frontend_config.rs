//! `ADMIN SHOW FRONTEND CONFIG [LIKE 'pattern']`: the settings in force.

use std::fmt;

use crate::code::Failure;
use crate::config::Setting;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `ADMIN SHOW FRONTEND CONFIG [LIKE 'pattern']`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminShowFrontendConfig {
    /// LIKE, which an alias may fit as well as a key; WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

row! {
    /// A setting.
    pub struct SettingRow {
        /// Key.
        key: &'static str => "Key" Text,
        /// Older names: `[a, b]`.
        alias_names: String => "AliasNames" Text,
        /// Value in force.
        value: String => "Value" Text,
        /// Kind of value.
        kind: &'static str => "Type" Text,
        /// Whether it can be set while running.
        is_mutable: bool => "IsMutable" Bool,
        /// What it does.
        comment: &'static str => "Comment" Text,
    }
}

impl Spec for AdminShowFrontendConfig {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SHOW", "FRONTEND", "CONFIG"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_show_frontend_config.ebnf");
    const HELP: &'static str =
        "Lists the settings of the frontend, what they do and whether they can be changed.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SHOW", "FRONTEND", "CONFIG"])?;
        Ok(AdminShowFrontendConfig {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(SettingRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let settings = cx.view.config.settings().into_iter();
        let fits = |setting: &Setting| {
            let mut names = std::iter::once(&setting.key).chain(setting.aliases);
            names.any(|name| self.tail.likes(name))
        };
        let rows = Rows::of(settings.filter(fits).map(SettingRow::from));
        Ok(Outcome::Rows(self.tail.filter_and_sort(rows)?))
    }
}

impl From<Setting> for SettingRow {
    fn from(setting: Setting) -> SettingRow {
        SettingRow {
            key: setting.key,
            alias_names: format!("[{}]", setting.aliases.join(", ")),
            value: setting.value,
            kind: setting.kind,
            is_mutable: setting.mutable,
            comment: setting.doc,
        }
    }
}

impl fmt::Display for AdminShowFrontendConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN SHOW FRONTEND CONFIG{}", self.tail)
    }
}
