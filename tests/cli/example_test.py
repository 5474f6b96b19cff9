"""examples/embed.cc, on librdkafka's mock cluster."""

import os
import subprocess
import unittest

import rig
from rig import RigCase


class ExampleTest(RigCase):
    def test_embed(self):
        kafka = self.mock(brokers=3, orders=6)
        for run in (1, 2):
            done = subprocess.run([os.environ["OUTBOX_EMBED"], self.dir, kafka.bootstrap, "1"],
                                  capture_output=True, timeout=rig.DEADLINE_S, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, b"10 of 10 delivered\n"),
                             done.stderr)
            self.assertEqual(len(self.consume(kafka, "orders")), 10 * run)
        ledger = self.ledger()
        self.assertEqual((ledger["appended"], ledger["delivered"]), (20, 20))


if __name__ == "__main__":
    unittest.main()
