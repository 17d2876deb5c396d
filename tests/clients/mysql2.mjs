// The walk through mysql2 (npm): text and binary protocol, a pool with resets, pipelined statements.
import assert from "node:assert/strict";
import mysql from "mysql2/promise";

const port = Number(process.argv[2]);
const options = { host: "127.0.0.1", port, user: "root", password: "" };
const conn = await mysql.createConnection({ ...options, multipleStatements: true });
await conn.query("DROP DATABASE IF EXISTS walk_mysql2 FORCE");
await conn.query("CREATE DATABASE walk_mysql2; USE walk_mysql2");
await conn.query(
  "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20), price DECIMAL(10,2), at DATETIME) DUPLICATE KEY(id) " +
    "DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ('replication_num' = '3')",
);
const [done] = await conn.query("INSERT INTO t VALUES (1, 'ä''b', 1.50, '2013-01-02 03:04:05'), (2, NULL, NULL, NULL)");
assert.equal(done.affectedRows, 2);
await conn.execute("INSERT INTO t (id, name) VALUES (?, ?)", [3, "x\\y"]);

const [text] = await conn.query("SELECT id, name, price FROM t ORDER BY id");
const [binary] = await conn.execute("SELECT id, name, price FROM t WHERE id >= ? ORDER BY id", [1]);
assert.deepEqual(text, binary);
assert.deepEqual(text, [
  { id: 1, name: "ä'b", price: "1.50" },
  { id: 2, name: null, price: null },
  { id: 3, name: "x\\y", price: null },
]);
// Several statements on one connection without waiting: packets meet in one segment.
const many = await Promise.all([1, 2, 3, 4, 5].map((n) => conn.execute("SELECT ? AS n", [n])));
assert.deepEqual(many.map(([rows]) => Number(rows[0].n)), [1, 2, 3, 4, 5]);
const [both] = await conn.query("SELECT 1 AS a; SELECT 2 AS b");
assert.deepEqual(both, [[{ a: 1 }], [{ b: 2 }]]);

const [replicas, fields] = await conn.query("ADMIN SHOW REPLICA STATUS FROM t");
assert.equal(replicas.length, 12);
assert.equal(fields[11].name, "Status");
const [tablet] = await conn.query(`SHOW TABLET ${replicas[0].TabletId}`);
const [detail] = await conn.query(tablet[0].DetailCmd);
assert.equal(detail.length, 3);
await assert.rejects(conn.query("SELECT * FROM missing"), { errno: 1146, sqlState: "42S02" });
await assert.rejects(mysql.createConnection({ ...options, password: "wrong" }), { errno: 1045 });
await conn.changeUser({ user: "root", password: "", database: "walk_mysql2" });
await conn.query("SELECT count(*) FROM t");
await conn.reset();

const pool = mysql.createPool({ ...options, connectionLimit: 4 });
const counts = await Promise.all(Array.from({ length: 20 }, () => pool.query("SELECT count(*) AS n FROM walk_mysql2.t")));
assert.ok(counts.every(([rows]) => Number(rows[0].n) === 3));
await pool.end();
await conn.query("DROP DATABASE walk_mysql2 FORCE");
await conn.end();
