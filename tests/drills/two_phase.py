"""Two-phase commit, as Flink's and Spark's connectors use it: prepared loads under kill -9 of the frontend and of backends.

    ROUNDS=100 SEED=7 tests/drills/run two_phase        (default: 12 rounds, seed 1)

Each round prepares loads, kills something, and commits them or gives them up, often twice.
At the end each load that was committed is there once and whole, and of each that was given up nothing is there.
"""

import base64
import http.client
import json
import os
import random
import time

from kit.cluster import QUICK, Cluster
from kit.state import expect_alike, settle

ROWS = 200
LOGIN = "Basic " + base64.b64encode(b"root:").decode()


def call(address, method, path, headers, body=b"", hops=3):
    """The JSON that a call is answered with; sent on where it is told to."""
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request(method, path, body, {"Authorization": LOGIN, **headers})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 307 and hops:
            host, at, rest = answer.headers["Location"].removeprefix("http://").partition("/")
            return call(host, method, at + rest, headers, body, hops - 1)
        return json.loads(text)
    finally:
        connection.close()


def body(no):
    return "".join(f"{no},{k}\n" for k in range(ROWS)).encode()


class Doris:
    """`two_phase_commit: true`, and `_stream_load_2pc`."""

    def __init__(self, cluster, no):
        self._cluster, self.no, self.label, self.txn = cluster, no, f"doris_{no}", None

    def prepare(self):
        headers = {"label": self.label, "column_separator": ",", "two_phase_commit": "true"}
        answer = call(self._cluster.http, "PUT", "/api/drill/t/_stream_load", headers, body(self.no))
        self.txn = answer["TxnId"]
        return (answer["Status"], answer["TwoPhaseCommit"]) == ("Success", "true")

    def decide(self, commit):
        named = {"txn_id": str(self.txn)} if self.no % 2 else {"label": self.label}
        path = "/api/drill/t/_stream_load_2pc" if self.no % 3 else "/api/drill/_stream_load_2pc"
        headers = {**named, "txn_operation": "commit" if commit else "abort"}
        answer = call(self._cluster.http, "PUT", path, headers)
        known = "not pre-committed." if commit else "already aborted"
        return answer["status"] == "Success" or known in answer["msg"]


def patiently(what, ask):
    """Asks until it is done: nodes are starting."""
    until = time.monotonic() + 90
    while True:
        try:
            if ask():
                return
            why = "refused"
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = error
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: {why}")
        time.sleep(0.2)


def drill(report):
    chance = random.Random(int(os.environ.get("SEED", 1)))
    rounds = int(os.environ.get("ROUNDS", 12))
    with Cluster(4, QUICK) as cluster:
        cluster.sql("CREATE DATABASE drill")
        cluster.sql(
            "CREATE TABLE drill.t (load_no INT, k INT) DUPLICATE KEY(load_no) DISTRIBUTED BY HASH(k) BUCKETS 4 "
            "PROPERTIES ('replication_num' = '3')"
        )
        committed, given_up, kills = set(), set(), 0
        for at in range(rounds):
            loads = [Doris(cluster, 10 * at + n) for n in range(4)]
            prepared = [load for load in loads if prepares(load, report)]
            shown = cluster.sql("SHOW PROC '/transactions/drill/running'")
            states = sorted(row["Label"] for row in shown if row["TransactionStatus"] == "PREPARED")
            expected = sorted(load.label for load in prepared)
            if states != expected:
                report.equal(f"round {at}: PREPARED in SHOW PROC '/transactions'", states, expected)
            kills += break_something(cluster, chance)
            for load in prepared:
                commit = chance.random() < 0.6
                for _ in range(chance.choice([1, 1, 2])):
                    patiently(f"{load.label} {commit}", lambda: load.decide(commit))
                (committed if commit else given_up).add(load.no)
        settle(cluster)
        report.say(f"{rounds} rounds, {kills} kills, {len(committed)} committed, {len(given_up)} given up")
        rows = cluster.sql("SELECT load_no, count(*) AS n, count(DISTINCT k) AS d FROM drill.t GROUP BY load_no")
        whole = {int(row["load_no"]) for row in rows if int(row["n"]) == int(row["d"]) == ROWS}
        report.equal("loads that are there in part or twice", len(rows) - len(whole), 0)
        report.equal("committed loads that are not there", sorted(committed - whole), [])
        report.equal("loads that are there though they were given up", sorted(whole & given_up), [])
        left = cluster.sql("SHOW PROC '/transactions/drill/running'")
        report.equal("transactions that run at the end", len(left), 0)
        expect_alike(report, cluster, "drill.t")


def prepares(load, report):
    """Whether a load could be prepared; before anything is killed it must be."""
    done = load.prepare()
    if not done:
        report.true(f"{load.label} prepared", done, "True", False)
    return done


def break_something(cluster, chance):
    """Kills -9 the frontend, some backends, or both; they start again at once. How many were killed."""
    frontend = chance.random() < 0.5
    backends = chance.sample(range(len(cluster.backends)), chance.choice([0, 1, 2, 4]))
    if frontend:
        cluster.frontend.kill()
    for at in backends:
        cluster.kill(at)
    if frontend:
        cluster.start_frontend()
    for at in backends:
        cluster.start(at)
    cluster.until_alive(len(cluster.backends))
    return int(frontend) + len(backends)
