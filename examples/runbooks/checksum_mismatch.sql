-- Replicas of a tablet are at the same version and hold different rows. Nothing fails; a query answers this or that,
-- depending on the replica that it reads. (The test alters one replica first.)
--
--   sed 's/<tablet>/13000/' checksum_mismatch.sql | quorate sql -
--
-- The tablets that are known to differ: the background check looks at each once a day, in the window of
-- consistency_check_start_time and consistency_check_end_time.
SHOW PROC '/statistic';
SHOW SHARD REPAIR;
-- Checks one now: every replica computes a digest of its rows, whatever its files look like.
ADMIN CHECK TABLET <tablet> PROPERTIES ("type" = "consistency");
-- Where more than half of the replicas agree, the others are bad and made anew from them (consistency_repair_by_majority).
-- Two replicas, or three different contents: nothing is touched. Compare the rows with their source, then
-- ADMIN SET REPLICA STATUS PROPERTIES ("tablet_id" = "..", "backend_id" = "..", "status" = "bad") for the wrong one.
ADMIN REPAIR TABLET <tablet>;
SHOW SHARD REPAIR;
ADMIN WAIT UNTIL HEALTHY FOR '1h';
SHOW SHARD REPAIR;
SHOW PROC '/statistic';
