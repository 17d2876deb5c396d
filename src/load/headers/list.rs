//! The list of the headers of a load.

use crate::load::headers::Effect::{Done, Nothing, Refused};
use crate::load::headers::{Effect, Header};

/// Values that leave a switch off.
const OFF: &[&str] = &["false", "0", "off", "none", "off_mode"];

const PARTIAL: &str =
    "rows are loaded whole; give every column, or leave those out that have a default";
const UNIQUE: &str = "tables keep every row that is loaded";
const SECOND_CALL: &str =
    "a load begins a transaction of its own; its second call is `PUT /api/{db}/_stream_load_2pc`";
const NOT_BUILT: &str =
    "compute it before the load, or in INSERT .. SELECT from a table of raw rows";

const fn header(names: &'static [&'static str], effect: Effect) -> Header {
    Header { names, effect }
}

/// Every header, those that are done first.
pub const ALL: &[Header] = &[
    header(&["label"], Done("names the load; a label is loaded once")),
    header(
        &["format"],
        Done("`csv` (without it), `csv_with_names`, `json`, `parquet`"),
    ),
    header(
        &["compression", "compress_type", "content-encoding"],
        Done("how the body is compressed: `gzip`, `zstd`, `lz4_frame`"),
    ),
    header(
        &["columns"],
        Done("names of the input's fields, in their order; a name that is no column is skipped"),
    ),
    header(
        &["partitions"],
        Done("rows may go to these partitions only"),
    ),
    header(&["timeout"], Done("seconds that the load may take")),
    header(
        &["two_phase_commit"],
        Done("`true` leaves the commit to a second call, `PUT /api/{db}/_stream_load_2pc`"),
    ),
    header(
        &["prepared_timeout"],
        Done("seconds that the load waits for that call"),
    ),
    header(
        &["max_filter_ratio"],
        Done("share of rows that may not fit, 0 to 1"),
    ),
    header(
        &["strict_mode"],
        Done("`false`: what is no value of a nullable column becomes NULL"),
    ),
    header(
        &["timezone", "time_zone"],
        Done(
            "zone in which an instant (`..Z`, `..+08:00`, Parquet) is shown; without it the server's",
        ),
    ),
    header(
        &["column_separator"],
        Done("CSV: 1 to 50 bytes between fields, `\\t` without it; `\\x01` and `0x01` are bytes"),
    ),
    header(
        &["row_delimiter", "line_delimiter"],
        Done("CSV: 1 to 50 bytes that end a row; without it any line end"),
    ),
    header(
        &["skip_header", "skip_lines"],
        Done("CSV: rows to skip at the start"),
    ),
    header(
        &["enclose"],
        Done("CSV: byte around fields that hold separators; doubled it is itself"),
    ),
    header(
        &["escape"],
        Done("CSV: byte before one that is to be taken as it is"),
    ),
    header(
        &["trim_space"],
        Done("CSV: `true` drops blanks around fields, outside of `enclose`"),
    ),
    header(
        &["trim_double_quotes"],
        Done("CSV: `true` drops the double quotes around a field"),
    ),
    header(
        &["null_marker"],
        Done("CSV: a text that means NULL, beside `\\N`"),
    ),
    header(
        &["empty_field_as_null"],
        Done("CSV: `true` takes an empty field for NULL"),
    ),
    header(
        &["strip_outer_array"],
        Done("JSON: `true` takes the elements of an array for rows"),
    ),
    header(
        &["jsonpaths"],
        Done("JSON: a path for each field, `[\"$.a\", \"$.b[0].c\"]`"),
    ),
    header(
        &["json_root"],
        Done("JSON: the path of what holds the row or the array of rows"),
    ),
    header(
        &["where"],
        Refused(
            &[],
            "leave the rows out before the load, or load them and use INSERT .. SELECT .. WHERE",
        ),
    ),
    header(&["merge_type"], Refused(&["append"], UNIQUE)),
    header(&["delete"], Refused(&[], UNIQUE)),
    header(&["merge_condition"], Refused(&[], UNIQUE)),
    header(&["negative"], Refused(OFF, NOT_BUILT)),
    header(
        &["partial_update", "partial_columns"],
        Refused(OFF, PARTIAL),
    ),
    header(&["unique_key_update_mode"], Refused(&["upsert"], PARTIAL)),
    header(
        &[
            "function_column.sequence_col",
            "function_column.sequence_type",
            "source_sequence",
        ],
        Refused(&[], UNIQUE),
    ),
    header(&["hidden_columns"], Refused(&[], UNIQUE)),
    header(
        &[
            "txn_id",
            "txn_operation",
            "transaction_type",
            "channel_id",
            "channel_num",
        ],
        Refused(&[], SECOND_CALL),
    ),
    header(
        &["temporary_partitions", "use_temp_partition"],
        Refused(
            OFF,
            "there are no temporary partitions; load into a new table",
        ),
    ),
    header(
        &["sql"],
        Refused(&[], "send the statement over the MySQL protocol"),
    ),
    header(
        &["read_json_by_line"],
        Nothing("objects may stand on lines of their own, or not"),
    ),
    header(&["num_as_string"], Nothing("a number keeps all its digits")),
    header(
        &["fuzzy_parse"],
        Nothing("keys are found whatever their order"),
    ),
    header(
        &["ignore_json_size"],
        Nothing("an object is limited, a body is not"),
    ),
    header(
        &["group_commit", "group_commit_mode"],
        Nothing("each load is committed before it is answered"),
    ),
    header(
        &[
            "enable_merge_commit",
            "merge_commit_async",
            "merge_commit_interval_ms",
            "merge_commit_parallel",
        ],
        Nothing("each load is committed before it is answered"),
    ),
    header(
        &["partial_update_mode", "partial_update_new_key_behavior"],
        Nothing("only with `partial_update`, which is refused"),
    ),
    header(
        &["load_to_single_tablet"],
        Nothing("where a row goes is decided by its key"),
    ),
    header(
        &["load_mem_limit", "exec_mem_limit"],
        Nothing("memory of a load is bounded"),
    ),
    header(
        &[
            "load_dop",
            "send_batch_parallelism",
            "load_stream_per_node",
            "transmission_compression_type",
        ],
        Nothing("the way to the backends is the server's"),
    ),
    header(
        &["enable_replicated_storage", "memtable_on_sink_node"],
        Nothing("every replica is written"),
    ),
    header(
        &["log_rejected_record_num"],
        Nothing("the first 100 rows that do not fit are kept"),
    ),
    header(
        &["idle_transaction_timeout"],
        Nothing("a load has a `timeout`, idle or not"),
    ),
    header(
        &["enable_profile"],
        Nothing("there are no profiles of loads"),
    ),
    header(
        &[
            "warehouse",
            "compute_group",
            "cloud_cluster",
            "workload_group",
        ],
        Nothing("there is one"),
    ),
    header(&["comment"], Nothing("it is not kept")),
    header(
        &["db", "table", "user"],
        Nothing("the path and the login say it"),
    ),
];
