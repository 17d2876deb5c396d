-- A backend does not answer any more: its machine is gone, or its process was killed (kill -9; the test of this file
-- does that first). Nothing has to be done for its tablets to be repaired; this file watches it.
--
-- Alive turns false after heartbeat_retry_times heartbeats without an answer (15 s). Until then a load or query that
-- needs it goes on with the other replicas.
SELECT BackendId, IP, HttpPort, Alive, LastHeartbeat, TabletNum, ErrMsg FROM sys.backends ORDER BY BackendId;
-- Every replica on it counts as lost.
SHOW PROC '/statistic';
-- A tablet with more than half of its replicas left waits two minutes before it is copied, in case the backend comes
-- back; one with fewer waits one minute (tablet_sched_repair_delay_factor_second times 2 and 1).
SHOW PROC '/cluster_balance/pending_tablets' LIMIT 10;
SHOW PROC '/cluster_balance/running_tablets' LIMIT 10;
-- Stuck? "unable to find dest path for new replica": as many backends live as replicas are wanted, or fewer, and each has
-- one. Start or add a backend: ALTER SYSTEM ADD BACKEND "host:port". A table that matters more than others:
-- ADMIN REPAIR TABLE. More copies at once: ADMIN SET FRONTEND CONFIG ("tablet_sched_slot_num_per_path" = "4").
ADMIN WAIT UNTIL HEALTHY FOR '1h';
SHOW PROC '/statistic';
SELECT TabletId, Status, SrcBe, DestBe, Finished, ErrMsg
    FROM sys.history_tablets WHERE State = 'FINISHED' ORDER BY Finished DESC LIMIT 10;
-- Next. It comes back: start it, and run wait.sql; the copies that are too many by then are removed. It does not come
-- back: ALTER SYSTEM DROP BACKEND "host:port". That is refused while no other living backend has a whole copy of some
-- tablet on it, and says which: start the backend that has one. FORCE gives such rows up.
SHOW BACKENDS;
