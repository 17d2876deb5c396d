#!/usr/bin/env bash
# The walk through the mariadb command line: a batch, then a person at the prompt (auto-rehash, \s, Ctrl-C).
set -euo pipefail
port=$1
sql() { mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root "$@"; }

sql <<'SQL'
DROP DATABASE IF EXISTS walk_mariadb FORCE;
CREATE DATABASE walk_mariadb;
USE walk_mariadb;
CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ('replication_num' = '3');
INSERT INTO t VALUES (1, 'ä'), (2, NULL);
SQL
[ "$(sql -N -e 'SELECT count(*), max(name) FROM walk_mariadb.t')" = $'2\tä' ]
[ "$(sql -N -e 'ADMIN SHOW REPLICA STATUS FROM walk_mariadb.t' | awk '{print $12}' | sort | uniq -c | tr -s ' ')" = " 12 OK" ]
refused() {
    local said
    ! said=$(sql "${@:2}" 2>&1) && grep -q "$1" <<<"$said"
}
refused "ERROR 1054 (42S22)" -e 'SELECT nonsense FROM walk_mariadb.t'
refused "ERROR 1064 (42000)" -e 'ADMIN SHOW NONSENSE'
refused "ERROR 1045 (28000)" -pwrong -e 'SELECT 1'

expect <<TCL
log_user 1
set timeout 20
proc want {what} { expect { -re \$what {} timeout { puts "\nno '\$what'"; exit 1 } eof { puts "\nended before '\$what'"; exit 1 } } }
spawn mariadb --no-defaults -h 127.0.0.1 -P $port -u root walk_mariadb
want "walk_mariadb.> "
send "\\\\s\r"
want "Server version:"
want "Threads:|Uptime:"
want "walk_mariadb.> "
send "SELECT count(*) FROM t;\r"
want "1 row in set"
want "walk_mariadb.> "
send "SELECT na\t"
want "name"
send " FROM t ORDER BY id;\r"
want "2 rows in set"
want "walk_mariadb.> "
send "SELECT sleep(30);\r"
sleep 1
send "\003"
want "1317|interrupted"
want "walk_mariadb.> "
send "SELECT 1;\r"
want "1 row in set"
want "walk_mariadb.> "
send "exit\r"
expect eof
TCL
sql -e 'DROP DATABASE walk_mariadb FORCE'
