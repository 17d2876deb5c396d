"""Changes bytes of a file so that its length and its CRC-32 stay what they are.

CRC-32 is linear: what flipping a bit does to it depends only on the place of the bit. Among any 33 bits there are some that
together do nothing; they are found by elimination.
"""

import zlib


def forge(content, start, length, nth=0):
    """The content with the lowest bits of some of the `length` bytes from `start` flipped. Each `nth` below `length - 32` is
    another choice of them."""
    whole, known = zlib.crc32(content), {}
    for at in range(start, start + length):
        flipped = bytearray(content)
        flipped[at] ^= 1
        change, places = zlib.crc32(flipped) ^ whole, {at}
        while change and change.bit_length() in known:
            other, others = known[change.bit_length()]
            change, places = change ^ other, places ^ others
        if change:
            known[change.bit_length()] = (change, places)
        elif nth:
            nth -= 1
        else:
            return bytes(byte ^ (at in places) for at, byte in enumerate(content))
    raise ValueError(f"{length} bytes are too few")
