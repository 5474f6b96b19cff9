"""salvage: what is whole goes to a new outbox, the rest is named; the damaged one stays as it is."""

import glob
import json
import os
import unittest

from damage_rig import ORDERS, PAY, DamageCase
from rig import BUSY, CORRUPTION, NOT_FOUND, OK, USAGE


class SalvageTest(DamageCase):
    def setUp(self):
        super().setUp()
        self.to = os.path.join(os.path.dirname(self.dir), "saved")

    def salvage(self, code):
        before = self.hashes()
        done = self.cli("salvage", "--dir", self.dir, "--to", self.to, "--json", code=code)
        self.assertEqual(self.hashes(), before)
        with open(os.path.join(self.to, "report.ndjson"), encoding="utf-8") as file:
            self.assertEqual(file.read(), done.out)
        return [json.loads(line) for line in done.out.splitlines()]

    def values(self, topic):
        done = self.cli("peek", "--dir", os.path.join(self.to, "outbox"), "--topic", topic,
                        "--count", "100000", "--json")
        return [int(json.loads(line)["message"]["value"]) for line in done.out.splitlines()]

    def test_a_whole_outbox_comes_out_whole(self):
        self.fill()
        report = self.salvage(OK)
        self.assertEqual(report[-1], {"what": "sum", "complete": True, "settled": 0,
                                      "recovered": ORDERS + PAY, "dead": 0, "missing": 0})
        self.assertEqual((self.values("orders"), self.values("pay")),
                         (list(range(ORDERS)), list(range(PAY))))
        self.cli("verify", "--dir", os.path.join(self.to, "outbox"))

    def test_a_damaged_block_costs_its_entries_only(self):
        self.fill()
        self.flip(self.largest(".sst"), 0.5)
        report = self.salvage(CORRUPTION)
        (gap,) = [line for line in report if line["what"] == "missing"]
        lost = set(range(gap["from"] - 1, gap["through"]))
        self.assertLess(len(lost), 1_000)
        self.assertEqual(self.values("orders"), [n for n in range(ORDERS) if n not in lost])
        self.assertEqual(self.values("pay"), list(range(PAY)))

    def test_without_current_and_manifest(self):
        self.fill()
        for path in glob.glob(os.path.join(self.dir, "MANIFEST*")) + [
                os.path.join(self.dir, "CURRENT")]:
            os.unlink(path)
        self.assertTrue(self.salvage(OK)[-1]["complete"])
        self.assertEqual(self.values("pay"), list(range(PAY)))

    def test_a_topic_without_its_name(self):
        """The record of a WAL that holds the name is damaged."""
        self.fill()
        self.flip(self.largest(".log"), 0.01)
        report = self.salvage(CORRUPTION)
        (saved,) = [line for line in report if line.get("lane") and line["what"] == "recovered"]
        path = os.path.join(self.to, saved["file"])
        self.cli("put", "--dir", os.path.join(self.to, "outbox"), "--topic", "pay", "--ndjson",
                 "--quiet", stdin=open(path, encoding="utf-8").read())
        self.assertEqual(self.values("pay"), list(range(saved["from"] - 1, saved["through"])))

    def test_what_is_refused(self):
        self.cli("salvage", "--dir", self.dir, "--to", self.to, code=NOT_FOUND)
        self.fill()
        self.cli("salvage", "--dir", self.dir, code=USAGE)
        inside = self.cli("salvage", "--dir", self.dir, "--to", os.path.join(self.dir, "x"),
                          code=USAGE)
        self.assertIn("inside of each other", inside.err)
        os.mkdir(self.to)
        with open(os.path.join(self.to, "mine"), "w", encoding="utf-8") as file:
            file.write("not to be lost")
        self.assertIn("is not empty", self.cli("salvage", "--dir", self.dir, "--to", self.to,
                                               code=USAGE).err)
        self.start_run("127.0.0.1:1")
        held = self.cli("salvage", "--dir", self.dir, "--to", self.to + "2", code=BUSY)
        self.assertIn("is held by pid", held.err)


if __name__ == "__main__":
    unittest.main()
