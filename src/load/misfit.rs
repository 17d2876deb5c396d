//! Rows that do not fit their table: why, where, and a sample of them for the error report.

use std::fmt;

use crate::catalog::schema::ColumnDef;
use crate::code::{Code, Coded};

/// Most rows of one load that are kept for its error report; the rest are only counted.
pub const SAMPLES_MAX: usize = 100;

/// Most characters of a value that a report shows.
const VALUE_CHARS_MAX: usize = 128;

/// Why a value does not fit its column, or a row its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Not a value of the column's type at all.
    BadValue,
    /// A value of the type's kind that the type can't hold.
    OutOfRange,
    /// A text of so many bytes, more than the column holds.
    TooLong(usize),
    /// Not valid UTF-8.
    NotUtf8,
    /// NULL in a column that is NOT NULL.
    Null,
    /// No partition holds the row.
    NoPartition,
    /// A row with another number of fields than columns.
    FieldCount {
        /// Fields found.
        found: usize,
        /// Fields expected.
        expected: usize,
    },
    /// A piece of JSON that is no object.
    NotJson(String),
    /// An object without any key that is a column.
    NoKnownKey,
}

/// One row that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Line of the file, or row of an INSERT, from 1.
    pub line: u64,
    /// Name and type of the column; `None` when it is the row as a whole.
    pub column: Option<(String, String)>,
    /// The value, cut to a readable length.
    pub value: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.line)?;
        let (name, kind) = match &self.column {
            Some((name, kind)) => (name.as_str(), kind.as_str()),
            None => ("", ""),
        };
        if !name.is_empty() {
            write!(f, ", column '{name}'")?;
        }
        let value = &self.value;
        match &self.reason {
            Reason::BadValue => write!(f, ": '{value}' is not a value of {kind}"),
            Reason::OutOfRange => write!(f, ": '{value}' is out of the range of {kind}"),
            Reason::TooLong(bytes) => {
                write!(f, ": '{value}' is {bytes} bytes, too long for {kind}")
            }
            Reason::NotUtf8 => write!(f, ": '{value}' is not valid UTF-8"),
            Reason::Null => write!(f, ": NULL in a column that is NOT NULL"),
            Reason::NoPartition => write!(f, ": no partition for this value: '{value}'"),
            // Mostly the separator is another than the header says.
            Reason::FieldCount { found: 1, expected } => write!(
                f,
                ": 1 field where {expected} are expected (header column_separator says what is between them, a tab without \
                 it): '{value}'"
            ),
            Reason::FieldCount { found, expected } => write!(
                f,
                ": {found} fields where {expected} are expected: '{value}'"
            ),
            Reason::NotJson(why) => write!(f, ": not a JSON object: {why}: '{value}'"),
            Reason::NoKnownKey => write!(
                f,
                ": none of its keys is a column (header jsonpaths says where columns are): '{value}'"
            ),
        }
    }
}

impl std::error::Error for Misfit {}

impl Coded for Misfit {
    fn code(&self) -> Code {
        match self.reason {
            Reason::BadValue | Reason::NotJson(_) | Reason::NoKnownKey => Code::BAD_VALUE,
            Reason::OutOfRange => Code::OUT_OF_RANGE,
            Reason::TooLong(_) => Code::DATA_TOO_LONG,
            Reason::NotUtf8 => Code::INVALID_CHARACTER_STRING,
            Reason::Null => Code::BAD_NULL,
            Reason::NoPartition => Code::NO_PARTITION_FOR_VALUE,
            Reason::FieldCount { .. } => Code::WRONG_VALUE_COUNT,
        }
    }
}

/// The misfits of a block or of a whole load: all counted, the first [`SAMPLES_MAX`] kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Misfits {
    /// Rows that do not fit.
    pub count: u64,
    /// The first of them.
    pub samples: Vec<Misfit>,
}

impl Misfits {
    /// Counts a row, and keeps it if there is room; `value` is called only then.
    pub fn add(
        &mut self,
        line: u64,
        column: Option<&ColumnDef>,
        reason: Reason,
        value: impl FnOnce() -> String,
    ) {
        self.count += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(Misfit {
                line,
                column: column.map(|c| (c.name.clone(), c.data_type.to_string())),
                value: value().chars().take(VALUE_CHARS_MAX).collect(),
                reason,
            });
        }
    }

    /// Takes over the misfits of a later block, in the order of their lines.
    pub fn append(&mut self, mut later: Misfits) {
        self.count += later.count;
        later.samples.sort_by_key(|misfit| misfit.line);
        let room = SAMPLES_MAX.saturating_sub(self.samples.len());
        self.samples.extend(later.samples.into_iter().take(room));
    }
}
