"""Topics, and settings of brokers, through librdkafka's Admin API: no JVM to wait for."""

import argparse
import ctypes
import sys

PRODUCER = 0
TOPIC, BROKER = 2, 4  # kinds of resources
ANSWER_MAX_MS = 30_000
TEXT_MAX = 512


class TopicError(Exception):
    """One line that says what the cluster said."""


def _library():
    lib = ctypes.CDLL("librdkafka.so.1")
    pointers = ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_queue_new", "rd_kafka_queue_poll",
                "rd_kafka_NewTopic_new", "rd_kafka_DeleteTopic_new",
                "rd_kafka_event_CreateTopics_result", "rd_kafka_event_DeleteTopics_result",
                "rd_kafka_CreateTopics_result_topics", "rd_kafka_DeleteTopics_result_topics",
                "rd_kafka_NewPartitions_new", "rd_kafka_event_CreatePartitions_result",
                "rd_kafka_CreatePartitions_result_topics", "rd_kafka_ConfigResource_new",
                "rd_kafka_event_AlterConfigs_result", "rd_kafka_AlterConfigs_result_resources")
    for name in pointers:
        getattr(lib, name).restype = ctypes.c_void_p
    for name in ("rd_kafka_event_error_string", "rd_kafka_topic_result_name",
                 "rd_kafka_topic_result_error_string", "rd_kafka_ConfigResource_error_string",
                 "rd_kafka_ConfigResource_name"):
        getattr(lib, name).restype = ctypes.c_char_p
    return lib


class Topics:
    """A connection to a cluster; use as a context manager."""

    def __init__(self, bootstrap):
        self._lib = _library()
        self._text = ctypes.create_string_buffer(TEXT_MAX)
        conf = ctypes.c_void_p(self._lib.rd_kafka_conf_new())
        self._lib.rd_kafka_conf_set(conf, b"bootstrap.servers", bootstrap.encode(), self._text,
                                    ctypes.c_size_t(TEXT_MAX))
        client = self._lib.rd_kafka_new(PRODUCER, conf, self._text, ctypes.c_size_t(TEXT_MAX))
        if not client:
            raise TopicError(self._text.value.decode())
        self._client = ctypes.c_void_p(client)
        self._queue = ctypes.c_void_p(self._lib.rd_kafka_queue_new(self._client))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lib.rd_kafka_queue_destroy(self._queue)
        self._lib.rd_kafka_destroy(self._client)

    def create(self, names, partitions=-1, configs=None, assignment=None):
        """`assignment`: for each partition the brokers that hold it."""
        if assignment:
            partitions = len(assignment)
        requests = [self._new_topic(name, partitions, configs or {}, assignment) for name in names]
        self._ask("CreateTopics", "NewTopic", requests)

    def delete(self, names):
        self._ask("DeleteTopics", "DeleteTopic",
                  [ctypes.c_void_p(self._lib.rd_kafka_DeleteTopic_new(name.encode()))
                   for name in names])

    def grow(self, name, partitions):
        """More partitions, up to that many."""
        request = self._lib.rd_kafka_NewPartitions_new(
            name.encode(), ctypes.c_size_t(partitions), self._text, ctypes.c_size_t(TEXT_MAX))
        if not request:
            raise TopicError(self._text.value.decode())
        self._ask("CreatePartitions", "NewPartitions", [ctypes.c_void_p(request)])

    def set_broker(self, number, configs):
        """A broker's dynamic settings: these, and no others."""
        self._set(BROKER, str(number), configs)

    def set_topic(self, name, configs):
        """A topic's own settings: these, and no others."""
        self._set(TOPIC, name, configs)

    def _set(self, kind, name, configs):
        lib = self._lib
        resource = ctypes.c_void_p(lib.rd_kafka_ConfigResource_new(kind, name.encode()))
        for key, value in configs.items():
            lib.rd_kafka_ConfigResource_set_config(resource, key.encode(), str(value).encode())
        self._ask("AlterConfigs", "ConfigResource", [resource])

    def _new_topic(self, name, partitions, configs, assignment):
        lib = self._lib
        # A replication factor of -1 is the broker's default.
        topic = ctypes.c_void_p(
            lib.rd_kafka_NewTopic_new(name.encode(), partitions, -1, self._text,
                                      ctypes.c_size_t(TEXT_MAX)))
        if not topic:
            raise TopicError(self._text.value.decode())
        for key, value in configs.items():
            lib.rd_kafka_NewTopic_set_config(topic, key.encode(), value.encode())
        for partition, brokers in enumerate(assignment or []):
            ids = (ctypes.c_int32 * len(brokers))(*brokers)
            if lib.rd_kafka_NewTopic_set_replica_assignment(
                    topic, ctypes.c_int32(partition), ids, ctypes.c_size_t(len(brokers)),
                    self._text, ctypes.c_size_t(TEXT_MAX)):
                raise TopicError(self._text.value.decode())
        return topic

    def _ask(self, verb, kind, requests):
        lib = self._lib
        array = (ctypes.c_void_p * len(requests))(*(request.value for request in requests))
        count = ctypes.c_size_t(len(requests))
        getattr(lib, f"rd_kafka_{verb}")(self._client, array, count, None, self._queue)
        event = ctypes.c_void_p(lib.rd_kafka_queue_poll(self._queue, ANSWER_MAX_MS))
        getattr(lib, f"rd_kafka_{kind}_destroy_array")(array, count)
        if not event:
            raise TopicError("the cluster did not answer")
        try:
            self._judge(verb, event)
        finally:
            lib.rd_kafka_event_destroy(event)

    def _judge(self, verb, event):
        lib = self._lib
        if lib.rd_kafka_event_error(event):
            raise TopicError(lib.rd_kafka_event_error_string(event).decode())
        result = ctypes.c_void_p(getattr(lib, f"rd_kafka_event_{verb}_result")(event))
        parts, part = ("resources", "ConfigResource") if verb == "AlterConfigs" else \
            ("topics", "topic_result")
        count = ctypes.c_size_t()
        answers = ctypes.cast(
            getattr(lib, f"rd_kafka_{verb}_result_{parts}")(result, ctypes.byref(count)),
            ctypes.POINTER(ctypes.c_void_p))
        for i in range(count.value):
            answer = ctypes.c_void_p(answers[i])
            if getattr(lib, f"rd_kafka_{part}_error")(answer):
                name = getattr(lib, f"rd_kafka_{part}_name")(answer).decode()
                text = getattr(lib, f"rd_kafka_{part}_error_string")(answer) or b"refused"
                raise TopicError(f"{name}: {text.decode()}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/kafka topic", allow_abbrev=False)
    parser.add_argument("verb", choices=("create", "delete"))
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--bootstrap", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--partitions", type=int, default=-1)
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    with Topics(arguments.bootstrap) as topics:
        if arguments.verb == "create":
            topics.create(arguments.names, arguments.partitions,
                          dict(item.split("=", 1) for item in arguments.config))
        else:
            topics.delete(arguments.names)


if __name__ == "__main__":
    try:
        main()
    except TopicError as error:
        sys.exit(f"scripts/kafka: {error}")
