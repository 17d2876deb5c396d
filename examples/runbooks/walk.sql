-- From "something is unhealthy" to the task that repairs it: the walk of the manual, statement by statement.
--
-- Fill in what you look for:
--   sed -e 's/<db>/11000/; s/<tablet>/13000/; s/demo.flights/my.table/; s/<detail>/the path in DetailCmd/' walk.sql | quorate sql -
--
-- 1. All tablets of the cluster. UnhealthyTabletNum counts those that are not healthy, InconsistentTabletNum those whose
--    replicas differ in content. Take the DbId of a line where one of them is not 0.
SHOW PROC '/statistic';
-- The unhealthy tablets of that database, by their ids.
SHOW PROC '/statistic/<db>';

-- 2. The replicas of a table that are not well. DEAD: its backend, or the replica is bad (IsBad). VERSION_ERROR: it lacks
--    loads. MISSING: there should be one more.
ADMIN SHOW REPLICA STATUS FROM demo.flights WHERE STATUS != "OK" LIMIT 20;
-- Size, rows, versions and URLs of each replica; State is CLONE while one is being filled.
SHOW TABLET FROM demo.flights LIMIT 6;
-- How many replicas each backend has.
ADMIN SHOW REPLICA DISTRIBUTION FROM demo.flights;

-- 3. One tablet: what it belongs to. Its DetailCmd can be pasted.
SHOW TABLET <tablet>;
SHOW PROC '<detail>';
-- What is done about it next, or why nothing is, in one sentence; then each backend as source and as destination of a
-- copy, with the setting that matters and the statement that helps.
EXPLAIN TABLET <tablet>;

-- 4. The tasks of the scheduler. ErrMsg says why a task waits: "unable to find source replica" means that no replica can
--    be copied; "unable to find dest path for new replica" that no backend is free to take one: start or add a backend.
SHOW PROC '/cluster_balance/pending_tablets' LIMIT 20;
SHOW PROC '/cluster_balance/running_tablets' LIMIT 20;
SHOW PROC '/cluster_balance/history_tablets' ORDER BY Finished DESC LIMIT 20;

-- 5. This table first. It only moves its tablets to the front of the queue (DynmPrio VERY_HIGH), for four hours or until
--    the frontend is restarted.
ADMIN REPAIR TABLE demo.flights;
SHOW PROC '/cluster_balance/priority_repair';
SHOW PROC '/cluster_balance/pending_tablets' LIMIT 20;
-- And back again: in their turn.
ADMIN CANCEL REPAIR TABLE demo.flights;
SHOW PROC '/cluster_balance/priority_repair';
-- Next: wait.sql.
