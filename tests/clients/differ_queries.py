"""Random queries around the expressions of `differ_expressions`: what a case is, and the settings of the sessions that ask it."""
from differ_expressions import Expressions

# Cases that one setting of the sessions holds for.
BLOCK = 20
MODES = ["", "", "", "PIPES_AS_CONCAT", "ANSI_QUOTES", "loose"]
ZONES = ["+03:00", "+00:00", "Europe/Prague", "America/New_York", "Asia/Kolkata"]
# Instants; beside the first two, zones of the list leave or enter summer time.
MOMENTS = [1711846799, 1730596500, 1700000000, 1583020799]
FRAMES = ["", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING", "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
          "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING", "ROWS UNBOUNDED PRECEDING", "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"]


def settings(seed, at):
    """What `SET` says to both sessions for case `at`."""
    r = Expressions(f"settings {seed} {at // BLOCK}").r
    mode, zone, moment = r.choice(MODES), r.choice(ZONES), r.choice(MOMENTS)
    modes = ["STRICT_TRANS_TABLES", "ERROR_FOR_DIVISION_BY_ZERO"] + ([] if mode == "loose" else ["ONLY_FULL_GROUP_BY"])
    modes += [mode] if mode not in ("", "loose") else []
    return {"sql_mode": "'" + ",".join(modes) + "'", "time_zone": f"'{zone}'", "timestamp": str(moment)}


class Case:
    """Statements whose last one is a query. `columns` are its expressions where each can be asked alone, of rows `FROM ev`."""

    def __init__(self, query, before=(), columns=()):
        self.query, self.before, self.columns = query, list(before), list(columns)

    def alone(self):
        """The same expressions, each in a case of its own."""
        return [Case(rows([column])) for column in self.columns]


def rows(columns):
    named = ", ".join(f"{column} AS c{at}" for at, column in enumerate(columns))
    return f"SELECT id, {named} FROM ev ORDER BY id"


class Queries(Expressions):
    """`case()` makes one case."""

    def case(self):
        shape = self.pick("row", "row", "row", "row", "total", "total", "union", "union", "groups", "rollup", "where", "window", "window", "recursive", "texts", "variable", "join", "derived", "mode")
        return getattr(self, shape)(self.pick(1, 1, 1, 2))

    def row(self, depth):
        columns = [self.any(depth) for _ in range(4)]
        return Case(rows(columns), columns=columns)

    def aggregate(self, depth):
        n, a = self.number(depth), self.any(depth)
        return self.pick(f"SUM({n})", f"AVG({n})", f"MIN({a})", f"MAX({a})", f"COUNT({a})", f"COUNT(DISTINCT {a})", f"SUM(DISTINCT {self.of('int|decimal', depth)})",
                         f"SUM(IF({self.truth(depth)}, {n}, 0))", f"SUM(CASE WHEN {self.truth(depth)} THEN {n} END)", f"COUNT(CASE WHEN {self.truth(depth)} THEN 1 END)",
                         f"SUM({self.truth(depth)})", f"MAX(CASE WHEN {self.truth(depth)} THEN {a} ELSE NULL END)", f"BIT_OR({self.of('int', depth)})", f"BIT_AND({self.of('int', depth)})",
                         f"BIT_XOR({self.of('int', depth)})", f"ROUND(STDDEV({n}), 3)", f"ROUND(VAR_SAMP({self.of('int', 0)}), 3)", "SUM(NULL)", "COUNT(*)", f"IFNULL(SUM({n}), 0)", f"ROUND(AVG({n}), 2)",
                         f"SUM({n}) / COUNT(*)", f"GROUP_CONCAT({a} ORDER BY id)", f"AVG(DISTINCT {self.of('int', 0)})", f"MAX({n}) - MIN({n})")

    def truth(self, depth):
        return self.of("truth", depth)

    def total(self, depth):
        columns = ", ".join(f"{self.aggregate(depth)} AS c{at}" for at in range(2))
        return Case(f"SELECT {columns} FROM ev" + self.pick("", f" WHERE {self.truth(depth)}", " WHERE id > 99"))

    def union(self, depth):
        kinds = ["int", "decimal", "double", "text", "date", "datetime", "time", "truth"]
        first, second, third = (self.of(self.pick(*kinds), self.pick(0, depth)) for _ in range(3))
        second = self.pick(second, second, "NULL")
        parts = f"SELECT id, {first} AS v FROM ev UNION ALL SELECT id + 10, {second} FROM ev"
        shape = self.r.randrange(5)
        if shape == 0:
            return Case(f"SELECT v FROM (SELECT 0 AS id, {self.pick('NULL', third)} AS v UNION ALL {parts}) t ORDER BY t.id")
        if shape == 1:
            return Case(f"SELECT MAX(v), COUNT(DISTINCT v) FROM ({parts}) t")
        if shape == 2:
            return Case(f"SELECT COUNT(*) FROM (SELECT {first} AS v FROM ev UNION SELECT {second} FROM ev) t")
        if shape == 3:
            return Case(f"SELECT {first} AS v, 1 AS o FROM ev WHERE id = 1 UNION SELECT {second}, 2 FROM ev WHERE id = 2 ORDER BY o")
        return Case(f"SELECT v FROM ({parts}) t ORDER BY t.id")

    def groups(self, depth):
        key = self.pick("ok", "MONTH(d)", "LEFT(name, 1)", "n > 5", self.of("int|truth", depth))
        having = self.pick("", "", " HAVING c > 1", f" HAVING SUM(v) > {self.r.randrange(20)}")
        return Case(f"SELECT k, COUNT(*) AS c, SUM(v) AS s, AVG(v) AS a FROM (SELECT {key} AS k, {self.number(depth)} AS v FROM ev) t GROUP BY k{having} ORDER BY k")

    def rollup(self, depth):
        first, second = self.pick("IFNULL(ok, 2)", "YEAR(IFNULL(d, '2020-01-01'))", "id % 2"), self.pick("IFNULL(n, 0) > 5", "id % 3", "LENGTH(IFNULL(name, ''))")
        table = f"(SELECT {first} AS k, {second} AS j, {self.number(depth)} AS v FROM ev) t"
        if self.r.random() < 0.5:
            return Case(f"SELECT * FROM (SELECT k, GROUPING(k) AS g, COUNT(*) AS c, SUM(v) AS s FROM {table} GROUP BY k WITH ROLLUP) u ORDER BY k, c")
        return Case(f"SELECT * FROM (SELECT k, j, COUNT(*) AS c, SUM(v) AS s, MAX(v) AS m FROM {table} GROUP BY k, j WITH ROLLUP) u ORDER BY k, j, c")

    def where(self, depth):
        subquery = self.pick("n IN (SELECT n FROM ev WHERE id < 4)", "EXISTS (SELECT 1 FROM ev e2 WHERE e2.n = ev.n AND e2.id <> ev.id)", "id = ANY (SELECT n FROM ev)",
                             f"id NOT IN (SELECT n FROM ev WHERE n IS NOT NULL AND {self.truth(0)})", self.truth(depth), self.truth(depth))
        return Case(f"SELECT id, n, amt FROM ev WHERE {subquery} {self.pick('', f'AND {self.truth(depth)}', f'OR {self.truth(depth)}')} ORDER BY {self.pick('id', 'n, id', 'name DESC, id', 'amt DESC, id LIMIT 3', 'd, id LIMIT 2 OFFSET 1')}")

    def window(self, depth):
        part, order, frame = self.pick("", "PARTITION BY ok ", "PARTITION BY MONTH(d) "), self.pick("id", "n, id", "amt DESC, id"), self.pick(*FRAMES)
        a = self.of("int|decimal|text|date|datetime", depth)
        order = "id" if frame.startswith("RANGE") else order
        ranked = self.pick("ROW_NUMBER()", "RANK()", "DENSE_RANK()", "NTILE(3)", f"LAG({a})", f"LEAD({a}, 2)", "PERCENT_RANK()", "CUME_DIST()")
        digits = ("ROUND(", ", 5)") if ranked in ("PERCENT_RANK()", "CUME_DIST()") else ("", "")
        framed = self.pick(f"SUM({self.of('int|decimal', depth)})", f"AVG({self.of('int', depth)})", "COUNT(*)", f"COUNT({a})", f"MIN({a})", f"MAX({a})", f"FIRST_VALUE({a})", f"LAST_VALUE({a})", f"NTH_VALUE({a}, 2)")
        return Case(f"SELECT id, {digits[0]}{ranked} OVER ({part}ORDER BY {order}){digits[1]} AS r, {framed} OVER ({part}ORDER BY {order} {frame}) AS f FROM ev ORDER BY id")

    def recursive(self, depth):
        step, start = self.pick("n + 1", "n + 2", "n * 2 + 1"), self.r.randrange(4)
        if self.r.random() < 0.5:
            return Case(f"WITH RECURSIVE c AS (SELECT {start} AS n UNION ALL SELECT {step} FROM c WHERE n < {self.r.randrange(5, 12)}) "
                        f"SELECT c.n, e.name, {self.pick('e.amt + c.n', 'IFNULL(e.d, c.n)', 'c.n / 2')} AS v FROM c LEFT JOIN ev e ON e.id = c.n ORDER BY c.n")
        return Case(f"WITH RECURSIVE c (n, t, d) AS (SELECT 1, CAST('a' AS CHAR(20)), DATE '2024-01-30' UNION ALL SELECT n + 1, CONCAT(t, n), d + INTERVAL 1 DAY FROM c WHERE n < 6) SELECT n, t, d, {self.pick('SUM(n) OVER (ORDER BY n)', 'n * 1.5', 'DAYNAME(d)')} AS x FROM c ORDER BY n")

    def texts(self, depth):
        of = self.of("text|int|decimal|date", depth)
        return Case(f"SELECT ok, GROUP_CONCAT({self.pick('', 'DISTINCT ')}{of} ORDER BY {self.pick(of, of + ' DESC')}{self.pick('', ' SEPARATOR ' + self.pick(chr(39) + '|' + chr(39), chr(39) + chr(39)))}) AS g FROM ev GROUP BY ok ORDER BY ok")

    def variable(self, depth):
        name = self.pick("@a", "@b")
        setting = "SET " + name + " = " + self.pick("7", "-12", "'ann'", "'1x'", "TRUE", "3 + 4")
        return Case(f"SELECT {name} AS v, {self.pick(f'CONCAT({name}, 1)', f'{name} + 1', f'{name} IS NULL', f'IFNULL({name}, 0)', f'COALESCE({name}, 1.5)')} AS w", [setting])

    def join(self, depth):
        on = self.pick("a.n = b.id", "a.name = b.name", "a.amt = b.n", "a.d = b.at", "a.id = b.id AND b.ok", "a.name = b.id", "a.n < b.n")
        return Case(f"SELECT a.id, b.id, {self.pick('IFNULL(b.amt, a.n)', 'COALESCE(b.name, a.id)', 'a.amt + b.n', 'b.ok OR a.ok', 'CONCAT(a.name, b.amt)', 'IF(b.id IS NULL, a.d, b.at)')} AS v FROM ev a {self.pick('LEFT JOIN', 'JOIN', 'RIGHT JOIN')} ev b ON {on} ORDER BY a.id, b.id")

    def derived(self, depth):
        value = self.any(depth)
        return Case(f"SELECT id, v, {self.pick('v IS NULL', 'CONCAT(v, 1)', 'IFNULL(v, 0)', 'COALESCE(v, name)', 'IF(ok, v, 0)', 'CAST(v AS CHAR)')} AS w FROM (SELECT id, name, ok, {value} AS v FROM ev) t WHERE {self.pick('TRUE', 'v IS NOT NULL', 'id < 4')} ORDER BY id")

    def mode(self, depth):
        modes = self.settings.get("sql_mode", "")
        if "PIPES_AS_CONCAT" in modes:
            columns = [f"name || ({self.any(depth)})", f"'a' || ({self.of('int|text|decimal', depth)}) || 'b'"]
            return Case(rows(columns), columns=columns)
        if "ANSI_QUOTES" in modes:
            return Case(f'SELECT "id", "ev"."name", {self.any(depth)} AS "my x" FROM "ev" WHERE "n" > 0 OR "name" = \'bob\' ORDER BY "id"')
        if "ONLY_FULL_GROUP_BY" in modes:
            columns = [f"(ok || {self.truth(depth)})", f"({self.truth(depth)} && n)", f"{self.truth(depth)} || name"]
            return Case(rows(columns), columns=columns)
        return Case(f"SELECT id, name, {self.of('int|text|decimal', depth)} AS x, COUNT(*) AS c, SUM(amt) AS s FROM ev GROUP BY id ORDER BY id")


def case(seed, at):
    """Case `at` of a seed, and what is set for it."""
    told = settings(seed, at)
    return Queries(seed * 1_000_003 + at, told).case(), told
