"""kill -9 of a backend in the middle of a load, with write quorum MAJORITY, ALL and ONE.

Three backends, replication 3, so every tablet has a replica on each. The load is sent at a limited rate to its coordinator,
and a backend that is not the coordinator is killed half-way. SELECTs run all the time.
"""

import threading
import time

from kit import flights
from kit.client import SqlError
from kit.cluster import Cluster
from kit.state import expect_alike, files, settle, statistic

SECONDS = 4
SETTINGS = {"heartbeat_interval_second": 1, "tablet_sched_checker_interval_seconds": 1}


class Loading:
    """A load of the flights in the background that takes SECONDS; the backend that coordinates it is `coordinator`."""

    def __init__(self, cluster, table):
        data = flights.unpacked(cluster.dir)
        url = cluster.coordinator(table)
        self.coordinator = next(at for at, address in enumerate(cluster.addresses) if address in url)
        rate = data.stat().st_size // SECONDS
        self._thread = threading.Thread(target=self._run, args=[cluster, table, data, url, rate], daemon=True)
        self._thread.start()

    def _run(self, cluster, table, data, url, rate):
        self._answer = cluster.load(table, data, url=url, headers=flights.HEADERS, rate=rate)

    def answer(self):
        self._thread.join()
        return self._answer


class Selects:
    """SELECT count(*) in the background: how often, the answers, and the errors."""

    def __init__(self, cluster):
        self.counts, self.errors, self._going, self._cluster = [], [], True, cluster
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()

    def _run(self):
        while self._going:
            try:
                self.counts.append(self._cluster.number("SELECT count(*) FROM demo.flights"))
            except SqlError as error:
                self.errors.append(str(error))


def load_and_kill(report, cluster, table):
    """The answer of a load during which a backend was killed, and which one that was."""
    loading = Loading(cluster, table)
    victim = next(at for at in range(3) if at != loading.coordinator and cluster.backends[at])
    time.sleep(SECONDS / 2)
    cluster.kill(victim)
    report.say(f"backend {victim} killed -9 in the middle of a load into {table} by backend {loading.coordinator}")
    answer = loading.answer()
    report.say(f"answer: {answer['Status']}, {answer['Message']}")
    return answer, victim


def drill(report):
    with Cluster(3, SETTINGS) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        tablets = int(statistic(cluster, "demo")["TabletNum"])
        with Selects(cluster) as selects:
            victim = majority(report, cluster, rows, tablets)
            time.sleep(2)
        report.true("SELECTs meanwhile", len(selects.counts), "more than 3", len(selects.counts) > 3)
        report.equal("SELECTs with an error", len(selects.errors), 0)
        report.true(
            "rows that they saw",
            sorted(set(selects.counts)),
            f"{rows} or {2 * rows}",
            set(selects.counts) <= {rows, 2 * rows},
        )
        cluster.start(victim)
        settle(cluster)
        expect_alike(report, cluster, "demo.flights")
        every(report, cluster, rows)
        one(report, cluster, rows)


def majority(report, cluster, rows, tablets):
    answer, victim = load_and_kill(report, cluster, "demo.flights")
    report.equal("MAJORITY", answer["Status"], "Success")
    cluster.until_alive(2)
    line = statistic(cluster, "demo")
    report.equal("UnhealthyTabletNum of SHOW PROC '/statistic'", int(line["UnhealthyTabletNum"]), tablets)
    named = cluster.sql(f"SHOW PROC '/statistic/{line['DbId']}'")[0]["UnhealthyTablets"].strip("[]").split(", ")
    dead = cluster.sql("ADMIN SHOW REPLICA STATUS FROM demo.flights WHERE STATUS = 'DEAD'")
    report.equal("replicas DEAD by ADMIN SHOW REPLICA STATUS", len(dead), tablets)
    same = sorted(named) == sorted(row["TabletId"] for row in dead)
    report.true(
        f"tablets named by SHOW PROC '/statistic/{line['DbId']}'", len(named), "those of the dead replicas", same
    )
    report.equal("rows visible", cluster.number("SELECT count(*) FROM demo.flights"), 2 * rows)
    return victim


def every(report, cluster, rows):
    """ALL: the load fails, says where, and leaves nothing."""
    before = {file for at in range(3) for file in files(cluster, at)}
    cluster.sql("ALTER TABLE demo.flights SET ('write_quorum' = 'ALL')")
    answer, victim = load_and_kill(report, cluster, "demo.flights")
    report.equal("ALL", answer["Status"], "Fail")
    named = [
        row["TabletId"]
        for row in cluster.sql("SHOW TABLET FROM demo.flights")
        if row["TabletId"] in answer["Message"]
    ]
    words = len(named) > 0 and "2" in answer["Message"] and "3" in answer["Message"]
    report.true("tablets named in the answer", len(set(named)), "one or more, with 2 of 3 replicas", words)
    report.equal("rows visible", cluster.number("SELECT count(*) FROM demo.flights"), 2 * rows)
    cluster.start(victim)
    settle(cluster)

    def left():
        return {file for at in range(3) for file in files(cluster, at)} - before

    seconds = cluster.until("no file of the load", lambda: not left(), 20)
    report.say(f"no file of it on the three disks, {seconds:.1f} s after the killed backend was back and healthy")
    report.equal("files of the load that are left", len(left()), 0)


def one(report, cluster, rows):
    """ONE: two of three dead, and the load succeeds."""
    cluster.sql("ALTER TABLE demo.flights SET ('write_quorum' = 'ONE')")
    _, first = load_and_kill(report, cluster, "demo.flights")
    cluster.until_alive(2)
    answer, second = load_and_kill(report, cluster, "demo.flights")
    report.equal(f"ONE, with backends {first} and {second} dead", answer["Status"], "Success")
    cluster.until_alive(1)
    report.equal("rows visible", cluster.number("SELECT count(*) FROM demo.flights"), 4 * rows)
