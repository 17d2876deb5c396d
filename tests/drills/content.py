"""Replicas whose files are whole and whose rows differ: found, voted on, repaired; three contents are left alone.

A text in the file of one replica is changed so that the file's length and checksum still fit. The three calls of
/shard-repair and their errors are shown as curl gives them.
"""

import base64
import json
import os
import zlib

from kit.cluster import QUICK, Cluster
from kit.forge import forge
from kit.state import check_content, counted, expect_alike, files, homes, places, statistic

CREATE = """CREATE TABLE c.t (day DATE NOT NULL, v VARCHAR(100)) DUPLICATE KEY (day)
    PARTITION BY RANGE (day) (PARTITION p1 VALUES [('1969-12-29'), ('1970-01-05')))
    DISTRIBUTED BY HASH (day) BUCKETS 1 PROPERTIES ('replication_num' = '3')"""


def drill(report):
    with Cluster(4, {**QUICK, "consistency_repair_by_majority": "false"}) as cluster:
        tablet, texts = make_table(cluster)
        here = homes(cluster, "c.t", tablet)
        transcript(report, cluster, "GET", "status", 200)
        alter(report, cluster, here[1], tablet, texts)
        found(report, cluster, tablet, 2)
        errors(report, cluster, tablet, cluster.addresses[here[0]])
        repaired(report, cluster, tablet)
        here = homes(cluster, "c.t", tablet)
        for at, nth in ((here[0], 1), (here[1], 2)):
            alter(report, cluster, at, tablet, texts, nth)
        found(report, cluster, tablet, 3)
        left_alone(report, cluster, tablet)


def make_table(cluster):
    """The id of the one tablet of c.t, and the texts in it."""
    cluster.sql("CREATE DATABASE c")
    cluster.sql(CREATE)
    texts = sorted(base64.b64encode(os.urandom(48)).decode() for _ in range(500))
    data = cluster.dir / "rows.csv"
    data.write_text("".join(f"1970-01-01,{text}\n" for text in texts))
    cluster.load("c.t", data)
    return next(iter(places(cluster, "c.t"))), texts


def alter(report, cluster, at, tablet, texts, nth=0):
    """Changes one text in the Parquet file of a replica; one from the middle, which no statistics name."""
    file = files(cluster, at, tablet)[0]
    content = file.read_bytes()
    text = next(text for text in texts[200:] if text.encode() in content)
    altered = forge(content, content.index(text.encode()), len(text), nth)
    file.write_bytes(altered)
    same = len(altered) == len(content) and zlib.crc32(altered) == zlib.crc32(content)
    bytes_changed = sum(a != b for a, b in zip(content, altered))
    what = f"backend {at}, tablet {tablet}: {bytes_changed} bytes of a text changed, CRC-32"
    report.true(what, f"{zlib.crc32(altered):08x}", f"{zlib.crc32(content):08x} as before, and the same length", same)


def transcript(report, cluster, method, call, expected, address=None, *options):
    """Prints a call of /shard-repair and its answer, and gives the body."""
    url = f"http://{address or cluster.http}/shard-repair/{call}"
    status, body = cluster.call("-X", method, *options, url)
    report.true(
        " ".join([f"curl -X {method}", *options, url]), f"{status}\n{body}".strip(), str(expected), status == expected
    )
    return body


def found(report, cluster, tablet, contents):
    lost = json.loads(cluster.curl(f"http://{cluster.addresses[0]}/api/check_tablet_segment_lost?repair=false"))[
        "num"
    ]
    report.equal("lost or wrong files", lost, 0)
    digests = check_content(cluster, "c.t")[tablet]
    report.equal(f"contents of 3 replicas by ADMIN CHECK TABLET: {digests}", len(set(digests.values())), contents)
    report.equal("InconsistentTabletNum", statistic(cluster, "c")["InconsistentTabletNum"], "1")
    listed = json.loads(transcript(report, cluster, "GET", "status", 200))["shards"]
    report.equal("listed", [(shard["id"], shard["status"]) for shard in listed], [(tablet, "diff")])


def errors(report, cluster, tablet, backend):
    for address in (cluster.http, backend):
        transcript(report, cluster, "POST", "repair?id=x", 400, address)
        transcript(report, cluster, "POST", "repair?id=99", 400, address)
        transcript(report, cluster, "POST", "cancel-repair?id=99", 400, address)
        transcript(report, cluster, "POST", "cancel-repair?id=", 400, address)
        transcript(report, cluster, "GET", "status?local=maybe", 400, address)
        transcript(report, cluster, "GET", f"repair?id={tablet}", 405, address)
        transcript(report, cluster, "GET", "nothing", 404, address)
        transcript(report, cluster, "GET", "status", 401, address, "-u", "root:wrong")
    cluster.frontend.kill()
    transcript(report, cluster, "GET", "status", 500, backend)
    cluster.start_frontend()
    cluster.until_alive(4)
    report.say("the frontend was killed -9 for that, and is back")


def repaired(report, cluster, tablet):
    """Two of three agree: the third is made anew. Its clone is slow, so that the queue can be seen."""
    cluster.set("clone_bytes_per_second", 5000)
    transcript(report, cluster, "POST", f"repair?id={tablet}", 204)
    status = f"http://{cluster.http}/shard-repair/status"
    cluster.until("it is processed", lambda: json.loads(cluster.curl(status))["processing_shards"])
    listed = json.loads(transcript(report, cluster, "GET", "status", 200))
    report.equal("queued while it is processed", listed["queued_shards"], listed["processing_shards"])
    report.say(f"SHOW SHARD REPAIR: {cluster.sql('SHOW SHARD REPAIR')}")
    cluster.set("clone_bytes_per_second", 0)
    cluster.until("nothing is listed", lambda: not any(json.loads(cluster.curl(status)).values()))
    transcript(report, cluster, "GET", "status", 200)
    report.equal("full clones", counted(cluster, "num of full clone"), 1)
    expect_alike(report, cluster, "c.t")


def left_alone(report, cluster, tablet):
    """Three contents: no majority, so nothing is done, though it is asked for and repair by majority is on."""
    before = places(cluster, "c.t"), counted(cluster, "num of full clone")
    cluster.set("consistency_repair_by_majority", "true")
    transcript(report, cluster, "POST", f"repair?id={tablet}", 204)
    transcript(report, cluster, "POST", f"cancel-repair?id={tablet}&local=false", 204)
    transcript(report, cluster, "POST", f"repair?id={tablet}", 204)
    status = f"http://{cluster.http}/shard-repair/status"
    cluster.until("it has left the queue", lambda: not json.loads(cluster.curl(status))["queued_shards"])
    report.equal("contents after the repair", len(set(check_content(cluster, "c.t")[tablet].values())), 3)
    report.equal("places and clones", (places(cluster, "c.t"), counted(cluster, "num of full clone")), before)
    transcript(report, cluster, "GET", "status", 200)
    report.say(f"SHOW SHARD REPAIR: {cluster.sql('SHOW SHARD REPAIR')}")
