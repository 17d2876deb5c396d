"""Speaks to a cluster as users do: by the mariadb command line, by `quorate sql`, and by curl."""

import json
import subprocess

from .node import QUORATE, ROOT

RUNBOOKS = ROOT / "examples/runbooks"
FREE = "127.0.0.1:0"


class SqlError(Exception):
    """A statement that was refused; its text is what the client printed."""


class Client:
    """Where a frontend is, and what is asked of it."""

    def __init__(self):
        self.mysql, self.http = FREE, FREE

    # SQL

    def mariadb(self, *args, user="root"):
        """The command line client with these arguments."""
        host, port = self.mysql.rsplit(":", 1)
        base = ["mariadb", "--no-defaults", "-h", host, "-P", port, "-u", user]
        return subprocess.run([*base, *args], capture_output=True, text=True)

    def sql(self, statement):
        """The rows of a statement as dictionaries of texts."""
        done = self.mariadb("--batch", "-e", statement)
        if done.returncode != 0:
            # Before its error the client repeats the statement.
            raise SqlError(done.stderr[max(done.stderr.find("ERROR"), 0) :].strip())
        lines = done.stdout.splitlines()
        names = lines[0].split("\t") if lines else []
        return [dict(zip(names, line.split("\t"))) for line in lines[1:]]

    def number(self, query):
        return int(next(iter(self.sql(query)[0].values())))

    def create(self, table, columns, key, buckets, replicas):
        """Makes db.table, and the database, with rows spread by the column `key`."""
        self.sql(f"CREATE DATABASE IF NOT EXISTS {table.split('.')[0]}")
        self.sql(
            f"CREATE TABLE {table} ({columns}) DUPLICATE KEY ({columns.split()[0]}) DISTRIBUTED BY HASH ({key}) "
            f"BUCKETS {buckets} PROPERTIES ('replication_num' = '{replicas}')"
        )

    def set(self, key, value):
        self.sql(f'ADMIN SET FRONTEND CONFIG ("{key}" = "{value}") WITH PERSISTENT')

    def runbook(self, name, words=None):
        """Runs a runbook by `quorate sql`, with these words replaced, as its head does with sed. It must succeed."""
        text = (RUNBOOKS / name).read_text()
        for word, by in (words or {}).items():
            text = text.replace(word, by)
        host, port = self.mysql.rsplit(":", 1)
        command = [QUORATE, "sql", "-h", host, "-P", port, "--batch", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise SqlError(done.stderr.strip())

    # HTTP

    def curl(self, *args):
        """What curl prints; a transfer that breaks is a RuntimeError."""
        done = subprocess.run(["curl", "-sS", *map(str, args)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def call(self, *args):
        """Status and body of one call by curl."""
        body, status = self.curl("-w", "\n%{http_code}", *args).rsplit("\n", 1)
        return int(status), body

    def coordinator(self, table):
        """Where the frontend sends a load of `db.table` to; every answer may name another."""
        args = ["-o", "/dev/null", "-w", "%{redirect_url}", "-u", "root:", "-T", "/dev/null"]
        return self.curl(*args, self.load_url(table))

    def load_url(self, table):
        return f"http://{self.http}/api/{table.replace('.', '/')}/_stream_load"

    def load(self, table, file, url=None, headers=(), rate=None, limit=None):
        """A stream load of a CSV file; the coordinator's answer. With a limit of seconds, a longer one is a RuntimeError."""
        args = [
            "--location-trusted",
            "-u",
            "root:",
            "-H",
            "column_separator:,",
            "-T",
            file,
            url or self.load_url(table),
        ]
        for header in headers:
            args += ["-H", header]
        args += ["--max-time", limit] if limit else []
        return json.loads(self.curl(*args, *(["--limit-rate", rate] if rate else [])))
