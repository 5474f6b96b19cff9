"""librdkafka's implicit acknowledgement: a message reported OK that is not in the log.

Of a fresh producer's first batches some are refused and later ones taken. librdkafka then takes
the refused ones for acknowledged too. docs/librdkafka-findings.md.

  implicit_ack_test.py raw      librdkafka alone loses: the fault is there, and the rig sees it
  implicit_ack_test.py relay    the relay loses nothing
  implicit_ack_test.py mutant   a relay that believes such reports, and starts without the first
                                message alone, loses (needs the build of `cmake --preset mutants`)

OUTBOX_CYCLES: how many fresh producers."""

import sys

import reports
import rig

SIDE_BY_SIDE = 2
# (producers of one step, of the short form). A step of raw is repeated until one was lost.
STEPS = {"raw": (100, 1_000), "mutant": (100, 1_000), "relay": (60, 120)}
MUTANTS = "implicit_ack_believed,slow_start_skipped"


def test(cluster, directory):
    mode = sys.argv[1]
    of_step, short = STEPS[mode]
    reports.lose_a_broker(cluster)

    def step(left):
        trials = min(of_step, max(left, SIDE_BY_SIDE)) // SIDE_BY_SIDE
        runs = [reports.Run(cluster, directory, "raw" if mode == "raw" else "relay", trials,
                            MUTANTS if mode == "mutant" else "") for _ in range(SIDE_BY_SIDE)]
        return reports.step(cluster, runs, strict=mode == "relay")

    row = "implicit-ack" if mode == "relay" else f"implicit-ack-{mode}"
    reports.hole(row, mode, "producers", rig.cycles(short), ["lost"], step)


if __name__ == "__main__":
    rig.main(test)
