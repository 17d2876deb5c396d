//! Error codes: MySQL number, SQLSTATE and HTTP status, each declared once.
//!
//! Owns the mapping that clients see. Does not own the errors: every module has its own `Error`, whose variants
//! each name one [`Code`] through [`Coded`]; [`Failure`] is what crosses to a client.

use std::fmt;

/// What a client is told about an error besides the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// MySQL error number.
    pub mysql: u16,
    /// SQLSTATE, five characters.
    pub sqlstate: &'static str,
    /// HTTP status of the same error on the REST surface.
    pub http: u16,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $mysql:literal, $state:literal, $http:literal;)+) => {
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code { mysql: $mysql, sqlstate: $state, http: $http };)+
            /// Every code, for the reference and its test.
            pub const ALL: &'static [(&'static str, Code)] = &[$((stringify!($name), Code::$name)),+];
        }
    };
}

codes! {
    /// The database exists already.
    DB_CREATE_EXISTS = 1007, "HY000", 409;
    /// DROP DATABASE of one that does not exist.
    DB_DROP_EXISTS = 1008, "HY000", 404;
    /// Too many connections.
    TOO_MANY_CONNECTIONS = 1040, "08004", 503;
    /// The handshake could not be understood.
    HANDSHAKE = 1043, "08S01", 400;
    /// No privilege on the database.
    DB_ACCESS_DENIED = 1044, "42000", 403;
    /// Wrong user or password.
    ACCESS_DENIED = 1045, "28000", 401;
    /// No database selected.
    NO_DB = 1046, "3D000", 400;
    /// The command byte is not one of ours.
    UNKNOWN_COMMAND = 1047, "08S01", 400;
    /// Unknown database.
    BAD_DB = 1049, "42000", 404;
    /// The table exists already.
    TABLE_EXISTS = 1050, "42S01", 409;
    /// Unknown table in DROP.
    BAD_TABLE = 1051, "42S02", 404;
    /// The server is stopping.
    SERVER_SHUTDOWN = 1053, "08S01", 503;
    /// Unknown column.
    BAD_FIELD = 1054, "42S22", 400;
    /// A name longer than names may be.
    TOO_LONG_IDENT = 1059, "42000", 400;
    /// A column name twice.
    DUP_FIELDNAME = 1060, "42S21", 400;
    /// The statement could not be parsed.
    PARSE = 1064, "42000", 400;
    /// Nothing but comments and blanks.
    EMPTY_QUERY = 1065, "42000", 400;
    /// A default value that does not fit its column.
    INVALID_DEFAULT = 1067, "42000", 400;
    /// A column wider than its type may be.
    TOO_BIG_FIELD_LENGTH = 1074, "42000", 400;
    /// A DECIMAL with more digits than there can be.
    TOO_BIG_PRECISION = 1426, "42000", 400;
    /// A DECIMAL with more digits behind the point than in all.
    SCALE_ABOVE_PRECISION = 1427, "42000", 400;
    /// An engine other than OLAP.
    UNKNOWN_STORAGE_ENGINE = 1286, "42000", 400;
    /// A bound that is no value of the partition column.
    PARTITION_VALUE_TYPE = 1654, "HY000", 400;
    /// More partitions than one statement may make.
    TOO_MANY_PARTITIONS = 1499, "HY000", 400;
    /// A column that the key names is not there.
    KEY_COLUMN_MISSING = 1072, "42000", 400;
    /// No connection or thread has this id.
    NO_SUCH_THREAD = 1094, "HY000", 404;
    /// The connection belongs to somebody else.
    KILL_DENIED = 1095, "HY000", 403;
    /// Anything without a better number.
    UNKNOWN = 1105, "HY000", 500;
    /// A path of the PROC tree that leads nowhere (StarRocks gives it no better number).
    PROC_PATH = 1105, "HY000", 404;
    /// A name that no database can have.
    WRONG_DB_NAME = 1102, "42000", 400;
    /// A name that no table can have.
    WRONG_TABLE_NAME = 1103, "42000", 400;
    /// A table without columns.
    TABLE_MUST_HAVE_COLUMNS = 1113, "42000", 400;
    /// SHOW GRANTS of a user that does not exist.
    NONEXISTING_GRANT = 1141, "42000", 404;
    /// Row of an INSERT with another number of values than columns.
    WRONG_VALUE_COUNT = 1136, "21S01", 400;
    /// Unknown table.
    NO_SUCH_TABLE = 1146, "42S02", 404;
    /// A packet larger than max_allowed_packet.
    PACKET_TOO_LARGE = 1153, "08S01", 413;
    /// Packets out of order.
    PACKETS_OUT_OF_ORDER = 1156, "08S01", 400;
    /// ORDER BY names a column that the result does not have.
    WRONG_COLUMN_NAME = 1166, "42000", 400;
    /// Unknown system variable.
    UNKNOWN_SYSTEM_VARIABLE = 1193, "HY000", 400;
    /// Wrong arguments to a statement.
    WRONG_ARGUMENTS = 1210, "HY000", 400;
    /// A variable of the other scope.
    VARIABLE_SCOPE = 1229, "HY000", 400;
    /// More columns than a table may have.
    TOO_MANY_FIELDS = 1117, "42000", 400;
    /// A value that the variable can't take.
    WRONG_VALUE_FOR_VARIABLE = 1231, "42000", 400;
    /// A value of the wrong type for the variable.
    WRONG_TYPE_FOR_VARIABLE = 1232, "42000", 400;
    /// Well understood, and not supported.
    NOT_SUPPORTED = 1235, "42000", 501;
    /// A variable that can't be set.
    VARIABLE_READ_ONLY = 1238, "HY000", 400;
    /// A subquery of several columns where a value is wanted.
    OPERAND_COLUMNS = 1241, "21000", 400;
    /// A subquery of several rows where a value is wanted.
    SUBQUERY_ROWS = 1242, "21000", 400;
    /// Unknown prepared statement.
    UNKNOWN_STATEMENT = 1243, "HY000", 404;
    /// COM_STMT_FETCH of a statement without a cursor.
    NO_OPEN_CURSOR = 1421, "HY000", 400;
    /// A function called with another number of arguments than it takes.
    WRONG_PARAMETER_COUNT = 1582, "42000", 400;
    /// A value that does not fit its column.
    BAD_VALUE = 1366, "22007", 400;
    /// A value out of the range of its column.
    OUT_OF_RANGE = 1264, "22003", 400;
    /// A result of a computation does not fit its type.
    DATA_OUT_OF_RANGE = 1690, "22003", 400;
    /// A text longer than its column.
    DATA_TOO_LONG = 1406, "22001", 400;
    /// Text that is not valid in its character set.
    INVALID_CHARACTER_STRING = 1300, "HY000", 400;
    /// A function's result that is longer than max_allowed_packet: NULL, and a warning.
    FUNCTION_RESULT_TOO_LONG = 1301, "HY000", 400;
    /// Unknown character set.
    UNKNOWN_CHARACTER_SET = 1115, "42000", 400;
    /// A collation of another character set.
    COLLATION_CHARSET_MISMATCH = 1253, "42000", 400;
    /// Unknown collation.
    UNKNOWN_COLLATION = 1273, "HY000", 400;
    /// A value that was changed to fit; a warning.
    TRUNCATED_WRONG_VALUE = 1292, "22007", 400;
    /// Unknown time zone.
    UNKNOWN_TIME_ZONE = 1298, "HY000", 400;
    /// A write in a transaction that only reads.
    READ_ONLY_TRANSACTION = 1792, "25006", 400;
    /// The statement was killed.
    INTERRUPTED = 1317, "70100", 499;
    /// CREATE USER or DROP USER failed.
    CANNOT_USER = 1396, "HY000", 409;
    /// Unknown user in SET PASSWORD.
    PASSWORD_NO_MATCH = 1133, "42000", 404;
    /// NULL in a column that is NOT NULL.
    BAD_NULL = 1048, "23000", 400;
    /// A row that belongs to no partition.
    NO_PARTITION_FOR_VALUE = 1526, "HY000", 400;
    /// The partition exists already.
    SAME_PARTITION = 1517, "HY000", 409;
    /// ADD or DROP PARTITION of a table that has no ranges.
    PARTITION_MGMT_ON_NONPARTITIONED = 1505, "HY000", 400;
    /// The ranges of partitions overlap or go backwards.
    RANGE_NOT_INCREASING = 1493, "HY000", 400;
    /// The partition does not exist.
    UNKNOWN_PARTITION = 1735, "HY000", 404;
    /// A column that several tables have.
    NON_UNIQ = 1052, "23000", 400;
    /// A column that is neither grouped nor aggregated.
    WRONG_FIELD_WITH_GROUP = 1055, "42000", 400;
    /// Not enough memory.
    OUT_OF_RESOURCES = 1041, "HY000", 507;
    /// Unknown function.
    NO_SUCH_FUNCTION = 1305, "42000", 400;
    /// A column without a default that is not given.
    NO_DEFAULT = 1364, "HY000", 400;
    /// Wrong number of arguments of a function.
    WRONG_PARAMCOUNT = 1582, "42000", 400;
    /// The disk is full.
    DISK_FULL = 1021, "HY000", 507;
    /// More placeholders than a prepared statement can have.
    TOO_MANY_PLACEHOLDERS = 1390, "HY000", 400;
    /// More prepared statements than a connection may have.
    TOO_MANY_STATEMENTS = 1461, "42000", 400;
    /// A statement longer or deeper than its limit.
    STATEMENT_TOO_COMPLEX = 1436, "HY000", 400;
    /// The statement ran into its time limit.
    QUERY_TIMEOUT = 3024, "HY000", 504;
    /// A statement that is understood and whose content is wrong (StarRocks: ERR_ANALYSIS_ERROR).
    ANALYSIS = 5064, "42000", 400;
    /// ADMIN SET FRONTEND CONFIG failed.
    SET_CONFIG_FAILED = 5101, "HY000", 400;
    /// ADMIN SET FRONTEND CONFIG of an unknown or fixed setting.
    CONFIG_UNKNOWN_OR_FIXED = 5102, "HY000", 400;
    /// No privilege (StarRocks).
    PRIVILEGE_DENIED = 5203, "42000", 403;
    /// An unknown property.
    UNKNOWN_PROPERTY = 5803, "HY000", 400;
    /// Not enough replicas can be written.
    QUORUM = 5804, "HY000", 503;
    /// The label is in use or done.
    LABEL_EXISTS = 5805, "HY000", 409;
    /// The transaction does not exist or has ended.
    TXN = 5806, "HY000", 409;
    /// Too many rows do not fit the table.
    TOO_MANY_FILTERED = 5807, "HY000", 400;
    /// A backend could not be reached or refused.
    BACKEND = 5808, "HY000", 502;
    /// No replica can serve the read.
    NO_QUERYABLE_REPLICA = 5809, "HY000", 503;
    /// The frontend is in safe mode, or not the leader.
    NOT_READY = 5810, "HY000", 503;
    /// The journal or another durable store failed.
    STORAGE = 5811, "HY000", 500;
    /// The caller's token, epoch or cluster id is not the one in force.
    STALE = 5812, "HY000", 403;
    /// A table or the cluster was not healthy within the time that a statement waited for it.
    NOT_HEALTHY = 5820, "HY000", 503;
}

/// An error that knows its one code.
pub trait Coded: std::error::Error {
    /// The code that clients see.
    fn code(&self) -> Code;
}

/// An error on its way to a client: code and text, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of error it is.
    pub code: Code,
    /// What was wrong, where, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with this code and text.
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl<E: Coded> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure {
            code: error.code(),
            message: error.to_string(),
        }
    }
}
