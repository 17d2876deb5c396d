"""Decommission where backends share hosts, and under loads of tables with one copy: it ends, and no load fails.

Two backends on each of 127.0.0.2, .3 and .4, replication 3: the only legal place of a copy that leaves is the other backend
of its host. Four on one host, replication 1. Distinct hosts, replication 1, three loaders: while one is emptied, and while
balance moves tablets to one that has joined.
"""

import threading
import time
from pathlib import Path

from kit.cluster import QUICK, Cluster
from kit.state import expect_alike, id_of, settle

LOADERS = 3


class Loaders:
    """Loads into a table from several threads, from `with` to its end. A load that is refused is not repeated."""

    def __init__(self, cluster, table):
        self._cluster, self._table, self._stop = cluster, table, threading.Event()
        self.good, self.failed = 0, []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=[no], daemon=True) for no in range(LOADERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, no):
        file = Path(self._cluster.dir) / f"rows_{no}.csv"
        file.write_text("".join(f"{no},{k}\n" for k in range(20)))
        while not self._stop.is_set():
            answer = self._cluster.load(self._table, file)
            with self._lock:
                if answer["Status"] == "Success":
                    self.good += 1
                else:
                    self.failed.append(answer["Message"])

    def expect_none_failed(self, report, what):
        for message in self.failed[:3]:
            report.say(message)
        report.equal(f"failed loads of {self.good + len(self.failed)} {what}", len(self.failed), 0)
        rows = self._cluster.number(f"SELECT count(*) FROM {self._table}")
        report.equal("rows", rows, 20 * self.good)


def drill(report):
    pairs = [f"127.0.0.{host}" for host in (2, 2, 3, 3, 4, 4)]
    emptied(report, pairs, 3, "two backends on each of three hosts, replication 3")
    emptied(report, ["127.0.0.2"] * 4, 1, "four backends on one host, replication 1")
    apart = [f"127.0.0.{host}" for host in (2, 3, 4, 5)]
    emptied(report, apart, 1, "four hosts, replication 1")
    moved(report, apart[:3])


def emptied(report, hosts, replicas, what):
    with Cluster(len(hosts), QUICK, hosts=hosts) as cluster:
        cluster.create("drill.t", "load_no INT NOT NULL, k INT NOT NULL", "k", 6, replicas)
        leaving = id_of(cluster, 0)
        with Loaders(cluster, "drill.t") as loaders:
            time.sleep(2)
            cluster.sql(f'ALTER SYSTEM DECOMMISSION BACKEND "{cluster.addresses[0]}"')
            seconds = cluster.until("it is emptied and gone", lambda: not listed(cluster, leaving), 120)
            report.say(f"{what}: emptied and gone {seconds:.1f} s later")
        loaders.expect_none_failed(report, "while it was emptied")
        settle(cluster)
        if replicas > 1:
            expect_alike(report, cluster, "drill.t", replicas)


def moved(report, hosts):
    """A backend joins, and balance moves tablets to it."""
    settings = {**QUICK, "tablet_sched_disable_balance": "false"}
    with Cluster(len(hosts), settings, hosts=hosts) as cluster:
        cluster.create("drill.t", "load_no INT NOT NULL, k INT NOT NULL", "k", 96, 1)
        with Loaders(cluster, "drill.t") as loaders:
            time.sleep(2)
            new = id_of(cluster, cluster.add())
            cluster.until("balance gives it tablets", lambda: held(cluster, new) >= 3, 240)
            report.say(f"the new backend has {held(cluster, new)} tablets")
        loaders.expect_none_failed(report, "while tablets moved")


def listed(cluster, backend):
    return [row for row in cluster.sql("SHOW BACKENDS") if row["BackendId"] == backend]


def held(cluster, backend):
    return int(listed(cluster, backend)[0]["TabletNum"])
