"""A cluster of real processes below one temporary directory."""

import shutil
import tempfile
import time
from pathlib import Path

from .client import FREE, Client
from .node import Node

# Seconds where the defaults are minutes. Balance would move tablets that are counted, so it is off.
QUICK = {
    "heartbeat_interval_second": 1,
    "heartbeat_timeout_second": 2,
    "heartbeat_retry_times": 2,
    "tablet_report_interval_second": 1,
    "tablet_report_drop_tablet_delay_sec": 2,
    "tablet_sched_checker_interval_seconds": 1,
    "tablet_sched_repair_delay_factor_second": 1,
    "tablet_sched_disable_balance": "true",
}
# The checks that run by night would compare content while a drill does.
NO_NIGHTLY_CHECK = {"consistency_check_start_time": 0, "consistency_check_end_time": 0}


class Cluster(Client):
    """Everything below one temporary directory, which goes with the processes when the `with` block ends."""

    def __init__(self, backends, settings=None, paths=1, capacity=None, below=None, conf=None, hosts=None):
        super().__init__()
        self._conf = {"recover_interval_second": 1, **(conf or {})}
        self._paths, self._capacity = paths, capacity
        self._hosts = hosts or []  # Of the first backends; the others are on 127.0.0.1.
        self.dir = Path(tempfile.mkdtemp(prefix="quorate-drill-", dir=below))
        self.frontend, self.backends, self.addresses = None, [], []
        try:
            self.start_frontend()
            for key, value in {**NO_NIGHTLY_CHECK, **(settings or {})}.items():
                self.set(key, value)
            for _ in range(backends):
                self.add()
            self.until_alive(len(self.addresses))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in [self.frontend, *self.backends]:
            if node:
                node.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # Processes

    def environment(self, node):
        """What the environment of a node (`fe`, `be0`, ..) has more than this process'."""
        return {}

    def frontend_args(self):
        return ["frontend", "--data-dir", self.dir / "fe", "--mysql-addr", self.mysql, "--http-addr", self.http]

    def start_frontend(self):
        """Starts it on the addresses that it had before."""
        self.frontend = Node(self.frontend_args(), self.dir / "fe.log", self.environment("fe"))
        self.mysql, self.http = self.frontend.ready["mysql"], self.frontend.ready["http"]

    def paths(self, at):
        """The storage paths of a backend."""
        return [self.dir / (f"be{at}" if n == 0 else f"be{at}_{n}") for n in range(self._paths)]

    def start(self, at):
        """Starts a backend on the address that it had before."""
        conf = self.dir / "be.conf"
        conf.write_text("".join(f"{key} = {value}\n" for key, value in self._conf.items()))
        args = ["backend", "--http-addr", self.addresses[at], "--config", conf]
        for path in self.paths(at):
            args += ["--storage-path", f"{path},capacity={self._capacity}" if self._capacity else path]
        self.backends[at] = Node(
            [*args, "--cluster-token-file", self.dir / "fe/cluster.token"],
            self.dir / f"be{at}.log",
            self.environment(f"be{at}"),
        )
        self.addresses[at] = self.backends[at].ready["http"]

    def add(self):
        """Starts one more backend, which joins; its number."""
        self.backends.append(None)
        at = len(self.backends) - 1
        self.addresses.append(f"{self._hosts[at]}:0" if at < len(self._hosts) else FREE)
        self.start(at)
        self.sql(f'ALTER SYSTEM ADD BACKEND "{self.addresses[at]}"')
        return at

    def kill(self, at):
        """kill -9 of a backend."""
        self.backends[at].kill()
        self.backends[at] = None

    def stop(self, at):
        """kill -TERM of a backend."""
        self.backends[at].stop()
        self.backends[at] = None

    # Waiting and looking

    def until(self, what, holds, seconds=60):
        """Waits until `holds()`; how many seconds that took."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > seconds:
                raise RuntimeError(f"waited {seconds} s for: {what}")
            time.sleep(0.1)
        return time.monotonic() - began

    def until_alive(self, count):
        return self.until(f"{count} backends alive", lambda: self.alive() == count)

    def alive(self):
        return sum(row["Alive"] == "true" for row in self.sql("SHOW BACKENDS"))
