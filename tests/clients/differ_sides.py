"""The two servers that are asked, what they answer, and what differs. MariaDB is started here, on a port of its own."""
import os, re, socket, subprocess, time
import pymysql
from pymysql.constants import FIELD_TYPE as T

KINDS = {T.TINY: "int", T.SHORT: "int", T.LONG: "int", T.LONGLONG: "int", T.INT24: "int", T.YEAR: "int",
         T.NEWDECIMAL: "decimal", T.DECIMAL: "decimal", T.FLOAT: "double", T.DOUBLE: "double", T.DATE: "date",
         T.DATETIME: "datetime", T.TIMESTAMP: "datetime", T.TIME: "time", T.NULL: "null"}
# `at` has whole seconds and `p` has six digits in each row: here a moment shows digits where it has any, and in MariaDB where its column has.
COLUMNS = "id BIGINT NOT NULL, name VARCHAR(40), at DATETIME, p DATETIME{}, d DATE, amt DECIMAL(12,2), ok BOOLEAN, f DOUBLE, n INT, big BIGINT"
ROWS = """(1,'ann','2024-01-31 23:59:59','2024-01-31 01:02:03.123456','2024-01-31',10.50,1,1.5,7,9223372036854775807),
(2,'bob','2024-02-29 12:30:15','2023-10-29 02:30:00.500001','2024-02-29',-3.25,0,-0.25,NULL,-1),
(3,'eva','2024-03-01 00:00:00','2021-12-31 23:59:59.999999','2024-03-01',NULL,NULL,NULL,9,4294967296),(4,NULL,NULL,NULL,NULL,0.00,1,1e10,0,NULL),
(5,'eve','2023-12-31 06:07:08',NULL,'2023-12-31',99.99,0,3,5,0),(6,'12.7x','2021-01-01 01:02:03','2021-01-03 04:05:06.070809','2021-01-01',7.45,1,-2.5,-8,1000000007)"""
NAMED_ZONES = ["Europe/Prague", "America/New_York", "Asia/Kolkata", "UTC"]
THEIR_TAIL = "DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_nopad_bin"
OUR_TAIL = "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES('replication_num'='1')"


def mariadb(folder):
    """A MariaDB of its own, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db"], check=True, **quiet)
    user = ["--user=root"] if os.getuid() == 0 else []
    server = subprocess.Popen(["mariadbd", "--no-defaults", *user, f"--datadir={folder}/data", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket",
                               f"--pid-file={folder}/pid", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--key-buffer-size=1M",
                               "--performance-schema=OFF", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"], **quiet)
    return server, port


def connect(port):
    for _ in range(150):
        try:
            return pymysql.connect(host="127.0.0.1", port=port, user="root", conv={}, use_unicode=False, charset="utf8mb4", autocommit=True)
        except pymysql.err.OperationalError:
            time.sleep(0.2)
    raise SystemExit(f"no server answers at port {port}")


def tell(connection, *statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def table(connection, digits, tail):
    tell(connection, "DROP DATABASE IF EXISTS differ", "CREATE DATABASE differ", "USE differ", f"CREATE TABLE ev ({COLUMNS.format(digits)}) {tail}", f"INSERT INTO ev VALUES {ROWS}")


def zones(connection):
    """Gives MariaDB the zones that are named."""
    known = ask(connection, "SELECT name FROM mysql.time_zone_name")[1]
    for zone in (zone for zone in NAMED_ZONES if [zone] not in known):
        made = subprocess.run(["mariadb-tzinfo-to-sql", "--skip-write-binlog", f"/usr/share/zoneinfo/{zone}", zone], capture_output=True, text=True, check=True)
        tell(connection, "USE mysql")
        text = "\n".join(line for line in made.stdout.splitlines() if not line.startswith("--"))
        tell(connection, *(s for s in map(str.strip, re.split(r";\s*\n", text + "\n")) if s and not re.match(r"(?i)delimiter|\\d|/\*M?!999", s)))


def prepare(our_port, their_port):
    """Gives the two the same table and the same zones."""
    ours, theirs = connect(our_port), connect(their_port)
    zones(theirs)
    table(ours, "", OUR_TAIL)
    table(theirs, "(6)", THEIR_TAIL)


def both(our_port, their_port):
    """Connections to the two, once they are prepared."""
    ours, theirs = connect(our_port), connect(their_port)
    tell(theirs, "SET collation_connection='utf8mb4_nopad_bin'")
    for side in ours, theirs:
        tell(side, "USE differ", "SET time_zone = '+00:00', timestamp = 1700000000")
    return ours, theirs


def shown(value):
    """A cell without what is the protocol's: zeros behind a second."""
    if value is None:
        return None
    text = value.decode("utf8", "backslashreplace")
    return re.sub(r"^(.*\d\d:\d\d:\d\d)(\.\d*?)0*$", lambda m: m[1] + (m[2] if m[2] != "." else ""), text)


def ask(connection, query):
    """The kinds and the cells; or nothing, the error's number and its words."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            rows = cursor.fetchall()
            kinds = [KINDS.get(column[1], "text") for column in cursor.description or []]
    except pymysql.err.MySQLError as error:
        return None, error.args[0], str(error.args[-1])
    return kinds, [[shown(cell) for cell in row] for row in rows], ""


def same_number(a, b):
    try:
        return abs(float(a) - float(b)) <= 1e-12 * max(abs(float(a)), abs(float(b)))
    except ValueError:
        return False


def difference(ours, theirs):
    """What differs: None, or one of error, kind, text, and the words for it."""
    # Which collations mix is a matter of the session that MariaDB is compared by.
    if theirs[0] is None and theirs[1] in (1267, 1270, 1271):
        return None
    if theirs[0] is None:
        # Where MariaDB refuses, an error of any number is right.
        return None if ours[0] is None else ("error", f"MariaDB refuses: {theirs[1]} {theirs[2]}; here {ours[1]}")
    if ours[0] is None:
        return "error", f"refused: {ours[1]} {ours[2]}; MariaDB has {theirs[0]} {theirs[1]}"
    if len(ours[1]) != len(theirs[1]):
        return "text", f"{len(ours[1])} rows, not {len(theirs[1])}"
    for our_row, their_row in zip(ours[1], theirs[1]):
        for kind, a, b in zip(theirs[0], our_row, their_row):
            if a != b and not (kind == "double" and a is not None and b is not None and same_number(a, b)):
                return "text", f"{our_row} is not {their_row}"
    kinds = [(a, b) for a, b in zip(ours[0], theirs[0]) if a != b and "null" not in (a, b)]
    return ("kind", f"{ours[0]} is not {theirs[0]}: {theirs[1][:3]}") if kinds else None
