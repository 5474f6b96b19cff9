"""The doctor, and the relay that obeys it, on real brokers:

  doctor_test.py settings | brokers | rights | enforce

Each unsafe setting in turn, found alone, with who set it; the printed command is run as it stands
and cures it. What ACLs hide is unverified. Settings change under a relay in `enforce`."""

import json
import os
import pathlib
import subprocess
import sys
import time

import acl_test
import read_back
import rig
from rig import check, kafka_topics, say, wait_until

sys.path.insert(0, str(rig.ROOT / "scripts" / "kafka.d"))
import acls  # noqa: E402 -- found through the line above

OK, FAILED, WARNINGS, UNVERIFIED, UNSAFE = 0, 1, 10, 11, 12
CODES = {"failure": UNSAFE, "unverified": UNVERIFIED, "warning": WARNINGS}
DAY_MS = 24 * 60 * 60 * 1000
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
JARS = pathlib.Path(os.environ.get("OUTBOX_BROKER_JARS") or CACHE / "outbox" / "kafka-4.1.1")
BATCH = 500
# What the doctor gives a topic.
GOOD = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false",
        "max.message.bytes": str((16 << 20) + 4096)}
ENFORCE = ["--preflight", "enforce", "--preflight-interval", "1s"]
SASL = acl_test.FLAGS[:8]

# What the doctor's commands are in Kafka's jars.
TOOLS = {"kafka-configs.sh": "kafka.admin.ConfigCommand",
         "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
         "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
         "kafka-reassign-partitions.sh": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
         "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand"}

# setting, unsafe value, severity: each is the only thing that is wrong.
UNSAFE_SETTINGS = [
    ("min.insync.replicas", "1", "failure"),
    ("min.insync.replicas", "3", "warning"),
    ("unclean.leader.election.enable", "true", "failure"),
    ("max.message.bytes", "1000000", "warning"),
    ("cleanup.policy", "compact", "warning"),
    ("cleanup.policy", "compact,delete", "warning"),
    ("retention.ms", "60000", "failure"),
    ("retention.ms", str(DAY_MS), "warning"),
    ("retention.bytes", "1000000", "warning"),
    ("message.timestamp.before.max.ms", str(DAY_MS), "warning"),
]


def doctor(bootstrap, *flags):
    """Its exit code, and what is not well."""
    done = subprocess.run(
        [rig.BINARY, "doctor", "--bootstrap-servers", bootstrap, "--json", *flags],
        capture_output=True, text=True, timeout=60, check=False)
    check(done.stdout, f"doctor ended with {done.returncode}: {done.stderr}")
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, [row for row in findings if row["severity"] not in ("ok", "note")]


def names(wrong):
    return sorted((row["setting"], row["severity"]) for row in wrong)


def found(what, bootstrap, flags, wanted, deadline_s=30):
    """Waits until exactly that is wrong; answers the findings. A change takes a moment to be seen
    by each broker."""
    seen = []

    def as_wanted():
        seen[:] = [doctor(bootstrap, *flags)]
        return names(seen[0][1]) == sorted(wanted)
    try:
        wait_until(what, as_wanted, deadline_s)
    except AssertionError as error:
        raise AssertionError(f"{error}; found: {names(seen[0][1])}") from error
    code, wrong = seen[0]
    grave = [severity for severity in CODES if any(row["severity"] == severity for row in wrong)]
    check(code == (CODES[grave[0]] if grave else OK), f"exit code {code} for {names(wrong)}")
    return wrong


def kafka_commands(directory):
    """A folder with Kafka's commands, made of the brokers' own jars."""
    folder = directory / "bin"
    folder.mkdir()
    java = pathlib.Path(os.environ.get("JAVA_HOME", ""), "bin/java")
    java = java if java.is_absolute() else "java"
    for name, of_jars in TOOLS.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {java} -cp "{JARS}/*" {of_jars} "$@"\n')
        script.chmod(0o755)
    return folder


def run_fix(command, folder):
    """As it stands; answers what it prints."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False,
                          cwd=folder, env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"))
    check(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def made_by_doctor(cluster, name):
    topic = rig.unique(name)
    code, wrong = doctor(cluster.bootstrap, "--create-topic", topic, "--partitions", "3")
    check(code == OK, f"a topic that the doctor made does not pass: {code} {wrong}")
    return topic


def settings(cluster, directory):
    folder, topic = kafka_commands(directory), made_by_doctor(cluster, "doctored")
    flags = ["--topic", topic]
    for setting, value, severity in UNSAFE_SETTINGS:
        cluster.configure(topic, {**GOOD, setting: value})
        (row,) = found(f"{setting}={value}", cluster.bootstrap, flags, [(setting, severity)])
        say(f"{setting}={value}: {row['severity']}, set by {row['source']}")
        check(row["value"] == value and row["source"] == "topic" and row["loss"], row)
        run_fix(row["fix"], folder)
        found("the command cures it", cluster.bootstrap, flags, [])
    few_replicas(cluster, folder)
    absent = rig.unique("absent")
    (row,) = found("a topic that is not there", cluster.bootstrap, ["--topic", absent],
                   [("topic", "failure")])
    run_fix(row["fix"], folder)
    found("the command makes it", cluster.bootstrap, ["--topic", absent], [])
    cluster.delete(topic, absent)


def few_replicas(cluster, folder):
    topic = rig.unique("few")
    cluster.create(topic, assignment=[[1, 2], [2, 3]], configs=GOOD)
    (row,) = found("two copies", cluster.bootstrap, ["--topic", topic],
                   [("replication.factor", "failure")])
    plan = json.loads(row["fix"].split("'")[1])
    check(sorted(plan["partitions"][1]["replicas"]) == [1, 2, 3], plan)
    say(f"two copies of a partition: {row['fix']}")
    run_fix(row["fix"], folder)
    found("the command adds the third", cluster.bootstrap, ["--topic", topic], [], 60)
    cluster.delete(topic)


def brokers(cluster, directory):
    # Any broker may be asked, and the last one learns of a topic a moment later.
    cluster.delete(*[made_by_doctor(cluster, f"made-{number}") for number in range(20)])
    folder, topic = kafka_commands(directory), made_by_doctor(cluster, "brokers")
    flags = ["--topic", topic]
    with kafka_topics.Topics(cluster.bootstrap) as admin:
        for number in cluster.states():
            admin.set_broker(number, {"log.retention.ms": "60000"})
    (row,) = found("a broker's retention", cluster.bootstrap, flags, [("retention.ms", "failure")])
    check(row["source"] == "this broker (log.retention.ms)", row["source"])
    say(f"retention.ms of the topic is set by: {row['source']}")
    cluster.forget_producers_after(10_000)  # takes the retention back as well
    rows = found("brokers that forget soon", cluster.bootstrap, flags,
                 [("producer.id.expiration.ms", "failure")] * 3)
    for row in rows:
        run_fix(row["fix"], folder)
    found("the commands cure it", cluster.bootstrap, flags, [])
    cluster.forget_producers_after(None)
    cluster.kill(3)
    rows = found("a broker is missing", cluster.bootstrap, flags,
                 [("brokers alive", "warning"), ("in-sync replicas now", "warning")], 60)
    shown = {row["setting"]: run_fix(row["fix"], folder) for row in rows}
    check(topic in shown["in-sync replicas now"], shown)
    alive = shown["brokers alive"]
    check("(id: 1 " in alive and "(id: 3 " not in alive, shown)
    cluster.heal()
    found("all is well again", cluster.bootstrap, flags, [], 60)
    cluster.kill(1, 2, 3)
    done = subprocess.run([rig.BINARY, "doctor", "--bootstrap-servers", cluster.bootstrap],
                          capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == FAILED and "does not answer" in done.stderr, done.stderr)
    say(done.stderr.strip())
    cluster.heal()
    cluster.delete(topic)


def rights(cluster, directory):
    """A principal that may write, and read no configuration."""
    folder, topic = kafka_commands(directory), made_by_doctor(cluster, "hidden")
    sasl = ",".join(f"127.0.0.1:{ports[3]}" for ports in cluster.ports())
    flags = [*SASL, "--topic", topic]
    forgets = [("producer.id.expiration.ms", "unverified")] * 3
    hidden = [(name, "unverified") for name in (
        "min.insync.replicas", "unclean.leader.election.enable", "cleanup.policy", "retention.ms")]
    with acls.Acls(cluster.bootstrap) as may:
        may.revoke_on_cluster(acl_test.USER, acls.DESCRIBE_CONFIGS)  # of a run that was cut short
        found("no right at all", sasl, flags, [("topic", "unverified"), *forgets])
        for operation in (acls.WRITE, acls.DESCRIBE):
            may.allow(acl_test.USER, topic, operation)
        rows = found("settings are hidden", sasl, flags, [*hidden, *forgets])
        for row in rows:
            check(f"--allow-principal User:{acl_test.USER}" in row["fix"], row["fix"])
            check("AUTHORIZATION_FAILED" in row["value"], row["value"])
        say(f"hidden: {rows[0]['value']}; {rows[0]['fix']}")
        # By somebody who may give rights.
        row = next(row for row in rows if row["setting"] == "min.insync.replicas")
        run_fix(row["fix"].replace(sasl, cluster.bootstrap), folder)
        (row, *_) = found("the topic may be read", sasl, flags, forgets)
        run_fix(row["fix"].replace(sasl, cluster.bootstrap), folder)
        found("all may be read", sasl, flags, [])
        loses_rights(sasl, topic, may, directory)
        may.revoke_on_cluster(acl_test.USER, acls.DESCRIBE_CONFIGS)
    cluster.delete(topic)


def loses_rights(sasl, topic, may, directory):
    """A right that is taken away is noticed; what cannot be read is no permission."""
    with rig.Relay(sasl, directory / "hidden", *SASL, *ENFORCE) as relay:
        relay.start()
        put(relay, topic)
        relay.drained(60)
        may.revoke(acl_test.USER, topic, acls.DESCRIBE_CONFIGS)
        put_until(relay, topic, "held: unverified: min.insync.replicas")
        say(lane(relay, topic)["state"])
        may.allow(acl_test.USER, topic, acls.DESCRIBE_CONFIGS)
        relay.drained(60)
        relay.stop()


def lane(relay, topic):
    rows = [row for row in relay.status()["topics"] if row["topic"] == topic]
    return rows[0] if rows else {"delivered": 0, "pending": 0, "state": "", "tail": 0}


def put(relay, topic, count=BATCH):
    rig.put(relay.dir, "--topic", topic, "--lines", "--quiet",
            data="".join(f"{i}\n" for i in range(count)).encode())


def put_until(relay, topic, state):
    """Puts message after message: a topic that has none is not looked at."""
    def shown():
        put(relay, topic, 1)
        return lane(relay, topic)["state"].startswith(state)
    wait_until(f"{topic}: {state}", shown)


def arrived(cluster, topic):
    return sum(cluster.ends(topic, range(3)).values())


def enforce(cluster, directory):
    safe, topic = made_by_doctor(cluster, "safe"), rig.unique("unsafe")
    cluster.create(topic, partitions=3, configs={**GOOD, "min.insync.replicas": "1"})
    with rig.Relay(cluster.bootstrap, directory / "enforced", *ENFORCE) as relay:
        relay.start()
        put(relay, topic)
        put(relay, safe)
        wait_until("the topic is held by name", lambda: lane(relay, topic)["state"].startswith(
            "held: unsafe: min.insync.replicas of topic"))
        wait_until("the other one flows", lambda: lane(relay, safe)["pending"] == 0)
        say(lane(relay, topic)["state"])
        check(arrived(cluster, topic) == 0, "something was sent to an unsafe topic")
        metric = f'outbox_preflight_findings{{topic="{topic}",setting="min.insync.replicas"'
        check(metric in relay.metrics(), relay.metrics())
        check(f"topic {topic}: preflight: failure: min.insync.replicas" in relay.log(), relay.log())
        cluster.configure(topic, GOOD)
        relay.drained(60)
        wait_until("it flows", lambda: lane(relay, topic)["state"] == "flowing")
        for setting, value in (("unclean.leader.election.enable", "true"),
                               ("min.insync.replicas", "1")):
            drifts(cluster, relay, topic, safe, setting, value)
        count = lane(relay, topic)["tail"]
        relay.stop()
    log = read_back.TopicLog(cluster.bootstrap, topic)
    log.check_complete(count)
    say(f"{count} entries, {log.duplicates} sent again")
    warns(cluster, directory, topic)
    cluster.delete(topic, safe)


def drifts(cluster, relay, topic, beside, setting, value):
    """Somebody changes a setting under the running relay, and back."""
    cluster.configure(topic, {**GOOD, setting: value})
    put_until(relay, topic, f"held: unsafe: {setting}")
    began_s = time.monotonic()
    wait_until("what was in flight has arrived",
               lambda: lane(relay, topic)["delivered"] == arrived(cluster, topic))
    stands_at = arrived(cluster, topic)
    put(relay, topic)
    put(relay, beside)
    wait_until("the other one flows", lambda: lane(relay, beside)["pending"] == 0)
    check(lane(relay, topic)["pending"] >= BATCH, lane(relay, topic))
    check(arrived(cluster, topic) == stands_at, "something was sent to an unsafe topic")
    cluster.configure(topic, GOOD)
    relay.drained(60)
    say(f"{setting}={value}: held for {time.monotonic() - began_s:.1f} s, healed by itself")


def warns(cluster, directory, topic):
    """The default: says it, and sends."""
    cluster.configure(topic, {**GOOD, "min.insync.replicas": "1"})
    with rig.Relay(cluster.bootstrap, directory / "warned") as relay:
        relay.start()
        put(relay, topic)
        relay.drained(60)
        wait_until("it is said", lambda: "preflight: failure: min.insync.replicas" in relay.log())
        relay.stop()


ROWS = {"settings": settings, "brokers": brokers, "rights": rights, "enforce": enforce}


def test(cluster, directory):
    try:
        ROWS[sys.argv[1]](cluster, directory)
    finally:
        cluster.heal()
        cluster.forget_producers_after(None)


if __name__ == "__main__":
    rig.main(test)
