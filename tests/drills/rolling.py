"""A rolling restart of four backends by the runbook, then one of five is decommissioned, all under loads and queries."""

import time

from kit import flights
from kit.cluster import Cluster
from kit.state import counted, expect_alike, id_of, places, settle
from kit.traffic import Traffic

KINDS = ["num of full clone", "num of incremental clone", "bytes of clone"]


def drill(report):
    with Cluster(4) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        with Traffic(cluster) as traffic:
            time.sleep(1)
            restart_all(report, cluster)
            decommission(report, cluster)
        traffic.expect_no_failure(report)
        settle(cluster)
        for table in ("demo.flights", "drill.traffic"):
            expect_alike(report, cluster, table)
        report.equal("rows of demo.flights", cluster.number("SELECT count(*) FROM demo.flights"), rows)


def restart_all(report, cluster):
    """As the head of rolling_restart.sql says; all settings are at their defaults."""
    before = places(cluster, "demo.flights")
    began = time.monotonic()
    for at in range(4):
        cluster.runbook("rolling_restart.sql")
        cluster.stop(at)
        cluster.start(at)
    cluster.runbook("rolling_restart.sql")
    report.say(
        f"four backends stopped (SIGTERM) and started, one after the other, in {time.monotonic() - began:.1f} s"
    )
    full, incremental, moved = (counted(cluster, item) for item in KINDS)
    report.equal("full clones", full, 0)
    report.say(f"{incremental} incremental clones, {moved} bytes: the loads that a backend missed while it was away")
    report.true(
        "replicas", "where they were", "places of all tablets unchanged", places(cluster, "demo.flights") == before
    )


def decommission(report, cluster):
    """A fifth backend joins and gets tablets by balance; then it leaves."""
    for key, value in {"tablet_sched_checker_interval_seconds": 1, "tablet_report_interval_second": 1}.items():
        cluster.set(key, value)
    at = cluster.add()
    cluster.until_alive(5)
    leaving, address = id_of(cluster, at), cluster.addresses[at]
    cluster.until("balance gives it tablets", lambda: held(cluster, leaving) > 20, 150)
    settle(cluster)
    had = held(cluster, leaving)
    began = time.monotonic()
    cluster.runbook("decommission.sql", {"10.0.0.5:8040": address})
    cluster.until("it is removed", lambda: not listed(cluster, leaving), 300)
    report.say(
        f"{address} decommissioned by the runbook: emptied of {had} replicas and gone from SHOW BACKENDS "
        f"{time.monotonic() - began:.1f} s later"
    )
    report.equal(
        "tablets with a replica on it", sum(leaving in b for b in places(cluster, "demo.flights").values()), 0
    )


def listed(cluster, backend):
    return [row for row in cluster.sql("SHOW BACKENDS") if row["BackendId"] == backend]


def held(cluster, backend):
    return int(listed(cluster, backend)[0]["TabletNum"])
