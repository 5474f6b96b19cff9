"""Gives and takes rights, through librdkafka's Admin API."""

import ctypes

from topics import TEXT_MAX, TopicError, Topics

TOPIC, CLUSTER, LITERAL, ALLOW = 2, 4, 3, 3  # librdkafka's numbers
WRITE, DESCRIBE, DESCRIBE_CONFIGS = 4, 8, 10


class Acls(Topics):
    """A connection to a cluster, for access rights."""

    def allow(self, principal, topic, operation):
        self._change("Create", "AclBinding_new", principal, TOPIC, topic, operation)

    def allow_on_cluster(self, principal, operation):
        self._change("Create", "AclBinding_new", principal, CLUSTER, "kafka-cluster", operation)

    def revoke_on_cluster(self, principal, operation):
        self._change("Delete", "AclBindingFilter_new", principal, CLUSTER, "kafka-cluster", operation)

    def revoke(self, principal, topic, operation):
        self._change("Delete", "AclBindingFilter_new", principal, TOPIC, topic, operation)

    def _change(self, verb, maker, principal, kind, name, operation):
        lib = self._lib
        make = getattr(lib, f"rd_kafka_{maker}")
        make.restype = ctypes.c_void_p
        acl = make(kind, name.encode(), LITERAL, f"User:{principal}".encode(), b"*", operation,
                   ALLOW, self._text, ctypes.c_size_t(TEXT_MAX))
        if not acl:
            raise TopicError(self._text.value.decode())
        getattr(lib, f"rd_kafka_event_{verb}Acls_result").restype = ctypes.c_void_p
        self._ask(f"{verb}Acls", "AclBinding", [ctypes.c_void_p(acl)])

    def _judge(self, verb, event):
        if self._lib.rd_kafka_event_error(event):
            raise TopicError(self._lib.rd_kafka_event_error_string(event).decode())
