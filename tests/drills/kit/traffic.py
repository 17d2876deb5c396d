"""Loads and queries that go on while things break, and what the service failed of them.

A failure: a load that was refused; one that has no clear word within PATIENCE although it is repeated with its label, as
loaders do; a query that ends with an error, sees part of a load, or lacks one that was acknowledged before the query began.
Not a failure, but counted: an attempt to load whose coordinator could not be reached or died. The redirect may name a
backend that was killed a moment ago; the loader asks again with the same label.
"""

import threading
import time
from pathlib import Path

from .client import SqlError

ROWS = 20
PATIENCE = 30
TABLE = "drill.traffic"


class Traffic:
    """One loader and one reader of a table of its own, from `with` to its end."""

    def __init__(self, cluster, pause=0.05, table=TABLE):
        self._cluster, self._pause, self._stop, self.table = cluster, pause, threading.Event(), table
        self._file = Path(cluster.dir) / f"{table}.csv"
        self.begun, self.acknowledged, self.repeated, self.queries = 0, 0, 0, 0
        self.slowest_load = self.slowest_query = 0.0
        self.failures = []

    def __enter__(self):
        self._cluster.create(self.table, "load_no INT NOT NULL, k INT NOT NULL", "k", 4, 3)
        self._lanes = [
            threading.Thread(target=self._repeat, args=[lane], daemon=True) for lane in (self._load, self._query)
        ]
        for lane in self._lanes:
            lane.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for lane in self._lanes:
            lane.join()

    def _repeat(self, step):
        while not self._stop.is_set():
            self.try_once(step)
            time.sleep(self._pause)

    def try_once(self, step):
        """One load or one query; what fails is noted."""
        try:
            step()
        except Exception as error:  # Whatever it is, the service or the drill failed.
            self.failures.append(f"{step.__name__}: {error}")

    def _load(self):
        no = self.begun
        self.begun += 1
        self._file.write_text("".join(f"{no},{k}\n" for k in range(ROWS)))
        began = time.monotonic()
        word = self._word(no, began)
        self.slowest_load = max(self.slowest_load, time.monotonic() - began)
        if word is not None:
            raise RuntimeError(f"load {no}: {word}")
        self.acknowledged += 1

    def _word(self, no, began):
        """None when the load is known to be visible; else the last answer."""
        last = None
        while time.monotonic() - began < PATIENCE:
            try:
                last = self._cluster.load(self.table, self._file, headers=[f"label:{self.table.replace('.', '_')}_{no}"])
            except (RuntimeError, ValueError) as broken:
                self.repeated += 1
                last = broken
            else:
                earlier = last.get("ExistingJobStatus") == "FINISHED" and "visible later" not in last["Message"]
                if last["Status"] == "Success" or earlier:
                    return None
                if last["Status"] == "Fail":
                    return last
            time.sleep(0.1)
        return last

    def _query(self):
        must = self.acknowledged
        began = time.monotonic()
        seen = self._cluster.sql(f"SELECT load_no, count(*) AS n FROM {self.table} GROUP BY load_no")
        self.slowest_query = max(self.slowest_query, time.monotonic() - began)
        self.queries += 1
        halves = [row for row in seen if int(row["n"]) != ROWS]
        if halves or len(seen) < must or len(seen) > self.begun:
            raise SqlError(
                f"{must} loads acknowledged, {self.begun} begun, {len(seen)} seen, part of a load: {halves[:3]}"
            )

    def expect_no_failure(self, report):
        report.say(
            f"{self.acknowledged} loads (slowest {self.slowest_load:.2f} s, {self.repeated} attempts repeated), "
            f"{self.queries} queries (slowest {self.slowest_query:.2f} s)"
        )
        for failure in self.failures[:5]:
            report.say(failure)
        report.equal("failed loads and queries", len(self.failures), 0)
        report.true(
            "traffic", self.acknowledged + self.queries, "more than 20", self.acknowledged + self.queries > 20
        )
