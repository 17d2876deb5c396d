"""Random queries, each asked of Quorate and of MariaDB: the same text in every cell and the same kind of every column.

differ.py PORT [--seed N ..] [--count N] [--at K]     PORT is Quorate's; MariaDB is started here, on a port of its own.
A difference is a failure, unless differ_explained.txt has a reason for it. Each failure prints the line that asks it again."""
import argparse, re, shutil, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
import differ_prepared
from differ_explained import explained, untrue
from differ_queries import BLOCK, case
from differ_sides import ask, both, difference, mariadb, prepare, tell

# Connections that ask at the same time.
JOBS = 2


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    arguments.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--count", type=int, default=1700, help="queries of each seed")
    arguments.add_argument("--prepared", type=int, default=500, help="prepared statements of the first seed")
    arguments.add_argument("--at", type=int, help="only this query of the seed")
    arguments.add_argument("--only", choices=["text", "prepared"], help="only queries in the text protocol, or only prepared statements")
    arguments.add_argument("--mariadb", type=int, help="the port of a MariaDB that runs already")
    arguments.add_argument("--show", action="store_true", help="show what is asked")
    given = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="differ")
    server, port = (None, given.mariadb) if given.mariadb else mariadb(folder)
    try:
        began = time.time()
        prepare(given.port, port)
        with ThreadPoolExecutor(JOBS) as jobs:
            runs = list(jobs.map(lambda job: Run(given, port, job).all(), range(JOBS)))
        return told(given, runs, time.time() - began)
    finally:
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def told(given, runs, seconds):
    """Prints the sums; whether anything failed."""
    reasons = {}
    for run in runs:
        for reason, count in run.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    for reason, count in sorted(reasons.items()):
        print(f"explained {count}: {reason}")
    asked, prepared, failed, answered = (sum(getattr(run, name) for run in runs) for name in ("asked", "prepared", "failed", "answered"))
    print(f"{asked} queries and {prepared} prepared statements of seeds {given.seed} ({answered} with an answer) in {seconds:.0f} s: "
          f"{failed} differ, {sum(reasons.values())} explained")
    return failed > 0


class Run:
    """What is asked on two connections, and what came of it. One of `JOBS`, each of which has its own blocks of the cases."""

    def __init__(self, given, port, job):
        self.given, self.port, self.job = given, port, job
        self.ours, self.theirs = both(given.port, port)
        self.told, self.reasons = None, {}
        self.asked, self.prepared, self.failed, self.answered = 0, 0, 0, 0

    def all(self):
        if self.job == 0 and self.given.at is None:
            for words in untrue(self.ours, self.theirs):
                self.failed += 1
                print(f"no longer as differ_explained.txt says: {words}")
        if self.given.only != "prepared":
            for seed in self.given.seed:
                for at in self.places(self.given.count):
                    self.one(seed, at)
        if self.given.only == "prepared" or self.given.only is None and self.given.at is None:
            sides = differ_prepared.Sides(self.given.port, self.port)
            for at in self.places(self.given.prepared):
                query, found = sides.compare(self.given.seed[0], at)
                self.prepared += 1
                self.judge(found, query, f"--only prepared --seed {self.given.seed[0]} --at {at}", sides.told)
        return self

    def places(self, count):
        if self.given.at is not None:
            return [self.given.at] if self.job == 0 else []
        return [at for at in range(count) if at // BLOCK % JOBS == self.job]

    def one(self, seed, at):
        asked, told = case(seed, at)
        if told != self.told:
            words = "SET " + ", ".join(f"{name} = {value}" for name, value in told.items())
            tell(self.ours, words)
            tell(self.theirs, words)
            self.told = told
        self.asked += 1
        found = self.compare(asked)
        alone = asked.alone() if found and len(asked.columns) > 1 else [asked]
        parts = [(part, self.compare(part)) for part in alone] if found else []
        # What differs only where it stands among others is shown so.
        if found and not any(difference for _, difference in parts):
            parts = [(asked, found)]
        for part, found in parts:
            self.judge(found, "; ".join(part.before + [part.query]), f"--only text --seed {seed} --at {at}", told)

    def judge(self, found, query, again, told):
        """Counts a difference, and prints what nothing explains."""
        if not found:
            return
        about, words = found
        reason = explained(query, about, words)
        if reason:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
            return
        self.failed += 1
        settings = " ".join(f"{name}={value}" for name, value in told.items())
        print(f"{about}: {query}\n    {words}\n    {settings}\n    again: tests/clients/differ.py PORT {again}", flush=True)

    def compare(self, asked):
        if self.given.show:
            print("; ".join(asked.before + [asked.query]))
        for statement in asked.before:
            found = difference(ask(self.ours, statement), ask(self.theirs, statement))
            if found:
                return found
        ours = ask(self.ours, asked.query)
        self.answered += ours[0] is not None
        # MariaDB has no GROUPING; the keys that are asked for it are never NULL.
        theirs = re.sub(r"GROUPING\((\w+)\)", r"(\1 IS NULL)", asked.query)
        return difference(ours, ask(self.theirs, theirs))


if __name__ == "__main__":
    sys.exit(main())
