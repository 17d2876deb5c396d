//! Tables of `sys`, derived from the PROC nodes: the rows of every place of a path, behind the ids and names of that
//! place. Typed cells and NULL, no `N/A`.

use std::ops::ControlFlow;

use crate::proc::node::{Entry, Part, Scan, Sink};
use crate::proc::path::Path;
use crate::proc::place::Place;
use crate::rows::{Cell, Column, Row, Type, Typed};
use crate::view::View;

/// A table of `sys`.
#[derive(Clone, Copy)]
pub struct Table {
    /// Its name, without `sys.`.
    pub name: &'static str,
    columns: Columns,
    scan: Source,
}

#[derive(Clone, Copy)]
enum Columns {
    OfNode(Entry),
    OfScan(fn() -> Vec<Column>),
}

#[derive(Clone, Copy)]
enum Source {
    Node(Entry),
    Scan(fn(&View, &Wanted, Sink<'_>) -> ControlFlow<()>),
}

/// Values that the reader wants some columns to equal. Advice: it spares work where a column is a key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    equal: Vec<(String, Cell)>,
}

impl Wanted {
    /// Adds `column = value`.
    pub fn equal(mut self, column: impl Into<String>, value: Cell) -> Wanted {
        self.equal.push((column.into(), value));
        self
    }

    /// The id that `column` must equal; `None` when any will do. An id that can't exist becomes 0.
    pub fn id(&self, column: &str) -> Option<u64> {
        self.cell(column).map(|cell| match cell {
            Cell::Int(n) => u64::try_from(*n).unwrap_or(0),
            _ => 0,
        })
    }

    /// Whether a row with this value of `column` may be wanted.
    pub fn allows(&self, column: &str, value: &Cell) -> bool {
        self.cell(column).is_none_or(|cell| cell == value)
    }

    fn cell(&self, column: &str) -> Option<&Cell> {
        self.equal
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(column))
            .map(|(_, cell)| cell)
    }
}

impl Table {
    /// The table of a node; `None` when it has none.
    pub fn of_node(entry: Entry) -> Option<Table> {
        Some(Table {
            name: entry.table?,
            columns: Columns::OfNode(entry),
            scan: Source::Node(entry),
        })
    }

    /// A table that no single path holds.
    pub const fn of_scan<S: Scan>() -> Table {
        Table {
            name: S::TABLE,
            columns: Columns::OfScan(S::Row::columns),
            scan: Source::Scan(|view, wanted, out| {
                S::scan(view, wanted, &mut |row| out(row.cells()))
            }),
        }
    }

    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        match self.columns {
            Columns::OfNode(entry) => {
                let mut columns = keys_of(&entry);
                columns.extend((entry.columns)());
                columns
            }
            Columns::OfScan(columns) => columns(),
        }
    }

    /// Hands out the rows until `out` breaks. They are not collected: a table may have a row a replica.
    pub fn scan(&self, view: &View, wanted: &Wanted, out: Sink<'_>) -> ControlFlow<()> {
        match self.scan {
            Source::Scan(scan) => scan(view, wanted, out),
            Source::Node(entry) => {
                let keys = keys_of(&entry);
                let names: Vec<_> = names(&entry).collect();
                let walk = Walk {
                    view,
                    entry,
                    keys: &keys,
                    wanted,
                };
                walk.descend(&names, Vec::new(), Vec::new(), out)
            }
        }
    }
}

fn names(entry: &Entry) -> impl Iterator<Item = &'static str> + use<> {
    entry.parts().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Word(_) => None,
    })
}

/// The columns that say which place a row is from, where the row does not say it itself.
fn keys_of(entry: &Entry) -> Vec<Column> {
    let own = (entry.columns)();
    let mut keys = Vec::new();
    for name in names(entry) {
        keys.extend(match name {
            "db" => vec![
                key("DbId", Type::Int, "Database."),
                key("DbName", Type::Text, "Name of the database."),
            ],
            "table" => vec![
                key("TableId", Type::Int, "Table."),
                key("TableName", Type::Text, "Name of the table."),
            ],
            "backend" => vec![key("BackendId", Type::Int, "Backend.")],
            "medium" => vec![key("StorageMedium", Type::Text, "`HDD` or `SSD`.")],
            _ => Vec::new(),
        });
    }
    keys.retain(|k| own.iter().all(|c| c.name != k.name));
    keys
}

fn key(name: &'static str, kind: Type, doc: &'static str) -> Column {
    Column {
        doc,
        ..Column::new(name, kind)
    }
}

/// One value of a varying part: its text in the path, and what the key columns say of it.
struct Choice {
    text: String,
    cells: Vec<(&'static str, Cell)>,
}

struct Walk<'a> {
    view: &'a View,
    entry: Entry,
    keys: &'a [Column],
    wanted: &'a Wanted,
}

impl Walk<'_> {
    /// Goes through all places below the chosen `params`.
    fn descend(
        &self,
        names: &[&'static str],
        params: Vec<(&'static str, String)>,
        cells: Row,
        out: Sink<'_>,
    ) -> ControlFlow<()> {
        let place = Place::new(self.view, Path::root(), params.clone());
        let Some((name, deeper)) = names.split_first() else {
            for row in (self.entry.table_rows)(&place).unwrap_or_default() {
                let mut whole = cells.clone();
                whole.extend(row);
                out(whole)?;
            }
            return ControlFlow::Continue(());
        };
        for choice in self.choices(name, &place) {
            if !choice
                .cells
                .iter()
                .all(|(column, cell)| self.wanted.allows(column, cell))
            {
                continue;
            }
            let mut cells = cells.clone();
            let shown = |column: &str| self.keys.iter().any(|k| k.name == column);
            cells.extend(
                choice
                    .cells
                    .into_iter()
                    .filter(|(c, _)| shown(c))
                    .map(|(_, cell)| cell),
            );
            let mut params = params.clone();
            params.push((*name, choice.text));
            self.descend(deeper, params, cells, out)?;
        }
        ControlFlow::Continue(())
    }

    fn choices(&self, name: &str, at: &Place<'_>) -> Vec<Choice> {
        let catalog = &self.view.catalog;
        match name {
            "db" => catalog
                .databases
                .values()
                .map(|db| Choice {
                    text: db.id.to_string(),
                    cells: vec![("DbId", db.id.into()), ("DbName", db.name.clone().into())],
                })
                .collect(),
            "table" => at.db().map_or_else(
                |_| Vec::new(),
                |db| {
                    let tables = db.tables.iter();
                    tables
                        .map(|(name, id)| Choice {
                            text: id.to_string(),
                            cells: vec![
                                ("TableId", (*id).into()),
                                ("TableName", name.clone().into()),
                            ],
                        })
                        .collect()
                },
            ),
            "backend" => catalog
                .backends
                .keys()
                .map(|id| Choice {
                    text: id.to_string(),
                    cells: vec![("BackendId", (*id).into())],
                })
                .collect(),
            "medium" => self
                .view
                .healing
                .load
                .mediums
                .keys()
                .map(|medium| Choice {
                    text: medium.word().to_owned(),
                    cells: vec![("StorageMedium", medium.word().into())],
                })
                .collect(),
            "state" => ["running", "finished"]
                .map(|text| Choice {
                    text: text.to_owned(),
                    cells: Vec::new(),
                })
                .into(),
            _ => Vec::new(),
        }
    }
}
