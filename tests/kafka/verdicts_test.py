"""A topic that appears late, and a message too large for its topic, on real brokers."""

import json
import subprocess

import read_back
import rig
from rig import check, say, wait_until

BESIDE = 500


def dead_letters(directory):
    done = subprocess.run([rig.BINARY, "dead", "list", "--dir", directory, "--json",
                           "--count", "1000000"],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def topic_created_late(cluster, relay):
    late, other = rig.unique("late"), rig.unique("beside")
    cluster.create(other)
    lines = "".join(f"{i}\n" for i in range(BESIDE)).encode()
    rig.put(relay.dir, "--topic", late, "--lines", "--key-delimiter", "x",
            data="".join(f"k{i}x{i}\n" for i in range(BESIDE)).encode())
    rig.put(relay.dir, "--topic", other, "--lines", data=lines)

    def lane(topic):
        return next(row for row in relay.status()["topics"] if row["topic"] == topic)

    wait_until("the other topic is delivered", lambda: lane(other)["pending"] == 0)
    check(lane(late)["pending"] == BESIDE, f"the missing topic: {lane(late)}")
    wait_until("the missing topic's lane stalls", lambda: "stall" in lane(late)["state"], 30)
    say(f"missing topic: {lane(late)['state']}")
    cluster.create(late)
    relay.drained(60)
    read_back.TopicLog(cluster.bootstrap, other).check_complete(BESIDE)

    def placed(record):
        check(record.partition == read_back.java_partition(record.key, 6), f"{record.key} misplaced")
    read_back.TopicLog(cluster.bootstrap, late, placed).check_complete(BESIDE)
    say("created late: everything arrived")


def oversize(cluster, relay_flags, directory):
    """Appended before the relay knows the topic's limit: only Kafka can judge it."""
    topic = rig.unique("small")
    cluster.create(topic, partitions=1, configs={"max.message.bytes": "100000"})
    outbox = directory / "oversize"
    values = [f"{i}" if i != BESIDE // 2 else "X" * 300_000 for i in range(BESIDE)]
    rig.put(outbox, "--topic", topic, "--lines", data="\n".join(values).encode())
    with rig.Relay(cluster.bootstrap, outbox, *relay_flags) as relay:
        relay.start()
        relay.drained(60)
        ledger = relay.status()["ledger"]
        check(ledger["dead"] == 1 and ledger["delivered"] == BESIDE - 1, f"ledger: {ledger}")
        (letter,) = dead_letters(outbox)
        check(letter["seq"] == BESIDE // 2 + 1, f"dead: {letter['seq']}")
        say(f"oversize: {letter['reason']}")
        relay.stop()

    def intact(record):
        check(record.value == values[record.seq - 1].encode(), f"seq {record.seq} altered")
    log = read_back.TopicLog(cluster.bootstrap, topic, intact)
    log.check_complete(BESIDE, without={BESIDE // 2 + 1})
    say(f"its neighbours arrived in order, {log.duplicates} duplicates")


def test(cluster, directory):
    flags = ["--unknown-topic-grace", "2s", "--stall-backoff-max", "2s"]
    with rig.Relay(cluster.bootstrap, directory / "late", *flags) as relay:
        relay.start()
        topic_created_late(cluster, relay)
        relay.stop()
    oversize(cluster, flags, directory)


if __name__ == "__main__":
    rig.main(test)
