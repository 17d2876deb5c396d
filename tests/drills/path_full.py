"""The disk under one backend fills up: it is said, another takes its place, and it is used again when there is room.

The disk is a small file system in memory, which needs root; without, nothing is run, and it says so.
"""

import contextlib
import subprocess
import tempfile
from pathlib import Path

from full_disk import rows_file
from kit.cluster import QUICK, Cluster
from kit.state import id_of, settle, unhealthy


class OnSmallDisk(Cluster):
    """A cluster whose first backend keeps its data on the small disk."""

    def __init__(self, disk, *args, **more):
        self._disk = Path(disk)
        super().__init__(*args, **more)

    def paths(self, at):
        return [self._disk / "be0"] if at == 0 else super().paths(at)


def drill(report):
    with tempfile.TemporaryDirectory() as disk:
        mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            report.say(f"NOT RUN: a small file system can't be mounted: {mounted.stderr.strip()}")
            return
        try:
            with OnSmallDisk(disk, 4, QUICK) as cluster:
                fills_up(report, cluster, Path(disk) / "filler")
        finally:
            subprocess.run(["umount", disk], check=True)


def fills_up(report, cluster, filler):
    rows = rows_file(cluster.dir, 2000)
    columns = "k INT, v VARCHAR(100)"
    cluster.create("d.t", columns, "k", 8, 3)
    report.equal("2000 rows into disks with room", cluster.load("d.t", rows)["Status"], "Success")
    settle(cluster)
    before = held(cluster, "d.t")
    report.true("replicas on the small disk", before, "some of 24", 0 < before < 24)

    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    took = cluster.until("SHOW BACKENDS says that it is full", lambda: "is full" in said(cluster))
    report.says(f"SHOW BACKENDS, after {took:.1f} s", said(cluster), "storage path", "is full")
    report.equal("2000 rows beside the full disk", cluster.load("d.t", rows)["Status"], "Success")
    replica = behind(cluster)
    if replica:
        told = cluster.sql(f"EXPLAIN TABLET {replica}")
        report.says(f"EXPLAIN TABLET {replica}", told, "PATH_FULL")
    took = cluster.until("every tablet has three whole replicas", lambda: unhealthy(cluster) == 0)
    settle(cluster)
    report.say(f"healed after {took:.1f} s")
    report.equal("replicas on the full disk", held(cluster, "d.t"), 0)
    report.equal("rows visible", cluster.number("SELECT count(*) FROM d.t"), 4000)
    cluster.create("d.during", columns, "k", 8, 3)
    report.equal("replicas of a new table on the full disk", held(cluster, "d.during"), 0)

    filler.unlink()
    took = cluster.until("SHOW BACKENDS says nothing more", lambda: said(cluster) == "")
    report.say(f"it has room again, said after {took:.1f} s")
    cluster.create("d.after", columns, "k", 8, 3)
    report.equal("replicas of a new table on the disk with room", held(cluster, "d.after"), 6)
    lines = cluster.frontend.log.read_text(errors="replace").splitlines()
    for words in ["is full", "has room again"]:
        found = [line for line in lines if "storage path" in line and words in line and "repair" not in line]
        report.equal(f"lines of the log with '{words}'", len(found), 1)
    begun = [line for line in lines if "repair of tablet" in line and "begins" in line]
    done = [line for line in lines if "repair of tablet" in line and "is done" in line]
    report.true("repairs begun and done in the log", (len(begun), len(done)), "some", begun and done)


def said(cluster):
    """ErrMsg of the backend with the small disk."""
    own = id_of(cluster, 0)
    return next(row["ErrMsg"] for row in cluster.sql("SHOW BACKENDS") if row["BackendId"] == own)


def held(cluster, table):
    """Replicas of a table on the backend with the small disk."""
    own = id_of(cluster, 0)
    rows = cluster.sql(f"ADMIN SHOW REPLICA STATUS FROM {table}")
    return sum(row["BackendId"] == own for row in rows)


def behind(cluster):
    """A tablet whose replica on the small disk is behind, while there is one."""
    own = id_of(cluster, 0)
    rows = cluster.sql("ADMIN SHOW REPLICA STATUS FROM d.t WHERE STATUS != 'OK'")
    return next((row["TabletId"] for row in rows if row["BackendId"] == own), None)
