"""A filled outbox, and what damages it."""

import glob
import hashlib
import os

from rig import RigCase

ORDERS, PAY = 3000, 2000


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class DamageCase(RigCase):
    def fill(self):
        """The first topic ends up in a table, the second in the WAL."""
        for topic, count in (("orders", ORDERS), ("pay", PAY)):
            self.put("--topic", topic, "--lines", stdin="".join(f"{n}\n" for n in range(count)))

    def largest(self, suffix):
        return max(glob.glob(os.path.join(self.dir, "*" + suffix)), key=os.path.getsize)

    def flip(self, path, part):
        with open(path, "r+b") as file:
            file.seek(int(os.path.getsize(path) * part))
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 0x55]))

    def hashes(self):
        found = {}
        for name in os.listdir(self.dir):
            with open(os.path.join(self.dir, name), "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
        return found

    def make_newer(self):
        """The durable tail of a later program: version 2 where a number stands, its checksum
        right."""
        with open(os.path.join(self.dir, "durable-tail"), "r+b") as file:
            header = bytearray(file.read(28))
            header[8:12] = (2).to_bytes(4, "big")
            file.seek(0)
            file.write(header + crc32c(header).to_bytes(4, "big"))
