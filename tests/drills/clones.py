"""What clones move: only what is missing, a wiped path whole, and from another source when the first is killed.

A backend misses three loads; a storage path is wiped under a running backend; the source of a clone is killed half-way
(clone_bytes_per_second is low enough to see it).
"""

import os
import shutil
import time

from kit import flights
from kit.cluster import QUICK, Cluster
from kit.state import counted, expect_alike, id_of, settle, unhealthy


def drill(report):
    three_loads_missed(report)
    path_wiped(report)
    source_killed(report)


def clones(cluster):
    return {kind: counted(cluster, f"num of {kind} clone") for kind in ("full", "incremental")}


def rows_file(cluster, count):
    """Rows for d.t that do not compress to nothing."""
    file = cluster.dir / "rows.csv"
    file.write_text("".join(f"{k},{os.urandom(80).hex()}\n" for k in range(count)))
    return file


def make_table(cluster, buckets, replicas):
    """d.t with 40,000 rows, about 7 MB."""
    cluster.create("d.t", "k INT, v VARCHAR(200)", "k", buckets, replicas)
    cluster.load("d.t", rows_file(cluster, 40_000))
    settle(cluster)


def three_loads_missed(report):
    """Tablets of 1.7 MB. (Below 256 kB, compaction merges all, and there is no smaller piece left to move.)"""
    with Cluster(3, QUICK) as cluster:
        make_table(cluster, 4, 3)
        size = sum(int(row["DataSize"]) for row in cluster.sql("SHOW TABLET FROM d.t")) // 3
        cluster.kill(2)
        cluster.until_alive(2)
        for _ in range(3):
            cluster.load("d.t", rows_file(cluster, 100))
        report.say(f"backend 2 killed -9, three loads of 100 rows missed, {unhealthy(cluster)} tablets unhealthy")
        cluster.start(2)
        cluster.until_alive(3)
        settle(cluster)
        made, moved = clones(cluster), counted(cluster, "bytes of clone")
        report.equal("full clones after its return", made["full"], 0)
        report.equal("incremental clones", made["incremental"], 4)
        percent = 100 * moved / size
        report.true(
            "bytes moved",
            moved,
            f"less than a tenth of one copy, {size} bytes; it is {percent:.1f} %",
            moved < size / 10,
        )
        report.equal("rows", cluster.number("SELECT count(*) FROM d.t"), 40_300)
        expect_alike(report, cluster, "d.t")


def path_wiped(report):
    with Cluster(3, QUICK, paths=2) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        path = cluster.paths(0)[1]
        replicas = len(list((path / "data").iterdir()))
        for entry in path.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        report.say(f"the second storage path of backend 0 wiped while it runs: {replicas} replicas")
        began = time.monotonic()
        cluster.until("full clones", lambda: counted(cluster, "num of full clone") >= replicas)
        settle(cluster)
        report.say(
            f"healthy {time.monotonic() - began:.1f} s later, {counted(cluster, 'bytes of clone')} bytes moved"
        )
        made = clones(cluster)
        report.equal("full clones", made["full"], replicas)
        report.equal("incremental clones", made["incremental"], 0)
        report.equal("rows", cluster.number("SELECT count(*) FROM demo.flights"), rows)
        expect_alike(report, cluster, "demo.flights")


def source_killed(report):
    """One tablet of 7 MB with two replicas is to get a third."""
    with Cluster(4, QUICK) as cluster:
        make_table(cluster, 1, 2)
        cluster.set("clone_bytes_per_second", 300_000)
        cluster.sql("ALTER TABLE d.t SET ('replication_num' = '3')")

        def halfway():
            return [
                row for row in cluster.sql("SELECT * FROM sys.running_tablets") if row["Rate"] not in ("NULL", "0")
            ]

        cluster.until("a clone that is half-way", halfway)
        task = halfway()[0]
        time.sleep(2)
        source = next(at for at in range(4) if id_of(cluster, at) == task["SrcBe"])
        cluster.kill(source)
        report.say(
            f"tablet {task['TabletId']} is copied from backend {task['SrcBe']} at {float(task['Rate']):.2f} MB/s; "
            "that one killed -9"
        )
        cluster.set("clone_bytes_per_second", 0)
        settle(cluster)
        done = cluster.sql("SELECT * FROM sys.history_tablets WHERE State = 'FINISHED' AND SrcBe IS NOT NULL")
        for row in done:
            report.say(
                f"finished: {row['Status']} from {row['SrcBe']} to {row['DestBe']}, FailedRunning {row['FailedRunning']}"
            )
        other = bool(done) and all(row["SrcBe"] != task["SrcBe"] for row in done)
        report.true("sources of what finished", sorted({row["SrcBe"] for row in done}), f"not {task['SrcBe']}", other)
        cluster.start(source)
        cluster.until_alive(4)
        settle(cluster)
        report.equal("rows", cluster.number("SELECT count(*) FROM d.t"), 40_000)
        expect_alike(report, cluster, "d.t")
