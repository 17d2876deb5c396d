"""A backend comes back under another address: the same BackendId, the same replicas, nothing copied.

Once by ALTER SYSTEM MODIFY BACKEND HOST, once by ADD BACKEND of the new address; with tablets of one replica and of three.
"""

from kit.client import FREE, SqlError
from kit.cluster import QUICK, Cluster
from kit.state import counted, id_of, places, settle, unhealthy

ROWS = 5000


def drill(report):
    with Cluster(3, QUICK) as cluster:
        file = cluster.dir / "rows.csv"
        file.write_text("".join(f"{n},text {n}\n" for n in range(ROWS)))
        for table, replicas in (("d.one", 1), ("d.three", 3)):
            cluster.create(table, "k BIGINT NOT NULL, v VARCHAR(40)", "k", 6, replicas)
            cluster.load(table, file)
        cluster.set("tablet_sched_repair_delay_factor_second", 60)
        settle(cluster)
        moves(report, cluster, file, "MODIFY BACKEND HOST", lambda old, new: f'MODIFY BACKEND HOST "{old}" TO "{new}"')
        moves(report, cluster, file, "ADD BACKEND", lambda old, new: f'ADD BACKEND "{new}"')


def moves(report, cluster, file, name, statement):
    report.say(f"-- by {name}")
    backend, before = id_of(cluster, 1), places(cluster, "d.one")
    clones, rows = counted(cluster, "num of full clone"), cluster.number("SELECT count(*) FROM d.one")
    old = cluster.addresses[1]
    cluster.stop(1)
    cluster.addresses[1] = FREE
    cluster.start(1)
    new = cluster.addresses[1]
    cluster.sql(f"ALTER SYSTEM {statement(old, new)}")
    took = cluster.until_alive(3)
    report.true("seconds until it is alive again", f"{took:.1f}", "at most 5", took <= 5)
    report.equal("its BackendId", id_of(cluster, 1), backend)
    report.equal("backends", len(cluster.sql("SHOW BACKENDS")), 3)
    report.equal("tablets of one replica are where they were", places(cluster, "d.one"), before)
    report.equal("rows of d.one", cluster.number("SELECT count(*) FROM d.one"), rows)
    for table in ("d.one", "d.three"):
        report.equal(f"a load into {table}", cluster.load(table, file)["Status"], "Success")
    settle(cluster)
    report.equal("unhealthy tablets", unhealthy(cluster), 0)
    report.equal("full clones since", counted(cluster, "num of full clone") - clones, 0)
    try:
        cluster.sql(f'ALTER SYSTEM DROP BACKEND "{old}" FORCE')
        report.says("DROP of the old name", "it was dropped", "does not exist")
    except SqlError as refused:
        report.says("DROP of the old name", refused, "does not exist")
