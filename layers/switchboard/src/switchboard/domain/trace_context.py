"""Which trace a piece of work belongs to: the W3C `traceparent` (W3C Trace Context, section 3.2), and our rule for its id.

A call has one trace, and its id follows from the call's id. So the webhook that answers, every gateway that has the call, the
webhooks in between and the workflows after it agree without telling one another, and so do their samplers, which decide by
the trace id. A traceparent that comes from outside only says which span of *that* trace is the parent.
"""

import hashlib
import re

from msgspec import Struct

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_SAMPLED = 0x01


class TraceContext(Struct, frozen=True):
    """One span of a trace: 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """As it travels."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def trace_id_of(call_id: str) -> str:
    """The id of a call's trace. Nothing can be learnt from it, and never all zeros in this universe."""
    return hashlib.sha256(call_id.encode()).hexdigest()[:32]


def parse_traceparent(text: str, *, call_id: str) -> TraceContext | None:
    """The parent that `text` names, None unless it is well formed and of this call's trace. Never raises."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    if trace_id != trace_id_of(call_id) or not int(span_id, 16):
        return None
    return TraceContext(trace_id, span_id, sampled=bool(int(flags, 16) & _SAMPLED))
