"""Domain events as they arrive in the queue `call-events`."""

import msgspec

from switchboard.domain.subjects import Subject


class EventUnreadable(Exception):
    """The message is not an event. Its text stays in the queue and out of logs."""


class _Event(msgspec.Struct, frozen=True):
    event: str
    tenant: str = ""
    call_id: str = ""


def ended_call(body: str) -> Subject | None:
    """The call that an event says has ended; None for every other event. Raises `EventUnreadable`."""
    try:
        event = msgspec.json.decode(body, type=_Event)
        if event.event != "call_ended":
            return None
        return msgspec.convert({"tenant": event.tenant, "kind": "call", "id": event.call_id}, Subject)
    except msgspec.DecodeError:
        raise EventUnreadable("the message is not a call event") from None
