"""A frontend on a copy of the data directory runs beside the true one: one is obeyed, the other acknowledges nothing.

First an old copy, then a copy of everything that takes over while the true one is still running.
"""

import shutil
import time

from kit.client import FREE, Client, SqlError
from kit.cluster import QUICK, Cluster
from kit.node import Node

ROWS = 5000


class Other(Client):
    """A second frontend."""

    def __init__(self, dir):
        super().__init__()
        args = ["frontend", "--data-dir", dir, "--mysql-addr", FREE, "--http-addr", FREE]
        self.node = Node(args, dir.with_suffix(".log"))
        self.mysql, self.http = self.node.ready["mysql"], self.node.ready["http"]


def drill(report):
    with Cluster(3, QUICK) as cluster:
        file = cluster.dir / "rows.csv"
        file.write_text("".join(f"{n}\n" for n in range(ROWS)))
        cluster.create("d.old", "k BIGINT NOT NULL", "k", 4, 3)
        cluster.frontend.stop()
        shutil.copytree(cluster.dir / "fe", cluster.dir / "old")
        cluster.start_frontend()
        cluster.until_alive(3)
        cluster.create("d.new", "k BIGINT NOT NULL", "k", 4, 3)
        cluster.load("d.new", file)
        old_copy(report, cluster, file)
        whole_copy(report, cluster)


def refused(report, who, client, statement, *words):
    try:
        client.sql(statement)
        report.says(f"{statement} at {who}", "it was acknowledged", "obeys frontend")
    except SqlError as error:
        report.says(f"{statement} at {who}", error, "obeys frontend", *words)


def old_copy(report, cluster, file):
    report.say("-- an old copy beside the running one")
    other = Other(cluster.dir / "old")
    try:
        refused(report, "the copy", other, "CREATE DATABASE evil", cluster.http, other.http)
        # To the copy no backend is alive, so a statement may be refused before the leader is asked.
        create = "CREATE TABLE d.evil (k INT) DISTRIBUTED BY HASH (k) BUCKETS 4 PROPERTIES ('replication_num' = '3')"
        try:
            other.sql(create)
            report.says("CREATE TABLE at the copy", "it was acknowledged", "ERROR")
        except SqlError as error:
            report.says("CREATE TABLE at the copy", error, "alive backends are []")
        refused(report, "the copy", other, "INSERT INTO d.old VALUES (1)")
        loads = [cluster.load("d.new", file)["Status"] for _ in range(20)]
        report.equal("loads through the true one that succeed", loads.count("Success"), 20)
        report.equal("rows", cluster.number("SELECT count(*) FROM d.new"), 21 * ROWS)
        line = other.sql("SHOW FRONTENDS")[0]
        report.equal("Role of the copy", line["Role"], "UNKNOWN")
        report.says("ErrMsg of the copy", line["ErrMsg"], cluster.http, other.http, "obeys frontend")
        report.equal("ErrMsg of the true one", cluster.sql("SHOW FRONTENDS")[0]["ErrMsg"], "")
    finally:
        other.node.kill()


def whole_copy(report, cluster):
    """kill -STOP, so that the copy is of a directory at rest and the original goes on later as if nothing had been."""
    report.say("-- a copy of everything takes over")
    before = cluster.number("SELECT count(*) FROM d.old")
    time.sleep(3)  # Backends hear in a heartbeat how far the journal is.
    cluster.frontend.pause()
    shutil.copytree(cluster.dir / "fe", cluster.dir / "whole")
    other = Other(cluster.dir / "whole")
    try:
        other.sql("CREATE DATABASE e")
        other.sql("INSERT INTO d.old VALUES (1)")
        report.say("the copy is obeyed; the true one goes on")
        cluster.frontend.resume()
        began, acknowledged = time.monotonic(), 0
        for n in range(20):
            try:
                cluster.sql("INSERT INTO d.old VALUES (2)")
                acknowledged += 1
            except SqlError as error:
                last = error
        report.equal("INSERTs that the superseded one acknowledged", acknowledged, 0)
        report.says("what it says", last, "obeys frontend")
        report.say(f"20 INSERTs were refused in {time.monotonic() - began:.1f} s")
        line = cluster.sql("SHOW FRONTENDS")[0]
        report.says("its ErrMsg", line["ErrMsg"], cluster.http, other.http)
        report.equal("rows by the copy", other.number("SELECT count(*) FROM d.old"), before + 1)
    finally:
        other.node.kill()
