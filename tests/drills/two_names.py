"""One node by two names: refused when it is added, and worth nothing where that is found out only later.

The same process is added as 127.0.0.1:p and as localhost:p. A second name that can't be asked when it is added (the process
is stopped then) is found out by the first heartbeat. A copy of a storage path beside its original is refused by both names.
"""

import shutil
import time

from kit import flights
from kit.client import FREE, SqlError
from kit.cluster import QUICK, Cluster
from kit.node import Node
from kit.state import counted, id_of, places, settle, unhealthy


def drill(report):
    with Cluster(4, QUICK) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        before = places(cluster, "demo.flights")
        first, address = id_of(cluster, 0), cluster.addresses[0]
        second = address.replace("127.0.0.1", "localhost")
        try:
            cluster.sql(f'ALTER SYSTEM ADD BACKEND "{second}"')
            report.says("a second name of a node that answers", "it was added", first)
        except SqlError as refused:
            report.says("a second name of a node that answers", refused, first, address, second, "one name")
        found_out_later(report, cluster, first, address, second)
        copied_path(report, cluster)
        settle(cluster)
        report.equal("unhealthy tablets", unhealthy(cluster), 0)
        report.equal("tablets on other backends than before", moved(before, places(cluster, "demo.flights")), 0)
        report.equal("full clones", counted(cluster, "num of full clone"), 0)
        report.equal("rows", cluster.number("SELECT count(*) FROM demo.flights"), rows)


def moved(before, after):
    return sum(before[tablet] != after[tablet] for tablet in before)


def line(cluster, host):
    return next((row for row in cluster.sql("SHOW BACKENDS") if row["IP"] == host), None)


def found_out_later(report, cluster, first, address, second):
    """While the process is stopped nobody can be asked."""
    cluster.set("tablet_sched_repair_delay_factor_second", 60)
    cluster.set("heartbeat_retry_times", 60)  # Held for dead, it would have moved to its other name.
    cluster.stop(0)
    cluster.sql(f'ALTER SYSTEM ADD BACKEND "{second}"')
    cluster.start(0)
    cluster.until("the second name is found out", lambda: line(cluster, "localhost")["ErrMsg"].startswith("this is"))
    cluster.until_alive(4)
    time.sleep(5)
    found = line(cluster, "localhost")
    report.says("ErrMsg of the second name", found["ErrMsg"], f"this is backend {first}", address, second)
    report.equal("the second name is alive, has tablets", (found["Alive"], found["TabletNum"]), ("false", "0"))
    cluster.sql(f'ALTER SYSTEM DROP BACKEND "{second}"')
    report.equal("backends after DROP of the second name", len(cluster.sql("SHOW BACKENDS")), 4)


def copied_path(report, cluster):
    twin = cluster.dir / "twin"
    cluster.stop(1)
    shutil.copytree(cluster.paths(1)[0], twin)
    cluster.start(1)
    cluster.until_alive(4)
    token = cluster.dir / "fe/cluster.token"
    args = ["backend", "--http-addr", FREE, "--cluster-token-file", token]
    node = Node([*args, "--storage-path", twin], cluster.dir / "twin.log")
    try:
        cluster.sql(f'ALTER SYSTEM ADD BACKEND "{node.ready["http"]}"')
        report.says("a node on a copy of a storage path", "it was added", "one name")
    except SqlError as refused:
        report.says("a node on a copy of a storage path", refused, cluster.addresses[1], node.ready["http"])
    finally:
        node.kill()
    cluster.stop(1)
    path = cluster.paths(1)[0]
    try:
        Node([*args, "--storage-path", path, "--storage-path", twin], cluster.dir / "both.log").kill()
        report.says("a storage path and its copy", "it started", twin)
    except RuntimeError as refused:
        report.says("a storage path and its copy", refused, path, twin, "copies")
    cluster.start(1)
    cluster.until_alive(4)
