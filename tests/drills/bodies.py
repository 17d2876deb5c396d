"""Generated, mutated and truncated bodies of loads, beside a reference reader: no row is wrong, lost or too many.

    BODIES=10000 SEED=7 tests/drills/run bodies        (default: 400 bodies, seed 1)

CSV with every header that says how it is written, JSON however it stands. The reader here follows what README says of the
headers, not how the loader is made. A body that differs is shown with what replays it.
"""

import http.client
import json
import os
import random
import re
from collections import Counter

from kit.cluster import QUICK, Cluster

from two_phase import LOGIN

INT = re.compile(rb"[ \t\r\n]*([+-]?\d+)(?:\.0*)?[ \t\r\n]*")
PIECES = rb"""|a|ann| b |12|-7|1.0|\N|NULL|"|'|x,y|\|  |""".split(b"|") + [b"|", b"\t", b"a\nb", b"\xff", "é".encode()]
MARK = b"\xef\xbb\xbf"
SEPARATORS = [b",", b"\t", b"|", b"||", b"\x01", b"-d-", b"\x01\x02", "⊙".encode()]
DELIMITERS = [None, None, None, b";", b"\x02", b"<br>", b"#\n"]


class Refused(Exception):
    """The reference reader takes nothing of this body."""


class Csv:
    """A CSV of two fields for (id INT, a VARCHAR), and how it is read."""

    format = "csv"

    def __init__(self, chance):
        self.separator = chance.choice(SEPARATORS)
        self.delimiter = chance.choice(DELIMITERS)
        self.enclose = chance.choice([None, None, b'"', b"'"])
        self.escape = chance.choice([None, None, None, b"\\"])
        self.trim = chance.random() < 0.2
        self.unquote = chance.random() < 0.15 and self.enclose != b'"'
        self.skip = chance.choice([0, 0, 0, 1, 2])
        self.null = chance.choice([None, None, b"NULL", b""])
        ends = self.delimiter or chance.choice([b"\n", b"\r\n", b"\n"])
        mark = chance.choice([b"", b"", b"", MARK])
        rows = [self._row(chance, no) for no in range(chance.randint(0, 12))]
        self.body = mark + ends.join(rows) + chance.choice([b"", ends, ends * 2])

    def _row(self, chance, no):
        count = chance.choice([2] * 12 + [1, 3])
        fields = [str(no).encode()] + [self._field(chance) for _ in range(count - 1)]
        return self.separator.join(fields)

    def _field(self, chance):
        text = b"".join(chance.choice(PIECES) for _ in range(chance.randint(0, 3)))
        if self.enclose and chance.random() < 0.5:
            return self.enclose + text.replace(self.enclose, self.enclose * 2) + self.enclose
        return text

    def headers(self):
        spelled = "".join(f"\\x{byte:02x}" for byte in self.separator)
        headers = {"column_separator": spelled, "skip_header": str(self.skip)}
        if self.delimiter:
            headers["row_delimiter"] = "".join(f"\\x{byte:02x}" for byte in self.delimiter)
        if self.enclose:
            headers["enclose"] = self.enclose.decode()
        if self.escape:
            headers["escape"] = self.escape.decode()
        if self.trim:
            headers["trim_space"] = "true"
        if self.unquote:
            headers["trim_double_quotes"] = "true"
        if self.null == b"":
            headers["empty_field_as_null"] = "true"
        elif self.null:
            headers["null_marker"] = self.null.decode()
        return headers

    def rows(self, body):
        """The rows that fit, and how many do not."""
        records = list(self._records(body.removeprefix(MARK)))[self.skip :]
        good, bad = [], 0
        for record in records:
            row = self._values(record) if len(record) == 2 else None
            bad += row is None
            good += [] if row is None else [row]
        return good, bad

    def _values(self, record):
        id_text, text = record
        if id_text is not None and id_text.strip(b" \t\r\n"):
            number = INT.fullmatch(id_text)
            if not number or not -(2**31) <= int(number[1]) < 2**31:
                return None
            number = int(number[1])
        else:
            number = None
        if text is None:
            return number, None
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
        return number, text

    def _end(self, body, at):
        """The sign at a place: its length, and whether it ends the row."""
        ends = [self.delimiter] if self.delimiter else [b"\n", b"\r"]
        found = [(len(sign), True) for sign in ends if body.startswith(sign, at)]
        found += [(len(self.separator), False)] if body.startswith(self.separator, at) else []
        return max(found, default=None)

    def _records(self, body):
        at = 0
        ends = (self.delimiter,) if self.delimiter else (b"\n", b"\r")
        while True:
            while any(body.startswith(end, at) for end in ends):
                at += len(next(end for end in ends if body.startswith(end, at)))
            if at >= len(body):
                return
            record, more = [], True
            while more:
                field, at, more = self._read(body, at)
                record.append(field)
            yield record

    def _read(self, body, at):
        """A field, where the next begins, and whether there is one in this row."""
        start = at
        while self.trim and body[at : at + 1] == b" ":
            at += 1
        kept, escaped = b"", False
        if self.enclose and body[at : at + 1] == self.enclose:
            at += 1
            while True:
                byte = body[at : at + 1]
                if not byte:
                    raise Refused(f"enclosed at {start} and never closed")
                if byte == self.escape:
                    if at + 1 >= len(body):
                        raise Refused("nothing behind an escape")
                    kept, at, escaped = kept + body[at + 1 : at + 2], at + 2, True
                elif byte == self.enclose and body[at + 1 : at + 2] == self.enclose:
                    kept, at = kept + byte, at + 2
                elif byte == self.enclose:
                    at += 1
                    break
                else:
                    kept, at = kept + byte, at + 1
        elif self.escape == b"\\" and body.startswith(b"\\N", at):
            if at + 2 == len(body) or self._end(body, at + 2):
                kept, at = b"\\N", at + 2
        rest, more, end = b"", False, len(body)
        while at < len(body):
            if body[at : at + 1] == self.escape:
                if at + 1 < len(body):
                    rest, at, escaped = rest + body[at + 1 : at + 2], at + 2, True
                    continue
                rest, at = rest + body[at : at + 1], at + 1
                continue
            sign = self._end(body, at)
            if sign:
                length, ends_row = sign
                more, end = not ends_row, at + length
                break
            rest, at = rest + body[at : at + 1], at + 1
        text = kept + (rest.rstrip(b" ") if self.trim else rest)
        if self.unquote and len(text) >= 2 and text[:1] == text[-1:] == b'"':
            text = text[1:-1]
        null = not escaped and (text == b"\\N" or (self.null is not None and text == self.null))
        return None if null else text, end, more


class Json:
    """JSON rows, and how they stand."""

    format = "json"

    def __init__(self, chance):
        self.way = chance.choice(["lines", "pretty", "array", "root", "paths"])
        values = [None, "", "a", "x\ny", "é\u2028", 'q"q', "\\", 5, -2.5, True, {"k": [1, 2]}, [None, "z"]]
        self.objects = []
        for no in range(chance.randint(0, 10)):
            row = {chance.choice(["id", "ID", "Id"]): chance.choice([no, str(no), None, 1e3, "x"]), "other": 1}
            row[chance.choice(["a", "A"])] = chance.choice(values)
            self.objects.append(dict(chance.sample(list(row.items()), len(row))))
        indent = chance.choice([None, 2])
        ascii_only = chance.random() < 0.5

        def dump(what, indent=indent):
            return json.dumps(what, indent=indent, ensure_ascii=ascii_only)

        if self.way == "lines":
            text = "\n".join(dump(row, None) for row in self.objects)
        elif self.way == "pretty":
            text = chance.choice(["\n", " ", ""]).join(map(dump, self.objects))
        elif self.way == "array":
            text = dump(self.objects)
        elif self.way == "root":
            text = dump({"n": 0, "data": {"rows": self.objects}})
        else:
            pairs = [(self._get(row, "id"), self._get(row, "a")) for row in self.objects]
            text = "\n".join(dump({"v": {"x": [number]}, "w": text}, None) for number, text in pairs)
        self.body = chance.choice([b"", b"", MARK]) + text.encode("utf-8", "surrogatepass")

    @staticmethod
    def _get(row, name):
        return next(value for key, value in row.items() if key.lower() == name)

    def headers(self):
        return {
            "array": {"strip_outer_array": "true"},
            "root": {"strip_outer_array": "true", "json_root": "$.data.rows"},
            "paths": {"jsonpaths": '["$.v.x[0]", "$.w"]'},
        }.get(self.way, {})

    def rows(self, body):
        """The rows that fit, and how many do not."""
        objects, bad = self._objects(body.removeprefix(MARK).decode("utf-8", "replace"))
        good = []
        for number, text in objects:
            if isinstance(number, str) and not number.isdigit():
                bad += 1
                continue
            if isinstance(text, (dict, list)):
                text = json.dumps(text, separators=(",", ":"))
            elif text is not None and not isinstance(text, str):
                text = json.dumps(text)
            good.append((None if number is None else int(number), None if text is None else text.encode()))
        return good, bad

    def _objects(self, text):
        """Both values of each object, and whether there is one that does not end."""
        found, at, decoder = [], 0, json.JSONDecoder()
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            try:
                value, at = decoder.raw_decode(text, at)
            except ValueError:
                if self.way in ("array", "root"):
                    raise Refused("it does not end") from None
                return found, 1
            rows = {"array": lambda v: v, "root": lambda v: v["data"]["rows"]}.get(self.way, lambda v: [v])(value)
            if self.way == "paths":
                found += [(row["v"]["x"][0], row["w"]) for row in rows]
            else:
                found += [(self._get(row, "id"), self._get(row, "a")) for row in rows]
        return found, 0


def cut(chance, body):
    return body[: chance.randrange(len(body))] if body else body


def changed(chance, body):
    """The body with some bytes replaced, left out or put in."""
    body = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(body) + 1)
        byte = chance.choice(b"\\\"',|\n\r\t 019aN\x01\xff")
        body[at : at + chance.choice([0, 1])] = chance.choice([b"", bytes([byte])])
    return bytes(body)


class Loader:
    """One connection to a coordinator, for many loads."""

    def __init__(self, cluster):
        host = cluster.coordinator("drill.t").split("/")[2]
        self._connection = http.client.HTTPConnection(host, timeout=60)

    def load(self, of, body):
        headers = {"Authorization": LOGIN, "format": of.format, "max_filter_ratio": "1", **of.headers()}
        self._connection.request("PUT", "/api/drill/t/_stream_load", body, headers)
        return json.loads(self._connection.getresponse().read())


def drill(report):
    seed, bodies = int(os.environ.get("SEED", 1)), int(os.environ.get("BODIES", 400))
    with Cluster(1, QUICK) as cluster:
        cluster.sql("CREATE DATABASE drill")
        cluster.sql(
            "CREATE TABLE drill.t (id INT, a VARCHAR(2000)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 "
            "PROPERTIES ('replication_num' = '1')"
        )
        loader, wrong, refused, rows = Loader(cluster), [], 0, 0
        for no in range(bodies):
            chance = random.Random(f"{seed} {no}")
            of = chance.choice([Csv, Csv, Json])(chance)
            # What becomes of JSON that is broken in its middle is shown by the loader's own tests.
            ways = [lambda _, body: body, cut] + ([changed] if of.format == "csv" else [])
            body = chance.choice(ways)(chance, of.body)
            answer = loader.load(of, body)
            fault = differs(cluster, of, body, answer)
            refused += answer["Status"] != "Success"
            rows += answer["NumberLoadedRows"]
            if fault:
                wrong.append(no)
                report.say(f"SEED={seed} body {no}: {fault}\n{of.headers()}\n{body!r}\n{answer['Message']}")
            if answer["NumberLoadedRows"]:
                cluster.sql("TRUNCATE TABLE drill.t")
        report.say(f"{bodies} bodies, {rows} rows loaded, {refused} bodies refused")
        report.equal("bodies that were read otherwise than by the reference", wrong, [])


def differs(cluster, of, body, answer):
    """What is wrong; `None` where nothing is."""
    try:
        expected = of.rows(body)
    except Refused as why:
        return f"expected to be refused: {why}" if answer["Status"] == "Success" else None
    if answer["Status"] != "Success":
        return "refused"
    good, bad = expected
    if (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) != (len(good), bad):
        loaded, filtered = answer["NumberLoadedRows"], answer["NumberFilteredRows"]
        return f"{loaded} rows loaded and {filtered} left out, expected {len(good)} and {bad}"
    if not good:
        return None
    shown = cluster.sql("SELECT IFNULL(id, 'none') AS id, IFNULL(HEX(a), 'none') AS a FROM drill.t")
    found = Counter((row["id"], row["a"]) for row in shown)
    named = Counter(
        ("none" if number is None else str(number), "none" if text is None else text.hex().upper())
        for number, text in good
    )
    return None if found == named else f"rows {found - named} instead of {named - found}"
