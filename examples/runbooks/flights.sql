-- Makes the table of the walk: flights of 2013, one partition a month, 8 buckets, 3 replicas.
-- Run it again at will.
CREATE DATABASE IF NOT EXISTS demo;
USE demo;
DROP TABLE IF EXISTS flights;
CREATE TABLE flights (
    year SMALLINT NOT NULL, month TINYINT NOT NULL, day TINYINT NOT NULL,
    dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT,
    arr_time SMALLINT, sched_arr_time SMALLINT, arr_delay SMALLINT,
    carrier CHAR(2), flight INT, tailnum VARCHAR(10), origin CHAR(3), dest CHAR(3),
    air_time SMALLINT, distance INT, hour TINYINT, minute TINYINT, time_hour DATETIME
)
DUPLICATE KEY (year, month, day)
PARTITION BY RANGE (month) (START ("1") END ("13") EVERY (1))
DISTRIBUTED BY HASH (carrier, flight) BUCKETS 8
PROPERTIES ("replication_num" = "3", "write_quorum" = "MAJORITY");
SHOW PARTITIONS FROM flights;
