-- Files of replicas are gone or cut short, although the metadata is fine. Queries go on with the other replicas, and the
-- backend log says which file it misses. (The test deletes and cuts files first.)
--
-- What is lost, on all backends. On one: ON BACKEND "host:port", or curl http://host:port/api/check_tablet_segment_lost.
ADMIN CHECK TABLET SEGMENTS;
-- Nothing has been done yet. REPAIR marks what was found as bad, so that it is copied from another replica. It leaves
-- alone (Kept) what no other replica could give back: there it is better to have most of the rows.
ADMIN CHECK TABLET SEGMENTS REPAIR;
ADMIN WAIT UNTIL HEALTHY FOR '1h';
-- Nothing, or only what is Kept. For that: restore the files from a backup, or give up the rows with TRUNCATE.
ADMIN CHECK TABLET SEGMENTS;
SELECT TabletId, Status, SrcBe, DestBe, Finished FROM sys.history_tablets ORDER BY Finished DESC LIMIT 10;
-- A file that has the right length and a wrong byte is not found by this, but by checksum_mismatch.sql.
SHOW PROC '/statistic';
