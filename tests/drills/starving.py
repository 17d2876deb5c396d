"""Statements and clients that would starve or end the server, while others are answered beside them.

Each attack runs by clients of its own for some seconds and is then killed. Meanwhile SELECT 1, SHOW BACKENDS, INSERT of
one row, and log-ins from the same and from another address are timed, and the memory of the frontend is looked at.
Afterwards the frontend must be idle. A table of all cases ends the drill. With $STARVING, a part of the names, only those.
"""

import os
import subprocess
import threading
import time

from kit import crowd
from kit.cluster import QUICK, Cluster
from kit.crowd import Crowd
from kit.wire import Wire

SECONDS = 6
ROWS = 200_000
GB = 1 << 30
# query_mem_limit, what the guard lets it grow besides, and the process itself.
MOST = 4 * GB
SLOWEST = {"SELECT 1": 1.0, "SHOW BACKENDS": 1.0, "INSERT": 2.0, "log-in": 1.0, "log-in elsewhere": 1.0}
# What the process may hold while clients keep things in their sessions, which may have a quarter of it.
SMALL_PROCESS = 2 * GB


def doubled(levels, condition=""):
    more = "".join(
        f", c{n} AS (SELECT a.k FROM c{n - 1} a, c{n - 1} b {condition})" for n in range(1, levels)
    )
    return f"WITH c0 AS (SELECT a.k FROM d.s a, d.s b){more} SELECT count(*) FROM c{levels - 1}"


COLUMNS = "information_schema.columns"
# Name, statement, connections.
STATEMENTS = [
    ("repeat", f"SELECT sum(length(repeat(concat(table_name,'xxxxxxxxxxxxxxxxxxxx'),30000000))) FROM {COLUMNS}", 2),
    ("repeat of rows", "SELECT sum(length(repeat(v,1000000))) FROM d.n", 2),
    ("lpad of rows", "SELECT lpad(v,2000000,'y') FROM d.n", 2),
    ("replace", "SELECT length(replace(repeat('a',1e5),'a',repeat('b',1e5))) FROM d.n", 2),
    ("regexp_replace", "SELECT length(regexp_replace(repeat('a',1e5),'a',repeat('b',1e5),'g')) FROM d.n", 2),
    ("max of long texts", "SELECT count(*) FROM (SELECT max(repeat(v,10000)) FROM d.n GROUP BY k) t", 2),
    ("concat_ws", f"SELECT length(concat_ws(','{', repeat(v,10000000)' * 100})) FROM d.n", 2),
    ("eight doubled WITH", doubled(8), 2),
    ("thirty doubled WITH", doubled(30, "WHERE a.k=b.k"), 4),
    ("join by <", "SELECT count(*) FROM d.n a, d.n b WHERE a.v < b.v", 4),
    ("order by", "SELECT a.v FROM d.n a, d.n b ORDER BY a.v, b.k LIMIT 5", 4),
    ("group by", "SELECT a.v, count(*) FROM d.n a, d.n b GROUP BY 1", 4),
    ("like", "SELECT count(*) FROM d.n a, d.n b WHERE concat(a.v,b.v) LIKE '%1%2%3%x'", 4),
    ("levenshtein", "SELECT sum(levenshtein(a.v,b.v)) FROM d.n a, d.n b", 4),
    ("window", "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY a.v) n FROM d.n a, d.n b) t", 2),
    ("semi join", "SELECT count(*) FROM d.n a WHERE a.c IN (SELECT b.c FROM d.n b)", 2),
    ("300 joins", "SELECT count(*) FROM d.s t0" + "".join(f" JOIN d.s t{n} ON t{n}.k=t0.k" for n in range(1, 300)), 34),
    ("200 joins", "SELECT count(*) FROM d.s t0" + "".join(f" JOIN d.s t{n} ON t{n}.k=t0.k" for n in range(1, 200)), 34),
    ("20,000 columns", "SELECT " + ",".join(str(n) for n in range(20_000)), 4),
    ("2,000 groups", f"SELECT count(*) FROM d.n GROUP BY {','.join(['k + %d' % n for n in range(2_000)])}", 2),
]
# Name, crowd, what they must be told at least once.
CROWDS = [
    ("300 silent sockets", Crowd(crowd.silent), None),
    ("wrong passwords", Crowd(crowd.guesses, 4), "guesses over MySQL"),
    ("wrong passwords over HTTP", Crowd(crowd.http_guesses, 4), "guesses over HTTP"),
    ("prepared statements", Crowd(crowd.prepared), "1041"),
    ("user variables", Crowd(crowd.variables, 2), "1041"),
    ("long data", Crowd(crowd.long_data), None),
    ("unfinished packets", Crowd(crowd.unfinished), None),
]
# Tries at a password in 5 seconds from one address, by whatever number of clients: 0.2, 0.4, 0.8, 1.6 s between them.
GUESSES_MOST = 10


def drill(report):
    with Cluster(3, QUICK) as cluster:
        prepare(cluster)
        cases = [("nothing", Crowd(None, 0), None)]
        cases += [(f"{name} x {count}", Statements(statement, count), None) for name, statement, count in STATEMENTS]
        cases += CROWDS
        wanted = os.environ.get("STARVING", "").split(",")
        table = [
            attack(report, cluster, name, attackers, must_say)
            for name, attackers, must_say in cases
            if any(word in name for word in wanted)
        ]
        report.equal("rows at the end", cluster.number("SELECT count(*) FROM d.n"), ROWS)
        show(report, table)


def prepare(cluster):
    cluster.create("d.n", "k BIGINT, v VARCHAR(100), c INT", "k", 4, 3)
    cluster.create("d.s", "k BIGINT", "k", 1, 3)
    cluster.create("d.one", "k BIGINT", "k", 1, 3)
    cluster.sql("INSERT INTO d.s VALUES (1), (2)")
    file = cluster.dir / "rows.csv"
    file.write_text("".join(f"{n},text {n * 7919 % ROWS},1\n" for n in range(ROWS)))
    cluster.load("d.n", file)


class Talk:
    """One connection that is kept, and how long its statements take."""

    def __init__(self, cluster, statement):
        host, port = cluster.mysql.rsplit(":", 1)
        command = ["mariadb", "--no-defaults", "-h", host, "-P", port, "-u", "root", "--batch", "--unbuffered", "--force", "-N"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._statement = statement
        self.times, self.errors = [], []

    def ask(self):
        began = time.monotonic()
        self._process.stdin.write(f"{self._statement};\nSELECT 'that is all';\n")
        self._process.stdin.flush()
        while True:
            line = self._process.stdout.readline()
            if not line or "that is all" in line:
                break
            if line.startswith("ERROR"):
                self.errors.append(line.strip())
        self.times.append(time.monotonic() - began)

    def close(self):
        self._process.kill()
        self._process.wait()


class LogIn:
    """Log-ins, one after the other, each on a connection of its own, and how long they take."""

    def __init__(self, cluster, source):
        self._address, self._source = cluster.mysql, source
        self.times, self.errors = [], []

    def ask(self):
        began = time.monotonic()
        try:
            Wire(self._address, self._source, 10).log_in().close()
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        self.times.append(time.monotonic() - began)
        time.sleep(0.05)

    def close(self):
        pass


class Statements:
    """Connections that each run one statement."""

    def __init__(self, statement, count):
        self._statement, self._count = statement, count
        self._answers = []

    def start(self, cluster):
        def ask():
            self._answers.append(asked(cluster, self._statement))

        self._threads = [threading.Thread(target=ask, daemon=True) for _ in range(self._count)]
        for thread in self._threads:
            thread.start()

    def stop(self, cluster):
        for row in cluster.sql("SELECT ID, INFO FROM information_schema.processlist"):
            if (row.get("INFO") or "")[:40] == self._statement[:40]:
                cluster.mariadb("-e", f"KILL {row['ID']}")
        for thread in self._threads:
            thread.join(30)
        return self._answers


def attack(report, cluster, name, attackers, must_say):
    """Runs one case; its line of the table."""
    is_crowd = isinstance(attackers, Crowd) and name != "nothing"
    cluster.set("process_mem_limit", SMALL_PROCESS if is_crowd else 0)
    talks = {
        "SELECT 1": Talk(cluster, "SELECT 1"),
        "SHOW BACKENDS": Talk(cluster, "SHOW BACKENDS"),
        "INSERT": Talk(cluster, "INSERT INTO d.one VALUES (1)"),
        "log-in": LogIn(cluster, "127.0.0.1"),
        "log-in elsewhere": LogIn(cluster, "127.0.0.2"),
    }
    for talk in talks.values():
        talk.ask()
        talk.times.clear()
    attackers.start(cluster)
    over, peak = time.monotonic() + SECONDS, [0]
    watch = threading.Thread(target=lambda: look(cluster, over, peak), daemon=True)
    watch.start()
    threads = [threading.Thread(target=repeat, args=(talk, over), daemon=True) for talk in talks.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    small_began = time.monotonic()
    two = cluster.number("SELECT count(*) FROM d.s")
    small = time.monotonic() - small_began
    answers = attackers.stop(cluster)
    busy = cores(cluster)
    figures = ", ".join(f"{what} p99 {p99(talk.times) * 1000:.0f} ms of {len(talk.times)}" for what, talk in talks.items())
    report.say(f"{name}: {figures}, d.s {small * 1000:.0f} ms, {peak[0] >> 20} MB, then {busy:.2f} cores")
    for answer in sorted(set(answers)):
        report.say(f"   it was told: {answer[:150]}")
    for what, talk in talks.items():
        report.equal(f"errors of {what} beside {name}", talk.errors[:3], [])
        slowest = SLOWEST[what]
        report.true(f"p99 of {what} beside {name}", f"{p99(talk.times):.3f} s", f"below {slowest} s", p99(talk.times) < slowest)
        talk.close()
    report.equal(f"rows of d.s beside {name}", two, 2)
    most = SMALL_PROCESS if is_crowd else MOST
    report.true(f"memory of the frontend during {name}", f"{peak[0] >> 20} MB", f"below {most >> 20} MB", peak[0] < most)
    report.true(f"processors that the frontend uses after {name} was killed", f"{busy:.2f}", "below 0.3", busy < 0.3)
    if must_say:
        report.true(f"what {name} is told", answers[:1], f"with {must_say}", any(must_say in answer for answer in answers))
    guesses = [int(answer.split()[0]) for answer in answers if "guesses over" in answer]
    if guesses:
        looked_at, most = sum(guesses), GUESSES_MOST
        report.true(f"{name} that were looked at in 5 s", looked_at, f"at most {most}", looked_at <= most)
    return name, peak[0], {what: p99(talk.times) for what, talk in talks.items()}, small, busy


def show(report, table):
    """The figures of all cases, in one table."""
    names = ["SELECT 1", "SHOW BACKENDS", "INSERT", "log-in", "log-in elsewhere"]
    report.say(f"{'case':30} {'MB':>6} " + " ".join(f"{name:>16}" for name in names) + f" {'d.s':>8} {'cores':>6}   p99 in ms")
    for name, peak, times, small, busy in table:
        figures = " ".join(f"{times[what] * 1000:16.0f}" for what in names)
        report.say(f"{name:30} {peak >> 20:6} {figures} {small * 1000:8.0f} {busy:6.2f}")


def asked(cluster, statement):
    done = cluster.mariadb("--batch", "-e", statement)
    return (done.stderr[max(done.stderr.find("ERROR"), 0) :] or "an answer").strip()


def repeat(talk, over):
    while time.monotonic() < over:
        talk.ask()
        time.sleep(0.01)


def p99(times):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 999.0


def look(cluster, over, peak):
    while time.monotonic() < over:
        peak[0] = max(peak[0], resident(cluster))
        time.sleep(0.02)


def pid(cluster):
    return cluster.frontend._process.pid


def resident(cluster):
    with open(f"/proc/{pid(cluster)}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cores(cluster):
    """How many processors the frontend uses, from one second after now on, for two seconds."""

    def ticks():
        with open(f"/proc/{pid(cluster)}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    time.sleep(1)
    before = ticks()
    time.sleep(2)
    return (ticks() - before) / 2
