"""Kills of every kind under labelled loads of several threads, while everything else that moves data goes on.

    KILLS=200 SEED=7 tests/drills/run kills        (default: 20 kills, seed 1)

Each lane loads a table of its own under labels and reads it. Meanwhile replicas are marked bad and cloned, balance and
compaction run, a backend is decommissioned and taken back, and other tables are made, altered, truncated and dropped. Of each
lane is expected: every load that was acknowledged is there, once and whole; what a reader has seen once he sees again.
"""

import os
import random
import threading
import time

from kit.client import SqlError
from kit.cluster import QUICK, Cluster
from kit.state import expect_alike, settle
from kit.traffic import ROWS, Traffic

BACKENDS, LANES = 5, 3
SETTINGS = {
    **QUICK,
    "tablet_sched_disable_balance": "false",
    "journal_checkpoint_interval_second": 5,
    "drop_backend_after_decommission": "false",
}


class Storm(Traffic):
    """A lane that takes outages as they come, and notes only what must never be."""

    def __init__(self, cluster, no):
        super().__init__(cluster, pause=0.02, table=f"drill.storm{no}")
        self.known, self.unclear, self.outages, self.seen = set(), 0, 0, set()

    def _load(self):
        no = self.begun
        self.begun += 1
        self._file.write_text("".join(f"{no},{k}\n" for k in range(ROWS)))
        if self._word(no, time.monotonic()) is None:
            self.known.add(no)
            self.acknowledged += 1
        else:
            self.unclear += 1

    def _query(self):
        must = set(self.known)
        try:
            rows = self._cluster.sql(f"SELECT load_no, count(*) AS n FROM {self.table} GROUP BY load_no")
        except SqlError:
            self.outages += 1
            return
        self.queries += 1
        now = {int(row["load_no"]) for row in rows}
        halves = [row for row in rows if int(row["n"]) != ROWS]
        wrong = {"part of a load or twice": halves, "lost": must - now, "gone back": self.seen - now}
        wrong = {what: list(which)[:5] for what, which in wrong.items() if which}
        if wrong:
            raise SqlError(f"{self.table}: {wrong}")
        self.seen |= now


class Unrest:
    """Statements that move, change and drop things, one after the other, whatever comes of them."""

    def __init__(self, cluster, random_):
        self._cluster, self._random, self._going = cluster, random_, True
        self.done, self.refused, self._tables = 0, 0, 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()

    def _run(self):
        steps = [self._mark_bad, self._churn, self._truncate, self._alter, self._leave, self._check]
        while self._going:
            try:
                self._random.choice(steps)()
                self.done += 1
            except (SqlError, RuntimeError, IndexError):
                self.refused += 1
            time.sleep(0.2)

    def _storm(self):
        return f"drill.storm{self._random.randrange(LANES)}"

    def _mark_bad(self):
        row = self._random.choice(self._cluster.sql(f"ADMIN SHOW REPLICA STATUS FROM {self._storm()}"))
        tablet, backend = row["TabletId"], row["BackendId"]
        self._cluster.sql(
            f'ADMIN SET REPLICA STATUS PROPERTIES ("tablet_id" = "{tablet}", "backend_id" = "{backend}", "status" = "bad")'
        )

    def _churn(self):
        self._tables += 1
        name = f"drill.churn{self._tables}"
        self._cluster.create(name, "k INT NOT NULL", "k", 3, 3)
        self._cluster.sql(f"INSERT INTO {name} VALUES (1), (2)")
        self._cluster.sql(f"DROP TABLE {name}")

    def _truncate(self):
        self._cluster.sql("CREATE TABLE IF NOT EXISTS drill.again (k INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 2")
        self._cluster.sql("INSERT INTO drill.again VALUES (1)")
        self._cluster.sql("TRUNCATE TABLE drill.again")

    def _alter(self):
        number, quorum = self._random.choice([2, 3]), self._random.choice(["MAJORITY", "ALL"])
        table = self._storm()
        self._cluster.sql(f"ALTER TABLE {table} SET ('write_quorum' = '{quorum}')")
        self._cluster.sql(f"ALTER TABLE {table} MODIFY PARTITION (*) SET ('replication_num' = '{number}')")

    def _leave(self):
        address = self._random.choice(self._cluster.addresses)
        self._cluster.sql(f'ALTER SYSTEM DECOMMISSION BACKEND "{address}"')
        time.sleep(1)
        self._cluster.sql(f'CANCEL DECOMMISSION BACKEND "{address}"')

    def _check(self):
        self._cluster.sql("ADMIN CHECK TABLET SEGMENTS")


class Killer:
    """What is killed, and brought back."""

    def __init__(self, cluster, random_):
        self._cluster, self._random = cluster, random_
        self.kinds = {
            "frontend": lambda: self._kill([], True),
            "backend": lambda: self._kill(self._some(1), False),
            "two backends": lambda: self._kill(self._some(2), False),
            "frontend and backend": lambda: self._kill(self._some(1), True),
            "all backends": lambda: self._kill(self._some(BACKENDS), False),
            "all": lambda: self._kill(self._some(BACKENDS), True),
            "backend stopped in order": self._stop,
            "backend hung for a while": self._hang,
        }

    def _some(self, count):
        return self._random.sample(range(BACKENDS), count)

    def _kill(self, backends, frontend):
        for at in backends:
            self._cluster.kill(at)
        if frontend:
            self._cluster.frontend.kill()
        time.sleep(self._random.random())
        if frontend:
            self._cluster.start_frontend()
        for at in backends:
            self._cluster.start(at)

    def _stop(self):
        at = self._some(1)[0]
        self._cluster.stop(at)
        self._cluster.start(at)

    def _hang(self):
        node = self._cluster.backends[self._some(1)[0]]
        node.pause()
        time.sleep(1 + 4 * self._random.random())
        node.resume()


def drill(report):
    kills, seed = int(os.environ.get("KILLS", 20)), int(os.environ.get("SEED", 1))
    random_ = random.Random(seed)
    with Cluster(BACKENDS, SETTINGS, conf={"compaction_rowsets_min": 3}) as cluster:
        lanes = [Storm(cluster, no) for no in range(LANES)]
        killer, counts = Killer(cluster, random_), {}
        for lane in lanes:
            lane.__enter__()
        try:
            with Unrest(cluster, random.Random(seed + 1)) as unrest:
                for _ in range(kills):
                    kind = random_.choice(sorted(killer.kinds))
                    counts[kind] = counts.get(kind, 0) + 1
                    killer.kinds[kind]()
                    time.sleep(0.5 + random_.random())
        finally:
            for lane in lanes:
                lane.__exit__()
        report.say(f"{kills} kills (seed {seed}): {counts}; unrest: {unrest.done} done, {unrest.refused} refused")
        judge(report, cluster, lanes)


def judge(report, cluster, lanes):
    for address in cluster.addresses:
        cluster.sql(f'CANCEL DECOMMISSION BACKEND "{address}"')
    for lane in lanes:
        cluster.sql(f"ALTER TABLE {lane.table} SET ('write_quorum' = 'MAJORITY')")
        cluster.sql(f"ALTER TABLE {lane.table} MODIFY PARTITION (*) SET ('replication_num' = '3')")
    cluster.until_alive(BACKENDS)
    settle(cluster)
    for lane in lanes:
        report.say(
            f"{lane.table}: {lane.begun} loads begun, {lane.acknowledged} acknowledged, {lane.unclear} without a clear "
            f"word, {lane.repeated} attempts repeated; {lane.queries} queries, {lane.outages} in an outage"
        )
        # Once more, now that everything is whole.
        lane.try_once(lane._query)
        for failure in lane.failures[:5]:
            report.say(failure)
        report.equal(f"{lane.table}: lost, doubled, torn or gone back", len(lane.failures), 0)
        report.true("loads acknowledged", lane.acknowledged, "more than 10", lane.acknowledged > 10)
        expect_alike(report, cluster, lane.table)
