//! Every setting of a frontend, declared once: key, type, default, whether it can be set while running, and a sentence.
//!
//! ADMIN SHOW FRONTEND CONFIG, ADMIN SET FRONTEND CONFIG, the config file and the reference derive from this list.
//! A setting that nothing reads is not listed.

mod balancer;
pub mod file;

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::balancer::Balancer;
use crate::code::{Code, Coded};

/// Why a setting could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No setting has this key.
    #[error("unknown setting '{0}'; ADMIN SHOW FRONTEND CONFIG lists them")]
    Unknown(String),
    /// The setting is read at start only.
    #[error("setting '{0}' can't be changed while running; set it in the config file and restart")]
    Fixed(String),
    /// The value is not one the setting takes.
    #[error("setting '{key}' takes {kind}, not '{value}'")]
    Value {
        /// The setting.
        key: &'static str,
        /// What was given.
        value: String,
        /// The kind of value that it takes.
        kind: &'static str,
    },
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::Unknown(_) | Error::Fixed(_) => Code::CONFIG_UNKNOWN_OR_FIXED,
            Error::Value { .. } => Code::SET_CONFIG_FAILED,
        }
    }
}

/// One setting as ADMIN SHOW FRONTEND CONFIG shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Key.
    pub key: &'static str,
    /// Older names that are accepted as well.
    pub aliases: &'static [&'static str],
    /// Value in force.
    pub value: String,
    /// Kind of value: `long`, `double`, `boolean` or `String`.
    pub kind: &'static str,
    /// Whether it can be set while running.
    pub mutable: bool,
    /// What it does.
    pub doc: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident $([$($alias:literal),+])? : $ty:ty = $default:expr, $kind:literal, $mutable:literal;)+) => {
        /// The settings in force.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config { $($(#[doc = $doc])+ pub $key: $ty),+ }

        impl Default for Config {
            fn default() -> Config {
                Config { $($key: $default),+ }
            }
        }

        impl Config {
            /// Every setting, sorted by key.
            pub fn settings(&self) -> Vec<Setting> {
                let mut all = vec![$(Setting {
                    key: stringify!($key),
                    aliases: &[$($($alias),+)?],
                    value: self.$key.to_string(),
                    kind: $kind,
                    mutable: $mutable,
                    doc: concat!($($doc),+).trim_ascii(),
                }),+];
                all.sort_by_key(|s| s.key);
                all
            }

            /// Sets `key` (or one of its aliases) to `value` while running; gives the key's proper name.
            pub fn set(&mut self, key: &str, value: &str) -> Result<&'static str, Error> {
                $(if !$mutable && is(key, stringify!($key), &[$($($alias),+)?]) {
                    return Err(Error::Fixed(key.to_owned()));
                })+
                self.set_at_start(key, value)
            }

            /// Sets `key` (or one of its aliases) to `value` before the frontend starts; gives the key's proper name.
            pub fn set_at_start(&mut self, key: &str, value: &str) -> Result<&'static str, Error> {
                $(if is(key, stringify!($key), &[$($($alias),+)?]) {
                    self.$key = parse(stringify!($key), $kind, value)?;
                    return Ok(stringify!($key));
                })+
                Err(Error::Unknown(key.to_owned()))
            }
        }
    };
}

settings! {
    /// Seconds between heartbeats to each backend.
    heartbeat_interval_second: u64 = 5, "long", true;
    /// Seconds without an answer after which a heartbeat has failed.
    heartbeat_timeout_second: u64 = 5, "long", true;
    /// Failed heartbeats in a row after which a backend is taken for dead.
    heartbeat_retry_times: u64 = 3, "long", true;
    /// Seconds between full tablet reports of a backend.
    tablet_report_interval_second: u64 = 60, "long", true;
    /// Seconds between two rounds of the tablet checker (seed).
    tablet_sched_checker_interval_seconds: u64 = 20, "long", true;
    /// Copies for repair at once on each storage path; as many again for balance (seed).
    tablet_sched_slot_num_per_path ["schedule_slot_num_per_path"]: u64 = 2, "long", true;
    /// Tasks in the queue, and tasks that run, beyond which the checker queues no more.
    tablet_sched_max_scheduling_tablets ["max_scheduling_tablets"]: u64 = 10_000, "long", true;
    /// Moves for balance at once, waiting ones included.
    tablet_sched_max_balancing_tablets ["max_balancing_tablets"]: u64 = 100, "long", true;
    /// No tablet is moved for balance.
    tablet_sched_disable_balance ["disable_balance"]: bool = false, "boolean", true;
    /// What is evened out: be_load_score, the loads of backends alone; disk_and_tablet, then each partition and table as well.
    tablet_sched_balancer_strategy: Balancer = Balancer::DiskAndTablet, "String", true;
    /// Part of the mean load by which a backend's load must differ from it before tablets are moved.
    tablet_sched_balance_load_score_threshold ["balance_load_score_threshold"]: f64 = 0.1, "double", true;
    /// Disk use from which on only capacity counts for a backend's load (seed).
    capacity_used_percent_high_water: f64 = 0.75, "double", true;
    /// Seconds that repair waits for a lost backend: once for HIGH priority, twice for NORMAL, three times for LOW.
    tablet_sched_repair_delay_factor_second ["tablet_repair_delay_factor_second"]: u64 = 60, "long", true;
    /// Seconds that copying a tablet may take at least.
    tablet_sched_min_clone_task_timeout_sec ["min_clone_task_timeout_sec"]: u64 = 180, "long", true;
    /// Seconds that copying a tablet may take at most.
    tablet_sched_max_clone_task_timeout_sec ["max_clone_task_timeout_sec"]: u64 = 7200, "long", true;
    /// Seconds for which ADMIN REPAIR TABLE puts tablets first.
    admin_repair_hint_second: u64 = 14_400, "long", true;
    /// Bytes a second that one clone may fetch; 0 means no limit.
    clone_bytes_per_second: u64 = 0, "long", true;
    /// Percent of a disk above which it gets no replica, if it has less than the reserve free as well.
    storage_usage_soft_limit_percent ["storage_high_watermark_usage_percent"]: u64 = 90, "long", true;
    /// Free bytes below which a disk above the percent gets no replica.
    storage_usage_soft_limit_reserve_bytes ["storage_min_left_capacity_bytes"]: u64 = 200 << 30, "long", true;
    /// Percent of a disk above which a storage path is full, if it has less than the reserve free as well: nothing is copied to it.
    storage_usage_hard_limit_percent ["storage_flood_stage_usage_percent"]: u64 = 95, "long", true;
    /// Free bytes below which a storage path on a disk above the percent is full.
    storage_usage_hard_limit_reserve_bytes ["storage_flood_stage_left_capacity_bytes"]: u64 = 1 << 30, "long", true;
    /// A backend that is decommissioned and empty is removed.
    drop_backend_after_decommission: bool = true, "boolean", true;
    /// Hour of the day (UTC) at which background checks of content begin.
    consistency_check_start_time: u64 = 23, "long", true;
    /// Hour of the day (UTC) at which they end; the same hour switches them off.
    consistency_check_end_time: u64 = 4, "long", true;
    /// Seconds for which a checked tablet is not checked again in the background.
    consistency_check_cooldown_time_second: u64 = 86_400, "long", true;
    /// Seconds that a check of one tablet may take, at least.
    check_consistency_default_timeout_second: u64 = 600, "long", true;
    /// A replica whose content differs from what most replicas hold is repaired; otherwise it is only shown.
    consistency_repair_by_majority: bool = true, "boolean", true;
    /// Replicas of a table whose CREATE TABLE does not say.
    default_replication_num: u64 = 3, "long", true;
    /// Bytes a bucket should hold where buckets are automatic and bucket_size is not set.
    default_automatic_bucket_size: u64 = 1 << 30, "long", true;
    /// Seconds within which every backend must have created its tablets of a new table.
    tablet_create_timeout_second: u64 = 10, "long", true;
    /// Seconds after which a load that has not committed is aborted, where the load does not say.
    stream_load_default_timeout_second: u64 = 600, "long", true;
    /// Seconds after which a load that was prepared and not committed is aborted, where the load does not say.
    prepared_transaction_default_timeout_second: u64 = 86_400, "long", true;
    /// Milliseconds a publish waits for its slower replicas after the quorum is reached.
    quorum_publish_wait_time_ms: u64 = 5000, "long", true;
    /// Milliseconds that a load, a publish or a query waits for a backend that gives no answer once others suffice.
    silent_backend_wait_ms: u64 = 1000, "long", true;
    /// Seconds for which the label of an ended load is remembered.
    label_keep_max_second: u64 = 259_200, "long", true;
    /// Ended transactions that SHOW PROC '/transactions' lists at most, for each database.
    max_show_proc_transactions_entry: u64 = 2000, "long", true;
    /// Seconds between checkpoints of the journal.
    journal_checkpoint_interval_second: u64 = 300, "long", true;
    /// Records after which a checkpoint is made before its time.
    journal_checkpoint_records: u64 = 50_000, "long", true;
    /// Percent of the expected replicas that must have been reported before safe mode ends.
    safe_mode_replica_percent: u64 = 90, "long", true;
    /// Seconds after which safe mode ends in any case.
    safe_mode_max_second: u64 = 300, "long", true;
    /// Seconds for which a backend must have reported a replica that nobody knows before it is dropped.
    tablet_report_drop_tablet_delay_sec: u64 = 120, "long", true;
    /// HTTP connections at once, fewer where the process may open fewer files; those that have not shown a log-in have a half.
    http_connections_max: u64 = 4096, "long", false;
    /// HTTP connections of one peer that have not shown a log-in; the oldest goes when there is one more.
    http_connections_by_peer_max: u64 = 256, "long", false;
    /// Seconds that the head of an HTTP request may take, and that a connection may be idle; at least 30.
    http_head_timeout_second: u64 = 60, "long", false;
    /// Seconds for which the body of an HTTP call may stop growing.
    http_body_idle_timeout_second: u64 = 30, "long", false;
    /// Connections at once.
    max_connections: u64 = 4096, "long", true;
    /// Bytes of one packet, so of one statement, after log-in.
    max_allowed_packet: u64 = 64 << 20, "long", true;
    /// Seconds within which a client must have logged in.
    connect_timeout_second: u64 = 10, "long", true;
    /// Milliseconds that the next try waits at most after wrong passwords of the same user from the same address; 0 never waits.
    failed_login_delay_max_ms: u64 = 5000, "long", true;
    /// Prepared statements of one connection.
    max_prepared_stmt_count: u64 = 16_382, "long", true;
    /// Tokens of one statement.
    parse_tokens_limit: u64 = 3_500_000, "long", true;
    /// Operators in one chain such as `a AND b AND c`.
    expr_children_limit: u64 = 1000, "long", true;
    /// Bytes of memory that one query may use.
    query_mem_limit: u64 = 2 << 30, "long", true;
    /// Bytes of memory that all queries together may use; 0 means three quarters of process_mem_limit.
    queries_mem_limit: u64 = 0, "long", true;
    /// Bytes of memory that the sessions of all clients together may keep: statements as they come, prepared statements, their values,
    /// user variables; 0 means a quarter of process_mem_limit.
    sessions_mem_limit: u64 = 0, "long", true;
    /// Bytes of memory that the process may hold; 0 means four fifths of what the machine has.
    process_mem_limit ["mem_limit"]: u64 = 0, "long", true;
    /// Queries that run at once; further ones wait.
    max_running_queries ["query_queue_concurrency_limit"]: u64 = 256, "long", true;
    /// Milliseconds that a query waits for others to end before it is refused.
    query_queue_wait_ms: u64 = 10_000, "long", true;
    /// Milliseconds that planning a query may take.
    planning_time_limit_ms: u64 = 60_000, "long", true;
    /// Tables and subqueries of one query, its WITH clauses put in as often as they are named.
    query_relations_limit: u64 = 256, "long", true;
    /// Columns of one SELECT or ORDER BY (MySQL: 4096).
    query_columns_limit: u64 = 4096, "long", true;
    /// Columns of one GROUP BY.
    group_by_columns_limit: u64 = 256, "long", true;
    /// Names, operators and constants of one query, INSERT .. VALUES left out.
    query_expressions_limit: u64 = 500_000, "long", true;
    /// Seconds for which a dropped replica rests in its backend's trash.
    trash_file_expire_time_sec: u64 = 86_400, "long", true;
}

fn is(given: &str, key: &str, aliases: &[&str]) -> bool {
    given.eq_ignore_ascii_case(key) || aliases.iter().any(|a| given.eq_ignore_ascii_case(a))
}

fn parse<T: FromStr + Display>(
    key: &'static str,
    kind: &'static str,
    value: &str,
) -> Result<T, Error> {
    value.trim().parse().map_err(|_| Error::Value {
        key,
        value: value.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_set_by_key_without_case_and_refuses_nonsense() {
        let mut config = Config::default();
        assert_eq!(
            config.set("HEARTBEAT_interval_second", "1"),
            Ok("heartbeat_interval_second")
        );
        assert_eq!(config.heartbeat_interval_second, 1);
        assert!(matches!(
            config.set("heartbeat_interval_second", "-1"),
            Err(Error::Value { .. })
        ));
        assert!(matches!(config.set("no_such", "1"), Err(Error::Unknown(_))));
        assert_eq!(config.heartbeat_interval_second, 1);
    }
}
