"""librdkafka's implicit acknowledgement: a message reported OK that is not in the log.

One of three brokers is down, so the ISR has two members, and the topic's min.insync.replicas turns
between 3 and 1: of a fresh producer's first batches some are refused and later ones taken.
librdkafka then takes the refused ones for acknowledged too. docs/librdkafka-findings.md.

  implicit_ack_test.py raw      librdkafka alone loses: the fault is there, and the rig sees it
  implicit_ack_test.py relay    the relay loses nothing
  implicit_ack_test.py mutant   a relay that believes such reports, and starts without the first
                                message alone, loses (needs the build of `cmake --preset mutants`)

OUTBOX_CYCLES: how many fresh producers."""

import collections
import os
import pathlib
import subprocess
import sys
import time

import read_back
import rig
from rig import check, say, wait_until

PROGRAM = pathlib.Path(os.environ["OUTBOX_IMPLICIT_ACK"])
LOST_BROKER = 3
FLAP_MS = 15
SIDE_BY_SIDE = 2
# (producers of one step, of the short form). A step of raw is repeated until one was lost.
STEPS = {"raw": (100, 1_000), "mutant": (100, 1_000), "relay": (60, 120)}
MUTANTS = "implicit_ack_believed,slow_start_skipped"
STEP_S_MAX = 500


class Run(subprocess.Popen):
    """One process with its own topic."""

    def __init__(self, cluster, directory, mode, trials, number):
        self.topic = rig.unique(f"implicit-{mode}-{number}")
        cluster.create(self.topic, partitions=1, configs={"min.insync.replicas": "1"})
        environment = dict(os.environ, OUTBOX_MUTANT=MUTANTS if mode == "mutant" else "")
        super().__init__([PROGRAM, "raw" if mode == "raw" else "relay", cluster.bootstrap,
                          self.topic, str(trials), str(FLAP_MS), directory / self.topic],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=environment)

    def reported(self):
        """Value -> offset of what was reported OK, and how many producers there were."""
        output, errors = self.communicate(timeout=STEP_S_MAX)
        check(self.returncode == 0, f"{PROGRAM.name} ended with {self.returncode}: {errors[-500:]}")
        *lines, last = output.splitlines()
        offsets = {value: int(offset) for value, offset in map(str.split, lines)}
        check(len(offsets) == len(lines), "a message was reported OK twice")
        self.deaths = [line for line in errors.splitlines() if " died: " in line]
        return offsets, int(last.split()[1])


def values(bootstrap, topic):
    """Value -> how often it is in the log."""
    done = subprocess.run(["kcat", "-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e",
                           "-q", "-f", r"%s\n"], capture_output=True, text=True, check=True)
    return collections.Counter(done.stdout.splitlines())


def step(cluster, directory, mode, trials, number):
    """Answers (producers, messages reported OK, lost, duplicates)."""
    runs = [Run(cluster, directory, mode, trials // SIDE_BY_SIDE, number + i)
            for i in range(SIDE_BY_SIDE)]
    producers = entries = lost = doubled = implicit = 0
    for run in runs:
        reported, made = run.reported()
        there = values(cluster.bootstrap, run.topic)
        missing = [value for value in reported if value not in there]
        implicit += sum(offset < 0 for offset in reported.values())
        producers, entries, lost = producers + made, entries + len(reported), lost + len(missing)
        doubled += sum(there.values()) - len(there)
        check(not set(there) - set(reported), "the log holds what was never reported")
        if mode == "relay":
            # By the one-number rule alone, and the chain on its own.
            log = read_back.TopicLog(cluster.bootstrap, run.topic)
            check(log.duplicates == sum(there.values()) - len(there),
                  "the one-number rule does not find every duplicate")
            unreported = trials // SIDE_BY_SIDE * 10 - len(reported)
            check(unreported == 0, f"{unreported} were not reported delivered; of all, "
                  f"{len(there)} are in the log; dead: {run.deaths}")
        cluster.delete(run.topic)
    say(f"{producers} producers: {entries} reported OK, {implicit} without an offset, {lost} not "
        f"in the log, {doubled} twice")
    return producers, entries, lost, doubled


def test(cluster, directory):
    mode = sys.argv[1]
    of_step, short = STEPS[mode]
    wanted = rig.cycles(short)
    probe = rig.unique("implicit-probe")
    cluster.create(probe, partitions=1, configs={"min.insync.replicas": "1"})
    cluster.kill(LOST_BROKER)
    wait_until("the ISR has two members", lambda: cluster.in_sync(probe)[0] == 2)
    began_s = time.monotonic()
    producers = entries = lost = doubled = 0
    number = 0
    while producers < wanted and (mode == "relay" or lost == 0):
        more = step(cluster, directory, mode, min(of_step, max(wanted - producers, 2)), number)
        producers, entries = producers + more[0], entries + more[1]
        lost, doubled = lost + more[2], doubled + more[3]
        number += SIDE_BY_SIDE
    row = "implicit-ack" if mode == "relay" else f"implicit-ack-{mode}"
    found = {"lost": lost} if mode == "relay" else {"expected_lost": lost}
    rig.prove(row, producers, time.monotonic() - began_s, entries=entries, resent=doubled, **found)
    if mode == "relay":
        check(lost == 0, f"{lost} messages reported delivered are not in the log")
    else:
        check(lost > 0, f"{producers} producers lost nothing: the fault was not there")


if __name__ == "__main__":
    rig.main(test)
