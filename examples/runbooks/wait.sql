-- Waits until nothing is left to repair, to remove or to move. After ten minutes it ends with an error that names what is
-- left and the statement that tells more, and quorate sql ends with status 1: a script stops here.
ADMIN WAIT UNTIL HEALTHY FOR '10m';
SHOW PROC '/statistic';
-- What was done. State FINISHED: the repair succeeded. Any other: ErrMsg says why not.
SHOW PROC '/cluster_balance/history_tablets' ORDER BY Finished DESC LIMIT 20;
SHOW PROC '/cluster_balance/sched_stat';
