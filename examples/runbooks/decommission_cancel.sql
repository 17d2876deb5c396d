-- A backend that was to leave stays after all.
--
--   sed 's/10.0.0.5:8040/host:port/' decommission_cancel.sql | quorate sql -
--
-- What has been copied stays where it is; copies that are too many are removed.
CANCEL DECOMMISSION BACKEND "10.0.0.5:8040";
ADMIN WAIT UNTIL HEALTHY FOR '1h';
SELECT BackendId, IP, HttpPort, SystemDecommissioned, TabletNum FROM sys.backends ORDER BY BackendId;
