//! Names of tables: the session's database is written out, and names of system tables lose their case.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, TableFactor, Visit, Visitor};

use crate::code::{Code, Failure};
use crate::system::sources::Sources;
use crate::system::tables;

/// What the names of relations in one query are.
#[derive(Debug, Default)]
pub struct Scope {
    ctes: BTreeSet<String>,
    /// Lower-case names of the system tables that are read.
    system: BTreeSet<String>,
    /// Whether other tables are read too.
    others: bool,
}

impl Scope {
    /// Collects the names that WITH defines and the system tables that are read anywhere in `query`.
    pub fn of(query: &Query, sources: &Sources) -> Scope {
        let mut names = Names {
            scope: Scope::default(),
            db: sources.session.db.as_deref(),
        };
        let _ = query.visit(&mut names);
        names.scope
    }

    /// Writes `table` as `db.table`, and a system table in lower case.
    pub fn qualify(&self, name: &mut ObjectName, sources: &Sources) {
        let mut parts: Vec<String> = name
            .0
            .iter()
            .map(|part| part.as_ident().map(|i| i.value.clone()).unwrap_or_default())
            .collect();
        if let [table] = parts.as_slice() {
            if self.ctes.contains(table) {
                return;
            }
            match &sources.session.db {
                Some(db) => parts.insert(0, db.clone()),
                None => return,
            }
        }
        // A catalog in front of the database (`def.db.table`) says nothing here.
        if parts.len() == 3 {
            parts.remove(0);
        }
        if let [db, table] = parts.as_mut_slice()
            && tables::is_system(db)
        {
            *db = db.to_lowercase();
            *table = table.to_lowercase();
        }
        *name = ObjectName(
            parts
                .into_iter()
                .map(|part| ObjectNamePart::Identifier(Ident::new(part)))
                .collect(),
        );
    }

    /// Whether only system tables are read.
    pub fn is_system(&self) -> bool {
        !self.system.is_empty() && !self.others
    }

    /// The qualifier of a column, in lower case where it names a system table or schema.
    pub fn qualifier(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        if self.system.contains(&lower) || tables::is_system(name) {
            lower
        } else {
            name.to_owned()
        }
    }
}

/// Finds the names of a [`Scope`].
struct Names<'a> {
    scope: Scope,
    db: Option<&'a str>,
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.scope.ctes.insert(cte.alias.name.value.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let parts: Vec<&str> = relation
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(|ident| ident.value.as_str()))
            .collect();
        let (db, table) = match parts.as_slice() {
            [table] => (self.db, *table),
            [.., db, table] => (Some(*db), *table),
            [] => (None, ""),
        };
        if db.is_some_and(tables::is_system) {
            self.scope.system.insert(table.to_lowercase());
        } else if !(parts.len() == 1 && self.scope.ctes.contains(table)) {
            self.scope.others = true;
        }
        ControlFlow::Continue(())
    }
}

/// Refuses clauses of a table that would be lost in silence.
pub fn check(factor: &TableFactor) -> Result<(), Failure> {
    let lost = match factor {
        TableFactor::Table { partitions, .. } if !partitions.is_empty() => "FROM .. PARTITION",
        TableFactor::Table { args: Some(_), .. } => "a table function",
        TableFactor::Table {
            sample: Some(_), ..
        } => "TABLESAMPLE",
        TableFactor::Table {
            version: Some(_), ..
        } => "reading an older version",
        _ => return Ok(()),
    };
    Err(Failure::new(
        Code::NOT_SUPPORTED,
        format!("{lost} is not supported"),
    ))
}
