"""A dead letter is requeued while later entries flow: it is a new entry, and a consumer that drops
duplicates by one number takes it. OUTBOX_CYCLES says how often; OUTBOX_SEED replays."""

import random
import subprocess
import time

import leaderless_test
import read_back
import rig
import verdicts_test
from rig import check, say, wait_until

FLAGS = ["--unknown-topic-grace", "2s", "--stall-backoff-max", "2s"]


def delivered(relay, topic):
    return next((row["delivered"] for row in relay.status()["topics"] if row["topic"] == topic), 0)


def dead_of(relay, topic):
    return [row["seq"] for row in verdicts_test.dead_letters(relay.dir)
            if row["message"]["topic"] == topic]


def requeue(relay, topic, seq):
    done = subprocess.run([rig.BINARY, "dead", "requeue", "--dir", relay.dir, topic, str(seq)],
                          capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def put_early(relay, topic, draw, lead_ms):
    """Entries from the future, which the topic refuses until that moment has come."""
    due_ms = int(time.time() * 1000) + lead_ms
    lines = "".join(f'{{"topic": "{topic}", "value": "early{n}", "timestamp_ms": {due_ms}}}\n'
                    for n in range(draw.randint(1, 3)))
    printed = rig.put(relay.dir, "--ndjson", data=lines.encode())
    return [int(line.split()[-1]) for line in printed.splitlines()], due_ms


def kill_some(relay, topic, draw):
    """Numbers of dead letters, when the topic would take them, and how many were put. On a busy
    machine they may come to the brokers when their time has come: then others, from further off."""
    put = 0
    for lead_ms in (draw.randint(4_000, 8_000), 15_000, 30_000, 50_000):
        early, due_ms = put_early(relay, topic, draw, lead_ms)
        put += len(early)
        dead = []

        def decided():
            dead[:] = dead_of(relay, topic)
            return dead == early or time.time() * 1000 > due_ms
        wait_until("they are dead, or it is their time", decided)
        if dead:
            return list(dead), due_ms, put
    raise AssertionError("none was sent before its time")


def requeued(cluster, relay, draw, cycle):
    topic = rig.unique(f"requeue{cycle}")
    cluster.create(topic, partitions=draw.randint(1, 3),
                   configs={"message.timestamp.after.max.ms": "1000"})
    load = leaderless_test.Offered(relay, topic)
    load.start()
    wait_until("the topic flows", lambda: delivered(relay, topic) > 1_000)
    early, due_ms, put = kill_some(relay, topic, draw)
    wait_until("their time has come", lambda: time.time() * 1000 > due_ms)
    again = {requeue(relay, topic, seq): seq for seq in early}
    goal = delivered(relay, topic) + 5_000
    wait_until("later entries flow", lambda: delivered(relay, topic) >= goal)
    load.finish()
    relay.drained(60)
    found = {}

    def note_requeued(record):
        if "outbox-requeued-from" in record.headers:
            found[record.seq] = int(record.headers["outbox-requeued-from"].rsplit("/", 1)[1])
    log = read_back.TopicLog(cluster.bootstrap, topic, note_requeued)
    total = load.count + put + len(again)
    log.check_complete(total, without=set(early))
    check(found == again, f"requeued {again}, arrived {found}")
    check(max(again) < total, "nothing came after the requeued ones: this run says little")
    say(f"{again} (new: old) among {total} entries, {log.duplicates} sent again")
    cluster.delete(topic)
    return total, log.duplicates


def test(cluster, directory):
    total, began_s, entries, resent = rig.cycles(1), time.monotonic(), 0, 0
    say(f"requeue: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw = random.Random(rig.SEED)
    with rig.Relay(cluster.bootstrap, directory / "outbox", *FLAGS) as relay:
        relay.start()
        for cycle in range(total):
            judged, again = requeued(cluster, relay, draw, cycle)
            entries, resent = entries + judged, resent + again
        relay.stop()
    rig.prove("requeue", total, time.monotonic() - began_s, entries=entries, resent=resent)


if __name__ == "__main__":
    rig.main(test)
