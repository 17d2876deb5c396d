"""The wall clock of every machine is set back and forward by hours and days, while it runs and while it does not.

Needs libfaketime (Debian: faketime); without it, nothing is tried. Only the wall clock is changed, as an operator or a broken
time server changes it: what the kernel counts by itself goes on.
"""

import time
from pathlib import Path

from kit.client import SqlError
from kit.cluster import QUICK, Cluster
from kit.report import Report
from kit.state import files, places, settle, unhealthy

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
# More than a repair needs of waiting in QUICK, and than a busy machine adds to it.
SLOWER = 15


class Machines(Cluster):
    """A cluster of which every machine has a wall clock of its own."""

    def environment(self, node):
        if not self.clock(node).exists():
            self.set_clock(node, "+0")
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock(node)),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def clock(self, node):
        return self.dir / f"{node}.clock"

    def set_clock(self, node, off):
        """`off` from the right time: `+0`, `-2h`, `+4d`."""
        whole = self.clock(node).with_suffix(".new")
        whole.write_text(f"{off}\n")
        whole.rename(self.clock(node))

    def set_clocks(self, off):
        for node in ["fe", *(f"be{at}" for at in range(len(self.backends)))]:
            self.set_clock(node, off)

    def label(self, label):
        """What becomes of a load of one row with this label."""
        row = self.dir / "row.csv"
        row.write_text("1,one\n")
        return self.load("d.t", row, headers=[f"label: {label}"])

    def said_of_clock(self):
        return self.sql("SHOW FRONTENDS")[0]["ErrMsg"]


def drill(report: Report):
    if not LIBRARIES:
        report.say("SKIPPED: libfaketime is not here (Debian: apt-get install faketime)")
        return
    with Machines(4, settings=QUICK, conf={"clean_interval_second": 1}) as cluster:
        cluster.create("d.t", "k INT, v VARCHAR(20)", "k", 6, 3)
        cluster.create("d.gone", "k INT, v VARCHAR(20)", "k", 4, 3)
        report.equal("first load", cluster.label("once")["Status"], "Success")
        cluster.load("d.gone", cluster.dir / "row.csv")
        settle(cluster)
        trash = drop_into_trash(report, cluster)
        usual = repair(cluster)
        report.say(f"a bad replica is repaired in {usual:.1f} s while no clock is set")
        for off, words in [("-2h", "back by 2 h"), ("+0", "forward by 2 h"), ("+1h", "forward by 1 h")]:
            cluster.set_clocks(off)
            time.sleep(1)
            took = repair(cluster)
            report.true(f"repair with clocks at {off}", f"{took:.1f} s", "the usual time", took < usual + SLOWER)
            report.says("SHOW FRONTENDS", cluster.said_of_clock(), words)
        glitch(report, cluster, usual)
        restarts(report, cluster, usual)
        late_load(report, cluster)
        same_label(report, cluster)
        expect_trash(report, cluster, trash)
        log = (cluster.dir / "fe.log").read_text()
        report.true(
            "lines of the frontend's log on its clock", log.count("the clock of this machine"), "5 to 9",
            5 <= log.count("the clock of this machine") <= 9,
        )


def drop_into_trash(report, cluster):
    """A table is dropped; its files rest in the trash of their backends for a day."""
    tablets = places(cluster, "d.gone")
    cluster.sql("DROP TABLE d.gone")
    time.sleep(5)
    trash = [file for at in range(4) for tablet in tablets for file in files(cluster, at, tablet)]
    report.true("files of the dropped table in the trash", len(trash), "some", len(trash) > 0)
    return trash


def expect_trash(report, cluster, trash):
    time.sleep(3)  # The trash is looked at every second.
    report.equal("files that are still in the trash", sum(file.exists() for file in trash), len(trash))


def same_label(report, cluster):
    again = cluster.label("once")
    report.equal("the same label again", again["Status"], "Label Already Exists")
    report.equal("rows", cluster.number("SELECT count(*) FROM d.t"), 1)


def repair(cluster):
    """Seconds until a replica that is said to be bad has been replaced."""
    bad = cluster.sql("SHOW TABLET FROM d.t")[0]
    began = time.monotonic()
    cluster.sql(
        f'ADMIN SET REPLICA STATUS PROPERTIES ("tablet_id" = "{bad["TabletId"]}", "backend_id" = "{bad["BackendId"]}", '
        '"status" = "bad")'
    )

    def repaired():
        rows = [row for row in cluster.sql("SHOW TABLET FROM d.t") if row["TabletId"] == bad["TabletId"]]
        replaced = all(row["ReplicaId"] != bad["ReplicaId"] for row in rows)
        return replaced and len(rows) == 3 and unhealthy(cluster) == 0

    cluster.until("a bad replica is replaced", repaired, 120)
    return time.monotonic() - began


def glitch(report, cluster, usual):
    """Four days forward for three seconds, on all machines at once."""
    cluster.set_clocks("+4d")
    time.sleep(3)
    cluster.set_clocks("+0")
    report.says("SHOW FRONTENDS", cluster.said_of_clock() or cluster.said_of_clock(), "3 d 23 h")
    took = repair(cluster)
    report.true("repair after four days in three seconds", f"{took:.1f} s", "the usual time", took < usual + SLOWER)
    same_label(report, cluster)


def restarts(report, cluster, usual):
    """All nodes start again with clocks that are wrong by days, first forward, then back."""
    for off in ["+4d", "-30d"]:
        cluster.frontend.kill()
        for at in range(4):
            cluster.kill(at)
        cluster.set_clocks(off)
        cluster.start_frontend()
        for at in range(4):
            cluster.start(at)
        cluster.until_alive(4)
        settle(cluster)
        took = repair(cluster)
        report.true(f"repair after a start at {off}", f"{took:.1f} s", "the usual time", took < usual + SLOWER)
        same_label(report, cluster)
    report.says("SHOW FRONTENDS", cluster.said_of_clock(), "back by 3")


def late_load(report, cluster):
    """A load that has five seconds and never ends, while the clock goes back by a day."""
    fifo = cluster.dir / "endless"
    cluster.set_clocks("-31d")
    began = time.monotonic()
    fifo.write_text("7,seven\n" * 200_000)
    try:
        told = str(cluster.load("d.t", fifo, headers=["timeout: 5"], rate="20k"))
    except (RuntimeError, SqlError, ValueError) as broken:
        told = str(broken)
    took = time.monotonic() - began
    report.true("a load with a timeout of 5 s that does not end", f"{took:.1f} s: {told[:100]}", "below 25 s", took < 25)
    settle(cluster)
