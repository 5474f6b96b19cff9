"""What the program `reports` was told, against what is in the log.

It sends bursts of numbered messages to one partition, by librdkafka alone ("raw") or by a relay,
while min.insync.replicas turns between 3 and 1. With one of three brokers down the ISR has two
members, so that a leader refuses some requests of a pipeline and takes others."""

import collections
import os
import pathlib
import subprocess
import time

import read_back
import rig
from rig import check, say, wait_until

PROGRAM = pathlib.Path(os.environ["OUTBOX_REPORTS"])
LOST_BROKER = 3
FLAP_MS = 15
STEP_S_MAX = 500


def lose_a_broker(cluster):
    """From here on the ISR of every topic has two members."""
    probe = rig.unique("reports-probe")
    cluster.create(probe, partitions=1, configs={"min.insync.replicas": "1"})
    cluster.kill(LOST_BROKER)
    wait_until("the ISR has two members", lambda: cluster.in_sync(probe)[0] == 2)


class Run(subprocess.Popen):
    """One process with its own topic. `plan` as in reports/main.cc."""

    def __init__(self, cluster, directory, sender, trials, mutants="", bootstrap=None, configs=None,
                 **plan):
        self.topic = rig.unique(f"reports-{sender}-{time.monotonic_ns()}")
        self.sender = sender
        self._cluster = cluster
        self._trials = trials
        cluster.create(self.topic, partitions=1,
                       configs={"min.insync.replicas": "1", **(configs or {})})
        plan = {"flap_ms": FLAP_MS, "dir": directory / self.topic, **plan}
        super().__init__([PROGRAM, sender, bootstrap or cluster.bootstrap, self.topic, str(trials),
                          *(f"{name}={value}" for name, value in plan.items())],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, OUTBOX_MUTANT=mutants))
        self._messages = plan.get("messages", 10)

    def judged(self):
        """Waits for its end; counts by kind: producers, entries, lost, resent, ..."""
        output, errors = self.communicate(timeout=STEP_S_MAX)
        check(self.returncode == 0, f"{PROGRAM.name} ended with {self.returncode}: {errors[-500:]}")
        *lines, last = output.splitlines()
        reported = {value: int(offset) for value, offset in map(str.split, lines)}
        check(len(reported) == len(lines), "a message was reported OK twice")
        log = values(self._cluster.bootstrap, self.topic)
        there = list(dict.fromkeys(log))
        check(self.sender == "raw" or not set(there) - set(reported),
              "the log holds what was never reported")
        counts = collections.Counter(
            producers=int(last.split()[1]), trials=self._trials, entries=len(reported),
            lost=sum(value not in set(there) for value in reported), resent=len(log) - len(there),
            implicit=sum(offset < 0 for offset in reported.values()),
            reordered=sum(order(one) > order(other) for one, other in zip(there, there[1:])))
        if self.sender == "relay":
            dead = [line for line in errors.splitlines() if " died: " in line]
            check(len(reported) == self._trials * self._messages,
                  f"{len(reported)} were reported delivered; dead: {dead}")
        return counts

    def check_by_one_number(self, duplicates):
        """A consumer that follows the one-number rule finds the sequence, and every duplicate."""
        log = read_back.TopicLog(self._cluster.bootstrap, self.topic)
        check(log.duplicates == duplicates, f"the one-number rule finds {log.duplicates} of "
              f"{duplicates} duplicates")
        log.check_complete(self._trials * self._messages)


def order(value):
    return tuple(map(int, value.split(".")))


def values(bootstrap, topic):
    """The values in the log, in its order."""
    done = subprocess.run(["kcat", "-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e",
                           "-q", "-f", r"%s\n"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def step(cluster, runs, strict, look=lambda run: None):
    """Counts over some runs side by side; `strict`: as a consumer sees them, too."""
    total = collections.Counter()
    for run in runs:
        counts = run.judged()
        if strict:
            run.check_by_one_number(counts["resent"])
        look(run)
        total += counts
        cluster.delete(run.topic)
    say(", ".join(f"{name} {count}" for name, count in total.items()))
    return total


def hole(row, sender, unit, wanted, shows, step_of):
    """Steps until `wanted` of `unit` are done. A relay shall show nothing; what is broken, or
    librdkafka alone, goes on until it shows one of `shows`: then the rig sees the fault."""
    began_s = time.monotonic()
    total = collections.Counter()
    whole = sender == "relay"
    while total[unit] < wanted and (whole or not any(total[kind] for kind in shows)):
        total += step_of(wanted - total[unit])
    found = {(kind if whole else f"expected_{kind}"): total[kind] for kind in shows}
    rig.prove(row, total[unit], time.monotonic() - began_s, entries=total["entries"],
              resent=total["resent"], **found)
    wrong = {kind: total[kind] for kind in shows if total[kind]}
    check(not whole or not wrong, f"of messages reported delivered: {wrong}")
    check(whole or wrong, f"{total[unit]} {unit} showed nothing: the fault was not there")
    return total
