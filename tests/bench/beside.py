#!/usr/bin/env python3
"""Quorate beside what users would pick instead, in one run: scans beside DuckDB, one-row INSERTs beside MariaDB.

    tests/bench/beside.py [--flights FILE] [--seconds 4] [--flushes]

Needs `pip install pymysql duckdb`, mariadbd (Debian: mariadb-server), and $QUORATE, or target/release/quorate. DuckDB reads
the very files that a backend keeps. Both servers are spoken to by the same client over TCP, and flush at each commit.
Prints medians; there is no verdict in it but the ratios. --flushes counts with strace how often an INSERT has the disk flushed, by
all processes together: slower, and the same on every machine.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "drills"))
os.environ.setdefault("QUORATE", str(Path(__file__).resolve().parents[2] / "target/release/quorate"))
import duckdb
import pymysql
from kit import flights
from kit.cluster import Cluster
from kit.state import settle

QUERIES = {
    "count(*)": "SELECT count(*) FROM {t}",
    "sum by carrier": "SELECT carrier, count(*), sum(distance), avg(dep_delay) FROM {t} GROUP BY carrier ORDER BY 1",
    "two keys": "SELECT origin, dest, count(*), max(arr_delay) FROM {t} GROUP BY origin, dest ORDER BY 3 DESC, 1, 2 LIMIT 20",
    "filter": "SELECT count(*), sum(air_time) FROM {t} WHERE distance > 1000 AND dep_delay > 30",
    "distinct": "SELECT count(DISTINCT tailnum) FROM {t}",
}


def connect(address, **more):
    host, port = address.rsplit(":", 1)
    return pymysql.connect(host=host, port=int(port), user="root", autocommit=True, **more)


def median_ms(work, rounds):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def scans(cluster, rounds=15):
    """The same queries by turns; answers must agree."""
    files = f"{cluster.paths(0)[0]}/data/*/*.parquet"
    duck = duckdb.connect(config={"threads": os.cpu_count()})
    cursor = connect(cluster.mysql).cursor()
    print(f"{'scan of the flights':24} {'Quorate':>10} {'DuckDB':>10} {'ratio':>7}")
    for name, query in QUERIES.items():
        ours, theirs = query.format(t="demo.flights"), query.format(t=f"read_parquet('{files}')")
        cursor.execute(ours)
        mine, other = cursor.fetchall(), duck.execute(theirs).fetchall()
        if [tuple(map(rounded, row)) for row in mine] != [tuple(map(rounded, row)) for row in other]:
            sys.exit(f"{name}: other rows: {mine[:3]} and {other[:3]}")
        quorate = median_ms(lambda: (cursor.execute(ours), cursor.fetchall()), rounds)
        ducks = median_ms(lambda: duck.execute(theirs).fetchall(), rounds)
        print(f"{name:24} {quorate:7.1f} ms {ducks:7.1f} ms {quorate / ducks:7.2f}")


def rounded(value):
    """Averages have four digits in MySQL."""
    return value if value is None or isinstance(value, str) else round(float(value), 3)


class Maria:
    """A MariaDB of this run, with its defaults, so each commit is flushed."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="quorate-beside-")
        run = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", f"--datadir={self.dir}/d"]
        subprocess.run([*install, "--user=root"], check=True, **run)
        port = 33_900 + os.getpid() % 1000
        args = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={self.dir}/d", f"--socket={self.dir}/s", f"--port={port}"]
        self.process = subprocess.Popen([*args, "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=1"], **run)
        self.address = f"127.0.0.1:{port}"
        for _ in range(200):
            try:
                connect(self.address).close()
                return self
            except pymysql.Error:
                time.sleep(0.1)
        raise RuntimeError("mariadbd does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Flushes:
    """How often processes flush files while this is entered."""

    CALLS = ("fsync", "fdatasync", "syncfs")

    def __init__(self, pids):
        self.pids, self.count = pids, 0

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="quorate-flushes-")
        self.outs = [Path(self.dir.name) / str(pid) for pid in self.pids]
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        only = f"trace={','.join(self.CALLS)}"
        args = [["strace", "-c", "-f", "-e", only, "-o", out, "-p", str(pid)] for out, pid in zip(self.outs, self.pids)]
        self.tracers = [subprocess.Popen(each, **quiet) for each in args]
        time.sleep(1)
        return self

    def __exit__(self, *_):
        for tracer in self.tracers:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        rows = [line.split() for out in self.outs for line in out.read_text().splitlines()]
        self.count = sum(int(row[3]) for row in rows if row and row[-1] in self.CALLS)
        self.dir.cleanup()


def count_flushes(nodes, connections, seconds):
    """Flushes of one INSERT, by each of two lists of processes."""
    words = []
    for address, pids in nodes:
        with Flushes(pids) as flushes:
            rate, *_ = inserts(address, connections, seconds)
        words.append(f"{flushes.count / (rate * seconds):6.1f}")
    print(f"{connections:2} connections {words[0]:>37} {words[1]:>28}")


def inserts(address, connections, seconds):
    """One-row INSERTs a second, and their median and 99th percentile in milliseconds."""
    times, end = [], time.perf_counter() + seconds

    def lane(no):
        cursor, n = connect(address, database="beside").cursor(), 0
        while time.perf_counter() < end:
            began = time.perf_counter()
            cursor.execute("INSERT INTO one VALUES (%s, %s, 'a row of one insert')", (no, n))
            times.append((time.perf_counter() - began) * 1000)
            n += 1

    lanes = [threading.Thread(target=lane, args=[no]) for no in range(connections)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join()
    times.sort()
    return len(times) / seconds, statistics.median(times), times[int(len(times) * 0.99)]


def prepare(address, properties):
    cursor = connect(address).cursor()
    cursor.execute("CREATE DATABASE beside")
    cursor.execute(f"CREATE TABLE beside.one (lane INT NOT NULL, n INT NOT NULL, text VARCHAR(40)) {properties}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--flights", metavar="FILE")
    arguments.add_argument("--seconds", type=float, default=4)
    arguments.add_argument("--flushes", action="store_true")
    given = arguments.parse_args()
    if given.flights:
        os.environ["FLIGHTS"] = given.flights
    with Cluster(3) as cluster, Maria() as maria:
        flights.load(cluster)
        settle(cluster)
        scans(cluster)
        distributed = "DUPLICATE KEY (lane) DISTRIBUTED BY HASH (n) BUCKETS 3 PROPERTIES ('replication_num' = '3')"
        prepare(cluster.mysql, distributed)
        prepare(maria.address, "")
        print(f"\n{'one-row INSERTs':24} {'Quorate':>28} {'MariaDB':>28} {'ratio':>7}")
        for connections in (1, 8):
            ours, theirs = (inserts(a, connections, given.seconds) for a in (cluster.mysql, maria.address))
            words = [f"{rate:6.0f}/s {half:6.2f} {slow:7.2f} ms" for rate, half, slow in (ours, theirs)]
            print(f"{connections:2} connections {words[0]:>37} {words[1]:>28} {ours[0] / theirs[0]:7.2f}")
        if given.flushes:
            pids = [node.pid for node in (cluster.frontend, *cluster.backends)]
            print(f"\n{'flushes of an INSERT':24} {'Quorate':>28} {'MariaDB':>28}")
            for connections in (1, 8):
                count_flushes([(cluster.mysql, pids), (maria.address, [maria.process.pid])], connections, given.seconds)


main()
