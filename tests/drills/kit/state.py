"""Questions about replicas that several drills ask."""

import time
from collections import defaultdict


def settle(cluster):
    """Waits until nothing is left to repair, remove or move."""
    cluster.sql("ADMIN WAIT UNTIL HEALTHY FOR '10m'")


def statistic(cluster, db="Total"):
    """The line of SHOW PROC '/statistic' of one database, or of all."""
    rows = cluster.sql("SHOW PROC '/statistic'")
    return next(row for row in rows if db in (row["DbId"], row["DbName"]))


def unhealthy(cluster):
    return int(statistic(cluster)["UnhealthyTabletNum"])


def id_of(cluster, at):
    """The id that the cluster knows a backend by."""
    rows = cluster.sql("SHOW BACKENDS")
    return next(row["BackendId"] for row in rows if f"{row['IP']}:{row['HttpPort']}" == cluster.addresses[at])


def counted(cluster, item):
    """A counter of '/cluster_balance/sched_stat' as it is now."""
    return cluster.number(f"SELECT Value + Increase FROM sys.sched_stat WHERE Item = '{item}'")


def places(cluster, table):
    """The backends of each tablet."""
    places = defaultdict(set)
    for row in cluster.sql(f"SHOW TABLET FROM {table}"):
        places[row["TabletId"]].add(row["BackendId"])
    return dict(places)


def homes(cluster, table, tablet):
    """The same of one tablet, as this drill counts backends."""
    return [at for at in range(len(cluster.addresses)) if id_of(cluster, at) in places(cluster, table)[tablet]]


def files(cluster, at, tablet=None):
    """Parquet files of a backend, or of one replica on it."""
    below = f"data/{tablet}/*.parquet" if tablet else "data/*/*.parquet"
    return sorted(file for path in cluster.paths(at) for file in path.glob(below))


def check_content(cluster, table):
    """Has every replica of a table compute the digest of its rows from its files: tablet -> {backend: digest}."""
    tablets = sorted(places(cluster, table), key=int)
    time.sleep(1)  # Times have whole seconds: what was checked before must be older.
    asked = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    cluster.sql(f'ADMIN CHECK TABLET ({", ".join(tablets)}) PROPERTIES ("type" = "consistency")')

    def checked():
        rows = cluster.sql(f"SHOW TABLET FROM {table}")
        return all(
            row["LstConsistencyCheckTime"] != "N/A" and row["LstConsistencyCheckTime"] >= asked for row in rows
        )

    cluster.until("every tablet is checked", checked, 120)
    digests = defaultdict(dict)
    for row in cluster.sql(f"SHOW TABLET FROM {table}"):
        digests[row["TabletId"]][row["BackendId"]] = row["Checksum"]
    return digests


def expect_alike(report, cluster, table, replicas=3):
    """Every replica of every tablet has the same digest as its siblings, and there are so many of them."""
    digests = check_content(cluster, table)
    alike = sum(len(set(of.values())) == 1 and "-1" not in of.values() for of in digests.values())
    whole = sum(len(of) == replicas for of in digests.values())
    report.equal(f"tablets of {table} with {replicas} replicas", whole, len(digests))
    report.equal(f"tablets of {table} whose replicas have one digest (ADMIN CHECK TABLET)", alike, len(digests))
