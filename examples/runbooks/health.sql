-- The state of the cluster at a glance: backends, unhealthy tablets, how replicas are spread.
SHOW BACKENDS;
SHOW PROC '/statistic';
ADMIN SHOW REPLICA STATUS FROM demo.flights WHERE STATUS != "OK";
ADMIN SHOW REPLICA DISTRIBUTION FROM demo.flights;
SHOW PROC '/transactions';
