"""A long backlog with all brokers down, then drained: memory stays bounded, the disk is given back;
the audit of all of it takes no more memory than that of a little."""

import json
import os
import subprocess
import sys

import read_back
import rig
from rig import check, say, wait_until

TOPICS_MANY = 100
MESSAGES = {1: 10_000_000, TOPICS_MANY: 10_000_000} if rig.LONG else {1: 1_000_000,
                                                                   TOPICS_MANY: 500_000}
VALUE_BYTES = 100
PARTITIONS_ONE, PARTITIONS_MANY = 6, 2
# What may stay of a drained outbox: one WAL, memtables' files, the info log.
DISK_LEFT_MAX = 128 << 20
# Fetched and not looked at yet, and librdkafka itself.
AUDIT_RSS_MAX_KIB = 128 << 10
DRAIN_MAX_S = 1800 if rig.LONG else 240

# Writes the lines in a process of its own, at once as fast as put takes them.
WRITER = """
import sys
count, topics, size, name = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
pad = "x" * size
for start in range(0, count, 1000):
    end = min(start + 1000, count)
    if topics == 1:
        sys.stdout.write("".join((f"{i} " + pad)[:size] + "\\n" for i in range(start, end)))
    else:
        sys.stdout.write("".join('{"topic":"%s-%d","value":"%s"}\\n' %
                                 (name, i % topics, (f"{i // topics} " + pad)[:size])
                                 for i in range(start, end)))
"""


def put_all(relay, count, topics, name):
    """Puts `count` messages over `topics` topics, and watches the relay's memory meanwhile."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(count), str(topics),
                               str(VALUE_BYTES), name], stdout=subprocess.PIPE)
    form = ["--lines", "--topic", name] if topics == 1 else ["--ndjson"]
    put = subprocess.Popen([rig.BINARY, "put", "--dir", relay.dir, "--quiet", *form],
                           stdin=writer.stdout)
    writer.stdout.close()
    wait_until("put ended", lambda: relay.rss_kib() and put.poll() is not None, DRAIN_MAX_S)
    check(put.returncode == 0, f"put ended with {put.returncode}")
    check(writer.wait() == 0, "the writer of lines failed")


def run(cluster, directory, topics, partitions):
    count = MESSAGES[topics]
    name = rig.unique(f"memory-{topics}")
    names = [name] if topics == 1 else [f"{name}-{i}" for i in range(topics)]
    cluster.create(*names, partitions=partitions)
    cluster.kill(*cluster.states())
    with rig.Relay(cluster.bootstrap, directory / name) as relay:
        relay.start()
        put_all(relay, count, topics, name)
        check(relay.pending() == count, f"pending: {relay.pending()}")
        backlog = rig.disk_bytes(relay.dir)
        say(f"{count} messages over {topics} topics durable, brokers down: "
            f"{backlog >> 20} MiB on disk, {relay.rss_peak_kib >> 10} MiB of memory at most")
        check(backlog > count * VALUE_BYTES, "the backlog is not on disk")
        cluster.heal()
        say("brokers up")
        relay.drained(DRAIN_MAX_S)
        say("drained")
        wait_until("the disk is given back",
                   lambda: rig.disk_bytes(relay.dir) <= DISK_LEFT_MAX, 60)
        relay.stop()
        say(f"{rig.disk_bytes(relay.dir) >> 20} MiB on disk, {relay.rss_peak_kib >> 10} MiB of "
            "memory at most")
        check(relay.rss_peak_kib <= rig.RSS_MAX_KIB, f"the relay took {relay.rss_peak_kib} KiB")
    judge(cluster, names, count, partitions)
    if topics == 1:
        audit(cluster, name, count)
    cluster.delete(*names)


def audit(cluster, topic, count):
    """Reads all of the topic; its memory knows nothing of how much that is."""
    command = [rig.BINARY, "audit", "--bootstrap-servers", cluster.bootstrap, "--topic", topic,
               "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        told = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0 and told["messages"] == count, told)
    say(f"audit of {count} messages: {usage.ru_maxrss >> 10} MiB of memory at most")
    check(usage.ru_maxrss <= AUDIT_RSS_MAX_KIB, f"audit took {usage.ru_maxrss} KiB")


def judge(cluster, names, count, partitions):
    each = count // len(names)
    duplicates = 0
    for name in names:
        def intact(record):
            text = f"{record.seq - 1} ".encode()
            check(len(record.value) == VALUE_BYTES and record.value.startswith(text),
                  f"seq {record.seq}: altered")

        log = read_back.TopicLog(cluster.bootstrap, name, intact)
        log.check_complete(each)
        check(len(log.partitions) == min(partitions, max(1, each // 1000)),
              f"{name}: in {len(log.partitions)} partitions")
        duplicates += log.duplicates
    check(duplicates == 0, f"{duplicates} duplicates, though nothing was killed with work in flight")
    say(f"read back {count} from {len(names)} topics")


def test(cluster, directory):
    run(cluster, directory, 1, PARTITIONS_ONE)
    run(cluster, directory, TOPICS_MANY, PARTITIONS_MANY)


if __name__ == "__main__":
    rig.main(test)
