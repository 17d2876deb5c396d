-- The state of the cluster at a glance. Every runbook begins and ends with it.
-- Well: all backends are alive, UnhealthyTabletNum and InconsistentTabletNum are 0, nothing is pending or running.
SHOW BACKENDS;
SHOW PROC '/statistic';
SHOW PROC '/cluster_balance';
-- The replicas that something is the matter with, and what.
SELECT DbName, TableName, TabletId, ReplicaId, BackendId, Status, IsBad, Version, VisibleVersion
    FROM sys.replicas WHERE Status <> 'OK' ORDER BY DbName, TableName, TabletId LIMIT 20;
-- Not well? A backend is not alive: dead_backend.sql. A path is OFFLINE: broken_disk.sql. Replicas are bad, or queries
-- fail on files: lost_segments.sql. InconsistentTabletNum is not 0: checksum_mismatch.sql. Anything else: walk.sql.
SHOW PROC '/transactions';
