"""verify: names all damage, in an outbox that opens and in one that is refused; writes nothing."""

import json
import os
import unittest

from damage_rig import ORDERS, PAY, DamageCase
from rig import CORRUPTION, NOT_FOUND, OK, USAGE


class VerifyTest(DamageCase):
    def verify(self, code):
        before = self.hashes()
        done = self.cli("verify", "--dir", self.dir, "--json", code=code)
        self.assertEqual(self.hashes(), before)
        report = json.loads(done.out)
        self.assertEqual(report["whole"], code == OK)
        return report

    def damage(self):
        report = self.verify(CORRUPTION)
        return "\n".join(f"{one['where']}: {one['what']}" for one in report["damage"])

    def test_a_whole_outbox(self):
        self.fill()
        report = self.verify(OK)
        self.assertEqual([(t["topic"], t["head"], t["tail"], t["pending"], t["dead"])
                          for t in report["topics"]],
                         [("orders", 1, ORDERS, ORDERS, 0), ("pay", 1, PAY, PAY, 0)])
        self.assertEqual((report["damage"], report["entries_read"]), ([], ORDERS + PAY))
        self.assertRegex(self.cli("verify", "--dir", self.dir).out, r"orders +1 +3000 +3000 +0\n")

    def test_beside_a_running_relay(self):
        self.start_run("127.0.0.1:1")
        self.fill()
        report = json.loads(self.cli("verify", "--dir", self.dir, "--json").out)
        self.assertEqual([t["pending"] for t in report["topics"]], [ORDERS, PAY])

    def test_a_damaged_block_is_read_past(self):
        self.fill()
        table = self.largest(".sst")
        self.flip(table, 1 / 3)
        report = self.verify(CORRUPTION)
        orders = [one["what"] for one in report["damage"] if one["where"] == "topic orders"]
        self.assertEqual(len(orders), 1)
        first, last = map(int, orders[0].split()[1].split(".."))
        self.assertIn("cannot be read", orders[0])
        self.assertEqual(report["topics"][0]["pending"], ORDERS - (last - first + 1))
        self.assertEqual(report["topics"][1]["pending"], PAY)
        self.assertIn(os.path.basename(table), [one["where"] for one in report["damage"]])

    def test_a_flipped_bit_in_a_wal(self):
        self.fill()
        wal = self.largest(".log")
        self.flip(wal, 1 / 3)
        self.assertRegex(self.damage(), os.path.basename(wal) + r": is damaged at byte \d+ of \d+")

    def test_a_torn_tail_is_no_damage_and_is_left_alone(self):
        self.fill()
        wal = self.largest(".log")
        with open(wal, "ab") as file:
            file.write(b"a write that never finished")
        report = self.verify(OK)
        self.assertEqual(len(report["notes"]), 1)
        self.assertIn(os.path.basename(wal) + ": torn tail", report["notes"][0])
        self.assertEqual(report["entries_read"], ORDERS + PAY)

    def test_a_wal_that_is_gone(self):
        self.fill()
        os.unlink(self.largest(".log"))
        self.assertIn(f"entries 1..{PAY} were durable and are missing", self.damage())

    def test_a_table_that_is_gone(self):
        self.fill()
        table = self.largest(".sst")
        os.unlink(table)
        self.assertIn(os.path.basename(table).split(".", maxsplit=1)[0], self.damage())

    def test_files_beside_the_entries(self):
        self.fill()
        os.unlink(os.path.join(self.dir, "durable-tail"))
        self.assertIn("durable-tail", self.damage())
        os.unlink(os.path.join(self.dir, "CURRENT"))
        self.assertIn("CURRENT: is gone", self.damage())

    def test_current_is_gone(self):
        self.fill()
        os.unlink(os.path.join(self.dir, "CURRENT"))
        self.flip(self.largest(".sst"), 1 / 3)
        damage = self.damage()
        self.assertIn("CURRENT: is gone", damage)
        self.assertIn(".sst: ", damage)

    def test_a_newer_format_is_refused_by_name_and_is_no_damage(self):
        self.fill()
        self.make_newer()
        before = self.hashes()
        to = ["--to", os.path.join(self.tmp, "saved")]
        kafka = ["--bootstrap-servers", "127.0.0.1:1"]
        for command, *flags in (["status"], ["peek", "--topic", "orders"], ["verify"],
                                ["salvage", *to], ["drain", *kafka], ["run", *kafka],
                                ["dead", "list"], ["purge", "--topic", "orders", "--yes"],
                                ["put", "--topic", "orders", "value"]):
            with self.subTest(command):
                sub = [flags.pop(0)] if command == "dead" else []
                done = self.cli(command, *sub, "--dir", self.dir, *flags, code=CORRUPTION)
                self.assertIn("durable-tail has version 2, this program knows 1; use the program "
                              "that wrote it, or a newer one", done.err)
                self.assertNotRegex(done.out + done.err, "damage|outbox-relay (verify|salvage)")
        after = self.hashes()
        after["holder"] = before["holder"]  # who held it last
        self.assertEqual(after, before)

    def test_what_is_no_outbox(self):
        self.cli("verify", "--dir", self.dir, code=NOT_FOUND)
        self.assertFalse(os.path.exists(self.dir))
        self.cli("verify", code=USAGE)


if __name__ == "__main__":
    unittest.main()
