"""The walk through a Python driver: walk.py pymysql|mysqlclient|connector PORT."""

import datetime
import decimal
import sys

driver, port = sys.argv[1], int(sys.argv[2])
HOST = "127.0.0.1"


def connect(**more):
    if driver == "pymysql":
        import pymysql

        return pymysql.connect(host=HOST, port=port, user=more.get("user", "root"), password=more.get("password", ""))
    if driver == "mysqlclient":
        import MySQLdb

        return MySQLdb.connect(host=HOST, port=port, user=more.get("user", "root"), password=more.get("password", ""))
    import mysql.connector

    assert mysql.connector.HAVE_CEXT, "the C extension (libmysqlclient) is missing"
    return mysql.connector.connect(
        host=HOST, port=port, user=more.get("user", "root"), password=more.get("password", ""), ssl_disabled=True, use_pure=False
    )


def rows(cursor, sql, args=None):
    cursor.execute(sql, args) if args is not None else cursor.execute(sql)
    return [tuple(r) for r in cursor.fetchall()] if cursor.description else []


def names(cursor):
    return [d[0] for d in cursor.description]


def code_of(error):
    return getattr(error, "errno", None) or error.args[0]


db = f"walk_{driver}"
conn = connect()
cur = conn.cursor()
rows(cur, f"DROP DATABASE IF EXISTS {db} FORCE")
rows(cur, f"CREATE DATABASE {db}")
rows(cur, f"USE {db}")
rows(
    cur,
    "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20), price DECIMAL(10,2), at DATETIME, ok BOOLEAN) DUPLICATE KEY(id) "
    "DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ('replication_num' = '3')",
)
at = datetime.datetime(2013, 1, 2, 3, 4, 5)
cur.execute("INSERT INTO t VALUES (1, 'ä''b', 1.50, '2013-01-02 03:04:05', true), (2, NULL, NULL, NULL, NULL)")
assert cur.rowcount == 2, cur.rowcount
cur.execute("INSERT INTO t (id, name) VALUES (%s, %s)", (3, "x\\y"))
assert rows(cur, "SELECT count(*) FROM t") == [(3,)]
assert rows(cur, "SELECT id, name, price, at FROM t ORDER BY id") == [
    (1, "ä'b", decimal.Decimal("1.50"), at),
    (2, None, None, None),
    (3, "x\\y", None, None),
]
assert rows(cur, "SELECT name FROM t WHERE id = %s", (3,)) == [("x\\y",)]

# What tools send before and between: indexes that are only wished for, one row by names, OFFSET without LIMIT, a catalog.
rows(cur, "CREATE INDEX by_name ON t (name)")
assert rows(cur, "SHOW WARNINGS")[0][1] == 1235
rows(cur, f"INSERT INTO default_catalog.{db}.t SET id = 4, name = 'set'")
assert rows(cur, "SELECT id FROM t ORDER BY id LIMIT 3, 18446744073709551615") == [(4,)]
assert rows(cur, "SHOW CATALOGS")[0][0] == "default_catalog"
try:
    rows(cur, "INSERT INTO t (id, name) VALUES (5, x'80ff')")
    raise SystemExit("bytes that are no text were taken")
except Exception as error:
    assert code_of(error) == 1366, error
assert rows(cur, "SELECT count(*) FROM t") == [(4,)]

found = rows(cur, "ADMIN SHOW REPLICA STATUS FROM t")
assert len(found) == 12 and {r[11] for r in found} == {"OK"}, found
assert names(cur)[11] == "Status", names(cur)
assert rows(cur, "SHOW PROC '/statistic'")[-1][0] == "Total"
tablet = found[0][0]
command = rows(cur, f"SHOW TABLET {tablet}")[0][-1]
assert len(rows(cur, command.rstrip(";"))) == 3, command
assert rows(cur, "SELECT @@autocommit, DATABASE()")[0][1] == db
assert names(cur) == ["@@autocommit", "DATABASE()"], names(cur)

try:
    rows(cur, "SELECT * FROM no_such_table")
    raise SystemExit("no error for a missing table")
except Exception as error:
    assert code_of(error) == 1146, error
try:
    connect(user="root", password="wrong")
    raise SystemExit("a wrong password was taken")
except Exception as error:
    assert code_of(error) == 1045, error

rows(cur, f"DROP USER IF EXISTS {driver}_u")
rows(cur, f"CREATE USER {driver}_u IDENTIFIED BY 'se cret'")
other = connect(user=f"{driver}_u", password="se cret")
assert rows(other.cursor(), "SELECT 1") == [(1,)]
other.close()
conn.ping(True) if driver == "pymysql" else None
if driver == "connector":
    conn.cmd_reset_connection()
    prepared = conn.cursor(prepared=True)
    prepared.execute(f"SELECT id, name FROM {db}.t WHERE id >= ? ORDER BY id", (2,))
    assert prepared.fetchall() == [(2, None), (3, "x\\y"), (4, "set")]
    conn.cmd_change_user(username=f"{driver}_u", password="se cret")
    assert rows(conn.cursor(), "SELECT CURRENT_USER()")[0][0].startswith(f"{driver}_u@")
    try:
        conn.cmd_change_user(username="root", password="wrong")
        raise SystemExit("a wrong password was taken")
    except Exception as error:
        assert code_of(error) == 1045, error
conn.close()

conn = connect()
cur = conn.cursor()
rows(cur, f"DROP USER {driver}_u")
rows(cur, f"DROP DATABASE {db} FORCE")
assert (db,) not in rows(cur, "SHOW DATABASES")
conn.close()
