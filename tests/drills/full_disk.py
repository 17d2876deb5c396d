"""No room: a path at its capacity, and a disk on which no byte is left, under frontend, backend and their logs.

The disk is a small file system in memory, which needs root; without, that part is not run, and says so.
"""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

from kit.client import SqlError
from kit.cluster import QUICK, Cluster
from kit.state import settle


def drill(report):
    full_path(report)
    full_disk(report)


def rows_file(directory, count):
    """Rows that do not compress to nothing, 40 bytes each."""
    file = Path(directory) / "rows.csv"
    file.write_text("".join(f"{k},{os.urandom(40).hex()}\n" for k in range(count)))
    return file


def full_path(report):
    """A backend whose path may hold 200 kB: a load of more is refused, and the rows that were there stay."""
    with Cluster(1, QUICK, capacity=200_000) as small:
        small.create("d.t", "k INT, v VARCHAR(100)", "k", 2, 1)
        report.equal(
            "10 rows into a path with room", small.load("d.t", rows_file(small.dir, 10))["Status"], "Success"
        )
        answer = small.load("d.t", rows_file(small.dir, 10_000))
        report.says("10,000 rows into a path without", f"{answer['Status']}, {answer['Message']}", "Fail", "full")
        report.equal("rows visible", small.number("SELECT count(*) FROM d.t"), 10)


def full_disk(report):
    """Frontend, backend and their logs on a small file system, on which no byte is left for a while."""
    with tempfile.TemporaryDirectory() as disk:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            report.say(f"NOT RUN: a small file system can't be mounted: {mounted.stderr.strip()}")
            return
        try:
            with Cluster(1, QUICK, below=disk) as small:
                on_full_disk(report, small, Path(disk) / "filler")
        finally:
            subprocess.run(["umount", disk], check=True)


def on_full_disk(report, small, filler):
    data = rows_file(small.dir, 1000)
    small.create("d.t", "k INT, v VARCHAR(100)", "k", 2, 1)
    report.equal("1000 rows into a disk with room", small.load("d.t", data)["Status"], "Success")
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    answer = small.load("d.t", data)
    report.says("1000 rows into a full disk", f"{answer['Status']}, {answer['Message']}", "Fail")
    made = databases_until_refused(report, small)
    report.equal("rows visible", small.number("SELECT count(*) FROM d.t"), 1000)
    filler.unlink()
    settle(small)
    report.equal("1000 rows when there is room again", small.load("d.t", data)["Status"], "Success")
    small.frontend.kill()
    small.start_frontend()
    small.until_alive(1)
    names = {next(iter(row.values())) for row in small.sql("SHOW DATABASES")}
    report.equal("acknowledged databases after a restart", len(made & names), len(made))
    report.equal("rows visible", small.number("SELECT count(*) FROM d.t"), 2000)


def databases_until_refused(report, small):
    """The databases that were acknowledged. The journal's file may have had some room of its own."""
    made = set()
    try:
        while len(made) < 1000:
            small.sql(f"CREATE DATABASE n{len(made)}")
            made.add(f"n{len(made)}")
    except SqlError as error:
        report.says(f"CREATE DATABASE on a full disk, after {len(made)} that had room", error, "ERROR 1021", "full")
    else:
        report.says("1000 times CREATE DATABASE on a full disk", "all were made", "ERROR 1021")
    return made
