"""The flights file on a frontend and four backends: what queries give, and what lies on the four disks.

12 partitions by month, 8 buckets, replication 3. Expected figures are computed from the CSV by Python's csv module; the
files are read by pyarrow, if there is one.
"""

from kit import flights
from kit.cluster import Cluster
from kit.state import files


def drill(report):
    expected = flights.Figures()
    with Cluster(4) as cluster:
        answer = flights.load(cluster)
        seconds = answer["LoadTimeMs"] / 1000
        report.say(f"loaded by curl: {answer['LoadBytes']} bytes of CSV in {seconds:.2f} s ({answer['Message']})")
        report.equal("rows loaded", answer["NumberLoadedRows"], expected.rows)
        report.equal("count(*)", cluster.number("SELECT count(*) FROM demo.flights"), expected.rows)
        report.equal("sum(distance)", cluster.number("SELECT sum(distance) FROM demo.flights"), expected.miles)
        no_departure = cluster.number("SELECT count(*) FROM demo.flights WHERE dep_time IS NULL")
        report.equal("dep_time is null", no_departure, expected.no_departure)
        rows = cluster.sql("SELECT carrier, count(*) AS n FROM demo.flights GROUP BY carrier")
        carriers = {row["carrier"]: int(row["n"]) for row in rows}
        listed = " ".join(f"{carrier}={n}" for carrier, n in sorted(carriers.items()))
        report.true("flights per carrier", listed, "as in the CSV", carriers == expected.carriers)
        disks(report, cluster, expected)


def disks(report, cluster, expected):
    """Every file begins and ends as Parquet does; together they hold each row three times."""
    found = [file for at in range(4) for file in files(cluster, at)]
    for at in range(4):
        here = files(cluster, at)
        report.say(f"backend {at}: {len(here)} files, {sum(file.stat().st_size for file in here)} bytes")
    contents = [file.read_bytes() for file in found]
    report.equal("files that begin and end with PAR1", sum(b[:4] == b[-4:] == b"PAR1" for b in contents), len(found))
    try:
        import pyarrow
        from pyarrow import compute, parquet
    except ImportError:
        report.say("NOT RUN: reading the files by pyarrow, which is not installed (pip install pyarrow)")
        return
    tables = [parquet.ParquetFile(file).read(["distance", "dep_time"]) for file in found]
    report.say(f"read by pyarrow {pyarrow.__version__}: {len(tables)} files")
    report.equal("rows in the files", sum(table.num_rows for table in tables), 3 * expected.rows)
    miles = sum(compute.sum(table["distance"]).as_py() or 0 for table in tables)
    report.equal("sum(distance) in the files", miles, 3 * expected.miles)
    report.equal(
        "null dep_time in the files", sum(table["dep_time"].null_count for table in tables), 3 * expected.no_departure
    )
