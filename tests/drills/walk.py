"""The walk of the README: its own commands and statements, and every answer is what the README prints.

Reads the section "Five minutes": lines that begin with `$` are run by the shell, lines that begin with `>` by the mariadb
command line, and what stands below them is compared. Addresses are those of this run; `...` stands for anything.
"""

import re
import subprocess

from kit.cluster import Cluster
from kit.node import QUORATE, ROOT, Node

SECTION = "## Five minutes"


def steps():
    """Each command or statement of the section, with the lines that shall come of it."""
    section = (ROOT / "README.md").read_text().split(SECTION)[1].split("\n## ")[0]
    found = []
    for line in re.findall(r"^    (.*)$", section, re.M):
        if line[:2] in ("$ ", "> "):
            found.append((line[0], [line[2:]], []))
        elif found[-1][1][-1].endswith("\\") or (found[-1][0] == ">" and not found[-1][1][-1].endswith(";")):
            found[-1][1].append(line.strip())
        else:
            found[-1][2].append(line.rstrip())
    for kind, asked, printed in found:
        yield kind, "\n".join(asked), "\n".join(printed)


def fits(expected, printed):
    """Whether it is the same, where `...` stands for the rest of a text."""
    pattern = ".*".join(re.escape(part) for part in re.split(r"\s*\.\.\.", expected))
    return re.fullmatch(pattern, printed, re.S) is not None


def without_addresses(ready):
    return re.sub(r"\d+\.\d+\.\d+\.\d+:\d+", "ADDRESS", ready)


class Standalone(Cluster):
    """What `quorate standalone` starts, on free ports."""

    def start_frontend(self):
        data = ["--data-dir", self.dir / "data", "--mysql-addr", self.mysql, "--http-addr", self.http]
        self.frontend = Node(["standalone", *data], self.dir / "standalone.log")
        self.mysql, self.http = self.frontend.ready["mysql"], self.frontend.ready["http"]
        self.addresses = self.frontend.ready["backends"].split(",")


def drill(report):
    with Standalone(0) as cluster:
        for kind, asked, expected in steps():
            if asked.startswith("cargo run -- standalone"):
                printed = "ready " + " ".join(f"{k}={v}" for k, v in cluster.frontend.ready.items())
                expected, printed = without_addresses(expected), without_addresses(printed)
            elif asked.startswith("mariadb"):
                continue
            elif kind == "$":
                printed = shell(cluster, asked)
            else:
                printed = cluster.mariadb("-t", "-e", asked).stdout
            same = fits(expected.strip(), printed.strip()) or not expected
            report.true(asked.splitlines()[0], f"{len(printed.splitlines())} lines", "as in the README", same)
            if not same:
                report.say(f"README:\n{expected}\nprinted:\n{printed}")


def shell(cluster, command):
    """Runs a command of the README against this cluster; it must succeed."""
    port = cluster.mysql.rsplit(":", 1)[1]
    command = command.replace("cargo run -q -- sql", f"{QUORATE} sql -P {port}").replace(
        "127.0.0.1:8030", cluster.http
    )
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr}")
    return done.stdout
