//! The table of system variables, by name: what clients ask for and set when they connect and browse.

use chrono::{Local, Offset, TimeZone};

use crate::sql::session::SERVER_VERSION;
use crate::sql::statements::Context;
use crate::sql::variables::{Access, Initial, Kind, Level, Variable};

const ISOLATION: Kind = Kind::Choice(&[
    "READ-UNCOMMITTED",
    "READ-COMMITTED",
    "REPEATABLE-READ",
    "SERIALIZABLE",
]);
const SQL_MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
const SECONDS: Kind = Kind::Int(1, 31_536_000);
const ANY: Kind = Kind::Int(0, u64::MAX);

/// A variable that connections may set.
const fn own(name: &'static str, kind: Kind, initial: &'static str) -> Variable {
    Variable {
        name,
        level: Level::Both,
        kind,
        initial: Initial::Text(initial),
        access: Access::Session,
        honoured_by: None,
    }
}

/// A variable that tells about the server.
const fn told(name: &'static str, kind: Kind, initial: &'static str) -> Variable {
    Variable {
        level: Level::Global,
        access: Access::ReadOnly,
        ..own(name, kind, initial)
    }
}

/// A variable of the connection that only the server changes.
const fn counted(name: &'static str, initial: fn(Context<'_>) -> String) -> Variable {
    Variable {
        level: Level::Session,
        access: Access::ReadOnly,
        initial: Initial::Of(initial),
        ..own(name, ANY, "")
    }
}

/// A setting of the server under MySQL's name.
const fn setting(
    name: &'static str,
    key: &'static str,
    initial: fn(Context<'_>) -> String,
) -> Variable {
    Variable {
        level: Level::Global,
        access: Access::Setting(key),
        initial: Initial::Of(initial),
        honoured_by: Some("the MySQL listener"),
        ..own(name, ANY, "")
    }
}

impl Variable {
    const fn of(self, initial: fn(Context<'_>) -> String) -> Variable {
        Variable {
            initial: Initial::Of(initial),
            ..self
        }
    }

    const fn honoured_by(self, who: &'static str) -> Variable {
        Variable {
            honoured_by: Some(who),
            ..self
        }
    }

    const fn session_only(self) -> Variable {
        Variable {
            level: Level::Session,
            ..self
        }
    }
}

/// Every variable, sorted by name.
pub const ALL: &[Variable] = &[
    own("auto_increment_increment", Kind::Int(1, 65_535), "1"),
    own("auto_increment_offset", Kind::Int(1, 65_535), "1"),
    own("autocommit", Kind::Bool, "ON").honoured_by("the status flags of the MySQL listener"),
    own("big_tables", Kind::Bool, "OFF"),
    own("character_set_client", Kind::Charset(false), "utf8mb4"),
    own("character_set_connection", Kind::Charset(false), "utf8mb4"),
    own("character_set_database", Kind::Charset(false), "utf8mb4"),
    own("character_set_filesystem", Kind::Charset(false), "binary"),
    own("character_set_results", Kind::Charset(true), "utf8mb4"),
    own("character_set_server", Kind::Charset(false), "utf8mb4"),
    told("character_set_system", Kind::Text, "utf8mb3"),
    own(
        "collation_connection",
        Kind::Collation,
        "utf8mb4_0900_ai_ci",
    ),
    own("collation_database", Kind::Collation, "utf8mb4_0900_ai_ci"),
    own("collation_server", Kind::Collation, "utf8mb4_0900_ai_ci"),
    own("completion_type", Kind::Choice(&["NO_CHAIN"]), "NO_CHAIN"),
    setting("connect_timeout", "connect_timeout_second", |cx| {
        cx.view.config.connect_timeout_second.to_string()
    }),
    told(
        "default_authentication_plugin",
        Kind::Text,
        "mysql_native_password",
    ),
    own(
        "default_collation_for_utf8mb4",
        Kind::Collation,
        "utf8mb4_0900_ai_ci",
    ),
    own("default_storage_engine", Kind::Choice(&["OLAP"]), "OLAP"),
    own("default_week_format", Kind::Int(0, 7), "0"),
    own("div_precision_increment", Kind::Int(0, 30), "4"),
    own("enable_profile", Kind::Bool, "OFF"),
    counted("error_count", |cx| count(cx, "Error")),
    told("event_scheduler", Kind::Text, "DISABLED"),
    own("exec_mem_limit", ANY, "0"),
    own("explicit_defaults_for_timestamp", Kind::Bool, "ON"),
    told("flush", Kind::Bool, "OFF"),
    own("foreign_key_checks", Kind::Bool, "ON"),
    own("group_concat_max_len", Kind::Int(4, u64::MAX), "1024"),
    told("have_openssl", Kind::Text, "DISABLED"),
    told("have_profiling", Kind::Text, "NO"),
    told("have_query_cache", Kind::Text, "NO"),
    told("have_ssl", Kind::Text, "DISABLED"),
    told("hostname", Kind::Text, "").of(|cx| cx.view.frontend.host.clone()),
    own(
        "information_schema_stats_expiry",
        Kind::Int(0, SECONDS_OF_A_YEAR),
        "86400",
    ),
    told("init_connect", Kind::Text, ""),
    own(
        "innodb_lock_wait_timeout",
        Kind::Int(1, 1_073_741_824),
        "50",
    ),
    own("insert_timeout", SECONDS, "14400"),
    own("interactive_timeout", SECONDS, "28800"),
    own("lc_messages", Kind::Text, "en_US"),
    own("lc_time_names", Kind::Choice(&["en_US"]), "en_US"),
    told("license", Kind::Text, env!("CARGO_PKG_LICENSE")),
    own("lock_wait_timeout", SECONDS, "31536000"),
    told("log_bin", Kind::Bool, "OFF"),
    told("lower_case_file_system", Kind::Bool, "OFF"),
    told("lower_case_table_names", Kind::Int(0, 2), "0").honoured_by("the catalog"),
    Variable {
        level: Level::Both,
        ..setting("max_allowed_packet", "max_allowed_packet", |cx| {
            cx.view.config.max_allowed_packet.to_string()
        })
    },
    setting("max_connections", "max_connections", |cx| {
        cx.view.config.max_connections.to_string()
    }),
    own("max_execution_time", Kind::Int(0, 4_294_967_295), "0").honoured_by("queries"),
    own("max_join_size", ANY, "18446744073709551615"),
    setting("max_prepared_stmt_count", "max_prepared_stmt_count", |cx| {
        cx.view.config.max_prepared_stmt_count.to_string()
    }),
    own("net_buffer_length", Kind::Int(1024, 1_048_576), "16384"),
    own("net_read_timeout", SECONDS, "30").honoured_by("the MySQL listener"),
    own("net_write_timeout", SECONDS, "60").honoured_by("the MySQL listener"),
    own("optimizer_switch", Kind::Text, ""),
    own("parallel_fragment_exec_instance_num", ANY, "1"),
    told("performance_schema", Kind::Bool, "OFF"),
    own("pipeline_dop", ANY, "0"),
    told("port", ANY, "").of(|cx| cx.view.frontend.mysql_port.to_string()),
    own("profiling", Kind::Choice(&["OFF", "0"]), "OFF"),
    told("protocol_version", ANY, "10"),
    counted("pseudo_thread_id", |cx| cx.session.id.to_string()),
    told("query_cache_size", ANY, "0"),
    told("query_cache_type", Kind::Text, "OFF"),
    own("query_mem_limit", ANY, "0"),
    own("query_timeout", Kind::Int(0, SECONDS_OF_A_YEAR), "0").honoured_by("queries"),
    told("read_only", Kind::Bool, "OFF"),
    own("resultset_metadata", Kind::Choice(&["FULL"]), "FULL"),
    told("server_id", ANY, "1"),
    own("session_track_gtids", Kind::Choice(&["OFF"]), "OFF"),
    own("session_track_schema", Kind::Bool, "OFF"),
    own("session_track_state_change", Kind::Bool, "OFF"),
    own("session_track_system_variables", Kind::Text, ""),
    own(
        "session_track_transaction_info",
        Kind::Choice(&["OFF"]),
        "OFF",
    ),
    told("skip_networking", Kind::Bool, "OFF"),
    told("socket", Kind::Text, ""),
    own("sql_auto_is_null", Kind::Bool, "OFF"),
    own("sql_big_selects", Kind::Bool, "ON"),
    own("sql_buffer_result", Kind::Bool, "OFF"),
    own("sql_log_bin", Kind::Bool, "OFF").session_only(),
    own("sql_log_off", Kind::Bool, "OFF"),
    own("sql_mode", Kind::SqlMode, SQL_MODE),
    own("sql_notes", Kind::Bool, "ON"),
    own("sql_quote_show_create", Kind::Bool, "ON"),
    own("sql_safe_updates", Kind::Bool, "OFF"),
    own("sql_select_limit", ANY, "18446744073709551615").honoured_by("queries"),
    own("sql_warnings", Kind::Bool, "OFF"),
    told("ssl_cipher", Kind::Text, ""),
    told("super_read_only", Kind::Bool, "OFF"),
    told("system_time_zone", Kind::Text, "").of(system_time_zone),
    own("time_zone", Kind::TimeZone, "SYSTEM").honoured_by("queries"),
    own("timestamp", Kind::Instant, "")
        .of(now)
        .session_only()
        .honoured_by("queries"),
    own("transaction_isolation", ISOLATION, "REPEATABLE-READ"),
    own("transaction_read_only", Kind::Bool, "OFF"),
    own("tx_isolation", ISOLATION, "REPEATABLE-READ"),
    own("tx_read_only", Kind::Bool, "OFF"),
    own("unique_checks", Kind::Bool, "ON"),
    told("version", Kind::Text, SERVER_VERSION),
    told("version_comment", Kind::Text, VERSION_COMMENT),
    told(
        "version_compile_machine",
        Kind::Text,
        std::env::consts::ARCH,
    ),
    told("version_compile_os", Kind::Text, std::env::consts::OS),
    own("wait_timeout", SECONDS, "28800").honoured_by("the MySQL listener"),
    counted("warning_count", |cx| cx.session.warnings.len().to_string()),
];

const SECONDS_OF_A_YEAR: u64 = 31_536_000;
const VERSION_COMMENT: &str = concat!("Quorate ", env!("CARGO_PKG_VERSION"));

fn count(cx: Context<'_>, level: &str) -> String {
    let of_level = cx.session.warnings.iter().filter(|w| w.level == level);
    of_level.count().to_string()
}

/// The statement's time, in seconds since 1970.
fn now(cx: Context<'_>) -> String {
    let ms = cx.view.now.wall_ms();
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}

/// A name that Java's and Go's time zones know: `UTC`, or the present offset.
fn system_time_zone(cx: Context<'_>) -> String {
    let now = chrono::DateTime::from_timestamp_millis(cx.view.now.wall_ms()).unwrap_or_default();
    let offset = Local.offset_from_utc_datetime(&now.naive_utc()).fix();
    match offset.local_minus_utc() {
        0 => "UTC".to_owned(),
        _ => format!("GMT{offset}"),
    }
}
