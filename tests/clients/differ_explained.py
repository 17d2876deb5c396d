"""What differs on purpose: `differ_explained.txt`, which is a table of the README too. Each entry has a query that must still differ
as it says; those with a `match` (what it is about, a pattern of the query, one of the words) explain differences of others."""
import os, re
from differ_sides import ask

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "differ_explained.txt")


def entries():
    with open(FILE, encoding="utf8") as file:
        return [dict(line.split(": ", 1) for line in block.strip().split("\n")) for block in file.read().strip().split("\n\n")]


ENTRIES = entries()


def near(words, most):
    """Whether two rows differ in numbers alone, and by no more than that."""
    ours, theirs = (re.findall(r"'((?:[^'\\]|\\.)*)'|(None)", part) for part in words.split(" is not ", 1))
    if len(ours) != len(theirs):
        return False
    for (a, _), (b, _) in zip(ours, theirs):
        try:
            if a != b and abs(float(a) - float(b)) > most * max(1, abs(float(b))):
                return False
        except ValueError:
            return False
    return True


def explained(query, about, words):
    """The reason for a difference, where there is one."""
    for entry in ENTRIES:
        if "match" not in entry:
            continue
        of, pattern, said = entry["match"].split(" ~ ")
        if of == about and re.search(pattern, query) and re.search(said, words) and ("near" not in entry or near(words, float(entry["near"]))):
            return entry["why"]
    return None


def answer(connection, query):
    kinds, rows, _ = ask(connection, query)
    if kinds is None:
        return f"error {rows}", None
    return ", ".join(" ".join("NULL" if cell is None else cell for cell in row) for row in rows), kinds


def untrue(ours, theirs):
    """The entries that are no longer so."""
    for entry in ENTRIES:
        (here, our_kinds), (there, their_kinds) = answer(ours, entry["query"]), answer(theirs, entry["query"])
        kinds = f"{our_kinds[0]}, not {their_kinds[0]}" if "kinds" in entry else None
        if (here, there, kinds) != (entry["here"], entry["mariadb"], entry.get("kinds")):
            yield f"{entry['query']}\n    here {here}, MariaDB {there}, kinds {our_kinds} {their_kinds}; the list says {entry['here']} and {entry['mariadb']}"
