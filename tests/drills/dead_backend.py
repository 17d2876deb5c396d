"""kill -9 of one of four backends under loads and queries, all settings at their defaults; later it comes back.

By default a backend is taken for dead after 3 heartbeats of 5 s; tablets with two of three replicas then wait 2 minutes in
case it returns; the checker looks every 20 s. A tablet that misses a load before the backend is taken for dead is queued by
then, and is copied at once.
"""

import threading
import time

from kit import flights
from kit.cluster import Cluster
from kit.state import counted, expect_alike, files, id_of, places, settle, unhealthy
from kit.traffic import Traffic


class Watch:
    """The most unhealthy tablets seen, and the seconds from the kill to the first one and to the first copy."""

    def __init__(self, cluster, killed):
        self.peak, self.first, self.first_copy = 0, None, None
        self._cluster, self._killed, self._over = cluster, killed, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.2):
            number, copies = unhealthy(self._cluster), counted(self._cluster, "num of full clone")
            since = time.monotonic() - self._killed
            self.peak = max(self.peak, number)
            if number and self.first is None:
                self.first = since
            if copies and self.first_copy is None:
                self.first_copy = since

    def end(self):
        self._over.set()
        self._thread.join()


def drill(report):
    with Cluster(4) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        dead = id_of(cluster, 1)
        before = places(cluster, "demo.flights")
        with Traffic(cluster) as traffic:
            time.sleep(2)
            lost = sum(dead in backends for backends in {**before, **places(cluster, "drill.traffic")}.values())
            die(report, cluster, dead, lost)
            returns(report, cluster, dead, rows)
        traffic.expect_no_failure(report)
        settle(cluster)
        for table in ("demo.flights", "drill.traffic"):
            expect_alike(report, cluster, table)
        report.equal("rows of demo.flights", cluster.number("SELECT count(*) FROM demo.flights"), rows)


def die(report, cluster, dead, lost):
    killed = time.monotonic()
    cluster.kill(1)
    report.say(f"backend {dead} killed -9; it had a replica of {lost} tablets")
    watch = Watch(cluster, killed)
    cluster.until("it is held for dead", lambda: cluster.alive() == 3, 60)
    report.say(f"held for dead {time.monotonic() - killed:.1f} s after the kill (3 heartbeats of 5 s)")
    cluster.sql("ADMIN WAIT UNTIL HEALTHY FOR '6m'")
    healthy = time.monotonic() - killed
    watch.end()
    report.say(
        f"first unhealthy tablet {watch.first:.1f} s after the kill, first copy {watch.first_copy:.1f} s after it"
    )
    report.equal("most unhealthy tablets at once", watch.peak, lost)
    report.equal("unhealthy tablets now", unhealthy(cluster), 0)
    report.true(
        "seconds from the kill to 0 unhealthy",
        f"{healthy:.1f}",
        "15 + 120 + at most 2 rounds of 20 s + copying",
        healthy < 240,
    )
    moved = counted(cluster, "bytes of clone")
    removed = counted(cluster, "num of replica removed")
    # Balance, which is on by default, gives up others.
    report.true("replicas given up", removed, f"at least the {lost} on it", removed >= lost)
    report.say(f"{counted(cluster, 'num of full clone')} full clones, {moved} bytes")
    elsewhere = [backends - {dead} for backends in places(cluster, "demo.flights").values()]
    report.equal("tablets with 3 replicas on the others", sum(len(b) == 3 for b in elsewhere), len(elsewhere))


def returns(report, cluster, dead, rows):
    """What it has is not needed any more: all of it goes, and balance gives it other tablets."""
    had = {file.parent.name for file in files(cluster, 1)}

    def redundant():
        """Tablets that it has a replica of which the cluster does not know. (Dropped ones rest in its trash.)"""
        known = {**places(cluster, "demo.flights"), **places(cluster, "drill.traffic")}
        meta = f"http://{cluster.addresses[1]}/api/meta/header/"
        return [tablet for tablet in had if dead not in known[tablet] and cluster.call(meta + tablet)[0] == 200]

    for key in ("tablet_report_interval_second", "tablet_report_drop_tablet_delay_sec"):
        cluster.set(key, 5)  # The defaults are 60 and 120.
    returned = time.monotonic()
    cluster.start(1)
    cluster.until_alive(4)
    report.say(
        f"backend {dead} is back with replicas of {len(had)} tablets, alive after {time.monotonic() - returned:.1f} s"
    )
    cluster.until("its old replicas are dropped", lambda: not redundant(), 120)
    report.say(f"its old replicas are dropped {time.monotonic() - returned:.1f} s after its start")
    settle(cluster)
    cluster.set("tablet_sched_disable_balance", "true")
    settle(cluster)
    report.say(f"{counted(cluster, 'num of balance move')} moves by balance so far; it is switched off for the count")
    report.equal("redundant replicas on it", len(redundant()), 0)
    kept = places(cluster, "demo.flights")
    report.equal("tablets with exactly 3 replicas", sum(len(b) == 3 for b in kept.values()), len(kept))
    report.equal("rows of demo.flights", cluster.number("SELECT count(*) FROM demo.flights"), rows)
