"""Lost, cut and changed files: what check_tablet_segment_lost finds, what the checksum finds, and the repair of all.

The Parquet files of 5 tablets are deleted on one backend, one file is cut in half, and one byte of another is flipped. With
replication 1, nothing is destroyed.
"""

import json

from kit import flights
from kit.cluster import QUICK, Cluster
from kit.state import counted, expect_alike, files, homes, places, settle

SEED = """{"status": "Success", "msg": "Succeed to check all tablet segment", "num": 3,
 "bad_tablets": [11190, 11210, 11216], "set_bad": true, "host": "172.3.0.101"}"""


def drill(report):
    with Cluster(4, QUICK) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        settle(cluster)
        lost, cut, flipped = damage(cluster)
        report.say(f"on backend 0: files of tablets {', '.join(map(str, lost))} deleted, one of {cut} cut")
        found_by_length(report, cluster, sorted([*lost, cut]))
        found_by_checksum(report, cluster, flipped)
        report.equal("full clones in all", counted(cluster, "num of full clone"), 7)
        report.equal("rows", cluster.number("SELECT count(*) FROM demo.flights"), rows)
        expect_alike(report, cluster, "demo.flights")
        last_copy(report, cluster)


def damage(cluster):
    """Tablets whose files are lost, the one whose file is short, and the one that gets a wrong byte later."""
    tablets = sorted({int(file.parent.name) for file in files(cluster, 0)})[:7]
    for tablet in tablets[:5]:
        for file in files(cluster, 0, tablet):
            file.unlink()
    short = files(cluster, 0, tablets[5])[0]
    whole = short.read_bytes()
    short.write_bytes(whole[: len(whole) // 2])
    return tablets[:5], tablets[5], tablets[6]


def segment_lost(cluster, at, repair):
    """The seed's call by curl, as text."""
    return cluster.curl(f"http://{cluster.addresses[at]}/api/check_tablet_segment_lost?repair={repair}")


def found_by_length(report, cluster, expected):
    text = segment_lost(cluster, 0, "false")
    report.say(f"curl ../api/check_tablet_segment_lost?repair=false\n{text}\nthe seed's:\n{SEED}")
    found = json.loads(text)
    report.equal("tablets found lost or cut", found["bad_tablets"], expected)
    keys = [key for key in found if key in json.loads(SEED)]
    report.equal("keys of the answer, in order", keys, ["status", "msg", "num", "bad_tablets", "set_bad", "host"])
    text = segment_lost(cluster, 0, "true")
    report.say(f"curl ../api/check_tablet_segment_lost?repair=true\n{text}")
    report.equal("set_bad", json.loads(text)["set_bad"], "true")
    clones = counted(cluster, "num of full clone")
    cluster.until("they are cloned anew", lambda: counted(cluster, "num of full clone") >= len(expected) + clones)
    settle(cluster)
    report.equal("lost after the repair", json.loads(segment_lost(cluster, 0, "false"))["num"], 0)


def found_by_checksum(report, cluster, tablet):
    clones = counted(cluster, "num of full clone")
    report.equal("full clones so far", clones, 6)
    wrong = files(cluster, 0, tablet)[0]
    content = bytearray(wrong.read_bytes())
    content[len(content) // 2] ^= 1
    wrong.write_bytes(content)
    report.say(f"a byte of tablet {tablet} is flipped")
    cluster.sql(f'ADMIN CHECK TABLET ({tablet}) PROPERTIES ("type" = "consistency")')
    seconds = cluster.until("a full clone", lambda: counted(cluster, "num of full clone") > clones)
    settle(cluster)
    row = cluster.sql(f"SELECT * FROM sys.history_tablets WHERE TabletId = {tablet} AND SrcBe IS NOT NULL")[0]
    report.say(
        f"ADMIN CHECK TABLET ({tablet}): {row['Status']}, cloned {row['SrcBe']} -> {row['DestBe']} within {seconds:.1f} s"
    )
    said = [
        line
        for line in cluster.backends[0].log.read_text().splitlines()
        if "CRC-32" in line and str(tablet) in line
    ]
    report.true("lines of the backend on its checksum", len(said), "at least 1", said)


def last_copy(report, cluster):
    """Replication 1: the lost file's tablet is listed and kept, and nothing else changes."""
    cluster.create("d.one", "k INT", "k", 2, 1)
    data = cluster.dir / "rows.csv"
    data.write_text("".join(f"{k}\n" for k in range(1000)))
    cluster.load("d.one", data)
    tablet = min(places(cluster, "d.one"))
    (at,) = homes(cluster, "d.one", tablet)
    file = files(cluster, at, tablet)[0]
    aside = file.with_suffix(".aside")
    file.rename(aside)
    others = [file for at in range(4) for file in files(cluster, at)]
    text = segment_lost(cluster, at, "true")
    report.say(
        f"replication 1, the file of tablet {tablet} is gone; curl ../api/check_tablet_segment_lost?repair=true\n{text}"
    )
    answer = json.loads(text)
    report.equal("kept_tablets and set_bad", (answer["kept_tablets"], answer["set_bad"]), ([int(tablet)], "false"))
    report.equal("files destroyed", len(set(others) - {file for at in range(4) for file in files(cluster, at)}), 0)
    aside.rename(file)
    report.equal("rows when the file is back", cluster.number("SELECT count(*) FROM d.one"), 1000)
