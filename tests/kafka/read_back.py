"""Reads a topic back with kcat and judges it. Shares no code with what is under test."""

import array
import bisect
import dataclasses
import subprocess

from rig import check


@dataclasses.dataclass
class Record:
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict
    seq: int
    prev: int
    session: str


def murmur2(data):
    """org.apache.kafka.common.utils.Utils.murmur2."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def java_partition(key, count):
    return (murmur2(key) & 0x7FFFFFFF) % count


def _take(stream, length):
    return None if length < 0 else stream.read(length)


def _headers(text):
    return dict(item.split("=", 1) for item in text.split(",")) if text else {}


def records(bootstrap, topic):
    """Every message of a topic, partition by partition in offset order within each."""
    reader = subprocess.Popen(
        ["kcat", "-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q",
         "-X", "check.crcs=true", "-X", "fetch.wait.max.ms=20",
         "-f", r"%p %o %K %S %h\n%k%s\n"], stdout=subprocess.PIPE)
    stream = reader.stdout
    while line := stream.readline():
        partition, offset, key_length, value_length, *rest = line.decode().rstrip("\n").split(" ", 4)
        key = _take(stream, int(key_length))
        value = _take(stream, int(value_length))
        check(stream.read(1) == b"\n", "kcat's output cannot be parsed")
        headers = _headers(rest[0] if rest else "")
        identity = headers.pop("outbox-id")
        yield Record(int(partition), int(offset), key, value, headers,
                     int(identity.rsplit("/", 1)[1]), int(headers.pop("outbox-prev")),
                     identity.rsplit("/", 1)[0])
    check(reader.wait() == 0, f"kcat ended with {reader.returncode}")


class OneNumber:
    """What a consumer does with ONE number a session: it drops whatever is not above the highest
    seen, but for what fills a gap that outbox-prev has shown."""

    def __init__(self):
        self._high = {}   # session -> the highest number taken
        self._gaps = {}   # session -> the open ranges below it

    def begin(self, session):
        """Nothing of the session was there so far, and it is not over."""
        self._high.setdefault(session, 0)

    def takes(self, session, seq, prev):
        """Answers "new", "late" (it fills a gap) or "duplicate"."""
        high = self._high.get(session, 0)
        if seq > high:
            # A session begins behind another one's last entry: nothing is missing there.
            if session in self._high and prev > high:
                self._gaps.setdefault(session, []).append([high + 1, prev])
            self._high[session] = seq
            return "new"
        for gap in self._gaps.get(session, []):
            if gap[0] <= seq <= gap[1]:
                gap[0] = seq + 1
                return "late"
        return "duplicate"


class PartitionLog:
    """One partition as it grows. The one-number rule alone decides what is a duplicate; the chain
    of outbox-prev is checked on its own. Repeats may start anywhere and interleave: the last
    requests of a producer that was given up may arrive among its successor's."""

    def __init__(self, number, rule=None):
        """`rule`: what a consumer knows that has read an earlier topic of this name. A topic made
        anew may begin midway, and take the requests of one window in any order (its partitions
        know no producer yet): the rule lets through what comes late."""
        self._number = number
        self._begins_midway = rule is not None
        self.first_prev = None        # whom the first entry names as the one before
        self.rule = rule or OneNumber()
        self.late = array.array("Q")  # came after their successors
        self.seqs = array.array("Q")  # first occurrences
        self.jumps = []               # how far each repeat went back, in entries
        self.duplicates = 0
        self._at = 0                  # behind the entry that came last; == len(seqs) is the end

    def take(self, seq, prev, session="s"):
        """True: an entry that was not there yet."""
        where = f"partition {self._number}, seq {seq}"
        if self._begins_midway:
            self.rule.begin(session)
        kind = self.rule.takes(session, seq, prev)
        if kind == "late":
            check(self._begins_midway and seq <= self.first_prev,
                  f"{where}: comes after its successors")
            self.late.append(seq)
            return True
        if kind == "duplicate":
            self._repeat(seq, prev, where)
            return False
        if self.first_prev is None:
            self.first_prev = prev
        last = self.seqs[-1] if self.seqs else prev if self._begins_midway else 0
        check(seq > last, f"{where}: comes after {last}")
        check(prev == last, f"{where}: names {prev} as the one before, which is {last}")
        self.seqs.append(seq)
        self._at = len(self.seqs)
        return True

    def _repeat(self, seq, prev, where):
        position = bisect.bisect_left(self.seqs, seq)
        if seq in self.late:
            self.duplicates += 1
            return
        check(position < len(self.seqs) and self.seqs[position] == seq,
              f"{where}: the rule drops it, and it was never there")
        check(prev == (self.seqs[position - 1] if position else self.first_prev),
              f"{where}: a repeat names {prev} as the one before")
        if position != self._at:
            self.jumps.append(len(self.seqs) - position)
        self._at = position + 1
        self.duplicates += 1


class TopicLog:
    """A whole topic, judged while it is read."""

    def __init__(self, bootstrap, topic, on_first=None, after=None):
        """`after`: the log of an earlier topic of this name."""
        self.topic = topic
        self.partitions = {}
        for record in records(bootstrap, topic):
            log = self.partitions.get(record.partition)
            if log is None:
                log = PartitionLog(record.partition, after and after.rule_of(record.partition))
                self.partitions[record.partition] = log
            if log.take(record.seq, record.prev, record.session) and on_first:
                on_first(record)

    def rule_of(self, partition):
        known = self.partitions.get(partition)
        return known.rule if known else OneNumber()

    @property
    def late(self):
        return sum(len(log.late) for log in self.partitions.values())

    @property
    def duplicates(self):
        return sum(log.duplicates for log in self.partitions.values())

    def window_max(self):
        """The most entries that any one partition was sent again at once."""
        return max((jump for log in self.partitions.values() for jump in log.jumps), default=0)

    def jumps_max(self):
        return max((len(log.jumps) for log in self.partitions.values()), default=0)

    def check_complete(self, count, without=()):
        """Exactly the entries 1..count less `without`, each in one partition."""
        seen = [seq for log in self.partitions.values() for seq in log.seqs]
        unique = set(seen)
        check(len(unique) == len(seen), f"{self.topic}: an entry is in two partitions")
        missing = [seq for seq in range(1, count + 1) if seq not in unique and seq not in without]
        check(not missing, f"{self.topic}: {len(missing)} missing, e.g. {missing[:5]}")
        extra = [seq for seq in unique if not 1 <= seq <= count or seq in without]
        check(not extra, f"{self.topic}: {len(extra)} should not be there, e.g. {extra[:5]}")
