"""The flights data: the file, and the figures that Python's csv module computes from it."""

import csv
import gzip
import os
import shutil
from collections import Counter
from pathlib import Path

from .node import ROOT

SLICE = ROOT / "examples/data/flights.csv"
HEADERS = ["skip_header:1", "null_marker:NA"]


def file():
    """The data of this run: what $FLIGHTS names, else the slice that comes with the project."""
    return Path(os.environ.get("FLIGHTS", SLICE))


def unpacked(directory):
    """The same as a plain file, for curl."""
    if file().suffix != ".gz":
        return file()
    plain = Path(directory) / "flights.csv"
    with gzip.open(file()) as source, open(plain, "wb") as target:
        shutil.copyfileobj(source, target)
    return plain


class Figures:
    """What queries must give."""

    def __init__(self):
        opened = gzip.open(file(), "rt") if file().suffix == ".gz" else open(file())
        self.rows = self.miles = self.no_departure = 0
        self.carriers = Counter()
        with opened as lines:
            for row in csv.DictReader(lines):
                self.rows += 1
                self.miles += int(row["distance"])
                self.no_departure += row["dep_time"] == "NA"
                self.carriers[row["carrier"]] += 1


def load(cluster, **more):
    """Makes demo.flights by its runbook and loads the file; the coordinator's answer."""
    cluster.runbook("flights.sql")
    return cluster.load("demo.flights", unpacked(cluster.dir), headers=HEADERS, **more)
