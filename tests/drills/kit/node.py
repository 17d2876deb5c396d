"""One process of Quorate."""

import os
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
QUORATE = os.environ.get("QUORATE", str(ROOT / "target/debug/quorate"))


class Node:
    """One process, ready to serve."""

    def __init__(self, args, log, environment=None):
        """`environment` is set beside what this process has."""
        self.log = Path(log)
        with open(log, "ab") as stderr:
            self._process = subprocess.Popen(
                [QUORATE, *map(str, args)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, **(environment or {})},
            )
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"quorate {args[0]} ended with {self._process.wait()}: {self.last_words()}")
        self.ready = dict(word.split("=", 1) for word in line.split()[1:])
        self.pid = self._process.pid

    def kill(self):
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """kill -TERM, as before a restart that is planned."""
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait() != 0:
            raise RuntimeError(f"a node ended with {self._process.returncode}: {self.last_words()}")

    def pause(self):
        """kill -STOP: it keeps its connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        """kill -CONT."""
        self._process.send_signal(signal.SIGCONT)

    def last_words(self):
        return self.log.read_text(errors="replace").strip()[-400:]
