"""Answers are lost (connections cut after a produce request) while requests of a pipeline are refused
and taken: librdkafka retries, and at times bumps its epoch and numbers anew what was appended.

  answers_test.py raw      librdkafka alone loses, or leaves duplicates that nobody is told of
  answers_test.py relay    nothing is lost or out of order; the one-number rule finds the duplicates

Half of the runs have fresh producers, where epochs are bumped. The other half has one for all, and
messages that are two days old: brokers forget such a producer (forgotten_test.py) between a request
whose answer is lost and its retry, and so append it twice. docs/librdkafka-findings.md.
OUTBOX_CYCLES: how many bursts of thirty messages, three a request."""

import contextlib
import random
import sys
import threading

import proxy
import reports
import rig
import segments
from forgotten_test import OLD
from rig import check, say

BURST = {"messages": 30, "batch.num.messages": 3}
FRESH = {}
BURSTS_PER_STEP = 80
SHORT = {"raw": 800, "relay": 80}
CUT_EVERY_S = (0.3, 0.9)


class Cutting(threading.Thread):
    """Cuts a connection now and then. For use in a with block."""

    def __init__(self, proxies):
        super().__init__(daemon=True)
        self._proxies = proxies
        self._draw = random.Random(rig.SEED)
        self._enough = threading.Event()

    def run(self):
        while not self._enough.wait(self._draw.uniform(*CUT_EVERY_S)):
            self._proxies.cut_after_request(1)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        self.join()


def bumped(cluster, topic):
    """How many epochs beyond a producer's first stand in the log."""
    return len({(batch.producer, batch.epoch) for data in cluster.data(topic, 0)
                for batch in segments.batches(data) if batch.epoch > 0})


def test(cluster, directory):
    sender = sys.argv[1]
    reports.lose_a_broker(cluster)
    epochs = 0
    with contextlib.ExitStack() as stack:
        proxies = stack.enter_context(proxy.Proxies([port[1:3] for port in cluster.ports()]))
        stack.enter_context(Cutting(proxies))

        def count_epochs(run):
            nonlocal epochs
            epochs += bumped(cluster, run.topic)

        def step(left):
            plans = (FRESH, FRESH, OLD, OLD)
            bursts = min(BURSTS_PER_STEP, max(left, len(plans))) // len(plans)
            runs = [reports.Run(cluster, directory, sender, bursts, bootstrap=proxies.bootstrap,
                                **BURST, **plan) for plan in plans]
            return reports.step(cluster, runs, strict=sender == "relay", look=count_epochs)

        row = "lost-answers" + ("" if sender == "relay" else "-raw")
        shows = ["lost", "reordered"] if sender == "relay" else ["lost", "resent"]
        reports.hole(row, sender, "trials", rig.cycles(SHORT[sender]), shows, step)
        say(f"{proxies.cuts} answers lost, {epochs} epochs bumped, seed {rig.SEED}")
        check(proxies.cuts > 0, "no answer was lost: this run says nothing")


if __name__ == "__main__":
    rig.main(test)
