-- A disk of a backend has failed. The backend goes on with its other storage paths; the failed one is OFFLINE, all
-- replicas on it are bad, and they are made anew elsewhere. (The test takes the directory away first.)
SELECT BackendId, RootPath, State, StorageMedium, TabletNum FROM sys.backend_paths ORDER BY BackendId, RootPath;
SELECT TableName, TabletId, BackendId, Status, IsBad FROM sys.replicas WHERE IsBad = 1 ORDER BY TabletId LIMIT 10;
ADMIN WAIT UNTIL HEALTHY FOR '1h';
SHOW PROC '/statistic';
-- Next. The disk works again: nothing; the backend tries it every few seconds, and what is too many then is removed.
-- It was replaced by an empty one: restart the backend (a path without metadata begins empty), then run wait.sql. It stays
-- away: restart the backend without its --storage-path.
-- Files were deleted, but the directory is there: nothing fails until they are read. lost_segments.sql finds them.
SHOW BACKENDS;
