"""The network between relay and brokers misbehaves, while clients append all the time:

  proxy_test.py delay | cut-after-request | one-way

OUTBOX_CYCLES and OUTBOX_SEED as in chaos_test.py; clients, topics and judgement are the same."""

import random
import sys
import time

import chaos_test
import proxy
import rig
from rig import check, say, wait_until

CYCLES_PER_SET = 25
BATCH_MAX = 60
# A producer that sends nothing is made anew by the relay's watchdog, after two minutes.
WATCHDOG_S = 120


def delivered(scene):
    return scene.relay.status()["ledger"]["delivered"]


def flows(scene):
    """After the trouble the relay delivers again."""
    before = delivered(scene)
    wait_until("the relay delivers again", lambda: delivered(scene) > before,
               WATCHDOG_S + 60)


def delay(scene, proxies, draw, _):
    # As many short ones as long ones.
    seconds = 10 ** draw.uniform(-1, 1)
    say(f"each frame {seconds:.2f} s late")
    proxies.delay(seconds)
    scene.grow(500)
    before = proxies.frames["responses"]
    chaos_test.pause_s(draw, 1, 2 + 2 * seconds)
    wait_until("answers arrive", lambda: proxies.frames["responses"] > before + 3, 120)
    proxies.calm()
    flows(scene)


def cut_after_request(scene, proxies, draw, _):
    wanted = draw.randint(1, 12)
    say(f"{wanted} produce requests lose their answer")
    goal = proxies.cuts + wanted
    # One after the other, as the client comes back: several at once end with one connection.
    while proxies.cuts < goal:
        before = proxies.cuts
        proxies.cut_after_request(1)
        wait_until("a connection is cut", lambda: proxies.cuts > before,
                   WATCHDOG_S + 60, 0.01)
    proxies.calm()
    flows(scene)


def one_way(scene, proxies, draw, cycle):
    """Shorter and longer than librdkafka waits for an answer, in turn."""
    way = draw.choice(("requests", "responses"))
    low, high = (31, 40) if cycle % 2 == 0 else (1, 25)
    say(f"{way} are held, {low} to {high} s")
    proxies.hold(way)
    chaos_test.pause_s(draw, low, high)
    proxies.calm()
    scene.grow(500)
    flows(scene)


# trouble, cycles in the short form
ROWS = {
    "delay": (delay, 2),
    "cut-after-request": (cut_after_request, 3),
    "one-way": (one_way, 1),
}


def run_set(cluster, directory, trouble, first, count):
    draw = random.Random(rig.SEED + first)
    pairs = [ports[1:3] for ports in cluster.ports()]
    with proxy.Proxies(pairs) as proxies:
        scene = chaos_test.Scene(cluster, directory, first, BATCH_MAX, proxies.bootstrap)
        with scene.relay:
            for cycle in range(first, first + count):
                say(f"cycle {cycle}: {scene.appended()} appended")
                trouble(scene, proxies, draw, cycle)
            verdict = scene.finish()
        check(proxies.frames["requests"] > 0, "nothing came through the proxies")
    return verdict


def test(cluster, directory):
    row = sys.argv[1]
    trouble, short = ROWS[row]
    total = rig.cycles(short)
    say(f"{row}: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    for first in range(0, total, CYCLES_PER_SET):
        count = min(CYCLES_PER_SET, total - first)
        began_s = time.monotonic()
        verdict = run_set(cluster, directory, trouble, first, count)
        rig.prove(f"proxy-{row}", count, time.monotonic() - began_s, **verdict.counts())


if __name__ == "__main__":
    rig.main(test)
