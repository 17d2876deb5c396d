//! "InfluxDB Anti-Entropy API". A shard is a tablet, a retention policy is a table and its partition.

use super::Promise;

const LIST: &str =
    "http::shard_repair::tests::the_list_has_the_seeds_form_on_frontends_and_backends";
const LOCAL: &str = "http::shard_repair::tests::a_list_of_nothing_has_empty_lists_and_local_leaves_out_what_is_elsewhere";
const CALLS: &str =
    "http::shard_repair::tests::repairs_are_queued_and_cancelled_with_an_empty_answer";
const WRONG: &str = "http::shard_repair::tests::wrong_calls_are_told_apart";
const DOWN: &str = "http::shard_repair::tests::a_leader_that_is_not_ready_and_a_frontend_that_is_not_there_are_server_errors";
const TIMES: &str =
    "http::shard_repair::status::tests::bounds_of_time_become_nanoseconds_and_others_say_nothing";
const REPAIRED: &str = "leader::core::tests::content::what_differs_from_the_majority_is_made_anew_and_compared_again_also_after_a_restart";

/// Sentence by sentence, one a line.
#[rustfmt::skip]
pub const PROMISES: &[Promise] = &[
    ("The Anti-Entropy API is available from the meta nodes (here from frontends and from backends)", &[LIST, DOWN]),
    ("monitor and repair entropy in data nodes and their shards", &["sql::walk_tests::content::content_that_differs_is_listed_and_shown_at_the_replicas", REPAIRED, "it::cluster::healing::files::lost_and_cut_files_are_found_by_the_seeds_call_and_a_flipped_byte_by_content"]),
    ("The base URL is: http://localhost:8086/shard-repair", &[LIST]),
    ("GET /status: Lists shards that are in an inconsistent state and in need of repair", &[LIST]),
    ("local: Limits status check to local shards on the data node handling this request", &[LOCAL]),
    ("Accept: application/json; 200: Successful operation", &[LIST]),
    ("Example of server response value: shards, queued_shards, processing_shards", &[LIST, LOCAL]),
    ("POST /repair: Queues the specified shard for repair of the inconsistent state", &[CALLS, REPAIRED]),
    ("/repair, id: ID of shard to queue for repair, required, integer", &[WRONG]),
    ("/repair: 204 Successful operation, 400 Bad request, 500 Internal server error", &[CALLS, WRONG, DOWN]),
    ("POST /cancel-repair: Removes the specified shard from the repair queue on nodes", &[CALLS, "leader::core::tests::content::repairs::who_is_not_in_need_leaves_the_queue_and_who_is_not_begun_can_be_cancelled"]),
    ("/cancel-repair, id: ID of shard to remove from repair queue, required, integer", &[WRONG]),
    ("local: Only remove shard from repair queue on node receiving the request", &[CALLS]),
    ("/cancel-repair: 204 Successful operation, 400 Bad request, 500 Internal server error", &[CALLS, WRONG, DOWN]),
    ("ShardStatus: id, database, retention_policy, start_time, end_time, expires, status", &[LIST]),
    ("start_time and end_time are strings of nanoseconds", &[TIMES, LIST]),
    ("a shard in processing_shards is in queued_shards too, in the example", &[LIST]),
];
