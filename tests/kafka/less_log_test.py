"""A leader is elected that has less log (unclean.leader.election.enable): Kafka itself loses what it
had confirmed, which no relay can help. What was not confirmed by then must be neither lost nor out
of order, and the relay says that offsets went back. docs/librdkafka-findings.md.

In turn the stale replica knows the producer from before, and does not. OUTBOX_CYCLES says how
often; OUTBOX_SEED replays."""

import random
import subprocess
import time

import leaderless_test
import read_back
import rig
from rig import check, say, wait_until

FIRST, STALE = 1, 2  # the third broker keeps the controllers' majority
CONFIGS = {"min.insync.replicas": "1", "unclean.leader.election.enable": "true"}


def metric(relay, name):
    lines = relay.metrics().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def delivered(relay):
    return relay.status()["ledger"]["delivered"]


def more(relay, count):
    goal = delivered(relay) + count
    wait_until(f"{count} more are delivered", lambda: delivered(relay) >= goal)


def judge(cluster, topic, confirmed, total):
    """What the log lacks must have been confirmed before the election; answers those numbers and
    the duplicates. All else is in order, by the one-number rule."""
    rule, taken, repeats, holes = read_back.OneNumber(), [], 0, []
    for record in read_back.records(cluster.bootstrap, topic):
        kind = rule.takes(record.session, record.seq, record.prev)
        check(kind != "late", f"entry {record.seq} comes after its successors")
        if kind == "duplicate":
            repeats += 1
            continue
        last = taken[-1] if taken else 0
        check(record.prev >= last, f"entry {record.seq} names {record.prev}, behind {last}")
        if record.prev != last:
            holes.append((last, record.prev))
        taken.append(record.seq)
    there = set(taken)
    missing = [seq for seq in range(1, total + 1) if seq not in there]
    lost = [seq for seq in missing if seq > confirmed]
    check(not lost, f"{len(lost)} that were not confirmed when the leader died are lost: {lost[:5]}")
    # Entries 1.. are dense: outbox-prev alone names all that is missing.
    named = [seq for low, high in holes for seq in range(low + 1, high + 1)]
    check(named == missing, f"outbox-prev names {len(named)} of {len(missing)} missing")
    return missing, repeats


def judge_alarm(cluster, relay, topic, missing):
    """The log's line names where; its command shows what is missing."""
    check(metric(relay, "outbox_offsets_back_total") >= 1, "no alarm: offsets went back")
    line = next(line for line in relay.log().splitlines()
                if topic in line and "Kafka has lost what it had confirmed" in line)
    command = line[line.index("kcat -C"):].replace("TOPIC", topic)
    say(line[line.index("topic "):])
    shown = subprocess.run(f"{command} -b {cluster.bootstrap} -e", shell=True, check=True,
                           capture_output=True, text=True).stdout.splitlines()
    ids = [dict(item.split("=") for item in row.split(" ")[1].split(",")) for row in shown]
    last = int(ids[0]["outbox-id"].rsplit("/", 1)[1]) if len(ids) > 1 else 0
    named = list(range(last + 1, int(ids[-1]["outbox-prev"]) + 1))
    check(named == missing, f"the command names {named[:1]}..{named[-1:]}, "
          f"missing are {missing[:1]}..{missing[-1:]}")


def elected(cluster, directory, draw, cycle):
    """One election; answers (entries, lost by Kafka, duplicates)."""
    topic = rig.unique(f"less-log-{cycle}")
    cluster.create(topic, assignment=[[FIRST, STALE]], configs=CONFIGS)
    with rig.Relay(cluster.bootstrap, directory / f"outbox{cycle}") as relay:
        knows = cycle % 2 == 0
        say(f"the stale replica {'knows' if knows else 'does not know'} the producer")
        relay.start()
        load = leaderless_test.Offered(relay, topic)
        if knows:
            load.start()
            more(relay, 1_000)
        cluster.kill(STALE)
        wait_until("the leader is alone", lambda: cluster.in_sync(topic)[0] == 1)
        if not knows:
            load.start()
        more(relay, draw.randint(1_000, 20_000))
        cluster.kill(FIRST)
        wait_until("nothing is confirmed any more", lambda: len(
            {delivered(relay), time.sleep(0.2) or delivered(relay)}) == 1)
        confirmed = delivered(relay)
        cluster.restart(STALE)
        more(relay, 10_000)
        load.finish()
        relay.drained(120)
        cluster.restart(FIRST)
        missing, repeats = judge(cluster, topic, confirmed, load.count)
        check(missing, "Kafka lost nothing: this run says nothing")
        say(f"{load.count} entries, {confirmed} confirmed before; Kafka lost {len(missing)} of "
            f"these; {repeats} sent again")
        judge_alarm(cluster, relay, topic, missing)
        relay.stop()
    cluster.delete(topic)
    return load.count, len(missing), repeats


def test(cluster, directory):
    total, began_s = rig.cycles(1), time.monotonic()
    say(f"less log: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw = random.Random(rig.SEED)
    entries = by_kafka = resent = 0
    for cycle in range(total):
        more_entries, lost, again = elected(cluster, directory, draw, cycle)
        entries, by_kafka, resent = entries + more_entries, by_kafka + lost, resent + again
    say(f"Kafka itself lost {by_kafka} of {entries}")
    rig.prove("less-log", total, time.monotonic() - began_s, entries=entries, resent=resent)


if __name__ == "__main__":
    rig.main(test)
