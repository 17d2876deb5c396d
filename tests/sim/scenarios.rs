//! Incidents that other systems had (`peers` 6), as scenarios that ours must live through.
//!
//! Each was run on a core, or with backends, that had one bug put in which brings the incident back, and failed there:
//!
//! | incident | scenario | fails with this bug |
//! |---|---|---|
//! | 1 from A to B and back, and a late drop | `a_late_drop_..` | a backend drops whatever replica it has of the tablet (kept as a test: `a_backend_that_drops_without_looking_..`) |
//! | 2 decommission and loads, what was copied is deleted | `a_report_from_before_a_copy_..` | a report from before a copy ended counts against it |
//! | | `loads_go_on_while_..` | a replica that is behind counts as complete |
//! | 3 a check that timed out is stored as agreement | `a_check_that_timed_out_..` | those that have answered agree, so all do |
//! | and never made again | the same | one that timed out rests for ever |
//! | 4 "checksum failed" is not "bad" | `a_flipped_byte_..` | a digest that finds a wrong checksum marks nothing |
//! | 5 contents differ and repair refuses | `altered_rows_..` and two | a difference has no remedy |
//! | 6 the file gone, the metadata fine | `a_lost_segment_..` | the check does not look whether files are there |
//! | 7 a wrong disk, then the right one | `the_only_copies_are_there_again_..` | what a backend does not show is removed |
//! | 8 the less urgent starve | `urgent_ones_that_cannot_be_repaired_..` | those that rest use up the round |
//! | | `a_tablet_without_any_copy_..` | those that can't be carried out fill the queue; their priority never goes down |
//! | 8 the balancer stuck on one tablet | `a_tablet_that_cannot_be_moved_..` | the search begins at the first tablet each time |
//! | 9 endless retry | `what_cannot_be_repaired_..` and three | failures are not counted, and tried again at once |
//! | 9 an endless loop on an empty one | `an_empty_tablet_..` and many | a copy of no bytes counts as failed |
//! | 10 can never be queued again | `a_copy_that_fails_..` and one | the checker passes over tablets whose last task was given up |
//! | 11 decommission never ends | `a_backend_is_emptied_..` | each of: only paths of its own medium take a copy; empty tablets stay; it waits until its disks are empty |
//! | 12 a living copy goes, the dead count | `the_dead_copy_goes_..` and many | the dead count among those that stay |
//! | 13 a storm of clones after a restart | `when_everything_restarts_..` | there is no safe mode |
//! | 15 recovery with empty replicas | `when_all_copies_are_away_..` and three | where nothing can be copied, what is lost is given up |
//! | | `the_only_copy_is_kept_..` | a backend may give up any replica whose files are lost |
//! | 16 a time-out shorter than a big tablet needs | `a_big_tablet_..` | the time-out does not follow the size |
//! | 17 RUNNING for ever | `a_copy_that_fails_..` and four | a copy that failed leaves its task RUNNING |
//! | 18 the next one is stopped too soon | `a_rolling_restart_..` | a replica that is behind counts as complete |
//! | | `a_quick_rolling_restart_..` | ADMIN WAIT does not ask whether it has heard of every backend since |
//! | 19 a repair of what is hot is ignored | `a_repair_that_is_asked_for_..` | each of: it is not queued while a load runs; checks wait until none does |
//! | 20 moves and undone moves | `balance_moves_no_tablet_twice_..` | moves under way do not count, and may be taken back |
//!
//! The incidents of walks, and what was found in other systems later, with the seeds from 0 on until random runs caught the bug as
//! well. A dash: not within 290 (150 for the disk that hangs).
//!
//! | incident | scenario | fails with this bug | seeds |
//! |---|---|---|---|
//! | dropped with two dead | `the_last_of_three_..`, `the_last_copy_is_condemned_..` | DROP BACKEND asks only whether a tablet has another replica | 21 |
//! | | the same | the dead are counted on | - |
//! | added again, and thrown away | `a_copy_that_was_removed_..` | what is not in the catalog is dropped after its delay | 250 |
//! | | `a_dropped_backend_that_..`, `a_copy_that_was_removed_..` | a stranger is never adopted | 250 |
//! | | the same | one that is adopted keeps its id, and is hit by a late order | 39 |
//! | decommission on shared hosts (starrocks#8515, doris#9422) | `a_backend_is_emptied_beside_..` | the first replica of a host counts, whoever leaves | 172 |
//! | | `the_backend_of_a_host_that_others_..` | the host of one that leaves is counted on | - |
//! | | the same | copies never share a host | 11 |
//! | loads fail in the hand-over | `a_backend_is_emptied_where_..`, `two_backends_..` | what is marked to go is not written | 65 |
//! | | four of `handover`, two of `loads` | what is marked to go does not count for the quorum | 4 |
//! | a node under a second name | `a_second_name_..` and two | whoever answers is who was asked | 7 |
//! | | `a_second_name_..` | it has moved though it answers where it was | 104 |
//! | a node under a new address (doris#22700) | `a_node_under_another_address_..` | ADD does not see who it is | 37 |
//! | | the same | MODIFY gives it a new id | 3 |
//! | a copy of a storage path beside its original | `a_copy_of_a_storage_path_..` | both are taken in | 12 |
//! | | the same | who answers first after a restart is taken in (found) | - |
//! | the wall clock jumps | `wall_clocks_that_jump_..` | moments are compared, or subtracted, by the wall clock | 10 |
//! | | the same | time for which nobody ran counts | 213 |
//! | a backend hangs | `a_load_is_seen_soon_..` | it is waited for until its calls end | - |
//! | a disk hangs, its process does not | `a_disk_that_hangs_..` | a load waits for every publish | - |
//! | a full disk is asked again and again | `a_disk_that_refuses_copies_..` | what it refused is not remembered | - |
//! | | the same, `mend` | what it refused is remembered for good (found) | 5 |
//! | | `what_is_behind_on_a_full_disk_is_made_anew_..` | a replica stays where it is behind | - |
//!
//! Seeds do not find what needs the last copies to be lost for good, for then they could not tell the loss from the fault: in random
//! runs those that are dead, or were dropped by force, come back in the end.
//!
//! 14 (a listing holds a lock, and heartbeats are late) has none: the core is one thread without locks, and what is listed is
//! a snapshot that no writer waits for (`quorate::view`), which `tidy` keeps so. How long a step takes, which does delay
//! heartbeats, is measured by the benchmark `heal`.
//!
//! [`restored`] is about a frontend that took over with an older journal. It fails where versions beyond the journal count as bad,
//! where a load may be given one of them, and where ids go on from the old journal.
//!
//! [`accepted`] is about data that is lost for good. It fails where the replica that lost least is not the one that goes on, and where
//! the others are believed afterwards.
//!
//! [`full`] is about disks without room, which a walk found to be asked again and again.
//!
//! [`handover`] is about loads while copies leave one backend for another, whatever the quorum and however hosts are shared.
//!
//! [`loads`] are incidents of our own: what random seeds found, each with the rule that was made against it.

mod accepted;
mod content;
mod copies;
mod decommission;
mod full;
mod handover;
mod identity;
mod loads;
mod lost;
mod moves;
mod queue;
mod restarts;
mod restored;
