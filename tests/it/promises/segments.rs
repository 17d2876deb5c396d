//! "Check All Tablet Segment Lost" (Doris).

use super::Promise;

const FILES: &str = "it::cluster::healing::files::lost_and_cut_files_are_found_by_the_seeds_call_and_a_flipped_byte_by_content";
const KEPT: &str = "it::cluster::healing::files::the_last_copy_is_kept_listed_and_said_so";

/// Sentence by sentence, one a line.
#[rustfmt::skip]
pub const PROMISES: &[Promise] = &[
    ("GET /api/check_tablet_segment_lost?repair={bool}", &[FILES]),
    ("segment to be lost on BE node. However, the metadata shows that the tablet is normal", &[FILES, "backend::tests::reads::a_lost_file_makes_the_replica_bad_and_is_seen_at_a_start"]),
    ("This abnormal replica is not detected by FE and cannot be automatically repaired (here it is)", &["leader::core::tests::content::lost_files::lost_segments_are_looked_for_everywhere_and_believed_at_once", "backend::tests::reads::a_lost_file_makes_the_replica_bad_and_is_seen_at_a_start"]),
    ("When query comes, exception information is thrown (here the query takes another replica)", &["it::cluster::healing::wiped::replicas_of_a_wiped_storage_path_are_made_anew_whole", "system::scan::tests::failover::a_broken_stream_goes_on_from_the_row_that_was_reached"]),
    ("check all tablets on the current BE node that have lost segment", &[FILES]),
    ("`true`: tablets with lost segment will be set to SHUTDOWN status and treated as bad replica", &[FILES, KEPT]),
    ("which can be detected and repaired by FE", &[FILES]),
    ("`false`: all tablets with missing segment are returned and nothing is done", &[FILES]),
    ("Request body: None", &[FILES]),
    ("The return is all tablets on the current BE node that have lost segment", &[FILES, KEPT]),
    ("status, msg, num, bad_tablets, set_bad, host", &[FILES]),
    ("curl http://127.0.0.1:8040/api/check_tablet_segment_lost?repair=false", &[FILES]),
];
