"""A frontend is restored from an older copy of its directory: nothing is guessed, and ADMIN RECOVER takes up what backends hold.

Loads and a new table come after the copy. Without --take-over the copy is refused. With it, what it knows can be read, no load can
put other rows under a version that backends hold already, and after ADMIN RECOVER every acknowledged row is there.
"""

import shutil
import time

from kit.client import SqlError
from kit.cluster import QUICK, Cluster

ROWS = 1000
BEFORE, AFTER = 5, 10


class Restored(Cluster):
    """A cluster whose frontend may be told to take over."""

    take_over = False

    def frontend_args(self):
        return super().frontend_args() + (["--take-over"] if self.take_over else [])


def drill(report):
    with Restored(3, QUICK) as cluster:
        cluster.create("d.t", "k BIGINT NOT NULL, n BIGINT NOT NULL", "k", 4, 3)
        for n in range(BEFORE):
            load(cluster, "d.t", n)
        known = figures(cluster, "d.t")
        cluster.frontend.stop()
        shutil.copytree(cluster.dir / "fe", cluster.dir / "old")
        cluster.start_frontend()
        cluster.until_alive(3)
        acknowledged = later(cluster)
        old_tablets = ids(cluster, "d.new")
        put_back(cluster)
        refused(report, cluster)
        taken_over(report, cluster, known)
        recovered(report, cluster, acknowledged)
        ids_are_new(report, cluster, old_tablets)
        unknown_go(report, cluster, old_tablets)
        again(report, cluster, acknowledged)


def load(cluster, table, n):
    file = cluster.dir / "rows.csv"
    file.write_text("".join(f"{n * ROWS + row},{n}\n" for row in range(ROWS)))
    answer = cluster.load(table, file)
    if answer["Status"] != "Success":
        raise RuntimeError(str(answer))


def figures(cluster, table):
    row = cluster.sql(f"SELECT count(*) AS rows_, sum(k) AS keys_, sum(n) AS loads_ FROM {table}")[0]
    return tuple(int(row[name]) for name in ["rows_", "keys_", "loads_"])


def expected(loads):
    keys = sum(range(loads * ROWS))
    return loads * ROWS, keys, sum(n * ROWS for n in range(loads))


def later(cluster):
    """What the copy does not know: loads, some while a backend is away, and a new table."""
    for n in range(BEFORE, BEFORE + AFTER):
        if n == BEFORE + 3:
            cluster.kill(0)
        if n == BEFORE + 6:
            cluster.start(0)
            cluster.until_alive(3)
        load(cluster, "d.t", n)
    cluster.create("d.new", "k BIGINT NOT NULL, n BIGINT NOT NULL", "k", 4, 3)
    load(cluster, "d.new", 0)
    return expected(BEFORE + AFTER)


def ids(cluster, table):
    return {int(row["TabletId"]) for row in cluster.sql(f"SHOW TABLET FROM {table}")}


def put_back(cluster):
    cluster.frontend.kill()
    (cluster.dir / "fe").rename(cluster.dir / "lost")
    shutil.copytree(cluster.dir / "old", cluster.dir / "fe")


def fails(report, cluster, what, statement, *words):
    try:
        cluster.sql(statement)
        report.says(what, "it was acknowledged", *words)
    except SqlError as error:
        report.says(what, error, *words)


def refused(report, cluster):
    report.say("-- the old directory without --take-over")
    cluster.start_frontend()
    fails(report, cluster, "CREATE DATABASE", "CREATE DATABASE evil", "obeys frontend", "--take-over")
    fails(report, cluster, "INSERT", "INSERT INTO d.t VALUES (1, 1)", "obeys frontend")
    cluster.frontend.kill()


def dry_run(cluster, of=""):
    return cluster.sql(f"ADMIN RECOVER {of} DRY RUN")


def of_table(rows):
    return [(row["Table"], row["KnownVersion"], row["NewVersion"], row["Status"]) for row in rows if row["Table"] != "NULL"]


def unknown(rows):
    return {int(row["TabletId"]) for row in rows if row["Table"] == "NULL"}


def taken_over(report, cluster, known):
    report.say("-- the old directory with --take-over")
    cluster.take_over = True
    cluster.start_frontend()
    cluster.take_over = False
    cluster.until_alive(3)
    report.equal("figures at the version that is known", figures(cluster, "d.t"), known)
    fails(report, cluster, "a load", "INSERT INTO d.t VALUES (1, 1)", "5804", "ADMIN RECOVER TABLE d.t")
    found = ("d.t", str(1 + BEFORE), str(1 + BEFORE + AFTER), "CAN")
    cluster.until("what backends hold is listed", lambda: of_table(dry_run(cluster)) == [found])
    cluster.kill(1)
    time.sleep(3)
    fails(report, cluster, "a load with a backend away", "INSERT INTO d.t VALUES (1, 1)", "5804")
    report.equal("figures with a backend away", figures(cluster, "d.t"), known)
    cluster.start(1)
    cluster.until_alive(3)
    time.sleep(2 * QUICK["tablet_report_drop_tablet_delay_sec"] + 2)
    rows = dry_run(cluster)
    report.equal("the dry run", of_table(rows), [found])
    report.equal("unknown tablets in it", len(unknown(rows)), 4)
    report.equal("replicas of them", len([row for row in rows if row["Table"] == "NULL"]), 12)
    tablet = min(ids(cluster, "d.t"))
    said = cluster.sql(f"EXPLAIN TABLET {tablet}")
    report.says("EXPLAIN TABLET", said, "ADMIN RECOVER TABLE")


def recovered(report, cluster, acknowledged):
    report.say("-- ADMIN RECOVER")
    rows = cluster.sql("ADMIN RECOVER TABLE d.t REASON 'the disk of the frontend was lost'")
    report.equal("what it did", of_table(rows), [("d.t", str(1 + BEFORE), str(1 + BEFORE + AFTER), "DONE")])
    report.equal("figures", figures(cluster, "d.t"), acknowledged)
    load(cluster, "d.t", BEFORE + AFTER)
    report.equal("figures with one more load", figures(cluster, "d.t"), expected(BEFORE + AFTER + 1))
    cluster.sql("ADMIN WAIT UNTIL HEALTHY TABLE d.t FOR '60s'")
    report.says("the log", cluster.frontend.log.read_text(), "the disk of the frontend was lost")
    for at in range(3):
        cluster.kill(at)
        cluster.until_alive(2)
        report.equal(f"figures without backend {at}", figures(cluster, "d.t"), expected(BEFORE + AFTER + 1))
        cluster.start(at)
        cluster.until_alive(3)


def ids_are_new(report, cluster, old_tablets):
    report.say("-- the table that the copy does not know is made again")
    cluster.create("d.new", "k BIGINT NOT NULL, n BIGINT NOT NULL", "k", 4, 3)
    report.equal("ids given twice", ids(cluster, "d.new") & old_tablets, set())
    load(cluster, "d.new", 7)
    report.equal("rows of it", figures(cluster, "d.new")[0], ROWS)
    report.equal("unknown tablets are kept", unknown(dry_run(cluster)), old_tablets)


def unknown_go(report, cluster, tablets):
    report.equal("replicas of unknown tablets on backends", held(cluster, tablets), 12)
    fails(report, cluster, "without a reason", "ADMIN DROP UNKNOWN TABLETS", "REASON")
    cluster.sql("ADMIN DROP UNKNOWN TABLETS REASON 'd.new was loaded again'")
    cluster.until("unknown tablets go", lambda: held(cluster, tablets) == 0)
    report.equal("unknown tablets", unknown(dry_run(cluster)), set())


def held(cluster, tablets):
    """Replicas of these that backends have, as these say."""
    url = "http://{}/api/meta/header/{}"
    calls = [cluster.call("-u", "root:", url.format(at, tablet)) for at in cluster.addresses for tablet in tablets]
    return sum(status == 200 for status, _ in calls)


def again(report, cluster, acknowledged):
    report.say("-- everything is restarted")
    cluster.frontend.kill()
    for at in range(3):
        cluster.kill(at)
        cluster.start(at)
    cluster.start_frontend()
    cluster.until_alive(3)
    report.equal("figures", figures(cluster, "d.t"), expected(BEFORE + AFTER + 1))
    load(cluster, "d.t", BEFORE + AFTER + 1)
    report.equal("figures with one more load", figures(cluster, "d.t"), expected(BEFORE + AFTER + 2))
