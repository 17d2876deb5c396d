"""Data that is lost for good: nothing is given up by itself, and ACCEPT DATA LOSS loses exactly what its dry run says.

Of tables with one replica, a file is deleted, then all files of a tablet, then the disk of a backend.
"""

import shutil

from kit.client import SqlError
from kit.cluster import QUICK, Cluster

ROWS, LOADS = 1000, 4


def drill(report):
    with Cluster(3, QUICK) as cluster:
        cluster.create("d.t", "k BIGINT NOT NULL, n BIGINT NOT NULL", "k", 6, 1)
        for n in range(LOADS):
            load(cluster, n)
        total = rows(cluster)
        report.equal("rows", total, ROWS * LOADS)
        tablet, files = tablets_of(cluster)[0]
        # What is newest is no leftover of a compaction.
        newest = max(files, key=lambda file: file.stat().st_mtime_ns)
        report.say(f"-- the newest of {len(files)} files of tablet {tablet} is deleted")
        newest.unlink()
        total = accepted(report, cluster, total, "one file")
        tablet, files = tablets_of(cluster)[-1]
        report.say(f"-- all files of tablet {tablet} are deleted")
        for file in files:
            file.unlink()
        total = accepted(report, cluster, total, "all files")
        report.say("-- the disk of a backend is new")
        cluster.kill(1)
        for path in cluster.paths(1):
            shutil.rmtree(path)
        cluster.start(1)
        cluster.until_alive(3)
        total = accepted(report, cluster, total, "the disk")
        load(cluster, LOADS)
        report.equal("rows with one more load", rows(cluster), total + ROWS)
        cluster.frontend.kill()
        cluster.start_frontend()
        for at in range(3):
            cluster.kill(at)
            cluster.start(at)
        cluster.until_alive(3)
        report.equal("rows after a restart of everything", rows(cluster), total + ROWS)


def load(cluster, n):
    file = cluster.dir / "rows.csv"
    file.write_text("".join(f"{n * ROWS + row},{n}\n" for row in range(ROWS)))
    answer = cluster.load("d.t", file)
    if answer["Status"] != "Success":
        raise RuntimeError(str(answer))


def rows(cluster):
    return cluster.number("SELECT count(*) FROM d.t")


def tablets_of(cluster):
    """Tablets with the files that they have on whichever backend."""
    found = {}
    for file in sorted(cluster.dir.glob("be*/data/*/*.parquet")):
        found.setdefault(int(file.parent.name), []).append(file)
    return sorted(found.items())


def accepted(report, cluster, total, what):
    """Accepts the loss; how many rows are left."""
    cluster.sql("ADMIN CHECK TABLET SEGMENTS REPAIR")
    try:
        report.equal("rows", rows(cluster), "an error")
    except SqlError as error:
        report.says("the table", error, "5809", "ACCEPT DATA LOSS")
    statement = "ADMIN REPAIR TABLE d.t ACCEPT DATA LOSS"
    cluster.until("the loss is listed", lambda: cluster.sql(f"{statement} DRY RUN"))
    said = cluster.sql(f"{statement} DRY RUN")
    report.equal("what it says", {row["Status"] for row in said}, {"CAN"})
    report.say("; ".join(row["Message"] for row in said))
    report.equal("of backends that are away", [row for row in said if "does not answer" in row["Message"]], [])
    try:
        rows(cluster)
        report.says("after the dry run", "it can be read", "5809")
    except SqlError as error:
        report.says("after the dry run", error, "5809")
    done = cluster.sql(f"{statement} REASON 'lost: {what}'")
    report.equal("what it did", {row["Status"] for row in done}, {"DONE"})
    report.equal("the same tablets", {row["TabletId"] for row in done}, {row["TabletId"] for row in said})
    left = rows(cluster)
    if all(row["Rows"] != "NULL" for row in said):
        report.equal("rows that are left", left, total + sum(int(row["Rows"]) for row in said))
    else:
        report.say(f"{left} of {total} rows are left")
    report.says("the log", cluster.frontend.log.read_text(), f"lost: {what}")
    report.equal("a second run", cluster.sql(f"{statement} DRY RUN"), [])
    return left
