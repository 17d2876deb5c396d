"""Bad input to whole processes: clear refusals, and nothing lost.

Wrong token, wrong password, unknown host, unreadable data directory, a second process on the same data,
truncated journal. Each refusal is printed as the user sees it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kit import flights
from kit.client import FREE, SqlError
from kit.cluster import QUICK, Cluster
from kit.node import QUORATE, Node
from kit.state import settle


def drill(report):
    with Cluster(3, QUICK) as cluster:
        rows = flights.load(cluster)["NumberLoadedRows"]
        for case in CASES:
            report.say(f"-- {case.__name__.replace('_', ' ')}")
            case(report, cluster)
        report.equal("rows of the flights after all this", cluster.number("SELECT count(*) FROM demo.flights"), rows)


def not_started(report, what, args, log, *words):
    """The process must end by itself, and say all these words."""
    try:
        Node(args, log).kill()
    except RuntimeError as refused:
        report.says(what, refused, *words)
    else:
        report.says(what, "it started", *words)


def wrong_token(report, cluster):
    report_url = f"http://{cluster.addresses[0]}/api/internal/report"
    for token in ([], ["-H", "x-quorate-proof: wrong"]):
        status, body = cluster.call("-X", "POST", "-d", "{}", *token, report_url)
        what = "a call of the backend " + ("with a wrong token" if token else "without a token")
        report.says(what, f"{status} {body}", "403", "x-quorate-proof")
    args = ["backend", "--http-addr", FREE, "--storage-path", cluster.dir / "stranger"]
    not_started(report, "a backend without a token", args, cluster.dir / "stranger.log", "--cluster-token-file")
    stranger = Node([*args, "--cluster-token", "another-cluster"], cluster.dir / "stranger.log")
    try:
        address = stranger.ready["http"]
        cluster.sql(f'ALTER SYSTEM ADD BACKEND "{address}"')
        port = address.rsplit(":", 1)[1]
        line = f"SELECT Alive, ErrMsg FROM sys.backends WHERE HttpPort = {port}"
        cluster.until("an error of the stranger", lambda: cluster.sql(line)[0].get("ErrMsg"))
        row = cluster.sql(line)[0]
        report.says("a backend with another token is added", row, "'Alive': '0'", "no node of this cluster", "token")
        cluster.sql(f'ALTER SYSTEM DROP BACKEND "{address}" FORCE')
    finally:
        stranger.kill()


def wrong_password(report, cluster):
    report.says("mariadb -pwrong", cluster.mariadb("-pwrong", "-e", "SELECT 1").stderr, "ERROR 1045 (28000)")
    status, body = cluster.call("-u", "root:wrong", "-T", "/dev/null", cluster.load_url("demo.flights"))
    report.says("curl -u root:wrong", f"{status} {body[:90]}..", "401", "Access denied")


def unknown_host(report, cluster):
    for address in ["nowhere.invalid:8040", "127.0.0.1", "127.0.0.1:99999"]:
        statement = f'ALTER SYSTEM ADD BACKEND "{address}"'
        try:
            cluster.sql(statement)
        except SqlError as error:
            report.says(statement, error, "ERROR 5064", address.split(":")[-1 if "99999" in address else 0])
        else:
            report.says(statement, "it was taken", "ERROR 5064")


def second_process(report, cluster):
    log = cluster.dir / "second.log"
    frontend = ["frontend", "--data-dir", cluster.dir / "fe", "--mysql-addr", FREE, "--http-addr", FREE]
    not_started(report, "a second frontend", frontend, log, cluster.dir / "fe")
    token = ["--cluster-token-file", cluster.dir / "fe/cluster.token"]
    backend = ["backend", "--storage-path", cluster.paths(0)[0], "--http-addr", FREE, *token]
    not_started(report, "a second backend", backend, log, cluster.paths(0)[0])


def unreadable(report, cluster):
    """Root may read everything, so the process is started as a user who may not."""
    secret = cluster.dir / "secret"
    secret.mkdir(mode=0o000)
    command = [QUORATE, "frontend", "--data-dir", secret / "fe", "--mysql-addr", FREE, "--http-addr", FREE]
    with tempfile.TemporaryDirectory() as place:
        if os.geteuid() == 0:
            shutil.copy(QUORATE, place)  # The binary may lie where that user can't go.
            for directory in (place, cluster.dir):
                os.chmod(directory, 0o755)
            command[0] = Path(place) / Path(QUORATE).name
        user = {"user": "nobody"} if os.geteuid() == 0 else {}
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, **user)
    secret.chmod(0o755)
    report.says("an unreadable data directory", done.stderr, secret, "denied")
    report.equal("exit status", done.returncode, 1)


def truncated_journal(report, cluster):
    cluster.sql("CREATE DATABASE kept")
    cluster.frontend.kill()
    journal = cluster.dir / "fe/journal.redb"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) // 2])
    not_started(report, "a journal cut in half", cluster.frontend_args(), cluster.dir / "cut.log", journal)
    report.equal("bytes of the cut journal afterwards", journal.stat().st_size, len(whole) // 2)
    journal.write_bytes(whole)
    cluster.start_frontend()
    cluster.until_alive(3)
    settle(cluster)
    report.equal("databases `kept` with the journal put back", len(cluster.sql("SHOW DATABASES LIKE 'kept'")), 1)


CASES = [
    wrong_token,
    wrong_password,
    unknown_host,
    second_process,
    unreadable,
    truncated_journal,
]
