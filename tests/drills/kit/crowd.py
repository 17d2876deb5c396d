"""Clients that mean harm, each in a process of its own: what they keep open, guess, and make a server hold."""

import base64
import http.client
import multiprocessing
import struct
import time

from .wire import SEND_LONG_DATA, Refused, Wire

MB = 1 << 20
# Where guesses come from, and what is said when a password was not looked at.
FAR, UNSEEN = "127.0.0.3", "too many wrong passwords"


class Crowd:
    """Processes that do `what(cluster addresses, told)` until they are stopped; `told` takes what a server says."""

    def __init__(self, what, count=1):
        self._what, self._count = what, count
        self._processes = []

    def start(self, cluster):
        fork = multiprocessing.get_context("fork")
        self._told = fork.Queue()
        work = (cluster.mysql, cluster.http, self._told)
        self._processes = [fork.Process(target=run, args=(self._what, *work), daemon=True) for _ in range(self._count)]
        for process in self._processes:
            process.start()

    def stop(self, _cluster):
        """Ends them; what they were told."""
        for process in self._processes:
            process.kill()
            process.join()
        told = []
        while not self._told.empty():
            told.append(self._told.get())
        return told


def run(what, mysql, http, told):
    try:
        what(mysql, http, told.put)
    except (OSError, ConnectionError) as error:
        told.put(f"{type(error).__name__}: {error}")
    time.sleep(3600)  # What it holds stays held.


def silent(mysql, _http, _tell):
    """300 connections that never log in, opened again as they are dropped."""
    sockets = []
    while True:
        try:
            sockets.append(Wire(mysql, timeout=5))
        except OSError:
            continue
        if len(sockets) > 300:
            sockets.pop(0).close()


def guesses(mysql, _http, tell):
    """Wrong passwords of root without a pause."""
    tried, until = 0, time.monotonic() + 5
    while time.monotonic() < until:
        try:
            Wire(mysql, FAR).log_in("root", f"guess {tried}")
        except (Refused, OSError) as refused:
            tried += UNSEEN not in str(refused)
    tell(f"{tried} guesses over MySQL in 5 s")


def http_guesses(_mysql, address, tell):
    """The same over HTTP, on one connection."""
    connection = http.client.HTTPConnection(address, timeout=30, source_address=(FAR, 0))
    tried, until = 0, time.monotonic() + 5
    while time.monotonic() < until:
        login = base64.b64encode(f"root:guess {tried}".encode()).decode()
        connection.request("GET", "/api/show_proc?path=/", headers={"Authorization": f"Basic {login}"})
        tried += UNSEEN not in connection.getresponse().read().decode()
    tell(f"{tried} guesses over HTTP in 5 s")


def prepared(mysql, _http, tell):
    """1 GB of prepared statements."""
    wire = Wire(mysql).log_in()
    text = f"DO '{'x' * 8 * MB}'"
    for _ in range(125):
        if is_refused(tell, lambda: wire.prepare(text)):
            return


def variables(mysql, _http, tell):
    """1 GB of user variables."""
    wire = Wire(mysql).log_in()
    text = "x" * 16 * MB
    for n in range(64):
        if is_refused(tell, lambda: wire.query(f"SET @v{n} = '{text}'")):
            return


def long_data(mysql, _http, tell):
    """60 MB of values for each of 15 prepared statements, whose executions never come."""
    wires, piece = [], b"x" * (4 * MB)
    for _ in range(15):
        wire = Wire(mysql).log_in()
        wires.append(wire)
        statement = wire.prepare("DO ?")
        for _ in range(15):
            wire.command(SEND_LONG_DATA, struct.pack("<IH", statement, 0) + piece)
        wire.command(0x0E)
        wire.read()
    tell("all of it was sent")
    time.sleep(3600)


def unfinished(mysql, _http, tell):
    """20 commands of 48 MB of which the last byte never comes."""
    wires = []
    for _ in range(20):
        wire = Wire(mysql).log_in()
        wires.append(wire)
        wire.send_without_end(3)
    tell("all of it was sent")
    time.sleep(3600)


def is_refused(tell, work):
    try:
        work()
    except Refused as refused:
        tell(str(refused))
        return True
    return False
