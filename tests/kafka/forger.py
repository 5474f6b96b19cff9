"""Makes topics that no relay would: messages with headers of one's choice, beginnings cut off.
Through librdkafka, for kcat gives all messages the same headers."""

import ctypes

import rig
from rig import kafka_topics

END, TOPIC, PARTITION, VALUE, MSGFLAGS, HEADER = 0, 1, 3, 4, 7, 9  # librdkafka's tags
COPY = 2
FLUSH_MS = 30_000


class Forger(kafka_topics.Topics):
    """Use as a context manager."""

    def write(self, topic, partition, messages):
        """(value, outbox-id, outbox-prev) each, in this order."""
        for value, identity, prev in messages:
            error = self._lib.rd_kafka_producev(
                self._client, TOPIC, topic.encode(), PARTITION, ctypes.c_int32(partition),
                VALUE, value, ctypes.c_size_t(len(value)), MSGFLAGS, COPY,
                *self._header(b"outbox-id", identity), *self._header(b"outbox-prev", prev), END)
            rig.check(not error, f"librdkafka takes no message: {error}")
        rig.check(not self._lib.rd_kafka_flush(self._client, FLUSH_MS), "not all was delivered")

    def cut(self, topic, partition, before):
        """Removes what lies before that offset."""
        lib = self._lib
        for name in ("rd_kafka_topic_partition_list_new", "rd_kafka_topic_partition_list_add",
                     "rd_kafka_DeleteRecords_new", "rd_kafka_event_DeleteRecords_result"):
            getattr(lib, name).restype = ctypes.c_void_p
        offsets = ctypes.c_void_p(lib.rd_kafka_topic_partition_list_new(1))
        lib.rd_kafka_topic_partition_list_add(offsets, topic.encode(), ctypes.c_int32(partition))
        lib.rd_kafka_topic_partition_list_set_offset(
            offsets, topic.encode(), ctypes.c_int32(partition), ctypes.c_int64(before))
        request = ctypes.c_void_p(lib.rd_kafka_DeleteRecords_new(offsets))
        lib.rd_kafka_topic_partition_list_destroy(offsets)
        self._ask("DeleteRecords", "DeleteRecords", [request])

    @staticmethod
    def _header(name, text):
        value = text.encode()
        return HEADER, name, value, ctypes.c_ssize_t(len(value))

    def _judge(self, verb, event):
        if self._lib.rd_kafka_event_error(event):
            raise kafka_topics.TopicError(self._lib.rd_kafka_event_error_string(event).decode())
