"""Clients of the relay's HTTP front, in another process than relay and store, and what they know:
intent is written down before each append, the outcome after. Then Kafka is read back and judged."""

import array
import dataclasses
import json
import random
import threading
import time
import zlib

import read_back
from rig import UnixConnection, check

IN_DOUBT, FAILED = 0, (1 << 64) - 1
RETRY_S = 0.02
PAD_BYTES_MAX = 600
EXAMPLES_MAX = 5
INDETERMINATE = 500


@dataclasses.dataclass
class Verdict:
    entries: int = 0
    lost: int = 0
    phantom: int = 0
    doubled: int = 0
    reordered: int = 0
    altered: int = 0
    resent: int = 0
    examples: list = dataclasses.field(default_factory=list)

    def add(self, kind, what):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{kind}: {what}")

    @property
    def wrong(self):
        return self.lost + self.phantom + self.doubled + self.reordered + self.altered

    def counts(self):
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)
                if field.name != "examples"}


def value_of(identity):
    """Carries its own checksum: whatever alters it shows."""
    pad = "x" * (zlib.crc32(identity.encode()) % PAD_BYTES_MAX)
    return f"{identity}|{pad}|{zlib.crc32((identity + pad).encode()):08x}"


def key_of(number):
    return None if number % 5 == 0 else f"k{number % 97}"


class Client(threading.Thread):
    """Appends batches to one topic until told to stop. A batch is all or nothing."""

    def __init__(self, name, socket, topic, journal, batch_max, seed):
        super().__init__(daemon=True)
        self.name, self.topic = name, topic
        self.outcomes = array.array("Q")  # by number: the seq, FAILED or IN_DOUBT
        self.latencies_s = []             # (when, how long) of each answered batch
        self._socket, self._journal, self._batch_max = socket, journal, batch_max
        self._random = random.Random(seed)
        self._enough = threading.Event()
        self._connection = None

    def stop(self):
        self._enough.set()
        self.join(90)
        check(not self.is_alive(), f"client {self.name} hangs")

    def run(self):
        while not self._enough.is_set():
            first = len(self.outcomes)
            count = self._random.randint(1, self._batch_max)
            self._journal(f"intent {self.name} {self.topic} {first} {count}")
            self.outcomes.extend([IN_DOUBT] * count)
            began_s = time.monotonic()
            seqs = self._append(first, count)
            if isinstance(seqs, list):
                self.latencies_s.append((began_s, time.monotonic() - began_s))
                self.outcomes[first:first + count] = array.array("Q", seqs)
            elif seqs == FAILED:
                self.outcomes[first:first + count] = array.array("Q", [FAILED] * count)
            self._journal(f"outcome {self.name} {first} {seqs}")

    def _append(self, first, count):
        body = "\n".join(json.dumps({"topic": self.topic, "key": key_of(n),
                                     "value": value_of(f"{self.name}.{n}")})
                         for n in range(first, first + count))
        try:
            if self._connection is None:
                self._connection = UnixConnection(self._socket, timeout_s=60)
            self._connection.request("POST", "/v1/messages", body,
                                     {"Content-Type": "application/x-ndjson"})
            answer = self._connection.getresponse()
            text = answer.read()
        except OSError as error:
            return self._broken(error)
        except Exception as error:  # http.client's own, when an answer is cut short
            return self._broken(error)
        if answer.status == 200:
            return [message["seq"] for message in json.loads(text)["messages"]]
        self._enough.wait(RETRY_S)
        return IN_DOUBT if answer.status == INDETERMINATE else FAILED

    def _broken(self, error):
        """Nothing was sent if nobody listened; else who knows."""
        refused = isinstance(error, (ConnectionRefusedError, FileNotFoundError))
        self._connection = None
        self._enough.wait(RETRY_S)
        return FAILED if refused else IN_DOUBT


class Oracle:
    """The clients of a run, and the judgement."""

    def __init__(self, journal_path, seed):
        self.clients = []
        self._file = open(journal_path, "a", encoding="utf-8")
        self._lock = threading.Lock()
        self._seed = seed

    def journal(self, line):
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def start(self, socket, topics, clients_per_topic=1, batch_max=100, name=""):
        """`name`: of these clients, where there are others of the same topic."""
        for topic in topics:
            for n in range(clients_per_topic):
                client = Client(f"{topic}.{name}{n}", socket, topic, self.journal, batch_max,
                                self._seed + len(self.clients))
                self.clients.append(client)
                client.start()

    def stop(self, of=None):
        """All clients, or those of some topics."""
        for client in self.clients:
            if of is None or client.topic in of:
                client.stop()

    def judge(self, bootstrap, dead=(), read=read_back.TopicLog):
        """`dead`: (topic, seq) of what may be missing. Reads every topic once, with `read`."""
        verdict = Verdict()
        for topic in sorted({client.topic for client in self.clients}):
            self._judge_topic(bootstrap, topic, {seq for name, seq in dead if name == topic},
                              verdict, read)
        return verdict

    def _judge_topic(self, bootstrap, topic, dead, verdict, read):
        clients = {client.name: client for client in self.clients if client.topic == topic}
        seen = {name: bytearray(len(client.outcomes)) for name, client in clients.items()}
        order = {}  # (partition, client) -> last number

        def first_occurrence(record):
            name, number = self._identity(record, clients, verdict)
            if name is None:
                return
            if seen[name][number]:
                verdict.add("doubled", f"{name}.{number} again as {record.seq}")
            seen[name][number] = 1
            outcome = clients[name].outcomes[number]
            if outcome == FAILED:
                verdict.add("phantom", f"{name}.{number} failed for sure")
            elif outcome not in (IN_DOUBT, record.seq):
                verdict.add("doubled", f"{name}.{number} is {outcome} and {record.seq}")
            if order.get((record.partition, name), -1) >= number:
                verdict.add("reordered", f"{name}.{number} in partition {record.partition}")
            order[record.partition, name] = number

        try:
            log = read(bootstrap, topic, first_occurrence)
        except AssertionError as error:
            verdict.add("reordered", f"{topic}: {error}")
            return
        verdict.resent += log.duplicates
        for name, client in clients.items():
            for number, outcome in enumerate(client.outcomes):
                if outcome in (FAILED, IN_DOUBT):
                    continue
                verdict.entries += 1
                if not seen[name][number] and outcome not in dead:
                    verdict.add("lost", f"{name}.{number}, {topic}/{outcome}")

    @staticmethod
    def _identity(record, clients, verdict):
        value = (record.value or b"").decode(errors="replace")
        identity = value.split("|", 1)[0]
        name, _, number = identity.rpartition(".")
        if value != value_of(identity) or not number.isdigit():
            verdict.add("altered", f"{record.partition}/{record.offset}: {value[:60]!r}")
            return None, None
        number = int(number)
        if name not in clients or number >= len(clients[name].outcomes):
            verdict.add("phantom", f"{identity} was never appended")
            return None, None
        if record.key != (key_of(number).encode() if key_of(number) else None):
            verdict.add("altered", f"{identity} has the key {record.key!r}")
        return name, number
