//! "Manage replica" (StarRocks).

use super::Promise;

const DEAD: &str = "it::cluster::healing::dead_backend::a_killed_backend_is_replaced_under_loads_and_queries_and_its_return_costs_nothing";
const LAGGING: &str =
    "it::cluster::healing::lagging::a_backend_that_missed_three_loads_gets_only_what_it_lacks";
const WIPED: &str =
    "it::cluster::healing::wiped::replicas_of_a_wiped_storage_path_are_made_anew_whole";
const WALK: &str =
    "it::cluster::healing::walk::the_walk_of_the_seed_from_the_statistic_to_the_history";
const RESTART: &str = "it::cluster::healing::frontend::a_frontend_that_dies_in_the_middle_of_repairs_finishes_them_after_its_return";
const QUORUM: &str =
    "it::cluster::quorum::majority_survives_one_death_and_says_which_tablets_are_behind";
const ALL_ONE: &str = "it::cluster::quorum::all_refuses_and_leaves_nothing_and_one_needs_one";
const DEFAULTS: &str = "it::promises::the_defaults_are_those_of_the_seeds";
const SLT: &str = "it::slt::every_file_gets_the_answers_that_it_expects";
const GRAMMAR: &str =
    "it::grammar::sentences_of_each_grammar_are_read_and_print_back_to_equal_statements";
const HEADERS: &str = "sql::seed_headers::headers_begin_with_the_seeds_columns_in_its_order";
const CELLS: &str = "rows::tests::sizes_and_percentages_print_as_in_the_seed";
const HEALTH: &str = "tablet::health::tests::the_first_rule_that_fits_decides";
const LOST: &str = "leader::core::tests::healing::a_lost_replica_is_made_anew_elsewhere_after_the_delay_and_what_comes_back_goes";
const BEHIND: &str = "leader::core::tests::healing::a_replica_that_is_behind_is_brought_forward_where_it_is_without_delay";
const HINT: &str = "leader::core::tests::healing::a_hint_puts_a_partition_first_for_hours_and_is_gone_when_all_is_well";
const SAMPLE: &str = "leader::core::tests::healing::a_task_that_never_finds_a_source_goes_down_from_high_to_low_as_the_seed_shows";
const TASKS: &str = "sql::walk_tests::healing::tasks_that_run_and_have_ended_show_their_copying";
const WAITING: &str =
    "sql::walk_tests::healing::tasks_that_wait_are_listed_in_the_order_in_which_they_are_tried";
const STATISTIC: &str = "sql::walk_tests::tablets::statistic_counts_and_names_unhealthy_tablets";
const STATUS: &str = "sql::walk_tests::tablets::replica_status_follows_the_rules";
const DETAIL: &str = "sql::walk_tests::tablets::the_detail_command_of_a_tablet_shows_its_replicas";
const LISTED: &str = "sql::walk_tests::tablets::tablets_of_a_table_are_listed_and_filtered";
const GRAPH: &str = "sql::statements::admin_show_replica_distribution::tests::graph_and_percent_are_those_of_the_seed";
const SPREAD: &str = "tablet::placement::tests::replicas_go_round_the_backends_on_distinct_hosts";
const INCREMENTAL: &str = "backend::tests::clones::only_the_missing_versions_are_fetched_and_a_compacted_source_fills_the_hole_as_well";
const FULL: &str =
    "backend::tests::clones::a_new_replica_gets_everything_and_reads_like_its_source";
const ARRIVES: &str =
    "backend::tests::clones::a_version_that_arrives_during_a_clone_is_neither_missed_nor_doubled";
const SCORES: &str = "tablet::load::tests::scores_of_a_cluster_computed_by_hand";
const HALF: &str =
    "tablet::load::tests::scores_at_half_full_between_at_the_high_water_and_above_it";
const WEIGHT: &str =
    "tablet::load::tests::the_weight_of_disk_use_grows_smoothly_between_half_and_high_water";
const MEDIUM: &str =
    "tablet::balance::tests::a_tablet_stays_on_its_medium_and_each_medium_is_balanced_for_itself";
const MOVES: &str =
    "tablet::balance::tests::new_backends_are_filled_with_hardly_more_moves_than_are_needed";
const SLOTS: &str = "leader::core::tests::healing::pace::a_path_copies_two_tablets_at_once_at_either_end_until_the_setting_says_more";
const LANES: &str = "leader::core::tests::healing::pace::repair_leaves_the_slots_of_balance_alone";
const MINUTE: &str = "leader::core::tests::healing::pace::loads_are_measured_every_minute";
const EVERY_20: &str = "leader::core::tests::healing::pace::the_checker_looks_every_twenty_seconds";

/// Sentence by sentence, one a line.
#[rustfmt::skip]
pub const PROMISES: &[Promise] = &[
    // Overview
    ("specify the replica count of the table using the table property `replication_num`", &["sql::statements::create_table::tests::the_clauses_become_a_definition", SLT]),
    ("(Default value: `3`)", &[DEFAULTS]),
    ("data is simultaneously loaded into the specified number of replicas", &["load::coordinator::tests::every_replica_gets_the_same_rows_each_in_the_bucket_that_its_hash_names"]),
    ("success only after the data is stored in the majority of replicas", &[QUORUM, "leader::core::tests::loads::below_the_quorum_a_load_is_aborted_and_the_error_names_tablet_got_and_needed"]),
    ("allows you to specify a lower write quorum for a table", &[ALL_ONE]),
    ("StarRocks stores multiple replicas across different BE nodes", &[SPREAD, "tablet::balance::tests::replicas_of_a_tablet_never_come_to_one_host"]),
    ("three replicas for a table, you must deploy at least three BE nodes", &["leader::core::tests::statements::more_replicas_than_backends_are_refused_with_the_living_ones_named"]),
    ("clones a healthy replica, partially or wholly, from another BE node", &[INCREMENTAL, FULL, LAGGING, WIPED]),
    ("accelerates the repairing of the replica by duplicating the physical copies", &[FULL, ARRIVES]),
    // Loading data into a multi-replica table
    ("The client submits a loading request to FE", &["http::load_calls::tests::redirects::a_loader_is_sent_to_a_live_backend_or_told_why_not"]),
    ("FE chooses a BE node as the Coordinator BE node", &["http::load_calls::tests::redirects::a_loader_is_sent_to_a_live_backend_or_told_why_not", "http::load_calls::tests::a_coordinator_begins_commits_and_aborts_through_the_leader"]),
    ("The Coordinator BE node reads the data to be loaded from the client", &["it::cluster::runbooks::the_walk_of_the_readme"]),
    ("dispatches the data to all the replicas of tablets", &["load::coordinator::tests::every_replica_gets_the_same_rows_each_in_the_bucket_that_its_hash_names"]),
    ("A table has multiple tablets, and each tablet has replication_num replicas", &[LISTED, "leader::core::tests::statements::a_table_is_there_when_every_backend_has_its_tablets"]),
    ("The number of tablets in a table is determined by the `bucket_size` property", &["leader::core::tests::statements::a_new_partition_gets_the_buckets_that_bucket_size_asks_for", "tablet::placement::buckets::tests::sized_buckets_hold_what_there_is", SLT]),
    ("FE makes the loaded data visible", &["leader::core::tests::loads::a_load_that_all_replicas_hold_is_visible_and_costs_no_laggard", "leader::core::tests::loads::versions_are_given_out_at_once_and_seen_in_their_order"]),
    ("FE returns loading success to the client", &["it::cluster::runbooks::the_walk_of_the_readme", "leader::core::tests::loads::nothing_is_answered_or_sent_before_its_record_is_durable"]),
    ("guarantees service availability even under extreme scenarios", &["it::cluster::crash::everything_is_killed_under_load", "it::cluster::quorum::a_death_in_the_middle_of_a_load_and_of_queries_is_not_seen_by_clients", DEAD, "leader::core::tests::loads::a_load_whose_coordinator_is_gone_is_given_up_and_its_label_is_free"]),
    // Write quorum
    ("the minimum number of replicas that need to acknowledge a write operation", &["leader::core::tests::loads::below_the_quorum_a_load_is_aborted_and_the_error_names_tablet_got_and_needed"]),
    ("`write_quorum` when you CREATE TABLE, or add this property to an existing table using ALTER TABLE", &[ALL_ONE, SLT]),
    ("`MAJORITY`: Default value. When the majority of data replicas return loading success", &[QUORUM]),
    ("`ONE`: When one of the data replicas returns loading success", &[ALL_ONE]),
    ("`ALL`: When all of the data replicas return loading success", &[ALL_ONE]),
    // Automatic replica repair
    ("Replicas can fail because certain BE nodes crash or some loading tasks fail", &[DEAD, LAGGING]),
    ("Every `tablet_sched_checker_interval_seconds`, default 20 seconds", &[DEFAULTS, EVERY_20]),
    ("Tablet Checker in FE scans all tablet replicas of all tables", &["leader::core::tests::statements::wanted_replicas_change_the_health_of_tablets_at_once", "sim::nothing_acknowledged_is_lost_whatever_fails"]),
    ("judges if a replica is healthy by checking the version number of the currently visible data and the health status of the BE node", &[HEALTH, "tablet::health::tests::a_replica_that_is_behind_or_bad_does_not_count"]),
    ("visible version of a replica lags behind those of the other replicas, StarRocks performs an incremental clone", &[BEHIND, LAGGING]),
    ("BE node fails to receive heartbeats or is dropped from the cluster (full clone)", &[LOST, DEAD, "it::leader::heartbeat::silence_is_told_after_the_time_limit"]),
    ("too lagged to be repaired by an incremental clone, StarRocks performs a full clone", &["backend::tests::clones::rowsets_that_do_not_line_up_are_replaced_whole", "backend::tests::clones::a_damaged_replica_is_filled_anew_and_its_files_rest"]),
    ("FE generates a tablet scheduling task, and adds the task to the scheduling task queue", &[LOST, WAITING]),
    ("Tablet Scheduler in the FE receives the scheduling task from the queue, creates clone tasks", &[LOST, BEHIND]),
    ("assigns the tasks to the executor BE nodes", &[LOST]),
    ("copying data from a source BE node (which has a healthy replica), and loading the data into the destination BE node", &[FULL, "backend::tests::clone_breaks::a_wrong_file_of_the_source_is_refused_and_reported"]),
    ("assigns an incremental clone task to the BE executor that stores the failed replica", &[BEHIND, INCREMENTAL]),
    ("informs the executor BE node from which peer BE node it can find a healthy replica", &["leader::core::tests::healing::a_copy_whose_source_dies_is_taken_from_another_and_one_that_never_ends_is_given_up", "it::cluster::healing::sources::a_clone_whose_source_dies_half_way_is_taken_from_another"]),
    ("chooses a surviving BE node as the executor BE node, creates an empty replica in the BE node, and assigns a full clone task", &[LOST, FULL, "sql::walk_tests::explain::the_verdict_stands_first_and_every_backend_follows_in_both_roles"]),
    ("duplicates the physical data files from a healthy replica, and then updates its metadata accordingly", &[FULL, "backend::tests::clone_crash::death_at_any_point_of_a_clone_leaves_whole_replicas_only"]),
    ("the executor BE node reports task success to Tablet Scheduler in FE", &[LOST, TASKS]),
    ("After removing the redundant tablet replicas, FE updates its metadata", &[LOST, "backend::tests::loads::dropped_replicas_rest_and_only_the_right_one_is_dropped", DEAD]),
    ("During tablet repair, StarRocks can still execute queries", &[DEAD, WIPED]),
    ("can load data into the table as long as the number of healthy replicas satisfies `write_quorum`", &[DEAD, ARRIVES, "leader::core::tests::loads::dead_backends_are_no_part_of_a_plan_and_too_few_living_ones_refuse_it"]),
    // Check replica status
    ("SHOW PROC '/statistic'", &[STATISTIC, HEADERS, WALK]),
    ("`UnhealthyTabletNum`: indicates the number of unhealthy tablets", &[STATISTIC, QUORUM]),
    ("`InconsistentTabletNum`: indicates the number of tablets whose replicas are inconsistent", &["sql::walk_tests::content::content_that_differs_is_listed_and_shown_at_the_replicas"]),
    ("you can check the unhealthy tablets in the database with its `DbId`", &[STATISTIC, WALK]),
    ("The ID of the unhealthy tablet is returned in the field `UnhealthyTablets`", &[STATISTIC, QUORUM, WALK]),
    ("WHERE clause in ADMIN SHOW REPLICA STATUS to filter the tablets with a certain `STATUS`", &[STATUS, SLT]),
    ("ADMIN SHOW REPLICA STATUS FROM, PARTITION, WHERE STATUS OK, DEAD, VERSION_ERROR, SCHEMA_ERROR, MISSING", &[GRAMMAR, STATUS, HEADERS]),
    ("If the field `IsBad` is `true`, this tablet is corrupted", &[STATUS, "backend::tests::reads::a_wrong_file_makes_the_replica_bad_for_good"]),
    ("You can further explore the details of tablets in the table using SHOW TABLET", &[LISTED, WALK]),
    ("The returned results show the size, row count, version, and URL of the tablets", &[LISTED, HEADERS, "backend::tests::reads::the_urls_of_operators_answer"]),
    ("the field `State` indicates the task state of the tablet, including `CLONE`", &[WALK, LOST]),
    ("check the replica distribution of a specific table or partition", &["sql::walk_tests::tablets::distribution_counts_replicas_of_every_backend", GRAMMAR]),
    ("number of tablet replicas on each BE node, and their corresponding percentages", &[GRAPH, CELLS]),
    ("With the `TabletId` of the unhealthy tablets, you can examine the replica statues of them", &[DETAIL, WALK]),
    ("information about the database, table, partition, and index (Rollup) of the tablet", &[DETAIL, HEADERS]),
    ("You can copy the SQL statement in the field `DetailCmd`", &[DETAIL, WALK]),
    ("The returned results show all the replicas of the tablet", &[DETAIL, HEADERS]),
    // Set replica priority level
    ("automatically assigns a different priority level to each different type of clone task", &[HEALTH, SAMPLE]),
    ("manually assign a `VERY_HIGH` priority level to them using ADMIN REPAIR TABLE", &[HINT, WALK]),
    ("ADMIN REPAIR TABLE table PARTITION (p1, p2)", &[GRAMMAR, SLT]),
    ("only submits a hint; It does not guarantee that these tablets can be successfully repaired", &[WALK, SAMPLE]),
    ("might still assign different priority levels to these tablets after you execute this", &[SAMPLE]),
    ("When the Leader FE node is changed or restarted, the hint this SQL statement submitted expires", &[RESTART]),
    ("You can cancel this operation using ADMIN CANCEL REPAIR TABLE", &[WALK, SLT, GRAMMAR]),
    // Replica balancing
    ("StarRocks automatically balances the tablets across BE nodes", &[MOVES, "tablet::balance::tests::chance::from_any_start_it_ends_and_nothing_is_undone", "sim::large::added_backends_are_filled_with_no_more_moves_than_that_needs"]),
    ("first creates a replica of the tablet in the low-load node, and then drops the corresponding replica on the high-load node", &["leader::core::tests::healing::pace::a_move_makes_the_new_replica_before_the_old_one_goes"]),
    ("categorizes all the BE nodes in accordance with the storage medium types", &["tablet::load::tests::each_medium_has_its_own_means_and_a_backend_with_both_the_mean_of_its_scores"]),
    ("moves the tablet across the BE nodes of the same storage medium type whenever possible", &[MEDIUM, "backend::tests::clone_calls::a_replica_comes_to_the_path_that_was_named_or_to_its_medium"]),
    ("Replicas of the same tablet are stored on different BE nodes", &[SPREAD, "tablet::balance::tests::replicas_of_a_tablet_never_come_to_one_host"]),
    // BE load
    ("shows the load statistics of each BE node in the cluster using `ClusterLoadStatistics`", &["sql::walk_tests::healing::loads_and_slots"]),
    ("triggers the replica balancing based on `ClusterLoadStatistics`", &[MOVES]),
    ("evaluates the disk utilization and the replica count of each BE node and calculates a `loadScore`", &[SCORES]),
    ("The higher the `loadScore` of a BE node, the higher the load the node has", &[SCORES, MOVES]),
    ("updates `ClusterLoadStatistics` every one minute", &[MINUTE]),
    ("The sum of `capacityCoefficient` and `replicaNumCoefficient` is one", &[SCORES, WEIGHT]),
    ("`capacityCoefficient` is dynamically adjusted according to the actual disk usage", &[WEIGHT]),
    ("below 50%, the `capacityCoefficient` value is 0.5", &[HALF, WEIGHT]),
    ("above 75%, the value is 1", &[HALF, WEIGHT]),
    ("configure this limit via the FE configuration item `capacity_used_percent_high_water`", &[WEIGHT, DEFAULTS]),
    ("capacityCoefficient= 2 * Disk utilization - 0.5", &[HALF, WEIGHT]),
    ("when the disk usage is exceedingly high, the `loadScore` of this BE node gets higher", &[HALF, "tablet::balance::tests::one_new_backend_among_many_is_filled_and_one_that_is_overfull_relieved"]),
    // Balancing policy
    ("selects a certain number of healthy tablets as the candidate tablets to be balanced through Load Balancer", &["tablet::balance::tests::nothing_is_picked_while_it_is_switched_off_in_safe_mode_or_beyond_the_limit", MOVES]),
    ("Next time when scheduling tablets, Tablet Scheduler balances these healthy tablets", &["tablet::balance::tests::what_has_changed_since_the_pick_ends_the_move_with_its_reason", "leader::core::tests::healing::pace::a_move_makes_the_new_replica_before_the_old_one_goes"]),
    // Check tablet scheduling tasks
    ("tablet scheduling tasks that are pending, running, and finished", &[WAITING, TASKS, WALK]),
    ("SHOW PROC '/cluster_balance/pending_tablets'", &[WAITING, HEADERS, SAMPLE]),
    ("`TabletId`: A scheduled task is only for one tablet", &[WAITING, "sql::walk_tests::healing::below_a_task_are_the_replicas_of_its_tablet"]),
    ("`Type`: REPAIR and BALANCE", &[TASKS, WAITING]),
    ("`Status`: the current status of the tablet, such as REPLICA_MISSING", &[WAITING, WALK]),
    ("`State`: PENDING, RUNNING, FINISHED, CANCELLED, TIMEOUT, and UNEXPECTED", &[TASKS, WAITING, "leader::core::tests::healing::a_copy_whose_source_dies_is_taken_from_another_and_one_that_never_ends_is_given_up"]),
    ("`OrigPrio`: the original priority of the task", &[SAMPLE, WALK]),
    ("`DynmPrio`: the current priority of the task after the dynamic adjustment", &[SAMPLE, WALK]),
    ("`SrcBe`, `SrcPath`: the source BE node and the hash value of its path", &[TASKS, WALK]),
    ("`DestBe`, `DestPath`: the destination BE node and the hash value of its path", &[TASKS, WALK]),
    ("`Timeout`: the timeout of the task when the task is scheduled successfully. Unit: second", &[TASKS, WALK]),
    ("`Create`, `LstSched`, `LstVisit`, `Finished`: when", &[TASKS, WAITING]),
    ("`Rate`: the rate at which the data is cloned", &[TASKS, WALK]),
    ("`FailedSched`: the number of task scheduling failures", &[SAMPLE]),
    ("`FailedRunning`: the number of task execution failures", &[TASKS, "it::cluster::healing::sources::a_clone_whose_source_dies_half_way_is_taken_from_another"]),
    ("`LstAdjPrio`: the time when the task priority was adjusted most recently", &[SAMPLE]),
    ("`CmtVer`, `CmtVerHash`, `VisibleVer`, and `VisibleVerHash`", &[WAITING, HEADERS]),
    ("`ErrMsg`: the error message that occurs when the task is scheduled and running", &[SAMPLE, WALK, "tablet::explain::tests::every_reason_has_a_ruling_and_those_that_need_somebody_have_a_statement"]),
    ("running_tablets: identical to those of the pending tasks", &[TASKS, HEADERS]),
    ("history_tablets: If the `State` of the task is `FINISHED`, the task is completed successfully", &[TASKS, WALK, HEADERS]),
    ("If not, please check the `ErrMsg` field for the cause of the task failure", &["leader::core::tests::healing::a_copy_whose_source_dies_is_taken_from_another_and_one_that_never_ends_is_given_up"]),
    // Resource control
    ("sets a concurrency limit on clone tasks for each BE node", &[SLOTS]),
    ("The minimum unit of resource control is a disk, which is a data storage path (`storage_root_path`)", &[SLOTS, "sql::walk_tests::healing::loads_and_slots"]),
    ("By default, StarRocks allocates two slots for each disk to process tablet repair tasks", &[DEFAULTS, SLOTS]),
    ("A clone task occupies one slot on the source BE node and one on the destination BE node", &[SLOTS]),
    ("If all the slots on a BE node are occupied, StarRocks stops scheduling tasks to the node", &[SLOTS]),
    ("increasing the value of the FE dynamic parameter `tablet_sched_slot_num_per_path`", &[SLOTS, DEFAULTS]),
    ("allocates two slots specifically for tablet balancing tasks", &[LANES]),
];
