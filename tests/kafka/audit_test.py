"""`outbox-relay audit` against what kcat reads, on real brokers: relays killed, dead letters, a
purge, a forged hole, a topic whose beginning is gone."""

import json
import random
import subprocess
import time

import forger
import read_back
import rig
import verdicts_test
from rig import check, say

OK, AUDIT = 0, 13
BATCH = 20_000
PARTITIONS = 6


def audit(cluster, topic, *flags):
    done = subprocess.run([rig.BINARY, "audit", "--bootstrap-servers", cluster.bootstrap, "--topic",
                           topic, "--json", *flags],
                          capture_output=True, text=True, timeout=120, check=False)
    check(done.stdout, f"audit ended with {done.returncode}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def put(relay, topic, first, count):
    rig.put(relay.dir, "--topic", topic, "--lines", "--key-delimiter", ",", "--quiet",
            data="".join(f"k{i % 97},{i}\n" for i in range(first, first + count)).encode())


def killed(cluster, directory, draw):
    """Duplicates are counted as kcat counts them; nothing is missing."""
    topic = rig.unique("audited")
    cluster.create(topic, partitions=PARTITIONS)
    with rig.Relay(cluster.bootstrap, directory / "killed") as relay:
        for cycle in range(3):
            relay.start()
            put(relay, topic, cycle * BATCH, BATCH)
            time.sleep(draw.random())  # a kill at some moment of the sending
            relay.kill()
        relay.start()
        relay.drained(120)
        code, told = audit(cluster, topic, "--dir", str(relay.dir))
        log = read_back.TopicLog(cluster.bootstrap, topic)
        log.check_complete(3 * BATCH)
        (outbox,) = told["outboxes"]
        say(f"{told['messages']} messages, {outbox['doubled']} doubled, "
            f"{len(outbox['sessions'])} sessions")
        check(code == OK and not told["trouble"], f"{code}: {told['trouble']}")
        check(outbox["present"] == 3 * BATCH and outbox["missing"]["count"] == 0, outbox)
        check(outbox["doubled"] == log.duplicates, f"kcat: {log.duplicates}, {outbox['doubled']}")
        check(all(part["closed"] for part in outbox["partitions"]), outbox["partitions"])
        check(told["books"]["lost"]["count"] == 0 and told["books"]["pending"] == 0, told["books"])
        relay.stop()
    return topic, outbox["outbox"]


def leader_dies(cluster, topic):
    """At some moment of the reading; another one has the partition soon after."""
    command = [rig.BINARY, "audit", "--bootstrap-servers", cluster.bootstrap, "--topic", topic]
    for delay_s in (0.0, 0.3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(delay_s)  # not waited for: when it happens shall differ
            cluster.kill(1)
            try:
                out, error = process.communicate(timeout=120)
            finally:
                process.kill()
        say(f"a leader died {delay_s} s after the start: exit code {process.returncode}")
        check(process.returncode == OK, (out, error))
        cluster.heal()


def accounted(cluster, directory):
    """What is missing is dead, purged or pending by the books, and only then no trouble."""
    topic = rig.unique("booked")
    cluster.create(topic, partitions=1, configs={"max.message.bytes": "100000"})
    outbox = directory / "booked"
    values = ["X" * 300_000 if n in (3, 7) else f"{n}" for n in range(1, 11)]
    rig.put(outbox, "--topic", topic, "--lines", data="\n".join(values).encode())
    with rig.Relay(cluster.bootstrap, outbox, "--poison-policy", "dead-letter") as relay:
        relay.start()
        relay.drained(60)
        relay.stop()
    check({row["seq"] for row in verdicts_test.dead_letters(outbox)} == {3, 7}, "dead letters")
    rig.put(outbox, "--topic", topic, "--lines", data=b"11\n12\n")
    subprocess.run([rig.BINARY, "purge", "--dir", outbox, "--topic", topic, "--through", "11",
                    "--yes"], check=True, capture_output=True)
    subprocess.run([rig.BINARY, "dead", "drop", "--dir", outbox, topic, "3", "--yes"], check=True,
                   capture_output=True)
    code, told = audit(cluster, topic, "--dir", str(outbox))
    books = told["books"]
    say(f"by the books: {books}")
    check(code == OK, told["trouble"])
    check((books["dead"], books["purged"], books["pending"]) == (1, 2, 1), books)
    code, told = audit(cluster, topic)
    check(code == AUDIT and told["outboxes"][0]["missing"]["count"] == 2, told)
    check("2 missing" in told["trouble"] and told["outboxes"][0]["partitions"][0]["closed"], told)


def forged(cluster, directory, topic, outbox):
    """The topic made anew without three of its messages, two of them swapped, one twice."""
    records = {}
    for record in read_back.records(cluster.bootstrap, topic):
        records.setdefault(record.partition, {}).setdefault(record.seq, record)
    kept = {number: list(by_seq.values()) for number, by_seq in records.items()}
    number = max(kept, key=lambda each: len(kept[each]))
    rows = kept[number]
    lost = [row.seq for row in rows[10:13]]
    del rows[10:13]
    rows[20], rows[21] = rows[21], rows[20]
    rows.append(rows[5])
    cluster.delete(topic)
    cluster.create(topic, partitions=PARTITIONS)
    with forger.Forger(cluster.bootstrap) as hand:
        for partition, messages in kept.items():
            hand.write(topic, partition, [(row.value, f"{row.session}/{row.seq}", str(row.prev))
                                          for row in messages])
        hand.write(topic, 0, [(b"of others", "no id", "0")])
    code, told = audit(cluster, topic, "--dir", str(directory / "killed"), "--outbox", outbox)
    (found,) = told["outboxes"]
    say(f"forged: {told['trouble']}")
    check(code == AUDIT and told["foreign"] == 1, told)
    check(numbers(found["missing"]) == lost, (lost, found["missing"]))
    check(numbers(told["books"]["lost"]) == lost, (lost, told["books"]))
    check(found["reordered"] == 1 and found["doubled"] == 1, found)
    part = next(each for each in found["partitions"] if each["partition"] == number)
    check(numbers(part["open_gaps"]) == lost[-1:], part)
    check(all(each["closed"] for each in found["partitions"] if each is not part), found)
    code, told = audit(cluster, topic, "--outbox", "00000000")
    check(code == OK and not told["outboxes"], told)


def numbers(ranges):
    return [seq for low, high in ranges["first"] for seq in range(low, high + 1)]


def removed(cluster, directory):
    """The beginning of the log is gone: nothing is said about it, and all about the rest."""
    topic, cut_at = rig.unique("trimmed"), 1_000
    cluster.create(topic, partitions=1)
    with rig.Relay(cluster.bootstrap, directory / "trimmed") as relay:
        relay.start()
        put(relay, topic, 0, BATCH)
        relay.drained(120)
        with forger.Forger(cluster.bootstrap) as hand:
            hand.cut(topic, 0, cut_at)
        code, told = audit(cluster, topic, "--dir", str(relay.dir))
        relay.stop()
    (outbox,) = told["outboxes"]
    say(f"removed: nothing is said up to {outbox['undecided_through']}")
    check(code == OK and outbox["undecided_through"] == cut_at, told)
    check(outbox["present"] == BATCH - cut_at, outbox)
    cluster.delete(topic)


def test(cluster, directory):
    say(f"seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    topic, outbox = killed(cluster, directory, random.Random(rig.SEED))
    leader_dies(cluster, topic)
    accounted(cluster, directory)
    forged(cluster, directory, topic, outbox)
    removed(cluster, directory)
    cluster.delete(topic)


if __name__ == "__main__":
    rig.main(test)
