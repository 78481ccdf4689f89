"""Domain events as they arrive in the queue `call-events`."""

import msgspec

from switchboard.domain.facts import CallEnded
from switchboard.domain.subjects import Subject


class EventUnreadable(Exception):
    """The message is not an event. Its text stays in the queue and out of logs."""


class _Head(msgspec.Struct, frozen=True):
    """What every fact has, of whatever kind and version."""

    type: str


def ended_call(body: str) -> Subject | None:
    """The call that an event says has ended; None for every other event. Raises `EventUnreadable`."""
    try:
        if msgspec.json.decode(body, type=_Head).type != CallEnded.__struct_config__.tag:
            return None
        event = msgspec.json.decode(body, type=CallEnded)
        return msgspec.convert({"tenant": event.tenant, "kind": "call", "id": event.call_id}, Subject)
    except msgspec.DecodeError:
        raise EventUnreadable("the message is not a call event") from None
