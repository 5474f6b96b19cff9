"""Unknown options, keys and settings: one line, the nearest known name, nothing done."""

import os
import re
import unittest

from rig import BINARY, INPUT, NOT_FOUND, OK, USAGE, RigCase

COMMANDS = ("run", "put", "drain", "status", "peek", "purge", "pause", "resume", "accept", "verify",
            "salvage", "consume", "doctor", "audit", "demo")


class UsageTest(RigCase):
    def test_unknown_names_get_the_nearest(self):
        for args, near in ((["stauts"], "status"), (["run", "--bootstrap-server", "x"],
                                                    "--bootstrap-servers"),
                           (["put", "--dri", "x", "--topic", "t", "v"], "--dir"),
                           (["dead", "lst"], "list"), (["peek", "--tpoic=t"], "--topic")):
            self.assertIn(f"did you mean {near}?", self.cli(*args, code=USAGE).err)

    def test_no_test_only_switch_is_in_it(self):
        with open(BINARY, "rb") as binary:
            content = binary.read()
        for name in (b"OUTBOX_MUTANT", b"OUTBOX_KILL_AT", b"fsync_skipped"):
            self.assertNotIn(name, content)

    def test_no_command_or_no_directory(self):
        self.cli(code=USAGE)
        self.cli("dead", code=USAGE)
        for command in ("status", "run", "drain"):
            self.assertIn("--dir", self.cli(command, code=USAGE).err)
        self.cli("status", "extra", "--dir", self.dir, code=USAGE)
        self.cli("status", "--dir", self.dir, "--", "x", code=USAGE)

    def test_a_partition_out_of_range_is_one_short_line(self):
        for value in ("-3", "2147483648"):
            done = self.cli("put", "--dir", self.dir, "--topic", "t", "--partition", value, "v",
                            code=USAGE)
            self.assertRegex(done.err, r"^outbox-relay: --partition: .{,80}; see .*\n$")

    def test_help_shows_examples_and_exit_codes(self):
        for command in COMMANDS:
            out = self.cli(command, "--help").out
            self.assertRegex(out, r"Examples?:\n +outbox-relay " + command)
        self.assertRegex(self.cli("--help").out, r"Exit codes:\n +0 +done")

    def test_unsafe_kafka_settings_are_refused_by_name(self):
        for setting in ("acks=1", "enable.idempotence=false", "enable.gapless.guarantee=false",
                        "message.timeout.ms=5000", "partitioner=random"):
            done = self.cli("run", "--dir", self.dir, "--bootstrap-servers", "127.0.0.1:1", "-X",
                            setting, code=USAGE)
            self.assertIn(setting.split("=", maxsplit=1)[0], done.err)
        done = self.cli("drain", "--dir", self.dir, "--bootstrap-servers", "127.0.0.1:1", "-X",
                        "linger.sm=1", code=USAGE)
        self.assertIn("linger.ms", done.err)
        self.assertFalse(os.path.exists(self.dir))

    def test_configuration_errors_name_file_and_line(self):
        for text, wanted in (("\nlingr = '1ms'", r"c\.toml:2: .*did you mean linger\?"),
                             ("linger = 'soon'", r"c\.toml:1: linger: .*not a duration"),
                             ("[kafka]\nacks = 1", "acks"), ("x y z", r"c\.toml:1: not valid TOML")):
            config = self.path("c.toml", text)
            done = self.cli("run", "--dir", self.dir, "--bootstrap-servers", "127.0.0.1:1",
                            "--config", config, code=USAGE)
            self.assertRegex(done.err, wanted)

    def test_sources_by_rank(self):
        config = self.path("c.toml", f"dir = '{self.path('from-file')}'\n")
        self.cli("put", "--config", config, "--topic", "t", "v")
        self.assertTrue(os.path.isdir(self.path("from-file")))
        environment = {"OUTBOX_DIR": self.path("from-env"), "OUTBOX_CONFIG": config}
        self.cli("put", "--topic", "t", "v", env=environment)
        self.assertTrue(os.path.isdir(self.path("from-env")))
        self.cli("put", "--dir", self.dir, "--topic", "t", "v", env=environment)
        self.assertTrue(os.path.isdir(self.dir))

    def test_secrets_stay_secret(self):
        secret = self.path("secret", "hunter2\n")
        done = self.cli("run", "--dir", self.dir, "--bootstrap-servers", "127.0.0.1:1", "-X",
                        f"sasl.password_file={secret}", "-X", "sasl.pasword=hunter2", "-X",
                        "security.protocol=nonsense", code=USAGE)
        self.assertNotIn("hunter2", done.err + done.out)

    def test_reading_what_is_not_there(self):
        for args in (["status"], ["peek", "--topic", "t"], ["dead", "list"],
                     ["purge", "--topic", "t", "--yes"], ["pause"]):
            self.cli(*args, "--dir", self.dir, code=NOT_FOUND)
        self.assertFalse(os.path.exists(self.dir))
        self.put("--topic", "t", "v")
        self.cli("peek", "--dir", self.dir, "--topic", "absent", code=NOT_FOUND)
        self.cli("dead", "show", "--dir", self.dir, "t", "1", code=NOT_FOUND)
        self.cli("resume", "--dir", self.dir, code=NOT_FOUND)

    def test_orders_that_destroy_need_yes(self):
        self.put("--topic", "t", "v")
        self.cli("purge", "--dir", self.dir, "--topic", "t", code=USAGE)
        self.cli("dead", "drop", "--dir", self.dir, "t", "1", code=USAGE)
        self.assertEqual(self.ledger()["pending"], 1)

    def test_the_documented_exit_codes_are_those_of_the_program(self):
        root = os.path.join(os.path.dirname(__file__), "..", "..")
        with open(os.path.join(root, "docs", "cli.md"), encoding="utf-8") as page:
            documented = dict(re.findall(r"^\| (\d+) \| (.*) \|$", page.read(), re.MULTILINE))
        shown = dict(re.findall(r"^ +(\d+)  (.*)$", self.cli("--help").out.split("Exit codes:")[1],
                                re.MULTILINE))
        self.assertEqual(documented, shown)
        self.assertEqual(set(shown), {str(code) for code in range(14)})

    def test_every_setting_is_documented(self):
        root = os.path.join(os.path.dirname(__file__), "..", "..")
        with open(os.path.join(root, "src", "service", "config_rows.inc"), encoding="utf-8") as rows:
            keys = re.findall(r"^OUTBOX_CONFIG\((\w+),", rows.read(), re.MULTILINE)
        with open(os.path.join(root, "docs", "cli.md"), encoding="utf-8") as page:
            documented = re.findall(r"^\| `(\w+)` \|", page.read(), re.MULTILINE)
        self.assertEqual(documented, keys)
        self.assertGreater(len(keys), 40)


if __name__ == "__main__":
    unittest.main()
