"""Signs of life and farewells that name a static member: requests and responses aiokafka does not have.

Field for field as in Kafka's protocol guide; Kafka 3.0 has them. Knows nothing of when they are sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String


class HeartbeatResponse_v3(Response):  # noqa: N801 - aiokafka's naming of protocol versions
    """Error code 82: another process uses our `group.instance.id`."""

    API_KEY = 12
    API_VERSION = 3
    SCHEMA = Schema(("throttle_time_ms", Int32), ("error_code", Int16))


class HeartbeatRequest_v3(RequestStruct):  # noqa: N801 - aiokafka's naming of protocol versions
    """The first version that names the static member (KIP-345)."""

    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = HeartbeatResponse_v3
    SCHEMA = Schema(
        ("group_id", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class StaticHeartbeatRequest(Request[HeartbeatRequest_v3]):
    """A sign of life that names the `group.instance.id`, so that a duplicate is told apart from an expired member."""

    API_KEY = 12

    def __init__(self, group: str, generation: int, member_id: str, instance_id: str | None) -> None:
        self._fields = (group, generation, member_id, instance_id)

    def build(self, request_struct_class: type[HeartbeatRequest_v3]) -> HeartbeatRequest_v3:
        """The struct that goes out."""
        return request_struct_class(*self._fields)


class LeaveGroupResponse_v3(Response):  # noqa: N801 - aiokafka's naming of protocol versions
    """One error code for each member that was to leave."""

    API_KEY = 13
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "members",
            Array(("member_id", String("utf-8")), ("group_instance_id", String("utf-8")), ("error_code", Int16)),
        ),
    )


class LeaveGroupRequest_v3(RequestStruct):  # noqa: N801 - aiokafka's naming of protocol versions
    """The first version by which a static member can leave (KIP-345)."""

    API_KEY = 13
    API_VERSION = 3
    RESPONSE_TYPE = LeaveGroupResponse_v3
    SCHEMA = Schema(
        ("group_id", String("utf-8")),
        ("members", Array(("member_id", String("utf-8")), ("group_instance_id", String("utf-8")))),
    )


class LeaveGroupRequest(Request[LeaveGroupRequest_v3]):
    """Takes members out of a group at once, static ones too."""

    API_KEY = 13

    def __init__(self, group: str, members: Sequence[tuple[str, str | None]]) -> None:
        self._group = group
        self._members = list(members)

    def build(self, request_struct_class: type[LeaveGroupRequest_v3]) -> LeaveGroupRequest_v3:
        """The struct that goes out."""
        return request_struct_class(self._group, self._members)
