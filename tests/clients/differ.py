"""Random queries, each asked of Quorate and of MariaDB: the same text in every cell and the same kind of every column.

differ.py PORT [--seed N] [--count N] [--at K]     PORT is Quorate's; MariaDB is started here, on a port of its own.
A difference is a failure, unless EXPLAINED has a reason for it. Each failure prints the line that asks it again."""
import argparse, random, re, shutil, socket, subprocess, sys, tempfile, time
import pymysql
from pymysql.constants import FIELD_TYPE as T

KINDS = {T.TINY: "int", T.SHORT: "int", T.LONG: "int", T.LONGLONG: "int", T.INT24: "int", T.YEAR: "int",
         T.NEWDECIMAL: "decimal", T.DECIMAL: "decimal", T.FLOAT: "double", T.DOUBLE: "double", T.DATE: "date",
         T.DATETIME: "datetime", T.TIMESTAMP: "datetime", T.TIME: "time", T.NULL: "null"}
COLUMNS = "id BIGINT NOT NULL, name VARCHAR(40), at DATETIME{}, d DATE, amt DECIMAL(12,2), ok BOOLEAN, f DOUBLE, n INT"
ROWS = """(1,'ann','2024-01-31 23:59:59','2024-01-31',10.50,1,1.5,7),(2,'bob','2024-02-29 12:30:15','2024-02-29',-3.25,0,-0.25,NULL),
(3,'eva','2024-03-01 00:00:00','2024-03-01',NULL,NULL,NULL,9),(4,NULL,NULL,NULL,0.00,1,1e10,0),
(5,'eve','2023-12-31 06:07:08.123456','2023-12-31',99.99,0,3,5),(6,'12.7x','2021-01-01 01:02:03','2021-01-01',7.45,1,-2.5,-8)"""

# What differs on purpose, or is known: a pattern of the query, what it is about (text, kind, error or any), and the reason.
EXPLAINED = [
    (r"\bPI\(\)", "any", "PI() has all its digits here, and six in MariaDB"),
    (r"\bROUND\(|\bTRUNCATE\(", "any", "digits of rounded decimals keep their column's scale where the digits are no constant"),
    (r"TIME_TO_SEC\(|TIMEDIFF\(|HOUR\(|SECOND\(", "any", "MariaDB's column has six digits behind the second, and what is made of it has them too; here they are shown where there are any"),
    (r"\bGREATEST\(|\bLEAST\(", "text", "as a text, a decimal has the digits of the kind it was compared in, not its own"),
    (r"INTERVAL", "kind", "a text moved by an INTERVAL stays a text here and there, but a NULL of it has no kind"),
]
MARIADB_MODE = "SET sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO', time_zone='{}', collation_connection='utf8mb4_nopad_bin'"


class Maker:
    """Makes queries from one seed. `of(kind)` gives an expression of that kind over the table."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, *choices):
        return self.r.choice(choices)

    def of(self, kind, depth):
        return getattr(self, kind)(depth - 1)

    def any(self, depth):
        return self.of(self.pick("int", "decimal", "double", "text", "date", "datetime", "time", "truth"), depth)

    def number(self, depth):
        return self.of(self.pick("int", "decimal", "int", "decimal", "double"), depth)

    def chosen(self, kinds, depth):
        """One of several values, of kinds that may differ."""
        a, b, c = (self.of(self.pick(*kinds), depth) for _ in range(3))
        t = self.truth(depth - 1)
        return self.pick(f"CASE WHEN {t} THEN {a} ELSE {b} END", f"IF({t}, {a}, {b})", f"IFNULL({a}, {b})", f"COALESCE({a}, {b}, {c})",
                         f"CASE n WHEN 7 THEN {a} WHEN 9 THEN {b} ELSE {c} END", f"COALESCE(NULL, {a}, {b})", f"NULLIF({a}, {b})")

    def int(self, depth):
        if depth < 0:
            return self.pick("n", "id", "1", "0", "-7", "12", "n")
        i, d, t, s = (lambda k: self.of(k, depth))("int"), self.of("datetime", depth), self.of("time", depth), self.of("text", depth)
        j = self.of("int", depth)
        return self.pick(f"({i} + {j})", f"({i} - {j})", f"{i} * 3", f"({i} DIV 3)", f"MOD({i}, 4)", f"LENGTH({s})", f"CHAR_LENGTH({s})",
                         f"YEAR({d})", f"MONTH({d})", f"DAYOFYEAR({d})", f"WEEK({d}, {self.r.randrange(8)})", f"YEARWEEK({d}, {self.r.randrange(8)})",
                         f"QUARTER({d})", f"HOUR({t})", f"MINUTE({t})", f"SECOND({t})", f"TIME_TO_SEC({t})", f"DATEDIFF({d}, d)",
                         f"TIMESTAMPDIFF({self.pick('DAY', 'HOUR', 'MONTH', 'WEEK', 'SECOND')}, {d}, at)", f"LOCATE('e', {s})", f"ASCII({s})",
                         f"EXTRACT({self.pick('YEAR_MONTH', 'DAY_HOUR', 'HOUR_MINUTE', 'WEEK', 'MICROSECOND', 'DAY_SECOND')} FROM {d})",
                         f"BIT_COUNT({i})", f"SIGN({i})", f"FIELD({s}, 'ann', 'bob')", f"CAST({s} AS SIGNED)", f"CAST({self.of('decimal', depth)} AS SIGNED)",
                         f"CRC32({s})", f"DAYOFWEEK({d})", f"WEEKDAY({d})", f"TO_DAYS({d})", f"STRCMP({s}, 'b')", f"({i} & 6)", f"ORD({s})",
                         self.chosen(["int", "truth"], depth))

    def decimal(self, depth):
        if depth < 0:
            return self.pick("amt", "amt", "1.5", "0.25", "-2.0")
        a, b = self.of("decimal", depth), self.number(depth)
        return self.pick(f"({a} + {self.of('int', depth)})", f"{a} * 2", f"({a} - amt)", f"ABS({a})", f"-{a}", "ROUND(amt, 1)", "TRUNCATE(amt, 1)",
                         f"CAST({b} AS DECIMAL(20,3))", self.chosen(["decimal", "int"], depth), f"GREATEST({a}, amt)", f"LEAST({a}, 2.5)")

    def double(self, depth):
        if depth < 0:
            return self.pick("f", "f", "1e3", "-2.5e-3")
        a = self.of("double", depth)
        return self.pick(f"({a} + 1)", f"{a} * 2", f"ABS({a})", f"POW({a}, 2)", f"SQRT(ABS({a}))", f"FLOOR({a})", f"({a} / 4)",
                         self.chosen(["double", "decimal", "int"], depth))

    def text(self, depth):
        if depth < 0:
            return self.pick("name", "name", "'x'", "'12'", "'ann'", "' b '")
        s, i = self.of("text", depth), self.of("int", depth)
        return self.pick(f"CONCAT({s}, {self.any(depth)})", f"UPPER({s})", f"REVERSE({s})", f"LEFT({s}, 2)", f"SUBSTRING({s}, 2, 2)", f"TRIM({s})",
                         f"LPAD({s}, 5, '*')", f"REPLACE({s}, 'n', 'NN')", f"HEX({self.pick(s, 'n', 'id')})", f"MD5({s})", f"SHA2({s}, 256)",
                         f"DATE_FORMAT({self.of('datetime', depth)}, '%Y/%m/%d %H:%i:%s %a %b %j %U %u %V %v %X %x %w %W %M %D %e %c %k %l %p %r %T')",
                         f"TIME_FORMAT({self.of('time', depth)}, '%H:%i:%s %h %p %k')", f"CONV({i}, 10, 16)", f"FORMAT({self.of('decimal', depth)}, 1)",
                         f"TO_BASE64({s})", f"INSERT({s}, 2, 1, 'ZZ')", f"SUBSTRING_INDEX({s}, 'n', 1)", f"CAST({self.any(depth)} AS CHAR)",
                         f"SOUNDEX({s})", f"DAYNAME({self.of('date', depth)})", f"MAKE_SET({i}, 'a', 'b', 'c')", f"QUOTE({s})", f"BIN({i})",
                         f"ELT(2, {s}, 'q')", f"CONCAT_WS('-', {s}, {i})", f"TRIM(LEADING 'a' FROM {s})", f"JSON_EXTRACT('{{\"a\": [1, {{\"b\": 2}}]}}', '$.a[1]')",
                         f"JSON_OBJECT('k', {self.pick('n', 'name', 'amt')})", self.chosen(["text", "int", "decimal", "date"], depth))

    def date(self, depth):
        if depth < 0:
            return self.pick("d", "d", "DATE '2024-02-29'", "DATE(at)")
        d = self.of("date", depth)
        return self.pick(f"LAST_DAY({d})", f"({d} + INTERVAL 3 DAY)", f"DATE_SUB({d}, INTERVAL 1 MONTH)", "STR_TO_DATE('2024-05-06', '%Y-%m-%d')",
                         f"DATE({self.of('datetime', depth)})", "MAKEDATE(2024, 60)", self.chosen(["date"], depth), f"GREATEST({d}, d)")

    def datetime(self, depth):
        if depth < 0:
            return self.pick("at", "at", "TIMESTAMP '2024-03-04 05:06:07'", "CAST('2024-06-07 08:09:10' AS DATETIME)")
        d = self.of("datetime", depth)
        return self.pick(f"({d} + INTERVAL 90 MINUTE)", f"({d} - INTERVAL '1:30' HOUR_MINUTE)", f"DATE_ADD({d}, INTERVAL 1 YEAR)",
                         f"CONVERT_TZ({d}, '+00:00', '+05:30')", f"FROM_UNIXTIME(ABS({self.of('int', depth)}))", f"ADDTIME({d}, '1:1:1')",
                         f"TIMESTAMP({self.of('date', depth)})", self.chosen(["datetime", "date", "datetime"], depth))

    def time(self, depth):
        if depth < 0:
            return self.pick("TIME(at)", "CAST('10:11:12' AS TIME)", "TIME(at)")
        return self.pick(f"TIMEDIFF({self.of('datetime', depth)}, at)", f"SEC_TO_TIME({self.of('int', depth)})", "MAKETIME(7, 8, 9)",
                         f"ADDTIME({self.of('time', depth)}, '0:30')", f"SUBTIME({self.of('time', depth)}, '1:00:00')", self.chosen(["time"], depth))

    def truth(self, depth):
        if depth < 0:
            return self.pick("ok", "n > 5", "name = 'bob'", "d >= '2024-02-01'", "amt < 10", "TRUE")
        a, s = self.number(depth), self.of("text", depth)
        return self.pick(f"({a} > {self.number(depth)})", f"({s} = {self.of('text', depth)})", f"({s} LIKE '%n%')", f"({a} IN (1, 7, 10.5))",
                         f"({a} BETWEEN 1 AND '20')", f"({s} IS NULL)", f"NOT {self.of('truth', depth)}", f"({self.of('date', depth)} <= '2024-02-29')",
                         f"({self.of('truth', depth)} AND {self.of('truth', depth)})", f"({self.of('truth', depth)} XOR ok)", f"({s} IN ('ann', 'x'))",
                         f"({self.of('datetime', depth)} BETWEEN '2024-01-01' AND '2024-03-01')", f"({a} <=> n)")

    def query(self):
        depth = self.pick(0, 1, 1, 2)
        shape = self.r.randrange(10)
        if shape < 6:
            return f"SELECT id, {self.any(depth)} AS a, {self.any(depth)} AS b FROM ev ORDER BY id"
        if shape == 6:
            value = self.number(depth)
            return f"SELECT {self.pick('SUM', 'AVG', 'MIN', 'MAX', 'COUNT')}({value}) AS a, MAX({self.any(depth)}) AS b, COUNT(DISTINCT {self.any(0)}) AS c FROM ev"
        if shape == 7:
            first, second = (self.pick("int", "decimal", "double", "text", "date", "datetime") for _ in range(2))
            return f"SELECT v FROM (SELECT id, {self.of(first, depth)} AS v FROM ev UNION ALL SELECT id + 10, {self.of(second, depth)} FROM ev) t ORDER BY t.id"
        if shape == 8:
            return f"SELECT k, COUNT(*) AS c, SUM(v) AS s FROM (SELECT {self.pick('ok', 'MONTH(d)', 'LEFT(name, 1)')} AS k, {self.number(depth)} AS v FROM ev) t GROUP BY k ORDER BY k"
        return f"SELECT id FROM ev WHERE {self.truth(depth)} ORDER BY id"


def shown(value):
    """A cell without what is the protocol's: zeros behind a second."""
    if value is None:
        return None
    text = value.decode("utf8", "replace")
    return re.sub(r"(\d\d:\d\d:\d\d)(\.\d*?)0*$", lambda m: m[1] + (m[2] if m[2] != "." else ""), text)


def ask(connection, query):
    """The kinds and the cells, or the error's number."""
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        rows = cursor.fetchall()
    except pymysql.err.MySQLError as error:
        return None, error.args[0], str(error.args[-1])
    kinds = [KINDS.get(column[1], "text") for column in cursor.description]
    return kinds, [[shown(cell) for cell in row] for row in rows], ""


def same_number(a, b):
    try:
        return abs(float(a) - float(b)) <= 1e-12 * max(abs(float(a)), abs(float(b)))
    except ValueError:
        return False


def difference(ours, theirs):
    """What differs: None, or one of error, kind, text, and the words for it."""
    if theirs[0] is None:
        # Where MariaDB refuses, an error of any number is right.
        return None if ours[0] is None else ("error", f"MariaDB refuses: {theirs[1]} {theirs[2]}")
    if ours[0] is None:
        return "error", f"refused: {ours[1]} {ours[2]}"
    if len(ours[1]) != len(theirs[1]):
        return "text", f"{len(ours[1])} rows, not {len(theirs[1])}"
    for our_row, their_row in zip(ours[1], theirs[1]):
        for kind, a, b in zip(theirs[0], our_row, their_row):
            if a != b and not (kind == "double" and a is not None and b is not None and same_number(a, b)):
                return "text", f"{our_row} is not {their_row}"
    kinds = [(a, b) for a, b in zip(ours[0], theirs[0]) if a != b and "null" not in (a, b)]
    return ("kind", f"{ours[0]} is not {theirs[0]}") if kinds else None


def explained(query, about):
    return next((reason for pattern, of, reason in EXPLAINED if of in (about, "any") and re.search(pattern, query)), None)


def mariadb(folder):
    """A MariaDB of its own, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import getpass
    user = ["--user=root"] if getpass.getuser() == "root" else []
    server = subprocess.Popen(["mariadbd", "--no-defaults", *user, f"--datadir={folder}/data", f"--port={port}", "--bind-address=127.0.0.1",
                               f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--innodb-buffer-pool-size=32M", "--skip-log-bin"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return server, port


def connect(port):
    for _ in range(100):
        try:
            return pymysql.connect(host="127.0.0.1", port=port, user="root", conv={}, use_unicode=False, charset="utf8mb4", autocommit=True)
        except pymysql.err.OperationalError:
            time.sleep(0.2)
    raise SystemExit(f"no server answers at port {port}")


def prepare(connection, digits, tail, zone):
    cursor = connection.cursor()
    for text in ["DROP DATABASE IF EXISTS differ", "CREATE DATABASE differ", "USE differ",
                 f"CREATE TABLE ev ({COLUMNS.format(digits)}) {tail}", f"INSERT INTO ev VALUES {ROWS}"]:
        cursor.execute(text)
    return cursor


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--count", type=int, default=1500)
    arguments.add_argument("--at", type=int, help="only this query of the seed")
    arguments.add_argument("--mariadb", type=int, help="the port of a MariaDB that runs already")
    given = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="differ")
    server, port = (None, given.mariadb) if given.mariadb else mariadb(folder)
    try:
        zone = "+03:00"
        theirs, ours = connect(port), connect(given.port)
        prepare(theirs, "(6)", "DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_nopad_bin", zone).execute(MARIADB_MODE.format(zone))
        prepare(ours, "", "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES('replication_num'='1')", zone).execute(f"SET time_zone='{zone}'")
        return compare(given, ours, theirs)
    finally:
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def compare(given, ours, theirs):
    failed, reasons, asked = 0, {}, 0
    for at in [given.at] if given.at is not None else range(given.count):
        query = Maker(given.seed * 1_000_003 + at).query()
        asked += 1
        found = difference(ask(ours, query), ask(theirs, query))
        if found is None:
            continue
        reason = explained(query, found[0])
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
            continue
        failed += 1
        print(f"{found[0]}: {query}\n    {found[1]}\n    again: tests/clients/differ.py {given.port} --seed {given.seed} --at {at}")
    for reason, count in sorted(reasons.items()):
        print(f"explained {count}: {reason}")
    print(f"{asked} queries, {failed} differ, {sum(reasons.values())} explained")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
