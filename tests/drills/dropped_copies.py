"""Three backends, two killed: DROP of the third is refused; dropped by FORCE and added again, its copies are taken in.

Then the copies of a backend that was dropped are made elsewhere, all of those are killed, and it comes back: it has the
last ones, and they are adopted. And the last copy is not said to be bad by mistake.
"""

import time

from kit import flights
from kit.client import SqlError
from kit.cluster import QUICK, Cluster
from kit.state import expect_alike, id_of, places, settle


def drill(report):
    with Cluster(3, QUICK) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        cluster.kill(0)
        cluster.kill(1)
        cluster.until("two are dead", lambda: cluster.alive() == 1)
        refused(report, cluster)
        dropped_and_back(report, cluster, rows)
        cluster.start(0)
        cluster.start(1)
        cluster.until_alive(3)
        settle(cluster)
        report.equal("rows", count(cluster), rows)
        expect_alike(report, cluster, "demo.flights")
        adopted(report, cluster, rows)


def refused(report, cluster):
    told = error_of(cluster, f'ALTER SYSTEM DROP BACKEND "{cluster.addresses[2]}"')
    report.says("DROP BACKEND of the only one that lives", told, "tablet", "demo.flights", "start backend", "FORCE")
    tablet = next(iter(places(cluster, "demo.flights")))
    bad = f'ADMIN SET REPLICA STATUS PROPERTIES ("tablet_id" = "{tablet}", "backend_id" = "{id_of(cluster, 2)}", '
    told = error_of(cluster, bad + '"status" = "bad")')
    report.says("SET REPLICA STATUS bad of its copy", told, tablet, "last copy", "FORCE")


def dropped_and_back(report, cluster, rows):
    cluster.sql(f'ALTER SYSTEM DROP BACKEND "{cluster.addresses[2]}" FORCE')
    cluster.sql(f'ALTER SYSTEM ADD BACKEND "{cluster.addresses[2]}"')
    seconds = cluster.until("its copies are read again", lambda: count(cluster) == rows, 60)
    report.say(f"dropped by force and added again: all rows are read {seconds:.1f} s later")
    time.sleep(6)  # Three times the delay after which strangers are dropped.
    report.equal("rows, the delay of strangers over", count(cluster), rows)


def adopted(report, cluster, rows):
    """Dropped, replaced, and the last one that has copies."""
    cluster.add()
    cluster.until_alive(4)
    old = id_of(cluster, 0)
    cluster.sql(f'ALTER SYSTEM DROP BACKEND "{cluster.addresses[0]}"')
    report.say(f"backend {old} dropped without FORCE: three others live")
    settle(cluster)
    report.equal("replicas on it", sum(old in of for of in places(cluster, "demo.flights").values()), 0)
    for at in (1, 2, 3):
        cluster.kill(at)
    cluster.until("all others are dead", lambda: cluster.alive() == 0)
    cluster.sql(f'ALTER SYSTEM ADD BACKEND "{cluster.addresses[0]}"')
    seconds = cluster.until("its copies are adopted", lambda: count(cluster) == rows, 60)
    report.say(f"all others killed, and the dropped one added again: all rows are read {seconds:.1f} s later")
    for at in (1, 2, 3):
        cluster.start(at)
    cluster.until_alive(4)
    settle(cluster)
    report.equal("rows", count(cluster), rows)
    expect_alike(report, cluster, "demo.flights")


def count(cluster):
    """Rows that are read; None where they can't be."""
    try:
        return cluster.number("SELECT count(*) FROM demo.flights")
    except SqlError:
        return None


def error_of(cluster, statement):
    try:
        cluster.sql(statement)
    except SqlError as error:
        return str(error)
    return "no error"
