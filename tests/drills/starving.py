"""Statements that would starve or end the server, while others are answered beside them.

Each attack runs by clients of its own for some seconds and is then killed. Meanwhile SELECT 1, SHOW BACKENDS and INSERT of
one row are timed, and the memory of the frontend is looked at. Afterwards the frontend must be idle.
"""

import os
import subprocess
import threading
import time

from kit.cluster import QUICK, Cluster

SECONDS = 6
ROWS = 200_000
GB = 1 << 30
# query_mem_limit, what the guard lets it grow besides, and the process itself.
MOST = 4 * GB
SLOWEST = {"SELECT 1": 1.0, "SHOW BACKENDS": 1.0, "INSERT": 2.0}


def doubled(levels, condition=""):
    more = "".join(
        f", c{n} AS (SELECT a.k FROM c{n - 1} a, c{n - 1} b {condition})" for n in range(1, levels)
    )
    return f"WITH c0 AS (SELECT a.k FROM d.s a, d.s b){more} SELECT count(*) FROM c{levels - 1}"


COLUMNS = "information_schema.columns"
# Name, statement, connections.
ATTACKS = [
    ("nothing", None, 0),
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


def drill(report):
    with Cluster(3, QUICK) as cluster:
        prepare(cluster)
        for name, statement, connections in ATTACKS:
            attack(report, cluster, name, statement, connections)
        report.equal("rows at the end", cluster.number("SELECT count(*) FROM d.n"), ROWS)


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


def attack(report, cluster, name, statement, connections):
    talks = {
        "SELECT 1": Talk(cluster, "SELECT 1"),
        "SHOW BACKENDS": Talk(cluster, "SHOW BACKENDS"),
        "INSERT": Talk(cluster, "INSERT INTO d.one VALUES (1)"),
    }
    answers = []
    attackers = [
        threading.Thread(target=lambda: answers.append(asked(cluster, statement)), daemon=True) for _ in range(connections)
    ]
    for attacker in attackers:
        attacker.start()
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
    kill_all(cluster, statement)
    for attacker in attackers:
        attacker.join(30)
    busy = cores(cluster)
    figures = ", ".join(f"{what} p99 {p99(talk.times) * 1000:.0f} ms of {len(talk.times)}" for what, talk in talks.items())
    report.say(f"{name} x {connections}: {figures}, d.s {small * 1000:.0f} ms, {peak[0] >> 20} MB, then {busy:.2f} cores")
    for answer in sorted(set(answers)):
        report.say(f"   it was told: {answer[:150]}")
    for what, talk in talks.items():
        report.equal(f"errors of {what} beside {name}", talk.errors, [])
        report.true(f"p99 of {what} beside {name}", f"{p99(talk.times):.3f} s", f"below {SLOWEST[what]} s", p99(talk.times) < SLOWEST[what])
        talk.close()
    report.equal(f"rows of d.s beside {name}", two, 2)
    report.true(f"memory of the frontend during {name}", f"{peak[0] >> 20} MB", f"below {MOST >> 20} MB", peak[0] < MOST)
    report.true(f"processors that the frontend uses after {name} was killed", f"{busy:.2f}", "below 0.3", busy < 0.3)


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


def kill_all(cluster, statement):
    for row in cluster.sql("SELECT ID, INFO FROM information_schema.processlist"):
        if statement and (row.get("INFO") or "")[:40] == statement[:40]:
            cluster.mariadb("-e", f"KILL {row['ID']}")


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
