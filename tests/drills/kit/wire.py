"""Speaks the MySQL protocol as bytes, so that a drill can say what no client says, and how long a log-in takes."""

import hashlib
import socket
import struct

PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, DEPRECATE_EOF = 0x200, 0x8000, 0x80000, 0x1000000
PREPARE, SEND_LONG_DATA, QUERY, EXECUTE = 0x16, 0x18, 0x03, 0x17


class Refused(Exception):
    """An ERR packet: its number, and its text."""

    def __init__(self, packet):
        self.number = struct.unpack_from("<H", packet, 1)[0]
        super().__init__(f"ERROR {self.number}: {packet[9:].decode(errors='replace')}")


class Wire:
    """One connection, from the greeting on."""

    def __init__(self, address, source="127.0.0.1", timeout=60):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sequence = 0

    def log_in(self, user="root", password=""):
        """Reads the greeting and logs in by mysql_native_password."""
        greeting = self.read()
        at = greeting.index(0, 1) + 1 + 4
        salt = greeting[at : at + 8] + greeting[at + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10 :][:12]
        proof = b""
        if password:
            stage1 = hashlib.sha1(password.encode()).digest()
            mask = hashlib.sha1(salt + hashlib.sha1(stage1).digest()).digest()
            proof = bytes(a ^ b for a, b in zip(stage1, mask))
        flags = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH | DEPRECATE_EOF
        head = struct.pack("<IIB23x", flags, 1 << 24, 45)
        name = user.encode() + b"\0" + bytes([len(proof)]) + proof + b"mysql_native_password\0"
        self.send(head + name)
        self.answer()
        return self

    def send(self, payload):
        """The next message of an exchange, in as many packets as it needs."""
        while True:
            part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
            self.socket.sendall(struct.pack("<I", len(part))[:3] + bytes([self._sequence]) + part)
            self._sequence = (self._sequence + 1) % 256
            if len(part) < 0xFFFFFF:
                return

    def command(self, number, body=b""):
        """Begins a command."""
        self._sequence = 0
        self.send(bytes([number]) + body)

    def read(self):
        """The next packet."""
        head = self._exactly(4)
        self._sequence = (head[3] + 1) % 256
        return self._exactly(int.from_bytes(head[:3], "little"))

    def answer(self):
        """The next packet; an ERR is raised."""
        packet = self.read()
        if packet[:1] == b"\xff":
            raise Refused(packet)
        return packet

    def query(self, text):
        """Runs a statement that answers OK."""
        self.command(QUERY, text.encode())
        return self.answer()

    def prepare(self, text):
        """The id of a prepared statement without a result."""
        self.command(PREPARE, text.encode())
        ok = self.answer()
        for _ in range(struct.unpack_from("<H", ok, 7)[0] + struct.unpack_from("<H", ok, 5)[0]):
            self.read()
        return struct.unpack_from("<I", ok, 1)[0]

    def send_without_end(self, packets):
        """Sends so many packets of 16 MB that are one message, without the last byte."""
        for number in range(packets):
            missing = 1 if number + 1 == packets else 0
            self.socket.sendall(b"\xff\xff\xff" + bytes([number]) + b"x" * (0xFFFFFF - missing))

    def _exactly(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise ConnectionError("the server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def close(self):
        self.socket.close()
