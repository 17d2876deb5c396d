"""The same comparison for prepared statements: constants become parameters, and values come back in the binary protocol."""
import datetime, re
from decimal import Decimal
import mysql.connector
from differ_queries import Queries, settings
from differ_sides import KINDS, difference

VALUES = {"int": [-1, -7, -12, -4294967296], "decimal": [Decimal("1.5"), Decimal("-0.25"), Decimal("99999999.99")], "double": [1.5, -0.0025, 1e10],
          "text": ["x", "12", "ann", "Zoë", "", "it's ?"], "date": [datetime.date(2024, 2, 29), datetime.date(1999, 12, 31)],
          "datetime": [datetime.datetime(2024, 3, 4, 5, 6, 7), datetime.datetime(2021, 1, 1, 1, 2, 3)],
          "time": [datetime.timedelta(hours=10, minutes=11, seconds=12)], "truth": [True, False]}
# The client sends whole numbers without a sign as unsigned ones, which have no common kind with others but a decimal in MariaDB.
# Here a parameter that is a date or a time is a text, and one that is a float a decimal; a CAST says what is meant.
CASTS = {"date": "DATE", "datetime": "DATETIME", "time": "TIME", "double": "DOUBLE"}
MARK = re.compile("\x01(\\d+)\x02")


class Prepared(Queries):
    """Queries some of whose constants are parameters."""

    def __init__(self, seed, told):
        super().__init__(seed, told)
        self.values = []

    def leaf(self, kind):
        if self.r.random() < 0.5:
            return super().leaf(kind)
        self.values.append(self.pick(*VALUES[kind]))
        mark = f"\x01{len(self.values) - 1}\x02"
        if kind == "truth":
            return f"({mark} <> 0)"
        return f"CAST({mark} AS {CASTS[kind]})" if kind in CASTS else mark

    def statement(self):
        """The text with question marks, and what they stand for."""
        text = getattr(self, self.pick("row", "row", "row", "total", "where", "derived", "window"))(self.pick(0, 1, 1)).query
        parameters = [self.values[int(at)] for at in MARK.findall(text)]
        return MARK.sub("?", text), parameters


def connect(port):
    connection = mysql.connector.connect(host="127.0.0.1", port=port, user="root", database="differ", use_pure=True, collation="utf8mb4_general_ci", autocommit=True)
    return connection


def shown(value):
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf8", "backslashreplace")
    if isinstance(value, datetime.timedelta):
        seconds = abs(value) // datetime.timedelta(seconds=1)
        sign = "-" if value.days < 0 else ""
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, float):
        return repr(value)
    return str(value)


def ask(connection, text, parameters):
    try:
        cursor = connection.cursor(prepared=True)
        try:
            cursor.execute(text, parameters)
            kinds = [KINDS.get(column[1], "text") for column in cursor.description]
            return kinds, [[shown(cell) for cell in row] for row in cursor.fetchall()], ""
        finally:
            cursor.close()
    except mysql.connector.Error as error:
        return None, error.errno, str(error.msg)


class Sides:
    """The two connections of prepared statements."""

    def __init__(self, our_port, their_port):
        self.ours, self.theirs = connect(our_port), connect(their_port)
        self.told = None
        self.theirs.cmd_query("SET collation_connection='utf8mb4_nopad_bin'")

    def compare(self, seed, at):
        """What was asked, and what differs."""
        told = settings(f"prepared {seed}", at)
        if told != self.told:
            for side in (self.ours, self.theirs):
                side.cmd_query("SET " + ", ".join(f"{name} = {value}" for name, value in told.items()))
            self.told = told
        text, parameters = Prepared(f"prepared {seed} {at}", told).statement()
        return f"{text} {parameters}", difference(ask(self.ours, text, parameters), ask(self.theirs, text, parameters))
