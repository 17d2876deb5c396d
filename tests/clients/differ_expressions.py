"""Random expressions from one seed, over the table `ev`. A kind has leaves and templates; `<kind>` in a template is another
expression of that kind (`<int|text>`: of either), `<:A/B>` one of these words, `<#9>` a number below 9."""
import random, re

NUMBER = "int|int|decimal|decimal|double"
ANY = "int|decimal|double|text|date|datetime|time|truth|int|text"

LEAVES = {
    "int": ["n", "id", "n", "1", "0", "-7", "12", "big", "255"],
    "decimal": ["amt", "amt", "1.5", "0.25", "-2.0", "99999999.99"],
    "double": ["f", "f", "1e3", "-2.5e-3"],
    "text": ["name", "name", "'x'", "'12'", "'ann'", "' b '", "'a_b%c'", "''", "'Zoë'"],
    "date": ["d", "d", "DATE '2024-02-29'", "DATE(at)"],
    "datetime": ["at", "at", "p", "TIMESTAMP '2024-03-04 05:06:07'", "CAST('2024-06-07 08:09:10' AS DATETIME)"],
    "time": ["TIME(at)", "CAST('10:11:12' AS TIME)", "TIME(at)", "TIME '-01:02:03'"],
    "truth": ["ok", "n > 5", "name = 'bob'", "d >= '2024-02-01'", "amt < 10", "TRUE", "(NULL AND ok)", "ok IS NOT TRUE"],
}
# One of several values, of kinds that may differ.
CHOICES = ["CASE WHEN <truth> THEN {0} ELSE {1} END", "IF(<truth>, {0}, {1})", "IFNULL({0}, {1})", "COALESCE({0}, {1}, {2})", "NVL2({0}, {1}, {2})",
           "CASE n WHEN 7 THEN {0} WHEN 9 THEN {1} ELSE {2} END", "COALESCE(NULL, {0}, {1})", "NULLIF({0}, {1})", "CASE WHEN <truth> THEN NULL ELSE {0} END",
           "IF(<truth>, NULL, {0})", "CASE WHEN <truth> THEN {0} WHEN <truth> THEN {1} END", "CASE {0} WHEN {1} THEN {2} ELSE {0} END"]
MIXED = {"int": ["int", "truth"], "decimal": ["decimal", "int"], "double": ["double", "decimal", "int"], "text": ["text", "int", "decimal", "date", "datetime", "time"],
         "date": ["date"], "datetime": ["datetime", "date", "datetime"], "time": ["time"], "truth": ["truth"]}

TEMPLATES = {
    "int": """(<int> + <int>) | (<int> - <int>) | <int> * 3 | (<int> DIV 3) | (<decimal> DIV 2) | MOD(<int>, 4) | (<int> % 5) | LENGTH(<text>) | CHAR_LENGTH(<text>)
        | BIT_LENGTH(<text>) | YEAR(<datetime>) | MONTH(<date>) | DAYOFMONTH(<datetime>) | DAYOFYEAR(<datetime>) | WEEK(<datetime>, <#8>) | YEARWEEK(<date>, <#8>)
        | WEEKOFYEAR(<date>) | QUARTER(<datetime>) | HOUR(<time>) | MINUTE(<time|datetime>) | SECOND(<time|datetime>) | MICROSECOND(<datetime>) | TIME_TO_SEC(TIME(at))
        | DATEDIFF(<datetime>, <date>) | TIMESTAMPDIFF(<:DAY/HOUR/MONTH/WEEK/SECOND/YEAR/QUARTER/MINUTE>, <datetime>, <datetime|date>) | LOCATE('e', <text>)
        | LOCATE(<text>, <text>, 2) | INSTR(<text>, 'n') | ASCII(<text>) | FIND_IN_SET(<text>, 'ann,bob,12') | FLOOR(<decimal>) | CEIL(<decimal>) | ROUND(<decimal>)
        | EXTRACT(<:YEAR_MONTH/DAY_HOUR/HOUR_MINUTE/WEEK/MICROSECOND/DAY_SECOND/YEAR/QUARTER/MINUTE_SECOND/DAY_MINUTE/HOUR_SECOND> FROM <datetime>)
        | BIT_COUNT(<int>) | SIGN(<int|decimal|double>) | FIELD(<text>, 'ann', 'bob') | CAST(<text> AS SIGNED) | CAST(<decimal|double> AS SIGNED)
        | CAST(<int> AS UNSIGNED) | CAST(<truth> AS SIGNED) | CRC32(<text>) | DAYOFWEEK(<datetime>) | WEEKDAY(<date>) | TO_DAYS(<date>) | STRCMP(<text>, 'b') | ORD(<text>)
        | (<int> & 6) | (<int> \\| 9) | (<int> ^ 5) | (<int> << 2) | (<int> >> 1) | ~<int> | -(<int>) | ABS(<int>) | GREATEST(<int>, <int>) | LEAST(<int>, 5, <int>)
        | UNIX_TIMESTAMP(<date>) | UNIX_TIMESTAMP('2024-02-<#9> 04:05:06') | INET_ATON('10.0.<#256>.7') | PERIOD_DIFF(202402, 202311) | JSON_LENGTH('[1,2,[3]]')
        | JSON_VALID(<text>) | JSON_CONTAINS('[1, 2]', '1') | JSON_DEPTH('[1, [2]]') | (SELECT MAX(n) FROM ev) | 0x41 + 1
        | REGEXP_INSTR(<text>, '[en]') | ISNULL(<any>) | LENGTH(CONCAT(<any>, <text>)) | SECOND(p) | MICROSECOND(p) | TO_SECONDS(<datetime>)""",
    "decimal": """(<decimal> + <int>) | <decimal> * 2 | (<decimal> - amt) | (<decimal> + <decimal>) | <decimal> * <decimal> | (<decimal> / 4) | (<int> / 3) | ABS(<decimal>) | -(<decimal>)
        | ROUND(amt, 1) | ROUND(<decimal>, 1) | ROUND(<decimal>, -1) | TRUNCATE(<decimal>, 1) | TRUNCATE(amt, 0) | ROUND(<int>, -1) | CAST(<int|decimal|double|text> AS DECIMAL(20,3)) | MOD(<decimal>, 3)
        | GREATEST(<decimal>, amt) | LEAST(<decimal>, 2.5) | LEAST(<decimal>, <int>) | (<decimal> % 1.5) | (SELECT SUM(amt) FROM ev) | (SELECT AVG(n) FROM ev) | (<int> * 1.25) | UNIX_TIMESTAMP(p)""",
    "double": """(<double> + 1) | <double> * 2 | (<double> - <decimal>) | ABS(<double>) | POW(<double>, 2) | SQRT(ABS(<double>)) | FLOOR(<double>) | CEIL(<double>) | (<double> / 4) | ROUND(<double>, 1)
        | ROUND(<double>) | TRUNCATE(<double>, 1) | LN(ABS(<double>) + 1) | LOG10(100) | LOG(2, 8) | EXP(1) | CAST(<text|int|decimal> AS DOUBLE) | (<text> + 1) | (<text> * <int>) | DEGREES(1) | ATAN(<int>)
        | GREATEST(<double>, <int>) | MOD(<double>, 3) | (<text> / 2) | -name | SQRT(<int>)""",
    "text": """CONCAT(<text>, <any>) | UPPER(<text>) | LOWER(<text>) | REVERSE(<text>) | LEFT(<text>, 2) | RIGHT(<text>, 2) | SUBSTRING(<text>, 2, 2) | SUBSTRING(<text>, -2) | TRIM(<text>)
        | MID(<text>, 1, 2) | LPAD(<text>, 5, '*') | RPAD(<text>, 4, 'xy') | REPLACE(<text>, 'n', 'NN') | HEX(<text|int>) | UNHEX(HEX(<text>)) | MD5(<text>) | SHA1(<text>) | SHA2(<text>, 256)
        | DATE_FORMAT(<datetime>, '%Y/%m/%d %H:%i:%s %a %b %j %U %u %V %v %X %x %w %W %M %D %e %c %k %l %p %r %T %%') | DATE_FORMAT(<date>, '%<:y/h/I/f/S/d/z/Q> x') | TIME_FORMAT(<time>, '%H:%i:%s %h %p %k')
        | CONV(<int>, 10, <:16/2/36/8>) | CONV(<text>, 16, 10) | OCT(<int>) | BIN(<int>) | FORMAT(<decimal>, 1) | FORMAT(<int>, 2) | TO_BASE64(<text>) | FROM_BASE64(TO_BASE64(<text>)) | INSERT(<text>, 2, 1, 'ZZ')
        | SUBSTRING_INDEX(<text>, 'n', <:1/-1/0>) | CAST(<any> AS CHAR) | CAST(<text> AS CHAR(2)) | SOUNDEX(<text>) | DAYNAME(<date>) | MONTHNAME(<datetime>) | MAKE_SET(<int>, 'a', 'b', 'c') | QUOTE(<text>) | ELT(2, <text>, 'q')
        | EXPORT_SET(5, 'Y', 'N', ',', 4) | CONCAT_WS('-', <text>, <int>, NULL, <date>) | TRIM(LEADING 'a' FROM <text>) | TRIM(BOTH 'b' FROM <text>) | LTRIM(<text>) | SPACE(2) | REPEAT(<text>, 2)
        | JSON_EXTRACT('{"a": [1, {"b": 2}]}', '$.a[1]') | JSON_OBJECT('k', <:n/name/amt/id>) | JSON_ARRAY(<:n/name/amt>, 'x', NULL) | JSON_QUOTE(<text>) | JSON_TYPE('[1]') | JSON_KEYS('{"a": 1, "b": 2}')
        | JSON_VALUE('{"a": "b"}', '$.a') | REGEXP_REPLACE(<text>, '[nb]', '-') | REGEXP_SUBSTR(<text>, '[a-z]+') | CHAR(65, <#26> + 65) | INET_NTOA(<#9999>) | GREATEST(<text>, 'b') | LEAST(UPPER(name), 'b', name)
        | (SELECT MAX(name) FROM ev) | (SELECT MIN(e2.name) FROM ev e2 WHERE e2.id = ev.n) | FROM_UNIXTIME(<#9>00000000, '%Y %H') | (COLLATION('a') IS NULL) | DATE_ADD('2024-01-31', INTERVAL <#5> MONTH) | (<text> <cat> <text|int>)""",
    "date": """LAST_DAY(<date|datetime>) | (<date> + INTERVAL <#40> DAY) | DATE_SUB(<date>, INTERVAL 1 MONTH) | STR_TO_DATE('2024-05-06', '%Y-%m-%d') | STR_TO_DATE(<:'06,5,2024'/'x'/'30,12,2024'>, '%d,%m,%Y') | DATE(<datetime>) | MAKEDATE(2024, <#400>)
        | GREATEST(<date>, d) | LEAST(<date>, <date>) | CAST(<datetime> AS DATE) | FROM_DAYS(739000 + <#99>) | ADDDATE(<date>, <#9>) | STR_TO_DATE('<#5>4 Feb 2023', '%d %b %Y') | (SELECT MAX(d) FROM ev)""",
    "datetime": """(<datetime> + INTERVAL 90 MINUTE) | (<datetime> - INTERVAL '1:30' HOUR_MINUTE) | DATE_ADD(<datetime|date>, INTERVAL <#30> <:HOUR/SECOND/MINUTE>) | DATE_ADD(<datetime>, INTERVAL 1 <:YEAR/MONTH/WEEK/QUARTER/DAY>)
        | CONVERT_TZ(<datetime>, '+00:00', '+05:30') | CONVERT_TZ(<datetime>, 'Europe/Prague', <:'America/New_York'/'UTC'/'+02:00'/'Nowhere'>) | FROM_UNIXTIME(<#9>00000000) | FROM_UNIXTIME(ABS(n)) | ADDTIME(<datetime>, '1:1:1')
        | SUBTIME(<datetime>, <time>) | TIMESTAMP(<date>) | TIMESTAMP(<date>, '10:11:12') | STR_TO_DATE('2024-05-06 7:8:9', '%Y-%m-%d %H:%i:%s') | STR_TO_DATE('5/6/24 07:08 PM', '%m/%d/%y %h:%i %p') | CAST(<date> AS DATETIME) | GREATEST(<datetime>, at)
        | LEAST(<datetime>, <date>) | NOW() | TIMESTAMPADD(<:DAY/MONTH/HOUR>, <#40>, <datetime>) | UTC_TIMESTAMP() | (SELECT MIN(at) FROM ev) | DATE_ADD(<datetime>, INTERVAL '1 2' DAY_HOUR)""",
    "time": """TIMEDIFF(p, at) | TIMEDIFF((at + INTERVAL <#99> HOUR), at) | SEC_TO_TIME(<int>) | MAKETIME(<#30>, 8, 9) | ADDTIME(<time>, '0:30') | SUBTIME(<time>, '1:00:00') | TIMEDIFF(<time>, '01:00:00') | CAST(<datetime> AS TIME) | CAST('<#9>:1' AS TIME) | TIME('2024-01-01 07:08:09') | CURTIME()
        | STR_TO_DATE('07:08', '%H:%i') | (SELECT MAX(TIME(at)) FROM ev) | GREATEST(<time>, <time>)""",
    "truth": f"""(<{NUMBER}> <:>/</=/<>/>=> <{NUMBER}>) | (<text> <:=/</>=/<>> <text>) | (<text> LIKE '%n%') | (<text> NOT LIKE 'a\\_%') | (<text> LIKE 'a|_%' ESCAPE '|') | (<text> LIKE <text>) | (<{NUMBER}> LIKE '1%') | (<{NUMBER}> IN (1, 7, 10.5))
        | (<{NUMBER}> IN ('7', 10.5, NULL)) | (<{NUMBER}> NOT IN (2, <int>, <decimal>)) | (<text> IN ('ann', 'x')) | (<text> IN (12, 'bob')) | (<date> IN ('2024-01-31', '2024-02-29')) | (<{NUMBER}> BETWEEN 1 AND '20') | (<{NUMBER}> BETWEEN <int> AND <decimal>)
        | (<text> BETWEEN 'a' AND 'c') | (<date> NOT BETWEEN '2024-01-01' AND '2024-02-01') | (<any> IS NULL) | (<any> IS NOT NULL) | NOT <truth> | (<date> <= '2024-02-29') | (<datetime> > <date>) | (<truth> AND <truth>) | (<truth> OR <truth>) | (<truth> XOR ok)
        | (<datetime> BETWEEN '2024-01-01' AND '2024-03-01') | (<{NUMBER}> <=> n) | (<text> <=> name) | (<text> > <int>) | (<text> = <int|decimal>) | (<truth> = <int>) | (<text> REGEXP '^[a-e]') | (<time> > '05:00:00')
        | (amt > (SELECT AVG(amt) FROM ev)) | (<truth> IS <:TRUE/FALSE/NOT TRUE/UNKNOWN>) | (<datetime> = at) | (name = <any>)""",
}


def parts(text):
    """The templates of a text: between bars that have a space on both sides and no backslash before."""
    return [part.strip().replace("\\|", "|") for part in re.split(r"\s\| ", text)]


PARSED = {kind: parts(text) for kind, text in TEMPLATES.items()}
HOLE = re.compile(r"<([a-z|]{3,})>|<:([^<>]*(?:[<>]=?[^<>]*)*?)>(?=[ ,)'\"]|$)|<#(\d+)>")


class Expressions:
    """`of(kind, depth)` is an expression; the same seed gives the same ones."""

    def __init__(self, seed, settings=None):
        self.r = random.Random(seed)
        self.settings = settings or {}

    def pick(self, *choices):
        return self.r.choice(choices)

    def any(self, depth):
        return self.of(ANY, depth)

    def number(self, depth):
        return self.of(NUMBER, depth)

    def of(self, kinds, depth):
        kind = self.pick(*kinds.split("|"))
        if kind == "any":
            kind = self.pick(*ANY.split("|"))
        if depth <= 0:
            return self.leaf(kind)
        if self.r.random() < 0.2:
            return self.chosen(MIXED[kind], depth)
        return self.filled(self.pick(*PARSED[kind]), depth)

    def leaf(self, kind):
        return self.pick(*LEAVES[kind])

    def chosen(self, kinds, depth):
        template = self.pick(*CHOICES)
        # What is compared is of one kind.
        kinds = kinds[:1] if template.startswith(("NULLIF", "CASE {0}")) else kinds
        values = [self.of(self.pick(*kinds), depth - 1) for _ in range(3)]
        return self.filled(template, depth, values)

    def filled(self, template, depth, values=()):
        def hole(found):
            kinds, words, below = found.groups()
            if kinds == "cat":
                return "||"
            if kinds:
                return self.of(kinds, depth - 1)
            if words is not None:
                return self.pick(*words.split("/"))
            return str(self.r.randrange(int(below)))
        made = HOLE.sub(hole, template)
        for at, value in enumerate(values):
            made = made.replace("{%d}" % at, value)
        return made
