"""Three brokers for the campaigns, started when the first one needs them."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Brokers:
    def __init__(self, directory):
        self.directory = directory
        self.bootstrap = None

    def environment(self):
        """What the tests of the tier kafka want to know."""
        if self.bootstrap is None:
            self.bootstrap = self._kafka("start").splitlines()[-1]
        return {"OUTBOX_TEST_BOOTSTRAP": self.bootstrap,
                "OUTBOX_TEST_KAFKA_DIR": str(self.directory)}

    def stop(self):
        if self.bootstrap is not None:
            self._kafka("stop")

    def _kafka(self, command):
        return subprocess.run([ROOT / "scripts" / "kafka", command, "--dir", self.directory],
                              check=True, stdout=subprocess.PIPE, text=True).stdout


def program(build, name):
    """The path of a program in a build directory; None if it is not built."""
    found = [path for path in sorted(build.rglob(name))
             if path.is_file() and os.access(path, os.X_OK)]
    return found[0] if found else None


def programs(build):
    """Where the tests of the tier kafka find what they run."""
    return {"OUTBOX_RELAY": str(program(build, "outbox-relay")),
            "OUTBOX_REPORTS": str(program(build, "reports")),
            "OUTBOX_INBOX_SUMS": str(program(build, "inbox_sums"))}
