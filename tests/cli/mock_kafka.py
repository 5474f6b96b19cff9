"""librdkafka's mock cluster in this process, for programs under test to talk to.

The mock does not check sequence numbers and trims its logs: it stands in for
a cluster that accepts, refuses or is away. It never judges duplicates.
"""

import ctypes
import ctypes.util

RD_KAFKA_PRODUCER = 0
API_PRODUCE = 0
INVALID_RECORD = 87
LOG_ERRORS_ONLY = 3


class MockKafka:
    """Brokers on 127.0.0.1 until close()."""

    def __init__(self, brokers=1):
        lib = self._lib = ctypes.CDLL(ctypes.util.find_library("rdkafka") or "librdkafka.so.1")
        lib.rd_kafka_conf_new.restype = ctypes.c_void_p
        lib.rd_kafka_new.restype = ctypes.c_void_p
        lib.rd_kafka_new.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        lib.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
        lib.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
        lib.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        lib.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
        lib.rd_kafka_mock_topic_create.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
        lib.rd_kafka_mock_push_request_errors_array.argtypes = [
            ctypes.c_void_p, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)]
        for name in ("rd_kafka_mock_broker_set_down", "rd_kafka_mock_broker_set_up"):
            getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_int32]
        for name in ("rd_kafka_mock_cluster_destroy", "rd_kafka_destroy"):
            getattr(lib, name).argtypes = [ctypes.c_void_p]
            getattr(lib, name).restype = None
        error = ctypes.create_string_buffer(512)
        self._client = lib.rd_kafka_new(RD_KAFKA_PRODUCER, lib.rd_kafka_conf_new(), error, 512)
        if not self._client:
            raise RuntimeError(error.value.decode())
        lib.rd_kafka_set_log_level.argtypes = [ctypes.c_void_p, ctypes.c_int]
        lib.rd_kafka_set_log_level(self._client, LOG_ERRORS_ONLY)
        self._brokers = brokers
        self._cluster = lib.rd_kafka_mock_cluster_new(self._client, brokers)
        self.bootstrap = lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create_topic(self, name, partitions=1):
        error = self._lib.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if error:
            raise RuntimeError(f"mock topic {name}: error {error}")

    def refuse_records(self, requests):
        """The next `requests` produce requests are answered with INVALID_RECORD."""
        errors = (ctypes.c_int * requests)(*[INVALID_RECORD] * requests)
        self._lib.rd_kafka_mock_push_request_errors_array(
            self._cluster, API_PRODUCE, requests, errors)

    def down(self):
        for broker in range(1, self._brokers + 1):
            self._lib.rd_kafka_mock_broker_set_down(self._cluster, broker)

    def up(self):
        for broker in range(1, self._brokers + 1):
            self._lib.rd_kafka_mock_broker_set_up(self._cluster, broker)

    def close(self):
        if self._cluster:
            self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
            self._lib.rd_kafka_destroy(self._client)
            self._cluster = None
