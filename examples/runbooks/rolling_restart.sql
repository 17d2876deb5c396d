-- Between two backends of a rolling restart: goes on only when all is well.
--
--   for host in be1 be2 be3 be4; do
--       quorate sql rolling_restart.sql || exit 1
--       ssh $host systemctl restart quorate-backend
--   done
--   quorate sql rolling_restart.sql
--
-- A backend that is back before heartbeat_retry_times heartbeats have failed (15 s) is never taken for dead, and no copy
-- is made. It may lack the loads of that time; they are copied to it from a peer, and nothing else is.
ADMIN WAIT UNTIL HEALTHY FOR '30m';
SELECT BackendId, IP, HttpPort, Alive, LastStartTime, TabletNum FROM sys.backends ORDER BY BackendId;
