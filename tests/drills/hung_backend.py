"""SIGSTOP of one of three backends, and of one of five, under INSERTs, stream loads and queries from several threads; then
SIGCONT. All settings but the pace of repair are at their defaults, so that for 15 s the cluster holds the stopped one for alive.

Nobody may wait for it longer than `silent_backend_wait_ms` for each thing that it is asked for, and none may fail. A load
whose coordinator is stopped in its middle can't be told anything: the loader gives it up after a while and repeats it with
its label.
"""

import threading
import time
from pathlib import Path

from kit.cluster import Cluster
from kit.state import expect_alike, id_of, settle

TABLE = "drill.hung"
BUCKETS = 12
ROWS = 20
# Seconds for which the backend is stopped; it is not held for dead so soon.
STOPPED = 10
# Seconds after which a loader gives a call up.
GIVES_UP = 3
PATIENCE = 60
# Seconds that a statement may take in which both the rows and the publish met the stopped one first, or a query did.
LONGEST = 3.5


class Lane:
    """One client that repeats a statement, with what it knows of it."""

    def __init__(self, name, step):
        self.name, self._step = name, step
        self.done, self.took, self.failures = 0, [], []

    def run(self, stop):
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._step(self.done)
                self.done += 1
            except Exception as error:  # Whatever it is, the service or the drill failed.
                self.failures.append(f"{self.name}: {error}")
            self.took.append((began, time.monotonic() - began))

    def slowest(self, since, until=float("inf")):
        """The longest of those that began or ended in that time."""
        return max((took for began, took in self.took if began + took >= since and began < until), default=0.0)


class Clients:
    """INSERTs and queries of two clients each, and stream loads of one, from `with` to its end."""

    def __init__(self, cluster):
        self._cluster, self._stop = cluster, threading.Event()
        self._file = Path(cluster.dir) / "hung.csv"
        self.repeated = 0
        inserts = [Lane(f"INSERT {at}", lambda no, at=at: self._insert(at, no)) for at in range(2)]
        self.loads = Lane("stream load", self._load)
        self.queries = [Lane(f"SELECT {at}", lambda _: self._query()) for at in range(2)]
        self.inserts = inserts
        self._threads = [threading.Thread(target=lane.run, args=[self._stop], daemon=True) for lane in self.lanes()]

    def lanes(self):
        return [*self.inserts, self.loads, *self.queries]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _insert(self, lane, no):
        self._cluster.sql(f"INSERT INTO {TABLE} VALUES ({lane}, {no}, {no})")

    def _load(self, no):
        self._file.write_text("".join(f"9,{no},{k}\n" for k in range(ROWS)))
        label, began, last = [f"label:hung_{no}"], time.monotonic(), None
        while time.monotonic() - began < PATIENCE:
            try:
                last = self._cluster.load(TABLE, self._file, headers=label, limit=GIVES_UP)
            except (RuntimeError, ValueError) as broken:
                last = broken
            else:
                if last["Status"] == "Success" or last.get("ExistingJobStatus") == "FINISHED":
                    return
                if last["Status"] == "Fail":
                    break
            self.repeated += 1
            time.sleep(0.2)
        raise RuntimeError(f"load {no}: {last}")

    def acknowledged(self):
        return sum(lane.done for lane in self.inserts) + self.loads.done * ROWS

    def _query(self):
        must = self.acknowledged()
        seen = self._cluster.number(f"SELECT count(*) FROM {TABLE}")
        if seen < must:
            raise RuntimeError(f"{must} rows were acknowledged and {seen} are seen")


def drill(report):
    for backends in (3, 5):
        one_of(report, backends)


def one_of(report, backends):
    with Cluster(backends, {"tablet_sched_checker_interval_seconds": 1}) as cluster:
        cluster.create(TABLE, "lane INT NOT NULL, no INT NOT NULL, k INT NOT NULL", "lane, no, k", BUCKETS, 3)
        cluster.sql(f"INSERT INTO {TABLE} VALUES (8, 0, 0)")
        with Clients(cluster) as clients:
            time.sleep(3)
            stopped = time.monotonic()
            report.say(f"backend {id_of(cluster, 1)}, one of {backends}, gets SIGSTOP")
            before = max(lane.slowest(0, stopped) for lane in clients.lanes())
            cluster.backends[1].pause()
            time.sleep(STOPPED)
            report.equal("backends that are held for alive", cluster.alive(), backends)
            cluster.backends[1].resume()
            resumed = time.monotonic()
            report.say("it gets SIGCONT")
            time.sleep(3)
        for what, lanes in (("INSERT", clients.inserts), ("query", clients.queries)):
            slowest = max(lane.slowest(stopped, resumed) for lane in lanes)
            done = sum(1 for lane in lanes for began, took in lane.took if stopped <= began < resumed)
            report.true(
                f"longest {what} of {done} beside it",
                f"{slowest:.2f} s",
                f"at most {LONGEST} s; before {before:.2f} s for all kinds",
                slowest <= LONGEST,
            )
            report.true(f"longest {what} afterwards", f"{(after := max(l.slowest(resumed) for l in lanes)):.2f} s",
                        f"at most {LONGEST} s", after <= LONGEST)
        report.say(
            f"{clients.loads.done} stream loads, {clients.repeated} calls repeated; longest load with its repetitions "
            f"{clients.loads.slowest(stopped, resumed):.2f} s"
        )
        failures = [text for lane in clients.lanes() for text in lane.failures]
        for text in failures[:5]:
            report.say(text)
        report.equal("failed statements and loads", len(failures), 0)
        settle(cluster)
        rows = cluster.number(f"SELECT count(*) FROM {TABLE}")
        report.equal("rows in the end", rows, clients.acknowledged() + 1)
        expect_alike(report, cluster, TABLE)
