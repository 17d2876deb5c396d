//! What can go wrong with a load, each kind with its one code.

use std::time::Duration;

use crate::code::{Code, Coded, Failure};
use crate::ids::{TabletId, TxnId};
use crate::load::label::Existing;
use crate::load::misfit::Misfit;

/// Why a load did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The label belongs to another load.
    #[error("label '{label}' is used by {}", .existing.advice())]
    LabelExists {
        /// The label.
        label: String,
        /// What has become of that load.
        existing: Existing,
    },
    /// The frontend, or an engine that feeds the load, said no.
    #[error("{0}")]
    Refused(Failure),
    /// The frontend can't be reached, or did not answer.
    #[error("frontend {address}: {why}")]
    Frontend {
        /// `host:port`.
        address: String,
        /// What happened.
        why: String,
    },
    /// The commit was sent, and what became of it is not known.
    #[error(
        "transaction {txn}: the frontend did not say whether the load was committed: {why}; ask with label '{label}' at \
         /api/<db>/get_load_state before loading again"
    )]
    OutcomeUnknown {
        /// Transaction.
        txn: TxnId,
        /// Its label.
        label: String,
        /// What happened to the call.
        why: String,
    },
    /// A tablet can't reach its write quorum.
    #[error(
        "transaction {txn}: tablet {tablet} was written by {got} replicas and its write quorum needs {needed}: {why}"
    )]
    Quorum {
        /// Transaction.
        txn: TxnId,
        /// The tablet.
        tablet: TabletId,
        /// Replicas that hold the rows.
        got: usize,
        /// Replicas that must.
        needed: u16,
        /// What became of the others.
        why: String,
    },
    /// More rows do not fit than the load allows.
    #[error(
        "too many filtered rows: {filtered} of {total} do not fit, allowed ratio {allowed}; first: {first}"
    )]
    TooManyFiltered {
        /// Rows that do not fit.
        filtered: u64,
        /// All rows.
        total: u64,
        /// `max_filter_ratio`, as text.
        allowed: String,
        /// The first of them.
        first: String,
    },
    /// A row that does not fit, in a load that allows none (INSERT).
    #[error("{0}")]
    Misfit(Misfit),
    /// The client sends nothing more.
    #[error(
        "the client sent nothing for {} s, so its load was given up (setting stream_load_idle_timeout_second of the backend)",
        .0.as_secs()
    )]
    Silent(Duration),
    /// Other loads had all places until the time was over.
    #[error(
        "the load waited {} s for its turn, until its timeout was over: this backend runs {running} loads at once; load again, \
         or with a longer 'timeout'",
        .waited.as_secs()
    )]
    NoTurn {
        /// Loads that run at once.
        running: usize,
        /// How long it waited.
        waited: Duration,
    },
    /// The time of the load is over.
    #[error(
        "the load did not end within its timeout (header 'timeout' of a stream load, else setting \
         stream_load_default_timeout_second)"
    )]
    Timeout,
    /// The one who loads went away, or stopped the statement.
    #[error("the load was given up before its end")]
    Cancelled,
    /// The input broke off, or can't be read as the format that was named.
    #[error("{0}")]
    Input(String),
    /// A header or option with a value that it does not take.
    #[error("header '{header}': {why}")]
    Header {
        /// The header.
        header: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A header that no load has.
    #[error("unknown header '{name}': the nearest known one is '{nearest}'; nothing was loaded")]
    UnknownHeader {
        /// The header.
        name: String,
        /// A known one that is like it.
        nearest: &'static str,
    },
    /// A header that would change the load, and is not done.
    #[error("header '{name}: {value}' is not supported: {instead}")]
    RefusedHeader {
        /// The header.
        name: String,
        /// Its value.
        value: String,
        /// What can be done instead.
        instead: &'static str,
    },
    /// A header that came twice, or in two spellings.
    #[error("header '{name}' is given twice ('{name}' and '{other}'): give it once")]
    HeaderTwice {
        /// The header.
        name: String,
        /// Its other spelling.
        other: String,
    },
    /// A header whose value is not UTF-8.
    #[error("header '{0}' is not UTF-8: write its bytes as \\x01")]
    HeaderText(String),
    /// Understood, and not offered.
    #[error("{0} is not supported")]
    NotSupported(String),
    /// A column is named twice.
    #[error("column '{0}' is named twice")]
    ColumnTwice(String),
    /// A column that the table does not have.
    #[error("Unknown column '{0}'")]
    UnknownColumn(String),
    /// A column without a value.
    #[error("column '{0}' is NOT NULL, has no default, and the load does not give it")]
    NoDefault(String),
    /// A default value that is not of its column's type.
    #[error("the default '{value}' of column '{column}' does not fit it")]
    BadDefault {
        /// The column.
        column: String,
        /// Its default.
        value: String,
    },
    /// A column whose type in the input can't become the table's.
    #[error("column '{column}' is {found} in the input, which can't become {wanted}")]
    Type {
        /// The column.
        column: String,
        /// Type in the input.
        found: String,
        /// Type in the table.
        wanted: String,
    },
    /// A rule of this program was broken; the load is given up.
    #[error("internal error of the load: {0}")]
    Internal(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::LabelExists { .. } => Code::LABEL_EXISTS,
            Error::Refused(failure) => failure.code,
            Error::Frontend { .. } => Code::NOT_READY,
            Error::OutcomeUnknown { .. } => Code::TXN,
            Error::Quorum { .. } => Code::QUORUM,
            Error::TooManyFiltered { .. } => Code::TOO_MANY_FILTERED,
            Error::Misfit(misfit) => misfit.code(),
            Error::Timeout | Error::NoTurn { .. } | Error::Silent(_) => Code::QUERY_TIMEOUT,
            Error::Cancelled => Code::INTERRUPTED,
            Error::Input(_) | Error::Type { .. } => Code::ANALYSIS,
            Error::Header { .. }
            | Error::UnknownHeader { .. }
            | Error::HeaderTwice { .. }
            | Error::HeaderText(_) => Code::WRONG_ARGUMENTS,
            Error::RefusedHeader { .. } => Code::NOT_SUPPORTED,
            Error::NotSupported(_) => Code::NOT_SUPPORTED,
            Error::ColumnTwice(_) => Code::DUP_FIELDNAME,
            Error::UnknownColumn(_) => Code::BAD_FIELD,
            Error::NoDefault(_) => Code::BAD_NULL,
            Error::BadDefault { .. } => Code::INVALID_DEFAULT,
            Error::Internal(_) => Code::UNKNOWN,
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Error {
        Error::Internal(error.to_string())
    }
}
