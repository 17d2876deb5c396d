-- A backend is to leave for good, with nothing lost and nothing interrupted.
--
--   sed 's/10.0.0.5:8040/host:port/' decommission.sql | quorate sql -
--
-- It is refused when too few backends would stay for the replicas that are wanted, or too little room; nothing is
-- changed then.
SHOW BACKENDS;
ALTER SYSTEM DECOMMISSION BACKEND "10.0.0.5:8040";
-- TabletNum counts down. New tablets go elsewhere.
SELECT BackendId, IP, HttpPort, SystemDecommissioned, TabletNum FROM sys.backends ORDER BY BackendId;
-- In the middle of it, decommission_cancel.sql lets it stay. Stuck? The tablets that are left:
-- SELECT TabletId FROM sys.replicas WHERE BackendId = <id>, and what pending_tablets says of them.
ADMIN WAIT UNTIL HEALTHY FOR '4h';
-- It is not listed any more: now its process may be stopped.
SHOW BACKENDS;
SHOW PROC '/statistic';
