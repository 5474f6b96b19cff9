"""Brokers forget a producer: its id is then taken with any sequence number, as a new one's is, and
of a pipeline a later request may be taken although an earlier one was refused. One producer for
all bursts, so that it is not fresh. docs/librdkafka-findings.md.

  forgotten_test.py old-raw|old-relay|old-mutant
        messages that are two days old: brokers reckon by the messages' timestamps, so they forget
        such a producer whenever they look, though it sends all the time
  forgotten_test.py idle-raw|idle-relay|idle-mutant
        a producer that is idle for longer than producer.id.expiration.ms

raw: librdkafka alone loses. relay: nothing is lost or out of order. mutant: a relay without the
remedy puts entries out of order (needs the build of `cmake --preset mutants`).
OUTBOX_CYCLES: how many bursts of ten messages."""

import sys

import reports
import rig

SIDE_BY_SIDE = 4
BURSTS_PER_STEP = 120
# Bursts of the short form. What must show it is repeated until it does.
SHORT = {"raw": 2_000, "mutant": 2_000, "relay": 60}
DAY_MS = 86_400_000
EXPIRATION_MS = 600
OLD = {"one_sender": 1, "pause_ms": 300, "age_ms": 2 * DAY_MS}
IDLE = {"one_sender": 1, "pause_ms": 1_000, "slow_start_idle_ms": 300,
        # Else a message that waits for its turn would be old at once.
        "configs": {"message.timestamp.type": "LogAppendTime"}}
MUTANTS = {"old": "old_pipelined", "idle": "slow_start_skipped"}


def test(cluster, directory):
    why, mode = sys.argv[1].split("-")
    if why == "old":
        return show(cluster, directory, why, mode, OLD)
    cluster.forget_producers_after(EXPIRATION_MS)
    try:
        show(cluster, directory, why, mode, IDLE)
    finally:
        cluster.heal()
        cluster.forget_producers_after(None)


def show(cluster, directory, why, mode, plan):
    reports.lose_a_broker(cluster)

    def step(left):
        bursts = min(BURSTS_PER_STEP, max(left, SIDE_BY_SIDE)) // SIDE_BY_SIDE
        runs = [reports.Run(cluster, directory, "raw" if mode == "raw" else "relay", bursts,
                            MUTANTS[why] if mode == "mutant" else "", **plan)
                for _ in range(SIDE_BY_SIDE)]
        return reports.step(cluster, runs, strict=mode == "relay")

    row = f"forgotten-{why}" + ("" if mode == "relay" else f"-{mode}")
    shows = {"raw": ["lost"], "mutant": ["reordered"], "relay": ["lost", "reordered"]}
    reports.hole(row, mode, "trials", rig.cycles(SHORT[mode]), shows[mode], step)


if __name__ == "__main__":
    rig.main(test)
