"""What a producer asks about its own epoch: the request and response aiokafka does not have.

Field for field as in Kafka's protocol guide; Kafka 3.0 has them. Knows nothing of when they are sent.
"""

from __future__ import annotations

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactString, Int16, Int32, Int64, Schema, TaggedFields

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class InitProducerIdResponse_v4(Response):  # noqa: N801 - aiokafka's naming of protocol versions
    """Error code 90: a newer producer has the transactional id."""

    API_KEY = 22
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        _TAGS,
    )


class InitProducerIdRequest_v4(RequestStruct):  # noqa: N801 - as above
    """The first version that tells a fenced producer from one whose transaction timed out (KIP-360, KIP-588)."""

    API_KEY = 22
    API_VERSION = 4
    RESPONSE_TYPE = InitProducerIdResponse_v4
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        ("transactional_id", _TEXT),
        ("transaction_timeout_ms", Int32),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        _TAGS,
    )


class ResumeProducerRequest(Request[InitProducerIdRequest_v4]):
    """Ends the transaction of the producer (id and epoch) it names, unless a newer one has taken its place."""

    API_KEY = 22

    def __init__(self, transactional_id: str, transaction_timeout_ms: int, producer: tuple[int, int]) -> None:
        self._fields = (transactional_id, transaction_timeout_ms, *producer)

    def build(self, request_struct_class: type[InitProducerIdRequest_v4]) -> InitProducerIdRequest_v4:
        """The struct that goes out."""
        return request_struct_class(*self._fields, {})
