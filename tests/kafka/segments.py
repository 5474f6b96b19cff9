"""The batches of a partition, as they lie on a broker's disk: the producer's id and epoch are told
to no consumer."""

import dataclasses
import struct

# baseOffset, length | leader epoch, magic, crc, attributes, last delta, two timestamps, producer's
# id and epoch, first sequence number, count (Kafka's message format, version 2).
SIZE = struct.Struct(">qi")
HEADER = struct.Struct(">ibIhiqqqhii")


@dataclasses.dataclass
class Batch:
    offset: int
    producer: int
    epoch: int
    first: int
    count: int


def batches(directory):
    """Of the partition whose directory it is."""
    for path in sorted(directory.glob("*.log")):
        data, at = path.read_bytes(), 0
        while at + SIZE.size + HEADER.size <= len(data):
            offset, length = SIZE.unpack_from(data, at)
            if length <= 0:
                break
            *_, producer, epoch, first, count = HEADER.unpack_from(data, at + SIZE.size)
            yield Batch(offset, producer, epoch, first, count)
            at += SIZE.size + length
