//! What a PROC path declares, and the list entry that is made of it.

use std::ops::ControlFlow;

use crate::proc::path::{Error, split};
use crate::proc::place::Place;
use crate::proc::table::Wanted;
use crate::rows::{Column, Row, Typed};
use crate::view::View;

/// One path of the tree: one file, one line in the list of `proc.rs`.
pub trait Node {
    /// The path, with a name in braces for every part that varies: `/dbs/{db}/{table}`. [`Place`] knows the names.
    const PATH: &'static str;
    /// The table of `sys` that holds the rows of every place of this path, when there is one.
    const TABLE: Option<&'static str> = None;
    /// A row; its columns are known without reading any.
    type Row: Typed;

    /// The rows at one place.
    fn rows(at: &Place<'_>) -> Result<Vec<Self::Row>, Error>;

    /// The rows of one place in the table of `sys`: without lines of sums.
    fn table_rows(at: &Place<'_>) -> Result<Vec<Self::Row>, Error> {
        Self::rows(at)
    }
}

/// A path of the list.
#[derive(Clone, Copy)]
pub struct Entry {
    /// See [`Node::PATH`].
    pub path: &'static str,
    /// See [`Node::TABLE`].
    pub table: Option<&'static str>,
    /// The header.
    pub columns: fn() -> Vec<Column>,
    /// The rows at one place.
    pub rows: fn(&Place<'_>) -> Result<Vec<Row>, Error>,
    pub(super) table_rows: fn(&Place<'_>) -> Result<Vec<Row>, Error>,
}

impl Entry {
    /// The entry of `N`.
    pub const fn of<N: Node>() -> Entry {
        Entry {
            path: N::PATH,
            table: N::TABLE,
            columns: N::Row::columns,
            rows: |at| Ok(N::rows(at)?.into_iter().map(Typed::cells).collect()),
            table_rows: |at| Ok(N::table_rows(at)?.into_iter().map(Typed::cells).collect()),
        }
    }

    /// The parts of the path.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        split(self.path).map(Part::of)
    }
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// This word.
    Word(&'static str),
    /// Anything; the name says what is looked up.
    Name(&'static str),
}

impl Part {
    fn of(text: &'static str) -> Part {
        match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => Part::Name(name),
            None => Part::Word(text),
        }
    }

    /// Whether a path may have `text` here.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Part::Word(word) => word == text,
            Part::Name(_) => true,
        }
    }
}

/// Where rows of a table go. [`ControlFlow::Break`] ends the scan: nobody wants more.
pub type Sink<'a> = &'a mut dyn FnMut(Row) -> ControlFlow<()>;

/// A table of `sys` that no single path holds.
pub trait Scan {
    /// Its name.
    const TABLE: &'static str;
    /// A row.
    type Row: Typed;

    /// Hands out the rows. May leave out rows that `wanted` excludes, and need not.
    fn scan(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(Self::Row) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
}
